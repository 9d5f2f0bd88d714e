//! OAuth clients: all that act in the organization, and those that its people made, which they change here.

use super::{
    activity::agent_names,
    client_access,
    client_form::{self as form, Typed},
    consent::host,
    desk::{Answer, Desk, go, page, wrong},
    view::{
        drawer::ApiCall,
        entry::{DIGEST, STORED, ShownOncePage},
        frame::Section,
        oauth_clients::{ClientPage, ClientRow, Clients, MetPage, NewClient, SecretRow},
        visible::visible,
        words::{Id, Mark, Problems},
    },
};
use crate::{
    extract::{Id as PathId, Ids, Query},
    form::Form,
    oauth,
    respond::Failure,
};
use procura_app::oauth::clients::{self, ClientSecret, MetClient, SecretShown, blocks};
use procura_model::{
    Client, ClientAuth, ClientId, ClientKind, ClientSecretId, GrantType, Json, PageAsk, Reason, Result,
    Scope,
    oauth::redirect_uri,
    time::{DAY_MS, HOUR_MS, SECOND_MS},
};
use serde::Deserialize;

/// Where the clients are.
const HERE: &str = "/settings/clients";
/// The kinds to choose from.
const KINDS: [(&str, &str); 4] = [
    ("", "All"),
    (ClientKind::Manual.as_str(), "Made here"),
    (ClientKind::Registered.as_str(), "Registered themselves"),
    (ClientKind::Document.as_str(), "By document"),
];

/// Which list.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    kind: String,
    after: String,
    #[serde(rename = "done")]
    _done: String,
}

/// Which client that came by itself: its id can be a URL, which does not fit into a path.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Met {
    id: String,
    #[serde(rename = "done")]
    _done: String,
}

/// All of them.
pub(super) async fn list(desk: Desk, Query(asked): Query<Asked>) -> Answer {
    let kind: Option<ClientKind> = asked.kind.parse().ok();
    let after = Some(asked.after).filter(|after| !after.is_empty());
    let ask = PageAsk::new(after.clone(), None);
    let found = clients::list_met(desk.app(), desk.ctx(), kind, &ask).await?;
    let word = kind.map(ClientKind::as_str).unwrap_or_default();
    let at = |after: Option<&str>| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !word.is_empty() {
            query.append_pair("kind", word);
        }
        if let Some(after) = after {
            query.append_pair("after", after);
        }
        format!("{HERE}?{}", query.finish())
    };
    page(&Clients {
        frame: desk.frame("OAuth clients", Section::Settings).await?,
        kinds: KINDS.map(|(value, title)| (value, title, value == word)).into(),
        address: desk.url("/v1/mcp"),
        older: found.next_cursor.as_deref().map(|cursor| at(Some(cursor))),
        newest: after.map(|_| at(None)),
        rows: found.items.into_iter().map(|met| row(&desk, met)).collect(),
        calls: vec![
            ApiCall::get("Read the clients that were made here", "read:clients", desk.url("/v1/clients")),
            ApiCall::get("Read what people allowed", "read:grants", desk.url("/v1/grants")),
        ],
    })
}

fn row(desk: &Desk, met: MetClient) -> ClientRow {
    let MetClient { client, agent_name, grants, used_here, block } = met;
    ClientRow {
        href: address(&client),
        mark: if block.is_some() { Mark::denied("Kept out") } else { mark(&client) },
        host: comes_from(&client),
        kind: kind_word(client.kind),
        agent: client.agent.zip(agent_name).map(|(agent, name)| (Id::of(agent), visible(&name))),
        grants,
        used: used(&client, used_here).map(|at| desk.past(at)),
        name: visible(&client.name),
    }
}

/// Its page.
fn address(client: &Client) -> String {
    match client.kind {
        ClientKind::Manual => format!("{HERE}/{}", client.id),
        ClientKind::Registered | ClientKind::Document => met_address(&client.id),
    }
}

pub(super) fn met_address(id: &ClientId) -> String {
    let id: String = form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect();
    format!("{HERE}/met?id={id}")
}

const fn mark(client: &Client) -> Mark {
    if client.disabled_at.is_some() { Mark::denied("Disabled") } else { Mark::allowed("Enabled") }
}

