//! Passports (PAS-1..3): exactly the listed fields for whoever holds the newest token, no trace of looking or of asking,
//! and a token that no server ever sees in an address. What only a browser can show is in `clients/passport.mjs`; the
//! server under it is the real binary at its most talkative.

use crate::clients::tools;
use procura_app::passports;
use procura_cluster::{LimitSettings, Rate};
use procura_crypto::{TokenKind, token};
use procura_model::{Entropy, PassportId, Reason, Role, time::MINUTE_MS};
use procura_store::{Store, testing};
use procura_testkit::{
    process::{skipped, variable},
    world::{Buyer, Http, Options, Reply, Shop, World},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, process::Stdio, time::Duration};
use tokio::{process::Command, time::timeout};

mod planted;

use planted::Planted;

/// No story in a browser takes longer.
const LONGEST: Duration = Duration::from_secs(300);

/// A passport's link, taken apart.
struct Link {
    id: String,
    token: String,
}

impl Link {
    fn of(made: &Reply) -> Self {
        let (page, token) = made.text_at("/url").split_once("#token=").map(own).unwrap();
        Self { id: page.rsplit('/').next().unwrap().to_owned(), token }
    }

    async fn read(&self, http: &Http) -> Reply {
        http.with_key(&self.token).get(&format!("/v1/passports/{}", self.id)).send().await
    }

    async fn preview(&self, http: &Http, ask: &Value) -> Reply {
        http.with_key(&self.token).post(&format!("/v1/passports/{}/preview", self.id), ask).send().await
    }
}

fn own((page, token): (&str, &str)) -> (String, String) {
    (page.to_owned(), token.to_owned())
}

async fn make(shop: &Shop, agent: &Buyer) -> Link {
    let made =
        shop.platform.call(http::Method::POST, &format!("/v1/agents/{}/passport", agent.id)).send().await;
    assert_eq!(made.status, 201, "{}", made.text());
    Link::of(&made)
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Everything in the database, in an order of its own.
async fn rows(store: &Store) -> Vec<(String, Vec<u8>)> {
    let mut all = testing::every_value(store).await;
    all.sort();
    all
}

/// Gives an agent permissions of every kind: two that hold now, one of them for a minute, and three that do not. Says until
/// when the first holds.
async fn varied(w: &World, shop: &Shop, agent: &Buyer) -> String {
    let at = |ms: i64| w.app.now().plus_ms(ms).to_string();
    let soon = at(MINUTE_MS);
    shop.permit(agent, json!({"effect": "allow", "actions": ["pay.*", "look"], "resources": ["shop/*"],
        "vendors": ["vendor.example"], "conditions": [{"path": "args.n", "op": "le", "value": 3}],
        "maxAmount": {"value": "71.50", "currency": "CHF"}, "approval": {"above": {"value": "9", "currency": "CHF"}},
        "user": "ada", "expiresAt": soon})).await;
    // Scopes stand in the order of their ids, and ids in the order of time.
    w.advance_ms(1);
    shop.permit(agent, json!({"effect": "block", "actions": ["pay.guns"]})).await;
    w.advance_ms(1);
    shop.permit(agent, json!({"effect": "allow", "actions": ["later"], "notBefore": at(MINUTE_MS)})).await;
    shop.permit(agent, json!({"effect": "allow", "actions": ["imagined"], "shadow": true})).await;
    let removed = shop.permit(agent, json!({"effect": "allow", "actions": ["removed"]})).await;
    shop.platform.delete(&format!("/v1/permissions/{removed}")).send().await.ok();
    soon
}

#[tokio::test]
async fn a_passport_shows_exactly_the_listed_fields_of_what_holds_now() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let soon = varied(&w, &shop, &agent).await;
    let link = make(&shop, &agent).await;
    let shown = link.read(&w.http).await.ok();
    assert_eq!(shown.header("cache-control"), "no-store");
    assert_eq!(shown.header("referrer-policy"), "no-referrer");
    let document = shown.json();
    assert_eq!(
        keys(&document),
        set(&["success", "passport", "agent", "scopes", "memoryBlock", "taskPrompt"])
    );
    assert_eq!(
        document["passport"],
        json!({"id": link.id, "version": 1, "mode": "manual",
               "modeLabel": "Manual mode: nothing is enforced by this page."})
    );
    assert_eq!(document["agent"], json!({"name": "buyer", "type": "assistant", "provider": ""}));
    assert_eq!(
        document["scopes"],
        json!([
            {"actions": ["pay.*", "look"], "resources": ["shop/*"], "allowedActions": ["pay.*", "look"],
             "blockedActions": [], "requiresApproval": true, "expiresAt": soon},
            {"actions": ["pay.guns"], "resources": ["*"], "allowedActions": [], "blockedActions": ["pay.guns"],
             "requiresApproval": false, "expiresAt": null},
        ])
    );
    for text in ["/memoryBlock", "/taskPrompt"] {
        let text = shown.text_at(text);
        assert!(text.contains("- pay.*, look on shop/* [a person must approve first] [until "), "{text}");
        assert!(text.contains("- pay.guns\n"), "{text}");
    }
    let whole = shown.text();
    for hidden in [
        "vendor.example",
        "71.5",
        "CHF",
        "args.n",
        "ada",
        "later",
        "imagined",
        "removed",
        "per_",
        "agt_",
        "org_",
    ] {
        assert!(!whole.contains(hidden), "{hidden} stands in {whole}");
    }

    // What ends or begins meanwhile is seen at the next look.
    w.advance_ms(MINUTE_MS);
    let now = link.read(&w.http).await.ok().at("/scopes");
    let actions: Vec<&Value> = now.as_array().unwrap().iter().map(|scope| &scope["actions"][0]).collect();
    assert_eq!(actions, ["pay.guns", "later"]);
}

