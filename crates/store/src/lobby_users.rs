//! What of the lobby is about end users: a page that is loaded by an agent's id alone, and what upkeep does for every
//! organization at once. The rest of the lobby is in [`crate::lobby`].

use crate::Lobby;
use procura_model::{AgentId, Result, TenantId, Time};

statements! {
    USER_AUTH_OF_AGENT = "
        SELECT u.tenant_id, u.settings
          FROM user_auth u
          JOIN agents a ON a.tenant_id = u.tenant_id AND a.agent_id = u.agent_id
         WHERE u.agent_id = $1
           AND a.status = 'enabled'";
    PRUNE_SECRETS = "
        DELETE FROM secrets
         WHERE retires_at <= $1";
}

/// The settings by which the users of an agent are verified, and whose they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUserAuth {
    /// The organization.
    pub tenant: TenantId,
    /// The document of [`crate::user_auth::UserAuth::settings`].
    pub settings: String,
}

impl Lobby<'_> {
    /// How the users of an agent that may act are verified, where that was set.
    ///
    /// # Errors
    /// A fault.
    pub async fn user_auth_of_agent(&mut self, agent: AgentId) -> Result<Option<FoundUserAuth>> {
        let row = self.reading().maybe(&USER_AUTH_OF_AGENT, args![agent]).await?;
        row.map(|row| Ok(FoundUserAuth { tenant: row.parse("tenant_id")?, settings: row.text("settings")? }))
            .transpose()
    }

    /// Destroys the secrets that were replaced and whose time is over.
    ///
    /// # Errors
    /// A fault.
    pub async fn prune_secrets(&mut self, now: Time) -> Result<()> {
        self.writing().run(&PRUNE_SECRETS, args![now]).await
    }
}