const fn kind_word(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Manual => "made here",
        ClientKind::Registered => "registered itself",
        ClientKind::Document => "by document",
    }
}

/// When it was last seen. A client of the deployment is used elsewhere too, which is nobody's business here.
fn used(client: &Client, here: Option<procura_model::Time>) -> Option<procura_model::Time> {
    if client.kind == ClientKind::Manual { client.used_at.max(here) } else { here }
}

/// The host that describes it, or the first to which its answers go.
fn comes_from(client: &Client) -> String {
    if client.id.document_url().is_some() {
        return host(client.id.as_str());
    }
    match client.metadata.redirect_uris.as_slice() {
        [] => String::new(),
        [first, rest @ ..] => {
            let first =
                if redirect_uri::is_loopback(first) { "this computer".to_owned() } else { host(first) };
            if rest.is_empty() { first } else { format!("{first} +{}", rest.len()) }
        }
    }
}

/// The form of a new one.
pub(super) async fn new_page(desk: Desk) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    page(&new_view(&desk, &form::fresh(), Problems::none()).await?)
}

async fn new_view(desk: &Desk, typed: &Typed, problems: Problems) -> Result<NewClient> {
    let mut frame = desk.frame("Make a client", Section::Settings).await?;
    frame.problems = problems;
    Ok(NewClient { frame, form: typed.form(&agent_names(desk).await?), action: format!("{HERE}/new") })
}

/// Makes a client, and shows its secret once where it has one.
pub(super) async fn create(desk: Desk, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let typed = form::typed(&sent.fields);
    let draft = match typed.draft(None) {
        Ok(draft) => draft,
        Err(problems) => return wrong(422, &new_view(&desk, &typed, problems).await?),
    };
    match clients::create(desk.app(), desk.ctx(), draft).await {
        Ok((client, None)) => go(&format!("{HERE}/{}", client.id), "client-made"),
        Ok((client, Some(secret))) => shown(&desk, &client.id, &secret),
        Err(error) if form::is_about_the_form(&error) => {
            wrong(422, &new_view(&desk, &typed, form::placed(&error)).await?)
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
        next: &format!("{HERE}/{client}"),
    })
}

/// One client that people of the organization made.
pub(super) async fn one(desk: Desk, PathId(id): PathId<ClientId>) -> Answer {
    page(&view(&desk, &id, None, Problems::none()).await?)
}

async fn view(desk: &Desk, id: &ClientId, typed: Option<&Typed>, problems: Problems) -> Result<ClientPage> {
    let client = clients::get(desk.app(), desk.ctx(), id).await?;
    let secrets = clients::secrets_of(desk.app(), desk.ctx(), id).await?;
    let names = agent_names(desk).await?;
    let path = format!("{HERE}/{id}");
    let access = client_access::read(desk, id, &names, path.clone()).await?;
    let mut frame = desk.frame(&client.name, Section::Settings).await?;
    frame.problems = problems;
    let auth = client.metadata.token_endpoint_auth_method;
    let grants: Vec<&str> = client.metadata.grant_types.iter().map(|grant| grant.as_str()).collect();
    let written = form::written(&client);
    Ok(ClientPage {
        frame,
        id: Id::of(&client.id),
        called: client.name.clone(),
        mark: mark(&client),
        method: auth.as_str(),
        grants: grants.join(" "),
        redirects: client.metadata.redirect_uris.clone(),
        agent: client.agent.map(|agent| (Id::of(agent), names.get(&agent).cloned().unwrap_or_default())),
        made: desk.past(client.created_at),
        changed: desk.past(client.updated_at),
        used: client.used_at.map(|at| desk.past(at)),
        is_disabled: client.disabled_at.is_some(),
        has_secrets: matches!(auth, ClientAuth::Basic | ClientAuth::Post),
        secrets: secrets.iter().map(|secret| secret_row(desk, secret)).collect(),
        metadata: desk.url("/.well-known/oauth-authorization-server"),
        token_call: token_call(desk, &client),
        access,
        form: typed.unwrap_or(&written).form(&names),
        action: path,
        calls: calls(desk, &client),
    })
}

fn secret_row(desk: &Desk, secret: &ClientSecret) -> SecretRow {
    SecretRow {
        id: Id::of(secret.id),
        preview: secret.preview.clone(),
        made: desk.past(secret.created_at),
        ends: secret.expires_at.map(|at| desk.when(at)),
    }
}

