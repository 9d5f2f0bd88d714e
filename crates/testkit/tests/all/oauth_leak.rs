//! A leaked database: nothing that is read out of any table opens anything. Every value that a database keeps is tried at
//! every place where a credential is shown, as it is, spelled as texts are spelled, and made up into a well-formed secret of
//! the kind that the place takes; and each place is proven to open to the true one.

use super::{
    oauth_authorize::{CHALLENGE, answer, ask, query, registered, typed},
    oauth_tokens::{ORDERS, Own, VERIFIER, code, exchange, is_live, orders, own, part, post, refresh},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use futures_util::{StreamExt as _, stream};
use http::Method;
use procura_app::{members, recovery};
use procura_crypto::{TokenKind, token};
use procura_model::Role;
use procura_store::testing;
use procura_testkit::{
    business::signed_token,
    process::workspace,
    world::{Buyer, Mcp, Reply, Shop, World},
};
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Keep bytes that are no secret's: digests of questions, results and answers that were kept for the same caller, and what
/// tells identical registrations and sessions apart.
const NO_SECRETS: [&str; 8] = [
    "approvals.digest",
    "idempotency.body",
    "idempotency.digest",
    "oauth_clients.fingerprint",
    "oauth_sessions.alike",
    "reservations.digest",
    "results.body",
    "servers.sealed_credential",
];

/// A place where a credential is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Code,
    Refresh,
    DeviceCode,
    UserCode,
    PushedRequest,
    Introspection,
    Gateway,
    AgentKey,
    PlatformKey,
    Cookie,
    AgentSession,
    Passport,
    SignInLink,
    Invitation,
    ApprovalLink,
    ClientSecret,
    ClientSecretInHeader,
}

impl Door {
    const ALL: [Self; 17] = [
        Self::Code,
        Self::Refresh,
        Self::DeviceCode,
        Self::UserCode,
        Self::PushedRequest,
        Self::Introspection,
        Self::Gateway,
        Self::AgentKey,
        Self::PlatformKey,
        Self::Cookie,
        Self::AgentSession,
        Self::Passport,
        Self::SignInLink,
        Self::Invitation,
        Self::ApprovalLink,
        Self::ClientSecret,
        Self::ClientSecretInHeader,
    ];

    /// Of what kind the secrets are that it takes.
    const fn kind(self) -> Option<TokenKind> {
        Some(match self {
            Self::Code => TokenKind::Code,
            Self::Refresh => TokenKind::RefreshToken,
            Self::DeviceCode => TokenKind::DeviceCode,
            Self::UserCode => return None,
            Self::PushedRequest => TokenKind::PushedRequest,
            Self::Introspection => TokenKind::AccessToken,
            Self::Gateway | Self::AgentKey => TokenKind::AgentKey,
            Self::PlatformKey => TokenKind::PlatformKey,
            Self::Cookie | Self::AgentSession => TokenKind::Session,
            Self::Passport => TokenKind::Passport,
            Self::SignInLink | Self::Invitation | Self::ApprovalLink => TokenKind::Link,
            Self::ClientSecret | Self::ClientSecretInHeader => TokenKind::ClientSecret,
        })
    }

    /// Every wrong secret costs a bcrypt here, so what is plainly none is not tried.
    const fn is_dear(self) -> bool {
        matches!(self, Self::ClientSecret | Self::ClientSecretInHeader)
    }
}

/// A world in which there is a row of everything, and who holds what.
struct Stage {
    w: World,
    shop: Shop,
    agent: Buyer,
    public: procura_model::Client,
    by_post: Own,
    by_basic: Own,
    passport: String,
    /// The true credentials, in the order of [`Door::ALL`].
    secrets: Vec<String>,
}

