use super::*;
use procura_egress::{AllowedHost, Rules, Settings, Whom};
use procura_model::{Entropy, Time};
use serde_json::{Value, json};

fn egress() -> Egress {
    let opened = AllowedHost {
        tenant: Whom::Everyone,
        host: "127.0.0.1".to_owned(),
        port: 9000,
        purpose: Purpose::Jwks,
    };
    Egress::new(Settings { rules: Rules::new(&[opened], vec![]).unwrap(), ..Settings::default() }).unwrap()
}

fn judged(settings: Value) -> Result<()> {
    let settings: UserAuthSettings = serde_json::from_str(&settings.to_string()).unwrap();
    let tenant = TenantId::new(Time::default(), &Entropy::seeded(1));
    demand(&egress(), tenant, &settings)
}

fn jwt(changes: Value) -> Value {
    let mut jwt = json!({"jwksUrl": "https://id.example.com/keys", "issuer": "https://id.example.com", "audience": "shop"});
    for (name, value) in changes.as_object().unwrap() {
        jwt[name] = value.clone();
    }
    json!({ "method": { "jwt": jwt } })
}

fn widget(origin: &str, endpoint: &str) -> Value {
    json!({"method": {"signedToken": {}}, "widget": {"allowedOrigins": [origin], "endpoint": endpoint}})
}

#[test]
fn usual_settings_pass() {
    for good in [
        jwt(json!({})),
        jwt(json!({"jwksUrl": "http://127.0.0.1:9000/keys"})),
        jwt(
            json!({"leewaySeconds": 300, "algorithms": ["EdDSA"], "subjectClaim": "uid", "emailClaim": null}),
        ),
        json!({"method": {"signedToken": {}}, "sessionSeconds": 60}),
        json!({"method": {"signedToken": {"maxLifetimeSeconds": 300, "leewaySeconds": 5}}, "sessionSeconds": 86400}),
        json!({"method": {"callback": {"url": "https://shop.example.com/whois?v=1"}}}),
        widget("https://shop.example", "https://shop.example/agent?v=1"),
        widget("http://localhost:3000", "http://127.0.0.1:3000/agent"),
        widget("https://shop.example:8443", "https://shop.example:8443/agent"),
    ] {
        assert!(judged(good.clone()).is_ok(), "{good}");
    }
}

#[test]
fn a_setting_that_cannot_be_used_is_named() {
    for (bad, field) in [
        (jwt(json!({"jwksUrl": "id.example.com"})), "jwt.jwksUrl"),
        (jwt(json!({"jwksUrl": "https://user:pass@id.example.com/"})), "jwt.jwksUrl"),
        (jwt(json!({"issuer": ""})), "jwt.issuer"),
        (jwt(json!({"issuer": " https://id.example.com"})), "jwt.issuer"),
        (jwt(json!({"audience": "a".repeat(513)})), "jwt.audience"),
        (jwt(json!({"leewaySeconds": 301})), "jwt.leewaySeconds"),
        (jwt(json!({"algorithms": []})), "jwt.algorithms"),
        (jwt(json!({"algorithms": ["ES256", "ES256"]})), "jwt.algorithms"),
        (jwt(json!({"subjectClaim": "exp"})), "jwt.subjectClaim"),
        (jwt(json!({"subjectClaim": "email"})), "jwt.emailClaim"),
        (jwt(json!({"roleClaim": "email"})), "jwt.roleClaim"),
        (json!({"method": {"signedToken": {}}, "sessionSeconds": 59}), "sessionSeconds"),
        (json!({"method": {"signedToken": {}}, "sessionSeconds": 86_401}), "sessionSeconds"),
        (json!({"method": {"signedToken": {"maxLifetimeSeconds": 3_601}}}), "signedToken.maxLifetimeSeconds"),
        (json!({"method": {"signedToken": {"leewaySeconds": 301}}}), "signedToken.leewaySeconds"),
        (json!({"method": {"callback": {"url": "/whois"}}}), "callback.url"),
    ] {
        let error = judged(bad.clone()).unwrap_err();
        assert_eq!(error.reason(), Reason::FieldInvalid, "{bad}");
        assert!(error.sentence().starts_with(field), "{bad}: {}", error.sentence());
    }
}

#[test]
fn an_address_that_is_never_reached_is_refused_when_it_is_set() {
    for (bad, field) in [
        (jwt(json!({"jwksUrl": "http://id.example.com/keys"})), "jwt.jwksUrl"),
        (jwt(json!({"jwksUrl": "https://169.254.169.254/keys"})), "jwt.jwksUrl"),
        (jwt(json!({"jwksUrl": "http://127.0.0.1:9001/keys"})), "jwt.jwksUrl"),
        (json!({"method": {"callback": {"url": "http://127.0.0.1:9000/"}}}), "callback.url"),
        (json!({"method": {"callback": {"url": "https://10.0.0.8/whois"}}}), "callback.url"),
    ] {
        let error = judged(bad.clone()).unwrap_err();
        assert_eq!(error.reason(), Reason::EgressRefused, "{bad}");
        assert!(error.sentence().starts_with(field), "{bad}: {}", error.sentence());
    }
}

#[test]
fn an_origin_is_one_exactly_as_browsers_write_it() {
    for origin in [
        "",
        "*",
        "null",
        "https://*.shop.example",
        "https://shop.example/",
        "https://shop.example/path",
        "https://Shop.example",
        "https://shop.example:443",
        "https://shop.example.",
        "https://user@shop.example",
        "http://shop.example",
        "http://10.0.0.8",
        "https://shop.example https://evil.example",
        "https://shop.example;script-src *",
    ] {
        let error = judged(widget(origin, "https://shop.example/agent")).unwrap_err();
        assert!(error.sentence().starts_with("widget.allowedOrigins[0]"), "{origin}: {}", error.sentence());
    }
    let twice = json!({"method": {"signedToken": {}}, "widget":
        {"allowedOrigins": ["https://a.example", "https://a.example"], "endpoint": "https://a.example/agent"}});
    assert!(judged(twice).unwrap_err().sentence().contains("twice"));
    let none = json!({"method": {"signedToken": {}}, "widget":
        {"allowedOrigins": [], "endpoint": "https://a.example/agent"}});
    assert!(judged(none).is_err());
}

#[test]
fn an_endpoint_is_a_whole_url_that_ends_no_header() {
    for endpoint in [
        "",
        "/agent",
        "https://shop.example",
        "http://shop.example/agent",
        "https://user@shop.example/agent",
        "https://shop.example/agent#top",
        "https://shop.example/a;b",
        "https://shop.example/a,b",
        "https://shop.example/a'b",
        "https://*.shop.example/agent",
        "javascript:alert(1)",
    ] {
        let error = judged(widget("https://shop.example", endpoint)).unwrap_err();
        assert!(error.sentence().starts_with("widget.endpoint"), "{endpoint}: {}", error.sentence());
    }
}
