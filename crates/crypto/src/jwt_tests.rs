use super::*;
use crate::steps::StepOutcome;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

const NOW: i64 = 1_717_000_100;
const HEADER: &str = r#"{"alg":"EdDSA","kid":"k"}"#;

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn keys() -> JwkSet {
    let x = URL_SAFE_NO_PAD.encode(pair().public_key());
    JwkSet::parse(&format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"k","x":"{x}"}}]}}"#)).unwrap()
}

fn token(header: &str, content: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(content));
    let signature = URL_SAFE_NO_PAD.encode(pair().sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn rules() -> Rules<'static> {
    let usual = Rules::new("https://id.example", "agents", Time::from_ms(NOW * 1_000));
    Rules { leeway_seconds: 0, email_claim: Some("mail"), role_claim: Some("rank"), ..usual }
}

/// Claims that hold, with these members changed or added; an empty value leaves a member out.
fn with(changes: &[(&str, &str)]) -> String {
    let mut members: Vec<(&str, &str)> = vec![
        ("iss", r#""https://id.example""#),
        ("aud", r#""agents""#),
        ("sub", r#""u-1""#),
        ("exp", "1717000200"),
    ];
    members.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    members.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn judge(changes: &[(&str, &str)]) -> Result<VerifiedUser, JwtError> {
    verify(&rules(), &keys(), &token(HEADER, &with(changes)))
}

#[test]
fn claims_about_the_token_are_no_attributes_and_all_others_are() {
    let user = judge(&[
        ("iat", "1717000000"),
        ("nbf", "1717000000"),
        ("jti", r#""j""#),
        ("mail", r#""ada@example.com""#),
        ("rank", r#""customer""#),
        ("email", "5"),
        ("plan", r#"{"name":"pro"}"#),
    ])
    .unwrap();
    assert_eq!(user.id, "u-1");
    assert_eq!((user.email.as_deref(), user.role.as_deref()), (Some("ada@example.com"), Some("customer")));
    let names: Vec<&str> = user.attributes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["email", "plan"]);
}

#[test]
fn the_subject_may_be_another_claim_and_one_claim_may_be_two_things() {
    let rules = Rules { subject_claim: "mail", ..rules() };
    let token = token(HEADER, &with(&[("mail", r#""ada@example.com""#)]));
    let user = verify(&rules, &keys(), &token).unwrap();
    assert_eq!((user.id.as_str(), user.email.as_deref()), ("ada@example.com", Some("ada@example.com")));
    assert!(user.attributes.is_empty(), "`sub` is about the token's own naming");
}

#[test]
fn the_first_thing_that_is_wrong_is_the_code() {
    let far = &"9".repeat(300);
    for (changes, code) in [
        (&[("exp", "1717000100.5")][..], None),
        (&[("exp", far.as_str())], None),
        (&[("aud", r#"["x","agents"]"#)], None),
        (&[("exp", "")], Some("AUTH_JWT_INVALID")),
        (&[("exp", r#""1717000200""#)], Some("AUTH_JWT_INVALID")),
        (&[("exp", "1e400")], Some("AUTH_JWT_INVALID")),
        (&[("nbf", "null")], Some("AUTH_JWT_INVALID")),
        (&[("aud", "")], Some("AUTH_JWT_INVALID")),
        (&[("aud", r#""Agents""#)], Some("AUTH_JWT_INVALID")),
        (&[("aud", r#"["agents",1]"#)], Some("AUTH_JWT_INVALID")),
        (&[("iss", r#""https://id.example/""#)], Some("AUTH_JWT_INVALID")),
        (&[("iss", "")], Some("AUTH_JWT_INVALID")),
        (&[("mail", "5")], Some("AUTH_JWT_INVALID")),
        (&[("rank", "null")], Some("AUTH_JWT_INVALID")),
        (&[("exp", "1"), ("iss", r#""x""#)], Some("AUTH_JWT_INVALID")),
        (&[("exp", "1717000100"), ("sub", "")], Some("AUTH_JWT_EXPIRED")),
        (&[("exp", "1"), ("nbf", "1717009999")], Some("AUTH_JWT_EXPIRED")),
        (&[("nbf", "1717000101"), ("sub", "")], Some("AUTH_JWT_INVALID")),
        (&[("iat", "1717000101")], Some("AUTH_JWT_INVALID")),
        (&[("sub", "")], Some("AUTH_JWT_NO_SUBJECT")),
        (&[("sub", "null")], Some("AUTH_JWT_NO_SUBJECT")),
        (&[("sub", "7")], Some("AUTH_JWT_NO_SUBJECT")),
        (&[("sub", r#"" ""#)], Some("AUTH_JWT_NO_SUBJECT")),
    ] {
        assert_eq!(judge(changes).err().map(|error| error.reason().code()), code, "{changes:?}");
    }
}

#[test]
fn leeway_moves_both_ends() {
    let rules = Rules { leeway_seconds: 60, ..rules() };
    let holds = |changes: &[(&str, &str)]| verify(&rules, &keys(), &token(HEADER, &with(changes))).is_ok();
    assert!(holds(&[("exp", "1717000041")]));
    assert!(!holds(&[("exp", "1717000040")]));
    assert!(holds(&[("nbf", "1717000160")]));
    assert!(!holds(&[("nbf", "1717000161")]));
}

#[test]
fn only_an_unknown_key_id_is_worth_a_fresh_key_set() {
    let unknown = token(r#"{"alg":"EdDSA","kid":"next"}"#, &with(&[]));
    assert!(verify(&rules(), &keys(), &unknown).unwrap_err().is_key_unknown());
    let unsigned = token(HEADER, &with(&[])).replace(".e", ".f");
    assert!(!verify(&rules(), &keys(), &unsigned).unwrap_err().is_key_unknown());
    let nameless = token(r#"{"alg":"EdDSA"}"#, &with(&[]));
    assert!(verify(&rules(), &keys(), &nameless).is_ok());
    assert!(!verify(&rules(), &JwkSet::default(), &nameless).unwrap_err().is_key_unknown());
}

#[test]
fn garbage_is_turned_away_before_a_key_set_is_needed() {
    for bad in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        assert!(matches!(UnverifiedJwt::read(&rules(), bad), Err(JwtError::Jws(_))), "{bad}");
    }
    let read = format!("{:?}", UnverifiedJwt::read(&rules(), &token(HEADER, &with(&[]))).unwrap());
    assert_eq!(read, "UnverifiedJwt");
}

#[test]
fn the_console_sees_the_same_verdict_step_by_step_and_no_value() {
    let verdict = judge(&[("aud", r#""canary""#)]);
    let steps = steps(&verdict);
    let reached: Vec<_> = steps.iter().map(|step| (step.name, step.outcome)).skip(4).take(4).collect();
    assert_eq!(
        reached,
        [
            ("content", StepOutcome::Passed),
            ("issuer", StepOutcome::Passed),
            ("audience", StepOutcome::Failed),
            ("expiry", StepOutcome::NotReached),
        ]
    );
    assert!(!format!("{steps:?}{verdict:?}").contains("canary"));
    assert!(super::steps(&judge(&[])).iter().all(|step| step.outcome == StepOutcome::Passed));
}

#[test]
fn every_error_stops_at_a_step_of_the_plan() {
    for error in [
        JwtError::Jws(JwsError::TooLong),
        JwtError::Jws(JwsError::Kind),
        JwtError::Jws(JwsError::Key(ChoiceError::Unknown)),
        JwtError::Jws(JwsError::Signature),
        JwtError::Content(ObjectError::NotJson),
        JwtError::Claim(ClaimError::NoExpiry),
        JwtError::AudienceType,
        JwtError::Issuer,
        JwtError::Audience,
        JwtError::Expired,
        JwtError::NotYet,
        JwtError::Subject(SubjectError::Missing),
    ] {
        assert!(PLAN.iter().any(|planned| planned.name == error.step()), "{error:?}");
    }
}

proptest! {
    #[test]
    fn no_changed_character_is_accepted(place in any::<prop::sample::Index>(), to in "[ -~]") {
        let good = token(HEADER, &with(&[("plan", r#""pro""#)]));
        let mut changed = good.clone();
        let place = place.index(changed.len());
        changed.replace_range(place..=place, &to);
        prop_assert_eq!(verify(&rules(), &keys(), &changed).is_ok(), changed == good);
    }

    #[test]
    fn no_text_makes_it_panic_or_pass(text in "\\PC{0,80}", header in "\\PC{0,40}", content in "\\PC{0,40}") {
        prop_assert!(verify(&rules(), &keys(), &text).is_err());
        prop_assert!(verify(&rules(), &keys(), &token(&header, &content)).is_err());
        prop_assert!(verify(&rules(), &keys(), &token(HEADER, &content)).is_err());
    }

    #[test]
    fn no_key_set_makes_it_panic(text in "\\PC{0,60}", n in "[A-Za-z0-9_-]{0,60}", kind in "RSA|EC|OKP") {
        let _ = JwkSet::parse(&text);
        let set = JwkSet::parse(&format!(r#"{{"keys":[{{"kty":"{kind}","crv":"Ed25519","kid":"k","n":"{n}","e":"{n}","x":"{n}","y":"{n}"}}]}}"#));
        prop_assert!(verify(&rules(), &set.unwrap(), &token(HEADER, &with(&[]))).is_err());
    }
}