impl Stage {
    #[expect(clippy::too_many_lines, reason = "one of everything")]
    async fn set() -> Self {
        let w = World::start().await;
        let shop = w.tenant("shop").await;
        let agent = shop.agent("worker").await;
        orders(&shop, "opaque", ORDERS).await;
        let public = registered(&w, |_| {}).await;
        let id = public.id.to_string();
        let waiting = code(&shop, &public, &[]).await;
        // A used code and a used refresh token, whose answer is still kept.
        let begun = exchange(&w, &id, &code(&shop, &public, &[]).await, &[]).await.ok();
        let turned = refresh(&w, &id, &begun.text_at("/refresh_token"), &[]).await.ok();
        let by_post = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
        let basic = json!({"token_endpoint_auth_method": "client_secret_basic"});
        let by_basic = own(&shop, &["client_credentials"], Some(&agent), basic).await;
        let ask_for_opaque = [("grant_type", "client_credentials"), ("resource", ORDERS)];
        let opaque = by_post.token(&w, &ask_for_opaque).await.ok().text_at("/access_token");
        let device = post(&w.http, "/oauth/device", &[("client_id", &id)]).await.ok();
        let pushed = w.http.call(Method::POST, "/oauth/par");
        let pushed = pushed.header("content-type", "application/x-www-form-urlencoded");
        let pushed = pushed.bytes(query(&public, &[])).send().await.ok().text_at("/request_uri");
        // A proof that was seen.
        let key = procura_testkit::business::Issuer::new("key");
        let proof = super::oauth_tokens::proof(&w, &key, "1", &json!({}));
        super::oauth_tokens::proven(&w, &by_post.fields(&[("grant_type", "client_credentials")]), &proof)
            .await
            .ok();
        let secret = shop.user_signed_token(&agent).await;
        let now = w.clock.now().as_ms() / 1_000;
        let user = signed_token(&json!({"userId": "ada", "iat": now - 5, "exp": now + 600}), &secret);
        let opened = agent.open_session(&user).await.ok();
        let path = format!("/v1/agents/{}/passport", agent.id);
        let url = shop.platform.call(Method::POST, &path).send().await.ok().text_at("/url");
        let (page, passport_token) = url.split_once("#token=").unwrap();
        let sign_in = recovery::owner_link(&w.app, &shop.owner.email).await.unwrap();
        let email = "new@shop.example";
        let (_, invitation) =
            members::invite(&w.app, &shop.owner_ctx(), email, Role::Developer).await.unwrap();
        shop.permit(&agent, json!({"effect": "allow", "actions": ["pay"], "approval": "always"})).await;
        let approval = agent.verify("pay").send().await.waits();
        let approve = shop.approval_link(&shop.owner, &approval).await.unwrap();
        let last = |url: &str| url.rsplit('/').next().unwrap().to_owned();
        let secrets = vec![
            waiting,
            turned.text_at("/refresh_token"),
            device.text_at("/device_code"),
            device.text_at("/user_code"),
            last(&pushed.replace(':', "/")),
            opaque,
            agent.key.clone(),
            agent.key.clone(),
            shop.key.clone(),
            shop.owner.cookie.clone(),
            opened.text_at("/sessionToken"),
            passport_token.to_owned(),
            last(sign_in.show()),
            last(invitation.show()),
            last(&approve),
            by_post.secret.clone(),
            by_basic.secret.clone(),
        ];
        let passport = last(page);
        Self { w, shop, agent, public, by_post, by_basic, passport, secrets }
    }

