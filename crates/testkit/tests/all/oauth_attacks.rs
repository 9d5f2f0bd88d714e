//! The attacks on the code grant that RFC 9700 names, each as a test of its own: mix-up (section 4.4), downgrade of PKCE
//! (4.8.2) and of everything that binds, injection of codes (4.5) and of parameters, forged requests (4.7), open redirects
//! (4.11) and leaks through the Referer header and the history (4.2, 4.3).

use super::{
    oauth_authorize::{
        BACK, CHALLENGE, allow, answer, ask, fields, made, query, refused_here, refused_there, registered,
        told,
    },
    oauth_tokens::{VERIFIER, code, exchange, part, post, refused},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Method;
use procura_model::Role;
use procura_store::testing;
use procura_testkit::world::{Mcp, Reply, World};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// A second verifier.
const OTHER_VERIFIER: &str = "another-verifier-of-another-flow-of-the-same-client";

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

async fn push(w: &World, query: &str) -> Reply {
    let call = w.http.call(Method::POST, "/oauth/par");
    call.header("content-type", "application/x-www-form-urlencoded").bytes(query.to_owned()).send().await
}

fn by_name(client: &procura_model::Client, pushed: &Reply) -> String {
    let uri = pushed.text_at("/request_uri");
    let pairs = [("client_id", client.id.as_str()), ("request_uri", uri.as_str())];
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Mix-up, RFC 9207 section 2.3: whichever way it was asked and answered, an answer names its issuer once, to the letter
/// as the metadata does, whatever the request says; so a client that talks to two servers knows whose code it holds.
#[tokio::test]
async fn a_client_of_two_servers_knows_whose_answer_it_holds() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = made(&w, &shop).await;
    let metadata = w.http.get("/.well-known/oauth-authorization-server").send().await.ok();
    assert_eq!(metadata.at("/authorization_response_iss_parameter_supported"), json!(true));
    let issuer = metadata.text_at("/issuer");
    let issued = |to: &str| {
        let (_, query) = to.split_once('?').unwrap();
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let named: Vec<&str> =
            pairs.iter().filter(|(name, _)| name == "iss").map(|(_, value)| value.as_str()).collect();
        assert_eq!(named, [issuer.as_str()], "{to}");
        for once in ["code", "state", "error"] {
            assert!(pairs.iter().filter(|(name, _)| name == once).count() <= 1, "{to}");
        }
    };
    let lies = "&iss=https%3A%2F%2Fevil.example&issuer=https%3A%2F%2Fevil.example";
    for is_pushed in [false, true] {
        for said in ["allow", "deny"] {
            let mut request = query(&client, &[]) + lies;
            if is_pushed {
                request = by_name(&client, &push(&w, &request).await) + lies;
            }
            let page = ask(&shop.owner, &request).await.ok();
            let done = answer(&shop.owner, &page, &[("answer", said)]).await;
            issued(done.header("location"));
            assert_eq!(told(done.header("location")).contains_key("code"), said == "allow");
        }
    }
    for wrong in [
        ("scope", "admin"),
        ("response_type", "token"),
        ("prompt", "none"),
        ("resource", "https://x.example"),
    ] {
        let reply = ask(&shop.owner, &(query(&client, &[wrong]) + lies)).await;
        issued(reply.header("location"));
    }
}

/// RFC 9700 sections 2.1.1 and 4.8.2: no way leads to a code without a challenge, and a code whose challenge was taken
/// away is worth nothing, with a verifier or without.
#[tokio::test]
async fn pkce_cannot_be_left_out_weakened_or_taken_away() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = made(&w, &shop).await;
    let id = client.id.to_string();
    for weakened in [
        &[("code_challenge", ""), ("code_challenge_method", "")][..],
        &[("code_challenge", "")],
        &[("code_challenge_method", "")],
        &[("code_challenge_method", "plain")],
        &[("code_challenge_method", "s256")],
        &[("code_challenge", VERIFIER), ("code_challenge_method", "plain")],
    ] {
        refused_there(&w, &ask(&shop.owner, &query(&client, weakened)).await, "invalid_request");
        refused(&push(&w, &query(&client, weakened)).await, 400, "invalid_request");
        // Nor by taking it out of the form between the page and the answer.
        let page = ask(&shop.owner, &query(&client, &[])).await.ok();
        let stripped = query(&client, weakened);
        let done = answer(&shop.owner, &page, &[("answer", "allow"), ("request", &stripped)]).await;
        assert!(matches!(done.status, 403 | 409) && done.header("location").is_empty(), "{}", done.text());
        // Nor by standing beside a request that was pushed with it.
        let pushed = by_name(&client, &push(&w, &query(&client, &[])).await);
        let beside: Vec<String> = weakened.iter().map(|(name, value)| format!("&{name}={value}")).collect();
        let got = allow(&shop.owner, &(pushed + &beside.concat())).await.remove("code").unwrap();
        refused(&exchange(&w, &id, &got, &[("code_verifier", "")]).await, 400, "invalid_grant");
    }
    // The verifier cannot be left out of the exchange (section 4.8.2), nor is the challenge its own verifier.
    for verifier in ["", CHALLENGE, "x"] {
        let got = code(&shop, &client, &[]).await;
        refused(&exchange(&w, &id, &got, &[("code_verifier", verifier)]).await, 400, "invalid_grant");
    }
    // A verifier for a code that has no challenge: there is none such, unless somebody took it away.
    for verifier in ["", VERIFIER] {
        let got = code(&shop, &client, &[]).await;
        testing::run(&w.app.store, "UPDATE oauth_codes SET challenge = '' WHERE used_at IS NULL").await;
        refused(&exchange(&w, &id, &got, &[("code_verifier", verifier)]).await, 400, "invalid_grant");
    }
    let good = code(&shop, &client, &[]).await;
    exchange(&w, &id, &good, &[]).await.ok();
}

