//! An agent asks to be claimed, and fetches what it was given. The code goes from the agent to its person to a page of
//! ours (decision 27), never back: whoever reads a code aloud to somebody gives nothing away. What is fetched is a new
//! key; every older one of the registration dies in the same change.

use super::{
    Place, Shown, assertion, mint,
    register::{claim_digest, from, limited, use_up},
};
use crate::{App, codes, mail::Mail};
use procura_crypto::{Minted, TokenKind, token};
use procura_model::{
    ClaimAttemptId, Ctx, Error, Event, EventKind, Reason, Result, ShownOnce,
    oauth::{AttemptState, ClaimAttempt, KeyForm, Registration, RegistrationState, ScopeList},
    time::{MINUTE_MS, SECOND_MS},
};
use procura_store::{
    Writer, agent_registrations, api_keys,
    claim_attempts::{self, Asked, Claimant, Polled},
    registration_counts,
};

/// How long a person has to answer.
const LIFE_MS: i64 = 10 * MINUTE_MS;
/// How long the agent waits between two asks, in seconds.
const INTERVAL_SECONDS: i64 = 5;
/// How often one registration may ask.
const MOST_ATTEMPTS: i64 = 10;
/// How often another code is drawn where one is taken.
const DRAWS: usize = 5;

/// A try to have an agent claimed, as the agent is told of it.
#[derive(Debug)]
pub struct Begun {
    /// The attempt.
    pub attempt: ClaimAttempt,
    /// What the agent shows to its person.
    pub user_code: String,
    /// For how long the person can answer, in seconds.
    pub expires_in: i64,
    /// Where the person types it.
    pub verification_uri: String,
    mail: Option<Letter>,
}

#[derive(Debug)]
struct Letter {
    address: String,
    link: ShownOnce,
}

/// What a claimed agent fetched.
#[derive(Debug)]
pub struct Taken {
    /// The registration as it is now.
    pub registration: Registration,
    /// Its new key.
    pub key: Shown,
}

/// An address of a person as it is compared: trimmed and in small letters.
///
/// # Errors
/// `AGENT_REQUEST_INVALID`.
pub(super) fn address(text: &str) -> Result<String> {
    let text = text.trim().to_lowercase();
    let (name, host) = text.split_once('@').unwrap_or_default();
    let is_plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || ".!#$%&*+-/=?^_{|}~'".contains(c))
    };
    if text.len() > 254 || !is_plain(name) || !is_plain(host) || !host.contains('.') {
        return Err(Reason::AgentRequestInvalid.because("email must be an e-mail address."));
    }
    Ok(text)
}

/// Asks that a person claims the agent: a member of the API's organization, or whoever is at this address. The answer is
/// the same whether or not anybody is there.
///
/// # Errors
/// `AGENT_CLAIM_*`, `AGENT_EMAIL_NOT_ENABLED`, `RATE_LIMITED`, or a fault.
pub async fn begin(
    app: &App,
    ctx: &Ctx,
    place: &Place,
    claim_token: &str,
    email: Option<&str>,
) -> Result<Begun> {
    let ctx = &ctx.in_tenant(place.tenant);
    if email.is_some() && !place.takes_email(app) {
        return Err(Reason::AgentEmailOff.into());
    }
    let email = email.map(address).transpose()?;
    let one = registration(app, ctx, place, claim_token).await?;
    demand_unclaimed(&one, ctx)?;
    let mut writer = app.store.write(ctx).await?;
    let begun = open(app, ctx, &mut writer, (&one, email.as_deref())).await?;
    writer.commit(requested(&begun)).await?;
    Ok(begun.sent(app, place))
}

/// An agent that waits for a person shows that an issuer vouches for it after all.
///
/// # Errors
/// As [`begin`], and those of an assertion.
pub async fn by_assertion(
    app: &App,
    ctx: &Ctx,
    place: &Place,
    (claim_token, form): (&str, KeyForm),
    shown: &str,
) -> Result<Taken> {
    let ctx = &ctx.in_tenant(place.tenant);
    let one = registration(app, ctx, place, claim_token).await?;
    demand_unclaimed(&one, ctx)?;
    let vouched = assertion::judge(app, ctx, place, shown).await?;
    let mut writer = app.store.write(ctx).await?;
    if let Err(replayed) = use_up(&mut writer, &vouched).await? {
        return Err(writer.refuse(replayed, Reason::AgentAssertionReplayed).await);
    }
    if let Some(open) = claim_attempts::open(&mut writer, one.id).await?
        && !claim_attempts::supersede(&mut writer, open.id).await?
    {
        return Err(Reason::AgentClaimBusy.into());
    }
    let claim = agent_registrations::Claim {
        scope: vouched.scope,
        workspaces: vouched.workspaces,
        account: None,
        sealed_claimant: None,
    };
    let claimed = agent_registrations::claim(&mut writer, one.id, &claim).await?;
    claimed.ok_or(Reason::AgentClaimBusy)?;
    let bound = agent_registrations::bind(&mut writer, one.id, &vouched.issuer, &vouched.subject).await?;
    replace_key(app, ctx, writer, (place, bound, form)).await
}