#[tokio::test]
async fn a_token_opens_its_own_passport_and_nothing_else() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (agent, other) = (shop.agent("buyer").await, shop.agent("other").await);
    let (link, others) = (make(&shop, &agent).await, make(&shop, &other).await);
    let path = |id: &str| format!("/v1/passports/{id}");
    let unknown = token::mint(TokenKind::Passport, &Entropy::seeded(5));
    let another_kind = token::mint(TokenKind::AgentKey, &Entropy::seeded(5));
    for token in [
        "",
        "x",
        unknown.secret.show(),
        another_kind.secret.show(),
        &link.token[..52],
        &agent.key,
        &shop.key,
        &others.token,
    ] {
        let reply = w.http.with_key(token).get(&path(&link.id)).send().await.refused(Reason::PassportInvalid);
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"procura\", error=\"invalid_token\"");
        let ask = json!({"action": "pay"});
        w.http
            .with_key(token)
            .post(&format!("{}/preview", path(&link.id)), &ask)
            .send()
            .await
            .refused(Reason::PassportInvalid);
    }
    let nobody = w.http.get(&path(&link.id)).send().await.refused(Reason::CredentialMissing);
    assert_eq!(nobody.header("www-authenticate"), "Bearer realm=\"procura\"");
    w.http
        .get(&path(&link.id))
        .header("x-api-key", &link.token)
        .send()
        .await
        .refused(Reason::CredentialMissing);
    shop.owner.browser.get(&path(&link.id)).send().await.refused(Reason::CredentialMissing);
    let unknown_id = PassportId::new(w.app.now(), &Entropy::seeded(9)).to_string();
    for id in ["psp_nothing", &unknown_id, &agent.id.to_string()] {
        w.http.with_key(&link.token).get(&path(id)).send().await.refused(Reason::PassportInvalid);
    }

    // To the rest of the API it is no key at all.
    let bearer = w.http.with_key(&link.token);
    for path in
        ["/v1/whoami", "/v1/agents", "/v1/activity", &format!("/v1/agents/{}/passport", agent.id), "/metrics"]
    {
        bearer.get(path).send().await.refused(Reason::CredentialMalformed);
    }
    bearer.post("/v1/verify", &json!({"action": "pay"})).send().await.refused(Reason::CredentialMalformed);
    assert_eq!(bearer.post("/v1/mcp", &json!({})).send().await.status, 401);
}

