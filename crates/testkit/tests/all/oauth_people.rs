//! What becomes of people's consents when people, their roles, their passwords and the clients change (OAU-4, SES-1), and
//! what a page that asks for one promises. On both databases.

use super::oauth_authorize::{BACK, allow, answer, ask, fields, query, registered};
use http::Method;
use procura_app::{
    members,
    oauth::clients::{self, Draft},
    onboarding, recovery,
};
use procura_model::{AccountId, Client, Event, EventKind, Json, Reason, Role, Secret, time::MINUTE_MS};
use procura_store::{members as rows, testing};
use procura_testkit::world::{Options, Person, Reply, Shop, World};
use serde_json::{Value, json};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const ORDERS: &str = "https://api.shop.example/orders";
const STOCK: &str = "https://api.shop.example/stock";

async fn worlds() -> Vec<World> {
    let mut worlds = vec![World::start().await];
    if testing::has_postgres() {
        worlds.push(World::start_on(testing::fresh_postgres().await, Options::default()).await);
    } else {
        eprintln!("NOT TESTED on PostgreSQL: TEST_POSTGRES_URL is not set");
    }
    worlds
}

async fn post(w: &World, fields: &[(&str, &str)]) -> Reply {
    w.http.call(Method::POST, "/oauth/token").form(fields).send().await
}

/// An access token and a refresh token.
struct Held {
    client: String,
    access: String,
    refresh: String,
}

impl Held {
    /// What a client holds whom this person has just allowed it.
    async fn of(w: &World, person: &Person, client: &Client) -> Self {
        let code = allow(person, &query(client, &[])).await.remove("code").expect("a code");
        let id = client.id.to_string();
        let got = exchange(w, &id, &code).await.ok();
        Self { client: id, access: got.text_at("/access_token"), refresh: got.text_at("/refresh_token") }
    }

    async fn is_live(&self, w: &World, shop: &Shop) -> bool {
        let call = shop.platform.call(Method::POST, "/oauth/introspect").form(&[("token", &self.access)]);
        let told = call.send().await.ok().at("/active");
        let shown =
            w.http.post("/v1/mcp", &json!({})).header("authorization", &format!("Bearer {}", self.access));
        assert_eq!(shown.send().await.status != 401, told == json!(true), "the gateway thinks otherwise");
        told == json!(true)
    }

    #[track_caller]
    fn refused(reply: &Reply) {
        assert_eq!(
            (reply.status, reply.text_at("/error").as_str()),
            (400, "invalid_grant"),
            "{}",
            reply.text()
        );
    }

    async fn refresh(&self, w: &World) -> Reply {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", self.client.as_str()),
            ("refresh_token", self.refresh.as_str()),
        ];
        post(w, &fields).await
    }
}

async fn exchange(w: &World, client: &str, code: &str) -> Reply {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("code_verifier", VERIFIER),
    ];
    post(w, &fields).await
}

async fn grants_of(shop: &Shop, account: AccountId) -> Value {
    shop.platform.get(&format!("/v1/grants?accountId={account}")).send().await.ok().at("/items")
}

fn draft(name: &str, grants: &[&str]) -> Draft {
    let metadata = json!({"client_name": name, "redirect_uris": [BACK], "grant_types": grants,
        "token_endpoint_auth_method": "none"});
    Draft { metadata: Json::parse(&metadata.to_string()).unwrap(), agent: None }
}

async fn invite_again(w: &World, shop: &Shop, person: &Person, role: Role) {
    let (_, link) = members::invite(&w.app, &shop.owner_ctx(), &person.email, role).await.unwrap();
    let secret = link.show().rsplit('/').next().unwrap_or_default().to_owned();
    let password = Secret::new(person.password().to_owned());
    let origin = shop.owner_ctx().origin;
    members::accept_invitation(&w.app, origin, &secret, password).await.unwrap();
}

#[tokio::test]
async fn whoever_comes_back_comes_back_without_what_clients_held() {
    for w in worlds().await {
        let shop = w.tenant("shop").await;
        let client = registered(&w, |_| {}).await;
        for (role, again) in [(Role::Developer, Role::Developer), (Role::Admin, Role::Auditor)] {
            let person = shop.member(role).await;
            let held = Held::of(&w, &person, &client).await;
            assert!(held.is_live(&w, &shop).await);
            members::remove(&w.app, &shop.owner_ctx(), person.account).await.unwrap();
            assert!(!held.is_live(&w, &shop).await);
            assert_eq!(
                grants_of(&shop, person.account).await,
                json!([]),
                "the consent outlived the membership"
            );
            invite_again(&w, &shop, &person, again).await;
            assert!(!held.is_live(&w, &shop).await, "{again:?}: the token came back to life");
            Held::refused(&held.refresh(&w).await);
        }
    }
}

