//! The secret store (VLT-6): values of the customer's that must be used again. What lies here is sealed before it
//! comes and opened after it left; a secret is replaced or removed, never read back by anybody. Of one purpose and
//! agent at most two are live, and only while the older one is being replaced.

use crate::{
    revocations::{self, Subject},
    row::{Row, wrong},
    tx::{Source, Writer},
};
use procura_model::{AgentId, Reason, Result, SecretId, Time};

statements! {
    INSERT = "
        INSERT INTO secrets (tenant_id, secret_id, purpose, subject, sealed, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    LIST = "
        SELECT *
          FROM secrets
         WHERE tenant_id = $1
           AND purpose = $2
           AND subject = $3
           AND (retires_at IS NULL OR retires_at > $4)
         ORDER BY CASE WHEN retires_at IS NULL THEN 0 ELSE 1 END, retires_at DESC, created_at DESC, secret_id DESC";
    RETIRE = "
        UPDATE secrets
           SET retires_at = $5
         WHERE tenant_id = $1
           AND secret_id = $2
           AND purpose = $3
           AND subject = $4
           AND (retires_at IS NULL OR retires_at > $5)
     RETURNING secret_id";
    REMOVE = "
        DELETE FROM secrets
         WHERE tenant_id = $1
           AND secret_id = $2
           AND purpose = $3
           AND subject = $4
     RETURNING secret_id";
    REMOVE_OTHERS = "
        DELETE FROM secrets
         WHERE tenant_id = $1
           AND purpose = $2
           AND subject = $3
           AND (CAST($4 AS TEXT) IS NULL OR secret_id <> $4)
     RETURNING secret_id";
}

/// What a secret is for; the word never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretPurpose {
    /// The business signs its users' tokens with it.
    UserToken,
    /// We sign identity callbacks with it.
    Callback,
}

impl SecretPurpose {
    /// Every purpose.
    pub const ALL: [Self; 2] = [Self::UserToken, Self::Callback];

    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserToken => "user_token",
            Self::Callback => "callback",
        }
    }
}

impl From<SecretPurpose> for crate::value::Value {
    fn from(purpose: SecretPurpose) -> Self {
        Self::from(purpose.as_str())
    }
}

/// Of what a secret is: all that finds it again but its own id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretOf {
    /// What it is for.
    pub purpose: SecretPurpose,
    /// The agent whose settings it belongs to.
    pub agent: AgentId,
}

/// A secret as it lies in the store.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// Its id.
    pub id: SecretId,
    /// Of what it is.
    pub of: SecretOf,
    /// The envelope.
    pub sealed: Vec<u8>,
    /// When it was set.
    pub created_at: Time,
    /// From when on it is no longer accepted; none while nothing has replaced it.
    pub retires_at: Option<Time>,
}

impl std::fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredSecret").field("id", &self.id).field("of", &self.of).finish_non_exhaustive()
    }
}

/// Adds a secret; every node drops what it remembers of the agent.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, secret: &StoredSecret) -> Result<()> {
    let of = secret.of;
    let args = args![secret.id, of.purpose, of.agent, secret.sealed.as_slice(), secret.created_at];
    w.desk().run(&INSERT, args).await?;
    changed(w, of).await
}

/// The live secrets, the one that lives longest at the front.
///
/// # Errors
/// A fault.
pub async fn list(source: &mut impl Source, of: SecretOf) -> Result<Vec<StoredSecret>> {
    let now = source.now();
    source.desk().all(&LIST, args![of.purpose, of.agent, now]).await?.iter().map(read).collect()
}

/// Lets a secret live until `at` and no longer; one that ends sooner keeps its end.
///
/// # Errors
/// A fault.
pub async fn retire(w: &mut Writer<'_>, of: SecretOf, secret: SecretId, at: Time) -> Result<()> {
    w.desk().run(&RETIRE, args![secret, of.purpose, of.agent, at]).await?;
    changed(w, of).await
}

/// Removes a secret.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn remove(w: &mut Writer<'_>, of: SecretOf, secret: SecretId) -> Result<()> {
    w.desk().maybe(&REMOVE, args![secret, of.purpose, of.agent]).await?.ok_or(Reason::NotFound)?;
    changed(w, of).await
}

/// Removes all secrets but one, or all, and says which.
///
/// # Errors
/// A fault.
pub async fn remove_others(
    w: &mut Writer<'_>,
    of: SecretOf,
    kept: Option<SecretId>,
) -> Result<Vec<SecretId>> {
    let rows = w.desk().all(&REMOVE_OTHERS, args![of.purpose, of.agent, kept]).await?;
    if !rows.is_empty() {
        changed(w, of).await?;
    }
    rows.iter().map(|row| row.parse("secret_id")).collect()
}

async fn changed(w: &mut Writer<'_>, of: SecretOf) -> Result<()> {
    revocations::insert(w, Subject::Agent(of.agent)).await
}

fn read(row: &Row) -> Result<StoredSecret> {
    let word = row.text("purpose")?;
    let purpose = SecretPurpose::ALL.into_iter().find(|purpose| purpose.as_str() == word);
    Ok(StoredSecret {
        id: row.parse("secret_id")?,
        of: SecretOf { purpose: purpose.ok_or_else(|| wrong("purpose"))?, agent: row.parse("subject")? },
        sealed: row.bytes("sealed")?,
        created_at: row.time("created_at")?,
        retires_at: row.maybe_time("retires_at")?,
    })
}

#[cfg(test)]
#[path = "secrets_tests.rs"]
mod tests;
