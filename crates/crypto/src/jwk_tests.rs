use super::*;

const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

fn key(json: &str) -> Result<Key, Unusable> {
    Key::read(&Json::parse(json).unwrap())
}

fn with(more: &str) -> Option<Unusable> {
    key(&format!("{{{ED25519}{more}}}")).err()
}

fn rsa_key(n: &[u8], e: &[u8]) -> Option<Unusable> {
    let (n, e) = (URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e));
    key(&format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#)).err()
}

#[test]
fn a_key_is_bound_by_what_it_says_of_itself() {
    assert_eq!(with(""), None);
    assert_eq!(with(r#","alg":"Ed25519""#), None);
    assert_eq!(with(r#","use":"sig","alg":"EdDSA","key_ops":["sign","verify"],"kid":"k""#), None);
    for (more, why) in [
        (r#","use":"enc""#, Unusable::Use),
        (r#","use":null"#, Unusable::Use),
        (r#","key_ops":["sign"]"#, Unusable::Use),
        (r#","key_ops":"verify""#, Unusable::Use),
        (r#","alg":"ES256""#, Unusable::Algorithm),
        (r#","alg":"HS256""#, Unusable::Algorithm),
        (r#","alg":null"#, Unusable::Algorithm),
        (r#","kid":7"#, Unusable::Malformed),
        (r#","d":"AAAA""#, Unusable::Private),
    ] {
        assert_eq!(with(more), Some(why), "{more}");
    }
}

#[test]
fn types_and_curves_are_ours_or_nothing() {
    for (json, why) in [
        ("{}", Unusable::Malformed),
        (r#"{"kty":"oct","k":"AAAA"}"#, Unusable::Symmetric),
        (r#"{"kty":"oct","k":"AAAA","use":"sig","alg":"EdDSA"}"#, Unusable::Symmetric),
        (r#"{"kty":"rsa","n":"AQAB","e":"AQAB"}"#, Unusable::Type),
        (r#"{"kty":"EC","crv":"secp256k1","x":"AAAA","y":"AAAA"}"#, Unusable::Type),
        (r#"{"kty":"EC","crv":"P-521","x":"AAAA","y":"AAAA"}"#, Unusable::Type),
        (r#"{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}"#, Unusable::Malformed),
        (r#"{"kty":"EC","crv":"P-256","x":"AAAA"}"#, Unusable::Malformed),
        (r#"{"kty":"OKP","crv":"X25519","x":"AAAA"}"#, Unusable::Type),
        (r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#, Unusable::Malformed),
        (
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="}"#,
            Unusable::Malformed,
        ),
    ] {
        assert_eq!(key(json).unwrap_err(), why, "{json}");
    }
}

#[test]
fn rsa_is_neither_short_nor_strange() {
    let modulus = |first: u8, length: usize| {
        let mut n = vec![0xa5; length];
        n[0] = first;
        n
    };
    assert_eq!(rsa_key(&modulus(0x80, 256), &[1, 0, 1]), None);
    assert_eq!(rsa_key(&modulus(0x80, 256), &[3]), None);
    assert_eq!(rsa_key(&modulus(0x7f, 256), &[1, 0, 1]), Some(Unusable::Size), "2,047 bits");
    assert_eq!(rsa_key(&modulus(0x01, 1_025), &[1, 0, 1]), Some(Unusable::Size), "8,193 bits");
    assert_eq!(rsa_key(&modulus(0, 257), &[1, 0, 1]), Some(Unusable::Malformed));
    assert_eq!(rsa_key(&modulus(0x80, 256), &[0, 1, 0, 1]), Some(Unusable::Malformed));
    assert_eq!(rsa_key(&modulus(0x80, 256), &[]), Some(Unusable::Malformed));
    assert_eq!(rsa_key(&modulus(0x80, 256), &[1]), Some(Unusable::Exponent));
    assert_eq!(rsa_key(&modulus(0x80, 256), &[2]), Some(Unusable::Exponent));
}

#[test]
fn moduli_of_the_broken_generator_are_known_by_their_residues() {
    // 65537 is a power of itself modulo everything; its neighbour is none modulo 11.
    assert!(has_roca_fingerprint(&[1, 0, 1]));
    assert!(!has_roca_fingerprint(&[1, 0, 3]));
}

#[test]
fn points_for_which_anybody_can_sign_are_no_keys() {
    let mut weak: Vec<[u8; 32]> = vec![[0; 32], least_and_greatest(0xec, 0x7f)];
    let mut one = [0; 32];
    one[0] = 1;
    weak.push(one);
    // Not canonical: p, p + 1, and the greatest there is.
    weak.extend([least_and_greatest(0xed, 0x7f), least_and_greatest(0xee, 0x7f), [0xff; 32]]);
    for point in weak {
        let mut other_sign = point;
        other_sign[31] ^= 0x80;
        assert!(is_weak_point(&point) && is_weak_point(&other_sign), "{point:02x?}");
    }
    let good: [u8; 32] =
        URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap().try_into().unwrap();
    assert!(!is_weak_point(&good));
    // The greatest canonical y that is not of small order: p - 2.
    assert!(!is_weak_point(&least_and_greatest(0xeb, 0x7f)));
}

fn set(keys: &[&str]) -> JwkSet {
    let keys: Vec<String> = keys.iter().map(|more| format!("{{{ED25519}{more}}}")).collect();
    JwkSet::parse(&format!(r#"{{"keys":[{}]}}"#, keys.join(","))).unwrap()
}

#[test]
fn a_key_id_chooses_to_the_letter_and_without_one_there_is_no_choice() {
    let chosen = |set: &JwkSet, kid: Option<&str>| set.choose(Algorithm::EdDsa, kid).map(|keys| keys.len());
    let two = set(&[r#","kid":"a""#, r#","kid":"b""#]);
    assert_eq!(chosen(&two, Some("a")), Ok(1));
    for unknown in ["A", "a ", "", "c"] {
        assert_eq!(chosen(&two, Some(unknown)), Err(ChoiceError::Unknown), "{unknown}");
    }
    assert_eq!(chosen(&two, None), Err(ChoiceError::Ambiguous));
    assert_eq!(chosen(&set(&[""]), None), Ok(1));
    assert_eq!(chosen(&set(&["", r#","use":"enc""#]), None), Ok(1), "an unusable key is no choice");
    assert_eq!(chosen(&set(&[]), None), Err(ChoiceError::Ambiguous));
    assert_eq!(chosen(&set(&[""]), Some("a")), Err(ChoiceError::Unknown), "a key without id has none");
    assert_eq!(chosen(&set(&[r#","kid":"a""#, r#","kid":"a""#]), Some("a")), Ok(2));
    let enc = set(&[r#","kid":"a","use":"enc""#]);
    assert_eq!(chosen(&enc, Some("a")), Err(ChoiceError::Unusable(Unusable::Use)));
    assert_eq!(
        set(&[r#","kid":"a""#]).choose(Algorithm::Es256, Some("a")).err(),
        Some(ChoiceError::Mismatch)
    );
    assert_eq!(set(&[""]).choose(Algorithm::Rs256, None).err(), Some(ChoiceError::Mismatch));
}

#[test]
fn a_set_is_a_bounded_list_in_one_document() {
    for (text, error) in [
        ("", JwkSetError::NotJson),
        ("{}", JwkSetError::NoKeys),
        ("[]", JwkSetError::NoKeys),
        (r#"{"keys":{}}"#, JwkSetError::NoKeys),
        (r#"{"keys":[],"keys":[]}"#, JwkSetError::NotJson),
    ] {
        assert_eq!(JwkSet::parse(text).unwrap_err(), error, "{text}");
    }
    let many = |count: usize| JwkSet::parse(&format!(r#"{{"keys":[{}]}}"#, vec!["{}"; count].join(",")));
    assert!(many(MAX_KEYS).is_ok());
    assert_eq!(many(MAX_KEYS + 1).unwrap_err(), JwkSetError::TooMany);
}
