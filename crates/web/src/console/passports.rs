//! The passport of an agent, on the agent's page: made, shown once, rotated, revoked.

use super::{
    desk::{Answer, Desk, go, page},
    view::{
        entry::{HANDED_OVER, ShownOncePage},
        passports::{PassportBox, PassportScope},
        words::Mark,
    },
};
use crate::{extract::Id as PathId, form::Form};
use procura_app::passports::{self, ScopeShown};
use procura_model::{AgentId, Effect, Result};

/// What is said beside the link.
const KEPT: &str = "The part behind the # is the key. Procura keeps only its digest and cannot show it again; a browser \
    sends it to no server.";

/// The box on the agent's page.
pub(super) async fn boxed(desk: &Desk, agent: AgentId) -> Result<PassportBox> {
    let passport = passports::of_agent(desk.app(), desk.ctx(), agent).await?;
    let shown = passports::as_shown(desk.app(), desk.ctx(), agent).await?;
    let is_live = passport.as_ref().is_some_and(|passport| passport.revoked_at.is_none());
    let mark = match (&passport, is_live) {
        (None, _) => Mark::neutral("No link was made"),
        (Some(_), true) => Mark::allowed("Live"),
        (Some(_), false) => Mark::denied("Revoked"),
    };
    Ok(PassportBox {
        mark,
        made: passport.map(|passport| (passport.version, desk.past(passport.rotated_at))),
        is_live,
        scopes: shown.scopes.into_iter().map(|scope| row(desk, scope)).collect(),
        memory_block: shown.memory_block,
        task_prompt: shown.task_prompt,
    })
}

fn row(desk: &Desk, scope: ScopeShown) -> PassportScope {
    PassportScope {
        mark: match scope.effect {
            Effect::Allow => Mark::allowed("Allow"),
            Effect::Block => Mark::denied("Block"),
        },
        actions: scope.actions.join(", "),
        resources: scope.resources.join(", "),
        requires_approval: scope.requires_approval,
        expires: scope.expires_at.map(|at| desk.when(at)),
    }
}

/// Makes or rotates the passport and shows its link once.
pub(super) async fn make(desk: Desk, PathId(agent): PathId<AgentId>, _sent: Form) -> Answer {
    let made = passports::make(desk.app(), desk.ctx(), agent).await?;
    page(&ShownOncePage {
        frame: desk.look.bare(desk.app(), "The passport's link"),
        heading: "The passport's link",
        says: "Whoever has it can read what this agent may do now. It is shown this once, and any link that was made before is dead.",
        secret: made.url.show(),
        kept: KEPT,
        done: HANDED_OVER,
        next: &format!("/agents/{agent}"),
    })
}

/// Revokes the passport.
pub(super) async fn revoke(desk: Desk, PathId(agent): PathId<AgentId>, _sent: Form) -> Answer {
    passports::revoke(desk.app(), desk.ctx(), agent).await?;
    go(&format!("/agents/{agent}"), "passport-revoked")
}