#[tokio::test]
async fn a_client_that_is_enabled_again_begins_anew() {
    for w in worlds().await {
        let shop = w.tenant("shop").await;
        let drafted = draft("Ours", &["authorization_code", "refresh_token"]);
        let (client, _) = clients::create(&w.app, &shop.owner_ctx(), drafted).await.unwrap();
        let held = Held::of(&w, &shop.owner, &client).await;
        assert!(held.is_live(&w, &shop).await);
        clients::disable(&w.app, &shop.owner_ctx(), &client.id).await.unwrap();
        assert!(!held.is_live(&w, &shop).await);
        clients::enable(&w.app, &shop.owner_ctx(), &client.id).await.unwrap();
        assert!(!held.is_live(&w, &shop).await, "the token came back to life");
        Held::refused(&held.refresh(&w).await);
        assert_eq!(grants_of(&shop, shop.owner.account).await, json!([]));
        assert!(Held::of(&w, &shop.owner, &client).await.is_live(&w, &shop).await);
    }
}

#[tokio::test]
async fn software_acts_for_whom_it_could_be_allowed_now() {
    for w in worlds().await {
        let shop = w.tenant("shop").await;
        let client = registered(&w, |_| {}).await;
        let person = shop.member(Role::Admin).await;
        let held = Held::of(&w, &person, &client).await;
        assert!(held.is_live(&w, &shop).await);
        // Another role that may let software act is no reason to end anything.
        members::set_role(&w.app, &shop.owner_ctx(), person.account, Role::Developer).await.unwrap();
        assert!(held.is_live(&w, &shop).await);
        members::set_role(&w.app, &shop.owner_ctx(), person.account, Role::Auditor).await.unwrap();
        assert!(!held.is_live(&w, &shop).await, "an auditor's software acts");
        Held::refused(&held.refresh(&w).await);
        members::set_role(&w.app, &shop.owner_ctx(), person.account, Role::Developer).await.unwrap();
        assert!(!held.is_live(&w, &shop).await, "the token came back to life");
        // The role is looked at, whatever was revoked beside it.
        let held = Held::of(&w, &person, &client).await;
        for (role, is_live) in [(Role::Approver, false), (Role::Developer, true)] {
            let ctx = shop.owner_ctx();
            let mut writer = w.app.store.write(&ctx).await.unwrap();
            rows::set_role(&mut writer, person.account, role).await.unwrap();
            writer.commit(Event::new(EventKind::MemberChanged).about(person.account)).await.unwrap();
            w.app.oauth.forget_account(person.account);
            assert_eq!(held.is_live(&w, &shop).await, is_live, "{role:?}");
        }
    }
}

/// Whoever had the old password could have allowed it.
#[tokio::test]
async fn another_password_ends_what_software_does_everywhere() {
    for w in worlds().await {
        let (shop, bank) = (w.tenant("shop").await, w.tenant("bank").await);
        let client = registered(&w, |_| {}).await;
        invite_again(&w, &bank, &shop.owner, Role::Developer).await;
        let new = || Secret::new("another long password of theirs".to_owned());
        for turn in ["changed", "recovered"] {
            let here = Held::of(&w, &shop.owner, &client).await;
            let there = acting_in(&w, &shop.owner, &client, &bank).await;
            let other = Held::of(&w, &bank.owner, &client).await;
            assert!(here.is_live(&w, &shop).await && there.is_live(&w, &bank).await);
            if turn == "changed" {
                let old = Secret::new(shop.owner.password().to_owned());
                onboarding::change_password(&w.app, &shop.owner_ctx(), old, new()).await.unwrap();
            } else {
                let link = recovery::owner_link(&w.app, &shop.owner.email).await.unwrap();
                let secret = link.show().rsplit('/').next().unwrap_or_default().to_owned();
                recovery::set_password(&w.app, shop.owner_ctx().origin, &secret, new()).await.unwrap();
            }
            for (held, shop) in [(&here, &shop), (&there, &bank)] {
                assert!(!held.is_live(&w, shop).await, "{turn}: an access token outlived the password");
                Held::refused(&held.refresh(&w).await);
            }
            assert_eq!(grants_of(&shop, shop.owner.account).await, json!([]), "{turn}");
            assert_eq!(grants_of(&bank, shop.owner.account).await, json!([]), "{turn}");
            assert!(other.is_live(&w, &bank).await, "{turn}: somebody else's ended");
        }
    }
}

