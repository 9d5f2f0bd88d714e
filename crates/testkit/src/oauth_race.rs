//! Races for what may be used once: authorization codes and refresh tokens. Used by the soak with a thousand rounds.

use crate::{
    process::Process,
    world::{Http, Options, Reply, World},
};
use futures_util::future::join_all;
use procura_crypto::{TokenKind, token};
use procura_model::{
    Actor, Clock, Ctx, Entropy, Event, EventKind, SessionId, TenantId,
    oauth::{OauthSession, ScopeList, SessionKind},
    time::MINUTE_MS,
};
use procura_store::{
    Store,
    oauth_codes::{self, Code},
    oauth_sessions, testing,
};
use serde_json::json;
use std::collections::BTreeSet;

/// How many use one thing at once.
const RACERS: usize = 64;
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// What it hashes to.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Lets 64 race for each of so many codes and refresh tokens: on SQLite, and, where there is one, on PostgreSQL with
/// three processes.
///
/// # Panics
/// When more than one wins, or a replay leaves the session standing.
#[expect(clippy::print_stderr, reason = "whoever runs the proof must see what was not proven")]
pub async fn rounds(count: usize) {
    let w = World::start_on(testing::fresh_sqlite().await, Options::default()).await;
    let shop = w.tenant("shop").await;
    let track = Track::lay(&w.app.store, &shop.platform, w.clock.clone(), vec![w.http.clone()]).await;
    track.race("SQLite, 1 process", count).await;
    w.stop().await;
    if !testing::has_postgres() {
        eprintln!("NOT RACED on PostgreSQL: TEST_POSTGRES_URL is not set");
        return;
    }
    let store = testing::fresh_postgres().await;
    let url = testing::url_of(&store).await;
    let mut lines = format!("database_url = \"{url}\"\npublic_url = \"http://127.0.0.1:1\"\n");
    let first = Process::start(&lines.replace("public_url = \"http://127.0.0.1:1\"\n", "")).await;
    let founder = first.found().await;
    let key = first.folder().join("data/root.key");
    lines.push_str(&format!("root_key_file = \"{}\"\n", key.display()));
    let nodes = [Process::start(&lines).await, Process::start(&lines).await, Process::start(&lines).await];
    let bases = nodes.iter().map(Process::http).collect();
    let track = Track::lay(&store, &founder.platform, Clock::System, bases).await;
    drop(first);
    track.race("PostgreSQL, 3 processes", count).await;
    store.close().await;
}

/// Where races are run.
struct Track {
    store: Store,
    tenant: TenantId,
    agent: procura_model::AgentId,
    client: procura_model::ClientId,
    entropy: Entropy,
    clock: Clock,
    bases: Vec<Http>,
}

impl Track {
    #[expect(clippy::expect_used, reason = "a proof without its track proves nothing")]
    async fn lay(store: &Store, platform: &Http, clock: Clock, bases: Vec<Http>) -> Self {
        let agent = platform.post("/v1/agents", &json!({"name": "racer"})).send().await.ok();
        let metadata = json!({
            "client_name": "Racer", "redirect_uris": ["https://app.example/cb"],
            "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
        });
        let client = platform.post("/v1/clients", &json!({ "metadata": metadata })).send().await.ok();
        let tenants = store.lobby().tenants().await.expect("read the organizations");
        Self {
            store: store.clone(),
            tenant: tenants.first().expect("an organization").id,
            agent: agent.text_at("/agent/id").parse().expect("an agent's id"),
            client: client.text_at("/client/id").parse().expect("a client's id"),
            entropy: Entropy::system(),
            clock,
            bases,
        }
    }