/// RFC 9700 section 4.5: a code that was stolen out of one flow is worth nothing in another, and nothing any longer in its
/// own; what binds it cannot be chosen when it is exchanged.
#[tokio::test]
async fn a_stolen_code_is_worth_nothing_in_another_flow() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let id = client.id.to_string();
    let own = challenge(OTHER_VERIFIER);
    // The attacker's own flow with the same client, and the victim's code injected into it.
    let mine = code(&shop, &client, &[("code_challenge", own.as_str())]).await;
    let stolen = code(&shop, &client, &[]).await;
    refused(&exchange(&w, &id, &stolen, &[("code_verifier", OTHER_VERIFIER)]).await, 400, "invalid_grant");
    refused(&exchange(&w, &id, &stolen, &[]).await, 400, "invalid_grant");
    // The other flow goes on.
    exchange(&w, &id, &mine, &[("code_verifier", OTHER_VERIFIER)]).await.ok();
    // By another redirect URI of the same client (RFC 6749 section 4.1.3).
    let local = "http://127.0.0.1:8000/cb";
    let at_local = code(&shop, &client, &[("redirect_uri", local)]).await;
    refused(&exchange(&w, &id, &at_local, &[("redirect_uri", BACK)]).await, 400, "invalid_grant");
    // A token is no code, a code no token, and a refresh token neither.
    let got = code(&shop, &client, &[]).await;
    let tokens = exchange(&w, &id, &got, &[]).await.ok();
    let fresh = code(&shop, &client, &[]).await;
    for wrong in [tokens.text_at("/access_token"), tokens.text_at("/refresh_token")] {
        refused(&exchange(&w, &id, &wrong, &[]).await, 400, "invalid_grant");
    }
    for wrong in [tokens.text_at("/access_token"), fresh.clone()] {
        let fields =
            [("grant_type", "refresh_token"), ("client_id", &*id), ("refresh_token", wrong.as_str())];
        refused(&post(&w.http, "/oauth/token", &fields).await, 400, "invalid_grant");
    }
    for wrong in [tokens.text_at("/refresh_token"), fresh.clone()] {
        let list = Mcp::new(w.http.with_key(&wrong), "/v1/mcp").request("tools/list", json!({}));
        assert_eq!(list.send().await.status, 401);
    }
    exchange(&w, &id, &fresh, &[]).await.ok();
}

