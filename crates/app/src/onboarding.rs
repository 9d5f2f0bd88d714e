//! Coming in: the owner's set-up, signing in, changing organization, signing out.

use crate::{
    App,
    identity::{Identified, SignedIn},
    keys::{self, NewKey},
    organization, passwords,
};
use procura_crypto::{Minted, TokenKind, password, token};
use procura_model::{
    Account, AccountId, Actor, Ctx, Digest, Event, EventKind, KeyHolder, Origin, Reason, Result, Role, Scope,
    Scopes, Secret, SessionId, ShownOnce, TenantId, TenantSettings, Time,
    time::{DAY_MS, MINUTE_MS},
};
use procura_store::{
    Writer, accounts, console_sessions,
    lobby::{LinkPurpose, Membership, NewLink},
    members, tenants,
};

/// How long the owner's set-up link works.
const SETUP_TTL_MS: i64 = DAY_MS;
/// How long a one-time sign-in link works.
const SIGN_IN_LINK_TTL_MS: i64 = 15 * MINUTE_MS;

/// A fresh console session.
#[derive(Debug)]
pub struct NewSession {
    /// The cookie's value, on its one way to the browser.
    pub cookie: ShownOnce,
    /// When it ends.
    pub expires_at: Time,
    /// Who is signed in now.
    pub signed_in: SignedIn,
}

/// What the first owner says.
#[derive(Debug)]
pub struct SetUp {
    /// The organization's name.
    pub organization: String,
    /// The owner's address.
    pub email: String,
    /// The owner's password.
    pub password: Secret<String>,
}

/// Whether this deployment has an owner.
///
/// # Errors
/// A fault when the store cannot say.
pub async fn is_set_up(app: &App) -> Result<bool> {
    app.store.lobby().has_owner().await
}

/// The organization that was made first: the default one (decision 3).
///
/// # Errors
/// A fault when the store cannot say.
pub async fn first_organization(app: &App) -> Result<Option<TenantId>> {
    Ok(app.store.lobby().tenants().await?.first().map(|tenant| tenant.id))
}

/// Makes a one-time link by which the first owner comes in; once there is one, no other link works.
///
/// # Errors
/// `SETUP_DONE` when there is an owner already.
pub async fn setup_link(app: &App) -> Result<ShownOnce> {
    if is_set_up(app).await? {
        return Err(Reason::SetupDone.into());
    }
    let minted = token::mint(TokenKind::Link, &app.entropy);
    let now = app.now();
    let link = NewLink {
        digest: minted.digest,
        purpose: LinkPurpose::Setup,
        tenant: None,
        account: None,
        created_at: now,
        expires_at: now.plus_ms(SETUP_TTL_MS),
    };
    app.store.lobby().insert_link(&link).await?;
    Ok(ShownOnce::new(format!("{}/setup/{}", app.settings.public_url, minted.secret.show())))
}

/// Makes the organization, its owner and its first platform key, and signs the owner in. The link is
/// used up in the same transaction: of two tries at once, one gets nothing.
///
/// # Errors
/// `LINK_INVALID`, `SETUP_DONE`, `PASSWORD_TOO_SHORT`, `FIELD_INVALID`.
pub async fn set_up(
    app: &App,
    origin: Origin,
    link: &str,
    ask: SetUp,
) -> Result<(NewSession, keys::KeyShown)> {
    let digest = link_digest(link)?;
    let name = organization::checked_name(&ask.organization)?;
    let email = checked_email(&ask.email)?;
    password::check(&ask.password)?;
    let (tenant, account) = (TenantId::new(app.now(), &app.entropy), AccountId::new(app.now(), &app.entropy));
    let session = SessionId::new(app.now(), &app.entropy);
    let actor = Actor::Account { account, role: Role::Owner, session };
    let ctx = Ctx::new(tenant, actor, app.now(), &app.entropy).from(origin);
    let password_hash = passwords::hash(app, ask.password).await?;
    let mut writer = app.store.write(&ctx).await?;
    writer.lobby().consume_link(&digest, LinkPurpose::Setup, ctx.now).await?.ok_or(Reason::LinkInvalid)?;
    // Two links at once still make one owner: the claim is one statement.
    if writer.lobby().has_owner().await? || !writer.lobby().claim_meta("owner", &account.to_string()).await? {
        return Err(Reason::SetupDone.into());
    }
    tenants::insert(&mut writer, &name, &TenantSettings::default()).await?;
    writer
        .lobby()
        .insert_account(&Account { id: account, email: email.clone(), password_hash, created_at: ctx.now })
        .await?;
    members::insert(&mut writer, account, Role::Owner).await?;
    let scopes =
        Scope::ALL.iter().copied().filter(|scope| *scope != Scope::DecideApprovals).collect::<Scopes>();
    let new_key = NewKey { name: "first platform key".to_owned(), scopes, expires_at: None };
    let (key, key_digest) = keys::mint(app, &ctx, KeyHolder::Platform, new_key);
    procura_store::credentials::insert(&mut writer, &key.credential, &key_digest).await?;
    let cookie = open_session(app, &ctx, &mut writer, account, session).await?;
    let events = [
        Event::new(EventKind::OrganizationCreated).about(tenant),
        Event::new(EventKind::LinkUsed).about(account),
        Event::new(EventKind::KeyCreated).about(key.credential.id),
        Event::new(EventKind::SignedIn).about(account),
    ];
    writer.commit_all(events.into()).await?;
    app.founded.send_modify(|count| *count += 1);
    let who = Who { account, email, role: Role::Owner, session, organization: name };
    Ok((new_session(app, &ctx, cookie, who), key))
}

