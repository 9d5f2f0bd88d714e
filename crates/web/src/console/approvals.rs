//! Approvals: the inbox, and one approval with the form by which it is answered. What one looks like is made in
//! `approval_sheet`, for these pages and for the one behind a link.

use super::{
    activity::{agent_names, name_of},
    agents::After,
    approval_sheet::{Choice, Typed, card, choice, sheet},
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    view::{
        approvals::{ApprovalCard, ApprovalCards, ApprovalPage, Approvals},
        drawer::ApiCall,
        entry::{DIGEST, HANDED_OVER, ShownOncePage},
        frame::Section,
        words::Problems,
    },
};
use crate::{
    extract::{Id as PathId, Query},
    form::Form,
    respond::Failure,
};
use axum::http::Uri;
use procura_app::approvals::{self, Given, Grant};
use procura_model::{
    AgentId, Approval, ApprovalId, ApprovalScope, ApprovalState, Error, PageAsk, Reason, Result,
};
use std::collections::BTreeMap;

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
        past: past.map(|approval| shown(&desk, &names, approval)).collect(),
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
    Ok(open.map(|approval| shown(desk, names, approval)).collect())
}

fn shown(desk: &Desk, names: &BTreeMap<AgentId, String>, approval: &Approval) -> ApprovalCard {
    card(desk.ctx().now, &name_of(names, approval.agent), approval)
}

/// One approval.
pub(super) async fn one(desk: Desk, PathId(id): PathId<ApprovalId>) -> Answer {
    page(&view(&desk, id, typed(id), Problems::none()).await?)
}

/// The form of one approval, with nothing in it yet.
fn typed(id: ApprovalId) -> Typed {
    Typed::nothing(format!("/approvals/{id}/answer"))
}

async fn view(desk: &Desk, id: ApprovalId, typed: Typed, problems: Problems) -> Result<ApprovalPage> {
    let detail = approvals::detail(desk.app(), desk.ctx(), id).await?;
    let calls = calls(desk, id);
    let mut frame = desk.frame("Approval", Section::Approvals).await?;
    frame.problems = problems;
    Ok(ApprovalPage { frame, sheet: sheet(desk.app(), desk.ctx(), detail, typed).await?, calls })
}

/// Only a person answers, in the console: the API reads an approval, and takes it back.
fn calls(desk: &Desk, id: ApprovalId) -> Vec<ApiCall> {
    vec![ApiCall::get("Read this approval", "read:approvals", desk.url(&format!("/v1/approvals/{id}")))]
}

/// A person agrees, for one call.
pub(super) async fn grant(desk: Desk, PathId(id): PathId<ApprovalId>, _sent: Form) -> Answer {
    give(&desk, id, Given::Grant(Grant::Once), typed(id)).await
}

/// A person refuses.
pub(super) async fn deny(desk: Desk, PathId(id): PathId<ApprovalId>, _sent: Form) -> Answer {
    give(&desk, id, Given::Deny, typed(id)).await
}

/// A person answers by the whole form.
pub(super) async fn answer(desk: Desk, PathId(id): PathId<ApprovalId>, sent: Form) -> Answer {
    let mut typed = typed(id);
    typed.pattern = Some(sent.fields.text("pattern").replace("\r\n", "\n")).filter(|text| !text.is_empty());
    match choice(&sent.fields, desk.ctx().now) {
        Ok(Choice::Given(given)) => give(&desk, id, given, typed).await,
        Ok(Choice::Preview(pattern)) => {
            match approvals::preview(desk.app(), desk.ctx(), id, (*pattern).clone()).await {
                Ok(seen) => typed.preview = Some((*pattern, seen)),
                Err(error) => return again(&desk, id, typed, error).await,
            }
            page(&view(&desk, id, typed, Problems::none()).await?)
        }
        Ok(Choice::Look) => page(&view(&desk, id, typed, Problems::none()).await?),
        Err(error) => again(&desk, id, typed, error).await,
    }
}

/// Somebody else may have been faster: then the page says so and shows how it stands.
async fn give(desk: &Desk, id: ApprovalId, given: Given, typed: Typed) -> Answer {
    let blocks = given == Given::DenyAndBlock;
    match approvals::answer(desk.app(), desk.ctx(), id, given).await {
        Ok(approval) => go(&format!("/approvals/{id}"), word(&approval, blocks)),
        Err(error) => again(desk, id, typed, error).await,
    }
}

fn word(approval: &Approval, blocks: bool) -> &'static str {
    match (approval.state, approval.scope) {
        (ApprovalState::Denied, _) if blocks => "denied-blocked",
        (ApprovalState::Denied, _) => "denied",
        (ApprovalState::Granted, Some(ApprovalScope::Pattern)) => "granted-pattern",
        (ApprovalState::Granted, Some(ApprovalScope::Once)) => "granted",
        (ApprovalState::Granted, _) => "granted-more",
        _ => "agreed",
    }
}

/// The page again, with what is wrong; or an error's page.
async fn again(desk: &Desk, id: ApprovalId, typed: Typed, error: Error) -> Answer {
    if !is_about_the_form(&error) {
        return Err(Failure(error));
    }
    let field = if typed.pattern.is_some() { "pattern" } else { "" };
    let problems = Problems::of(&error, if error.reason() == Reason::FieldInvalid { field } else { "" });
    wrong(error.reason().http(), &view(desk, id, typed, problems).await?)
}

/// A person takes a grant back.
pub(super) async fn cancel(desk: Desk, PathId(id): PathId<ApprovalId>, _sent: Form) -> Answer {
    match approvals::cancel(desk.app(), desk.ctx(), id).await {
        Ok(_) => go(&format!("/approvals/{id}"), "withdrawn"),
        Err(error) => again(&desk, id, typed(id), error).await,
    }
}

/// How a link to a question is used, where the server has this public URL.
fn how_to_use(public_url: &str) -> String {
    const RULE: &str = "Whoever has it answers in your name, so give it to nobody. It works once, within 15 minutes, and is shown this once.";
    let host = public_url.parse::<Uri>().ok().and_then(|url| url.host().map(str::to_owned));
    match host.as_deref() {
        Some("localhost" | "127.0.0.1" | "[::1]") => format!(
            "It opens on this machine alone: for a phone, set public_url to an address that the phone can reach. {RULE}"
        ),
        _ => format!("Open it on your phone. {RULE}"),
    }
}

/// Makes a link by which the person answers on another device, and shows it once.
pub(super) async fn make_link(desk: Desk, PathId(id): PathId<ApprovalId>, _sent: Form) -> Answer {
    match approvals::make_link(desk.app(), desk.ctx(), id).await {
        Ok(link) => page(&ShownOncePage {
            frame: desk.look.bare(desk.app(), "The link"),
            heading: "A link to this question",
            says: &how_to_use(&desk.app().settings.public_url),
            secret: link.url.show(),
            kept: DIGEST,
            done: HANDED_OVER,
            next: &format!("/approvals/{id}"),
        }),
        Err(error) => again(&desk, id, typed(id), error).await,
    }
}
