//! Revocation (RFC 7009): a client is done with a token of its own. With a refresh token the session ends and everything
//! that hangs on it (section 2.1); an access token ends alone. What is unknown or over is answered as what was revoked
//! (section 2.2).

use super::{
    clients::{self, Presented},
    live::{self, Changing},
};
use crate::App;
use procura_crypto::{TokenKind, token};
use procura_model::{Client, Ctx, Digest, Error, Event, EventKind, Reason, Result, SessionId};
use procura_store::{
    oauth_access,
    oauth_sessions::{self, RevokedFor},
};

/// Revokes a token of the client that shows itself. A hint of its type is not needed: the token says it.
///
/// # Errors
/// `OAUTH_CLIENT_INVALID`; `OAUTH_REQUEST_INVALID` for another client's token, of which nothing is revoked; a fault.
pub async fn revoke(app: &App, ctx: &Ctx, presented: Presented, shown: &str) -> Result<()> {
    let client = clients::authenticate(app, ctx, presented).await?;
    match token::parse(shown) {
        Ok(parsed) if parsed.kind == TokenKind::RefreshToken => {
            Box::pin(refresh_token(app, ctx, &client, &parsed.digest)).await
        }
        Ok(parsed) if parsed.kind != TokenKind::AccessToken => Ok(()),
        Ok(_) | Err(_) => Box::pin(access_token(app, ctx, &client, shown)).await,
    }
}

async fn refresh_token(app: &App, ctx: &Ctx, client: &Client, digest: &Digest) -> Result<()> {
    let Some(found) = app.store.lobby().oauth_refresh(digest).await? else { return Ok(()) };
    demand_own(client, &found.row.client)?;
    let ctx = ctx.in_tenant(found.tenant);
    end(app, &ctx, client, found.row.session).await
}

/// Ends a session at its client's word.
async fn end(app: &App, ctx: &Ctx, client: &Client, session: SessionId) -> Result<()> {
    let mut writer = app.store.write(ctx).await?;
    let Some(ended) = oauth_sessions::revoke(&mut writer, session, RevokedFor::Client).await? else {
        return Ok(());
    };
    let _changing = Changing::new(app, vec![session]);
    let facts = serde_json::json!({ "client": client.id, "by": "client" });
    let event =
        Event::new(EventKind::OauthSessionRevoked).of_agent(ended.agent).about(session).with_facts(&facts);
    writer.commit(event).await
}

async fn access_token(app: &App, ctx: &Ctx, client: &Client, shown: &str) -> Result<()> {
    let live = match live::read(app, shown).await {
        Ok(live) => live,
        // RFC 7009 section 2.2: invalid tokens cause no error.
        Err(Error::Refused(refusal)) if refusal.reason != Reason::RevocationStale => return Ok(()),
        Err(error) => return Err(error),
    };
    demand_own(client, &live.token.client)?;
    let ctx = ctx.in_tenant(live.tenant);
    let mut writer = app.store.write(&ctx).await?;
    if !oauth_access::revoke(&mut writer, &live.claims).await? {
        return Ok(());
    }
    let _changing = Changing::new(app, vec![live.token.session]);
    let facts = serde_json::json!({ "client": client.id, "session": live.token.session });
    let event = Event::new(EventKind::TokenRevoked)
        .of_agent(live.token.agent)
        .about(live.token.token)
        .with_facts(&facts);
    writer.commit(event).await
}

/// RFC 7009 section 2.1: where it "was issued to another client, the request is refused and the client is informed of
/// the error".
fn demand_own(client: &Client, owner: &procura_model::ClientId) -> Result<()> {
    if client.id == *owner {
        return Ok(());
    }
    Err(Reason::OauthRequestInvalid.because("The token was issued to another client."))
}
