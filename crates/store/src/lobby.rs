//! The few statements that cannot know the tenant yet (decisions.md 2): somebody shows a digest or an address,
//! and the answer says whose it is; and the jobs of the whole deployment. Every one is listed below, and a
//! test holds the list. Alone, each commits by itself; by [`crate::Writer::lobby`] it is part of that change.

use crate::{
    accounts, credentials,
    db::{Db, Tx},
    invitations, outbox, revocations, tenants,
    tx::Desk,
};
use procura_model::{
    Account, AccountId, ApprovalId, Credential, Digest, Invitation, Reason, Result, Role, SessionId, Tenant,
    TenantId, Time,
};

statements! {
    // Who is calling.
    CREDENTIAL_BY_DIGEST = "
        SELECT tenant_id, credential_id, agent_id, name, preview, scopes, created_at, expires_at, revoked_at,
               last_used_at
          FROM credentials
         WHERE digest = $1";
    SESSION_BY_DIGEST = "
        SELECT s.tenant_id, s.session_id, s.account_id, s.expires_at, s.last_seen_at, m.role, a.email,
               COALESCE(s.auth_time, s.created_at) AS auth_time
          FROM console_sessions s
          JOIN members m ON m.tenant_id = s.tenant_id AND m.account_id = s.account_id
          JOIN accounts a ON a.account_id = s.account_id
         WHERE s.digest = $1
           AND s.revoked_at IS NULL
           AND s.expires_at > $2";
    ACCOUNT_BY_EMAIL = "
        SELECT account_id, email, password_hash, created_at
          FROM accounts
         WHERE email = $1";
    ACCOUNT_BY_ID = "
        SELECT account_id, email, password_hash, created_at
          FROM accounts
         WHERE account_id = $1";
    INSERT_ACCOUNT = "
        INSERT INTO accounts (account_id, email, password_hash, created_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (email) DO NOTHING
     RETURNING account_id";
    MEMBERSHIPS = "
        SELECT m.tenant_id, t.name, m.role
          FROM members m
          JOIN tenants t ON t.tenant_id = m.tenant_id
         WHERE m.account_id = $1
         ORDER BY m.joined_at, m.tenant_id";

    // One-time links.
    INSERT_LINK = "
        INSERT INTO links (digest, purpose, tenant_id, account_id, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    PEEK_LINK = "
        SELECT tenant_id, account_id
          FROM links
         WHERE digest = $1
           AND purpose = $2
           AND used_at IS NULL
           AND expires_at > $3";
    CONSUME_LINK = "
        UPDATE links
           SET used_at = $3
         WHERE digest = $1
           AND purpose = $2
           AND used_at IS NULL
           AND expires_at > $3
     RETURNING tenant_id, account_id";
    PEEK_INVITATION = "
        SELECT tenant_id, invitation_id, email, role, expires_at
          FROM invitations
         WHERE digest = $1
           AND used_at IS NULL
           AND revoked_at IS NULL
           AND expires_at > $2";
    CONSUME_INVITATION = "
        UPDATE invitations
           SET used_at = $2
         WHERE digest = $1
           AND used_at IS NULL
           AND revoked_at IS NULL
           AND expires_at > $2
     RETURNING tenant_id, invitation_id, email, role, expires_at";

    // The deployment.
    TENANTS = "
        SELECT tenant_id, name, settings, rules_version, created_at
          FROM tenants
         ORDER BY created_at, tenant_id";
    HAS_OWNER = "
        SELECT account_id
          FROM members
         WHERE role = 'owner'
         LIMIT 1";

    // Jobs.
    LEASE_OUTBOX = "
        UPDATE outbox
           SET lease_until = $3, attempt = attempt + 1
         WHERE (tenant_id, event_id) IN (SELECT d.tenant_id, d.event_id
                                           FROM outbox d
                                          WHERE d.state = 'due'
                                            AND d.due_at <= $1
                                            AND (d.lease_until IS NULL OR d.lease_until <= $1)
                                          ORDER BY d.due_at, d.event_id
                                          LIMIT $2)
           AND state = 'due'
           AND due_at <= $1
           AND (lease_until IS NULL OR lease_until <= $1)
     RETURNING tenant_id, event_id, kind, payload, created_at, attempt";
    PRUNE_OUTBOX = "
        DELETE FROM outbox
         WHERE created_at < $1";
    REVOCATIONS_SINCE = "
        SELECT seq, tenant_id, kind, subject, created_at
          FROM revocations
         WHERE seq IN (SELECT seq FROM revocations WHERE seq > $1
                       UNION ALL
                       SELECT seq FROM revocations WHERE created_at > $2)
         ORDER BY seq";
    LAST_REVOCATION = "
        SELECT COALESCE(MAX(seq), 0) AS seq
          FROM revocations";
    PRUNE_REVOCATIONS = "
        DELETE FROM revocations
         WHERE created_at < $1";
    EXPIRE_APPROVALS = "
        UPDATE approvals
           SET state = 'expired'
         WHERE state IN ('waiting', 'granted')
           AND expires_at <= $1
     RETURNING tenant_id, approval_id";
    PRUNE_RESULTS = "
        DELETE FROM results
         WHERE expires_at <= $1";
    PRUNE_REDEMPTIONS = "
        DELETE FROM redemptions
         WHERE expires_at <= $1
           AND NOT EXISTS (SELECT r.reservation_id
                             FROM reservations r
                            WHERE r.tenant_id = redemptions.tenant_id
                              AND r.reservation_id = redemptions.reservation_id
                              AND r.state IN ('held', 'expired'))";
    PRUNE_IDEMPOTENCY = "
        DELETE FROM idempotency
         WHERE expires_at <= $1";
    REVOKE_OTHER_SESSIONS = "
        UPDATE console_sessions
           SET revoked_at = $3
         WHERE account_id = $1
           AND session_id <> $2
           AND revoked_at IS NULL
           AND expires_at > $3
     RETURNING session_id";
    PRUNE_SESSIONS = "
        DELETE FROM console_sessions
         WHERE expires_at <= $1";
    PRUNE_LINKS = "
        DELETE FROM links
         WHERE expires_at <= $1";
    FORGET_USERS = "
        UPDATE agent_sessions
           SET sealed_user = NULL
         WHERE expires_at <= $1
           AND sealed_user IS NOT NULL";
    PRUNE_AGENT_SESSIONS = "
        DELETE FROM agent_sessions
         WHERE expires_at <= $1";
}

/// How far below the last seen number a revocation may still appear.
const LOOK_BACK_ROWS: i64 = 1_000;

/// How long after its time a revocation may still appear, in milliseconds.
const LOOK_BACK_MS: i64 = 60_000;

/// Where those ask who are nobody yet.
pub struct Lobby<'a>(Place<'a>);

enum Place<'a> {
    Alone(Db),
    Inside(&'a mut Tx),
}

/// A key and the organization that it speaks in; it may be revoked or expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCredential {
    /// The organization.
    pub tenant: TenantId,
    /// The key.
    pub credential: Credential,
}

