//! What people answer, and what is withdrawn. An answer is one transaction: the row is locked by counting the person,
//! who they are is written down once, and the approval is granted or denied, with its event.

use super::{
    eligible, event_of,
    terms::{Given, Grant, block_of},
};
use crate::{App, permissions};
use procura_model::{
    AccountId, AnswerMethod, AnswerWord, Approval, ApprovalAnswer, ApprovalId, Ctx, Doing as _, Event,
    EventKind, Reason, Result, Scope,
};
use procura_store::{Writer, approval_answers, approvals as rows};

/// A person agrees to the call, once.
///
/// # Errors
/// As [`answer`].
pub async fn grant(app: &App, ctx: &Ctx, id: ApprovalId) -> Result<Approval> {
    answer(app, ctx, id, Given::Grant(Grant::Once)).await
}

/// A person refuses the call.
///
/// # Errors
/// As [`answer`].
pub async fn deny(app: &App, ctx: &Ctx, id: ApprovalId) -> Result<Approval> {
    answer(app, ctx, id, Given::Deny).await
}

/// A person who is signed in answers.
///
/// # Errors
/// `APPROVAL_NOT_ELIGIBLE` for anything but a person who may, `APPROVAL_CLOSED` when it no longer waits,
/// `APPROVAL_ANSWERED` the second time, `FIELD_INVALID`, and what adding a permission refuses.
pub async fn answer(app: &App, ctx: &Ctx, id: ApprovalId, given: Given) -> Result<Approval> {
    ctx.actor.require(Scope::DecideApprovals)?;
    let writer = app.store.write(ctx).await?;
    Answering { app, ctx, writer, method: AnswerMethod::Session, events: Vec::new() }.settle(id, given).await
}

/// An answer on its way.
pub(super) struct Answering<'a> {
    pub(super) app: &'a App,
    pub(super) ctx: &'a Ctx,
    pub(super) writer: Writer<'a>,
    /// By what the person proved who they are.
    pub(super) method: AnswerMethod,
    /// What happened in this transaction so far.
    pub(super) events: Vec<Event>,
}