#[tokio::test]
async fn a_rotation_a_revocation_and_a_disabled_agent_end_every_old_link_at_once() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let path = format!("/v1/agents/{}/passport", agent.id);
    shop.platform.get(&path).send().await.refused(Reason::NotFound);
    shop.platform.delete(&path).send().await.refused(Reason::NotFound);
    let first = make(&shop, &agent).await;
    first.read(&w.http).await.ok();
    let second = make(&shop, &agent).await;
    assert_eq!(first.id, second.id, "the passport's page moved");
    first.read(&w.http).await.refused(Reason::PassportInvalid);
    first.preview(&w.http, &json!({"action": "pay"})).await.refused(Reason::PassportInvalid);
    assert_eq!(second.read(&w.http).await.ok().at("/passport/version"), json!(2));
    let state = shop.platform.get(&path).send().await.ok();
    assert_eq!((state.at("/version"), state.at("/state")), (json!(2), json!("live")));
    assert!(!state.text().contains("pct_"), "the token is shown again: {}", state.text());

    let turn = async |verb: &str| {
        let path = format!("/v1/agents/{}/{verb}", agent.id);
        shop.platform.call(http::Method::POST, &path).send().await.ok();
    };
    turn("disable").await;
    second.read(&w.http).await.refused(Reason::PassportInvalid);
    turn("enable").await;
    second.read(&w.http).await.ok();

    shop.platform.delete(&path).send().await.ok();
    second.read(&w.http).await.refused(Reason::PassportInvalid);
    shop.platform.delete(&path).send().await.ok();
    assert_eq!(shop.platform.get(&path).send().await.ok().at("/state"), json!("revoked"));
    let third = make(&shop, &agent).await;
    second.read(&w.http).await.refused(Reason::PassportInvalid);
    assert_eq!(third.read(&w.http).await.ok().at("/passport/version"), json!(3));
    let changes = shop.platform.get("/v1/changes?limit=200").send().await.ok().text();
    assert_eq!(changes.matches("passport.rotated").count(), 3, "{changes}");
    assert_eq!(changes.matches("passport.revoked").count(), 1, "{changes}");
    assert!(!changes.contains("pct_"), "{changes}");
}

#[tokio::test]
async fn of_many_rotations_at_once_one_link_is_left() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let links = futures_util::future::join_all((0..8).map(|_| make(&shop, &agent))).await;
    let mut alive = 0;
    for link in &links {
        alive += usize::from(link.read(&w.http).await.status == 200);
    }
    assert_eq!(alive, 1);
    let last = shop.platform.get(&format!("/v1/agents/{}/passport", agent.id)).send().await.ok();
    assert_eq!(last.at("/version"), json!(8));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_rotates_is_dead_on_the_other_at_once() {
    if !testing::has_postgres() {
        eprintln!("NOT TESTED: two nodes need PostgreSQL, and TEST_POSTGRES_URL is not set");
        return;
    }
    let store = testing::fresh_postgres().await;
    let other = World::start_on(store.clone(), Options::default()).await;
    let w = World::start_on(store, Options::default()).await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let mut link = make(&shop, &agent).await;
    for _ in 0..20 {
        link.read(&other.http).await.ok();
        let next = make(&shop, &agent).await;
        link.read(&other.http).await.refused(Reason::PassportInvalid);
        link.preview(&other.http, &json!({"action": "pay"})).await.refused(Reason::PassportInvalid);
        link = next;
    }
    shop.platform.delete(&format!("/v1/agents/{}/passport", agent.id)).send().await.ok();
    link.read(&other.http).await.refused(Reason::PassportInvalid);
}

