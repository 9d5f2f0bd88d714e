use super::*;

/// RFC 7515 appendix A.2: RS256.
const RS256: [&str; 3] = [
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    r#"{"keys":[{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}]}"#,
];
/// RFC 7515 appendix A.3: ES256.
const ES256: [&str; 3] = [
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
];
/// RFC 8037 appendix A.4: Ed25519.
const EDDSA: [&str; 3] = [
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
];

fn verify(token: &str, keys: &str) -> Result<Vec<u8>, JwsError> {
    let jws = UnverifiedJws::read(token, &Algorithm::ALL, 16_384)?;
    jws.verify(&JwkSet::parse(keys).unwrap()).map(<[u8]>::to_vec)
}

fn with_header(header: &str) -> Result<(), JwsError> {
    let token = format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header));
    UnverifiedJws::read(&token, &Algorithm::ALL, 16_384).map(|_| ())
}

#[test]
fn signatures_of_the_standards_hold_and_changed_ones_do_not() {
    for [signed, signature, keys] in [RS256, ES256, EDDSA] {
        let payload = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
        assert_eq!(verify(&format!("{signed}.{signature}"), keys), Ok(payload));
        let last_but_one = signature.len() - 2;
        let flipped = if signature.as_bytes()[last_but_one] == b'A' { "B" } else { "A" };
        let mut changed = signature.to_owned();
        changed.replace_range(last_but_one..=last_but_one, flipped);
        assert_eq!(verify(&format!("{signed}.{changed}"), keys), Err(JwsError::Signature));
    }
}

#[test]
fn a_key_of_another_kind_is_not_even_tried() {
    let token = format!("{}.{}", ES256[0], ES256[1]);
    assert_eq!(verify(&token, EDDSA[2]), Err(JwsError::Key(ChoiceError::Mismatch)));
    assert_eq!(verify(&token, r#"{"keys":[]}"#), Err(JwsError::Key(ChoiceError::Ambiguous)));
}

#[test]
fn the_form_is_three_segments_of_strict_base64url() {
    let token = format!("{}.{}", EDDSA[0], EDDSA[1]);
    let signed = EDDSA[0];
    for (bad, error) in [
        (String::new(), JwsError::NotThreeSegments),
        ("..".to_owned(), JwsError::NotThreeSegments),
        (signed.to_owned(), JwsError::NotThreeSegments),
        (format!("{signed}."), JwsError::NotThreeSegments),
        (format!(".{signed}"), JwsError::NotThreeSegments),
        (format!("{token}.AA"), JwsError::NotThreeSegments),
        (format!("{token}=="), JwsError::NotBase64url),
        (format!("{token} "), JwsError::NotBase64url),
        (format!("{signed}.AB"), JwsError::NotBase64url),
        (format!("{signed}.+/"), JwsError::NotBase64url),
        ("A".repeat(16_385), JwsError::TooLong),
    ] {
        assert_eq!(verify(&bad, EDDSA[2]), Err(error), "{bad:.60}");
    }
}

#[test]
fn a_header_asks_for_nothing_but_an_allowed_algorithm_and_a_key_id() {
    for good in [
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"ES256","typ":"JWT","kid":"k"}"#,
        r#"{"alg":"ES256","typ":"application/at+JWT","cty":"x","unknown":[1]}"#,
        r#"{"alg":"ES256","jwk":{},"jku":"https://evil.example","x5u":"x","x5c":[]}"#,
    ] {
        assert_eq!(with_header(good), Ok(()), "{good}");
    }
    for (bad, error) in [
        ("{}", JwsError::HeaderType),
        (r#"{"alg":null}"#, JwsError::HeaderType),
        (r#"{"alg":["ES256"]}"#, JwsError::HeaderType),
        (r#"{"alg":"ES256","kid":null}"#, JwsError::HeaderType),
        (r#"{"alg":"ES256","typ":1}"#, JwsError::HeaderType),
        (r#"{"alg":"none"}"#, JwsError::Algorithm),
        (r#"{"alg":"es256"}"#, JwsError::Algorithm),
        (r#"{"alg":"HS256"}"#, JwsError::Algorithm),
        (r#"{"alg":"ES256","crit":["exp"],"exp":1}"#, JwsError::Extension),
        (r#"{"alg":"ES256","crit":[]}"#, JwsError::Extension),
        (r#"{"alg":"ES256","b64":false}"#, JwsError::Extension),
        (r#"{"alg":"ES256","zip":"DEF"}"#, JwsError::Extension),
        (r#"{"alg":"ES256","enc":"A256GCM"}"#, JwsError::Extension),
        (r#"{"alg":"ES256","typ":"logout+jwt"}"#, JwsError::Kind),
        (r#"{"alg":"ES256","typ":"procura-user+jwt"}"#, JwsError::Kind),
        (r#"{"alg":"ES256","alg":"ES256"}"#, JwsError::Header(ObjectError::Duplicate)),
        ("[]", JwsError::Header(ObjectError::NotObject)),
        ("{", JwsError::Header(ObjectError::NotJson)),
    ] {
        assert_eq!(with_header(bad), Err(error), "{bad}");
    }
}

#[test]
fn an_algorithm_that_the_settings_leave_out_is_refused() {
    let token = format!("{}.{}", ES256[0], ES256[1]);
    let allowed = [Algorithm::Rs256, Algorithm::EdDsa];
    assert_eq!(UnverifiedJws::read(&token, &allowed, 16_384).err(), Some(JwsError::Algorithm));
}
