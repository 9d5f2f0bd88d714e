//! A person is asked about an agent: who asks, for what, from where; and says yes, narrows it, or says no. A member of
//! the API's organization types the code that the agent showed; anybody else opens the link that was mailed to them and
//! types the code too, so neither a mailbox nor a code alone is enough. Five wrong codes end the attempt.

use super::{Place, at};
use crate::{App, codes};
use procura_crypto::{TokenKind, token};
use procura_model::{
    Actor, Ctx, Digest, Error, Event, EventKind, GuardedScope, Reason, Result, Scope, TenantId,
    oauth::{ClaimAttempt, Registration, ScopeList},
};
use procura_store::{Writer, agent_registrations, claim_attempts};

/// How a person came.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// Signed in, in the organization of the context.
    Member,
    /// With the link of a mail.
    Link(&'a str),
}

/// An agent that waits for this person.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The API.
    pub place: Place,
    /// The agent.
    pub registration: Registration,
    /// What is asked.
    pub attempt: ClaimAttempt,
    /// What can be given, in words.
    pub reach: Vec<GuardedScope>,
    /// The code as it is shown.
    pub code: String,
}

fn unknown() -> Error {
    Reason::LinkInvalid.because(
        "No agent waits for this code. See that it is typed as the agent shows it; codes last ten minutes, and five wrong ones end them.",
    )
}

/// Whether a link leads to somebody who is asked; the page asks for the code then.
///
/// # Errors
/// `LINK_INVALID`, or a fault.
pub async fn peek(app: &App, link: &str, ctx: &Ctx) -> Result<()> {
    by_link(app, ctx, link).await.map(drop)
}

/// The agent that waits for a person who came so and knows this code.
///
/// # Errors
/// `LINK_INVALID` where none waits, `AUTH_ROLE_MISSING` for a member who may not, or a fault.
pub async fn look(app: &App, ctx: &Ctx, by: By<'_>, code: &str) -> Result<Waiting> {
    let (tenant, attempt, code) = found(app, ctx, by, code).await?;
    let ctx = ctx.in_tenant(tenant);
    let registration = agent_registrations::get(&mut app.store.read(&ctx), attempt.registration).await?;
    let place = at(app, registration.resource).await.map_err(|_| unknown())?;
    let reach = place.in_words(&place.claimed());
    Ok(Waiting { place, registration, attempt, reach, code: codes::shown(&code) })
}

async fn found(app: &App, ctx: &Ctx, by: By<'_>, code: &str) -> Result<(TenantId, ClaimAttempt, String)> {
    match by {
        By::Member => {
            ctx.actor.require(Scope::WriteClients)?;
            let code = codes::typed(code).ok_or_else(unknown)?;
            let digest = app.seals.claim_code(&code);
            let found = app.store.lobby().attempt_by_code(&digest, ctx.now).await?;
            let found = found.filter(|(tenant, _)| *tenant == ctx.tenant);
            let (tenant, attempt) = found.ok_or_else(unknown)?;
            Ok((tenant, attempt, code))
        }
        By::Link(link) => {
            let (tenant, attempt, digest) = by_link(app, ctx, link).await?;
            match codes::typed(code) {
                Some(code) if app.seals.claim_code(&code) == digest => Ok((tenant, attempt, code)),
                _ => Err(missed(app, &ctx.in_tenant(tenant), &attempt).await),
            }
        }
    }
}

async fn by_link(app: &App, ctx: &Ctx, link: &str) -> Result<(TenantId, ClaimAttempt, Digest)> {
    let parsed = token::parse(link).map_err(|_| Reason::LinkInvalid)?;
    if parsed.kind != TokenKind::Link {
        return Err(Reason::LinkInvalid.into());
    }
    let found = app.store.lobby().attempt_by_link(&parsed.digest, ctx.now).await?;
    found.ok_or_else(|| Reason::LinkInvalid.into())
}

