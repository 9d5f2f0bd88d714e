use super::*;
use serde_json::{json, value::RawValue};
use std::collections::BTreeMap;

const SECRET: &str = "a secret of a test, which is not real";

fn code_of(payload: &impl Serialize) -> Option<&'static str> {
    sign_at(payload, SECRET, 1_000.0).unwrap_err().code()
}

#[test]
fn every_vector_of_this_form_is_signed_to_the_byte_or_refused_with_the_code_of_the_server() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/session-token.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let own: Vec<&Value> =
        file["vectors"].as_array().unwrap().iter().filter(|vector| vector["form"] == "node").collect();
    assert!(own.len() > 40);
    for vector in own {
        let text = |name: &str| vector[name].as_str().unwrap();
        let payload = RawValue::from_string(text("payload").to_owned()).unwrap();
        let signed = sign_at(&payload, text("secret"), vector["now"].as_f64().unwrap());
        match vector["code"].as_str() {
            None => assert_eq!(signed.as_deref(), Ok(text("token")), "{}", text("name")),
            code => assert_eq!(signed.unwrap_err().code(), code, "{}", text("name")),
        }
    }
}

#[test]
fn a_secret_that_is_short_is_refused_and_no_error_holds_it() {
    let payload = json!({"userId": "u", "exp": 1_060});
    for secret in ["", "hunter2", &"x".repeat(31)] {
        let error = sign_at(&payload, secret, 1_000.0).unwrap_err();
        assert_eq!((error, error.code()), (SessionTokenError::SecretTooShort, None));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    assert!(sign_at(&payload, &"ü".repeat(16), 1_000.0).is_ok());
}

#[test]
fn what_json_would_bend_is_judged_as_the_server_will_read_it() {
    #[derive(Serialize)]
    struct Payload<'a> {
        #[serde(rename = "userId")]
        user_id: &'a str,
        exp: f64,
        #[serde(flatten)]
        attributes: BTreeMap<&'a str, &'a str>,
    }
    let of = |exp, name| Payload { user_id: "u", exp, attributes: BTreeMap::from([(name, "x")]) };
    assert!(sign_at(&of(1_060.0, "plan"), SECRET, 1_000.0).is_ok());
    assert_eq!(code_of(&of(1_060.0, "userId")), Some("AUTH_TOKEN_MALFORMED"));
    assert_eq!(code_of(&of(f64::NAN, "plan")), Some("AUTH_TOKEN_MALFORMED"));
    assert_eq!(code_of(&BTreeMap::from([((1, 2), 3)])), Some("AUTH_TOKEN_MALFORMED"));
    assert_eq!(code_of(&json!({"userId": "u", "exp": 1_060, "iat": 1_000.5})), Some("AUTH_TOKEN_INVALID"));
}

#[test]
fn the_time_is_that_of_the_machine() {
    #[expect(clippy::disallowed_methods, reason = "a token that holds now")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(sign_session_token(&json!({"userId": "u", "iat": now, "exp": now + 60}), SECRET).is_ok());
    assert!(sign_session_token(&json!({"userId": "u", "exp": now - 1}), SECRET).is_err());
}
