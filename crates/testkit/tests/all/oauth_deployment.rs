//! Clients of the deployment, which registered themselves or are named by a document: who can keep one out, for everybody
//! and for one organization, and how many there may be (OAU-2).

use super::{
    oauth_authorize::{allow, answer, ask, query, registered},
    oauth_tokens::{exchange, is_live, post, refused},
};
use procura_app::oauth::{arriving, clients};
use procura_egress::Purpose;
use procura_model::{Client, Origin, PageAsk, Reason, RequestId, Scope};
use procura_testkit::{
    process::{Process, command},
    secure::SecureHost,
    world::{Options, Reply, Shop, World},
};
use serde_json::{Value, json};

/// What a client holds whom the owner just let in.
struct Held {
    id: String,
    access: String,
    refresh: String,
}

impl Held {
    async fn of(w: &World, shop: &Shop, client: &Client) -> Self {
        let code = allow(&shop.owner, &query(client, &[])).await.remove("code").expect("a code");
        let got = exchange(w, client.id.as_str(), &code, &[]).await.ok();
        let id = client.id.to_string();
        Self { id, access: got.text_at("/access_token"), refresh: got.text_at("/refresh_token") }
    }

    async fn refresh(&self, w: &World) -> Reply {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", self.id.as_str()),
            ("refresh_token", self.refresh.as_str()),
        ];
        post(&w.http, "/oauth/token", &fields).await
    }
}

async fn disable(w: &World, client: &Client) {
    clients::deployment::disable_everywhere(&w.app, &client.id).await.unwrap();
}

async fn records(shop: &Shop, kind: &str) -> usize {
    let rows = shop.platform.get("/v1/changes?limit=200").send().await.ok();
    rows.at("/items").as_array().unwrap().iter().filter(|one| one["event"] == kind).count()
}

#[tokio::test]
async fn a_client_that_the_operator_disables_gets_and_keeps_nothing_anywhere() {
    let w = World::start().await;
    let (shop, rival) = (w.tenant("shop").await, w.tenant("rival").await);
    let client = registered(&w, |_| {}).await;
    let other = registered(&w, |_| {}).await;
    let (here, there) = (Held::of(&w, &shop, &client).await, Held::of(&w, &rival, &client).await);
    let bystander = Held::of(&w, &shop, &other).await;
    let open = ask(&shop.owner, &query(&client, &[])).await.ok();
    disable(&w, &client).await;
    assert!(!is_live(&shop, &here.access).await && !is_live(&rival, &there.access).await);
    refused(&here.refresh(&w).await, 401, "invalid_client");
    assert!(ask(&shop.owner, &query(&client, &[])).await.status >= 400, "a person is still asked");
    assert!(answer(&shop.owner, &open, &[]).await.status >= 400, "a page that stood open let it in");
    assert!(is_live(&shop, &bystander.access).await);
    bystander.refresh(&w).await.ok();
    // Once for the deployment, which is recorded in one of them, and once in each.
    let (here_told, there_told) =
        (records(&shop, "client.disabled").await, records(&rival, "client.disabled").await);
    assert!(here_told >= 1 && there_told >= 1 && here_told + there_told == 3, "{here_told} {there_told}");
    let grants = shop.platform.get(&format!("/v1/grants?clientId={}", client.id)).send().await.ok();
    assert_eq!(grants.at("/items"), json!([]), "what was allowed is taken back");
    disable(&w, &client).await;
    // Enabled again it begins anew.
    clients::deployment::enable_everywhere(&w.app, &client.id).await.unwrap();
    assert!(!is_live(&shop, &here.access).await);
    refused(&here.refresh(&w).await, 400, "invalid_grant");
    assert!(is_live(&shop, &Held::of(&w, &shop, &client).await.access).await);
    let all = clients::deployment::list_all(&w.app, &PageAsk::default()).await.unwrap();
    assert_eq!(all.items.iter().filter(|one| one.id == client.id || one.id == other.id).count(), 2);
}

#[tokio::test]
async fn the_operator_disables_no_organization_s_client_and_no_client_that_is_none() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let metadata = json!({"client_name": "Ours", "redirect_uris": ["https://a.example/cb"]});
    let own = shop.platform.post("/v1/clients", &json!({"metadata": metadata})).send().await.ok();
    for id in [own.text_at("/client/id"), "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C".to_owned()] {
        let id = id.parse().unwrap();
        let disabled = clients::deployment::disable_everywhere(&w.app, &id).await;
        assert_eq!(disabled.unwrap_err().reason(), Reason::NotFound);
        let enabled = clients::deployment::enable_everywhere(&w.app, &id).await;
        assert_eq!(enabled.unwrap_err().reason(), Reason::NotFound);
    }
    let all = clients::deployment::list_all(&w.app, &PageAsk::default()).await.unwrap();
    assert!(all.items.iter().all(|client| client.id.as_str() != own.text_at("/client/id")));
}

