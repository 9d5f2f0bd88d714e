//! Approvals. Everything on these pages comes from the stored canonical ask, which is what the
//! answer is bound to: an agent cannot show a person one call and have another one approved.

use super::{
    activity::{agent_names, name_of},
    agents::After,
    desk::{Answer, Desk, go, page, wrong},
    view::{
        approvals::{ApprovalCard, ApprovalCards, ApprovalPage, Approvals},
        drawer::ApiCall,
        facts::{Fact, flatten, plain, pretty},
        frame::Section,
        words::{Id, Problems},
    },
};
use crate::{
    extract::{Id as PathId, Query},
    form::Form,
    respond::Failure,
};
use procura_app::{approvals, members};
use procura_model::{
    AgentId, Approval, ApprovalId, ApprovalState, Currency, Error, Json, PageAsk, Reason, Result,
};
use std::collections::BTreeMap;

/// How many arguments a card shows; the page shows all.
const MAX_FACTS: usize = 6;

/// The inbox.
pub(super) async fn inbox(desk: Desk, Query(after): Query<After>) -> Answer {
    let names = agent_names(&desk).await?;
    let ask = PageAsk::new(after.cursor(), None);
    let found = approvals::list(desk.app(), desk.ctx(), None, &ask).await?;
    let past = found.items.iter().filter(|approval| approval.state != ApprovalState::Waiting);
    let frame = desk.frame("Approvals", Section::Approvals).await?;
    page(&Approvals {
        inbox: ApprovalCards { frame: frame.clone(), waiting: waiting(&desk, &names).await? },
        frame,
        past: past.map(|approval| card(&desk, &names, approval)).collect(),
        newest: after.cursor().map(|_| "/approvals".to_owned()),
        older: found.next_cursor.map(|cursor| format!("/approvals?after={cursor}")),
    })
}

/// What waits, for the refresh.
pub(super) async fn refresh(desk: Desk) -> Answer {
    let names = agent_names(&desk).await?;
    let frame = desk.frame("Approvals", Section::Approvals).await?;
    page(&ApprovalCards { frame, waiting: waiting(&desk, &names).await? })
}

async fn waiting(desk: &Desk, names: &BTreeMap<AgentId, String>) -> Result<Vec<ApprovalCard>> {
    let state = Some(ApprovalState::Waiting);
    let found = approvals::list(desk.app(), desk.ctx(), state, &PageAsk::default()).await?;
    let open = found.items.iter().filter(|approval| approval.expires_at > desk.ctx().now);
    Ok(open.map(|approval| card(desk, names, approval)).collect())
}

/// The ask as it is stored; nothing of it where it cannot be read.
fn ask_of(approval: &Approval) -> Json {
    Json::parse(&approval.canonical_ask).unwrap_or(Json::Null)
}

fn member(ask: &Json, name: &str) -> Option<String> {
    ask.member(name).filter(|value| **value != Json::Null).map(plain)
}

/// The amount with its currency. Where the ask names none it is the permission's, and the sentence of
/// the decision says which; a person must never agree to a bare number.
fn amount(ask: &Json, sentence: &str) -> Option<String> {
    let amount = member(ask, "amount")?;
    let currency = member(ask, "currency").or_else(|| currency_in(sentence, &amount));
    Some(match currency {
        Some(currency) => format!("{amount} {currency}"),
        None => format!("{amount} (currency of the permission)"),
    })
}

/// The currency that the sentence names behind this amount.
fn currency_in(sentence: &str, amount: &str) -> Option<String> {
    let mut words = sentence.split_ascii_whitespace();
    words.find(|word| *word == amount)?;
    let word = words.next()?.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    word.parse::<Currency>().ok().map(|currency| currency.to_string())
}

fn card(desk: &Desk, names: &BTreeMap<AgentId, String>, approval: &Approval) -> ApprovalCard {
    let ask = ask_of(approval);
    let mut facts = ask.member("args").map(flatten).unwrap_or_default();
    if facts.len() > MAX_FACTS {
        let more = facts.len() - MAX_FACTS;
        facts.truncate(MAX_FACTS);
        facts.push(Fact::new("and", format!("{more} more arguments")));
    }
    ApprovalCard {
        id: Id::of(approval.id),
        mark: approval.state.into(),
        is_waiting: approval.state == ApprovalState::Waiting && approval.expires_at > desk.ctx().now,
        is_granted: approval.state == ApprovalState::Granted,
        agent: (Id::of(approval.agent), name_of(names, approval.agent)),
        user: approval.user.as_ref().map(|user| Id(user.0.clone())),
        action: member(&ask, "action").unwrap_or_default(),
        resource: member(&ask, "resource").unwrap_or_default(),
        amount: amount(&ask, &approval.sentence),
        facts,
        sentence: approval.sentence.clone(),
        created: desk.past(approval.created_at),
        expires: desk.when(approval.expires_at),
    }
}