/// Signs somebody in by address and password. An unknown address costs as much time as a wrong
/// password, and both are answered alike.
///
/// # Errors
/// `AUTH_SIGN_IN_FAILED`.
pub async fn sign_in(app: &App, origin: Origin, email: &str, given: Secret<String>) -> Result<NewSession> {
    let account = app.store.lobby().account_by_email(&normal_email(email)).await?;
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let is_right = passwords::is_right(app, given, stored).await?;
    let Some(account) = account else { return Err(Reason::SignInFailed.into()) };
    let membership = first_membership(app, account.id).await?;
    if !is_right {
        let ctx = Ctx::new(membership.tenant, Actor::Anonymous, app.now(), &app.entropy).from(origin);
        app.store.record(&ctx, vec![Event::new(EventKind::SignInFailed).about(account.id)]).await?;
        return Err(Reason::SignInFailed.into());
    }
    sign_in_as(app, origin, &account, membership, None).await
}

/// Makes a link that signs one account in, once, within 15 minutes: for the demo's console.
///
/// # Errors
/// A fault when the store cannot keep it.
pub async fn sign_in_link(app: &App, ctx: &Ctx, account: AccountId) -> Result<ShownOnce> {
    ctx.actor.require(Scope::WriteMembers)?;
    let minted = token::mint(TokenKind::Link, &app.entropy);
    let mut writer = app.store.write(ctx).await?;
    let expires_at = ctx.now.plus_ms(SIGN_IN_LINK_TTL_MS);
    members::get(&mut writer, account).await?;
    let link = NewLink {
        digest: minted.digest,
        purpose: LinkPurpose::SignIn,
        tenant: Some(ctx.tenant),
        account: Some(account),
        created_at: ctx.now,
        expires_at,
    };
    writer.lobby().insert_link(&link).await?;
    writer.commit(Event::new(EventKind::LinkMade).about(account)).await?;
    Ok(ShownOnce::new(format!("{}/sign-in/{}", app.settings.public_url, minted.secret.show())))
}

/// Signs somebody in by a one-time link.
///
/// # Errors
/// `LINK_INVALID`.
pub async fn sign_in_by_link(app: &App, origin: Origin, link: &str) -> Result<NewSession> {
    let digest = link_digest(link)?;
    let used = app.store.lobby().consume_link(&digest, LinkPurpose::SignIn, app.now()).await?;
    let Some((tenant, account)) = used.and_then(|used| used.tenant.zip(used.account)) else {
        return Err(Reason::LinkInvalid.into());
    };
    let account = app.store.lobby().account_by_id(account).await?.ok_or(Reason::LinkInvalid)?;
    let membership = membership_in(app, account.id, tenant).await?;
    sign_in_as(app, origin, &account, membership, None).await
}

/// The organizations of the person who is signed in.
///
/// # Errors
/// `AUTH_SIGN_IN_REQUIRED` for anybody else.
pub async fn organizations(app: &App, ctx: &Ctx) -> Result<Vec<Membership>> {
    app.store.lobby().memberships(account_of(ctx)?).await
}

/// Opens a session in another organization of the same person; the present one ends. Nothing is proved by it, so the
/// new session is as old as the proof that the present one stands on.
///
/// # Errors
/// `NOT_FOUND` when the person does not belong to it.
pub async fn switch_organization(app: &App, ctx: &Ctx, tenant: TenantId) -> Result<NewSession> {
    let Actor::Account { account, session, .. } = ctx.actor else {
        return Err(Reason::SignInRequired.into());
    };
    let membership = membership_in(app, account, tenant).await.map_err(|_| Reason::NotFound)?;
    let account = app.store.lobby().account_by_id(account).await?.ok_or(Reason::NotFound)?;
    let proved_at = console_sessions::auth_time(&mut app.store.read(ctx), session).await?;
    let session = sign_in_as(app, ctx.origin.clone(), &account, membership, Some(proved_at)).await?;
    sign_out(app, ctx).await?;
    Ok(session)
}

/// Ends the session.
///
/// # Errors
/// `AUTH_SIGN_IN_REQUIRED` when there is none.
pub async fn sign_out(app: &App, ctx: &Ctx) -> Result<()> {
    let Actor::Account { session, account, .. } = ctx.actor else {
        return Err(Reason::SignInRequired.into());
    };
    let mut writer = app.store.write(ctx).await?;
    console_sessions::revoke(&mut writer, session).await?;
    writer.commit(Event::new(EventKind::SignedOut).about(account)).await
}

