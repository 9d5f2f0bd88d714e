//! Wycheproof's vectors against what this crate uses. The files are not part of the repository: they are looked for
//! below `PROCURA_CORPORA`, by default beside the checkout; where they are absent the tests say so and pass.

use crate::{
    algorithm::Algorithm,
    jwk::{JwkSet, Key, Unusable},
    jws::{JwsError, UnverifiedJws},
    keys::expand,
};
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit as _, Nonce, Tag};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use procura_model::Json;
use serde_json::Value;
use sha2::Sha256;
use std::{collections::BTreeMap, path::PathBuf};

/// The groups of a file, or none where it is absent.
fn groups(name: &str) -> Vec<Value> {
    #[expect(clippy::disallowed_methods, reason = "a test finds the corpora by the environment")]
    let root = std::env::var("PROCURA_CORPORA").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let path = root.join("jwt/wycheproof").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: no vectors at {}; set PROCURA_CORPORA", path.display());
        return Vec::new();
    };
    let mut file: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(file["testGroups"].take()).unwrap()
}

fn tests(group: &Value) -> impl Iterator<Item = &Value> {
    group["tests"].as_array().unwrap().iter()
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap().as_bytes().as_chunks::<2>().0.iter();
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn is_valid(test: &Value) -> bool {
    test["result"] == "valid"
}

fn verify(token: &str, keys: &JwkSet) -> Result<(), JwsError> {
    UnverifiedJws::read(token, &Algorithm::ALL, 16_384)?.verify(keys).map(|_| ())
}

/// What a JWS file came to.
#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    /// Valid signatures of algorithms that are not allowed, by algorithm of the key: refused as well.
    skipped: BTreeMap<String, usize>,
}

impl Tally {
    fn judge(&mut self, test: &Value, key: &Value, keys: &JwkSet) {
        let outcome = verify(test["jws"].as_str().unwrap(), keys);
        let name = key["alg"].as_str().unwrap_or("without alg");
        if !is_valid(test) {
            assert!(outcome.is_err(), "accepted although invalid: {test}");
            self.refused += 1;
        } else if Algorithm::by_name(name).is_some() && !is_of_another_algorithm(test) {
            assert_eq!(outcome, Ok(()), "refused although valid: {test}");
            self.accepted += 1;
        } else {
            assert!(outcome.is_err(), "accepted although not allowed: {test}");
            *self.skipped.entry(name.to_owned()).or_default() += 1;
        }
    }
}

/// RFC 7520's figure 20 is signed with PS384; the vector's key says PS256, which binds it.
fn is_of_another_algorithm(test: &Value) -> bool {
    test["comment"] == "Figure20"
}

fn published(group: &Value) -> &Value {
    group.get("public").filter(|public| !public.is_null()).unwrap_or(&group["private"])
}

#[test]
fn no_invalid_jws_is_accepted_and_every_valid_one_of_an_allowed_algorithm_is() {
    let mut tally = Tally::default();
    for group in groups("json_web_signature_test.json") {
        let key = published(&group);
        let keys = JwkSet::parse(&serde_json::json!({ "keys": [key] }).to_string()).unwrap();
        tests(&group).for_each(|test| tally.judge(test, key, &keys));
    }
    println!(
        "JWS: {} valid accepted, {} invalid refused, valid but not allowed {:?}",
        tally.accepted, tally.refused, tally.skipped
    );
    assert!(tally.refused == 0 || (tally.accepted, tally.refused) == (16, 355), "the file has changed");
}

#[test]
fn no_invalid_key_set_verifies_anything() {
    let mut tally = Tally::default();
    for group in groups("json_web_key_test.json") {
        let set = published(&group);
        let keys = JwkSet::parse(&set.to_string()).unwrap();
        tests(&group).for_each(|test| tally.judge(test, &set["keys"][0], &keys));
    }
    println!(
        "JWK: {} valid accepted, {} invalid refused, valid but not allowed {:?}",
        tally.accepted, tally.refused, tally.skipped
    );
    assert!(tally.refused == 0 || (tally.accepted, tally.refused) == (1, 21), "the file has changed");
}

/// The key of a group: as the JWK under `member`, or made of the point where the file has no JWK.
fn key(group: &Value, member: &str, algorithm: Algorithm) -> Result<Key, Unusable> {
    let mut jwk = group[member].clone();
    if jwk.is_null() {
        let point = hex(&group["publicKey"]["uncompressed"]);
        let (x, y) = point[1..].split_at((point.len() - 1) / 2);
        let curve = if algorithm == Algorithm::Es256 { "P-256" } else { "P-384" };
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        jwk = serde_json::json!({ "kty": "EC", "crv": curve, "x": x, "y": y });
    }
    Key::read(&Json::parse(&jwk.to_string()).unwrap())
}