#[tokio::test]
async fn a_preview_answers_as_verify_would_and_leaves_no_trace() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let canary = json!({"effect": "allow", "actions": ["pay"], "vendors": ["hidden-vendor.example"],
        "maxAmount": {"value": "71.50", "currency": "CHF"}, "approval": {"above": {"value": "13.25", "currency": "CHF"}}});
    shop.permit(&agent, canary).await;
    shop.permit(&agent, json!({"effect": "block", "actions": ["pay"], "resources": ["guns/*"]})).await;
    let past = w.app.now().plus_ms(MINUTE_MS).to_string();
    shop.permit(&agent, json!({"effect": "allow", "actions": ["gone"], "expiresAt": past})).await;
    let future = w.app.now().plus_ms(60 * MINUTE_MS).to_string();
    shop.permit(&agent, json!({"effect": "allow", "actions": ["to.come"], "notBefore": future})).await;
    let link = make(&shop, &agent).await;
    w.advance_ms(MINUTE_MS);
    // The first look fills what is kept in memory; upkeep writes down what earlier requests left to be written.
    link.preview(&w.http, &json!({"action": "pay"})).await.ok();
    w.settle().await;

    let before = rows(&w.app.store).await;
    let pay = |amount: &str| json!({"action": "pay", "resource": "books/one", "vendor": "hidden-vendor.example", "amount": amount, "currency": "CHF"});
    for (ask, decision, code) in [
        (pay("5"), "allow", Reason::Allowed),
        (pay("20"), "needs_approval", Reason::ApprovalRequired),
        (pay("90"), "deny", Reason::AmountOverLimit),
        (
            json!({"action": "pay", "resource": "books/one", "vendor": "other.example", "amount": "5", "currency": "CHF"}),
            "deny",
            Reason::VendorNotAllowed,
        ),
        (json!({"action": "pay", "resource": "guns/one"}), "deny", Reason::ActionBlocked),
        (json!({"action": "nothing"}), "deny", Reason::NoPermission),
        (json!({"action": "gone"}), "deny", Reason::NoPermission),
        (json!({"action": "to.come"}), "deny", Reason::NoPermission),
    ] {
        let reply = link.preview(&w.http, &ask).await.ok();
        let document = reply.json();
        assert_eq!(keys(&document), set(&["success", "allowed", "decision", "code", "reason"]), "{document}");
        assert_eq!(document["decision"], decision, "{ask}: {document}");
        assert_eq!(document["code"], code.code(), "{ask}: {document}");
        assert_eq!(document["allowed"], json!(decision == "allow"));
        assert_eq!(document["reason"], code.text());
        for hidden in ["hidden-vendor", "71.5", "13.25", "per_", "CHF", "gone"] {
            assert!(!reply.text().contains(hidden), "{hidden}: {}", reply.text());
        }
    }
    link.read(&w.http).await.ok();
    w.http.get(&format!("/passport/{}", link.id)).send().await.ok();
    w.settle().await;
    assert_eq!(rows(&w.app.store).await, before, "looking left a row");
    let asked = agent.verify("pay").send().await;
    assert!(rows(&w.app.store).await.len() > before.len(), "verify leaves a row: {:?}", asked.0.status);
}

#[tokio::test]
async fn previews_are_bounded_and_counted_by_address() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let link = make(&shop, &agent).await;
    let path = format!("/v1/passports/{}/preview", link.id);
    let holder = w.http.with_key(&link.token);
    let long = json!({"action": "pay", "args": {"x": "y".repeat(16 * 1024)}});
    holder.post(&path, &long).send().await.refused(Reason::BodyTooLarge);
    // Nobody's body is read before their token is.
    w.http.with_key("x").post(&path, &long).send().await.refused(Reason::PassportInvalid);
    for (body, reason) in [
        (json!({}), Reason::FieldInvalid),
        (json!({"action": ""}), Reason::FieldInvalid),
        (json!({"action": "a".repeat(257)}), Reason::FieldInvalid),
        (json!({"action": "pay", "agentId": agent.id.to_string()}), Reason::FieldInvalid),
        (json!({"action": "pay", "user": "ada"}), Reason::FieldInvalid),
        (json!({"action": "pay", "sessionId": "ses_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"}), Reason::FieldInvalid),
        (json!({"action": "pay", "amount": "-1"}), Reason::AmountInvalid),
    ] {
        holder.post(&path, &body).send().await.refused(reason);
    }
    holder
        .call(http::Method::POST, &path)
        .bytes("action=pay")
        .send()
        .await
        .refused(Reason::MediaTypeUnsupported);

    let options = Options::default();
    let limits = LimitSettings { global: Rate::per_minute(4), ..options.limits };
    let w = World::start_with(Options { limits, ..options }).await;
    let shop = w.tenant("shop").await;
    let agent = procura_app::agents::create(&w.app, &shop.owner_ctx(), details("buyer")).await.unwrap().0;
    let made = passports::make(&w.app, &shop.owner_ctx(), agent.id).await.unwrap();
    let (page, token) = made.url.show().split_once("#token=").map(own).unwrap();
    let link = Link { id: page.rsplit('/').next().unwrap().to_owned(), token };
    for _ in 0..4 {
        link.preview(&w.http, &json!({"action": "pay"})).await.ok();
    }
    link.preview(&w.http, &json!({"action": "pay"})).await.refused(Reason::RateLimited);
    link.read(&w.http).await.refused(Reason::RateLimited);
}

