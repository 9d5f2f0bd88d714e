//! The way back for an owner who lost the password. The operator of the machine prints a one-time link, and whoever
//! opens it sets a new password. That one can reach the data folder is the proof; the console and the API offer no such
//! thing, and everybody who is not an owner is invited anew by one.

use crate::{
    App,
    onboarding::{NewSession, Who, link_digest, new_session, normal_email, open_session},
    passwords,
};
use procura_crypto::{TokenKind, password, token};
use procura_model::{
    Account, AccountId, Actor, Ctx, Event, EventKind, Origin, Reason, Result, Role, Secret, SessionId,
    ShownOnce, TenantId, time::HOUR_MS,
};
use procura_store::{
    accounts,
    lobby::{LinkPurpose, Membership, NewLink},
};

/// How long the link works.
const LINK_TTL_MS: i64 = HOUR_MS;

/// Makes a one-time link by which the owner of this address sets a new password, within an hour.
///
/// # Errors
/// `NOT_FOUND`: no owner has this address.
pub async fn owner_link(app: &App, email: &str) -> Result<ShownOnce> {
    let no_owner = || Reason::NotFound.because("No owner of an organization signs in with this address.");
    let account = app.store.lobby().account_by_email(&normal_email(email)).await?.ok_or_else(no_owner)?;
    let owned = app.store.lobby().memberships(account.id).await?.into_iter().find(is_owner);
    let ctx = Ctx::new(owned.ok_or_else(no_owner)?.tenant, Actor::Operator, app.now(), &app.entropy);
    let minted = token::mint(TokenKind::Link, &app.entropy);
    let link = NewLink {
        digest: minted.digest,
        purpose: LinkPurpose::OwnerPassword,
        tenant: Some(ctx.tenant),
        account: Some(account.id),
        created_at: ctx.now,
        expires_at: ctx.now.plus_ms(LINK_TTL_MS),
    };
    let mut writer = app.store.write(&ctx).await?;
    writer.lobby().insert_link(&link).await?;
    writer.commit(Event::new(EventKind::LinkMade).about(account.id)).await?;
    Ok(ShownOnce::new(format!("{}/owner/{}", app.settings.public_url, minted.secret.show())))
}

const fn is_owner(membership: &Membership) -> bool {
    matches!(membership.role, Role::Owner)
}

/// The address of the owner for whom a link is, without using it.
///
/// # Errors
/// `LINK_INVALID`.
pub async fn peek(app: &App, link: &str) -> Result<String> {
    Ok(opened(app, link).await?.0.email)
}

/// For whom a link is that works still, and into which organization it leads; somebody who owns it no longer has none.
async fn opened(app: &App, link: &str) -> Result<(Account, Membership)> {
    let digest = link_digest(link)?;
    let seen = app.store.lobby().peek_link(&digest, LinkPurpose::OwnerPassword, app.now()).await?;
    let ids: Option<(TenantId, AccountId)> = seen.and_then(|seen| seen.tenant.zip(seen.account));
    let (tenant, id) = ids.ok_or(Reason::LinkInvalid)?;
    let account = app.store.lobby().account_by_id(id).await?.ok_or(Reason::LinkInvalid)?;
    let all = app.store.lobby().memberships(id).await?;
    let owned = all.into_iter().find(|membership| membership.tenant == tenant && is_owner(membership));
    Ok((account, owned.ok_or(Reason::LinkInvalid)?))
}

/// Sets the password and signs the owner in. The link is used up in the same transaction, and every session that the old
/// password opened ends, in every organization, and so does all that they let software do.
///
/// # Errors
/// `LINK_INVALID`, `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG`.
pub async fn set_password(app: &App, origin: Origin, link: &str, new: Secret<String>) -> Result<NewSession> {
    let (account, membership) = opened(app, link).await?;
    password::check(&new)?;
    let password_hash = passwords::hash(app, new).await?;
    let session = SessionId::new(app.now(), &app.entropy);
    let actor = Actor::Account { account: account.id, role: membership.role, session };
    let ctx = Ctx::new(membership.tenant, actor, app.now(), &app.entropy).from(origin);
    let mut writer = app.store.write(&ctx).await?;
    let used = writer.lobby().consume_link(&link_digest(link)?, LinkPurpose::OwnerPassword, ctx.now).await?;
    used.ok_or(Reason::LinkInvalid)?;
    accounts::set_password(&mut writer, account.id, &password_hash).await?;
    writer.lobby().revoke_other_sessions(account.id, session, ctx.now).await?;
    writer.lobby().end_oauth_of(account.id, ctx.now).await?;
    let cookie = open_session(app, &ctx, &mut writer, account.id, session).await?;
    let kinds = [EventKind::LinkUsed, EventKind::MemberChanged, EventKind::SignedIn];
    let set = writer.commit_all(kinds.map(|kind| Event::new(kind).about(account.id)).into()).await;
    // However the commit went: what may have been taken back is not served from memory.
    app.oauth.forget_account(account.id);
    set?;
    let Account { id, email, .. } = account;
    let who = Who { account: id, email, role: membership.role, session, organization: membership.name };
    Ok(new_session(app, &ctx, cookie, who))
}