/// How a client that comes alone gets its token, with a secret from the environment.
fn token_call(desk: &Desk, client: &Client) -> Option<String> {
    let url = desk.url("/oauth/token");
    let shows = match client.metadata.token_endpoint_auth_method {
        ClientAuth::Basic => format!("-u \"{}:$CLIENT_SECRET\"", client.id),
        ClientAuth::Post => format!("-d client_id={} -d \"client_secret=$CLIENT_SECRET\"", client.id),
        ClientAuth::None | ClientAuth::PrivateKeyJwt => return None,
    };
    client.may(GrantType::ClientCredentials).then(|| {
        format!("curl -sS {url} \\\n  {shows} \\\n  -d grant_type=client_credentials -d scope=tools")
    })
}

fn calls(desk: &Desk, client: &Client) -> Vec<ApiCall> {
    let url = desk.url(&format!("/v1/clients/{}", client.id));
    let mut body =
        serde_json::json!({ "metadata": serde_json::Value::Object(oauth::client_metadata(client)) });
    if let Some(agent) = client.agent
        && let Some(members) = body.as_object_mut()
    {
        members.insert("agentId".to_owned(), agent.to_string().into());
    }
    let put = Json::parse(&body.to_string()).ok();
    let overlap = Json::parse("{\"overlapSeconds\":3600}").ok();
    vec![
        ApiCall::get("Read this client", "read:clients", url.clone()),
        ApiCall::send("Replace what is said of it", "write:clients", ("PUT", url.clone()), put.as_ref()),
        ApiCall::send(
            "Rotate its secret",
            "write:clients",
            ("POST", format!("{url}/secrets")),
            overlap.as_ref(),
        ),
    ]
}

