//! Receipts: what Procura signs of a decision.
//!
//! What is decided here: whether a receipt proves that this very action was decided on. The rules and their order are those
//! of the server: form, header, key, signature, claims, issuer, start (`RECEIPT_INVALID`); end (`RECEIPT_EXPIRED`);
//! audience, agent, action, nonce, verdict (`RECEIPT_MISMATCH`).

use crate::{Ask, strict};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// The longest receipt, in bytes.
const LONGEST_RECEIPT: usize = 8192;
/// How far ahead the signer's clock may be, in seconds.
const LEEWAY: i64 = 30;
/// What stands in the header's `typ`.
const TYPE: &str = "procura-receipt+jwt";
/// How deep a header may nest.
const DEEPEST: usize = 64;
/// Members of a key that hold its private half (RFC 7518 section 6.3.2, RFC 8037 section 2).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// A server's public keys: what `/.well-known/jwks.json` answers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct KeySet {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a key set.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// The answer that a receipt says was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may be done.
    Allow,
    /// It may not.
    Deny,
    /// A person must agree first.
    NeedsApproval,
}

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Claims {
    /// Who decided: the server's public URL.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// The agent.
    pub sub: String,
    /// When, in unix seconds.
    pub iat: i64,
    /// Until when, in unix seconds.
    pub exp: i64,
    /// The receipt's id.
    pub jti: String,
    /// The decision's id.
    pub req: String,
    /// The answer.
    pub dec: Verdict,
    /// Why.
    pub code: String,
    /// The digest of the action.
    pub dig: String,
    /// The version of the agent's policy.
    pub pol: i64,
    /// The organization.
    pub org: String,
    /// The caller's own nonce.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The pseudonym of the user for whom the agent acts.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub usr: Option<String>,
    /// The session in which it does.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub ses: Option<String>,
    /// The key that asked.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The permission that decided.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
    /// The approval that was used.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub apr: Option<String>,
    /// What was reserved.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub rsv: Option<String>,
    /// Claims that this version does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A text where the claim stands at all; `null` is none.
fn text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    String::deserialize(from).map(Some)
}

/// What a receipt must prove. Where it names nothing, nothing is compared. Begin with [`Rules::audience`].
#[derive(Clone, Debug)]
pub struct Rules<'r> {
    /// For whom it must be: your own name, mostly your host.
    pub audience: Option<&'r str>,
    /// Who must have decided: the server's public URL.
    pub issuer: Option<&'r str>,
    /// Which action it must be about.
    pub ask: Option<&'r Ask>,
    /// The digest of the action, where you have it already.
    pub digest: Option<&'r str>,
    /// Which agent it must be about.
    pub agent_id: Option<&'r str>,
    /// The nonce that was sent with the question.
    pub nonce: Option<&'r str>,
    /// Which answer it must be; any where there is none.
    pub decision: Option<Verdict>,
    /// The time, in unix seconds.
    pub now: i64,
    /// How far the clocks may be apart, in seconds.
    pub leeway: i64,
}

impl<'r> Rules<'r> {
    /// An allow for this audience, now. Nobody but that audience should act on it.
    #[must_use]
    pub fn audience(audience: &'r str) -> Self {
        Self { audience: Some(audience), ..Self::anybody() }
    }

    /// An allow for anybody, now: for records, not for acting.
    #[must_use]
    pub fn anybody() -> Self {
        Self {
            audience: None,
            issuer: None,
            ask: None,
            digest: None,
            agent_id: None,
            nonce: None,
            decision: Some(Verdict::Allow),
            now: now(),
            leeway: 0,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this runs in a program that is not of the house")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // Before 1970 every receipt is from the future.
    since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or_default()
}

/// The receipt does not prove it. But for the issuer of one that is signed, it says nothing of what stands in the receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It is not one that this server signed; the text says what is wrong.
    Invalid(&'static str),
    /// It is signed, and by another issuer than the one that was wanted.
    Issuer {
        /// Whom it names.
        named: String,
        /// Whom it must name: the server's `public_url`.
        wanted: String,
    },
    /// No key has the name that the receipt gives: a fresh key set could have it.
    KeyUnknown,
    /// It was good once.
    Expired,
    /// It is about something else; the text says what.
    Mismatch(&'static str),
}

impl ReceiptError {
    /// What the server would answer.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) | Self::Issuer { .. } | Self::KeyUnknown => "RECEIPT_INVALID",
            Self::Expired => "RECEIPT_EXPIRED",
            Self::Mismatch(_) => "RECEIPT_MISMATCH",
        }
    }
}

impl fmt::Display for ReceiptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid(what) | Self::Mismatch(what) => what,
            Self::KeyUnknown => "no key of the set has the header's kid",
            Self::Expired => "exp has passed",
            Self::Issuer { named, wanted } => {
                return write!(
                    f,
                    "iss is {named:?} and not {wanted:?}: name the server's public_url as issuer"
                );
            }
        })
    }
}

