use super::*;
use procura_crypto::{RootKey, signing::key_set};
use procura_model::Entropy;

const NOW: i64 = 1_717_000_100;

fn signed_record(content: &str) -> String {
    let secret = "a shared secret of the business";
    let content = Json::parse(content).unwrap();
    let token = signed_token::sign(&Secret::new(secret.to_owned()), &content);
    let config = serde_json::json!({ "secret": secret, "now": NOW });
    serde_json::json!({ "token": token.show(), "config": config }).to_string()
}

#[test]
fn a_signed_token_answers_with_what_it_has_and_numbers_as_written() {
    let line = signed_record(r#"{"userId":"u","exp":1717000200,"big":12345678901234567890123,"x":null}"#);
    let answer = r#"{"result":"accept","identity":{"userId":"u"},"attributes":{"big":12345678901234567890123,"x":null}}"#;
    assert_eq!(record(Method::SignedToken, &line), answer);
    let late = signed_record(r#"{"userId":"u","exp":1717000100}"#);
    assert_eq!(record(Method::SignedToken, &late), r#"{"result":"AUTH_TOKEN_EXPIRED"}"#);
}

#[test]
fn a_jwt_is_judged_by_the_record_alone() {
    let key = procura_crypto::AssertionKey::new(&RootKey::generate(&Entropy::seeded(1))).unwrap();
    let line = |jwks: &str| {
        format!(r#"{{"token":"a.b.c","jwks":{jwks},"config":{{"iss":"i","aud":"a","now":{NOW}}}}}"#)
    };
    for jwks in ["null", "[]", r#"{"keys":[],"keys":[]}"#, &key_set([key.jwk()]).canonical()] {
        assert_eq!(record(Method::Jwt, &line(jwks)), r#"{"result":"AUTH_JWT_INVALID"}"#, "{jwks}");
    }
}

#[test]
fn a_token_that_is_no_text_is_malformed_and_still_gets_its_answer() {
    let line = r#"{"token":"a\ud800.b","config":{"secret":"s","now":1717000100.5,"iss":"i","aud":"a"}}"#;
    assert_eq!(record(Method::SignedToken, line), r#"{"result":"AUTH_TOKEN_MALFORMED"}"#);
    assert_eq!(record(Method::Jwt, line), r#"{"result":"AUTH_JWT_INVALID"}"#);
}

#[test]
fn a_line_that_is_no_record_says_so() {
    for method in [Method::Jwt, Method::SignedToken] {
        for line in [
            "",
            "{}",
            r#"{"token":"x"}"#,
            r#"{"token":1,"config":{"secret":"s","now":1,"iss":"i","aud":"a"}}"#,
        ] {
            assert!(record(method, line).starts_with(r#"{"error":"a record is "#), "{line}");
        }
    }
}

#[test]
fn a_record_without_the_clock_is_told_what_is_missing() {
    for (method, line) in [
        (Method::Jwt, r#"{"token":"x","config":{"iss":"i","aud":"a"}}"#),
        (Method::SignedToken, r#"{"token":"x","config":{"secret":"s"}}"#),
    ] {
        let said = record(method, line);
        assert!(said.contains("config.now is missing") && said.contains("seconds since 1970"), "{said}");
    }
}
