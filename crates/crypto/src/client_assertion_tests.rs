use super::*;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

const NOW: i64 = 1_717_000_100;
const CLIENT: &str = "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C";

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn keys() -> JwkSet {
    let x = URL_SAFE_NO_PAD.encode(pair(7).public_key());
    JwkSet::parse(&format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"k","x":"{x}"}}]}}"#)).unwrap()
}

fn token(seed: u8, header: &str, content: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(content));
    let signature = URL_SAFE_NO_PAD.encode(pair(seed).sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Claims that hold, with these members changed or added; an empty value leaves a member out.
fn with(changes: &[(&str, &str)]) -> String {
    let client = format!("\"{CLIENT}\"");
    let mut members: Vec<(&str, &str)> = vec![
        ("iss", &client),
        ("sub", &client),
        ("aud", r#""https://as.example""#),
        ("exp", "1717000200"),
        ("jti", r#""one""#),
    ];
    members.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    members.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn judged(token: &str) -> Result<Asserted, ClientAssertionError> {
    let audiences = ["https://as.example".to_owned(), "https://as.example/oauth/token".to_owned()];
    let rules = AssertionRules { client: CLIENT, audiences: &audiences, now: Time::from_ms(NOW * 1_000) };
    UnverifiedClientAssertion::read(&Secret::new(token.to_owned()))?.verify(&rules, &keys())
}

fn judge(changes: &[(&str, &str)]) -> Result<Asserted, ClientAssertionError> {
    judged(&token(7, r#"{"alg":"EdDSA","kid":"k"}"#, &with(changes)))
}

#[test]
fn an_assertion_that_holds_is_known_by_its_jti() {
    let one = judge(&[]).unwrap();
    assert_eq!(judge(&[]), Ok(one));
    assert_ne!(judge(&[("jti", r#""two""#)]).unwrap().digest, one.digest);
    assert!(one.expires_at > Time::from_ms((NOW + 3_600 + 30) * 1_000));
    for aud in [r#"["https://as.example"]"#, r#""https://as.example/oauth/token""#] {
        assert!(judge(&[("aud", aud)]).is_ok(), "{aud}");
    }
}

#[test]
fn what_does_not_hold_is_refused_for_the_first_thing_that_is_wrong() {
    use ClientAssertionError as E;
    for (name, value, error) in [
        ("iss", r#""somebody""#, E::Subject),
        ("iss", "", E::Subject),
        ("sub", r#""cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3D""#, E::Subject),
        ("sub", "5", E::Subject),
        ("aud", "", E::Audience),
        ("aud", "[]", E::Audience),
        ("aud", r#""https://as.example/""#, E::Audience),
        ("aud", r#""https://other.example""#, E::Audience),
        ("aud", r#"["https://as.example","https://other.example"]"#, E::Audience),
        ("aud", r#"["https://as.example","https://as.example"]"#, E::Audience),
        ("exp", "", E::Content),
        ("exp", r#""1717000200""#, E::Content),
        ("exp", "1717000070", Untimely::Expired.into()),
        ("exp", "1717003731", Untimely::TooLong.into()),
        ("exp", "1e300", Untimely::TooLong.into()),
        ("nbf", "1717000131", Untimely::NotYet.into()),
        ("iat", "1717000131", Untimely::NotYet.into()),
        ("jti", "", E::NoId),
        ("jti", r#""""#, E::NoId),
        ("jti", "1", E::NoId),
    ] {
        assert_eq!(judge(&[(name, value)]), Err(error), "{name} {value}");
    }
}

#[test]
fn another_key_another_kind_and_no_algorithm_are_refused() {
    let other = token(8, r#"{"alg":"EdDSA","kid":"k"}"#, &with(&[]));
    assert_eq!(judged(&other), Err(JwsError::Signature.into()));
    // RFC 9864: the same algorithm by its other name, under a key that says either.
    assert!(judged(&token(7, r#"{"alg":"Ed25519","kid":"k"}"#, &with(&[]))).is_ok());
    for kind in ["client-authentication+jwt", "JWT"] {
        let header = format!(r#"{{"alg":"EdDSA","kid":"k","typ":"{kind}"}}"#);
        assert!(judged(&token(7, &header, &with(&[]))).is_ok());
    }
    for (header, error) in [
        (r#"{"alg":"EdDSA","kid":"k","typ":"at+jwt"}"#, JwsError::Kind),
        (r#"{"alg":"EdDSA","kid":"k","typ":"dpop+jwt"}"#, JwsError::Kind),
        (r#"{"alg":"none","kid":"k"}"#, JwsError::Algorithm),
        (r#"{"alg":"HS256","kid":"k"}"#, JwsError::Algorithm),
        (r#"{"alg":"Ed448","kid":"k"}"#, JwsError::Algorithm),
        (r#"{"alg":"ed25519","kid":"k"}"#, JwsError::Algorithm),
        (r#"{"alg":"EdDSA","kid":"k","crit":["x"]}"#, JwsError::Extension),
    ] {
        assert_eq!(judged(&token(7, header, &with(&[]))), Err(error.into()), "{header}");
    }
    let unknown = judged(&token(7, r#"{"alg":"EdDSA","kid":"z"}"#, &with(&[]))).unwrap_err();
    assert!(unknown.is_key_unknown());
}

#[test]
fn whose_it_says_it_is_can_be_read_before() {
    let text = Secret::new(token(8, r#"{"alg":"EdDSA"}"#, &with(&[])));
    let unverified = UnverifiedClientAssertion::read(&text).unwrap();
    assert_eq!(unverified.unverified_subject().as_deref(), Some(CLIENT));
    let text = Secret::new(token(8, r#"{"alg":"EdDSA"}"#, "[]"));
    assert_eq!(UnverifiedClientAssertion::read(&text).unwrap().unverified_subject(), None);
}
