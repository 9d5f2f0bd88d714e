//! The people of an organization: invited by link, with a role (ORG-1).

use crate::{
    App,
    onboarding::{self, NewSession, checked_email, link_digest, open_session},
    passwords,
};
use procura_crypto::{TokenKind, password, token};
use procura_model::{
    Account, AccountId, Actor, Ctx, Event, EventKind, Invitation, InvitationId, Member, Origin, Reason,
    Result, Role, Scope, Secret, SessionId, ShownOnce, time::DAY_MS,
};
use procura_store::{invitations, members as rows, oauth_grants, tenants};
use serde::Serialize;

/// How long an invitation's link works.
const INVITATION_TTL_MS: i64 = 7 * DAY_MS;

/// What the invited person sees before they accept.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    /// The organization's name.
    pub organization: String,
    /// Who is invited.
    pub email: String,
    /// In which role.
    pub role: Role,
    /// Whether the person has an account already, and signs in with its password.
    pub has_account: bool,
}

/// The members of the organization.
///
/// # Errors
/// The scope is missing.
pub async fn list(app: &App, ctx: &Ctx) -> Result<Vec<Member>> {
    ctx.actor.require(Scope::ReadMembers)?;
    let mut reader = app.store.read(ctx);
    rows::list(&mut reader).await
}

/// The invitations that nobody has used yet.
///
/// # Errors
/// The scope is missing.
pub async fn open_invitations(app: &App, ctx: &Ctx) -> Result<Vec<Invitation>> {
    ctx.actor.require(Scope::ReadMembers)?;
    let mut reader = app.store.read(ctx);
    invitations::list_open(&mut reader).await
}

/// Invites a person; gives the link, which is shown once.
///
/// # Errors
/// `FIELD_INVALID`, `AUTH_ROLE_MISSING` for a role that the inviter may not give.
pub async fn invite(app: &App, ctx: &Ctx, email: &str, role: Role) -> Result<(Invitation, ShownOnce)> {
    ctx.actor.require(Scope::WriteMembers)?;
    demand_may_grant(ctx, role)?;
    let minted = token::mint(TokenKind::Link, &app.entropy);
    let invitation = Invitation {
        id: InvitationId::new(ctx.now, &app.entropy),
        tenant: ctx.tenant,
        email: checked_email(email)?,
        role,
        expires_at: ctx.now.plus_ms(INVITATION_TTL_MS),
    };
    let mut writer = app.store.write(ctx).await?;
    invitations::insert(&mut writer, &invitation, &minted.digest, &ctx.actor.id()).await?;
    writer.commit(Event::new(EventKind::MemberInvited).about(invitation.id)).await?;
    let url = format!("{}/invitations/{}", app.settings.public_url, minted.secret.show());
    Ok((invitation, ShownOnce::new(url)))
}

/// Takes an invitation back.
///
/// # Errors
/// `NOT_FOUND` when it is unknown or used.
pub async fn revoke_invitation(app: &App, ctx: &Ctx, id: InvitationId) -> Result<()> {
    ctx.actor.require(Scope::WriteMembers)?;
    let mut writer = app.store.write(ctx).await?;
    invitations::revoke(&mut writer, id).await?;
    writer.commit(Event::new(EventKind::InvitationRevoked).about(id)).await
}

/// Shows an invitation to the one who holds its link.
///
/// # Errors
/// `LINK_INVALID`.
pub async fn peek_invitation(app: &App, link: &str) -> Result<InvitationView> {
    let (invitation, organization) = open_invitation(app, link).await?;
    let has_account = app.store.lobby().account_by_email(&invitation.email).await?.is_some();
    Ok(InvitationView { organization, email: invitation.email, role: invitation.role, has_account })
}

/// The invitation of a link, and the organization's name.
async fn open_invitation(app: &App, link: &str) -> Result<(Invitation, String)> {
    let digest = link_digest(link)?;
    let found = app.store.lobby().peek_invitation(&digest, app.now()).await?;
    let invitation = found.ok_or(Reason::LinkInvalid)?;
    let ctx = Ctx::new(invitation.tenant, Actor::Anonymous, app.now(), &app.entropy);
    let organization = tenants::get(&mut app.store.read(&ctx)).await?.name;
    Ok((invitation, organization))
}