impl std::error::Error for ReceiptError {}

/// The claims of a receipt that proves what the rules want.
///
/// # Errors
/// It does not.
pub fn verify_receipt(receipt: &str, keys: &KeySet, rules: &Rules<'_>) -> Result<Claims, ReceiptError> {
    let jws = Jws::read(receipt)?;
    let candidates = jws.keys(keys)?;
    let holds =
        |key: &Vec<u8>| UnparsedPublicKey::new(&ED25519, key).verify(jws.signed, &jws.signature).is_ok();
    if !candidates.iter().any(holds) {
        return Err(ReceiptError::Invalid("the signature does not hold under the key"));
    }
    let claims = read_claims(&jws.content)?;
    if rules.issuer.is_some_and(|issuer| issuer != claims.iss) {
        let wanted = rules.issuer.unwrap_or_default().to_owned();
        return Err(ReceiptError::Issuer { named: claims.iss.clone(), wanted });
    }
    if claims.iat > rules.now.saturating_add(LEEWAY.max(rules.leeway)) {
        return Err(ReceiptError::Invalid("iat lies in the future"));
    }
    if claims.exp <= rules.now.saturating_sub(rules.leeway) {
        return Err(ReceiptError::Expired);
    }
    compare(&claims, rules)?;
    Ok(claims)
}

fn compare(claims: &Claims, rules: &Rules<'_>) -> Result<(), ReceiptError> {
    let differs = |wanted: Option<&str>, said: Option<&str>| wanted.is_some() && wanted != said;
    if differs(rules.audience, Some(&claims.aud)) {
        return Err(ReceiptError::Mismatch("aud is not this audience"));
    }
    if differs(rules.agent_id, Some(&claims.sub)) {
        return Err(ReceiptError::Mismatch("sub is not this agent"));
    }
    if let Some(ask) = rules.ask {
        let digest =
            ask.digest(claims.usr.as_deref()).map_err(|_| ReceiptError::Mismatch("there is no such ask"))?;
        if digest != claims.dig {
            return Err(ReceiptError::Mismatch("dig is not the digest of this action"));
        }
    }
    if differs(rules.digest, Some(&claims.dig)) {
        return Err(ReceiptError::Mismatch("dig is not this digest"));
    }
    if differs(rules.nonce, claims.nonce.as_deref()) {
        return Err(ReceiptError::Mismatch("nonce is not the one that was sent"));
    }
    if rules.decision.is_some_and(|decision| decision != claims.dec) {
        return Err(ReceiptError::Mismatch("dec is not the wanted verdict"));
    }
    Ok(())
}

/// A compact JWS, nothing of it verified.
struct Jws<'t> {
    signed: &'t [u8],
    kid: Option<String>,
    content: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> Jws<'t> {
    /// RFC 7515 section 7.1, read as strictly as it can be.
    fn read(receipt: &'t str) -> Result<Self, ReceiptError> {
        const FORM: ReceiptError =
            ReceiptError::Invalid("the receipt is not three segments of base64url divided by dots");
        if receipt.len() > LONGEST_RECEIPT {
            return Err(ReceiptError::Invalid("the receipt is too long"));
        }
        let (signed, signature) = receipt.rsplit_once('.').ok_or(FORM)?;
        let (head, content) = signed.split_once('.').ok_or(FORM)?;
        if head.is_empty() || content.is_empty() || signature.is_empty() || content.contains('.') {
            return Err(FORM);
        }
        let decode = |segment: &str| URL_SAFE_NO_PAD.decode(segment).map_err(|_| FORM);
        let header = object(&decode(head)?, DEEPEST)?;
        if header.get("alg").and_then(Value::as_str) != Some("EdDSA") {
            return Err(ReceiptError::Invalid("the header's alg is not EdDSA"));
        }
        // An extension that is critical is never understood; zip and enc make it another thing than a JWS.
        if ["crit", "b64", "zip", "enc"].iter().any(|name| header.contains_key(*name)) {
            return Err(ReceiptError::Invalid("the header asks for an extension"));
        }
        if header.get("typ").and_then(Value::as_str) != Some(TYPE) {
            return Err(ReceiptError::Invalid("the header's typ is that of another kind of token"));
        }
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err(ReceiptError::Invalid("the header's kid is not a text")),
        };
        Ok(Self { signed: signed.as_bytes(), kid, content: decode(content)?, signature: decode(signature)? })
    }

    /// The keys that it may be verified with; what the header says of keys but their name is never read.
    fn keys(&self, set: &KeySet) -> Result<Vec<Vec<u8>>, ReceiptError> {
        let Some(kid) = &self.kid else {
            let all: Vec<Vec<u8>> = set.keys.iter().filter_map(public_key).collect();
            let is_one = all.len() == 1;
            return if is_one { Ok(all) } else { Err(ReceiptError::Invalid("the header has no kid")) };
        };
        let named = || set.keys.iter().filter(|key| key.get("kid").and_then(Value::as_str) == Some(kid));
        if named().next().is_none() {
            return Err(ReceiptError::KeyUnknown);
        }
        let fitting: Vec<Vec<u8>> = named().filter_map(public_key).collect();
        if fitting.is_empty() {
            return Err(ReceiptError::Invalid("the key that kid names cannot be used"));
        }
        Ok(fitting)
    }
}

