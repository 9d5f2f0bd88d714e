//! Refreshing (RFC 6749 section 6). Every use ends the token and makes the next (RFC 9700 section 4.14.2); whoever
//! shows a used one ends the session, because a thief and the client both have it and nobody can tell which is which.
//! One exception: the very same request of the same client within ten seconds is a client whose answer was lost, and
//! is told the very same answer, as long as nobody used what was in it.
//!
//! What everybody expects, a token of a session that stands, is used in the commit that many callers share. Everything
//! else is told apart in a transaction of its own.

use super::{
    cause::Cause,
    code::holds,
    issue::{self, Minter, Wanted},
    live::{self, Changing, Standing},
    token::{Answer, Asked, Tokens},
};
use crate::App;
use procura_crypto::{TokenKind, token};
use procura_model::{
    Ctx, Digest, Doing as _, Error, Event, EventKind, Reason, Result, Secret, TenantId,
    oauth::{GrantType, OauthSession, ScopeList},
};
use procura_store::{
    Writer,
    lobby_oauth::Found,
    oauth_refresh::{self as rows, RefreshToken, Use},
    oauth_sessions::{self, RevokedFor},
};

/// RFC 6749 section 6, with rotation.
pub(super) async fn refresh(app: &App, ctx: &Ctx, asked: Asked<'_>, shown: &str) -> Result<Answer> {
    let digest = digest(shown)?;
    let found = match app.oauth.kept.take_drawn(&digest) {
        Some(found) => found,
        None => app.store.lobby().oauth_refresh(&digest).await?.ok_or(Reason::OauthGrantInvalid)?,
    };
    let ctx = ctx.in_tenant(found.tenant);
    let standing = live::standing(app, ctx.tenant, found.row.session).await?;
    let standing = standing.ok_or(Reason::OauthGrantInvalid)?;
    let session = &standing.found.session;
    demand_key(app, &ctx, &asked, session).await?;
    let request = request_code(&digest, &asked);
    // Whatever else the request gets wrong, this comes first.
    if found.row.used_at.is_some() || found.row.client != asked.client.id {
        let writer = app.store.write(&ctx).await?;
        return again(app, &ctx, writer, (&asked, &digest, &request)).await;
    }
    let target = issue::target(app, found.tenant, &asked.resources, &session.resources).await?;
    // RFC 6749 section 6: the scope "MUST NOT include any scope not originally granted"; the next refresh token has
    // what was originally granted again.
    let scope = issue::scope(&target, &session.scope, asked.scope)?;
    let minter = Minter::ready(app, (ctx.tenant, ctx.now), &target, &asked).await?;

    let turning = Turning { shown: (&digest, found.row.generation), request: &request, scope: &scope };
    if holds(Some(&standing.found), ctx.now).is_ok()
        && issue::may_refresh(&asked.client, session)
        && let Some(tokens) = turn(app, &ctx, (&minter, &standing), &turning).await?
    {
        return Ok(Answer::Fresh(Box::new(tokens)));
    }

    let mut writer = app.store.write(&ctx).await?;
    let Some(used) = rows::consume(&mut writer, &digest, &asked.client.id, &request).await? else {
        return again(app, &ctx, writer, (&asked, &digest, &request)).await;
    };
    let standing = oauth_sessions::find(&mut writer, used.session).await?;
    if let Some(cause) = Cause::against(standing.as_ref(), ctx.now) {
        let event = issue::refused(&asked, GrantType::RefreshToken, cause).about(used.session);
        return Err(writer.refuse(event, Reason::OauthGrantInvalid).await);
    }
    let session = standing.ok_or(Reason::OauthGrantInvalid)?.session;
    if !issue::may_refresh(&asked.client, &session) {
        let event =
            issue::refused(&asked, GrantType::RefreshToken, Cause::NotRefreshable).about(used.session);
        return Err(writer.refuse(event, Reason::OauthGrantInvalid).await);
    }
    let issued = minter.mint(&session, Wanted::plain(&session, scope))?;
    issued.keep(&mut writer).await?;
    let next = (used.generation.saturating_add(1), ctx.now);
    let next = issue::refresh_token(app, &mut writer, &session, next).await?;
    let event = issued.event(EventKind::TokenRefreshed, GrantType::RefreshToken);
    let tokens = issued.into_tokens(Some(next));
    if let Some(sealed) = sealed(app, &ctx, &digest, &tokens)? {
        rows::keep_reply(&mut writer, &digest, &sealed).await?;
    }
    writer.commit(event).await?;
    Ok(Answer::Fresh(Box::new(tokens)))
}

/// What is shown, and for what.
struct Turning<'t> {
    /// The token and its place in the chain.
    shown: (&'t Digest, i64),
    request: &'t Digest,
    scope: &'t ScopeList,
}