async fn acting_in(w: &World, person: &Person, client: &Client, shop: &Shop) -> Held {
    let page = ask(person, &query(client, &[])).await.ok();
    let acting = format!("{}/new", shop.id);
    let done = answer(person, &page, &[("answer", "allow"), ("acting", &acting)]).await;
    let code = super::oauth_authorize::told(done.header("location")).remove("code").expect("a code");
    let id = client.id.to_string();
    let got = exchange(w, &id, &code).await.ok();
    Held { client: id, access: got.text_at("/access_token"), refresh: got.text_at("/refresh_token") }
}

/// The moment at which somebody was sent to sign in spares nobody else, no other request and no later day a sign-in.
#[tokio::test]
async fn a_moment_of_sign_in_is_one_person_s_for_one_request_and_soon_over() {
    for w in worlds().await {
        let shop = w.tenant("shop").await;
        let other = shop.member(Role::Admin).await;
        let client = registered(&w, |_| {}).await;
        let asked = query(&client, &[("prompt", "login")]);
        w.advance_ms(1_000);
        let sent = ask(&other, &asked).await;
        let next = fields(&other.page(sent.header("location")).await.ok())["next"].clone();
        let since = next.split_once("signed_in_since=").unwrap().1.to_owned();
        let is_sent =
            |reply: &Reply| reply.status == 303 && reply.header("location").starts_with("/sign-in?next=");
        w.advance_ms(1_000);
        let sign_in = async |next: &str| {
            let form = [("email", other.email.as_str()), ("password", other.password()), ("next", next)];
            let call = w.http.call(Method::POST, "/sign-in").form(&form).header("accept", "text/html");
            call.send().await.header("set-cookie").split(';').next().unwrap().to_owned()
        };
        let look = async |cookie: &str, path: &str| {
            w.http.get(path).header("cookie", cookie).header("accept", "text/html").send().await
        };
        let cookie = sign_in(&next).await;
        // One sign-in is enough, for either way of asking for one: nobody goes in circles.
        look(&cookie, &next).await.ok();
        look(&cookie, &next).await.ok();
        let aged = ask(&other, &query(&client, &[("max_age", "0")])).await;
        let aged_next = fields(&other.page(aged.header("location")).await.ok())["next"].clone();
        w.advance_ms(1_000);
        look(&sign_in(&aged_next).await, &aged_next).await.ok();
        // A session of somebody else, who has just signed in too.
        let form = [("email", shop.owner.email.as_str()), ("password", shop.owner.password())];
        let theirs =
            w.http.call(Method::POST, "/sign-in").form(&form).header("accept", "text/html").send().await;
        let theirs = theirs.header("set-cookie").split(';').next().unwrap().to_owned();
        assert!(is_sent(&look(&theirs, &next).await), "somebody else was spared a sign-in");
        // One that began before.
        assert!(is_sent(&other.page(&next).await), "an older session was spared a sign-in");
        // Another request.
        let wider = query(&client, &[("prompt", "login"), ("scope", "tools offline_access")]);
        let reply = look(&cookie, &format!("/oauth/authorize?{wider}&signed_in_since={since}")).await;
        assert!(is_sent(&reply), "another request was spared a sign-in");
        // Later.
        w.advance_ms(15 * MINUTE_MS);
        assert!(is_sent(&look(&cookie, &next).await), "a later day was spared a sign-in");
    }
}

#[tokio::test]
async fn nothing_is_given_that_the_page_did_not_show() {
    for w in worlds().await {
        let shop = w.tenant("shop").await;
        let (ctx, code) = (shop.owner_ctx(), ["authorization_code"]);
        let (client, _) = clients::create(&w.app, &ctx, draft("Honest", &code)).await.unwrap();
        let asked = query(&client, &[]);
        let yes = [("answer", "allow")];
        let page = ask(&shop.owner, &asked).await.ok();
        let whole = draft("Honest", &["authorization_code", "refresh_token"]);
        for draft in [draft("Another", &code), whole] {
            let page = ask(&shop.owner, &asked).await.ok();
            clients::change(&w.app, &ctx, &client.id, draft).await.unwrap();
            let again = answer(&shop.owner, &page, &yes).await;
            assert_eq!((again.status, again.header("location")), (409, ""), "{}", again.text());
            assert!(again.text().contains("Read it again") && again.text().contains("value=\"allow\""));
            // It is the page as it is now: whoever reads it and says yes gets what it shows.
            assert_eq!(answer(&shop.owner, &again, &yes).await.status, 303);
        }
        assert_eq!(answer(&shop.owner, &page, &yes).await.status, 409);
        // What was shown is bound to the form.
        let now = fields(&ask(&shop.owner, &asked).await.ok());
        let forged = answer(&shop.owner, &page, &[("answer", "allow"), ("seen", now["seen"].as_str())]).await;
        assert!(
            matches!(forged.status, 403 | 409) && forged.header("location").is_empty(),
            "{}",
            forged.text()
        );
        // And for an hour.
        let page = ask(&shop.owner, &asked).await.ok();
        w.advance_ms(61 * MINUTE_MS);
        assert_eq!(answer(&shop.owner, &page, &yes).await.status, 409);
        // A client that stays connected without having said so.
        let (client, _) = clients::create(&w.app, &ctx, draft("Later", &code)).await.unwrap();
        let got = allow(&shop.owner, &query(&client, &[])).await.remove("code").unwrap();
        let whole = draft("Later", &["authorization_code", "refresh_token"]);
        clients::change(&w.app, &ctx, &client.id, whole).await.unwrap();
        let tokens = exchange(&w, client.id.as_str(), &got).await;
        assert!(tokens.at("/refresh_token").is_null(), "{}", tokens.text());
    }
}