/// Accepts an invitation: a new person chooses a password, one who has an account proves it by
/// theirs. The link is used up in the same transaction.
///
/// # Errors
/// `LINK_INVALID`, `PASSWORD_TOO_SHORT`, `AUTH_SIGN_IN_FAILED`.
pub async fn accept_invitation(
    app: &App,
    origin: Origin,
    link: &str,
    given: Secret<String>,
) -> Result<NewSession> {
    let digest = link_digest(link)?;
    let (invitation, organization) = open_invitation(app, link).await?;
    let known = app.store.lobby().account_by_email(&invitation.email).await?;
    let fresh = known.is_none();
    let account = match known {
        Some(account) => proven(app, account, given).await?,
        None => {
            password::check(&given)?;
            let password_hash = passwords::hash(app, given).await?;
            let id = AccountId::new(app.now(), &app.entropy);
            Account { id, email: invitation.email.clone(), password_hash, created_at: app.now() }
        }
    };
    let session = SessionId::new(app.now(), &app.entropy);
    let actor = Actor::Account { account: account.id, role: invitation.role, session };
    let ctx = Ctx::new(invitation.tenant, actor, app.now(), &app.entropy).from(origin);
    let mut writer = app.store.write(&ctx).await?;
    writer.lobby().consume_invitation(&digest, ctx.now).await?.ok_or(Reason::LinkInvalid)?;
    if fresh {
        writer.lobby().insert_account(&account).await?;
    }
    rows::insert(&mut writer, account.id, invitation.role).await?;
    let cookie = open_session(app, &ctx, &mut writer, account.id, session).await?;
    writer
        .commit_all(vec![
            Event::new(EventKind::MemberJoined).about(account.id),
            Event::new(EventKind::SignedIn).about(account.id),
        ])
        .await?;
    let who = onboarding::Who {
        account: account.id,
        email: account.email,
        role: invitation.role,
        session,
        organization,
    };
    Ok(onboarding::new_session(app, &ctx, cookie, who))
}

async fn proven(app: &App, account: Account, given: Secret<String>) -> Result<Account> {
    if passwords::is_right(app, given, Some(account.password_hash.clone())).await? {
        return Ok(account);
    }
    Err(Reason::SignInFailed.into())
}

/// Gives a member another role. Where it may not register agents, what clients did for them ends.
///
/// # Errors
/// `NOT_FOUND`, `LAST_OWNER`, `AUTH_ROLE_MISSING` for a role that one may not give or take.
pub async fn set_role(app: &App, ctx: &Ctx, account: AccountId, role: Role) -> Result<()> {
    ctx.actor.require(Scope::WriteMembers)?;
    let mut writer = app.store.write(ctx).await?;
    let member = rows::get(&mut writer, account).await?;
    demand_may_grant(ctx, member.role)?;
    demand_may_grant(ctx, role)?;
    rows::set_role(&mut writer, account, role).await?;
    if !role.may_let_software_act() {
        // Nor does what clients held for them come back with a role that they get back.
        oauth_grants::end_of_account(&mut writer, account).await?;
    }
    let facts = serde_json::json!({ "from": member.role, "to": role });
    let changed = writer.commit(Event::new(EventKind::MemberChanged).about(account).with_facts(&facts)).await;
    // However the commit went: what may have been narrowed is not served from memory.
    app.oauth.forget_account(account);
    changed
}

/// Removes a member; their sessions in this organization end.
///
/// # Errors
/// `NOT_FOUND`, `LAST_OWNER`, `AUTH_ROLE_MISSING`.
pub async fn remove(app: &App, ctx: &Ctx, account: AccountId) -> Result<()> {
    ctx.actor.require(Scope::WriteMembers)?;
    let mut writer = app.store.write(ctx).await?;
    let member = rows::get(&mut writer, account).await?;
    demand_may_grant(ctx, member.role)?;
    rows::remove(&mut writer, account).await?;
    // Whoever is let in again begins anew: what clients held for them does not come back with them.
    oauth_grants::end_of_account(&mut writer, account).await?;
    let removed = writer.commit(Event::new(EventKind::MemberRemoved).about(account)).await;
    // However the commit went: what may have been taken back is not served from memory.
    app.oauth.forget_account(account);
    removed
}

/// Nobody gives or takes a role above their own. A platform key gives and takes only roles that can do
/// nothing that the key cannot: an approver whom a key had let in would be a key that approves.
fn demand_may_grant(ctx: &Ctx, role: Role) -> Result<()> {
    let may = match &ctx.actor {
        Actor::Account { role: own, .. } => own.may_grant(role),
        Actor::Platform { scopes, .. } => scopes.covers(role.scopes()),
        Actor::Operator => true,
        Actor::Agent { .. } | Actor::Anonymous => false,
    };
    if may {
        return Ok(());
    }
    Err(Reason::RoleMissing.because(format!("You may not give or take the role {}.", role.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{CredentialId, Entropy, Scopes, TenantId, Time};

    fn may(scopes: impl Iterator<Item = Scope>, role: Role) -> bool {
        let (now, entropy) = (Time::from_ms(1), Entropy::seeded(7));
        let credential = CredentialId::new(now, &entropy);
        let actor = Actor::Platform { credential, scopes: scopes.collect::<Scopes>() };
        demand_may_grant(&Ctx::new(TenantId::new(now, &entropy), actor, now, &entropy), role).is_ok()
    }

    #[test]
    fn a_key_lets_nobody_in_who_may_do_more_than_the_key() {
        let all_of_keys = || Scope::ALL.iter().copied().filter(|scope| *scope != Scope::DecideApprovals);
        for role in [Role::Owner, Role::Admin, Role::Approver] {
            assert!(!may(all_of_keys(), role), "{role:?}");
        }
        for role in [Role::Developer, Role::Auditor] {
            assert!(may(all_of_keys(), role), "{role:?}");
            assert!(!may([Scope::WriteMembers].into_iter(), role), "{role:?}");
        }
        assert!(may(Role::Auditor.scopes().iter(), Role::Auditor));
        assert!(!may(Role::Auditor.scopes().iter(), Role::Developer));
    }
}
