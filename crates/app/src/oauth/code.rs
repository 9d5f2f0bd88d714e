//! Authorization codes, which [`super::consent`] makes, are exchanged once (RFC 6749 section 4.1.3 with RFC 7636). Whoever
//! shows one again ends the session that began with it (RFC 6749 section 4.1.2), whoever they are.

use super::{
    cause::Cause,
    issue::{self, Minter, Wanted},
    live::Changing,
    token::{Asked, Tokens},
};
use crate::App;
use procura_crypto::{TokenKind, pkce, token};
use procura_model::{Ctx, Digest, Error, Event, EventKind, Reason, Result, Time, oauth::GrantType};
use procura_store::{
    Writer,
    oauth_codes::{self as rows, Code},
    oauth_sessions::{self, FoundOauthSession, RevokedFor},
};

/// A code as a client shows it.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pub(super) code: &'a str,
    pub(super) redirect_uri: Option<&'a str>,
    pub(super) verifier: Option<&'a str>,
}

/// RFC 6749 section 4.1.3 with RFC 7636 section 4.6: the client's own code, once, with the verifier of its challenge.
pub(super) async fn exchange(app: &App, ctx: &Ctx, asked: Asked<'_>, shown: Shown<'_>) -> Result<Tokens> {
    let digest = digest(shown.code)?;
    let found = app.store.lobby().oauth_code(&digest).await?.ok_or(Reason::OauthGrantInvalid)?;
    let ctx = ctx.in_tenant(found.tenant);
    // OAuth 2.1 section 4.1.3: bound to the client; decision 26: somebody else's try ends it. Whatever else the request
    // gets wrong, this comes first.
    if found.row.used_at.is_some() || found.row.client != asked.client.id {
        let mut writer = app.store.write(&ctx).await?;
        rows::consume(&mut writer, &digest).await?;
        return Err(again(app, writer, &asked, &digest, &found.row).await?);
    }
    let target = issue::target(app, found.tenant, &asked.resources, &found.row.resources).await?;
    let minter = Minter::ready(app, (ctx.tenant, ctx.now), &target, &asked).await?;

    let mut writer = app.store.write(&ctx).await?;
    let Some(code) = rows::consume(&mut writer, &digest).await? else {
        return Err(again(app, writer, &asked, &digest, &found.row).await?);
    };
    let standing = oauth_sessions::find(&mut writer, code.session).await?;
    let over = || Cause::against(standing.as_ref(), ctx.now).map(|cause| (cause, ended()));
    if let Some((cause, error)) = wrong(&code, &asked, &shown).or_else(over) {
        // Used up: of the many verifiers that somebody could try with a stolen code, one is tried.
        let event = issue::refused(&asked, GrantType::AuthorizationCode, cause).about(code.session);
        return Err(writer.refuse(event, error).await);
    }
    let _changing = Changing::new(app, vec![code.session]);
    let until = ctx.now.plus_ms(app.settings.oauth.session_ms);
    let jkt = bound_key(&asked);
    let session = oauth_sessions::begin(&mut writer, code.session, until, jkt).await?;
    let session = session.ok_or(Reason::OauthGrantInvalid)?;
    let scope = issue::scope(&target, &session.scope, asked.scope)?;
    let issued = minter.mint(&session, Wanted::plain(&session, scope))?;
    issued.keep(&mut writer).await?;
    let refresh = if issue::may_refresh(&asked.client, &session) {
        Some(issue::refresh_token(app, &mut writer, &session, (1, ctx.now)).await?)
    } else {
        None
    };
    writer.commit(issued.event(EventKind::TokenIssued, GrantType::AuthorizationCode)).await?;
    Ok(issued.into_tokens(refresh))
}

/// RFC 9449 section 5: refresh tokens of public clients are bound to the key; confidential clients are bound by their
/// authentication.
pub(super) fn bound_key<'a>(asked: &'a Asked<'_>) -> Option<&'a str> {
    if asked.client.is_confidential() { None } else { asked.jkt.as_deref() }
}

fn digest(code: &str) -> Result<Digest> {
    let parsed = token::parse(code).map_err(|_| Reason::OauthGrantInvalid)?;
    if parsed.kind == TokenKind::Code { Ok(parsed.digest) } else { Err(Reason::OauthGrantInvalid.into()) }
}

/// What of a code does not fit, where something does not; all of it is the client's own doing, so it is told.
fn wrong(code: &Code, asked: &Asked<'_>, shown: &Shown<'_>) -> Option<(Cause, Error)> {
    let no = |cause: Cause, why: &'static str| Some((cause, Reason::OauthGrantInvalid.because(why)));
    // RFC 6749 section 4.1.3: where it is sent, it must be identical. OAuth 2.1 drops it.
    if shown.redirect_uri.is_some_and(|uri| uri != code.redirect_uri) {
        return no(Cause::RedirectUri, "redirect_uri is not the one of the authorization request.");
    }
    // Every code has a challenge (OAuth 2.1 section 4.1.1), so every exchange needs a verifier.
    if !shown.verifier.is_some_and(|verifier| pkce::is_right(&code.challenge, verifier)) {
        return no(Cause::Verifier, "code_verifier is missing or does not fit the code_challenge.");
    }
    // RFC 9449 section 10: a code that is bound to a key is exchanged with a proof of that key alone.
    if code.dpop_jkt.is_some() && code.dpop_jkt != asked.jkt {
        return no(Cause::Key, "The DPoP proof is missing, or of another key than dpop_jkt.");
    }
    None
}

fn ended() -> Error {
    Reason::OauthGrantInvalid.into()
}

/// Everything on which a session stands, read in the change that uses it.
///
/// # Errors
/// `OAUTH_GRANT_INVALID`
pub(super) fn holds(found: Option<&FoundOauthSession>, now: Time) -> Result<()> {
    Cause::against(found, now).map_or(Ok(()), |_| Err(ended()))
}

/// The code could not be used: it was before, or it is over.
async fn again(
    app: &App,
    mut writer: Writer<'_>,
    asked: &Asked<'_>,
    digest: &Digest,
    code: &Code,
) -> Result<Error> {
    if rows::note_replay(&mut writer, digest).await?.is_some() {
        return replayed(app, writer, asked, code).await;
    }
    let event = issue::refused(asked, GrantType::AuthorizationCode, Cause::Expired).about(code.session);
    Ok(writer.refuse(event, Reason::OauthGrantInvalid).await)
}

/// RFC 6749 section 4.1.2: "MUST deny the request and SHOULD revoke all tokens previously issued": they hang on the
/// session, so it ends, in the change that records the replay.
async fn replayed(app: &App, mut writer: Writer<'_>, asked: &Asked<'_>, code: &Code) -> Result<Error> {
    let _changing = Changing::new(app, vec![code.session]);
    let ended = oauth_sessions::revoke(&mut writer, code.session, RevokedFor::CodeReplay).await?;
    let facts = serde_json::json!({
        "client": code.client, "shownBy": asked.client.id, "sessionEnded": ended.is_some(),
    });
    let mut event = Event::new(EventKind::CodeReplayed).about(code.session).with_facts(&facts);
    event.reason = Some(Reason::OauthGrantInvalid);
    event.agent = ended.map(|session| session.agent);
    Ok(writer.refuse(event, Reason::OauthGrantInvalid).await)
}