/// What a client or its attacker writes into a request stays a value: it makes no parameter, no header and no markup.
#[tokio::test]
async fn what_is_written_into_a_request_becomes_no_part_of_the_answer() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    for state in [
        "x&code=forged&iss=https://evil.example",
        "x#access_token=forged",
        "x\r\nLocation: https://evil.example\r\n\r\n<script>",
        "\"><script>alert(1)</script>",
        "%26code%3Dforged",
        "x;code=forged",
        "\u{0}\u{1F608}\u{202e}",
    ] {
        let request = query(&client, &[("state", state)]);
        let page = ask(&shop.owner, &request).await.ok();
        assert!(!page.text().contains("<script>alert"), "{}", page.text());
        let done = answer(&shop.owner, &page, &[("answer", "allow")]).await;
        let to = done.header("location").to_owned();
        assert!(to.starts_with(BACK) && !to.contains('#') && to.is_ascii(), "{to}");
        assert_eq!(done.headers.get_all("location").iter().count(), 1);
        let told = told(&to);
        let names: Vec<&str> = told.keys().map(String::as_str).collect();
        assert_eq!(names, ["code", "iss", "state", "tenant"], "{to}");
        assert_eq!((told["state"].as_str(), told["iss"].as_str()), (state, w.url()), "{to}");
        assert!(told["code"].starts_with("pac_"), "{to}");
    }
    // What stands in one parameter twice is not chosen between.
    let twice = query(&client, &[]) + "&scope=offline_access";
    refused_there(&w, &ask(&shop.owner, &twice).await, "invalid_request");
}

/// RFC 9700 section 4.7 and RFC 6749 section 10.12: another site's page can let nobody sign in, allow or take back.
#[tokio::test]
async fn no_other_site_acts_with_a_persons_browser() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let page = ask(&shop.owner, &query(&client, &[])).await.ok();
    let mut consent = fields(&page);
    consent.insert("answer".to_owned(), "allow".to_owned());
    let consent: Vec<(&str, &str)> =
        consent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let begun = post(&w.http, "/oauth/device", &[("client_id", client.id.as_str())]).await.ok();
    let user_code = begun.text_at("/user_code");
    let shown = super::oauth_authorize::typed(&shop.owner, &user_code).await.ok();
    let mut device = fields(&shown);
    device.insert("answer".to_owned(), "allow".to_owned());
    let device: Vec<(&str, &str)> =
        device.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let token = ("form_token", shop.owner.form_token.as_str());
    let sign_in = [("email", shop.owner.email.as_str()), ("password", shop.owner.password())];
    for (path, form) in [
        ("/oauth/consent", consent.as_slice()),
        ("/device/answer", &device),
        ("/device", &[token, ("user_code", &user_code)]),
        ("/access/revoke-all", &[token]),
        ("/sign-out", &[token]),
        ("/sign-in", &sign_in),
    ] {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let call = shop.owner.browser.call(Method::POST, path).form(form).header(name, value);
            let reply = call.send().await;
            assert_eq!(reply.status, 403, "{path} {name}: {value}: {}", reply.text());
            assert_eq!((reply.header("location"), reply.header("set-cookie")), ("", ""), "{path}");
        }
        // A form without the person's own token, as another page would send it.
        let bare: Vec<(&str, &str)> =
            form.iter().filter(|(name, _)| *name != "form_token").copied().collect();
        if path != "/sign-in" {
            let call = shop.owner.browser.call(Method::POST, path).form(&bare).header("origin", "null");
            assert_eq!(call.send().await.status, 403, "{path}");
        }
    }
    assert_eq!(shop.platform.get("/v1/grants").send().await.ok().at("/items"), json!([]));
    // A request that only looks: nothing is allowed by a link, however often it was allowed before.
    allow(&shop.owner, &query(&client, &[])).await;
    let page = ask(&shop.owner, &query(&client, &[("prompt", "none")])).await;
    assert!(!told(page.header("location")).contains_key("code"), "{}", page.header("location"));
    for method in [Method::GET, Method::HEAD] {
        let path = "/oauth/consent?answer=allow";
        assert_eq!(shop.owner.browser.call(method, path).send().await.status, 405);
    }
}

