//! Guessing at clients: failures are bounded for each address and client, nobody else's requests suffer from them, and
//! people sign in all the while (LIM-1, OAU-2).

use super::oauth_tokens::{Own, own, post, refused};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use procura_cluster::{LimitSettings, Rate};
use procura_crypto::{TokenKind, token};
use procura_testkit::{
    business::{Issuer, key_set},
    world::{Options, Reply, Shop, World},
};
use serde_json::json;

const GRANT: (&str, &str) = ("grant_type", "client_credentials");
const ALLOWED: usize = 10;

async fn limited() -> (World, Shop) {
    let limits = LimitSettings { auth: Rate::per_minute(10), ..Options::default().limits };
    let w = World::start_adjusted(
        procura_store::testing::fresh().await,
        Options { limits, ..Options::default() },
        None,
        |settings| settings.trusted_proxies = vec!["127.0.0.0/8".to_owned()],
    )
    .await;
    let shop = w.tenant("shop").await;
    (w, shop)
}

async fn made(shop: &Shop, name: &str) -> Own {
    let agent = shop.agent(name).await;
    own(shop, &["client_credentials"], Some(&agent), json!({"client_name": name})).await
}

fn wrong(w: &World) -> String {
    token::mint(TokenKind::ClientSecret, &w.app.entropy).secret.show().to_owned()
}

/// The same from another address, as a trusted proxy tells it.
async fn from(w: &World, address: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
    let call = w.http.call(http::Method::POST, path).form(fields);
    call.header("x-forwarded-for", address).send().await
}

#[track_caller]
fn too_often(reply: &Reply) {
    refused(reply, 429, "temporarily_unavailable");
    let wait: u64 = reply.header("retry-after").parse().expect("a number of seconds");
    assert!((1..=60).contains(&wait), "{wait}");
}

#[tokio::test]
async fn whoever_guesses_is_stopped_and_nobody_else() {
    let (w, shop) = limited().await;
    let (victim, other) = (made(&shop, "victim").await, made(&shop, "other").await);
    let guess = async |path: &str| {
        let secret = wrong(&w);
        let fields = [("client_id", victim.id.as_str()), ("client_secret", &secret), GRANT, ("token", "x")];
        from(&w, "203.0.113.7", path, &fields).await
    };
    // One count for all endpoints: a guess is a guess.
    let paths =
        ["/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/par", "/oauth/device", "/token"];
    for number in 0..ALLOWED {
        refused(&guess(paths[number % paths.len()]).await, 401, "invalid_client");
    }
    for path in paths {
        too_often(&guess(path).await);
    }
    // The right secret from there is not tried either; from elsewhere it serves, and so do other clients from there.
    let right = victim.fields(&[GRANT]);
    too_often(&from(&w, "203.0.113.7", "/oauth/token", &right).await);
    from(&w, "203.0.113.8", "/oauth/token", &right).await.ok();
    from(&w, "203.0.113.7", "/oauth/token", &other.fields(&[GRANT])).await.ok();
    // What was verified a moment ago is known without being weighed.
    from(&w, "203.0.113.7", "/oauth/token", &right).await.ok();
    w.advance_ms(61_000);
    refused(&guess("/oauth/token").await, 401, "invalid_client");
    from(&w, "203.0.113.7", "/oauth/token", &right).await.ok();
}

#[tokio::test]
async fn clients_that_are_none_are_counted_together() {
    let (w, shop) = limited().await;
    let good = made(&shop, "good").await;
    let secret = wrong(&w);
    let guess = async || {
        let id = procura_model::ClientId::new(w.clock.now(), &w.app.entropy).to_string();
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let call = w.http.call(http::Method::POST, "/oauth/token").form(&[GRANT]);
        call.header("authorization", &basic).header("x-forwarded-for", "2001:db8::1").send().await
    };
    for _ in 0..ALLOWED {
        refused(&guess().await, 401, "invalid_client");
    }
    too_often(&guess().await);
    // One site of IPv6 is one address, and a client that is there is another matter.
    from(&w, "2001:db8::2", "/oauth/token", &good.fields(&[GRANT])).await.ok();
}

#[tokio::test]
async fn assertions_that_do_not_hold_are_counted_too() {
    let (w, shop) = limited().await;
    let (key, stranger) = (Issuer::new("key"), Issuer::new("stranger"));
    let agent = shop.agent("signs").await;
    let metadata = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": key_set(&[&key])});
    let client = own(&shop, &["client_credentials"], Some(&agent), metadata).await;
    let show = async |key: &Issuer, jti: &str| {
        let now = w.clock.now().as_ms() / 1_000;
        let assertion = key.token(&json!({"iss": client.id, "sub": client.id, "aud": w.url(), "jti": jti,
            "iat": now, "exp": now + 60}));
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let fields = [GRANT, ("client_assertion_type", kind), ("client_assertion", &assertion)];
        post(&w.http, "/oauth/token", &fields).await
    };
    show(&key, "first").await.ok();
    for number in 0..ALLOWED {
        refused(&show(&stranger, &number.to_string()).await, 401, "invalid_client");
    }
    too_often(&show(&stranger, "more").await);
    w.advance_ms(61_000);
    show(&key, "last").await.ok();
}

/// Weighing a client's secret costs a processor for long on purpose. It is done in places of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_wrong_secrets_keeps_nobody_from_signing_in() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let victim = made(&shop, "victim").await;
    let flood = (0..80).map(|_| {
        let secret = wrong(&w);
        let fields = [("client_id".to_owned(), victim.id.clone()), ("client_secret".to_owned(), secret)];
        let http = w.http.clone();
        async move {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain([GRANT]).collect();
            post(&http, "/oauth/token", &fields).await.status
        }
    });
    let mut flood = std::pin::pin!(futures_util::future::join_all(flood));
    let sign_ins = async {
        for _ in 0..3 {
            let fields = [("email", shop.owner.email.as_str()), ("password", shop.owner.password())];
            let form = w.http.call(http::Method::POST, "/sign-in").form(&fields);
            let reply = form.header("origin", w.url()).send().await;
            assert_eq!(reply.status, 303, "{}", reply.text());
        }
    };
    tokio::select! {
        _ = &mut flood => panic!("the flood was over before three people had signed in"),
        () = sign_ins => {}
    }
    for status in flood.await {
        assert!(matches!(status, 401 | 429 | 503), "{status}");
    }
}
