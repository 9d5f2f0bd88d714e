//! Clients by metadata document (draft-ietf-oauth-client-id-metadata-document, MCP's profile of it), from the page that a
//! person sees to the token endpoint, against a host that serves documents well and badly.

use super::{
    oauth_authorize::{CHALLENGE, allow, ask, refused_here},
    oauth_tokens::{VERIFIER, post, refused},
};
use procura_egress::Purpose;
use procura_testkit::{
    business::{Issuer, key_set},
    secure::SecureHost,
    world::{Options, Shop, World},
};
use serde_json::{Value, json};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Section 6.6 recommends five kibibytes.
const MAX_BYTES: usize = 5 * 1_024;

struct Stage {
    w: World,
    shop: Shop,
    host: SecureHost,
}

impl Stage {
    async fn set() -> Option<Self> {
        let Some(host) = SecureHost::start("client.example").await else {
            eprintln!("NOT TESTED: this machine has no private address beside the loopback");
            return None;
        };
        let w = World::start_trusting(Some(host.authority()), Options::default()).await;
        let shop = w.tenant("shop").await;
        w.resolver.point("client.example", host.address());
        w.allow_url_for(Purpose::ClientMetadata, &host.url("/"));
        Some(Self { w, shop, host })
    }

    /// Puts a document there; gives the client's id.
    fn client(&self, path: &str, changes: &Value) -> String {
        let id = self.host.url(path);
        let mut document = json!({"client_id": id, "client_name": "Claude Code",
            "redirect_uris": ["https://app.example/cb"]});
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        self.host.put(path, document);
        id
    }
}

fn query(id: &str, redirect_uri: &str) -> String {
    let pairs = [
        ("response_type", "code"),
        ("client_id", id),
        ("redirect_uri", redirect_uri),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "https://evil.example"),
    ];
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Sections 4 and 6, and MCP, authorization: what a person sees, and that nothing bad ever leads anywhere.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn a_document_is_shown_with_its_hosts_and_a_bad_one_leads_nowhere() {
    let Some(Stage { w, shop, host }) = Stage::set().await else { return };
    let stage = Stage { w, shop, host };
    let id = stage.client("/good", &json!({}));
    let page = ask(&stage.shop.owner, &query(&id, "https://app.example/cb")).await.ok().text();
    let authority = id.strip_prefix("https://").unwrap().split('/').next().unwrap();
    for host in [authority, "app.example"] {
        assert!(page.contains(&format!("<strong class=\"mono\">{host}</strong>")), "{host}: {page}");
    }
    assert!(!page.contains("Did you start this program yourself"), "{page}");
    // What leads to a program of this computer could be anybody's.
    let id =
        stage.client("/local", &json!({"redirect_uris": ["http://127.0.0.1/cb", "http://localhost/cb"]}));
    for uri in ["http://127.0.0.1:51004/cb", "http://localhost:1/cb"] {
        let page = ask(&stage.shop.owner, &query(&id, uri)).await.ok().text();
        assert!(page.contains("Did you start this program yourself") && page.contains(uri), "{page}");
        assert!(page.contains(&format!("<strong class=\"mono\">{authority}</strong>")), "{page}");
    }
    // A redirect URI that is not listed, to the letter.
    let id = stage.client("/listed", &json!({}));
    for uri in [
        "https://evil.example/cb",
        "https://app.example/cb/",
        "https://app.example/CB",
        "https://app.example/cb?x=1",
        "https://app.example:444/cb",
        "https://client.example/cb",
        "http://127.0.0.1/cb",
    ] {
        refused_here(&ask(&stage.shop.owner, &query(&id, uri)).await);
    }
    // What cannot be had or used: a page, also where nobody is signed in, and never a redirect.
    let pad = |bytes: usize| json!({"x": "x".repeat(bytes)});
    let bare = stage.client("/long", &pad(0));
    let len = json!({"client_id": bare, "client_name": "Claude Code", "redirect_uris": ["https://app.example/cb"], "x": ""})
        .to_string()
        .len();
    stage.client("/just", &pad(MAX_BYTES - len));
    stage.client("/long", &pad(MAX_BYTES - len + 1));
    stage.client("/secret", &json!({"client_secret": "x"}));
    stage.client("/by-secret", &json!({"token_endpoint_auth_method": "client_secret_post"}));
    stage.client("/other", &json!({"client_id": stage.host.url("/good")}));
    stage.client("/nameless", &json!({"client_name": null}));
    stage.client("/nowhere", &json!({"redirect_uris": []}));
    stage.host.redirect("/moved", &stage.host.url("/target"));
    stage.client("/target", &json!({"client_id": stage.host.url("/moved")}));
    for path in ["/long", "/secret", "/by-secret", "/other", "/nameless", "/nowhere", "/moved", "/missing"] {
        let query = query(&stage.host.url(path), "https://app.example/cb");
        refused_here(&ask(&stage.shop.owner, &query).await);
        let nobody = stage.w.http.get(&format!("/oauth/authorize?{query}")).header("accept", "text/html");
        refused_here(&nobody.send().await);
        // A failure is not kept: the second who asks fetches anew.
        assert_eq!(stage.host.visits(path), 2, "{path}");
    }
    assert_eq!(stage.host.visits("/target"), 0, "a redirect was followed");
    ask(&stage.shop.owner, &query(&stage.host.url("/just"), "https://app.example/cb")).await.ok();
    // RFC 6749 section 5.2: without a browser it is told as JSON.
    let missing = stage.host.url("/missing");
    let fields = [("client_id", missing.as_str()), ("grant_type", "authorization_code"), ("code", "x")];
    let reply = post(&stage.w.http, "/oauth/token", &fields).await;
    assert!(
        matches!(reply.text_at("/error").as_str(), "invalid_client" | "invalid_request"),
        "{}",
        reply.text()
    );
    let document = stage.w.http.get("/.well-known/oauth-authorization-server").send().await.ok();
    assert_eq!(document.at("/client_id_metadata_document_supported"), json!(true));
}

