use super::*;
use crate::steps::StepOutcome;
use proptest::prelude::*;

const NOW: i64 = 1_717_000_100;

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn at<'r>(secrets: &'r [Secret<String>], seconds: i64) -> Rules<'r> {
    Rules::new(secrets, Time::from_ms(seconds * 1_000))
}

fn token_of(content: &str) -> Secret<String> {
    let signed = URL_SAFE_NO_PAD.encode(content);
    let code = URL_SAFE_NO_PAD.encode(code(&secret("key"), &signed));
    Secret::new(format!("{signed}.{code}"))
}

fn judge(content: &str) -> Result<VerifiedUser, SignedTokenError> {
    verify(&at(&[secret("key")], NOW), token_of(content).expose())
}

fn reason(content: &str) -> Option<&'static str> {
    judge(content).err().map(|error| error.reason().code())
}

/// Made elsewhere, with the seed's Python function and the secret `procura-test`.
#[test]
fn a_token_of_the_seeds_code_holds() {
    let token = "eyJ1c2VySWQiOiAidXNlcl8xMjMiLCAiZW1haWwiOiAiYWRhQGV4YW1wbGUuY29tIiwgInJvbGUiOiAiY3VzdG9tZXIiLCAicGxhbiI6ICJwcm8gXHUyNzEzIiwgImlhdCI6IDE3MTcwMDAwMDAsICJleHAiOiAxNzE3MDAwMzAwfQ.tSMtBj9a4eFk_XCsG2DlSLZxqGPImbtCi3NkZHOL5Dc";
    let user = verify(&at(&[secret("procura-test")], NOW), token).unwrap();
    assert_eq!(user.id, "user_123");
    assert_eq!((user.email.as_deref(), user.role.as_deref()), (Some("ada@example.com"), Some("customer")));
    let plan = Json::Text("pro ✓".to_owned());
    assert_eq!(user.attributes, vec![("plan".to_owned(), plan)]);
}

#[test]
fn what_we_sign_we_accept() {
    let content = r#"{"exp":1717000300,"sub":"kept","userId":"u"}"#;
    let token = sign(&secret("key"), &Json::parse(content).unwrap());
    assert_eq!(token.show(), token_of(content).expose());
    let user = verify(&at(&[secret("key")], NOW), token.show()).unwrap();
    assert_eq!(user.attributes, vec![("sub".to_owned(), Json::Text("kept".to_owned()))]);
}