#[tokio::test]
async fn an_organization_keeps_a_client_out_for_itself_alone() {
    let w = World::start().await;
    let (shop, rival) = (w.tenant("shop").await, w.tenant("rival").await);
    let client = registered(&w, |_| {}).await;
    let (here, there) = (Held::of(&w, &shop, &client).await, Held::of(&w, &rival, &client).await);
    let open = ask(&shop.owner, &query(&client, &[])).await.ok();
    let body = json!({"clientId": client.id});
    let block = shop.platform.post("/v1/client-blocks", &body).send().await.ok();
    assert_eq!((block.status, block.text_at("/clientId")), (201, client.id.to_string()));
    assert!(!is_live(&shop, &here.access).await, "its token goes on");
    refused(&here.refresh(&w).await, 400, "invalid_grant");
    let let_in = answer(&shop.owner, &open, &[]).await;
    assert!(let_in.status >= 400 || !let_in.header("location").contains("code="), "it was let in");
    let grants = shop.platform.get(&format!("/v1/grants?clientId={}", client.id)).send().await.ok();
    assert_eq!(grants.at("/items"), json!([]));
    // Of the neighbour nothing is changed.
    assert!(is_live(&rival, &there.access).await);
    there.refresh(&w).await.ok();
    shop.platform.post("/v1/client-blocks", &body).send().await.refused(Reason::NameTaken);
    // Unblocked, people let it in anew.
    let path = format!("/v1/client-blocks/{}", block.text_at("/id"));
    shop.platform.delete(&path).send().await.ok();
    assert!(!is_live(&shop, &here.access).await);
    assert!(is_live(&shop, &Held::of(&w, &shop, &client).await.access).await);
    assert_eq!((records(&shop, "client.blocked").await, records(&shop, "client.unblocked").await), (1, 1));
}

#[tokio::test]
async fn a_block_is_its_organization_s_and_names_a_client_of_the_deployment() {
    let w = World::start().await;
    let (shop, rival) = (w.tenant("shop").await, w.tenant("rival").await);
    let url = "https://tool.example/client.json";
    let made = shop.platform.post("/v1/client-blocks", &json!({"clientId": url})).send().await.ok();
    let path = format!("/v1/client-blocks/{}", made.text_at("/id"));
    rival.platform.get(&path).send().await.refused(Reason::NotFound);
    rival.platform.delete(&path).send().await.refused(Reason::NotFound);
    assert_eq!(rival.platform.get("/v1/client-blocks").send().await.ok().at("/items"), json!([]));
    assert_eq!(shop.platform.get("/v1/client-blocks").send().await.ok().at("/items/0/clientId"), json!(url));
    assert_eq!(shop.platform.get(&path).send().await.ok().at("/clientId"), json!(url));
    let reader = shop.platform_key(&[Scope::ReadClients]).await;
    reader.get("/v1/client-blocks").send().await.ok();
    reader.post("/v1/client-blocks", &json!({"clientId": url})).send().await.refused(Reason::ScopeMissing);
    reader.delete(&path).send().await.refused(Reason::ScopeMissing);
    let metadata = json!({"client_name": "Ours", "redirect_uris": ["https://a.example/cb"]});
    let own = shop.platform.post("/v1/clients", &json!({"metadata": metadata})).send().await.ok();
    let own = json!({"clientId": own.text_at("/client/id")});
    shop.platform.post("/v1/client-blocks", &own).send().await.refused(Reason::FieldInvalid);
    for bad in [json!({"clientId": "x"}), json!({"clientId": "http://a.example/c"}), json!({})] {
        assert!(shop.platform.post("/v1/client-blocks", &bad).send().await.status >= 400, "{bad}");
    }
}

#[tokio::test]
async fn keeping_out_a_neighbour_s_client_shows_nothing_of_it_and_changes_nothing_there() {
    let w = World::start().await;
    let (shop, rival) = (w.tenant("shop").await, w.tenant("rival").await);
    let metadata = json!({"client_name": "Project Heron", "redirect_uris": ["https://heron.example/cb"]});
    let made = shop.platform.post("/v1/clients", &json!({"metadata": metadata})).send().await.ok();
    let id = made.text_at("/client/id");
    let nobody = registered(&w, |_| {}).await.id.to_string().replace("cli_0", "cli_1");
    let page = async |id: &str| rival.owner.page(&format!("/settings/clients/met?id={id}")).await;
    assert_eq!(page(&id).await.status, page(&nobody).await.status, "that it is there is told");
    for client in [&id, &nobody] {
        rival.platform.post("/v1/client-blocks", &json!({"clientId": client})).send().await.ok();
    }
    assert_eq!(page(&id).await.status, page(&nobody).await.status, "that it is there is told");
    for text in [rival.owner.page("/settings/clients").await.text(), page(&id).await.text()] {
        assert!(!text.contains("Heron") && !text.contains("heron.example"), "{text}");
    }
    let here = shop.platform.get(&format!("/v1/clients/{id}")).send().await.ok();
    assert_eq!((here.text_at("/name"), here.at("/disabledAt")), ("Project Heron".to_owned(), json!(null)));
}

