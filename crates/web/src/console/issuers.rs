//! Trusted issuers: whose assertions about people the organization believes (ID-JAG).

use super::{
    activity::agent_names,
    client_form::agent_choices,
    desk::{Answer, Desk, go, page, wrong},
    view::{
        drawer::ApiCall,
        frame::Section,
        guarded::{IssuerForm, IssuerList, IssuerPage, IssuerRow},
        oauth_clients::Choice,
        visible::visible,
        words::{Id, Problems},
    },
};
use crate::{
    extract::Id as PathId,
    form::{Fields, Form},
    respond::Failure,
};
use procura_app::oauth::issuers;
use procura_model::{
    AgentId, ClientId, Error, IssuerId, Json, Reason, Result, Scope, TrustedIssuer, oauth::IssuerSettings,
};
use std::collections::BTreeMap;

/// Where the issuers are.
const HERE: &str = "/settings/issuers";

/// All of them.
pub(super) async fn list(desk: Desk) -> Answer {
    let trusted = issuers::list(desk.app(), desk.ctx()).await?;
    let names = agent_names(&desk).await?;
    let row = |one: TrustedIssuer| IssuerRow {
        id: Id::of(one.id),
        issuer: one.issuer,
        keys: one.settings.jwks_uri,
        agent: one.settings.agent.map(|agent| {
            let name = names.get(&agent).map(|name| visible(name)).unwrap_or_else(|| Id::of(agent).short());
            (Id::of(agent), name)
        }),
        changed: desk.past(one.updated_at),
    };
    page(&IssuerList {
        rows: trusted.into_iter().map(row).collect(),
        frame: desk.frame("Trusted issuers", Section::Settings).await?,
        calls: vec![ApiCall::get("Read the trusted issuers", "read:clients", desk.url("/v1/issuers"))],
    })
}

/// What was typed.
#[derive(Clone, Debug, Default)]
struct Typed {
    issuer: String,
    jwks_uri: String,
    tenant: String,
    agent: String,
    clients: String,
}

fn typed(fields: &Fields) -> Typed {
    let text = |name: &str| fields.text(name).to_owned();
    Typed {
        issuer: text("issuer"),
        jwks_uri: text("jwks_uri"),
        tenant: text("tenant"),
        agent: text("agent"),
        clients: text("clients"),
    }
}

fn written(one: &TrustedIssuer) -> Typed {
    let IssuerSettings { jwks_uri, agent, tenant, clients } = one.settings.clone();
    let clients: Vec<String> = clients.iter().map(ToString::to_string).collect();
    Typed {
        issuer: one.issuer.clone(),
        jwks_uri,
        tenant: tenant.unwrap_or_default(),
        agent: agent.map(|agent| agent.to_string()).unwrap_or_default(),
        clients: clients.join("\n"),
    }
}

impl Typed {
    fn form(self, names: &BTreeMap<AgentId, String>) -> IssuerForm {
        let nobody = Choice {
            value: String::new(),
            word: "The client's own agent alone".to_owned(),
            chosen: self.agent.is_empty(),
        };
        let mut agents = vec![nobody];
        agents.extend(agent_choices(names, &self.agent));
        IssuerForm {
            issuer: self.issuer,
            jwks_uri: self.jwks_uri,
            tenant: self.tenant,
            agents,
            clients: self.clients,
        }
    }

    fn settings(&self) -> Result<IssuerSettings, Problems> {
        let mut problems = Problems::none();
        let agent = match self.agent.as_str() {
            "" => None,
            agent => agent.parse().map_err(|_| problems.add("agent", "There is no such agent.")).ok(),
        };
        let mut clients: Vec<ClientId> = Vec::new();
        for line in self.clients.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.parse() {
                Ok(client) => clients.push(client),
                Err(error) => problems.add("clients", format!("{line} cannot be used: {error}.")),
            }
        }
        if problems.any() {
            return Err(problems);
        }
        let tenant = Some(self.tenant.clone()).filter(|tenant| !tenant.is_empty());
        Ok(IssuerSettings { jwks_uri: self.jwks_uri.clone(), agent, tenant, clients })
    }
}

/// Where a refusal belongs: its sentence begins with the member's name.
fn placed(error: &Error) -> Problems {
    let mut problems = Problems::none();
    match error.reason() {
        Reason::NameTaken => problems.add("issuer", "This issuer is trusted already."),
        Reason::NotFound => problems.add("agent", "There is no such agent."),
        _ => {
            let starts = |(member, _): &&(&str, &str)| error.sentence().starts_with(*member);
            let field = MEMBERS.iter().find(starts).map_or("", |(_, field)| *field);
            return Problems::of(error, field);
        }
    }
    problems
}

