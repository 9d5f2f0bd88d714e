//! The vectors and worked examples of the RFCs, at our own doors: signatures that hold and open nothing because they are not
//! ours, ones that must never hold, and requests as the RFCs print them. What needs no server (RFC 7515 A.2 and A.3, RFC
//! 7636 B, RFC 7638, RFC 8037 A, RFC 9449) stands beside the code in `procura_crypto`.

use super::{
    oauth_authorize::{ask, refused_here, registered, typed},
    oauth_tokens::{ACCESS, BEARER, EXCHANGE, own, post, proof, proven, refused},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Method;
use procura_testkit::{
    business::Issuer,
    world::{Mcp, World},
};
use serde_json::json;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The payload of RFC 7515 appendix A, which expired in 2011.
const PAYLOAD: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
/// RFC 7515 appendices A.1, A.3 and A.5; A.3 with the signature in DER, and with r and s nought.
fn tokens() -> Vec<(&'static str, String)> {
    let es256 = "eyJhbGciOiJFUzI1NiJ9";
    let raw = URL_SAFE_NO_PAD
        .decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
        .unwrap();
    // Both halves of this one are positive as they are, but for the second, which needs a zero before it.
    let mut der = vec![0x30, 0x45, 0x02, 0x20];
    der.extend(&raw[..32]);
    der.extend([0x02, 0x21, 0x00]);
    der.extend(&raw[32..]);
    let signed = |signature: &[u8]| format!("{es256}.{PAYLOAD}.{}", URL_SAFE_NO_PAD.encode(signature));
    vec![
        (
            "A.1, HS256",
            format!(
                "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
            ),
        ),
        ("A.3, ES256", signed(&raw)),
        ("A.3 in DER", signed(&der)),
        ("A.3, r = s = 0", signed(&[0; 64])),
        ("A.5, unsecured", format!("eyJhbGciOiJub25lIn0.{PAYLOAD}.")),
        ("A.5 with a signature", format!("eyJhbGciOiJub25lIn0.{PAYLOAD}.AAAA")),
    ]
}

/// RFC 7515 appendix A, RFC 8725 sections 3.1 and 3.2.
#[tokio::test]
async fn the_tokens_of_the_rfcs_open_no_door_of_ours() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    let client = own(&shop, &[BEARER, EXCHANGE, "client_credentials"], Some(&agent), json!({})).await;
    // The RFC's own key, as a client that registered it: so that only the token is wrong.
    let key = json!({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]});
    let by_key = json!({"redirect_uris": ["https://a.example/cb"], "token_endpoint_auth_method": "private_key_jwt",
        "jwks": key});
    let signs = w.http.post("/oauth/register", &by_key).send().await.ok().text_at("/client_id");
    for (name, token) in tokens() {
        let list = Mcp::new(w.http.with_key(&token), "/v1/mcp").request("tools/list", json!({})).send().await;
        assert_eq!(list.status, 401, "{name}");
        assert!(list.header("www-authenticate").contains("error=\"invalid_token\""), "{name}");
        let told = post(&shop.platform, "/oauth/introspect", &[("token", &token)]).await.ok();
        assert_eq!(told.text(), "{\"active\":false}", "{name}");
        let exchange = [("grant_type", EXCHANGE), ("subject_token", &*token), ("subject_token_type", ACCESS)];
        refused(&client.token(&w, &exchange).await, 400, "invalid_request");
        let bearer = [("grant_type", BEARER), ("assertion", token.as_str())];
        refused(&client.token(&w, &bearer).await, 400, "invalid_grant");
        let shown = [
            ("grant_type", "client_credentials"),
            ("client_id", signs.as_str()),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", &token),
        ];
        let reply = post(&w.http, "/oauth/token", &shown).await;
        // Its subject is missing, so it names no client at all.
        refused(&reply, 401, "invalid_client");
        let fields = client.fields(&[("grant_type", "client_credentials")]);
        refused(&proven(&w, &fields, &token).await, 400, "invalid_dpop_proof");
        let revoked = post(&w.http, "/oauth/revoke", &client.fields(&[("token", &token)])).await;
        assert_eq!(revoked.status, 200, "{name}");
    }
}