/// The agent asks how its claim stands, and fetches its new key once a person agreed.
///
/// # Errors
/// `AGENT_CLAIM_PENDING` and the other `AGENT_CLAIM_*`, `AGENT_CODE_EXPIRED`, `AGENT_PREVIOUSLY_CLAIMED`, or a fault.
pub async fn take(
    app: &App,
    ctx: &Ctx,
    place: &Place,
    (claim_token, form): (&str, KeyForm),
) -> Result<Taken> {
    let ctx = &ctx.in_tenant(place.tenant);
    let one = registration(app, ctx, place, claim_token).await?;
    let latest = claim_attempts::latest(&mut app.store.read(ctx), one.id).await?;
    let Some(latest) = latest else {
        demand_unclaimed(&one, ctx)?;
        return Err(
            Reason::AgentRequestInvalid.because("No claim was begun; send claim_token to claim_uri first.")
        );
    };
    let attempt = match claim_attempts::poll(&app.store.unaudited(ctx), latest.id).await? {
        Polled::TooSoon(_) => return Err(Reason::AgentClaimSlow.into()),
        Polled::Unknown => return Err(Reason::AgentCodeExpired.into()),
        Polled::InTime(attempt) => attempt,
    };
    demand_granted(&attempt, &one, ctx)?;
    let mut writer = app.store.write(ctx).await?;
    claim_attempts::take(&mut writer, attempt.id).await?.ok_or(Reason::AgentClaimTaken)?;
    // Held, so that whoever ends it now waits and finds the key.
    let held = agent_registrations::hold(&mut writer, one.id).await?;
    let one = held.ok_or(Reason::AgentClaimInvalid)?;
    if one.state != RegistrationState::Claimed {
        return Err(Reason::AgentClaimInvalid.into());
    }
    replace_key(app, ctx, writer, (place, one, form)).await
}

fn demand_granted(attempt: &ClaimAttempt, one: &Registration, ctx: &Ctx) -> Result<()> {
    match (one.standing(ctx.now), attempt.state) {
        (RegistrationState::Revoked, _) => Err(Reason::AgentClaimInvalid.into()),
        (RegistrationState::Expired, _) => Err(Reason::AgentClaimExpired.into()),
        (_, AttemptState::Granted) => Ok(()),
        (_, AttemptState::Taken) => Err(Reason::AgentClaimTaken.into()),
        (_, AttemptState::Denied) => Err(Reason::AgentClaimDenied.into()),
        (_, AttemptState::Spent) => Err(Reason::AgentCodeExpired.into()),
        (RegistrationState::Claimed, _) => Err(Reason::AgentClaimTaken.into()),
        (_, AttemptState::Waiting | AttemptState::Superseded) if attempt.expires_at <= ctx.now => {
            Err(Reason::AgentCodeExpired.into())
        }
        (_, AttemptState::Waiting | AttemptState::Superseded) => Err(Reason::AgentClaimPending.into()),
    }
}

/// The new key in place of every older one.
async fn replace_key(
    app: &App,
    ctx: &Ctx,
    mut writer: Writer<'_>,
    (place, one, form): (&Place, Registration, KeyForm),
) -> Result<Taken> {
    let dead = api_keys::revoke_of_registration(&mut writer, one.id).await?;
    let key = mint::key(app, ctx, &mut writer, (place, &one, form)).await?;
    let facts = serde_json::json!({ "key": key.key.id, "replaces": dead, "scope": one.scope });
    writer.commit(Event::new(EventKind::RegistrationClaimed).about(one.id).with_facts(&facts)).await?;
    for id in dead {
        app.api_keys.forget(id);
    }
    Ok(Taken { registration: one, key })
}

/// The registration whose claim token this is, at this API.
async fn registration(app: &App, ctx: &Ctx, place: &Place, shown: &str) -> Result<Registration> {
    let digest = claim_digest(shown)?;
    let found = agent_registrations::by_claim_token(&mut app.store.read(ctx), &digest).await?;
    found.filter(|one| one.resource == place.api.id).ok_or_else(|| Reason::AgentClaimInvalid.into())
}

fn demand_unclaimed(one: &Registration, ctx: &Ctx) -> Result<()> {
    match one.standing(ctx.now) {
        RegistrationState::Unclaimed => Ok(()),
        RegistrationState::Claimed => Err(Reason::AgentClaimBusy.into()),
        RegistrationState::Expired => Err(Reason::AgentClaimExpired.into()),
        RegistrationState::Revoked => Err(Reason::AgentClaimInvalid.into()),
    }
}