    /// Whether this opens the door, or is so much as known behind it.
    #[expect(clippy::too_many_lines, reason = "one arm for each door")]
    async fn opens(&self, door: Door, shown: &str) -> bool {
        let w = &self.w;
        let id = self.public.id.as_str();
        let is_not = |reply: &Reply, error: &str| reply.json()["error"] != json!(error);
        let path = |prefix: &str| {
            let encoded: String = form_urlencoded::byte_serialize(shown.as_bytes()).collect();
            format!("{prefix}{}", encoded.replace('+', "%20"))
        };
        let cc = [("grant_type", "client_credentials")];
        match door {
            Door::Code => is_not(&exchange(w, id, shown, &[]).await, "invalid_grant"),
            Door::Refresh => is_not(&refresh(w, id, shown, &[]).await, "invalid_grant"),
            Door::DeviceCode => {
                let fields = [("grant_type", DEVICE), ("client_id", id), ("device_code", shown)];
                is_not(&post(&w.http, "/oauth/token", &fields).await, "invalid_grant")
            }
            Door::UserCode => typed(&self.shop.owner, shown).await.status == 200,
            Door::PushedRequest => {
                let uri = format!("urn:ietf:params:oauth:request_uri:{shown}");
                let pairs = [("client_id", id), ("request_uri", uri.as_str())];
                let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
                ask(&self.shop.owner, &text).await.status != 400
            }
            Door::Introspection => is_live(&self.shop, shown).await,
            Door::Gateway => {
                let list = Mcp::new(w.http.with_key(shown), "/v1/mcp").request("tools/list", json!({}));
                list.send().await.status != 401
            }
            Door::AgentKey => w.http.with_key(shown).get("/v1/whoami").send().await.status != 401,
            Door::PlatformKey => w.http.with_key(shown).get("/v1/agents").send().await.status == 200,
            Door::Cookie => {
                let call = w.http.get("/access").header("accept", "text/html");
                call.header("cookie", &format!("procura={shown}")).send().await.status == 200
            }
            Door::AgentSession => {
                let call = self.agent.http.get("/v1/whoami").header("x-procura-session", shown);
                call.send().await.status == 200
            }
            Door::Passport => {
                let path = format!("/v1/passports/{}", self.passport);
                w.http.with_key(shown).get(&path).send().await.status == 200
            }
            Door::SignInLink => {
                let page = w.http.get(&path("/owner/")).header("accept", "text/html").send().await;
                page.status == 200
            }
            Door::Invitation => {
                let page = w.http.get(&path("/invitations/")).header("accept", "text/html").send().await;
                page.status == 200
            }
            Door::ApprovalLink => {
                let page = w.http.get(&path("/approve/")).header("accept", "text/html").send().await;
                page.status == 200
            }
            Door::ClientSecret => {
                let thief = Own { id: self.by_post.id.clone(), secret: shown.to_owned() };
                thief.token(w, &cc).await.status == 200
            }
            Door::ClientSecretInHeader => {
                let basic = STANDARD.encode(format!("{}:{shown}", self.by_basic.id));
                let call = w.http.call(Method::POST, "/oauth/token").form(&cc);
                call.header("authorization", &format!("Basic {basic}")).send().await.status == 200
            }
        }
    }
}

/// A well-formed secret of this kind whose 32 bytes are these: what a thief makes of a digest.
fn made_up(kind: TokenKind, bytes: &[u8; 32]) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let digits = |mut number: Vec<u8>, count: usize| {
        let mut text = vec![b'0'; count];
        for digit in text.iter_mut().rev() {
            let mut rest = 0_u16;
            for byte in &mut number {
                let value = (rest << 8) | u16::from(*byte);
                *byte = u8::try_from(value / 62).unwrap();
                rest = value % 62;
            }
            *digit = ALPHABET[usize::from(rest)];
        }
        String::from_utf8(text).unwrap()
    };
    let text = format!("{}{}", kind.prefix(), digits(bytes.to_vec(), 43));
    let check = text.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    });
    let made = format!("{text}{}", digits((!check).to_be_bytes().to_vec(), 6));
    assert_eq!(token::parse(&made).map(|parsed| parsed.kind), Ok(kind), "{made}");
    made
}

/// What a thief shows of a stored value at this door.
fn shown_of(door: Door, place: &str, value: &[u8]) -> Vec<String> {
    let text =
        std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    let mut shown: Vec<String> = Vec::new();
    if !door.is_dear() || place.starts_with("oauth_client_secrets.") {
        shown.extend(text.filter(|text| text.len() <= 512).map(str::to_owned));
    }
    if text.is_some() {
        return shown;
    }
    if !door.is_dear() || place.starts_with("oauth_client_secrets.") {
        let hex = value.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        shown.extend([URL_SAFE_NO_PAD.encode(value), hex]);
    }
    // The digest itself, or what lies first and last in a sealed value, as the chance of a new secret.
    let windows = [value.first_chunk::<32>(), value.last_chunk::<32>()].into_iter().flatten();
    let windows: BTreeSet<&[u8; 32]> = windows.collect();
    shown.extend(windows.into_iter().filter_map(|bytes| Some(made_up(door.kind()?, bytes))));
    shown
}

