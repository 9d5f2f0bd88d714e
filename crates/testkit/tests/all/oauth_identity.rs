//! Identity assertions of a customer's own issuer (ID-JAG with MCP's Enterprise-Managed Authorization): what is granted,
//! for whom, to which key, and the forgeries that must not pass.

use super::oauth_tokens::{
    ACCESS, BEARER, EXCHANGE, ORDERS, Own, is_live, orders, own, part, post, proof, proven, refused,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_egress::Purpose;
use procura_model::{Event, EventKind, IssuerId, oauth};
use procura_testkit::{
    business::{Answer, Host, Issuer, hex_code, key_set},
    world::{Mcp, Reply, Shop, World},
};
use serde_json::{Value, json};

const STOCK: &str = "https://api.shop.example/stock";
const IDP: &str = "https://idp.example";
const KIND: &str = "oauth-id-jag+jwt";

/// An organization that trusts an issuer, and its client.
struct Stage {
    w: World,
    shop: Shop,
    issuer: Issuer,
    client: Own,
    _host: Host,
}

impl Stage {
    async fn set() -> Self {
        let w = World::start().await;
        let shop = w.tenant("shop").await;
        let issuer = Issuer::new("idp");
        let host = w.host(Purpose::Jwks, Answer::Json(key_set(&[&issuer]))).await;
        let ctx = shop.owner_ctx();
        let trusted = oauth::TrustedIssuer {
            id: IssuerId::new(ctx.now, &w.app.entropy),
            issuer: IDP.to_owned(),
            settings: oauth::IssuerSettings {
                jwks_uri: host.url("/jwks.json"),
                agent: None,
                tenant: None,
                clients: Vec::new(),
            },
            created_at: ctx.now,
            updated_at: ctx.now,
        };
        let mut writer = w.app.store.write(&ctx).await.unwrap();
        procura_store::oauth_issuers::insert(&mut writer, &trusted).await.unwrap();
        writer.commit(Event::new(EventKind::IssuerTrusted)).await.unwrap();
        let agent = shop.agent("worker").await;
        orders(&shop, "jwt", ORDERS).await;
        orders(&shop, "jwt", STOCK).await;
        let client = own(&shop, &[BEARER, EXCHANGE, "client_credentials"], Some(&agent), json!({})).await;
        Self { w, shop, issuer, client, _host: host }
    }

    fn claims(&self, jti: &str, changes: &Value) -> Value {
        let now = self.w.clock.now().as_ms() / 1000;
        let mut claims = json!({
            "iss": IDP, "sub": "U019488227", "aud": self.w.url(), "client_id": self.client.id, "jti": jti,
            "iat": now, "exp": now + 300, "resource": ORDERS, "scope": "orders:read orders:write",
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            }
        }
        claims
    }

    fn assertion(&self, jti: &str, changes: &Value) -> String {
        let header = json!({"alg": "EdDSA", "kid": "idp", "typ": KIND});
        self.issuer.signed(&header, &self.claims(jti, changes))
    }

    async fn shows(&self, assertion: &str, rest: &[(&str, &str)]) -> Reply {
        let mut fields = vec![("grant_type", BEARER), ("assertion", assertion)];
        fields.extend_from_slice(rest);
        self.client.token(&self.w, &fields).await
    }
}

/// Draft sections 6.1 and 6.2; MCP, 7.4: the intersection of both scopes, told; the one resource; no refresh token.
#[tokio::test]
async fn an_assertion_gives_what_both_sides_say_and_tells_what_it_gave() {
    let stage = Stage::set().await;
    for (n, (changes, rest, audience, scope)) in [
        (json!({}), &[][..], ORDERS, "orders:read orders:write"),
        (json!({}), &[("scope", "orders:read")], ORDERS, "orders:read"),
        (json!({"scope": "orders:write"}), &[], ORDERS, "orders:write"),
        (json!({"scope": null}), &[("scope", "orders:read")], ORDERS, "orders:read"),
        (json!({"resource": [ORDERS, STOCK]}), &[("resource", STOCK)], STOCK, "orders:read orders:write"),
        (json!({"resource": null, "scope": "tools"}), &[], "gateway", "tools"),
    ]
    .into_iter()
    .enumerate()
    {
        let reply = stage.shows(&stage.assertion(&n.to_string(), &changes), rest).await.ok();
        let audience =
            if audience == "gateway" { format!("{}/v1/mcp", stage.w.url()) } else { audience.to_owned() };
        let claims = part(&reply.text_at("/access_token"), 1);
        assert_eq!(
            (claims["aud"].clone(), claims["scope"].clone()),
            (json!(audience), json!(scope)),
            "{changes}"
        );
        assert_eq!(reply.text_at("/scope"), scope, "{changes}");
        assert!(reply.at("/refresh_token").is_null(), "{}", reply.text());
    }
    for (changes, rest, error) in [
        (json!({"scope": "orders:read"}), &[("scope", "orders:read orders:write")][..], "invalid_scope"),
        (json!({"scope": "orders:read admin"}), &[], "invalid_grant"),
        (json!({}), &[("resource", STOCK)], "invalid_target"),
        (
            json!({"resource": [ORDERS, "https://elsewhere.example"]}),
            &[("resource", ORDERS)],
            "invalid_grant",
        ),
    ] {
        refused(&stage.shows(&stage.assertion("wrong", &changes), rest).await, 400, error);
    }
    // The token is for the resource alone: the gateway is another.
    let token = stage.shows(&stage.assertion("last", &json!({})), &[]).await.ok().text_at("/access_token");
    let list = Mcp::new(stage.w.http.with_key(&token), "/v1/mcp").request("tools/list", json!({}));
    assert_eq!(list.send().await.status, 401);
    // Whom an organization trusts is nobody else's business.
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource"] {
        let document = stage.w.http.get(path).send().await.ok();
        assert!(!document.text().contains("idp.example"), "{}", document.text());
    }
}

