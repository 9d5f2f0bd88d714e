//! How the users of an agent are verified, as verification needs it: settings read, secrets opened. Kept in memory
//! beside the agent's policy until something about the agent changes, and then dropped, the secrets wiped (decision 26).

use super::{UserAuthSettings, method, settings};
use crate::{App, Seals};
use procura_model::{AgentId, Ctx, Result, Secret, SecretId, TenantId, Time};
use procura_store::{
    Reader,
    secrets::{self, SecretOf},
    user_auth,
};
use std::sync::Arc;

/// How the users of an agent are verified, with its secrets.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(super) settings: UserAuthSettings,
    secrets: Vec<Secret<String>>,
    /// Which they are and until when they live, in the same order: the longest-lived first.
    lives: Vec<(SecretId, Option<Time>)>,
}

impl Opened {
    /// Reads and opens them; none where no method is set.
    pub(crate) async fn read(
        reader: &mut Reader,
        seals: &Seals,
        (tenant, agent): (TenantId, AgentId),
    ) -> Result<Option<Self>> {
        let Some(row) = user_auth::get(reader, agent).await? else { return Ok(None) };
        let settings = settings::read(&row.settings)?;
        let mut opened = Self { settings, secrets: Vec::new(), lives: Vec::new() };
        let Some(purpose) = method::purpose_of(row.method) else { return Ok(Some(opened)) };
        for stored in secrets::list(reader, SecretOf { purpose, agent }).await? {
            opened.secrets.push(seals.open_secret((tenant, purpose, stored.id), &stored.sealed)?);
            opened.lives.push((stored.id, stored.retires_at));
        }
        Ok(Some(opened))
    }

    /// The secrets that live at `now`.
    pub(super) fn secrets(&self, now: Time) -> &[Secret<String>] {
        let lives_on = |(_, until): &&(SecretId, Option<Time>)| until.is_none_or(|until| until > now);
        let count = self.lives.iter().take_while(lives_on).count();
        self.secrets.get(..count).unwrap_or_default()
    }

    /// Whether what held by `before` still holds: the same settings, and none of its live secrets destroyed. One that
    /// was added, or is to retire later, takes nothing away.
    pub(super) fn upholds(&self, before: &Self, now: Time) -> bool {
        let live = before.secrets(now).len();
        let is_kept = |(id, _): &(SecretId, Option<Time>)| self.lives.iter().any(|(kept, _)| kept == id);
        self.settings == before.settings && before.lives.iter().take(live).all(is_kept)
    }
}

/// How the users of this agent are verified, from memory or from the store.
pub(super) async fn of_agent(app: &App, ctx: &Ctx, agent: AgentId) -> Result<Option<Arc<Opened>>> {
    crate::revocations::demand_fresh(app)?;
    app.snapshots.user_auth(&app.rows(ctx.now), &app.seals, (ctx.tenant, agent)).await
}
