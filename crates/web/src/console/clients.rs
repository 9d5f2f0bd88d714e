//! OAuth clients that people made.

use super::{
    desk::{Answer, Desk, go, page, wrong},
    view::{
        drawer::ApiCall,
        entry::{DIGEST, STORED, ShownOncePage},
        frame::Section,
        oauth_clients::{Choice, ClientPage, ClientRow, Clients, SecretRow},
        words::{Id, Problems},
    },
};
use crate::{
    extract::{Id as PathId, Ids, Query},
    form::{Fields, Form},
    operation::PageQuery,
    respond::Failure,
};
use procura_app::{
    agents,
    oauth::clients::{self, Draft, SecretShown},
};
use procura_model::{
    AgentId, Client, ClientAuth, ClientId, ClientSecretId, Error, Json, PageAsk, Reason, Result, Scope,
};

/// How a client shows itself, in words. Clients that sign are made through the API, where their keys fit.
const METHODS: [(&str, &str); 3] = [
    ("client_secret_basic", "A secret in the header (client_secret_basic)"),
    ("client_secret_post", "A secret in the body (client_secret_post)"),
    ("none", "Nothing: it runs on people's devices (none)"),
];

/// What was typed.
#[derive(Default)]
struct Typed {
    name: String,
    redirects: String,
    method: String,
    agent: String,
}

fn typed(fields: &Fields) -> Typed {
    let text = |name: &str| fields.text(name).trim().to_owned();
    Typed { name: text("name"), redirects: text("redirects"), method: text("method"), agent: text("agent") }
}

impl Typed {
    /// As RFC 7591 says it.
    fn draft(&self) -> Result<Draft> {
        let agent: Option<AgentId> = match self.agent.as_str() {
            "" => None,
            agent => Some(agent.parse().map_err(|_| Reason::NotFound)?),
        };
        let uris: Vec<&str> = self.redirects.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let mut grants = Vec::new();
        if !uris.is_empty() || agent.is_none() {
            grants.extend(["authorization_code", "refresh_token"]);
        }
        if agent.is_some() {
            grants.push("client_credentials");
        }
        let texts = |words: Vec<&str>| {
            Json::List(words.into_iter().map(|word| Json::Text(word.to_owned())).collect())
        };
        let text = |word: &str| Json::Text(word.to_owned());
        // Sorted by name, as every map of the house is.
        let metadata = Json::Map(vec![
            ("client_name".to_owned(), text(&self.name)),
            ("grant_types".to_owned(), texts(grants)),
            ("redirect_uris".to_owned(), texts(uris)),
            ("token_endpoint_auth_method".to_owned(), text(&self.method)),
        ]);
        Ok(Draft { metadata, agent })
    }
}

/// All of them, and the form of a new one.
pub(super) async fn list(desk: Desk, Query(query): Query<PageQuery>) -> Answer {
    let ask = query.ask()?;
    page(&listed(&desk, &ask, &Typed::default(), Problems::none()).await?)
}

async fn listed(desk: &Desk, ask: &PageAsk, typed: &Typed, problems: Problems) -> Result<Clients> {
    let found = clients::list(desk.app(), desk.ctx(), ask).await?;
    let agents = agents::list(desk.app(), desk.ctx(), &PageAsk::new(None, Some(200))).await?;
    let mut frame = desk.frame("OAuth clients", Section::Settings).await?;
    frame.problems = problems;
    let nobody =
        Choice { value: String::new(), word: "Nobody: a person lets it in".to_owned(), chosen: false };
    let choices = agents.items.into_iter().map(|agent| {
        let value = agent.id.to_string();
        Choice { chosen: value == typed.agent, value, word: agent.name }
    });
    let methods = METHODS.map(|(value, word)| Choice {
        value: value.to_owned(),
        word: word.to_owned(),
        chosen: value == typed.method,
    });
    let call = ApiCall::get("Read the clients", "read:clients", desk.url("/v1/clients"));
    Ok(Clients {
        frame,
        newest: ask.after.as_ref().map(|_| "/settings/clients"),
        older: found.next_cursor.map(|cursor| format!("/settings/clients?cursor={cursor}")),
        rows: found.items.into_iter().map(|client| row(desk, client)).collect(),
        called: typed.name.clone(),
        redirects: typed.redirects.clone(),
        methods: methods.into(),
        agents: std::iter::once(nobody).chain(choices).collect(),
        calls: vec![call],
    })
}

fn row(desk: &Desk, client: Client) -> ClientRow {
    ClientRow {
        id: Id::of(&client.id),
        name: client.name,
        method: client.metadata.token_endpoint_auth_method.as_str(),
        used: client.used_at.map(|at| desk.past(at)),
        is_disabled: client.disabled_at.is_some(),
    }
}