#[test]
fn either_live_secret_makes_it_hold_and_none_other() {
    let token = token_of(r#"{"userId":"u","exp":1717000200}"#);
    let holds = |secrets: &[&str]| {
        let secrets: Vec<_> = secrets.iter().copied().map(secret).collect();
        verify(&at(&secrets, NOW), token.expose()).is_ok()
    };
    assert!(holds(&["key"]));
    assert!(holds(&["new", "key"]));
    assert!(holds(&["key", "old"]));
    assert!(!holds(&["new", "old"]));
    assert!(!holds(&["Key"]));
    assert!(!holds(&[]));
}

#[test]
fn an_empty_secret_makes_nothing_hold() {
    let signed = "e30";
    assert!(!signature_holds(&[secret("")], signed, &code(&secret(""), signed)));
    assert!(signature_holds(&[secret(""), secret("key")], signed, &code(&secret("key"), signed)));
}

#[test]
fn nothing_inside_is_judged_before_the_signature() {
    let rules_secret = [secret("another")];
    for content in ["{", r#"{"exp":1}"#, r#"{"exp":1717000200}"#] {
        let error = verify(&at(&rules_secret, NOW), token_of(content).expose()).unwrap_err();
        assert_eq!(error, SignedTokenError::SignatureMismatch, "{content}");
    }
}

#[test]
fn the_first_thing_that_is_wrong_is_the_code() {
    for (content, code) in [
        (r#"{"userId":"u","exp":1717000101}"#, None),
        (r#"{"userId":"u","exp":1717000101.5,"iat":1717000100,"nbf":1717000100}"#, None),
        (r#"{"userId":"u","exp":1717003700}"#, None),
        (r#"{"userId":"u"}"#, Some("AUTH_TOKEN_MALFORMED")),
        (r#"{"userId":"u","exp":1e400}"#, Some("AUTH_TOKEN_MALFORMED")),
        (r#"{"userId":"u","exp":1717000101,"email":null}"#, Some("AUTH_TOKEN_MALFORMED")),
        (r#"{"userId":"u","exp":1717000101,"role":["a"]}"#, Some("AUTH_TOKEN_MALFORMED")),
        (r#"{"userId":"u","userId":"v","exp":1717000101}"#, Some("AUTH_TOKEN_MALFORMED")),
        (r#"{"userId":"u","exp":1717000100}"#, Some("AUTH_TOKEN_EXPIRED")),
        (r#"{"userId":"u","exp":1717003701}"#, Some("AUTH_TOKEN_EXPIRED")),
        (r#"{"userId":"u","exp":1717003690,"iat":1717000089}"#, Some("AUTH_TOKEN_EXPIRED")),
        (r#"{"userId":"u","exp":1717000099,"nbf":1717000200}"#, Some("AUTH_TOKEN_EXPIRED")),
        (r#"{"exp":1717000200,"nbf":1717000101}"#, Some("AUTH_TOKEN_INVALID")),
        (r#"{"userId":"u","exp":1717000200,"iat":1717000101}"#, Some("AUTH_TOKEN_INVALID")),
        (r#"{"exp":1717000200}"#, Some("AUTH_TOKEN_NO_SUBJECT")),
        (r#"{"userId":" ","exp":1717000200}"#, Some("AUTH_TOKEN_NO_SUBJECT")),
        (r#"{"userid":"u","exp":1717000200}"#, Some("AUTH_TOKEN_NO_SUBJECT")),
    ] {
        assert_eq!(reason(content), code, "{content}");
    }
}

#[test]
fn leeway_moves_both_ends() {
    let secrets = [secret("key")];
    let rules = Rules { leeway_seconds: 30, ..at(&secrets, NOW) };
    let holds = |content: &str| verify(&rules, token_of(content).expose()).is_ok();
    assert!(holds(r#"{"userId":"u","exp":1717000071}"#));
    assert!(!holds(r#"{"userId":"u","exp":1717000070}"#));
    assert!(holds(r#"{"userId":"u","exp":1717000200,"iat":1717000130}"#));
    assert!(!holds(r#"{"userId":"u","exp":1717000200,"iat":1717000131}"#));
}

#[test]
fn a_form_that_is_only_nearly_right_is_malformed() {
    let good = token_of(r#"{"userId":"u","exp":1717000200}"#);
    let good = good.expose();
    let (signed, code) = good.split_once('.').unwrap();
    for bad in [
        String::new(),
        ".".to_owned(),
        signed.to_owned(),
        format!("{signed}."),
        format!(".{code}"),
        format!("{good}."),
        format!("{good}.{code}"),
        format!("{good}="),
        format!(" {good}"),
        format!("{good}\n"),
        format!("A.{code}"),
        format!("AB.{code}"),
        good.replace('.', "%2E"),
        format!("Bearer {good}"),
    ] {
        let code = verify(&at(&[secret("key")], NOW), &bad).unwrap_err().reason().code();
        assert_eq!(code, "AUTH_TOKEN_MALFORMED", "{bad}");
    }
    let long = "A".repeat(MAX_BYTES + 1);
    assert_eq!(verify(&at(&[secret("key")], NOW), &long).unwrap_err(), SignedTokenError::TooLong);
}

#[test]
fn a_signature_of_another_length_does_not_hold() {
    let secrets = [secret("key")];
    let whole = code(&secrets[0], "e30");
    assert!(signature_holds(&secrets, "e30", &whole));
    assert!(!signature_holds(&secrets, "e30", &whole[..31]));
    assert!(!signature_holds(&secrets, "e30", &[whole.as_slice(), &[0]].concat()));
    assert!(!signature_holds(&secrets, "e30", &[]));
}

#[test]
fn the_console_sees_the_same_verdict_step_by_step_and_no_value() {
    let content = r#"{"userId":"canary-user","email":"canary@example.com","exp":1717000100}"#;
    let verdict = judge(content);
    let steps = steps(&verdict);
    let outcomes: Vec<_> = steps.iter().map(|step| (step.name, step.outcome)).collect();
    assert_eq!(
        outcomes,
        [
            ("form", StepOutcome::Passed),
            ("signature", StepOutcome::Passed),
            ("content", StepOutcome::Passed),
            ("expiry", StepOutcome::Failed),
            ("start", StepOutcome::NotReached),
            ("subject", StepOutcome::NotReached),
        ]
    );
    assert!(!format!("{steps:?}{verdict:?}").contains("canary"));
}

#[test]
fn every_error_stops_at_a_step_of_the_plan() {
    let subject = SignedTokenError::Subject(SubjectError::Missing);
    for error in [
        SignedTokenError::TooLong,
        SignedTokenError::NotTwoSegments,
        SignedTokenError::NotBase64url,
        SignedTokenError::SignatureMismatch,
        SignedTokenError::Content(ObjectError::NotJson),
        SignedTokenError::Claim(ClaimError::NoExpiry),
        SignedTokenError::Expired,
        SignedTokenError::LivesTooLong,
        SignedTokenError::NotYet,
        subject,
    ] {
        assert!(PLAN.iter().any(|planned| planned.name == error.step()), "{error:?}");
    }
}

proptest! {
    #[test]
    fn every_user_round_trips(id in "\\PC{1,40}", email in proptest::option::of("\\PC{0,20}"), plan in "\\PC{0,20}") {
        prop_assume!(!id.trim().is_empty());
        let mut members = vec![("exp".to_owned(), Json::Number("1717000200".into()))];
        members.extend(email.clone().map(|email| ("email".to_owned(), Json::Text(email))));
        members.push(("plan".to_owned(), Json::Text(plan.clone())));
        members.push(("userId".to_owned(), Json::Text(id.clone())));
        members.sort_by(|a, b| a.0.cmp(&b.0));
        let token = sign(&secret("key"), &Json::Map(members));
        let user = verify(&at(&[secret("key")], NOW), token.show()).unwrap();
        prop_assert_eq!(user.id, id);
        prop_assert_eq!(user.email, email);
        prop_assert_eq!(user.attributes, vec![("plan".to_owned(), Json::Text(plan))]);
    }

    #[test]
    fn no_changed_character_is_accepted(place in any::<prop::sample::Index>(), to in "[ -~]") {
        let good = token_of(r#"{"userId":"u","exp":1717000200,"plan":"pro"}"#);
        let mut changed = good.expose().clone();
        let place = place.index(changed.len());
        changed.replace_range(place..=place, &to);
        let verdict = verify(&at(&[secret("key")], NOW), &changed);
        prop_assert_eq!(verdict.is_ok(), changed == *good.expose());
    }

    #[test]
    fn no_text_is_accepted_without_the_secret(text in "\\PC{0,80}", signed in "[A-Za-z0-9_-]{1,60}", code in "[A-Za-z0-9_-]{0,60}") {
        prop_assert!(verify(&at(&[secret("key")], NOW), &text).is_err());
        let unsigned = format!("{signed}.{code}");
        prop_assert!(verify(&at(&[secret("key")], NOW), &unsigned).is_err());
    }

    #[test]
    fn no_signed_content_makes_it_panic(content in "\\PC{0,60}", times in "[0-9eE.+-]{0,12}") {
        let _ = judge(&content);
        let verdict = judge(&format!(r#"{{"userId":"u","exp":{times}}}"#));
        if let Ok(exp) = times.parse::<f64>() {
            let now = 1_717_000_100_f64;
            prop_assert!(verdict.is_err() || (exp > now && exp <= now + 3_600.0));
        }
    }
}
