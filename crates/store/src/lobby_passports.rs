//! What of the lobby is about passports: whoever holds a link shows a token and nothing else (PAS-1). The rest of the
//! lobby is in [`crate::lobby`].

use crate::Lobby;
use procura_model::{AgentId, Digest, PassportId, Result, TenantId};

statements! {
    PASSPORT_BY_TOKEN = "
        SELECT p.tenant_id, p.agent_id, p.version, a.name, a.kind, a.provider
          FROM passports p
          JOIN agents a ON a.tenant_id = p.tenant_id AND a.agent_id = p.agent_id
         WHERE p.digest = $1
           AND p.passport_id = $2
           AND p.revoked_at IS NULL
           AND a.status = 'enabled'";
}

/// A passport that holds, and what it says of its agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPassport {
    /// The organization.
    pub tenant: TenantId,
    /// The agent.
    pub agent: AgentId,
    /// The passport's version.
    pub version: i64,
    /// The agent's name.
    pub name: String,
    /// What kind of software it is.
    pub kind: String,
    /// Who makes or runs it.
    pub provider: String,
}

impl Lobby<'_> {
    /// The passport that this token opens, if it is this passport's newest one, not revoked, and of an agent that may
    /// act. It is read from the database each time.
    ///
    /// # Errors
    /// A fault.
    pub async fn passport_by_token(
        &mut self,
        token: &Digest,
        passport: PassportId,
    ) -> Result<Option<FoundPassport>> {
        let row = self.reading().maybe(&PASSPORT_BY_TOKEN, args![token, passport]).await?;
        row.map(|row| {
            Ok(FoundPassport {
                tenant: row.parse("tenant_id")?,
                agent: row.parse("agent_id")?,
                version: row.int("version")?,
                name: row.text("name")?,
                kind: row.text("kind")?,
                provider: row.text("provider")?,
            })
        })
        .transpose()
    }
}
