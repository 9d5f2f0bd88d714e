use super::*;
use crate::{
    assertion::{Assertion, AssertionKey, Disclosure},
    jwt,
    signing::key_set,
};
use procura_model::{Ask, Entropy, Secret, VerifiedUser};

const NOW: Time = Time::from_ms(1_795_608_000_900);
const ISSUER: &str = "https://procura.example";

fn root(seed: u64) -> RootKey {
    RootKey::generate(&Entropy::seeded(seed))
}

fn key(seed: u64) -> ReceiptKey {
    ReceiptKey::new(&root(seed)).unwrap()
}

fn keys(seed: u64) -> JwkSet {
    let both = [AssertionKey::new(&root(seed)).unwrap().jwk(), key(seed).jwk()];
    JwkSet::parse(&key_set(both).canonical()).unwrap()
}

fn receipt() -> Receipt {
    let entropy = Entropy::seeded(7);
    let ask = Ask { action: "purchase".to_owned(), ..Ask::default() };
    Receipt {
        id: ReceiptId::new(NOW, &entropy),
        issuer: ISSUER.to_owned(),
        audience: "shop.example".to_owned(),
        agent: AgentId::new(NOW, &entropy),
        issued_at: 1_795_608_000,
        expires_at: 1_795_608_060,
        tenant: TenantId::new(NOW, &entropy),
        request: RequestId::new(NOW, &entropy),
        verdict: Verdict::Allow,
        code: Reason::Allowed,
        digest: action_digest(&ask.canonical()),
        nonce: Some("0123456789abcdef".to_owned()),
        user: Some(UserRef("usr_0123456789abcdef0123456789abcdef".to_owned())),
        session: Some(SessionId::new(NOW, &entropy)),
        credential: Some(CredentialId::new(NOW, &entropy)),
        policy_version: 7,
        rules_version: Some(3),
        permission: Some(PermissionId::new(NOW, &entropy)),
        approval: Some(ApprovalId::new(NOW, &entropy)),
        reservation: Some(ReservationId::new(NOW, &entropy)),
    }
}

const fn rules() -> Rules<'static> {
    Rules { issuer: ISSUER, audience: None, agent: None, digest: None, nonce: None, now: NOW }
}

#[test]
fn a_receipt_says_what_was_signed_with_everything_in_it_or_with_the_least() {
    let whole = receipt();
    let least = Receipt {
        nonce: None,
        rules_version: None,
        user: None,
        session: None,
        credential: None,
        permission: None,
        approval: None,
        reservation: None,
        verdict: Verdict::Deny,
        code: Reason::NoPermission,
        ..receipt()
    };
    for receipt in [whole, least] {
        let token = key(1).sign(&receipt);
        assert_eq!(verify(&rules(), &keys(1), &token), Ok(receipt));
        assert_eq!(
            verify(&rules(), &keys(2), &token),
            Err(ReceiptError::Jws(JwsError::Key(ChoiceError::Unknown)))
        );
    }
}

#[test]
fn every_rule_that_names_something_is_compared() {
    let receipt = receipt();
    let token = key(1).sign(&receipt);
    let right = Rules {
        audience: Some("shop.example"),
        agent: Some(receipt.agent),
        digest: Some(&receipt.digest),
        nonce: Some("0123456789abcdef"),
        ..rules()
    };
    assert_eq!(verify(&right, &keys(1), &token), Ok(receipt.clone()));
    let other = AgentId::new(NOW, &Entropy::seeded(9));
    for (wrong, error) in [
        (Rules { issuer: "https://procura.example/", ..right }, ReceiptError::Issuer),
        (Rules { audience: Some("Shop.example"), ..right }, ReceiptError::Audience),
        (Rules { agent: Some(other), ..right }, ReceiptError::Agent),
        (Rules { digest: Some(""), ..right }, ReceiptError::Action),
        (Rules { nonce: Some("0123456789abcdeF"), ..right }, ReceiptError::Nonce),
    ] {
        assert_eq!(verify(&wrong, &keys(1), &token), Err(error));
    }
    let without = key(1).sign(&Receipt { nonce: None, ..receipt.clone() });
    assert_eq!(verify(&right, &keys(1), &without), Err(ReceiptError::Nonce), "no nonce is not any nonce");
}