/// Changes the password of the person who is signed in; their other sessions end, in every organization,
/// and so does all that they let software do.
///
/// # Errors
/// `AUTH_SIGN_IN_FAILED` when the old one is wrong, `PASSWORD_TOO_SHORT`.
pub async fn change_password(app: &App, ctx: &Ctx, old: Secret<String>, new: Secret<String>) -> Result<()> {
    let Actor::Account { session, account: id, .. } = ctx.actor else {
        return Err(Reason::SignInRequired.into());
    };
    password::check(&new)?;
    let account = app.store.lobby().account_by_id(id).await?.ok_or(Reason::SignInRequired)?;
    let is_right = passwords::is_right(app, old, Some(account.password_hash)).await?;
    if !is_right {
        return Err(Reason::SignInFailed.because("The present password is wrong."));
    }
    let password_hash = passwords::hash(app, new).await?;
    let mut writer = app.store.write(ctx).await?;
    accounts::set_password(&mut writer, id, &password_hash).await?;
    writer.lobby().revoke_other_sessions(id, session, ctx.now).await?;
    writer.lobby().end_oauth_of(id, ctx.now).await?;
    let changed = writer.commit(Event::new(EventKind::MemberChanged).about(id)).await;
    // However the commit went: what may have been taken back is not served from memory.
    app.oauth.forget_account(id);
    changed
}

pub(crate) async fn sign_in_as(
    app: &App,
    origin: Origin,
    account: &Account,
    membership: Membership,
    proved_at: Option<Time>,
) -> Result<NewSession> {
    let session = SessionId::new(app.now(), &app.entropy);
    let actor = Actor::Account { account: account.id, role: membership.role, session };
    let ctx = Ctx::new(membership.tenant, actor, app.now(), &app.entropy).from(origin);
    let mut writer = app.store.write(&ctx).await?;
    let cookie = open_session(app, &ctx, &mut writer, account.id, session).await?;
    if let Some(at) = proved_at {
        console_sessions::set_auth_time(&mut writer, session, at).await?;
    }
    writer.commit(Event::new(EventKind::SignedIn).about(account.id)).await?;
    let who = Who {
        account: account.id,
        email: account.email.clone(),
        role: membership.role,
        session,
        organization: membership.name,
    };
    Ok(new_session(app, &ctx, cookie, who))
}

pub(crate) async fn open_session(
    app: &App,
    ctx: &Ctx,
    writer: &mut Writer<'_>,
    account: AccountId,
    session: SessionId,
) -> Result<ShownOnce> {
    let Minted { secret, digest, .. } = token::mint(TokenKind::Session, &app.entropy);
    let expires_at = ctx.now.plus_ms(app.settings.sign_in_ttl_ms);
    let row = console_sessions::NewSession { id: session, digest, account, expires_at };
    console_sessions::insert(writer, &row).await?;
    Ok(secret)
}

pub(crate) struct Who {
    pub(crate) account: AccountId,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) session: SessionId,
    pub(crate) organization: String,
}

pub(crate) fn new_session(app: &App, ctx: &Ctx, cookie: ShownOnce, who: Who) -> NewSession {
    NewSession {
        cookie,
        expires_at: ctx.now.plus_ms(app.settings.sign_in_ttl_ms),
        signed_in: SignedIn {
            identified: Identified { tenant: ctx.tenant, actor: ctx.actor.clone() },
            account: who.account,
            email: who.email,
            role: who.role,
            session: who.session,
            organization: who.organization,
            form_token: app.seals.form_token(&who.session),
            auth_time: ctx.now,
        },
    }
}

/// The digest of a one-time link's secret.
pub(crate) fn link_digest(link: &str) -> Result<Digest> {
    let parsed = token::parse(link).map_err(|_| Reason::LinkInvalid)?;
    if parsed.kind == TokenKind::Link { Ok(parsed.digest) } else { Err(Reason::LinkInvalid.into()) }
}

/// An address as it is compared: trimmed and lower-cased.
pub(crate) fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// An address that mail could reach: something, one @, a host with a dot or `localhost`.
pub(crate) fn checked_email(email: &str) -> Result<String> {
    let email = normal_email(email);
    let is_good = email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && !host.contains('@')
                && (host.trim_matches('.').contains('.') || host == "localhost")
        });
    if is_good {
        Ok(email)
    } else {
        Err(Reason::FieldInvalid.because("email must be an address such as ada@example.com."))
    }
}

fn account_of(ctx: &Ctx) -> Result<AccountId> {
    if let Actor::Account { account, .. } = ctx.actor {
        Ok(account)
    } else {
        Err(Reason::SignInRequired.into())
    }
}

async fn first_membership(app: &App, account: AccountId) -> Result<Membership> {
    let all = app.store.lobby().memberships(account).await?;
    all.into_iter().next().ok_or_else(|| Reason::SignInFailed.into())
}

async fn membership_in(app: &App, account: AccountId, tenant: TenantId) -> Result<Membership> {
    let all = app.store.lobby().memberships(account).await?;
    all.into_iter().find(|membership| membership.tenant == tenant).ok_or_else(|| Reason::LinkInvalid.into())
}