/// RFC 9700 section 4.11.2 and OAuth 2.1 section 7.12: whatever stands in a link to us, it leads to a page of ours or to
/// the address of a client that people here made or let act.
#[tokio::test]
async fn no_link_to_us_leads_to_whoever_wrote_it() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let nobody = w.http.with(http::header::ACCEPT, "text/html");
    let stays = |reply: &Reply, what: &str| {
        let to = reply.header("location");
        let is_ours = to.is_empty() || (to.starts_with('/') && !to.starts_with("//") && !to.contains('\\'));
        assert!(is_ours, "{what}: {to}");
        assert_eq!(reply.header("refresh"), "", "{what}");
    };
    for evil in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "https:evil.example",
        "%2f%2fevil.example",
        "http://127.0.0.1@evil.example/",
    ] {
        let encoded: String = form_urlencoded::byte_serialize(evil.as_bytes()).collect();
        for path in [
            format!("/sign-in?next={encoded}"),
            format!("/sign-in?next={encoded}&again=1"),
            format!("/oauth/authorize?{}", query(&client, &[("redirect_uri", evil)])),
            format!("/oauth/authorize?{}", query(&client, &[("redirect_uri", evil), ("prompt", "none")])),
            format!("/oauth/authorize?{}", query(&client, &[("client_id", evil), ("redirect_uri", evil)])),
            // A client that a stranger registered: not even its own address, by a mistake that it made on purpose.
            format!("/oauth/authorize?{}", query(&client, &[("scope", evil)])),
            format!("/oauth/authorize?{}", query(&client, &[("request_uri", evil)])),
            format!("/device?next={encoded}&user_code={encoded}"),
            format!("/?next={encoded}"),
        ] {
            stays(&nobody.get(&path).send().await, &path);
            stays(&shop.owner.page(&path).await, &path);
        }
        let form =
            [("email", shop.owner.email.as_str()), ("password", shop.owner.password()), ("next", evil)];
        let signed = nobody.call(Method::POST, "/sign-in").form(&form).send().await;
        assert_eq!(signed.status, 303);
        stays(&signed, evil);
    }
    refused_here(&shop.owner.page("/oauth/authorize?redirect_uri=https%3A%2F%2Fevil.example").await);
}