/// The columns that hold bytes, by the migrations.
fn columns_of_bytes() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(workspace().join("crates/store/migrations")).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let mut table = String::new();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with("--")) {
            let words: Vec<&str> = line.split([' ', ',', '(', ';']).filter(|word| !word.is_empty()).collect();
            if let ["CREATE" | "ALTER", "TABLE", name, ..] = words.as_slice() {
                (*name).clone_into(&mut table);
            }
            let at = words.iter().position(|word| *word == "BYTEA").filter(|at| *at > 0);
            found.extend(at.map(|at| format!("{table}.{}", words[at - 1])));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_stored_is_a_credential() {
    let stage = Stage::set().await;
    let rows = testing::every_value(&stage.w.app.store).await;
    let mut places = BTreeSet::new();
    let mut tries: BTreeSet<(usize, String)> = BTreeSet::new();
    let mut of = std::collections::BTreeMap::new();
    for (place, value) in rows.iter().filter(|(_, value)| value.len() >= 8) {
        for secret in &stage.secrets {
            let is_there = value.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_there, "{place} holds a secret as it is");
        }
        places.insert(place.as_str());
        for (index, door) in Door::ALL.into_iter().enumerate() {
            for shown in shown_of(door, place, value) {
                of.entry(shown.clone()).or_insert(place.as_str());
                tries.insert((index, shown));
            }
        }
    }
    // Every column that holds a digest or something sealed has a row here, so none is forgotten.
    for column in columns_of_bytes() {
        let is_known = places.contains(column.as_str()) || NO_SECRETS.contains(&column.as_str());
        assert!(is_known, "{column} was not tried: give it a row in this test");
    }
    assert!(columns_of_bytes().contains("oauth_codes.digest") && tries.len() > 1_000, "{}", tries.len());
    // Ids open nothing either, but for what they are asked by; a header cannot carry everything.
    let stage = &stage;
    let opened: Vec<(Door, String)> = stream::iter(tries)
        .map(async |(index, shown)| {
            let door = Door::ALL[index];
            stage.opens(door, &shown).await.then_some((door, shown))
        })
        .buffer_unordered(16)
        .filter_map(std::future::ready)
        .collect()
        .await;
    let opened: Vec<_> = opened.iter().map(|(door, shown)| (door, of.get(shown), shown)).collect();
    assert!(opened.is_empty(), "what is stored opens: {opened:?}");
    // Each door opens to what is true, so each could have opened to what is not.
    for (door, secret) in Door::ALL.into_iter().zip(&stage.secrets) {
        assert!(stage.opens(door, secret).await, "{door:?} does not open to its own");
    }
}

/// The keys that sign, and what signs beside them: sealed, so that nothing in a database signs a token, a form or a link.
#[tokio::test]
async fn nothing_that_is_stored_signs_a_token_or_reads_as_a_password() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let page = ask(&shop.owner, &query(&client, &[])).await.ok();
    let done = answer(&shop.owner, &page, &[("answer", "allow")]).await;
    let code = super::oauth_authorize::told(done.header("location")).remove("code").unwrap();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client.id.as_str()),
        ("code", &*code),
        ("code_verifier", VERIFIER),
    ];
    let good = post(&w.http, "/oauth/token", &fields).await.ok().text_at("/access_token");
    assert!(is_live(&shop, &good).await);
    let encoded = |document: &Value| URL_SAFE_NO_PAD.encode(document.to_string());
    let mut claims = part(&good, 1);
    claims["jti"] = json!("tok_01JD9Z3V5M8Q6T2W4X7Y9A1B3C");
    let signed = format!("{}.{}", encoded(&part(&good, 0)), encoded(&claims));
    let mut seeds = 0;
    for (place, value) in testing::every_value(&w.app.store).await {
        let text = String::from_utf8_lossy(&value).into_owned();
        if place == "oauth_codes.challenge" {
            assert_eq!(text, CHALLENGE, "only the challenge is there, which has no way back");
        }
        assert!(!text.contains(&good) && !text.contains(VERIFIER), "{place}");
        if place == "accounts.password_hash" {
            let form = [("email", shop.owner.email.as_str()), ("password", text.as_str())];
            let reply =
                w.http.call(Method::POST, "/sign-in").form(&form).header("accept", "text/html").send().await;
            assert_eq!(reply.header("set-cookie"), "", "a hash is a password");
        }
        if !place.starts_with("oauth_keys.") || value.len() < 32 {
            continue;
        }
        let published =
            URL_SAFE_NO_PAD.decode(w.http.get("/oauth/jwks").send().await.ok().text_at("/keys/0/x"));
        for seed in value.windows(32) {
            let pair = Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
            let public = ring::signature::KeyPair::public_key(&pair).as_ref();
            assert_ne!(Ok(public), published.as_deref(), "{place} holds the private key as it is");
            seeds += 1;
            if seeds % 16 == 0 {
                let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes())));
                assert!(!is_live(&shop, &forged).await, "{place} signs");
            }
        }
    }
    assert!(seeds > 16, "{seeds}");
}