impl Answering<'_> {
    /// Carries the answer out, whole or not at all.
    pub(super) async fn settle(mut self, id: ApprovalId, given: Given) -> Result<Approval> {
        let asked = rows::get(&mut self.writer, id).await?;
        let by = eligible::demand(&mut self.writer, self.ctx, &asked).await?;
        let (app, ctx) = (self.app, self.ctx);
        let approval = match given {
            Given::Grant(grant) => self.granted(asked, by, grant).await?,
            Given::Deny => self.denied(id, by).await?,
            Given::DenyAndBlock => self.denied_for_good(&asked, by).await?,
        };
        self.writer.commit_all(self.events).await?;
        app.snapshots.forget_agent(ctx.tenant, approval.agent);
        app.approvals_answered.send_modify(|count| *count += 1);
        Ok(approval)
    }

    async fn write_down(
        &mut self,
        id: ApprovalId,
        account: AccountId,
        word: AnswerWord,
        terms: Option<String>,
    ) -> Result<()> {
        let said = ApprovalAnswer { account, word, terms, method: self.method, at: self.ctx.now };
        approval_answers::insert(&mut self.writer, id, &said).await
    }

    fn note(&mut self, kind: EventKind, approval: &Approval, terms: Option<&str>) {
        let facts = serde_json::json!({
            "method": self.method,
            "terms": terms.and_then(|terms| serde_json::from_str::<serde_json::Value>(terms).ok()),
            "agreed": approval.agreed,
            "quorum": approval.quorum,
        });
        self.events.push(event_of(kind, approval).with_facts(&facts));
    }

    async fn granted(&mut self, asked: Approval, by: AccountId, grant: Grant) -> Result<Approval> {
        grant.check(&asked, self.ctx.now)?;
        let text = grant.text();
        let counted = rows::agree(&mut self.writer, asked.id).await?;
        self.write_down(asked.id, by, AnswerWord::Grant, Some(text.clone())).await?;
        if counted.agreed < counted.quorum || self.still_agree(&counted).await? < counted.quorum {
            self.note(EventKind::ApprovalAnswered, &counted, Some(&text));
            return Ok(counted);
        }
        let grant = self.agreed_on(&counted, grant, &text).await?;
        let mut terms = grant.terms(&counted);
        let Grant::Pattern(pattern) = &grant else {
            let granted = rows::grant(&mut self.writer, counted.id, &terms, by).await?;
            self.note(EventKind::ApprovalGranted, &granted, Some(&grant.text()));
            return Ok(granted);
        };
        // The pattern counts the policy version up; this ask goes on under the new one.
        terms.policy_version += 1;
        let granted = rows::grant(&mut self.writer, counted.id, &terms, by).await?;
        self.note(EventKind::ApprovalGranted, &granted, Some(&grant.text()));
        let added =
            permissions::add_in(self.app, self.ctx, &mut self.writer, granted.agent, (**pattern).clone())
                .await?;
        if added.policy_version != granted.policy_version {
            // Somebody changed the policy at the same time: what was shown is not what holds.
            return Err(Reason::ApprovalClosed.into());
        }
        self.events.push(added.event);
        Ok(granted)
    }

    /// How many of those who agreed may still answer: whoever has left, or lost the role since, has no say any longer.
    async fn still_agree(&mut self, approval: &Approval) -> Result<i64> {
        if approval.quorum <= 1 {
            return Ok(approval.agreed);
        }
        let rules = eligible::Rules::read(&mut self.writer, approval).await?;
        let people = rules.people(&mut self.writer).await?;
        let said = approval_answers::list(&mut self.writer, approval.id).await?;
        let may =
            |account: AccountId| people.iter().any(|one| one.may_answer && one.member.account == account);
        let agree = said.iter().filter(|answer| answer.word == AnswerWord::Grant && may(answer.account));
        i64::try_from(agree.count()).doing("count who agrees")
    }

    /// What all who agreed have in common: what they all said, or else one call, which each of them granted.
    async fn agreed_on(&mut self, approval: &Approval, grant: Grant, text: &str) -> Result<Grant> {
        if approval.quorum <= 1 {
            return Ok(grant);
        }
        let said = approval_answers::list(&mut self.writer, approval.id).await?;
        let is_one = said.iter().all(|answer| answer.terms.as_deref() == Some(text));
        Ok(if is_one { grant } else { Grant::Once })
    }

    async fn denied(&mut self, id: ApprovalId, by: AccountId) -> Result<Approval> {
        let denied = rows::deny(&mut self.writer, id, by).await?;
        self.write_down(id, by, AnswerWord::Deny, None).await?;
        self.note(EventKind::ApprovalDenied, &denied, None);
        Ok(denied)
    }

    async fn denied_for_good(&mut self, asked: &Approval, by: AccountId) -> Result<Approval> {
        let block = block_of(asked).ok_or_else(|| {
            Reason::FieldInvalid.because("The call cannot be read, so it cannot be blocked.")
        })?;
        let denied = self.denied(asked.id, by).await?;
        let added = permissions::add_in(self.app, self.ctx, &mut self.writer, asked.agent, block).await?;
        self.events.push(added.event);
        Ok(denied)
    }
}

/// Withdraws a waiting or granted approval: that narrows, so whoever manages agents may, beside those
/// who decide.
///
/// # Errors
/// `APPROVAL_CLOSED` when it is neither.
pub async fn cancel(app: &App, ctx: &Ctx, id: ApprovalId) -> Result<Approval> {
    if !ctx.actor.has(Scope::DecideApprovals) {
        ctx.actor.require(Scope::WriteAgents)?;
    }
    let mut writer = app.store.write(ctx).await?;
    let approval = rows::cancel(&mut writer, id).await?;
    writer.commit(event_of(EventKind::ApprovalCancelled, &approval)).await?;
    app.approvals_answered.send_modify(|count| *count += 1);
    Ok(approval)
}
