//! The gates that others keep: policy and record (`app`), screens (`screen`). Everything that the
//! gateway asks of them is asked here, so that how they are called can change in one place.

use crate::{
    call::Caller,
    texts,
    upstream::{UpstreamError, insert},
};
use http::{HeaderMap, HeaderValue};
use procura_app::{AgentSnapshot, App, Identified, api_tools::Forward, servers, sessions, verify};
use procura_crypto::Assertion;
use procura_model::{Actor, AgentId, Ctx, Origin, Reason, Result, Risk, Secret, TenantId, ToolServer};
use procura_policy::Listing;
use procura_screen::{
    inject::{MAX_BYTES, Scan},
    redact::Redacted,
};
use std::sync::Arc;

pub(crate) use procura_screen::inject::Channel;

/// How much text of one document is screened; beyond it, it could not be.
const MAX_SCREENED_BYTES: usize = 1024 * 1024;
/// How far two neighbouring pieces overlap, so that nothing hides on a seam.
const OVERLAP_BYTES: usize = 4 * 1024;

/// How long an assertion about a user is good, in seconds.
const ASSERTION_SECONDS: u32 = 60;

/// What a screen saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// How harmful it looks.
    pub(crate) risk: Risk,
    /// The rules that fired.
    pub(crate) rules: Vec<&'static str>,
}

/// The word of a screen.
#[derive(Debug, Clone)]
pub(crate) enum Screened {
    /// It may pass.
    Passed(Seen),
    /// It must not.
    Blocked(Seen),
    /// Nobody can say, so it must not.
    CouldNotScan,
}

/// Screens a JSON document: as a whole where it is small, else its texts in overlapping pieces.
pub(crate) fn screen(app: &App, document: &str, channel: Channel) -> Screened {
    let has_bytes = document.contains("\"data\"") || document.contains("\"blob\"");
    if document.len() <= MAX_BYTES && !has_bytes {
        return word_of([app.scanner.scan_json(document.as_bytes(), channel)]);
    }
    match texts::of(document) {
        Ok(text) if text.len() <= MAX_SCREENED_BYTES => {
            word_of(pieces(&text).map(|piece| app.scanner.scan(piece, channel)))
        }
        Ok(_) | Err(texts::Unreadable) => Screened::CouldNotScan,
    }
}

fn word_of(scans: impl IntoIterator<Item = Scan>) -> Screened {
    let mut seen = Seen::default();
    let mut is_blocked = false;
    for scan in scans {
        if scan.could_not_scan.is_some() {
            return Screened::CouldNotScan;
        }
        is_blocked |= scan.blocks();
        seen.risk = seen.risk.max(scan.risk);
        for finding in scan.findings {
            if !seen.rules.contains(&finding.rule) {
                seen.rules.push(finding.rule);
            }
        }
    }
    if is_blocked { Screened::Blocked(seen) } else { Screened::Passed(seen) }
}

/// The text in pieces that a scan takes, each beginning before the end of the one before.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    let mut is_done = false;
    std::iter::from_fn(move || {
        if is_done {
            return None;
        }
        let end = floor(text, at + MAX_BYTES);
        let piece = text.get(at..end)?;
        is_done = end == text.len();
        at = floor(text, end.saturating_sub(OVERLAP_BYTES));
        Some(piece)
    })
}

fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Takes the secrets out of a JSON document; none if it is no JSON.
pub(crate) fn redact<'a>(app: &App, document: &'a str) -> Option<Redacted<'a>> {
    app.redactor.redact_json(document).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_text_and_overlap() {
        let text = "é".repeat(MAX_BYTES + 10);
        let all: Vec<&str> = pieces(&text).collect();
        assert!(all.len() >= 2 && all.iter().all(|piece| piece.len() <= MAX_BYTES));
        let total: usize = all.iter().map(|piece| piece.len()).sum();
        assert!(total >= text.len() + (all.len() - 1) * (OVERLAP_BYTES - 2));
        assert_eq!(pieces("").count(), 1);
    }
}