/// A live session of a person in the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundSession {
    /// The organization in which they are.
    pub tenant: TenantId,
    /// The session.
    pub session: SessionId,
    /// Who.
    pub account: AccountId,
    /// Their address.
    pub email: String,
    /// Their role in the organization.
    pub role: Role,
    /// Until when the session lasts.
    pub expires_at: Time,
    /// When it was last used.
    pub last_seen_at: Time,
    /// When they last proved who they are.
    pub auth_time: Time,
}

/// An organization to which a person belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The organization.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// Their role in it.
    pub role: Role,
}

/// What a one-time link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// To make the first organization and its owner.
    Setup,
    /// To sign in without a password.
    SignIn,
    /// To set an owner's password without knowing the old one.
    OwnerPassword,
}

impl LinkPurpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::SignIn => "sign_in",
            Self::OwnerPassword => "owner_password",
        }
    }
}

/// A one-time link; its digest is in the store, its secret nowhere.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The digest of its secret.
    pub digest: Digest,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Into which organization, where it leads into one.
    pub tenant: Option<TenantId>,
    /// For whom, where it is for somebody.
    pub account: Option<AccountId>,
    /// When it was made.
    pub created_at: Time,
    /// Until when it works.
    pub expires_at: Time,
}

/// What a link stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedLink {
    /// Into which organization it leads, where it leads into one.
    pub tenant: Option<TenantId>,
    /// For whom it is, where it is for somebody.
    pub account: Option<AccountId>,
}

/// An approval for which it became too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiredApproval {
    /// The organization.
    pub tenant: TenantId,
    /// The approval.
    pub approval: ApprovalId,
}

/// Up to when rows are removed that nobody needs any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prune {
    /// Results, redeemed receipts, idempotency keys, sessions and links that ended by then; and who the users of
    /// agents' sessions were.
    pub expired: Time,
    /// Agents' sessions that ended by then.
    pub agent_sessions: Time,
    /// Revocations from before then; every node must have read them.
    pub revocations: Time,
    /// Outbox rows from before then, delivered or not.
    pub outbox: Time,
}

impl<'a> Lobby<'a> {
    pub(crate) const fn new(db: Db) -> Self {
        Self(Place::Alone(db))
    }

    pub(crate) const fn inside(tx: &'a mut Tx) -> Self {
        Self(Place::Inside(tx))
    }

