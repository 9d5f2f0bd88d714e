//! What every node must stop believing (SES-1, decisions.md 20). Whatever narrows writes a row here in its own
//! transaction; every node reads the tail in the lobby and drops what it remembers of the subject.

use crate::{
    row::Row,
    tx::{Source as _, Writer},
};
use procura_model::{
    AccountId, AgentId, ClientId, CredentialId, Result, ServerId, SessionId, TenantId, Time,
};

statements! {
    INSERT = "
        INSERT INTO revocations (tenant_id, kind, subject, created_at)
        VALUES ($1, $2, $3, $4)";
}

/// Of what nothing remembered holds any longer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The organization's settings.
    Tenant,
    /// An agent, its status and its permissions.
    Agent(AgentId),
    /// A key.
    Credential(CredentialId),
    /// A session.
    Session(SessionId),
    /// A person's membership and sessions in the organization.
    Account(AccountId),
    /// A tool server.
    Server(ServerId),
    /// A session of an OAuth client, or a token of it.
    OauthSession(SessionId),
    /// An OAuth client and its secrets.
    Client(ClientId),
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its number; handed out before the commit, so a lower one may appear later.
    pub seq: i64,
    /// The organization.
    pub tenant: TenantId,
    /// Of what nothing remembered holds any longer.
    pub subject: Subject,
    /// When it was written.
    pub created_at: Time,
}

/// Writes that nothing remembered of this subject holds any longer. The functions that narrow do it
/// themselves.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, subject: Subject) -> Result<()> {
    let (tenant, now) = (w.tenant(), w.now());
    let (kind, id) = match subject {
        Subject::Tenant => ("tenant", tenant.to_string()),
        Subject::Agent(id) => ("agent", id.to_string()),
        Subject::Credential(id) => ("credential", id.to_string()),
        Subject::Session(id) => ("session", id.to_string()),
        Subject::Account(id) => ("account", id.to_string()),
        Subject::Server(id) => ("server", id.to_string()),
        Subject::OauthSession(id) => ("oauth_session", id.to_string()),
        Subject::Client(id) => ("client", id.to_string()),
    };
    w.desk().run(&INSERT, args![kind, id, now]).await
}

pub(crate) fn read(row: &Row) -> Result<Revocation> {
    let subject = match row.text("kind")?.as_str() {
        "tenant" => Subject::Tenant,
        "agent" => Subject::Agent(row.parse("subject")?),
        "credential" => Subject::Credential(row.parse("subject")?),
        "session" => Subject::Session(row.parse("subject")?),
        "account" => Subject::Account(row.parse("subject")?),
        "server" => Subject::Server(row.parse("subject")?),
        "oauth_session" => Subject::OauthSession(row.parse("subject")?),
        "client" => Subject::Client(row.parse("subject")?),
        _ => return Err(crate::row::wrong("kind")),
    };
    Ok(Revocation {
        seq: row.int("seq")?,
        tenant: row.parse("tenant_id")?,
        subject,
        created_at: row.time("created_at")?,
    })
}