async fn named(w: &World, id: &str) -> Result<Client, Reason> {
    let now = w.clock.now();
    let ctx = arriving(&w.app, RequestId::new(now, &w.app.entropy), now, Origin::default()).await.unwrap();
    clients::find(&w.app, &ctx, &id.parse().unwrap()).await.map_err(|error| error.reason())
}

fn document(host: &SecureHost, path: &str) -> Value {
    json!({"client_id": host.url(path), "client_name": path, "redirect_uris": ["https://client.example/cb"],
        "token_endpoint_auth_method": "none"})
}

async fn with_documents(adjust: impl FnOnce(&mut procura_app::Settings)) -> Option<(World, SecureHost)> {
    let Some(host) = SecureHost::start("client.example").await else {
        eprintln!("NOT TESTED: this machine has no private address beside the loopback");
        return None;
    };
    let store = procura_store::testing::fresh().await;
    let w = World::start_adjusted(store, Options::default(), Some(host.authority()), adjust).await;
    w.tenant("shop").await;
    w.resolver.point("client.example", host.address());
    w.allow_url_for(Purpose::ClientMetadata, &host.url("/"));
    for path in ["/one", "/two", "/three"] {
        host.put(path, document(&host, path));
    }
    Some((w, host))
}

#[tokio::test]
async fn documents_are_counted_for_each_address_and_in_all() {
    let bounds: [fn(&mut procura_app::Settings); 2] =
        [|settings| settings.oauth.unused_clients = 2, |settings| settings.oauth.max_documents = 2];
    for adjust in bounds {
        let Some((w, host)) = with_documents(adjust).await else { return };
        named(&w, &host.url("/one")).await.unwrap();
        named(&w, &host.url("/two")).await.unwrap();
        assert_eq!(named(&w, &host.url("/three")).await, Err(Reason::RateLimited));
        assert_eq!(host.visits("/three"), 0, "we asked where a stranger said all the same");
        // Those that are known stay.
        w.advance_ms(10 * procura_model::time::MINUTE_MS);
        named(&w, &host.url("/one")).await.unwrap();
    }
}

#[tokio::test]
async fn where_the_operator_wants_no_documents_there_are_none() {
    let Some((w, host)) = with_documents(|settings| settings.oauth.documents = false).await else { return };
    assert_eq!(named(&w, &host.url("/one")).await, Err(Reason::OauthDocumentInvalid));
    assert_eq!(host.visits("/one"), 0);
    let id = host.url("/one");
    let fields = [("grant_type", "refresh_token"), ("client_id", id.as_str()), ("refresh_token", "x")];
    assert!(post(&w.http, "/oauth/token", &fields).await.status >= 400);
    let server = w.http.get("/.well-known/oauth-authorization-server").send().await.ok();
    assert_eq!(server.at("/client_id_metadata_document_supported"), json!(false));
}

#[tokio::test]
async fn a_document_s_client_that_was_disabled_is_not_asked_for_again() {
    let Some((w, host)) = with_documents(|_| {}).await else { return };
    let id = host.url("/one");
    let client = named(&w, &id).await.unwrap();
    disable(&w, &client).await;
    w.advance_ms(40 * procura_model::time::DAY_MS);
    w.settle().await;
    assert_eq!(named(&w, &id).await, Err(Reason::OauthClientInvalid), "it came back after its time");
    assert_eq!(host.visits("/one"), 1);
}

/// The command speaks to the server that runs, which alone may write to its database.
#[tokio::test]
async fn the_operator_lists_disables_and_enables_clients_at_the_terminal() {
    let process = Process::start("").await;
    process.found().await;
    let said = |args: &[&str]| {
        let output = command(process.folder())
            .args(["clients", "--data-dir", "data"])
            .args(args)
            .output()
            .expect("the command runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    };
    let body = json!({"client_name": "Tool", "redirect_uris": ["http://127.0.0.1/cb"],
        "token_endpoint_auth_method": "none"});
    let register = async || process.http().post("/oauth/register", &body).send().await;
    let id = register().await.ok().text_at("/client_id");
    let (is_done, list) = said(&["list"]);
    assert!(is_done && list.contains(&id) && list.contains("Tool") && list.contains("never used"), "{list}");
    let (is_done, told) = said(&["disable", &id]);
    assert!(is_done && told.contains("Disabled everywhere"), "{told}");
    assert!(said(&["list"]).1.contains("disabled 20"));
    let device =
        process.http().call(http::Method::POST, "/oauth/device").form(&[("client_id", &id)]).send().await;
    refused(&device, 401, "invalid_client");
    let again = register().await;
    assert_eq!((again.status, again.text_at("/error")), (400, "invalid_client_metadata".to_owned()));
    let (is_done, told) = said(&["enable", &id]);
    assert!(is_done && told.contains("Enabled"), "{told}");
    assert_eq!(register().await.ok().text_at("/client_id"), id);
    let (is_done, told) = said(&["disable", "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"]);
    assert!(!is_done && told.contains("procura clients list"), "{told}");
}