    pub(crate) const fn reading(&mut self) -> Desk<'_> {
        match &mut self.0 {
            Place::Alone(db) => Desk::reading(db, None),
            Place::Inside(tx) => Desk::inside(tx, None),
        }
    }

    pub(crate) const fn writing(&mut self) -> Desk<'_> {
        match &mut self.0 {
            Place::Alone(db) => Desk::writing(db, None),
            Place::Inside(tx) => Desk::inside(tx, None),
        }
    }

    /// The key that has this digest, also when it is revoked or expired, so that the caller can tell.
    ///
    /// # Errors
    /// A fault.
    pub async fn credential_by_digest(&mut self, digest: &Digest) -> Result<Option<FoundCredential>> {
        let row = self.reading().maybe(&CREDENTIAL_BY_DIGEST, args![digest]).await?;
        row.map(|row| {
            Ok(FoundCredential { tenant: row.parse("tenant_id")?, credential: credentials::read(&row)? })
        })
        .transpose()
    }

    /// The live session that has this digest, of somebody who is still a member.
    ///
    /// # Errors
    /// A fault.
    pub async fn session_by_digest(&mut self, digest: &Digest, now: Time) -> Result<Option<FoundSession>> {
        let row = self.reading().maybe(&SESSION_BY_DIGEST, args![digest, now]).await?;
        row.map(|row| {
            Ok(FoundSession {
                tenant: row.parse("tenant_id")?,
                session: row.parse("session_id")?,
                account: row.parse("account_id")?,
                email: row.text("email")?,
                role: row.parse("role")?,
                expires_at: row.time("expires_at")?,
                last_seen_at: row.time("last_seen_at")?,
                auth_time: row.time("auth_time")?,
            })
        })
        .transpose()
    }

    /// The account of an address, which must be lower-cased and trimmed.
    ///
    /// # Errors
    /// A fault.
    pub async fn account_by_email(&mut self, email: &str) -> Result<Option<Account>> {
        let row = self.reading().maybe(&ACCOUNT_BY_EMAIL, args![email]).await?;
        row.as_ref().map(accounts::read).transpose()
    }

    /// The account of an id that a link or a session named.
    ///
    /// # Errors
    /// A fault.
    pub async fn account_by_id(&mut self, account: AccountId) -> Result<Option<Account>> {
        let row = self.reading().maybe(&ACCOUNT_BY_ID, args![account]).await?;
        row.as_ref().map(accounts::read).transpose()
    }

    /// Makes an account.
    ///
    /// # Errors
    /// `NAME_TAKEN` when the address has one, or a fault.
    pub async fn insert_account(&mut self, account: &Account) -> Result<()> {
        let args = args![account.id, &account.email, &account.password_hash, account.created_at];
        self.writing().maybe(&INSERT_ACCOUNT, args).await?.ok_or(Reason::NameTaken)?;
        Ok(())
    }

    /// The organizations of a person, the one they joined first at the front.
    ///
    /// # Errors
    /// A fault.
    pub async fn memberships(&mut self, account: AccountId) -> Result<Vec<Membership>> {
        let rows = self.reading().all(&MEMBERSHIPS, args![account]).await?;
        rows.iter()
            .map(|row| {
                Ok(Membership {
                    tenant: row.parse("tenant_id")?,
                    name: row.text("name")?,
                    role: row.parse("role")?,
                })
            })
            .collect()
    }

    /// Makes a one-time link.
    ///
    /// # Errors
    /// A fault.
    pub async fn insert_link(&mut self, link: &NewLink) -> Result<()> {
        let args = args![
            &link.digest,
            link.purpose.as_str(),
            link.tenant,
            link.account,
            link.created_at,
            link.expires_at,
        ];
        self.writing().run(&INSERT_LINK, args).await
    }

    /// What a link stands for, without using it.
    ///
    /// # Errors
    /// A fault.
    pub async fn peek_link(
        &mut self,
        digest: &Digest,
        purpose: LinkPurpose,
        now: Time,
    ) -> Result<Option<OpenedLink>> {
        let row = self.reading().maybe(&PEEK_LINK, args![digest, purpose.as_str(), now]).await?;
        row.as_ref().map(read_link).transpose()
    }

    /// Uses a link; of many who try, one gets it.
    ///
    /// # Errors
    /// A fault.
    pub async fn consume_link(
        &mut self,
        digest: &Digest,
        purpose: LinkPurpose,
        now: Time,
    ) -> Result<Option<OpenedLink>> {
        let row = self.writing().maybe(&CONSUME_LINK, args![digest, purpose.as_str(), now]).await?;
        row.as_ref().map(read_link).transpose()
    }

    /// The open invitation of a link, without using it.
    ///
    /// # Errors
    /// A fault.
    pub async fn peek_invitation(&mut self, digest: &Digest, now: Time) -> Result<Option<Invitation>> {
        let row = self.reading().maybe(&PEEK_INVITATION, args![digest, now]).await?;
        row.as_ref().map(invitations::read).transpose()
    }

    /// Uses an invitation; of many who try, one gets it.
    ///
    /// # Errors
    /// A fault.
    pub async fn consume_invitation(&mut self, digest: &Digest, now: Time) -> Result<Option<Invitation>> {
        let row = self.writing().maybe(&CONSUME_INVITATION, args![digest, now]).await?;
        row.as_ref().map(invitations::read).transpose()
    }

    /// Every organization, the first one made at the front.
    ///
    /// # Errors
    /// A fault.
    pub async fn tenants(&mut self) -> Result<Vec<Tenant>> {
        self.reading().all(&TENANTS, args![]).await?.iter().map(tenants::read).collect()
    }

    /// Whether any organization has an owner: whether the set-up is done.
    ///
    /// # Errors
    /// A fault.
    pub async fn has_owner(&mut self) -> Result<bool> {
        Ok(self.reading().maybe(&HAS_OWNER, args![]).await?.is_some())
    }

    /// Leases up to `limit` events that are due; nobody else gets them until the lease ends.
    ///
    /// # Errors
    /// A fault.
    pub async fn lease_outbox(
        &mut self,
        limit: i64,
        now: Time,
        lease_ms: i64,
    ) -> Result<Vec<outbox::Leased>> {
        let args = args![now, limit, now.plus_ms(lease_ms)];
        self.writing().all(&LEASE_OUTBOX, args).await?.iter().map(outbox::read).collect()
    }

    /// Revocations that a node may not have seen yet, with some that it has: numbers are handed out before the
    /// commit, so a lower one may appear after a higher one (decisions.md 20).
    ///
    /// # Errors
    /// A fault.
    pub async fn revocations_since(
        &mut self,
        last_seq: i64,
        now: Time,
    ) -> Result<Vec<revocations::Revocation>> {
        let args = args![last_seq.saturating_sub(LOOK_BACK_ROWS), now.plus_ms(-LOOK_BACK_MS)];
        self.reading().all(&REVOCATIONS_SINCE, args).await?.iter().map(revocations::read).collect()
    }

    /// The highest number of a revocation, 0 when there is none: where a node that remembers nothing begins.
    ///
    /// # Errors
    /// A fault.
    pub async fn last_revocation(&mut self) -> Result<i64> {
        self.reading().one(&LAST_REVOCATION, args![]).await?.int("seq")
    }

    /// Ends the approvals for which it is too late, of every organization.
    ///
    /// # Errors
    /// A fault.
    pub async fn expire_approvals(&mut self, now: Time) -> Result<Vec<ExpiredApproval>> {
        let rows = self.writing().all(&EXPIRE_APPROVALS, args![now]).await?;
        rows.iter()
            .map(|row| {
                Ok(ExpiredApproval { tenant: row.parse("tenant_id")?, approval: row.parse("approval_id")? })
            })
            .collect()
    }

    /// Ends every session of a person but one, in all organizations: their password is another now.
    /// Sessions are looked up for each request, so nobody has to be told.
    ///
    /// # Errors
    /// A fault.
    pub async fn revoke_other_sessions(
        &mut self,
        account: AccountId,
        kept: SessionId,
        now: Time,
    ) -> Result<usize> {
        self.writing().count(&REVOKE_OTHER_SESSIONS, args![account, kept, now]).await
    }

    /// Removes rows that nobody needs any longer. The record is never pruned here.
    ///
    /// # Errors
    /// A fault.
    pub async fn prune(&mut self, prune: Prune) -> Result<()> {
        let expiring = [
            &PRUNE_RESULTS,
            &PRUNE_REDEMPTIONS,
            &PRUNE_IDEMPOTENCY,
            &PRUNE_SESSIONS,
            &PRUNE_LINKS,
            &FORGET_USERS,
        ];
        for statement in expiring {
            self.writing().run(statement, args![prune.expired]).await?;
        }
        self.writing().run(&PRUNE_AGENT_SESSIONS, args![prune.agent_sessions]).await?;
        self.writing().run(&PRUNE_REVOCATIONS, args![prune.revocations]).await?;
        self.writing().run(&PRUNE_OUTBOX, args![prune.outbox]).await
    }
}

fn read_link(row: &crate::row::Row) -> Result<OpenedLink> {
    Ok(OpenedLink { tenant: row.maybe_parse("tenant_id")?, account: row.maybe_parse("account_id")? })
}

#[cfg(test)]
#[path = "lobby_tests.rs"]
mod tests;
