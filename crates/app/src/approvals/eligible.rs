//! Who may answer. Only people do, never a key, whatever its scopes; and where the organization says so, not the person
//! who owns the agent. It is asked in the transaction of the answer, so that somebody whose role was taken a moment ago
//! has no say.

use procura_model::{
    AccountId, Actor, Agent, Approval, Ctx, Error, Member, Reason, Result, Scope, TenantSettings,
};
use procura_store::{Source, agents, members, tenants};

/// What decides who may answer an approval.
pub(super) struct Rules {
    agent: Agent,
    settings: TenantSettings,
}

/// A member of the organization, and whether they may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eligible {
    /// The member.
    pub member: Member,
    /// Whether they may answer this approval.
    pub may_answer: bool,
}

impl Rules {
    pub(super) async fn read(source: &mut impl Source, approval: &Approval) -> Result<Self> {
        let agent = agents::get(source, approval.agent).await?;
        Ok(Self { agent, settings: tenants::get(source).await?.settings })
    }

    /// Why this member may not answer, where they may not.
    fn objection(&self, member: &Member) -> Option<Error> {
        if !member.role.scopes().contains(Scope::DecideApprovals) {
            return Some(Reason::RoleMissing.into());
        }
        if !self.settings.owners_may_approve && self.agent.owner == Some(member.account) {
            let sentence = "You own this agent, and here nobody approves the calls of their own agents.";
            return Some(Reason::SelfApproval.because(sentence));
        }
        None
    }

    /// Every member who may decide approvals at all, and whether this one is theirs to answer.
    pub(super) async fn people(&self, source: &mut impl Source) -> Result<Vec<Eligible>> {
        let all = members::list(source).await?;
        let deciders = all.into_iter().filter(|member| member.role.scopes().contains(Scope::DecideApprovals));
        let judged =
            deciders.map(|member| Eligible { may_answer: self.objection(&member).is_none(), member });
        Ok(judged.collect())
    }
}

/// Demands that the caller may answer this approval, and says who that is.
///
/// # Errors
/// `APPROVAL_NOT_ELIGIBLE` for a key and for an owner where owners may not, `AUTH_ROLE_MISSING` for a role that may not,
/// and for somebody who has left.
pub(super) async fn demand(source: &mut impl Source, ctx: &Ctx, approval: &Approval) -> Result<AccountId> {
    ctx.actor.require(Scope::DecideApprovals)?;
    let Actor::Account { account, .. } = ctx.actor else {
        return Err(Reason::SelfApproval.into());
    };
    let member = match members::get(source, account).await {
        Err(error) if error.reason() == Reason::NotFound => return Err(Reason::RoleMissing.into()),
        found => found?,
    };
    match Rules::read(source, approval).await?.objection(&member) {
        Some(objection) => Err(objection),
        None => Ok(account),
    }
}