const MEMBERS: [(&str, &str); 4] =
    [("issuer", "issuer"), ("jwksUri", "jwks_uri"), ("tenant", "tenant"), ("clients", "clients")];

fn is_about(error: &Error) -> bool {
    matches!(
        error.reason(),
        Reason::FieldInvalid | Reason::NameTaken | Reason::NotFound | Reason::StateChanged
    )
}

/// The form of a new one.
pub(super) async fn new_page(desk: Desk) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    page(&new_view(&desk, Typed::default(), Problems::none()).await?)
}

async fn new_view(desk: &Desk, typed: Typed, problems: Problems) -> Result<IssuerPage> {
    let mut frame = desk.frame("Trust an issuer", Section::Settings).await?;
    frame.problems = problems;
    Ok(IssuerPage {
        frame,
        known: None,
        form: typed.form(&agent_names(desk).await?),
        action: format!("{HERE}/new"),
        audience: desk.app().settings.public_url.clone(),
        calls: vec![ApiCall::get("Read the trusted issuers", "read:clients", desk.url("/v1/issuers"))],
    })
}

/// Trusts an issuer.
pub(super) async fn add(desk: Desk, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let typed = typed(&sent.fields);
    let settings = match typed.settings() {
        Ok(settings) => settings,
        Err(problems) => return wrong(422, &new_view(&desk, typed, problems).await?),
    };
    match issuers::add(desk.app(), desk.ctx(), &typed.issuer, settings).await {
        Ok(one) => go(&format!("{HERE}/{}", one.id), "issuer-trusted"),
        Err(error) if is_about(&error) => wrong(422, &new_view(&desk, typed, placed(&error)).await?),
        Err(error) => Err(Failure(error)),
    }
}

/// One trusted issuer.
pub(super) async fn one(desk: Desk, PathId(id): PathId<IssuerId>) -> Answer {
    page(&view(&desk, id, None, Problems::none()).await?)
}

async fn view(desk: &Desk, id: IssuerId, typed: Option<Typed>, problems: Problems) -> Result<IssuerPage> {
    let one = issuers::get(desk.app(), desk.ctx(), id).await?;
    let mut frame = desk.frame("Trusted issuer", Section::Settings).await?;
    frame.problems = problems;
    let url = desk.url(&format!("/v1/issuers/{id}"));
    let typed = Typed { issuer: one.issuer.clone(), ..typed.unwrap_or_else(|| written(&one)) };
    Ok(IssuerPage {
        frame,
        known: Some((Id::of(id), desk.past(one.updated_at))),
        form: typed.form(&agent_names(desk).await?),
        action: format!("{HERE}/{id}"),
        audience: desk.app().settings.public_url.clone(),
        calls: vec![
            ApiCall::get("Read this issuer", "read:clients", url.clone()),
            ApiCall::send("Change it", "write:clients", ("PUT", url), present(&one).as_ref()),
        ],
    })
}

/// What somebody would send to leave it as it is.
fn present(one: &TrustedIssuer) -> Option<Json> {
    let IssuerSettings { jwks_uri, agent, tenant, clients } = &one.settings;
    let mut body = serde_json::json!({ "jwksUri": jwks_uri, "clients": clients });
    let members = body.as_object_mut()?;
    if let Some(agent) = agent {
        members.insert("agentId".to_owned(), agent.to_string().into());
    }
    if let Some(tenant) = tenant {
        members.insert("tenant".to_owned(), tenant.as_str().into());
    }
    Json::parse(&body.to_string()).ok()
}

/// Changes a trusted issuer.
pub(super) async fn change(desk: Desk, PathId(id): PathId<IssuerId>, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    issuers::get(desk.app(), desk.ctx(), id).await?;
    let typed = typed(&sent.fields);
    let settings = match typed.settings() {
        Ok(settings) => settings,
        Err(problems) => return wrong(422, &view(&desk, id, Some(typed), problems).await?),
    };
    match issuers::change(desk.app(), desk.ctx(), id, settings).await {
        Ok(_) => go(&format!("{HERE}/{id}"), "issuer-changed"),
        Err(error) if is_about(&error) => wrong(422, &view(&desk, id, Some(typed), placed(&error)).await?),
        Err(error) => Err(Failure(error)),
    }
}

/// Trusts an issuer no longer.
pub(super) async fn remove(desk: Desk, PathId(id): PathId<IssuerId>, _form: Form) -> Answer {
    issuers::remove(desk.app(), desk.ctx(), id).await?;
    go(HERE, "issuer-removed")
}