/// A wrong code counts, also where nobody hears of it.
async fn missed(app: &App, ctx: &Ctx, attempt: &ClaimAttempt) -> Error {
    let counted = async {
        let mut writer = app.store.write(ctx).await?;
        claim_attempts::miss(&mut writer, attempt.id).await?;
        let event = Event::new(EventKind::ClaimCodeWrong).about(attempt.registration);
        Ok::<Error, Error>(writer.refuse(event, unknown()).await)
    };
    counted.await.unwrap_or_else(|fault| fault)
}

/// The context in which an answer is recorded, where it is another than the person's own: a member's is theirs, and what is
/// done in it is the record of their request.
fn there(ctx: &Ctx, by: By<'_>, waiting: &Waiting) -> Option<Ctx> {
    match by {
        By::Member => None,
        By::Link(_) => Some(ctx.in_tenant(waiting.place.tenant)),
    }
}

/// A person says yes to these scopes. The agent finds its new key at its next ask.
///
/// # Errors
/// As [`look`]; `FIELD_INVALID` where nothing that can be given was chosen.
pub async fn allow(app: &App, ctx: &Ctx, by: By<'_>, code: &str, scope: &ScopeList) -> Result<Waiting> {
    let waiting = look(app, ctx, by, code).await?;
    let scope = waiting.place.claimed().intersect(scope);
    if scope.is_empty() {
        return Err(Reason::FieldInvalid.because("Choose at least one thing that the agent may do."));
    }
    let there = there(ctx, by, &waiting);
    let ctx = there.as_ref().unwrap_or(ctx);
    let account = match (&ctx.actor, by) {
        (Actor::Account { account, .. }, By::Member) => Some(*account),
        _ => None,
    };
    let mut writer = app.store.write(ctx).await?;
    claim_attempts::grant(&mut writer, waiting.attempt.id, &scope, account).await?.ok_or_else(unknown)?;
    let claim = agent_registrations::Claim {
        scope,
        workspaces: waiting.registration.workspaces.clone(),
        account,
        sealed_claimant: claimant(app, &mut writer, &waiting).await?,
    };
    let claimed = agent_registrations::claim(&mut writer, waiting.registration.id, &claim).await?;
    let claimed = claimed.filter(|_| waiting.registration.expires_at > ctx.now).ok_or_else(unknown)?;
    let facts = serde_json::json!({ "attempt": waiting.attempt.id, "scope": claimed.scope });
    let event = Event::new(EventKind::ClaimGranted).about(claimed.id).with_facts(&facts);
    writer.commit(event).await?;
    Ok(Waiting { registration: claimed, ..waiting })
}

/// The address of whoever was asked by mail, sealed anew for its new place.
async fn claimant(app: &App, writer: &mut Writer<'_>, waiting: &Waiting) -> Result<Option<Vec<u8>>> {
    let Some(asked) = claim_attempts::claimant(writer, waiting.attempt.id).await? else { return Ok(None) };
    let tenant = waiting.place.tenant;
    let address = app.seals.open_claimant((tenant, &waiting.attempt.id.to_string()), &asked.sealed)?;
    let id = waiting.registration.id.to_string();
    app.seals.seal_claimant((tenant, &id), &address, &app.entropy).map(Some)
}

/// A person says no: the agent is told so, and keeps what it had.
///
/// # Errors
/// As [`look`].
pub async fn refuse(app: &App, ctx: &Ctx, by: By<'_>, code: &str) -> Result<Waiting> {
    let waiting = look(app, ctx, by, code).await?;
    let there = there(ctx, by, &waiting);
    let ctx = there.as_ref().unwrap_or(ctx);
    let mut writer = app.store.write(ctx).await?;
    claim_attempts::deny(&mut writer, waiting.attempt.id).await?.ok_or_else(unknown)?;
    writer.commit(Event::new(EventKind::ClaimRefused).about(waiting.registration.id)).await?;
    Ok(waiting)
}