/// RFC 9700 section 4.11.2: whoever registers a client chooses where its redirect URI leads.
#[tokio::test]
async fn a_link_to_us_is_no_link_to_anywhere() {
    for w in worlds().await {
        let shop = w.tenant("shop").await;
        let client = registered(&w, |_| {}).await;
        let wrong = [("scope", "no-such-scope")];
        let none = [("prompt", "none")];
        let nobody = w.http.with(http::header::ACCEPT, "text/html");
        let page = |reply: &Reply, word: &str| {
            assert_eq!((reply.status, reply.header("location")), (400, ""), "{}", reply.text());
            assert!(reply.text().contains("app.example") && reply.text().contains(word), "{}", reply.text());
            assert!(!reply.text().contains("href=\"https://app.example"), "{}", reply.text());
        };
        let path = |changes: &[(&str, &str)]| format!("/oauth/authorize?{}", query(&client, changes));
        for (changes, word) in [(wrong, "invalid_scope"), (none, "login_required")] {
            page(&nobody.get(&path(&changes)).send().await, word);
        }
        for (changes, word) in [(wrong, "invalid_scope"), (none, "consent_required")] {
            page(&shop.owner.page(&path(&changes)).await, word);
        }
        // The person's own no goes back.
        let shown = ask(&shop.owner, &query(&client, &[])).await.ok();
        let no = answer(&shop.owner, &shown, &[("answer", "deny")]).await;
        assert!(no.header("location").contains("error=access_denied"), "{}", no.text());
        page(&shop.owner.page(&path(&wrong)).await, "invalid_scope");
        // Whom the person lets act is told, for them alone and as long as they do.
        allow(&shop.owner, &query(&client, &[])).await;
        let told = shop.owner.page(&path(&wrong)).await;
        assert!(
            told.status == 303 && told.header("location").contains("error=invalid_scope"),
            "{}",
            told.text()
        );
        page(&shop.member(Role::Admin).await.page(&path(&wrong)).await, "invalid_scope");
        page(&nobody.get(&path(&wrong)).send().await, "invalid_scope");
        shop.owner.submit("/access/revoke-all", &[]).await;
        page(&shop.owner.page(&path(&wrong)).await, "invalid_scope");
    }
}

/// One word of two APIs is two things.
#[tokio::test]
async fn each_api_says_what_its_words_mean() {
    for w in worlds().await {
        let shop = w.tenant("shop").await;
        let client = registered(&w, |_| {}).await;
        let guard = async |identifier: &str, word: &str, text: &str| {
            let settings =
                json!({"name": "An API", "tokens": "jwt", "scopes": [{"name": word, "text": text}]});
            let body = json!({"identifier": identifier, "settings": settings});
            shop.platform.post("/v1/resources", &body).send().await
        };
        guard(ORDERS, "write", "Look at the weather.").await.ok();
        guard(STOCK, "write", "Sell everything.").await.ok();
        let changes = [("scope", "write"), ("resource", ORDERS), ("resource", STOCK)];
        let text = ask(&shop.owner, &query(&client, &changes)).await.ok().text();
        let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words}: {text}"));
        assert!(at(ORDERS) < at("Look at the weather.") && at("Look at the weather.") < at(STOCK), "{text}");
        assert!(at(STOCK) < at("Sell everything."), "{text}");
        for own in ["tools", "offline_access"] {
            guard("https://api.shop.example/other", own, "Nothing of note.")
                .await
                .refused(Reason::FieldInvalid);
        }
    }
}
