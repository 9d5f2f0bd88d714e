//! The real binary at its most talkative, a business around it, and everything that anybody was answered, kept for the
//! search.

use super::{
    business::Business,
    plants::{Id, Kind, Plants, Somebody, USERS, text_of},
};
use parking_lot::Mutex;
use procura_store::{StoreSettings, testing};
use procura_testkit::{
    process::{PASSWORD, Process, variable},
    world::{Call, Http, Reply},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashSet},
    fs,
    sync::Arc,
};

/// Something that left the house, and what may stand in it.
pub(super) struct Outlet {
    /// What it is.
    pub(super) place: String,
    /// All of it.
    pub(super) bytes: Vec<u8>,
    /// What may stand in it.
    pub(super) may: HashSet<Id>,
}

/// The one who signs in to the console.
pub(super) struct Owner {
    /// A browser with the cookie.
    pub(super) browser: Http,
    form_token: String,
}

/// An agent with its key.
#[derive(Clone)]
pub(super) struct Agent {
    /// Its id.
    pub(super) id: String,
    /// A client with its key, and the session in which it acts.
    pub(super) http: Http,
}

/// The whole.
pub(super) struct House {
    /// The server.
    pub(super) process: Process,
    /// Its database.
    pub(super) rows: StoreSettings,
    /// What the business runs itself.
    pub(super) business: Business,
    /// What was planted.
    pub(super) plants: Plants,
    /// The users.
    pub(super) people: Arc<Vec<Somebody>>,
    /// A client with a platform key.
    pub(super) platform: Http,
    outlets: Mutex<Vec<Outlet>>,
    requests: Mutex<BTreeSet<String>>,
}

impl House {
    /// Starts everything, and plants the users.
    pub(super) async fn new() -> Self {
        let people: Arc<Vec<Somebody>> = Arc::new((0..USERS).map(Somebody::new).collect());
        let business = Business::start(&people).await;
        let rows = if variable("TEST_DATABASE").as_deref() == Some("postgres") {
            testing::postgres_settings()
        } else {
            StoreSettings { url: String::new(), schema: None, max_connections: 4 }
        };
        let process = Process::start_logging("trace", &configuration(&rows, &business).await).await;
        let file = process.folder().join("data/procura.db");
        let rows = match rows.schema {
            Some(_) => rows,
            None => StoreSettings { url: format!("sqlite:{}", file.display()), ..rows },
        };
        let founder = process.found().await;
        let plants = Plants::default();
        for person in people.iter() {
            for (number, (path, value)) in person.values().into_iter().enumerate() {
                let label = format!("user {} {path} ({number})", person.number);
                plants.plant(Kind::Personal(person.number), label, text_of(&value));
            }
        }
        plants.plant(Kind::Opener, "the first platform key", &founder.key);
        Self {
            process,
            rows,
            business,
            plants,
            people,
            platform: founder.platform,
            outlets: Mutex::default(),
            requests: Mutex::default(),
        }
    }

    /// Sends a request, in whose answer nothing planted may stand.
    pub(super) async fn ask(&self, what: &str, call: Call) -> Reply {
        self.ask_for(what, call, &[]).await
    }

    /// Sends a request, in whose answer these may stand.
    pub(super) async fn ask_for(&self, what: &str, call: Call, may: &[Id]) -> Reply {
        let reply = call.send().await;
        self.keep_reply(what, &reply, may);
        reply
    }

    /// Keeps an answer for the search.
    pub(super) fn keep_reply(&self, what: &str, reply: &Reply, may: &[Id]) {
        let headers = reply
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
        let head: String = headers.collect();
        self.requests.lock().insert(reply.header("x-request-id").to_owned());
        let bytes = [format!("{}\n{head}\n", reply.status).as_bytes(), &reply.body].concat();
        self.keep(&format!("the answer to {what}"), bytes, may);
    }

    /// Keeps anything for the search.
    pub(super) fn keep(&self, place: &str, bytes: impl Into<Vec<u8>>, may: &[Id]) {
        let may = may.iter().copied().collect();
        self.outlets.lock().push(Outlet { place: place.to_owned(), bytes: bytes.into(), may });
    }

    /// Everything that was kept.
    pub(super) fn outlets(&self) -> Vec<Outlet> {
        std::mem::take(&mut self.outlets.lock())
    }