/// RFC 6749 2.3.1, 7009 2.1, 7591 3.1, 7662 2.1, 8628 3.2, 8693 2.3, 9126 2.2, 9449 8.1: what they print is understood, and
/// known to nobody here.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn the_requests_that_the_rfcs_print_are_understood() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    let client = own(&shop, &[EXCHANGE, "client_credentials"], Some(&agent), json!({})).await;
    let send = async |path: &str, basic: &str, body: &str| {
        let call = w.http.call(Method::POST, path).header("authorization", &format!("Basic {basic}"));
        call.header("content-type", "application/x-www-form-urlencoded").bytes(body.to_owned()).send().await
    };
    // s6BhdRkqt3, gX1fBat3bV; rs08, long-secure-random-secret: nobody of ours.
    let exchange = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
        &resource=https%3A%2F%2Fbackend.example.com%2Fapi\
        &subject_token=accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC\
        &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token";
    for (path, basic, body) in [
        (
            "/oauth/token",
            "czZCaGRSa3F0MzpnWDFmQmF0M2JW",
            "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA",
        ),
        (
            "/oauth/revoke",
            "czZCaGRSa3F0MzpnWDFmQmF0M2JW",
            "token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token",
        ),
        ("/oauth/token", "cnMwODpsb25nLXNlY3VyZS1yYW5kb20tc2VjcmV0", exchange),
        ("/oauth/par", "czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3", "response_type=code"),
    ] {
        let reply = send(path, basic, body).await;
        refused(&reply, 401, "invalid_client");
        assert!(reply.header("www-authenticate").starts_with("Basic "), "{:?}", reply.headers);
    }
    // The same by a client of ours: it is understood as far as that.
    let of_ours = format!("{exchange}&client_id={}&client_secret={}", client.id, client.secret);
    let call = w.http.call(Method::POST, "/oauth/token");
    let call = call.header("content-type", "application/x-www-form-urlencoded").bytes(of_ours);
    refused(&call.send().await, 400, "invalid_request");
    let fields = client.fields(&[("token", "45ghiukldjahdnhzdauz"), ("token_type_hint", "refresh_token")]);
    assert_eq!(post(&w.http, "/oauth/revoke", &fields).await.status, 200);
    let fields = client.fields(&[("token", "2YotnFZFEjr1zCsicMWpAA"), ("token_type_hint", "access_token")]);
    assert_eq!(post(&w.http, "/oauth/introspect", &fields).await.ok().text(), "{\"active\":false}");
    // RFC 7591 section 3.1, with its members in another language, which are ignored.
    let registration = json!({
        "redirect_uris": ["https://client.example.org/callback", "https://client.example.org/callback2"],
        "client_name": "My Example Client",
        "client_name#ja-Jpan-JP": "\u{30AF}\u{30E9}\u{30A4}\u{30A2}\u{30F3}\u{30C8}\u{540D}",
        "token_endpoint_auth_method": "client_secret_basic",
        "logo_uri": "https://client.example.org/logo.png",
        "jwks_uri": "https://client.example.org/my_public_keys.jwks",
        "example_extension_parameter": "example_value",
    });
    let made = w.http.post("/oauth/register", &registration).send().await;
    assert_eq!(made.status, 201, "{}", made.text());
    for kept in ["redirect_uris", "client_name", "token_endpoint_auth_method", "logo_uri", "jwks_uri"] {
        assert_eq!(made.at(&format!("/{kept}")), registration[kept], "{kept}");
    }
    assert!(made.at("/client_secret").is_string() && made.at("/client_secret_expires_at") == json!(0));
    assert!(made.at("/example_extension_parameter").is_null(), "what is not kept is not told");
    let both = json!({"redirect_uris": ["https://client.example.org/callback"],
        "jwks_uri": "https://client.example.org/my_public_keys.jwks", "jwks": {"keys": []}});
    let both = w.http.post("/oauth/register", &both).send().await;
    assert_eq!((both.status, both.text_at("/error").as_str()), (400, "invalid_client_metadata"));
    let apart =
        json!({"redirect_uris": ["https://client.example.org/callback"], "response_types": ["token"]});
    let apart = w.http.post("/oauth/register", &apart).send().await;
    assert_eq!((apart.status, apart.text_at("/error").as_str()), (400, "invalid_client_metadata"));
    // RFC 8628 section 3.2 and RFC 9126 section 2.2: codes and names of others.
    for code in ["WDJB-MJHT", "wdjbmjht"] {
        assert_eq!(typed(&shop.owner, code).await.status, 422, "{code}");
    }
    let public = registered(&w, |_| {}).await;
    let uri = "urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Abwc4JK-ESC0w8acc191e-Y1LTC2";
    refused_here(&ask(&shop.owner, &format!("client_id={}&request_uri={uri}", public.id)).await);
    // RFC 9449 section 8: a nonce that was never ours.
    let key = Issuer::new("key");
    let fields = client.fields(&[("grant_type", "client_credentials")]);
    let of_rfc = proof(&w, &key, "1", &json!({"nonce": "eyJ7S_zG.eyJH0-Z.HX4w-7v"}));
    let reply = proven(&w, &fields, &of_rfc).await;
    refused(&reply, 400, "use_dpop_nonce");
    let told = proof(&w, &key, "2", &json!({"nonce": reply.header("dpop-nonce")}));
    proven(&w, &fields, &told).await.ok();
}