#[test]
fn it_is_good_for_its_minute_and_not_a_second_longer() {
    let token = key(1).sign(&receipt());
    let at =
        |seconds: i64| verify(&Rules { now: Time::from_ms(seconds * 1_000), ..rules() }, &keys(1), &token);
    for good in [1_795_607_970, 1_795_608_000, 1_795_608_059] {
        assert!(at(good).is_ok(), "{good}");
    }
    assert_eq!(at(1_795_607_969), Err(ReceiptError::NotYet));
    assert_eq!(at(1_795_608_060), Err(ReceiptError::Expired));
    assert_eq!(ReceiptError::Expired.reason(), Reason::ReceiptExpired);
}

#[test]
fn claims_that_are_not_what_they_must_be_are_refused_though_they_are_signed() {
    let signer = SigningKey::new(&root(1), Purpose::Receipt).unwrap();
    let content = claims(&receipt()).canonical();
    let judge = |content: &str| verify(&rules(), &keys(1), &signer.sign(TYPE, content));
    assert_eq!(judge(&content), Ok(receipt()));
    for (from, to, name) in [
        ("\"dec\":\"allow\"", "\"dec\":\"Allow\"", "dec"),
        ("\"exp\":1795608060", "\"exp\":1795608060.0", "exp"),
        ("\"exp\":1795608060", "\"exp\":\"1795608060\"", "exp"),
        ("\"aud\":\"shop.example\"", "\"aud\":[\"shop.example\"]", "aud"),
        ("\"sub\":\"agt_", "\"sub\":\"per_", "sub"),
        ("\"per\":\"per_", "\"per\":\"agt_", "per"),
        ("\"code\":\"ALLOWED\"", "\"code\":\"FINE\"", "code"),
        ("\"jti\":", "\"jto\":", "jti"),
    ] {
        let error = judge(&content.replacen(from, to, 1)).unwrap_err();
        let expected = if to.contains('[') {
            ReceiptError::Content(ObjectError::TooDeep)
        } else {
            ReceiptError::Claim(name)
        };
        assert_eq!((error, error.reason()), (expected, Reason::ReceiptInvalid), "{to}");
    }
    let twice = content.replacen('{', "{\"aud\":\"shop.example\",", 1);
    assert_eq!(judge(&twice), Err(ReceiptError::Content(ObjectError::Duplicate)));
    assert!(
        judge(&content.replacen('{', "{\"later\":true,", 1)).is_ok(),
        "what is new is no reason to refuse"
    );
}

#[test]
fn neither_kind_of_token_passes_as_the_other() {
    let user = VerifiedUser { id: "u-1".to_owned(), ..VerifiedUser::default() };
    let receipt = receipt();
    let assertion = Assertion {
        issuer: ISSUER,
        audience: "shop.example",
        user: &user,
        disclosure: Disclosure::IdAlone,
        agent: receipt.agent,
        session: SessionId::new(NOW, &Entropy::seeded(3)),
        now: NOW,
        lifetime_seconds: 60,
    };
    let assertion: Secret<String> =
        AssertionKey::new(&root(1)).unwrap().sign(&assertion, &Entropy::seeded(3));
    assert_eq!(
        verify(&rules(), &keys(1), assertion.expose()),
        Err(ReceiptError::Jws(JwsError::Kind)),
        "an assertion is no receipt"
    );
    let token = key(1).sign(&receipt);
    let of_users = jwt::Rules::new(ISSUER, "shop.example", NOW);
    assert_eq!(jwt::verify(&of_users, &keys(1), &token), Err(jwt::JwtError::Jws(JwsError::Kind)));
    let plain =
        SigningKey::new(&root(1), Purpose::Receipt).unwrap().sign("JWT", &claims(&receipt).canonical());
    assert_eq!(verify(&rules(), &keys(1), &plain), Err(ReceiptError::Jws(JwsError::Kind)));
}

#[test]
fn the_two_published_keys_are_two() {
    assert_ne!(key(1).kid(), AssertionKey::new(&root(1)).unwrap().kid());
}