/// Changes a client.
pub(super) async fn change(desk: Desk, PathId(id): PathId<ClientId>, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let typed = form::typed(&sent.fields);
    let present = clients::get(desk.app(), desk.ctx(), &id).await?;
    let draft = match typed.draft(Some(&present)) {
        Ok(draft) => draft,
        Err(problems) => return wrong(422, &view(&desk, &id, Some(&typed), problems).await?),
    };
    match clients::change(desk.app(), desk.ctx(), &id, draft).await {
        Ok(_) => go(&format!("{HERE}/{id}"), "client-changed"),
        Err(error) if form::is_about_the_form(&error) => {
            wrong(422, &view(&desk, &id, Some(&typed), form::placed(&error)).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

/// Disables a client.
pub(super) async fn disable(desk: Desk, PathId(id): PathId<ClientId>, _form: Form) -> Answer {
    clients::disable(desk.app(), desk.ctx(), &id).await?;
    go(&format!("{HERE}/{id}"), "client-disabled")
}

/// Enables a client.
pub(super) async fn enable(desk: Desk, PathId(id): PathId<ClientId>, _form: Form) -> Answer {
    clients::enable(desk.app(), desk.ctx(), &id).await?;
    go(&format!("{HERE}/{id}"), "client-enabled")
}

/// Removes a client whose name was typed.
pub(super) async fn remove(desk: Desk, PathId(id): PathId<ClientId>, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let client = clients::get(desk.app(), desk.ctx(), &id).await?;
    if sent.fields.text("confirm") != client.name.trim() {
        let mut problems = Problems::none();
        problems.add("confirm", "Type the client's name exactly as it stands above.");
        return wrong(422, &view(&desk, &id, None, problems).await?);
    }
    clients::remove(desk.app(), desk.ctx(), &id).await?;
    go(HERE, "client-removed")
}

/// Makes another secret and shows it once.
pub(super) async fn make_secret(desk: Desk, PathId(id): PathId<ClientId>, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let overlap = match sent.fields.text("overlap") {
        "0" => Some(0),
        "hour" => Some(HOUR_MS / SECOND_MS),
        "day" => Some(DAY_MS / SECOND_MS),
        "week" => Some(7 * DAY_MS / SECOND_MS),
        _ => None,
    };
    match clients::make_secret(desk.app(), desk.ctx(), &id, overlap).await {
        Ok(secret) => shown(&desk, &id, &secret),
        Err(error) if error.reason() == Reason::FieldInvalid => {
            wrong(422, &view(&desk, &id, None, Problems::of(&error, "overlap")).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

/// Revokes a secret.
pub(super) async fn revoke_secret(
    desk: Desk,
    Ids(id, secret): Ids<ClientId, ClientSecretId>,
    _form: Form,
) -> Answer {
    clients::revoke_secret(desk.app(), desk.ctx(), &id, secret).await?;
    go(&format!("{HERE}/{id}"), "client-secret-revoked")
}

/// One client that came by itself.
pub(super) async fn met(desk: Desk, Query(asked): Query<Met>) -> Answer {
    let id: ClientId = asked.id.parse().map_err(|_| Reason::NotFound)?;
    let MetClient { client, used_here, block, .. } = clients::get_met(desk.app(), desk.ctx(), &id).await?;
    if client.kind == ClientKind::Manual {
        return go(&address(&client), "");
    }
    let names = agent_names(&desk).await?;
    let metadata = &client.metadata;
    let software = metadata.software_id.clone().map(|id| match &metadata.software_version {
        Some(version) => format!("{id}, {version}"),
        None => id,
    });
    let says = [
        ("Home page", metadata.client_uri.clone()),
        ("Terms", metadata.tos_uri.clone()),
        ("Privacy", metadata.policy_uri.clone()),
        ("Software", software),
        ("Contacts", Some(metadata.contacts.join(", "))),
    ];
    let says = says.into_iter().filter_map(|(name, value)| {
        value.filter(|value| !value.is_empty()).map(|value| (name, visible(&value)))
    });
    page(&MetPage {
        frame: desk.frame(&visible(&client.name), Section::Settings).await?,
        id: Id::of(&client.id),
        called: visible(&client.name),
        mark: if block.is_some() { Mark::denied("Kept out") } else { mark(&client) },
        block: block.map(Id::of),
        document: client.id.document_url().map(host),
        method: metadata.token_endpoint_auth_method.as_str(),
        redirects: metadata.redirect_uris.iter().map(|uri| visible(uri)).collect(),
        says: says.collect(),
        first: desk.past(client.created_at),
        used: used_here.map(|at| desk.past(at)),
        access: client_access::read(&desk, &id, &names, met_address(&id)).await?,
        calls: vec![
            ApiCall::get(
                "Read what people allowed it",
                "read:grants",
                desk.url(&format!("/v1/grants?clientId={}", client_query(&id))),
            ),
            ApiCall::get(
                "Read its sessions",
                "read:grants",
                desk.url(&format!("/v1/oauth-sessions?clientId={}", client_query(&id))),
            ),
        ],
    })
}

fn client_query(id: &ClientId) -> String {
    form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect()
}

/// Takes back everything that a client has here.
pub(super) async fn end_met(desk: Desk, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::RevokeGrants)?;
    let id: ClientId = sent.fields.text("id").parse().map_err(|_| Reason::NotFound)?;
    let met = clients::get_met(desk.app(), desk.ctx(), &id).await?;
    let ended = clients::end_met(desk.app(), desk.ctx(), &id).await?;
    go(&address(&met.client), if ended == 0 { "access-none" } else { "client-ended" })
}

/// Keeps a client out that came by itself.
pub(super) async fn keep_out(desk: Desk, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let id: ClientId = sent.fields.text("id").parse().map_err(|_| Reason::NotFound)?;
    match blocks::add(desk.app(), desk.ctx(), &id).await {
        Ok(_) => go(&met_address(&id), "client-kept-out"),
        // Somebody else did it meanwhile: it is as it was asked for.
        Err(error) if error.reason() == Reason::NameTaken => go(&met_address(&id), ""),
        Err(error) => Err(Failure(error)),
    }
}

/// Lets people let it in again.
pub(super) async fn let_in(desk: Desk, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let block = sent.fields.text("block").parse().map_err(|_| Reason::NotFound)?;
    let client = blocks::get(desk.app(), desk.ctx(), block).await?.client;
    blocks::remove(desk.app(), desk.ctx(), block).await?;
    // Nothing is known of one here that was kept out before it ever came.
    let is_known = clients::get_met(desk.app(), desk.ctx(), &client).await.is_ok();
    go(&if is_known { met_address(&client) } else { HERE.to_owned() }, "client-let-in")
}