/// Opens an attempt in the change that is under way, in the place of one that asks the same person.
pub(super) async fn open(
    app: &App,
    ctx: &Ctx,
    writer: &mut Writer<'_>,
    (one, email): (&Registration, Option<&str>),
) -> Result<Begun> {
    let id = ClaimAttemptId::new(ctx.now, &app.entropy);
    let claimant = email.map(|email| claimant(app, ctx, id, email)).transpose()?;
    demand_turn(ctx, writer, one, claimant.as_ref()).await?;
    let letter = match (email, &claimant) {
        (Some(email), Some(claimant)) => letter(app, writer, email, claimant).await?,
        _ => None,
    };
    let attempt = ClaimAttempt {
        id,
        registration: one.id,
        state: AttemptState::Waiting,
        tries: 0,
        interval_seconds: INTERVAL_SECONDS,
        scope: ScopeList::default(),
        account: None,
        address: from(ctx),
        created_at: ctx.now,
        expires_at: ctx.now.plus_ms(LIFE_MS),
    };
    // Where a person is asked by mail, the code alone opens nothing: the link is wanted too, sent or not.
    let link = match (&letter, &claimant) {
        (Some((_, digest)), _) => Some(*digest),
        (None, Some(_)) => Some(token::mint(TokenKind::Link, &app.entropy).digest),
        (None, None) => None,
    };
    for _ in 0..DRAWS {
        let code = codes::draw(&app.entropy);
        let asked = Asked { code: app.seals.claim_code(&code), link, claimant: claimant.clone() };
        if claim_attempts::insert(writer, &attempt, &asked).await? {
            return Ok(Begun {
                attempt,
                user_code: codes::shown(&code),
                expires_in: LIFE_MS / SECOND_MS,
                verification_uri: format!("{}/claim", app.settings.public_url),
                mail: letter.map(|(letter, _)| letter),
            });
        }
    }
    Err(Error::unavailable("draw a claim code", "every code that was drawn is taken"))
}

/// One person at a time is asked about an agent: the same one again, or another once the first was asked in vain.
async fn demand_turn(
    ctx: &Ctx,
    writer: &mut Writer<'_>,
    one: &Registration,
    claimant: Option<&Claimant>,
) -> Result<()> {
    if claim_attempts::count(writer, one.id).await? >= MOST_ATTEMPTS {
        return Err(limited(ctx, "Too many codes were asked for this agent; register again."));
    }
    let Some(open) = claim_attempts::open(writer, one.id).await? else { return Ok(()) };
    let asked = claim_attempts::claimant(writer, open.id).await?;
    let is_same = asked.as_ref().map(|asked| asked.code) == claimant.map(|claimant| claimant.code);
    let may = is_same || open.expires_at <= ctx.now;
    if may && claim_attempts::supersede(writer, open.id).await? {
        return Ok(());
    }
    Err(Reason::AgentClaimBusy.into())
}

fn claimant(app: &App, ctx: &Ctx, id: ClaimAttemptId, email: &str) -> Result<Claimant> {
    let sealed = app.seals.seal_claimant((ctx.tenant, &id.to_string()), email, &app.entropy)?;
    Ok(Claimant { sealed, code: app.seals.claimant_code(ctx.tenant, email) })
}

/// The mail, and the digest of its link; none where this address was sent enough of them in this hour, which nobody is
/// told.
async fn letter(
    app: &App,
    writer: &mut Writer<'_>,
    email: &str,
    claimant: &Claimant,
) -> Result<Option<(Letter, procura_model::Digest)>> {
    let bucket = format!("mail {}", claimant.code.hex());
    if !registration_counts::take(writer, &bucket, app.settings.registrations.mails).await? {
        return Ok(None);
    }
    let Minted { secret, digest, .. } = token::mint(TokenKind::Link, &app.entropy);
    Ok(Some((Letter { address: email.to_owned(), link: secret }, digest)))
}

impl Begun {
    /// Hands the mail to whoever carries it, after the change was committed; nobody waits for it.
    pub(super) fn sent(mut self, app: &App, place: &Place) -> Self {
        if let Some(Letter { address, link }) = self.mail.take() {
            let url = format!("{}/claim/{}", app.settings.public_url, link.show());
            app.mailer.send(&app.jobs, Mail::of_claim(address, &place.api.name, &url));
        }
        self
    }
}

pub(super) fn requested(begun: &Begun) -> Event {
    let facts = serde_json::json!({ "attempt": begun.attempt.id, "byMail": begun.mail.is_some() });
    Event::new(EventKind::ClaimRequested).about(begun.attempt.registration).with_facts(&facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_compared_in_one_form_and_cannot_carry_a_second_line() {
        assert_eq!(address(" Ada@Mail.Example ").unwrap(), "ada@mail.example");
        for bad in [
            "",
            "ada",
            "@mail.example",
            "ada@",
            "ada@mail",
            "a b@c.d",
            "a@b.c\r\nBcc: x@y.z",
            "a@b@c.d",
            "\"a\"@b.c",
            "<a@b.c>",
            "a,b@c.d",
        ] {
            assert_eq!(address(bad).unwrap_err().reason(), Reason::AgentRequestInvalid, "{bad}");
        }
    }
}