/// Uses the token of a session that was seen to hold, in the commit that many callers share. None where it could not be
/// used, or something on which the session stands has just changed; then nothing was.
async fn turn(
    app: &App,
    ctx: &Ctx,
    (minter, standing): (&Minter<'_>, &Standing),
    Turning { shown: (shown, generation), request, scope }: &Turning<'_>,
) -> Result<Option<Tokens>> {
    let session = &standing.found.session;
    let issued = minter.mint(session, Wanted::plain(session, ScopeList::clone(scope)))?;
    let event = issued.event(EventKind::TokenRefreshed, GrantType::RefreshToken);
    let (minted, next) = issue::drawn(app, session, (generation.saturating_add(1), ctx.now));
    let (tokens, access) = issued.into_parts(Some(minted.secret));
    let reply = sealed(app, ctx, shown, &tokens)?;
    let used = Use {
        shown,
        request,
        reply: reply.as_deref(),
        standing: &standing.found,
        next: (&minted.digest, &next),
        access: access.as_ref().map(|(digest, claims)| (digest, claims)),
    };
    if !rows::rotate(&app.store, ctx, &used, &event).await? {
        return Ok(None);
    }
    app.oauth.kept.keep_drawn(minted.digest, Found { tenant: ctx.tenant, row: next });
    Ok(Some(tokens))
}

/// What is answered, to be told again for a while.
fn sealed(app: &App, ctx: &Ctx, shown: &Digest, tokens: &Tokens) -> Result<Option<Vec<u8>>> {
    if app.settings.oauth.refresh_grace_ms <= 0 {
        return Ok(None);
    }
    let text = Secret::new(serde_json::to_string(tokens).doing("write tokens")?);
    app.seals.seal_reply(ctx.tenant, shown, &text, &app.entropy).map(Some)
}

fn digest(shown: &str) -> Result<Digest> {
    let parsed = token::parse(shown).map_err(|_| Reason::OauthGrantInvalid)?;
    if parsed.kind == TokenKind::RefreshToken {
        Ok(parsed.digest)
    } else {
        Err(Reason::OauthGrantInvalid.into())
    }
}

/// RFC 9449 section 5: a bound refresh token needs a proof of the same key. Without it nothing is used up: whoever has
/// the token alone can do no harm with it, not even this.
async fn demand_key(app: &App, ctx: &Ctx, asked: &Asked<'_>, session: &OauthSession) -> Result<()> {
    if session.dpop_jkt.is_none() || session.dpop_jkt == asked.jkt {
        return Ok(());
    }
    let event = issue::refused(asked, GrantType::RefreshToken, Cause::Key).about(session.id);
    app.store.record(ctx, vec![event]).await?;
    Err(Reason::OauthGrantInvalid
        .because("The refresh token is bound to another key, or no DPoP proof was sent."))
}

/// By what the same request is known again.
fn request_code(token: &Digest, asked: &Asked<'_>) -> Digest {
    let mut parts = vec![token.hex(), asked.client.id.to_string()];
    parts.extend([asked.scope.unwrap_or_default().to_owned(), asked.jkt.clone().unwrap_or_default()]);
    parts.extend(asked.resources.iter().map(|resource| (*resource).to_owned()));
    let lengths: Vec<String> = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    Digest::of(lengths.concat().as_bytes())
}

/// The token could not be used: it was before, it is over, or it is another client's.
async fn again(
    app: &App,
    ctx: &Ctx,
    mut writer: Writer<'_>,
    (asked, digest, request): (&Asked<'_>, &Digest, &Digest),
) -> Result<Answer> {
    let since = ctx.now.plus_ms(app.settings.oauth.refresh_grace_ms.saturating_neg());
    let reply = rows::reply_again(&mut writer, digest, &asked.client.id, request, since).await?;
    if let Some(sealed) = reply {
        drop(writer);
        return told_again(app, ctx, asked, (digest, &sealed)).await;
    }
    let token = rows::note_replay(&mut writer, digest).await?.ok_or(Reason::OauthGrantInvalid)?;
    if token.used_at.is_none() && token.client == asked.client.id {
        // Nobody used it; it is over.
        let event = issue::refused(asked, GrantType::RefreshToken, Cause::Expired).about(token.session);
        return Err(writer.refuse(event, Reason::OauthGrantInvalid).await);
    }
    Err(replayed(app, writer, asked, &token).await?)
}

async fn told_again(
    app: &App,
    ctx: &Ctx,
    asked: &Asked<'_>,
    (digest, sealed): (&Digest, &[u8]),
) -> Result<Answer> {
    let tenant: TenantId = ctx.tenant;
    let reply = app.seals.open_reply(tenant, digest, sealed)?;
    let facts =
        serde_json::json!({ "client": asked.client.id, "grant": GrantType::RefreshToken, "again": true });
    app.store.record(ctx, vec![Event::new(EventKind::TokenRefreshed).with_facts(&facts)]).await?;
    Ok(Answer::Again(reply))
}

/// RFC 9700 section 4.14.2: the session ends with everything that hangs on it, in the change that records the replay;
/// also where another client shows the token (decision 26).
async fn replayed(
    app: &App,
    mut writer: Writer<'_>,
    asked: &Asked<'_>,
    token: &RefreshToken,
) -> Result<Error> {
    let _changing = Changing::new(app, vec![token.session]);
    let ended = oauth_sessions::revoke(&mut writer, token.session, RevokedFor::RefreshReplay).await?;
    let facts = serde_json::json!({
        "client": token.client, "shownBy": asked.client.id, "sessionEnded": ended.is_some(),
    });
    let mut event = Event::new(EventKind::RefreshReplayed).about(token.session).with_facts(&facts);
    event.reason = Some(Reason::OauthGrantInvalid);
    event.agent = ended.map(|session| session.agent);
    Ok(writer.refuse(event, Reason::OauthGrantInvalid).await)
}