/// One approval.
pub(super) async fn one(desk: Desk, PathId(id): PathId<ApprovalId>) -> Answer {
    page(&view(&desk, id, Problems::none()).await?)
}

async fn view(desk: &Desk, id: ApprovalId, problems: Problems) -> Result<ApprovalPage> {
    let approval = approvals::get(desk.app(), desk.ctx(), id).await?;
    let names = agent_names(desk).await?;
    let ask = ask_of(&approval);
    let decided_by = match approval.decided_by {
        None => None,
        Some(account) => {
            let members = members::list(desk.app(), desk.ctx()).await.unwrap_or_default();
            let found = members.into_iter().find(|member| member.account == account);
            Some(found.map_or_else(|| account.to_string(), |member| member.email))
        }
    };
    let mut frame = desk.frame("Approval", Section::Approvals).await?;
    frame.problems = problems;
    Ok(ApprovalPage {
        frame,
        card: card(desk, &names, &approval),
        arguments: ask.member("args").filter(|args| **args != Json::Null).map(pretty),
        vendor: member(&ask, "vendor"),
        permission: approval.permission.map(Id::of),
        policy_version: approval.policy_version,
        digest: approval.digest.hex(),
        asked_in: Id::of(approval.asked_in),
        decided_by,
        decided: approval.decided_at.map(|at| desk.when(at)),
        consumed_in: approval.consumed_in.map(Id::of),
        calls: calls(desk, &approval),
    })
}

/// Only a person answers, in the console: the API reads an approval, and takes it back.
fn calls(desk: &Desk, approval: &Approval) -> Vec<ApiCall> {
    vec![ApiCall::get(
        "Read this approval",
        "read:approvals",
        desk.url(&format!("/v1/approvals/{}", approval.id)),
    )]
}

/// A person agrees.
pub(super) async fn grant(desk: Desk, PathId(id): PathId<ApprovalId>, _sent: Form) -> Answer {
    let result = approvals::grant(desk.app(), desk.ctx(), id).await;
    answered(&desk, id, result, "granted").await
}

/// A person refuses.
pub(super) async fn deny(desk: Desk, PathId(id): PathId<ApprovalId>, _sent: Form) -> Answer {
    let result = approvals::deny(desk.app(), desk.ctx(), id).await;
    answered(&desk, id, result, "denied").await
}

/// A person takes a grant back.
pub(super) async fn cancel(desk: Desk, PathId(id): PathId<ApprovalId>, _sent: Form) -> Answer {
    let result = approvals::cancel(desk.app(), desk.ctx(), id).await;
    answered(&desk, id, result, "withdrawn").await
}

/// Somebody else may have been faster: then the page says so and shows how it stands.
async fn answered(desk: &Desk, id: ApprovalId, result: Result<Approval>, done: &str) -> Answer {
    match result {
        Ok(_) => go(&format!("/approvals/{id}"), done),
        Err(error) if is_closed(&error) => {
            wrong(error.reason().http(), &view(desk, id, Problems::of(&error, "")).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

fn is_closed(error: &Error) -> bool {
    matches!(error.reason(), Reason::ApprovalClosed | Reason::SelfApproval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_never_shown_without_a_currency() {
        let ask = |text: &str| Json::parse(text).unwrap();
        let bare = ask(r#"{"amount":"142.00","currency":null}"#);
        let sentence = "A person must approve: the amount 142.00 USD is above 100.00 EUR (per_1).";
        assert_eq!(amount(&bare, sentence).unwrap(), "142.00 USD");
        assert_eq!(
            amount(&bare, "A person must approve every such call (per_1).").unwrap(),
            "142.00 (currency of the permission)"
        );
        let named = ask(r#"{"amount":"142.00","currency":"EUR"}"#);
        assert_eq!(amount(&named, sentence).unwrap(), "142.00 EUR");
        assert_eq!(amount(&ask("{}"), sentence), None);
    }
}