/// A file of bare signatures whose groups carry their key.
fn signatures(name: &str, member: &str, algorithm: Algorithm) {
    let (mut accepted, mut refused, mut acceptable) = (0, 0, 0);
    for group in groups(name) {
        let key = key(&group, member, algorithm);
        for test in tests(&group) {
            let holds =
                key.as_ref().is_ok_and(|key| key.verifies(algorithm, &hex(&test["msg"]), &hex(&test["sig"])));
            match test["result"].as_str().unwrap() {
                "valid" => {
                    assert!(holds, "refused although valid: {} {key:?}", test["tcId"]);
                    accepted += 1;
                }
                "invalid" => {
                    assert!(!holds, "accepted although invalid: {}", test["tcId"]);
                    refused += 1;
                }
                _ => acceptable += 1,
            }
        }
    }
    println!("{name}: {accepted} valid accepted, {refused} invalid refused, {acceptable} left open");
}

#[test]
fn bare_signatures_hold_exactly_where_they_are_valid() {
    signatures("ed25519_test.json", "publicKeyJwk", Algorithm::EdDsa);
    signatures("ecdsa_secp256r1_sha256_p1363_test.json", "publicKeyJwk", Algorithm::Es256);
    signatures("ecdsa_secp384r1_sha384_p1363_test.json", "publicKeyJwk", Algorithm::Es384);
    signatures("rsa_signature_2048_sha256_test.json", "keyJwk", Algorithm::Rs256);
    signatures("rsa_pss_2048_sha256_mgf1_32_test.json", "publicKeyJwk", Algorithm::Ps256);
}

#[test]
fn hmac_sha_256_is_right() {
    for group in groups("hmac_sha256_test.json") {
        let length = usize::try_from(group["tagSize"].as_u64().unwrap()).unwrap() / 8;
        for test in tests(&group) {
            let mut mac = Hmac::<Sha256>::new_from_slice(&hex(&test["key"])).unwrap();
            mac.update(&hex(&test["msg"]));
            let holds = mac.finalize().into_bytes()[..length] == hex(&test["tag"])[..];
            assert_eq!(holds, is_valid(test), "{test}");
        }
    }
}

#[test]
fn hkdf_sha_256_is_right() {
    for group in groups("hkdf_sha256_test.json") {
        for test in tests(&group) {
            let (salt, key, info) = (hex(&test["salt"]), hex(&test["ikm"]), hex(&test["info"]));
            let mut out = vec![0; usize::try_from(test["size"].as_u64().unwrap()).unwrap()];
            let expanded = Hkdf::<Sha256>::new(Some(&salt), &key).expand(&info, &mut out);
            assert_eq!(expanded.is_ok() && out == hex(&test["okm"]), is_valid(test), "{test}");
            if is_valid(test) && out.len() == 32 {
                assert_eq!(expand::<32>(Some(&salt), &key, &info).expose().as_slice(), out, "{test}");
            }
        }
    }
}

/// With the sizes that envelopes have: a key of 32 bytes, a nonce of 12, a tag of 16.
#[test]
fn aes_256_gcm_opens_exactly_what_is_valid() {
    let mut seen = 0;
    for group in groups("aes_gcm_test.json") {
        if (&group["keySize"], &group["ivSize"], &group["tagSize"]) != (&256.into(), &96.into(), &128.into())
        {
            continue;
        }
        for test in tests(&group) {
            let key: [u8; 32] = hex(&test["key"]).try_into().unwrap();
            let nonce: [u8; 12] = hex(&test["iv"]).try_into().unwrap();
            let tag: [u8; 16] = hex(&test["tag"]).try_into().unwrap();
            let mut body = hex(&test["ct"]);
            let opened = Aes256Gcm::new(&key.into()).decrypt_inout_detached(
                &Nonce::from(nonce),
                &hex(&test["aad"]),
                body.as_mut_slice().into(),
                &Tag::from(tag),
            );
            assert_eq!(opened.is_ok() && body == hex(&test["msg"]), is_valid(test), "{test}");
            seen += 1;
        }
    }
    println!("AES-256-GCM: {seen} vectors");
}