/// Draft section 6.2 with RFC 9449: assertion, proof and resource agree on a key, or it is `invalid_grant`.
#[tokio::test]
async fn an_assertion_and_its_proof_are_of_one_key() {
    let stage = Stage::set().await;
    let w = &stage.w;
    let (key, other) = (Issuer::new("key"), Issuer::new("other"));
    let proven = async |assertion: &str, key: &Issuer, jti: &str| {
        let fields = stage.client.fields(&[("grant_type", BEARER), ("assertion", assertion)]);
        proven(w, &fields, &proof(w, key, jti, &json!({}))).await
    };
    // Without cnf a proof binds the token.
    let free = proven(&stage.assertion("free", &json!({})), &key, "1").await.ok();
    assert_eq!(free.text_at("/token_type"), "DPoP");
    let jkt = part(&free.text_at("/access_token"), 1)["cnf"]["jkt"].clone();
    assert!(jkt.is_string());
    let bound = stage.assertion("bound", &json!({"cnf": {"jkt": jkt}}));
    refused(&stage.shows(&bound, &[]).await, 400, "invalid_grant");
    refused(&proven(&bound, &other, "2").await, 400, "invalid_grant");
    for unreadable in [json!({"jkt": ""}), json!({"x5t#S256": "a"}), json!("a"), json!({})] {
        let assertion = stage.assertion("unreadable", &json!({ "cnf": unreadable }));
        refused(&proven(&assertion, &key, &unreadable.to_string()).await, 400, "invalid_grant");
    }
    // None of that used it up.
    let reply = proven(&bound, &key, "3").await.ok();
    assert_eq!(part(&reply.text_at("/access_token"), 1)["cnf"]["jkt"], jkt);
    // A resource that demands bound tokens.
    let settings = json!({"name": "Strict", "tokens": "jwt", "dpopRequired": true,
        "scopes": [{"name": "strict:read", "text": "Read."}]});
    let strict = "https://api.shop.example/strict";
    let body = json!({"identifier": strict, "settings": settings});
    stage.shop.platform.post("/v1/resources", &body).send().await.ok();
    let at_strict = json!({"resource": strict, "scope": "strict:read"});
    let assertion = stage.assertion("strict", &at_strict);
    refused(&stage.shows(&assertion, &[]).await, 400, "invalid_grant");
    assert_eq!(proven(&assertion, &key, "4").await.ok().text_at("/token_type"), "DPoP");
}

