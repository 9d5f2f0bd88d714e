//! What it costs to know a user: each method's pure part (reading, signature, claims) against the signature check alone.
//!
//! Everything runs in this process and on one thread, in turns, and is reported as CPU time for each verification. The
//! bare subjects do what no verifier can do without: ring verifies a signature that was decoded beforehand.

use std::hint::black_box;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use procura_crypto::{Algorithm, JwkSet, jwt, signed_token};
use procura_model::{Json, Secret, Time};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};

use crate::Outcome;
use crate::measure::{Measured, Sample};
use crate::process::own_cpu_micros;
use crate::settings::Settings;
use crate::specimens::{AUDIENCE, ISSUER, KEY_SET, NOW_SECONDS, SIGNED_CONTENT, SPECIMENS, Specimen};
use crate::table;

/// How often the clock is looked at.
const BATCH: u32 = 64;
const SHARED_SECRET: &str = "a secret that a business and its Procura share";

/// Something that is done again and again, and says whether it went well.
struct Subject {
    name: &'static str,
    bare_name: &'static str,
    whole: Box<dyn Fn() -> bool>,
    bare: Box<dyn Fn() -> bool>,
}

/// `procura-bench users`.
pub(crate) fn users(settings: &Settings) -> Outcome<()> {
    let mut subjects = vec![signed_token_subject()?];
    for specimen in &SPECIMENS {
        subjects.push(jwt_subject(specimen)?);
    }
    let mut measured: Vec<Measured> = subjects
        .iter()
        .flat_map(|subject| [subject.name, subject.bare_name])
        .map(|name| Measured { name, samples: Vec::new() })
        .collect();
    for turn in 1..=settings.runs {
        let doings = subjects.iter().flat_map(|subject| [&subject.whole, &subject.bare]);
        for (doing, measured) in doings.zip(&mut measured) {
            let sample = sample(doing, settings.length)?;
            eprintln!(
                "turn {turn}: {:<24} {:>10.0}/s {:>8.2} µs CPU",
                measured.name, sample.per_second, sample.cpu_micros
            );
            measured.samples.push(sample);
        }
    }
    print!("{}", table::verifications(&measured, settings));
    Ok(())
}

fn sample(doing: &dyn Fn() -> bool, length: Duration) -> Outcome<Sample> {
    let (mut count, mut bad) = (0_u64, 0_u64);
    let before = own_cpu_micros()?;
    let began = Instant::now();
    while began.elapsed() < length {
        for _ in 0..BATCH {
            count += 1;
            bad += u64::from(!black_box(doing()));
        }
    }
    let elapsed = began.elapsed();
    let used = own_cpu_micros()?.saturating_sub(before);
    if bad > 0 {
        return Err(format!("{bad} of {count} verifications failed: nothing was measured"));
    }
    Ok(Sample {
        per_second: count as f64 / elapsed.as_secs_f64(),
        cpu_micros: used as f64 / count as f64,
        ..Sample::default()
    })
}

fn signed_token_subject() -> Outcome<Subject> {
    let content = Json::parse(SIGNED_CONTENT).map_err(|error| error.to_string())?;
    let secret = Secret::new(SHARED_SECRET.to_owned());
    let token = signed_token::sign(&secret, &content).show().to_owned();
    let secrets = [secret];
    let (signed, signature) = token.split_once('.').ok_or("a token has a dot")?;
    let (signed, signature) = (signed.to_owned(), decoded(signature)?);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SHARED_SECRET.as_bytes());
    let now = Time::from_ms(NOW_SECONDS * 1_000);
    Ok(Subject {
        name: "signed token",
        bare_name: "HMAC-SHA256 by ring",
        whole: Box::new(move || {
            signed_token::verify(&signed_token::Rules::new(&secrets, now), &token).is_ok()
        }),
        bare: Box::new(move || ring::hmac::verify(&key, signed.as_bytes(), &signature).is_ok()),
    })
}

fn jwt_subject(specimen: &'static Specimen) -> Outcome<Subject> {
    let keys = JwkSet::parse(KEY_SET).map_err(|error| error.to_string())?;
    let token = specimen.token();
    let now = Time::from_ms(NOW_SECONDS * 1_000);
    let (name, bare_name) = match specimen.algorithm {
        Algorithm::Rs256 => ("JWT RS256", "RS256 by ring"),
        Algorithm::Ps256 => ("JWT PS256", "PS256 by ring"),
        Algorithm::Es256 => ("JWT ES256", "ES256 by ring"),
        Algorithm::Es384 => ("JWT ES384", "ES384 by ring"),
        Algorithm::EdDsa => ("JWT EdDSA", "EdDSA by ring"),
    };
    Ok(Subject {
        name,
        bare_name,
        whole: Box::new(move || {
            let rules = jwt::Rules {
                email_claim: Some("email"),
                role_claim: Some("role"),
                ..jwt::Rules::new(ISSUER, AUDIENCE, now)
            };
            jwt::verify(&rules, &keys, &token).is_ok()
        }),
        bare: bare_jwt(specimen)?,
    })
}

fn bare_jwt(specimen: &Specimen) -> Outcome<Box<dyn Fn() -> bool>> {
    let set = Json::parse(KEY_SET).map_err(|error| error.to_string())?;
    let member = move |path: &str| {
        let text = set.at(path).and_then(Json::as_text).ok_or_else(|| format!("no {path}"))?;
        decoded(text)
    };
    let (message, signature) = (specimen.signed(), decoded(specimen.signature)?);
    let rsa = |n: Vec<u8>, e: Vec<u8>, parameters: &'static RsaParameters| -> Box<dyn Fn() -> bool> {
        let (message, signature) = (message.clone(), signature.clone());
        Box::new(move || {
            RsaPublicKeyComponents { n: &n, e: &e }.verify(parameters, message.as_bytes(), &signature).is_ok()
        })
    };
    let single = |key: Vec<u8>, kind: &'static dyn VerificationAlgorithm| -> Box<dyn Fn() -> bool> {
        let (message, signature) = (message.clone(), signature.clone());
        let key = UnparsedPublicKey::new(kind, key);
        Box::new(move || key.verify(message.as_bytes(), &signature).is_ok())
    };
    let point = |x: Vec<u8>, y: Vec<u8>| [vec![4], x, y].concat();
    Ok(match specimen.algorithm {
        Algorithm::Rs256 => rsa(member("keys.0.n")?, member("keys.0.e")?, &RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Ps256 => rsa(member("keys.0.n")?, member("keys.0.e")?, &RSA_PSS_2048_8192_SHA256),
        Algorithm::Es256 => single(point(member("keys.1.x")?, member("keys.1.y")?), &ECDSA_P256_SHA256_FIXED),
        Algorithm::Es384 => single(point(member("keys.2.x")?, member("keys.2.y")?), &ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDsa => single(member("keys.3.x")?, &ED25519),
    })
}

fn decoded(text: &str) -> Outcome<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_verifies_what_it_is_given() {
        let mut subjects = vec![signed_token_subject().unwrap()];
        subjects.extend(SPECIMENS.iter().map(|specimen| jwt_subject(specimen).unwrap()));
        for subject in &subjects {
            assert!((subject.whole)(), "{}", subject.name);
            assert!((subject.bare)(), "{}", subject.bare_name);
        }
    }
}
