use super::*;
use crate::{
    algorithm::Algorithm,
    jwk::JwkSet,
    jws::JwsError,
    jwt::{self, JwtError},
    signing::key_set,
};

fn key(seed: u64) -> AssertionKey {
    AssertionKey::new(&RootKey::generate(&Entropy::seeded(seed))).unwrap()
}

fn content(token: &Secret<String>) -> Json {
    let payload = token.expose().split('.').nth(1).unwrap();
    Json::parse(&String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()).unwrap()
}

fn asserted(disclosure: Disclosure, lifetime_seconds: u32) -> (Secret<String>, Json) {
    let user = VerifiedUser {
        id: "u-1".to_owned(),
        email: Some("ada@example.com".to_owned()),
        role: Some("customer".to_owned()),
        attributes: vec![("plan".to_owned(), Json::Text("pro".to_owned()))],
    };
    let (now, entropy) = (Time::from_ms(1_717_000_000_900), Entropy::seeded(2));
    let assertion = Assertion {
        issuer: "https://procura.example",
        audience: "https://api.example",
        user: &user,
        disclosure,
        agent: AgentId::new(now, &entropy),
        session: SessionId::new(now, &entropy),
        now,
        lifetime_seconds,
    };
    let token = key(1).sign(&assertion, &entropy);
    let content = content(&token);
    (token, content)
}

#[test]
fn an_assertion_verifies_with_the_published_key_and_says_what_was_meant() {
    let (token, content) = asserted(Disclosure::EmailAndRole, 30);
    let text = |name: &str| content.member(name).and_then(Json::as_text).unwrap();
    assert_eq!(text("sub"), "u-1");
    assert_eq!(text("iss"), "https://procura.example");
    assert_eq!(text("aud"), "https://api.example");
    assert_eq!((text("email"), text("role")), ("ada@example.com", "customer"));
    assert!(text("agent_id").starts_with("agt_") && text("session_id").starts_with("ses_"));
    assert_eq!(text("jti").len(), 22);
    assert_eq!(content.member("iat"), Some(&Json::Number("1717000000".into())));
    assert_eq!(content.member("exp"), Some(&Json::Number("1717000030".into())));
    assert_eq!(content.member("plan"), None, "attributes stay at home");
    let (signed, signature) = token.expose().rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let holds = |seed: u64| {
        let keys = JwkSet::parse(&key_set([key(seed).jwk()]).canonical()).unwrap();
        let named = keys.choose(Algorithm::EdDsa, None).unwrap();
        named[0].verifies(Algorithm::EdDsa, signed.as_bytes(), &signature)
    };
    assert!(holds(1));
    assert!(!holds(2));
}

#[test]
fn only_what_was_chosen_is_disclosed_and_never_for_more_than_a_minute() {
    for (disclosure, email, role) in [
        (Disclosure::IdAlone, false, false),
        (Disclosure::Email, true, false),
        (Disclosure::Role, false, true),
    ] {
        let (_, content) = asserted(disclosure, 999);
        assert_eq!(content.member("email").is_some(), email);
        assert_eq!(content.member("role").is_some(), role);
        assert_eq!(content.member("exp"), Some(&Json::Number("1717000060".into())));
    }
}

#[test]
fn an_assertion_never_passes_as_a_users_token() {
    let (token, _) = asserted(Disclosure::IdAlone, 60);
    let rules =
        jwt::Rules::new("https://procura.example", "https://api.example", Time::from_ms(1_717_000_000_900));
    let keys = JwkSet::parse(&key_set([key(1).jwk()]).canonical()).unwrap();
    assert_eq!(jwt::verify(&rules, &keys, token.expose()).unwrap_err(), JwtError::Jws(JwsError::Kind));
}