/// RFC 9700 sections 4.2.4 and 4.3.1: nothing on the way tells another site where it stood, loads anything from one, or
/// leaves a code where it is kept.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn no_page_on_the_way_tells_another_site_where_it_stood() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |metadata| {
        metadata.client_uri = Some("https://evil.example/home".to_owned());
        metadata.logo_uri = Some("https://evil.example/logo.png".to_owned());
        metadata.tos_uri = Some("https://evil.example/tos".to_owned());
        metadata.policy_uri = Some("https://evil.example/policy".to_owned());
    })
    .await;
    let request = query(&client, &[("state", "x")]);
    let nobody = w.http.with(http::header::ACCEPT, "text/html");
    let sent = nobody.get(&format!("/oauth/authorize?{request}")).send().await;
    let sign_in = nobody.get(sent.header("location")).send().await.ok();
    let shown = ask(&shop.owner, &request).await.ok();
    let done = answer(&shop.owner, &shown, &[("answer", "allow")]).await;
    let code = told(done.header("location")).remove("code").unwrap();
    let denied = answer(&shop.owner, &ask(&shop.owner, &request).await.ok(), &[("answer", "deny")]).await;
    let bad = ask(&shop.owner, &query(&client, &[("redirect_uri", "https://evil.example/")])).await;
    let wrong = ask(&shop.owner, &query(&client, &[("scope", "admin")])).await;
    for (what, reply) in [
        ("the way to the sign-in", &sent),
        ("the page", &shown),
        ("the answer", &done),
        ("the denial", &denied),
        ("the refusal", &bad),
        ("the refusal to a client that is let act", &wrong),
    ] {
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{what}");
        assert_eq!(reply.header("cache-control"), "no-store", "{what}");
    }
    // The sign-in has the request in its address; it tells pages of ours alone.
    assert_eq!(sign_in.header("referrer-policy"), "same-origin");
    let device = shop.owner.page("/device").await.ok();
    for (what, reply) in [
        ("the page", &shown),
        ("the sign-in", &sign_in),
        ("the refusal", &bad),
        ("the device's page", &device),
    ] {
        let text = reply.text();
        for outside in
            ["src=\"http", "href=\"http", "src=\"//", "href=\"//", "url(", "<img", "@import", "<iframe"]
        {
            assert!(!text.contains(outside), "{what} has {outside}: {text}");
        }
        assert!(!text.contains("evil.example"), "{what}: {text}");
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{what}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{what}");
        assert!(!policy.contains("evil.example") && !policy.contains("unsafe"), "{what}: {policy}");
    }
    // The code stands in the answer's address and nowhere else: in no body, no record and no row.
    assert!(!done.text().contains(&code), "{}", done.text());
    for (place, value) in testing::every_value(&w.app.store).await {
        assert!(!String::from_utf8_lossy(&value).contains(&code[4..]), "{place} holds a code");
    }
    // It goes by the body of a POST alone, and whoever finds it in a history a minute later has nothing.
    let in_address = format!("/oauth/token?code={code}");
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client.id.as_str()),
        ("code_verifier", VERIFIER),
    ];
    refused(&post(&w.http, &in_address, &fields).await, 400, "invalid_request");
    w.advance_ms(60_000);
    refused(&exchange(&w, client.id.as_str(), &code, &[]).await, 400, "invalid_grant");
}

/// RFC 9700 section 4.10, RFC 9068 section 4: a token that another resource was shown opens no other, nor does one that
/// says it is of another kind.
#[tokio::test]
async fn a_token_that_one_api_was_shown_opens_no_other() {
    const ORDERS: &str = "https://api.shop.example/orders";
    let w = World::start().await;
    let (shop, bank) = (w.tenant("shop").await, w.tenant("bank").await);
    super::oauth_tokens::orders(&shop, "jwt", ORDERS).await;
    let client = registered(&w, |_| {}).await;
    let at = [("resource", ORDERS), ("scope", "orders:read")];
    let held = exchange(&w, client.id.as_str(), &code(&shop, &client, &at).await, &[]).await.ok();
    let token = held.text_at("/access_token");
    assert_eq!(part(&token, 1)["aud"], json!(ORDERS));
    let http = w.http.with_key(&token);
    for path in ["/v1/mcp", "/v1/mcp/", "/v1/mcp/crm"] {
        let list = Mcp::new(http.clone(), path).request("tools/list", json!({}));
        assert_eq!(list.send().await.status, 401, "{path}");
    }
    for path in ["/v1/whoami", "/v1/agents", "/v1/clients", "/v1/grants", "/access"] {
        assert!(matches!(http.get(path).send().await.status, 303 | 401), "{path}");
    }
    // Another organization's people hear nothing of it, nor can they end it.
    let member = bank.member(Role::Admin).await;
    assert_eq!(super::oauth_tokens::told(&bank, &token).await, json!({"active": false}));
    let session = part(&token, 1)["sid"].as_str().unwrap().to_owned();
    let ended = bank.platform.delete(&format!("/v1/oauth-sessions/{session}")).send().await;
    assert_eq!(ended.status, 404, "{}", ended.text());
    member.submit("/access/revoke-all", &[]).await;
    assert!(super::oauth_tokens::is_live(&shop, &token).await);
}