/// RFC 8693 sections 4.1 and 4.4: `may_act` says who may act, and who acts now is the outermost actor alone.
#[tokio::test]
async fn whoever_may_act_acts_and_nobody_else() {
    let stage = Stage::set().await;
    let (w, shop) = (&stage.w, &stage.shop);
    let (named, unnamed) = (shop.agent("named").await, shop.agent("unnamed").await);
    let grants = [EXCHANGE, "client_credentials"];
    let right = own(shop, &grants, Some(&named), json!({})).await;
    let wrong = own(shop, &grants, Some(&unnamed), json!({})).await;
    let for_agent = stage.assertion("agent", &json!({"may_act": {"sub": named.id}}));
    let for_client = stage.assertion("client", &json!({"may_act": {"sub": right.id}}));
    for assertion in [for_agent, for_client] {
        let subject = stage.shows(&assertion, &[]).await.ok().text_at("/access_token");
        let ask = [
            ("grant_type", EXCHANGE),
            ("subject_token", subject.as_str()),
            ("subject_token_type", ACCESS),
            ("resource", ORDERS),
        ];
        refused(&wrong.token(w, &ask).await, 400, "invalid_request");
        // The issuer named who may act: not even the client that got the token is another.
        refused(&stage.client.token(w, &ask).await, 400, "invalid_request");
        // Nor does a borrowed actor's token help.
        let cc = right.token(w, &[("grant_type", "client_credentials")]).await.ok().text_at("/access_token");
        let mut with_actor = ask.to_vec();
        with_actor.extend([("actor_token", cc.as_str()), ("actor_token_type", ACCESS)]);
        refused(&wrong.token(w, &with_actor).await, 400, "invalid_request");
        let got = right.token(w, &ask).await.ok().text_at("/access_token");
        let claims = part(&got, 1);
        assert_eq!(claims["act"]["sub"], json!(named.id), "{claims}");
        assert_eq!(claims["act"]["act"]["sub"], part(&subject, 1)["act"]["sub"], "{claims}");
        assert!(claims["act"].get("exp").is_none() && claims["act"].get("aud").is_none(), "{claims}");
        // What was demanded of the first holds for what came of it.
        let again =
            [("grant_type", EXCHANGE), ("subject_token", got.as_str()), ("subject_token_type", ACCESS)];
        refused(&wrong.token(w, &again).await, 400, "invalid_request");
        assert!(is_live(shop, &got).await);
    }
}

/// RFC 8725 sections 3.1, 3.2, 3.5 and 3.10: no algorithm, a weak one, a key that the assertion brings along, another key.
#[tokio::test]
async fn a_forged_assertion_is_refused_however_it_is_forged() {
    let stage = Stage::set().await;
    let claims = stage.claims("forged", &json!({}));
    let encoded = |document: &Value| URL_SAFE_NO_PAD.encode(document.to_string());
    let forger = Issuer::new("idp-of-somebody-else");
    let brings = |name: &str, value: Value| {
        let mut header = json!({"alg": "EdDSA", "kid": "idp", "typ": KIND});
        header[name] = value;
        forger.signed(&header, &claims)
    };
    let none = json!({"alg": "none", "typ": KIND});
    // HMAC with the public key as its secret.
    let hmac = {
        let signed =
            format!("{}.{}", encoded(&json!({"alg": "HS256", "kid": "idp", "typ": KIND})), encoded(&claims));
        let x = stage.issuer.jwk()["x"].as_str().unwrap().to_owned();
        let code = hex_code(signed.as_bytes(), &x);
        let bytes: Vec<u8> =
            (0..code.len()).step_by(2).map(|at| u8::from_str_radix(&code[at..at + 2], 16).unwrap()).collect();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes))
    };
    let good = stage.assertion("forged", &json!({}));
    let mut parts: Vec<&str> = good.split('.').collect();
    let wider = encoded(&stage.claims("forged", &json!({"sub": "somebody-else"})));
    parts[1] = &wider;
    for forged in [
        format!("{}.{}.", encoded(&none), encoded(&claims)),
        format!("{}.{}.{}", encoded(&none), encoded(&claims), good.split('.').nth(2).unwrap()),
        hmac,
        brings("jwk", forger.jwk()),
        brings("jku", json!("https://evil.example/keys")),
        brings("x5u", json!("https://evil.example/cert")),
        brings("crit", json!(["exp"])),
        parts.join("."),
        // RFC 7523 section 2.1: exactly one.
        format!("{good} {good}"),
        format!("{good}.{good}"),
    ] {
        refused(&stage.shows(&forged, &[]).await, 400, "invalid_grant");
    }
    let fields = stage.client.fields(&[("grant_type", BEARER), ("assertion", &good), ("assertion", &good)]);
    refused(&post(&stage.w.http, "/oauth/token", &fields).await, 400, "invalid_request");
    // The true one was not used up.
    stage.shows(&good, &[]).await.ok();
}
