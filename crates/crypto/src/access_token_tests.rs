use super::*;
use crate::{oauth_key::NewOauthKey, signing::key_set};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_model::{
    Entropy, SessionId, TenantId, Time, TokenId,
    oauth::{ClientId, ScopeList},
};

const ISSUER: &str = "https://p.example";

fn claims() -> Claims {
    let (now, entropy) = (Time::from_ms(1_000), Entropy::seeded(1));
    let inner = ActorLink { sub: "agt_2".to_owned(), act: None };
    Claims {
        jti: TokenId::new(now, &entropy),
        tenant: TenantId::new(now, &entropy),
        sub: "acc_1".to_owned(),
        client_id: ClientId::new(now, &entropy),
        aud: "https://p.example/v1/mcp".to_owned(),
        scope: ScopeList::of(["tools", "more"]),
        sid: SessionId::new(now, &entropy),
        act: ActorLink { sub: "agt_1".to_owned(), act: Some(Box::new(inner)) },
        iat: 1,
        exp: 601,
        auth_time: Some(1),
        jkt: Some("print".to_owned()),
        may_act: Some("agt_3".to_owned()),
    }
}

fn key(algorithm: Algorithm, seed: u64) -> (OauthKey, JwkSet) {
    let NewOauthKey { key, .. } = OauthKey::generate(algorithm, &Entropy::seeded(seed)).unwrap();
    let set = JwkSet::parse(&key_set([key.jwk().clone()]).canonical()).unwrap();
    (key, set)
}

#[test]
fn what_is_signed_is_read_back_whole() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Rs256] {
        let (key, set) = key(algorithm, 5);
        let bare = Claims { auth_time: None, jkt: None, may_act: None, ..claims() };
        for claims in [claims(), bare] {
            let token = sign(&key, ISSUER, &claims).unwrap();
            assert_eq!(open(&set, ISSUER, &token), Ok(claims));
        }
    }
}

/// RFC 9068 section 2.2: iss, exp, aud, sub, client_id, iat and jti must be there; section 2.1: typ and a real alg.
#[test]
fn a_token_has_every_claim_that_the_profile_demands() {
    let (key, _) = key(Algorithm::EdDsa, 5);
    let token = sign(&key, ISSUER, &claims()).unwrap();
    let part = |index: usize| {
        let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap();
        Json::parse(std::str::from_utf8(&bytes).unwrap()).unwrap()
    };
    assert_eq!(part(0).member("typ").and_then(Json::as_text), Some("at+jwt"));
    assert_eq!(part(0).member("kid").and_then(Json::as_text), Some(key.kid()));
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "act", "sid", "org", "cnf"] {
        assert!(part(1).member(name).is_some(), "{name}");
    }
}

/// RFC 9068 section 4 and RFC 8725 section 3: what is not exactly a token of this issuer is none.
#[test]
fn what_is_not_ours_is_refused() {
    let (ours, set) = key(Algorithm::EdDsa, 5);
    let token = sign(&ours, ISSUER, &claims()).unwrap();
    assert_eq!(open(&set, "https://p.example/", &token), Err(AccessTokenError::Issuer));
    let (other, _) = key(Algorithm::EdDsa, 6);
    let foreign = sign(&other, ISSUER, &claims()).unwrap();
    assert!(matches!(open(&set, ISSUER, &foreign), Err(AccessTokenError::Jws(JwsError::Key(_)))));
    for kind in ["JWT", "id_token+jwt", "dpop+jwt", "oauth-id-jag+jwt"] {
        let kind: &'static str = Box::leak(kind.to_owned().into_boxed_str());
        let wrong = ours.sign(kind, &content(ISSUER, &claims()).canonical()).unwrap();
        assert_eq!(open(&set, ISSUER, &wrong), Err(AccessTokenError::Jws(JwsError::Kind)), "{kind}");
    }
    // RFC 9068 section 4: "at+jwt" and "application/at+jwt"; a media type has no case.
    for kind in ["at+JWT", "application/at+jwt"] {
        let kind: &'static str = Box::leak(kind.to_owned().into_boxed_str());
        let right = ours.sign(kind, &content(ISSUER, &claims()).canonical()).unwrap();
        assert!(open(&set, ISSUER, &right).is_ok(), "{kind}");
    }
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[0] = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
    assert_eq!(open(&set, ISSUER, &parts.join(".")), Err(AccessTokenError::Jws(JwsError::Algorithm)));
    let full = content(ISSUER, &claims()).canonical();
    for (name, from, to) in [
        ("no exp", "\"exp\":601", "\"exq\":601"),
        ("exp is text", "\"exp\":601", "\"exp\":\"601\""),
        ("two audiences", "\"aud\":\"https://p.example/v1/mcp\"", "\"aud\":[\"a\",\"b\"]"),
        ("a binding that cannot be read", "\"cnf\":{\"jkt\":\"print\"}", "\"cnf\":{\"x5t#S256\":\"print\"}"),
    ] {
        let changed = full.replace(from, to);
        assert_ne!(changed, full, "{name}");
        let wrong = ours.sign(TYPE, &changed).unwrap();
        assert_eq!(open(&set, ISSUER, &wrong), Err(AccessTokenError::Claims), "{name}");
    }
}

#[test]
fn a_chain_of_actors_is_bounded() {
    let (key, set) = key(Algorithm::EdDsa, 5);
    let grown = |links: usize| {
        let mut act = ActorLink { sub: "agt_0".to_owned(), act: None };
        for _ in 1..links {
            act = ActorLink { sub: "agt_0".to_owned(), act: Some(Box::new(act)) };
        }
        sign(&key, ISSUER, &Claims { act, ..claims() }).unwrap()
    };
    assert!(open(&set, ISSUER, &grown(MAX_CHAIN)).is_ok());
    assert_eq!(open(&set, ISSUER, &grown(MAX_CHAIN + 1)), Err(AccessTokenError::Claims));
}