    /// A code as a person's consent makes it.
    #[expect(clippy::expect_used, reason = "a proof without its code proves nothing")]
    async fn code(&self) -> String {
        let now = self.clock.now();
        let ctx = Ctx::new(self.tenant, Actor::Operator, now, &self.entropy);
        let session = OauthSession {
            id: SessionId::new(now, &self.entropy),
            kind: SessionKind::Code,
            grant: None,
            client: self.client.clone(),
            agent: self.agent,
            account: None,
            subject: "somebody".to_owned(),
            scope: ScopeList::of(["tools", "offline_access"]),
            resources: Vec::new(),
            dpop_jkt: None,
            auth_time: None,
            created_at: now,
            expires_at: now.plus_ms(MINUTE_MS),
            last_used_at: None,
            revoked_at: None,
        };
        let minted = token::mint(TokenKind::Code, &self.entropy);
        let code = Code {
            session: session.id,
            client: self.client.clone(),
            redirect_uri: "https://app.example/cb".to_owned(),
            challenge: CHALLENGE.to_owned(),
            resources: Vec::new(),
            dpop_jkt: None,
            created_at: now,
            expires_at: now.plus_ms(MINUTE_MS),
            used_at: None,
        };
        let mut writer = self.store.write(&ctx).await.expect("begin");
        oauth_sessions::insert(&mut writer, &session).await.expect("insert the session");
        oauth_codes::insert(&mut writer, &minted.digest, &code).await.expect("insert the code");
        writer.commit(Event::new(EventKind::GrantGiven)).await.expect("commit");
        minted.secret.show().to_owned()
    }

    async fn ask(&self, node: usize, fields: &[(&str, &str)]) -> Reply {
        let base = self.bases.iter().cycle().nth(node).unwrap_or_else(|| unreachable_base(&self.bases));
        let mut all = vec![("client_id", self.client.as_str())];
        all.extend_from_slice(fields);
        base.call(http::Method::POST, "/oauth/token").form(&all).send().await
    }

    async fn exchange(&self, node: usize, code: &str) -> Reply {
        let fields = [("grant_type", "authorization_code"), ("code", code), ("code_verifier", VERIFIER)];
        self.ask(node, &fields).await
    }

    async fn refresh(&self, node: usize, token: &str, scope: &str) -> Reply {
        self.ask(node, &[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)]).await
    }

    #[expect(clippy::print_stdout, reason = "a proof says what it has proven")]
    async fn race(&self, name: &str, count: usize) {
        for round in 0..count {
            self.race_for_a_code(&format!("round {round} on {name}")).await;
            self.race_for_a_refresh_token(&format!("round {round} on {name}"), round % 2 == 0).await;
        }
        println!(
            "{name}: {count} rounds of {RACERS} for a code and {RACERS} for a refresh token, never two winners"
        );
    }

    async fn race_for_a_code(&self, which: &str) {
        let code = self.code().await;
        let replies = join_all((0..RACERS).map(|node| self.exchange(node, &code))).await;
        let won: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(won.len(), 1, "{which}: {:?}", replies.first().map(Reply::text));
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            assert_eq!((reply.status, reply.text_at("/error").as_str()), (400, "invalid_grant"), "{which}");
        }
        // The others were replays: what the winner got holds no longer.
        for reply in won {
            let again = self.refresh(0, &reply.text_at("/refresh_token"), "").await;
            assert_eq!(again.status, 400, "{which}: the session outlived the replay");
        }
    }

    /// The same request of all is told the same answer; with different ones all but the first are replays.
    async fn race_for_a_refresh_token(&self, which: &str, is_same: bool) {
        let first = self.exchange(0, &self.code().await).await.ok().text_at("/refresh_token");
        let scope = |node: usize| if is_same || node.is_multiple_of(2) { "" } else { "tools" };
        let replies = join_all((0..RACERS).map(|node| self.refresh(node, &first, scope(node)))).await;
        let told = replies.iter().filter(|reply| reply.status == 200);
        let next: BTreeSet<String> = told.map(|reply| reply.text_at("/refresh_token")).collect();
        assert_eq!(next.len(), 1, "{which}: {:?}", replies.first().map(Reply::text));
        let next = next.into_iter().next().unwrap_or_default();
        let after = self.refresh(1, &next, "").await;
        assert_eq!(after.status, if is_same { 200 } else { 400 }, "{which}: {}", after.text());
    }
}

#[expect(clippy::panic, reason = "a proof without its servers proves nothing")]
fn unreachable_base(bases: &[Http]) -> &Http {
    panic!("there is no server among {}", bases.len())
}
