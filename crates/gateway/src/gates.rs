//! The gates that others keep: policy and record (`app`), screens (`screen`). Everything that the
//! gateway asks of them is asked here, so that how they are called can change in one place.

use crate::{
    call::Caller,
    texts,
    upstream::{UpstreamError, insert},
};
use http::{HeaderMap, HeaderValue};
use procura_app::{
    AgentSnapshot, App, Identified, api_tools::Forward, organization, screening, servers, sessions, verify,
};
use procura_crypto::Assertion;
use procura_model::{
    Actor, AgentId, Ctx, Origin, Reason, Result, Secret, TenantId, TenantSettings, ToolServer,
};
use procura_policy::Listing;
use procura_screen::{
    inject::MAX_BYTES,
    redact::{Redacted, Redactor},
};
use std::{borrow::Cow, sync::Arc};

pub(crate) use procura_app::screening::{Channel, Look, Screened, Seen};

/// How long an assertion about a user is good, in seconds.
const ASSERTION_SECONDS: u32 = 60;

/// Screens a JSON document: our own scan, then the operator's second opinion where ours is in the middle.
pub(crate) async fn screen(look: &Look<'_>, document: &str) -> Screened {
    let scanned = scan(look.app, document, look.channel);
    look.conclude(scanned, || texts::of(document).ok().map(Cow::Owned)).await
}

/// Our own scan of a JSON document: as a whole where it is small, else its texts in overlapping pieces.
pub(crate) fn scan(app: &App, document: &str, channel: Channel) -> Screened {
    let has_bytes = document.contains("\"data\"") || document.contains("\"blob\"");
    if document.len() <= MAX_BYTES && !has_bytes {
        return Screened::of([app.scanner.scan_json(document.as_bytes(), channel)]);
    }
    let Ok(text) = texts::of(document) else { return Screened::unscanned() };
    screening::scan(&app.scanner, &text, channel).map_or_else(Screened::unscanned, Screened::of)
}

/// Takes the secrets out of a JSON document; none if it is no JSON.
pub(crate) fn redact<'a>(redactor: &Redactor, document: &'a str) -> Option<Redacted<'a>> {
    redactor.redact_json(document).ok()
}

/// The agent with its policy.
pub(crate) async fn agent(app: &App, ctx: &Ctx, agent: AgentId) -> Result<Arc<AgentSnapshot>> {
    verify::snapshot(app, ctx, agent).await
}

/// Whether the agent could be allowed to use this: the one rule of lists, calls and the console.
pub(crate) fn could_allow(
    snapshot: &AgentSnapshot,
    ctx: &Ctx,
    action: &str,
    resource: &str,
    vendor: Option<&str>,
) -> bool {
    let listing = Listing {
        action,
        resource: Some(resource),
        vendor,
        user: ctx.actor.acting_for().map(|acting| &*acting.user),
    };
    verify::could_allow(snapshot, &listing, ctx.now)
}

/// The servers of the organization.
pub(crate) async fn servers(app: &App, ctx: &Ctx) -> Result<Vec<ToolServer>> {
    servers::all(app, ctx).await
}

/// The settings of the organization, as they are now.
pub(crate) async fn settings(app: &App, ctx: &Ctx) -> Result<TenantSettings> {
    organization::settings(app, ctx).await
}

/// The credential of a server, opened.
pub(crate) fn credential(app: &App, ctx: &Ctx, server: &ToolServer) -> Result<Option<Secret<String>>> {
    servers::credential_of(app, ctx, server)
}

/// Demands that the user's session still lives in which the caller acts, if any (SES-1).
pub(crate) fn session_lives(caller: &Caller) -> std::result::Result<(), Reason> {
    let Some(acting) = caller.ctx.actor.acting_for() else { return Ok(()) };
    sessions::demand(&caller.gateway.app, acting).map_err(|error| error.reason())
}

/// Tells an API for which user it is called, as its declaration says; half is never told.
pub(crate) fn tell_of_user(
    caller: &Caller,
    forward: &Forward,
    headers: &mut HeaderMap,
) -> std::result::Result<(), UpstreamError> {
    let lacking = |what: &str| {
        UpstreamError::before(Reason::UserRequired, "user_fact")
            .saying(format!("The API is told {what}, and the verified user has none that can be sent."))
    };
    let acting = caller.ctx.actor.acting_for().ok_or_else(|| lacking("who the user is"))?;
    match forward {
        Forward::Nothing => Ok(()),
        Forward::Assertion { header, audience, disclosure } => {
            let app = &caller.gateway.app;
            let assertion = Assertion {
                issuer: &app.settings.public_url,
                audience,
                user: &acting.user,
                disclosure: *disclosure,
                agent: caller.agent,
                session: acting.session,
                now: app.now(),
                lifetime_seconds: ASSERTION_SECONDS,
            };
            let signed = app.seals.assert_user(&assertion, &app.entropy);
            let signed = signed.map_err(|_| UpstreamError::before(Reason::Unavailable, "no_signing_key"))?;
            insert(headers, header, procura_egress::secret_value("", &signed))
        }
        Forward::Headers(templates) => templates.iter().try_for_each(|(name, template)| {
            let value = template.fill(&acting.user).map_err(lacking)?;
            let value = HeaderValue::try_from(value).ok().map(|mut value| {
                value.set_sensitive(true);
                value
            });
            insert(headers, name, value)
        }),
    }
}

/// The context of what the gateway does by itself for an organization.
pub(crate) fn own_ctx(app: &App, tenant: TenantId) -> Ctx {
    let origin = Origin { method: "GATEWAY".to_owned(), ..Origin::default() };
    app.ctx(Identified { tenant, actor: Actor::Operator }, origin)
}