/// Where a refusal belongs.
fn placed(error: &Error) -> Problems {
    let field = match error.reason() {
        Reason::OauthRedirectInvalid => "redirects",
        Reason::FieldInvalid | Reason::NotFound => "agent",
        _ => "name",
    };
    Problems::of(error, field)
}

fn is_about_the_form(error: &Error) -> bool {
    matches!(
        error.reason(),
        Reason::OauthRedirectInvalid | Reason::OauthMetadataInvalid | Reason::FieldInvalid | Reason::NotFound
    )
}

/// Makes a client, and shows its secret once where it has one.
pub(super) async fn create(desk: Desk, form: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let typed = typed(&form.fields);
    let made = match typed.draft() {
        Ok(draft) => clients::create(desk.app(), desk.ctx(), draft).await,
        Err(error) => Err(error),
    };
    match made {
        Ok((client, None)) => go(&format!("/settings/clients/{}", client.id), "client-made"),
        Ok((client, Some(secret))) => shown(&desk, &client.id, &secret),
        Err(error) if is_about_the_form(&error) => {
            wrong(422, &listed(&desk, &PageAsk::default(), &typed, placed(&error)).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

fn shown(desk: &Desk, client: &ClientId, secret: &SecretShown) -> Answer {
    page(&ShownOncePage {
        frame: desk.look.bare(desk.app(), "The client's secret"),
        heading: "The client's secret",
        says: "The client shows it at the token endpoint. It is shown this once.",
        secret: secret.shown.show(),
        kept: DIGEST,
        done: STORED,
        next: &format!("/settings/clients/{client}"),
    })
}

/// One client.
pub(super) async fn one(desk: Desk, PathId(id): PathId<ClientId>) -> Answer {
    let client = clients::get(desk.app(), desk.ctx(), &id).await?;
    let secrets = clients::secrets_of(desk.app(), desk.ctx(), &id).await?;
    let frame = desk.frame(&client.name, Section::Settings).await?;
    let auth = client.metadata.token_endpoint_auth_method;
    let grants: Vec<&str> = client.metadata.grant_types.iter().map(|grant| grant.as_str()).collect();
    let secrets = secrets.into_iter().map(|secret| SecretRow {
        id: Id::of(secret.id),
        preview: secret.preview,
        made: desk.past(secret.created_at),
        ends: secret.expires_at.map(|at| desk.when(at)),
    });
    page(&ClientPage {
        frame,
        id: Id::of(&client.id),
        called: client.name,
        method: auth.as_str(),
        grants: grants.join(" "),
        redirects: client.metadata.redirect_uris,
        agent: client.agent.map(Id::of),
        used: client.used_at.map(|at| desk.past(at)),
        is_disabled: client.disabled_at.is_some(),
        has_secrets: matches!(auth, ClientAuth::Basic | ClientAuth::Post),
        secrets: secrets.collect(),
        calls: vec![ApiCall::get("Read this client", "read:clients", desk.url(&format!("/v1/clients/{id}")))],
    })
}

/// Disables a client.
pub(super) async fn disable(desk: Desk, PathId(id): PathId<ClientId>, _form: Form) -> Answer {
    clients::disable(desk.app(), desk.ctx(), &id).await?;
    go(&format!("/settings/clients/{id}"), "client-disabled")
}

/// Enables a client.
pub(super) async fn enable(desk: Desk, PathId(id): PathId<ClientId>, _form: Form) -> Answer {
    clients::enable(desk.app(), desk.ctx(), &id).await?;
    go(&format!("/settings/clients/{id}"), "client-enabled")
}

/// Removes a client.
pub(super) async fn remove(desk: Desk, PathId(id): PathId<ClientId>, _form: Form) -> Answer {
    clients::remove(desk.app(), desk.ctx(), &id).await?;
    go("/settings/clients", "client-removed")
}

/// Makes another secret and shows it once.
pub(super) async fn make_secret(desk: Desk, PathId(id): PathId<ClientId>, _form: Form) -> Answer {
    let secret = clients::make_secret(desk.app(), desk.ctx(), &id, None).await?;
    shown(&desk, &id, &secret)
}

/// Revokes a secret.
pub(super) async fn revoke_secret(
    desk: Desk,
    Ids(id, secret): Ids<ClientId, ClientSecretId>,
    _form: Form,
) -> Answer {
    clients::revoke_secret(desk.app(), desk.ctx(), &id, secret).await?;
    go(&format!("/settings/clients/{id}"), "client-secret-revoked")
}