    /// The ids of all requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().iter().cloned().collect()
    }

    /// Registers an agent.
    pub(super) async fn agent(&self, name: &str) -> Agent {
        let made = self.platform.post("/v1/agents", &json!({"name": name})).send().await.ok();
        let key = made.text_at("/key/secret");
        let own = self.plants.plant(Kind::Opener, format!("the key of {name}"), &key);
        self.keep_reply("POST /v1/agents", &made, &[own]);
        Agent { id: made.text_at("/agent/id"), http: self.platform.with_key(&key) }
    }

    /// Lets the agent do something.
    pub(super) async fn permit(&self, agent: &Agent, permission: Value) {
        let path = format!("/v1/agents/{}/permissions", agent.id);
        self.ask("POST permissions", self.platform.post(&path, &permission)).await.ok();
    }

    /// Opens a session for a user's token; gives the agent in it, and the session's id.
    pub(super) async fn open(&self, agent: &Agent, user: usize, token: &str) -> (Agent, String) {
        let call = agent.http.call(http::Method::POST, "/v1/sessions").header("x-user-auth-token", token);
        let opened = call.send().await.ok();
        let secret = opened.text_at("/sessionToken");
        let own =
            self.plants.plant(Kind::Opener, format!("the session of user {user} ({secret:.8})"), &secret);
        self.keep_reply("POST /v1/sessions", &opened, &[own]);
        let name = http::HeaderName::from_static("x-procura-session");
        (Agent { http: agent.http.with(name, &secret), ..agent.clone() }, opened.text_at("/sessionId"))
    }

    /// Signs the owner in to the console.
    pub(super) async fn owner(&self) -> Owner {
        let http = self.process.http();
        let fields = [("email", "owner@shop.example"), ("password", PASSWORD), ("next", "/agents")];
        let form = http.call(http::Method::POST, "/sign-in").form(&fields).header("origin", http.base());
        let come = form.send().await;
        assert_eq!(come.status, 303, "{}", come.text());
        let cookie = come.header("set-cookie").split(';').next().unwrap().to_owned();
        let secret = cookie.split_once('=').unwrap().1;
        let own = self.plants.plant(Kind::Opener, "the console's cookie", secret);
        self.keep_reply("POST /sign-in", &come, &[own]);
        let browser = http.with(http::header::COOKIE, &cookie).with(http::header::ACCEPT, "text/html");
        let page = browser.get("/settings").send().await.ok().text();
        let (_, rest) = page.split_once("name=\"form_token\" value=\"").expect("a form carries its token");
        Owner { browser, form_token: rest.split('"').next().unwrap().to_owned() }
    }

    /// Sends a form of the console, in whose answer these may stand.
    pub(super) async fn submit(
        &self,
        owner: &Owner,
        path: &str,
        fields: &[(&str, &str)],
        may: &[Id],
    ) -> Reply {
        let mut all = vec![("form_token", owner.form_token.as_str())];
        all.extend_from_slice(fields);
        let origin = owner.browser.base().to_owned();
        let form = owner.browser.call(http::Method::POST, path).form(&all).header("origin", &origin);
        self.ask_for(&format!("the form {path}"), form, may).await
    }
}

/// What `procura.toml` says beside the filter of the log.
async fn configuration(rows: &StoreSettings, business: &Business) -> String {
    let mut text = String::new();
    if let Some(schema) = &rows.schema {
        // The binary takes a URL alone, so the schema is made here and named in it.
        procura_store::Store::open(rows).await.unwrap().close().await;
        let joint = if rows.url.contains('?') { '&' } else { '?' };
        text.push_str(&format!("database_url = \"{}{joint}options[search_path]={schema}\"\n", rows.url));
    }
    text.push_str("[sanitize]\nmax_bytes = 2048\n");
    for (purpose, port) in business.ports() {
        text.push_str(&format!(
            "[[egress.allow]]\ntenant = \"*\"\nhost = \"127.0.0.1\"\nport = {port}\npurpose = \"{purpose}\"\n"
        ));
    }
    text
}

/// Every file below a folder, with what is in it.
pub(super) fn files(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((format!("the file {}", path.display()), fs::read(&path).unwrap()));
        }
    }
    all
}