/// Section 6.2: a document with a key makes the client confidential; it "MUST authenticate" by that key.
#[tokio::test]
async fn a_document_with_a_key_authenticates_by_that_key_and_in_no_other_way() {
    let Some(stage) = Stage::set().await else { return };
    let (w, shop) = (&stage.w, &stage.shop);
    let (key, other) = (Issuer::new("of-document"), Issuer::new("of-nobody"));
    let signs = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": key_set(&[&key])});
    let id = stage.client("/signs", &signs);
    let now = w.clock.now().as_ms() / 1_000;
    let claims =
        |jti: &str| json!({"iss": id, "sub": id, "aud": w.url(), "jti": jti, "iat": now, "exp": now + 60});
    let right = |jti: &str| key.token(&claims(jti));
    let foreign = other.token(&claims("foreign"));
    let plain = right("1");
    for (shown, error) in [
        (&[("client_id", id.as_str())][..], "invalid_client"),
        (&[("client_id", id.as_str()), ("client_secret", "pcc_x")], "invalid_client"),
        (&[("client_assertion_type", ASSERTION), ("client_assertion", foreign.as_str())], "invalid_client"),
        // An assertion that names another client beside it.
        (
            &[
                ("client_id", "https://client.example/other"),
                ("client_assertion_type", ASSERTION),
                ("client_assertion", plain.as_str()),
            ],
            "invalid_request",
        ),
    ] {
        let code = allow(&shop.owner, &query(&id, "https://app.example/cb")).await.remove("code").unwrap();
        let mut fields =
            vec![("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
        fields.extend_from_slice(shown);
        let status = if error == "invalid_client" { 401 } else { 400 };
        refused(&post(&w.http, "/oauth/token", &fields).await, status, error);
        // The code was not used up by whoever could not show who they are.
        let assertion = right(&code);
        let mut fields =
            vec![("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
        // RFC 7523 section 3: client_id beside an assertion is its subject, or stays away.
        fields.extend([
            ("client_assertion_type", ASSERTION),
            ("client_assertion", &assertion),
            ("client_id", &id),
        ]);
        post(&w.http, "/oauth/token", &fields).await.ok();
    }
    // The same at every endpoint where clients show themselves.
    for path in ["/oauth/par", "/oauth/device", "/oauth/revoke", "/oauth/introspect"] {
        let fields = [("client_id", id.as_str()), ("token", "x")];
        refused(&post(&w.http, path, &fields).await, 401, "invalid_client");
    }
}
