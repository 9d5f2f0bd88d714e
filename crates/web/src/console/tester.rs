//! The tester of an agent's policy: what would be decided if the agent asked this now. The same journey as
//! `POST /v1/verify/explain`: what was spent is read, nothing is held, nobody is asked, nothing is recorded.

use super::{
    agents::said,
    desk::{Answer, Desk, is_about_the_form, page, wrong},
    view::{
        drawer::ApiCall,
        frame::Section,
        tester::{AskForm, Tested, TesterPage},
        words::{Id, Problems, risk_word},
    },
};
use crate::{
    api::verify::VerifyBody,
    extract::{Id as PathId, Query},
    form::{Fields, Form},
    respond::Failure,
    sentence,
};
use procura_app::{agents, permissions, verify};
use procura_model::{AgentId, AgentStatus, Amount, Currency, Json, Permission, Reason, Result, SessionId};
use procura_policy::Explained;
use serde::Deserialize;

/// What the form begins with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    action: String,
    resource: String,
}

/// The policy with an empty tester.
pub(super) async fn look(desk: Desk, PathId(id): PathId<AgentId>, Query(wanted): Query<Wanted>) -> Answer {
    let action = if wanted.action.is_empty() { "tool.call".to_owned() } else { wanted.action };
    let form = AskForm { action, resource: wanted.resource, ..AskForm::default() };
    page(&view(&desk, id, form, Found::Nothing).await?)
}

/// The policy with what it would say.
pub(super) async fn test(desk: Desk, PathId(id): PathId<AgentId>, sent: Form) -> Answer {
    let form = typed(&sent.fields);
    let body = match body(id, &form) {
        Ok(body) => body,
        Err(problems) => return wrong(422, &view(&desk, id, form, Found::Wrong(problems)).await?),
    };
    let ask = match sentence::document::<VerifyBody>(&body.to_string()) {
        Ok(body) => body.ask().map_err(|Failure(error)| error),
        Err(wrong) => Err(Reason::FieldInvalid.because(wrong)),
    };
    let explained = match ask {
        Ok(ask) => verify::explain(desk.app(), desk.ctx(), ask).await,
        Err(error) => Err(error),
    };
    match explained {
        Ok(explained) => page(&view(&desk, id, form, Found::Answer(explained, body)).await?),
        Err(error) if is_about_the_form(&error) => {
            let problems = placed(&error);
            wrong(error.reason().http(), &view(&desk, id, form, Found::Wrong(problems)).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

fn typed(fields: &Fields) -> AskForm {
    let text = |name: &str| fields.text(name).replace("\r\n", "\n");
    AskForm {
        action: text("action"),
        resource: text("resource"),
        vendor: text("vendor"),
        amount: text("amount"),
        currency: text("currency"),
        args: text("args"),
        session: text("session"),
    }
}

/// The ask as the API takes it, or what cannot be read.
fn body(agent: AgentId, form: &AskForm) -> std::result::Result<Json, Problems> {
    let mut problems = Problems::none();
    if form.action.is_empty() {
        problems.add("action", "Name an action, such as tool.call or purchase.ticket.");
    }
    if !form.amount.is_empty() && form.amount.parse::<Amount>().is_err() {
        problems
            .add("amount", "The amount must be a decimal such as 742.00, with at most four decimal places.");
    }
    if !form.currency.is_empty() && form.currency.parse::<Currency>().is_err() {
        problems.add("currency", "A currency has three capital letters, such as USD.");
    }
    if !form.session.is_empty() && form.session.parse::<SessionId>().is_err() {
        problems.add("session", "A session is named by its id, ses_ and 26 characters.");
    }
    let args = match form.args.as_str() {
        "" => None,
        text => match Json::parse(text) {
            Ok(args @ Json::Map(_)) => Some(args),
            Ok(_) => {
                problems.add("args", "The arguments must be a JSON object.");
                None
            }
            Err(error) => {
                problems.add("args", format!("The arguments cannot be read as JSON: {error}."));
                None
            }
        },
    };
    if problems.any() {
        return Err(problems);
    }
    let text = |text: &str| Some(Json::Text(text.to_owned())).filter(|_| !text.is_empty());
    let members = [
        ("agentId", Some(Json::Text(agent.to_string()))),
        ("action", text(&form.action)),
        ("resource", text(&form.resource)),
        ("vendor", text(&form.vendor)),
        ("amount", text(&form.amount)),
        ("currency", text(&form.currency)),
        ("args", args),
        ("sessionId", text(&form.session)),
    ];
    let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Ok(Json::Map(given.collect()))
}

/// Where a refusal of the ask belongs.
fn placed(error: &procura_model::Error) -> Problems {
    const FIELDS: [&str; 5] = ["action", "resource", "vendor", "amount", "currency"];
    let about_session =
        matches!(error.reason(), Reason::SessionInvalid | Reason::SessionExpired | Reason::SessionRevoked);
    let named = FIELDS.into_iter().find(|field| error.sentence().starts_with(field));
    Problems::of(error, if about_session { "session" } else { named.unwrap_or("action") })
}

/// What came of the form.
enum Found {
    /// Nothing was asked.
    Nothing,
    /// It cannot be asked so.
    Wrong(Problems),
    /// The answer, and the ask as the API takes it.
    Answer(Explained, Json),
}

async fn view(desk: &Desk, id: AgentId, form: AskForm, found: Found) -> Result<TesterPage> {
    let agent = agents::get(desk.app(), desk.ctx(), id).await?;
    let own = permissions::list(desk.app(), desk.ctx(), id).await?;
    let mut frame = desk.frame("Policy", Section::Policies).await?;
    let url = desk.url("/v1/verify/explain");
    let (tested, calls) = match found {
        Found::Nothing => (None, Vec::new()),
        Found::Wrong(problems) => {
            frame.problems = problems;
            (None, Vec::new())
        }
        Found::Answer(explained, body) => {
            let call = ApiCall::send("Ask the same", "verify", ("POST", url), Some(&body));
            (Some(tested(explained, &own)), vec![call])
        }
    };
    Ok(TesterPage {
        frame,
        agent: (Id::of(id), agent.name.clone()),
        is_enabled: agent.status == AgentStatus::Enabled,
        version: agent.policy_version,
        permissions: own.iter().filter_map(said).collect(),
        form,
        tested,
        calls,
    })
}

fn tested(Explained { decision, near }: Explained, own: &[Permission]) -> Tested {
    let by = own.iter().find(|permission| permission.id.is_some() && permission.id == decision.permission);
    Tested {
        mark: decision.verdict.into(),
        code: decision.reason.code(),
        fix: decision.reason.fix(),
        sentence: decision.sentence.into_owned(),
        risk: risk_word(decision.risk),
        by: by.and_then(said),
        guardrail: decision.guardrail.map(Id::of),
        near: near.into_iter().map(|near| (near.permission.map(Id::of), near.sentence)).collect(),
    }
}
