use super::*;
use crate::{NewOauthKey, OauthKey, signing::key_set};
use procura_model::Entropy;

const RULES: IdJagRules<'static> = IdJagRules {
    issuer: "https://acme.idp.example",
    audience: "https://acme.chat.example",
    client: "f53f191f9311af35",
    tenant: None,
    organization: "org_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    now: Time::from_ms(1_311_281_000_000),
};

/// The claims of the draft's example, with this server as the audience.
const CLAIMS: &str = r#"{"jti":"9e43f81b64a33f20116179","iss":"https://acme.idp.example","sub":"U019488227","aud":"https://acme.chat.example","client_id":"f53f191f9311af35","exp":1311281970,"iat":1311280970,"resource":"https://acme.chat.example/api","scope":"chat.read chat.history","auth_time":1311280970,"amr":["mfa","phrh","hwk","user"]}"#;

fn judged(kind: &'static str, claims: &str) -> Result<IdJag, IdJagError> {
    judged_by(&RULES, kind, claims)
}

fn judged_by(rules: &IdJagRules<'_>, kind: &'static str, claims: &str) -> Result<IdJag, IdJagError> {
    let NewOauthKey { key, .. } = OauthKey::generate(Algorithm::EdDsa, &Entropy::seeded(9)).unwrap();
    let keys = JwkSet::parse(&key_set([key.jwk().clone()]).canonical()).unwrap();
    let token = key.sign(kind, claims).unwrap();
    UnverifiedIdJag::read(&token)?.verify(rules, &keys)
}

#[test]
fn the_assertion_of_the_draft_holds() {
    let jag = judged(TYPE, CLAIMS).unwrap();
    assert_eq!(jag.subject, "U019488227");
    assert_eq!(jag.scope.unwrap().to_string(), "chat.read chat.history");
    assert_eq!(jag.resources, ["https://acme.chat.example/api"]);
    assert_eq!(jag.auth_time, Some(1_311_280_970));
    assert_eq!((jag.jkt, jag.may_act), (None, None));
    let again = judged(TYPE, &CLAIMS.replace("\"scope\":\"chat.read chat.history\",", "")).unwrap();
    assert_eq!((again.code, again.scope), (jag.code, None), "it is known again by issuer, subject and jti");
    let list =
        CLAIMS.replace("\"aud\":\"https://acme.chat.example\"", "\"aud\":[\"https://acme.chat.example\"]");
    assert!(judged(TYPE, &list).is_ok());
}

#[test]
fn one_issuer_of_many_customers_is_believed_for_one_of_them() {
    let with = |member: &str| CLAIMS.replacen('{', &format!("{{{member},"), 1);
    let (ours, theirs) = (with(r#""tenant":"acme""#), with(r#""tenant":"mallory""#));
    let rules = IdJagRules { tenant: Some("acme"), ..RULES };
    let of_acme = judged_by(&rules, TYPE, &ours).unwrap();
    for other in [&theirs, CLAIMS, &with(r#""tenant":7"#), &with(r#""tenant":null"#)] {
        assert_eq!(judged_by(&rules, TYPE, other), Err(IdJagError::Tenant), "{other}");
    }
    assert_eq!(judged(TYPE, &ours), Err(IdJagError::Tenant), "whoever named no tenant believes none");
    assert_ne!(of_acme.code, judged(TYPE, CLAIMS).unwrap().code);
    assert!(judged(TYPE, &with(r#""aud_tenant":"org_01JD9Z3V5M8Q6T2W4X7Y9A1B3C""#)).is_ok());
    for other in [r#""aud_tenant":"org_01JD9Z3V5M8Q6T2W4X7Y9A1B3D""#, r#""aud_tenant":7"#] {
        assert_eq!(judged(TYPE, &with(other)), Err(IdJagError::Tenant), "{other}");
    }
}

#[test]
fn everything_else_is_refused() {
    for kind in ["JWT", "at+jwt", "agent-identity+jwt"] {
        assert_eq!(judged(kind, CLAIMS), Err(IdJagError::Jws(JwsError::Kind)), "{kind}");
    }
    for (from, to, error) in [
        (
            "\"aud\":\"https://acme.chat.example\"",
            "\"aud\":[\"https://acme.chat.example\",\"b\"]",
            IdJagError::Audience,
        ),
        (
            "\"aud\":\"https://acme.chat.example\"",
            "\"aud\":\"https://acme.chat.example/\"",
            IdJagError::Audience,
        ),
        ("\"aud\":\"https://acme.chat.example\",", "", IdJagError::Audience),
        ("f53f191f9311af35", "another", IdJagError::Client),
        ("https://acme.idp.example", "https://other.idp.example", IdJagError::Issuer),
        ("\"exp\":1311281970", "\"exp\":1311280960", Untimely::Expired.into()),
        ("\"exp\":1311281970", "\"exp\":1311289970", Untimely::TooLong.into()),
        ("\"iat\":1311280970", "\"iat\":1311284600", Untimely::NotYet.into()),
        ("\"iat\":1311280970,", "", IdJagError::Content),
        ("\"exp\":1311281970,", "", IdJagError::Content),
        ("\"sub\":\"U019488227\",", "", IdJagError::Content),
        ("\"sub\":\"U019488227\"", "\"sub\":\" \"", IdJagError::Content),
        ("\"jti\":\"9e43f81b64a33f20116179\",", "", IdJagError::Content),
        ("\"resource\":\"https://acme.chat.example/api\"", "\"resource\":7", IdJagError::Content),
        ("\"auth_time\":1311280970", "\"cnf\":{\"x5t\":\"a\"}", IdJagError::Content),
    ] {
        let changed = CLAIMS.replace(from, to);
        assert_ne!(changed, CLAIMS, "{from}");
        assert_eq!(judged(TYPE, &changed), Err(error), "{to}");
    }
}
