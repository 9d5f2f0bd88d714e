use super::*;
use crate::{NewOauthKey, OauthKey};
use procura_model::Entropy;

/// RFC 9449: sections 4.1, 5 and 7.1.
const HEADER: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19";
const REQUEST: &str = "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
const REFRESH: &str = "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjY1Mjk2fQ.pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5QsGSuKDYW7_X620BxqhvYC8ynrrvZLTk41mSRroapUA";
const RESOURCE: &str = "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

fn proof(rest: &str) -> Secret<String> {
    Secret::new(format!("{HEADER}.{rest}"))
}

fn at(seconds: i64) -> Time {
    Time::from_ms(seconds * SECOND_MS)
}

fn token_request(seconds: i64) -> Wanted<'static> {
    Wanted { method: "POST", url: "https://server.example.com/token", now: at(seconds), token: None }
}

#[test]
fn the_proofs_of_the_rfc_hold() {
    let first = check(&proof(REQUEST), &token_request(1_562_262_616)).unwrap();
    assert_eq!(first.jkt, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    let second = check(&proof(REFRESH), &token_request(1_562_265_296)).unwrap();
    assert_eq!(first.code, second.code, "the RFC's second proof has the jti of its first: a replay");
    let resource = Wanted {
        method: "GET",
        url: "https://resource.example.org/protectedresource",
        now: at(1_562_262_618),
        token: Some(TOKEN),
    };
    assert!(check(&proof(RESOURCE), &resource).is_ok());
    assert_eq!(token_hash(TOKEN), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    let other = Wanted { token: Some("another"), ..resource };
    assert_eq!(check(&proof(RESOURCE), &other), Err(DpopError::Token));
    let none = Wanted { token: Some(TOKEN), ..token_request(1_562_262_616) };
    assert_eq!(
        check(&proof(REQUEST), &none),
        Err(DpopError::Token),
        "a proof for a token request has no ath"
    );
}

#[test]
fn method_url_and_time_are_those_of_the_request() {
    let right = token_request(1_562_262_616);
    let judge = |wanted: Wanted<'_>| check(&proof(REQUEST), &wanted).map(drop);
    assert_eq!(judge(Wanted { method: "GET", ..right }), Err(DpopError::Method));
    assert_eq!(judge(Wanted { url: "https://server.example.com/other", ..right }), Err(DpopError::Url));
    assert_eq!(judge(Wanted { url: "http://server.example.com/token", ..right }), Err(DpopError::Url));
    for same in [
        "https://server.example.com/token?a=b#c",
        "HTTPS://Server.Example.COM/token",
        "https://server.example.com:443/token",
    ] {
        assert_eq!(judge(Wanted { url: same, ..right }), Ok(()), "{same}");
    }
    assert_eq!(judge(token_request(1_562_262_616 + MAX_AGE_SECONDS)), Ok(()));
    assert_eq!(judge(token_request(1_562_262_617 + MAX_AGE_SECONDS)), Err(DpopError::Time));
    assert_eq!(judge(token_request(1_562_262_616 - MAX_AHEAD_SECONDS)), Ok(()));
    assert_eq!(judge(token_request(1_562_262_615 - MAX_AHEAD_SECONDS)), Err(DpopError::Time));
}

/// A proof made here, so that its header can be anything.
fn made(header: &str, claims: &str, key: &OauthKey) -> Result<Proven, DpopError> {
    let plain = key.sign("dpop+jwt", claims).unwrap();
    let parts: Vec<&str> = plain.split('.').collect();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), parts[1]);
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key.signature(signed.as_bytes()).unwrap()));
    check(&Secret::new(token), &token_request(1_000))
}

const CLAIMS: &str = r#"{"jti":"1","htm":"POST","htu":"https://server.example.com/token","iat":1000}"#;

#[test]
fn the_header_carries_the_public_key_and_says_what_it_is() {
    let NewOauthKey { key, .. } = OauthKey::generate(Algorithm::EdDsa, &Entropy::seeded(1)).unwrap();
    let NewOauthKey { key: other, .. } = OauthKey::generate(Algorithm::EdDsa, &Entropy::seeded(2)).unwrap();
    let jwk = key.jwk().canonical();
    let header = |typ: &str, alg: &str, jwk: &str| format!(r#"{{"typ":"{typ}","alg":"{alg}","jwk":{jwk}}}"#);
    assert!(made(&header("dpop+jwt", "EdDSA", &jwk), CLAIMS, &key).is_ok());
    // RFC 9864: the same algorithm by its other name.
    assert!(made(&header("dpop+jwt", "Ed25519", &jwk), CLAIMS, &key).is_ok());
    for (header, error) in [
        (header("JWT", "EdDSA", &jwk), DpopError::Kind),
        (header("dpop+jwt", "none", &jwk), DpopError::Algorithm),
        (header("dpop+jwt", "HS256", &jwk), DpopError::Algorithm),
        (header("dpop+jwt", "ES256", &jwk), DpopError::Signature),
        (header("dpop+jwt", "EdDSA", &other.jwk().canonical()), DpopError::Signature),
        (header("dpop+jwt", "EdDSA", &jwk.replace("\"kty\"", "\"d\":\"AAAA\",\"kty\"")), DpopError::Key),
        (header("dpop+jwt", "EdDSA", r#"{"kty":"oct","k":"AAAA"}"#), DpopError::Key),
        (r#"{"typ":"dpop+jwt","alg":"EdDSA"}"#.to_owned(), DpopError::Key),
        ("{}".to_owned(), DpopError::Kind),
    ] {
        assert_eq!(made(&header, CLAIMS, &key), Err(error), "{header}");
    }
    let right = header("dpop+jwt", "EdDSA", &jwk);
    for claims in [
        r#"{"htm":"POST","htu":"https://server.example.com/token","iat":1000}"#,
        r#"{"jti":"","htm":"POST","htu":"https://server.example.com/token","iat":1000}"#,
        r#"{"jti":"1","htu":"https://server.example.com/token","iat":1000}"#,
        r#"{"jti":"1","htm":"POST","iat":1000}"#,
        r#"{"jti":"1","htm":"POST","htu":"https://server.example.com/token"}"#,
        r#"{"jti":"1","htm":"POST","htu":"https://server.example.com/token","iat":"1000"}"#,
        r#"{"jti":"1","htm":"POST","htu":"https://server.example.com/token","iat":1000,"nonce":1}"#,
    ] {
        assert_eq!(made(&right, claims, &key), Err(DpopError::Claims), "{claims}");
    }
    for text in ["", "a.b", "a.b.c", "..", &format!("{HEADER}.{REQUEST}.x")] {
        let refused = check(&Secret::new(text.to_owned()), &token_request(1_000));
        assert_eq!(refused, Err(DpopError::Form), "{text}");
    }
}