fn details(name: &str) -> procura_app::agents::AgentDetails {
    procura_app::agents::AgentDetails { name: name.to_owned(), kind: String::new(), provider: String::new() }
}

#[tokio::test]
async fn the_page_is_the_same_for_every_passport_and_may_do_nothing_but_ask_this_server() {
    let w = World::start().await;
    let shop = w.tenant("lovelace").await;
    let link = make(&shop, &shop.agent("babbage").await).await;
    let page = w.http.get(&format!("/passport/{}", link.id)).send().await.ok();
    let unknown = PassportId::new(w.app.now(), &Entropy::seeded(3));
    let another = w.http.get(&format!("/passport/{unknown}")).send().await.ok();
    assert_eq!(page.body, another.body);
    assert_eq!(
        page.header("content-security-policy"),
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    );
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert!(!page.headers.contains_key("set-cookie"));
    for foreign in ["psp_x", &shop.id.to_string(), "pct_x"] {
        w.http.get(&format!("/passport/{foreign}")).send().await.refused(Reason::NotFound);
    }
    let html = page.text();
    for ending in [".js", ".css"] {
        let path =
            html.split('"').find(|word| word.starts_with("/passport-files/") && word.ends_with(ending));
        let file = w.http.get(path.unwrap()).send().await.ok();
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(!file.headers.contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn the_console_makes_shows_rotates_and_revokes_a_passport() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    shop.permit(&agent, json!({"effect": "allow", "actions": ["pay.<b>bold</b>"], "vendors": ["v.example"]}))
        .await;
    let page = format!("/agents/{}", agent.id);
    let before = shop.owner.page(&page).await.ok().text();
    assert!(before.contains("No link was made") && before.contains("Make a link"), "{before}");
    assert!(before.contains("pay.&#60;b&#62;bold") && !before.contains("<b>bold"), "{before}");

    let shown = shop.owner.submit(&format!("{page}/passport"), &[]).await.ok();
    assert_eq!(shown.header("cache-control"), "no-store");
    let text = shown.text();
    let token = text.split("#token=").nth(1).or_else(|| text.split("#35;token=").nth(1)).unwrap();
    let token = token.split('<').next().unwrap().to_owned();
    let id = text.split("/passport/").nth(1).unwrap()[..30].to_owned();
    let link = Link { id, token };
    link.read(&w.http).await.ok();
    let live = shop.owner.page(&page).await.ok().text();
    assert!(live.contains("version 1") && live.contains("Rotate") && !live.contains(&link.token), "{live}");

    shop.owner.submit(&format!("{page}/passport"), &[]).await.ok();
    link.read(&w.http).await.refused(Reason::PassportInvalid);
    let revoked = shop.owner.submit(&format!("{page}/passport/revoke"), &[]).await;
    assert_eq!(revoked.status, 303, "{}", revoked.text());
    assert!(shop.owner.page(&page).await.ok().text().contains("Revoked"));

    // A role that may not change agents has no button, and no right either.
    let auditor = shop.member(Role::Auditor).await;
    let seen = auditor.page(&page).await.ok().text();
    assert!(seen.contains("Passport") && !seen.contains("Make a link"), "{seen}");
    let refused = auditor.submit(&format!("{page}/passport"), &[]).await;
    assert_eq!(refused.status, Reason::RoleMissing.http(), "{}", refused.text());
    let foreign = w.tenant("stranger").await;
    assert_eq!(foreign.owner.submit(&format!("{page}/passport"), &[]).await.status, 404);
}

/// As long as a log takes to be written.
async fn a_moment() {
    let _pause = timeout(Duration::from_millis(200), std::future::pending::<()>()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_passport_never_shows_leaves_through_it() {
    let mut planted = Planted::start().await;
    let http = planted.process.http();
    let begun = planted.process.log().len();
    let page = http.get(&format!("/passport/{}", planted.link.id)).send().await.ok();
    planted.nothing_in("the page", &page.text());
    planted.nothing_in("the page's headers", &format!("{:?}", page.headers));
    let shown = planted.link.read(&http).await.ok();
    assert!(shown.text().contains("canary.visible.pay") && shown.text().contains("canary.visible.blocked"));
    planted.nothing_in("the JSON", &shown.text());
    planted.nothing_in("the JSON's headers", &format!("{:?}", shown.headers));
    for ask in [
        json!({"action": "canary.visible.pay", "amount": "1", "currency": "USD", "args": {}}),
        json!({"action": "canary.visible.pay", "vendor": "other.example"}),
        json!({"action": "canary.visible.pay", "amount": "99999", "currency": "USD"}),
        json!({"action": "canary.visible.blocked"}),
        json!({"action": "nothing"}),
        json!({"action": "a".repeat(300)}),
    ] {
        let answer = planted.link.preview(&http, &ask).await;
        planted.nothing_in("a preview", &answer.text());
        planted.nothing_in("a preview's headers", &format!("{:?}", answer.headers));
    }
    let asks = [
        ("vendor", json!("canary-vendor-5512.example"), "100"),
        ("vendor", json!("canary-vendor-5512.example"), "900"),
        ("vendor", json!("canary-vendor-5512.example"), "9000"),
    ];
    for (name, value, amount) in asks {
        let ask = json!({"action": "canary.visible.pay", name: value, "amount": amount, "currency": "USD",
            "args": {"canaryPath8841": "x"}});
        planted.nothing_in("a preview", &planted.link.preview(&http, &ask).await.ok().text());
    }
    // A link that is used wrongly: the token as a query, as a path, in a cookie.
    let token = &planted.link.token;
    for path in [
        format!("/passport/{}?token={token}", planted.link.id),
        format!("/passport/{token}"),
        format!("/v1/passports/{token}"),
    ] {
        let wrong = http.get(&path).header("cookie", &format!("token={token}")).send().await;
        planted.nothing_in("the answer to a wrong link", &wrong.text());
    }
    a_moment().await;
    planted.nothing_logged(begun);
    planted.process.kill();
    let store = Store::open(&planted.rows).await.unwrap();
    for (place, value) in testing::every_value(&store).await {
        let text = String::from_utf8_lossy(&value);
        assert!(!text.contains(&token["pct_".len()..]), "the token stands in {place}");
    }

    // A fault is logged with its causes, while the token is in the server's hands.
    testing::run(&store, "ALTER TABLE passports RENAME TO passports_away").await;
    store.close().await;
    drop(store);
    planted.process.restart().await;
    let broken = planted.link.read(&http).await;
    assert!(broken.status >= 500, "{}", broken.text());
    planted.nothing_in("the answer to a fault", &broken.text());
    a_moment().await;
    assert!(planted.process.log().contains("a request failed"), "{}", planted.process.log());
    planted.nothing_logged(begun);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_keeps_its_token_to_itself_in_a_real_browser() {
    const WHAT: &str = "the passport in a real browser";
    let Some(tools) = tools(WHAT) else { return };
    let Some(chromium) = variable("PROCURA_TEST_CHROMIUM") else {
        return skipped(WHAT, "PROCURA_TEST_CHROMIUM does not name a Chromium");
    };
    let planted = Planted::start().await;
    let begun = planted.process.log().len();
    let canaries: Vec<Value> =
        planted.canaries.iter().map(|canary| json!({"what": canary.what, "value": canary.value})).collect();
    let mut command = Command::new(&tools.node);
    command
        .arg(tools.clients.join("passport.mjs"))
        .env("PASSPORT_URL", &planted.url)
        .env("ROTATE_URL", format!("{}{}", planted.process.url(), planted.path))
        .env("PLATFORM_KEY", &planted.key)
        .env("CANARIES", Value::Array(canaries).to_string())
        .env("CHROMIUM", chromium)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if let Some(folder) = variable("PROCURA_TEST_SCREENSHOTS") {
        command.env("SCREENSHOTS", folder);
    }
    let ended = timeout(LONGEST, command.output()).await.expect("the browser took too long").unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    let complained = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}\n{complained}");
    assert!(told.lines().filter(|line| line.contains("\"ok\":true")).count() >= 10, "{told}");
    planted.nothing_logged(begun);
}