/// The 32 bytes of a key that says that it is for this; none of any other.
fn public_key(jwk: &Value) -> Option<Vec<u8>> {
    let says = |name: &str, value: &str| jwk.get(name).and_then(Value::as_str) == Some(value);
    let may_say = |name: &str, value: &str| jwk.get(name).is_none() || says(name, value);
    let is_private = PRIVATE.iter().any(|name| jwk.get(*name).is_some());
    let is_for_verifying = jwk.get("key_ops").is_none_or(|operations| {
        operations.as_array().is_some_and(|all| all.iter().any(|operation| operation == "verify"))
    });
    if !says("kty", "OKP") || !says("crv", "Ed25519") || !may_say("alg", "EdDSA") || !may_say("use", "sig") {
        return None;
    }
    let key = URL_SAFE_NO_PAD.decode(jwk.get("x")?.as_str()?).ok()?;
    let bytes: [u8; 32] = key.as_slice().try_into().ok()?;
    (!is_private && is_for_verifying && !is_weak(bytes)).then_some(key)
}

/// Points of small order, for which anybody can sign, and those not in canonical form (RFC 8032 section 5.1.3).
fn is_weak(mut y: [u8; 32]) -> bool {
    const ORDER_EIGHT: [[u8; 32]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
            0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
            0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let [.., top] = &mut y;
    *top &= 0x7f;
    let [low, middle @ .., high] = y;
    let is_zero_or_one = low <= 1 && middle == [0; 30] && high == 0;
    // The prime is 2^255 - 19, and minus one has order two.
    let is_minus_one_or_beyond = low >= 0xec && middle == [0xff; 30] && high == 0x7f;
    is_zero_or_one || is_minus_one_or_beyond || ORDER_EIGHT.contains(&y)
}

fn read_claims(content: &[u8]) -> Result<Claims, ReceiptError> {
    const WRONG: ReceiptError = ReceiptError::Invalid("a claim is missing, or is not what it must be");
    let claims: Claims = serde_json::from_value(Value::Object(object(content, 1)?)).map_err(|_| WRONG)?;
    let is_id = |text: &str, prefix: &str| {
        text.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() == 26 && rest.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        })
    };
    let ids = [(&claims.sub, "agt_"), (&claims.jti, "rcp_"), (&claims.req, "req_"), (&claims.org, "org_")];
    let is_named = ids.iter().all(|(text, prefix)| is_id(text, prefix));
    let is_reserved = claims.rsv.as_ref().is_none_or(|text| is_id(text, "rsv_"));
    if is_named && is_reserved { Ok(claims) } else { Err(WRONG) }
}

/// One JSON object in UTF-8 in which nothing stands twice.
fn object(bytes: &[u8], deepest: usize) -> Result<Map<String, Value>, ReceiptError> {
    let text = std::str::from_utf8(bytes).ok();
    match text.and_then(|text| strict::read(text, deepest)) {
        Some(Value::Object(members)) => Ok(members),
        _ => Err(ReceiptError::Invalid("a segment is not a JSON object in which nothing stands twice")),
    }
}

#[cfg(test)]
#[path = "receipt_tests.rs"]
mod tests;
