//! Receipts (VER-6): what Procura signs of a decision, for whoever carries the action out. A compact JWS
//! of a minute, signed with Ed25519 by a key of its own that is published, so that the party which acts can
//! verify it offline: by whom, for whom, about which agent and which exact action, with which verdict.
//!
//! The action is named by its digest: SHA-256 of [`procura_model::Ask::canonical`], which an SDK can make
//! itself. `docs/RECEIPTS.md` has the format, `vectors/receipt.json` what every verifier must agree on.
//!
//! What comes first decides: form, header, key, signature, claims, issuer, start (all INVALID); expiry
//! (EXPIRED); audience, agent, action, nonce (MISMATCH).

use crate::{
    algorithm::Algorithm,
    claims::{Claims, ObjectError},
    jwk::{ChoiceError, JwkSet},
    jws::{JwsError, Kind, UnverifiedJws},
    keys::{Purpose, RootKey},
    signing::{SigningKey, SigningKeyError, map, number, text},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_model::{
    AgentId, ApprovalId, CredentialId, Digest, Error, Json, PermissionId, Reason, ReceiptId, RequestId,
    ReservationId, SessionId, TenantId, Time, UserRef, Verdict, time::SECOND_MS,
};
use std::str::FromStr;

/// How long a receipt is good, in seconds.
pub const LIFETIME_SECONDS: i64 = 60;
/// What stands in the header's `typ`.
pub const TYPE: &str = "procura-receipt+jwt";
/// How long a receipt may be, in bytes.
pub const MAX_BYTES: usize = 8_192;
/// How far ahead the signer's clock may be, in seconds.
pub const LEEWAY_SECONDS: i64 = 30;
/// How deep the content may nest: one object.
const MAX_DEPTH: usize = 1;

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// `jti`: its own id.
    pub id: ReceiptId,
    /// `iss`: who decided, the deployment's public URL.
    pub issuer: String,
    /// `aud`: for whom.
    pub audience: String,
    /// `sub`: the agent whose policy was asked.
    pub agent: AgentId,
    /// `iat`: when, in seconds since 1970.
    pub issued_at: i64,
    /// `exp`: until when, in seconds since 1970.
    pub expires_at: i64,
    /// `org`: the organization.
    pub tenant: TenantId,
    /// `req`: the decision's id.
    pub request: RequestId,
    /// `dec`: the answer.
    pub verdict: Verdict,
    /// `code`: why.
    pub code: Reason,
    /// `dig`: of which action, as [`action_digest`] names it.
    pub digest: String,
    /// `nonce`: the caller's own, where it sent one.
    pub nonce: Option<String>,
    /// `usr`: the pseudonym of the user for whom the agent acts.
    pub user: Option<UserRef>,
    /// `ses`: the session in which it does.
    pub session: Option<SessionId>,
    /// `key`: the key that asked; none where a person did.
    pub credential: Option<CredentialId>,
    /// `pol`: by which version of the agent's policy.
    pub policy_version: i64,
    /// `rul`: by which version of the organization's guardrails and budgets.
    pub rules_version: Option<i64>,
    /// `per`: the permission that decided.
    pub permission: Option<PermissionId>,
    /// `apr`: the approval that was used, or that waits.
    pub approval: Option<ApprovalId>,
    /// `rsv`: what was reserved.
    pub reservation: Option<ReservationId>,
}

/// What a verifier knows beside the receipt. Where it names nothing, nothing is compared.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'r> {
    /// Who must have decided, to the letter.
    pub issuer: &'r str,
    /// For whom it must be, to the letter.
    pub audience: Option<&'r str>,
    /// Which agent it must be about.
    pub agent: Option<AgentId>,
    /// Which action it must be about, as [`action_digest`] names it.
    pub digest: Option<&'r str>,
    /// The nonce that was sent with the question.
    pub nonce: Option<&'r str>,
    /// The time.
    pub now: Time,
}

/// Why a receipt is refused. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Form, header, key or signature.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// No object.
    #[error("The content cannot be read: {0}.")]
    Content(#[from] ObjectError),
    /// A claim is missing, or not what it must be.
    #[error("The claim `{0}` is missing, or is not what it must be.")]
    Claim(&'static str),
    /// Another issuer.
    #[error("`iss` is not this issuer.")]
    Issuer,
    /// From the future.
    #[error("`iat` lies in the future.")]
    NotYet,
    /// Too late.
    #[error("`exp` has passed.")]
    Expired,
    /// For somebody else.
    #[error("`aud` is not this audience.")]
    Audience,
    /// About another agent.
    #[error("`sub` is not this agent.")]
    Agent,
    /// About another action.
    #[error("`dig` is not the digest of this action.")]
    Action,
    /// The answer to another question.
    #[error("`nonce` is not the one that was sent.")]
    Nonce,
}

impl ReceiptError {
    /// The code that the caller sees.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Jws(_) | Self::Content(_) | Self::Claim(_) | Self::Issuer | Self::NotYet => {
                Reason::ReceiptInvalid
            }
            Self::Expired => Reason::ReceiptExpired,
            Self::Audience | Self::Agent | Self::Action | Self::Nonce => Reason::ReceiptMismatch,
        }
    }

    /// Whether the set had no key of this name, so that a fresh set could change the verdict.
    #[must_use]
    pub const fn is_key_unknown(self) -> bool {
        matches!(self, Self::Jws(JwsError::Key(ChoiceError::Unknown)))
    }
}

impl From<ReceiptError> for Error {
    fn from(error: ReceiptError) -> Self {
        error.reason().because(error.to_string())
    }
}

/// The key by which a deployment signs receipts.
pub struct ReceiptKey(SigningKey);

impl ReceiptKey {
    /// The key of this root key.
    ///
    /// # Errors
    /// [`SigningKeyError`], which means a broken build.
    pub fn new(root: &RootKey) -> Result<Self, SigningKeyError> {
        SigningKey::new(root, Purpose::Receipt).map(Self)
    }

    /// The key's name: its thumbprint (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        self.0.kid()
    }

    /// The public half, to publish (RFC 8037).
    #[must_use]
    pub fn jwk(&self) -> Json {
        self.0.jwk()
    }

    /// The signed receipt.
    #[must_use]
    pub fn sign(&self, receipt: &Receipt) -> String {
        self.0.sign(TYPE, &claims(receipt).canonical())
    }
}

impl std::fmt::Debug for ReceiptKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReceiptKey({})", self.kid())
    }
}

/// By what an action is named: base64url of the SHA-256 of its canonical text.
#[must_use]
pub fn action_digest(canonical: &str) -> String {
    URL_SAFE_NO_PAD.encode(Digest::of(canonical.as_bytes()).as_bytes())
}

/// What a receipt says, if a key of the set signed it and it is what the rules want.
///
/// # Errors
/// [`ReceiptError`]: the first thing that is not so, in the order of this module's last paragraph.
pub fn verify(rules: &Rules<'_>, keys: &JwkSet, token: &str) -> Result<Receipt, ReceiptError> {
    let receipt = open(keys, token)?;
    receipt.meets(rules)?;
    Ok(receipt)
}

/// What a receipt says, if a key of the set signed it; when, by whom and for whom is not yet looked at.
///
/// # Errors
/// [`ReceiptError`] of form, header, key, signature and claims.
pub fn open(keys: &JwkSet, token: &str) -> Result<Receipt, ReceiptError> {
    let jws = UnverifiedJws::read_as(Kind::Own(TYPE), token, &[Algorithm::EdDsa], MAX_BYTES)?;
    read(&Claims::read(jws.verify(keys)?, MAX_DEPTH)?)
}

impl Receipt {
    /// Whether it is what the rules want.
    ///
    /// # Errors
    /// [`ReceiptError`]: the first thing that is not so.
    pub fn meets(&self, rules: &Rules<'_>) -> Result<(), ReceiptError> {
        let now = rules.now.as_ms().div_euclid(SECOND_MS);
        let error = if self.issuer != rules.issuer {
            ReceiptError::Issuer
        } else if self.issued_at > now.saturating_add(LEEWAY_SECONDS) {
            ReceiptError::NotYet
        } else if self.expires_at <= now {
            ReceiptError::Expired
        } else if rules.audience.is_some_and(|audience| audience != self.audience) {
            ReceiptError::Audience
        } else if rules.agent.is_some_and(|agent| agent != self.agent) {
            ReceiptError::Agent
        } else if rules.digest.is_some_and(|digest| digest != self.digest) {
            ReceiptError::Action
        } else if rules.nonce.is_some_and(|nonce| Some(nonce) != self.nonce.as_deref()) {
            ReceiptError::Nonce
        } else {
            return Ok(());
        };
        Err(error)
    }
}

fn claims(receipt: &Receipt) -> Json {
    let shown = |id: &dyn ToString| text(id.to_string());
    let mut members = vec![
        ("aud", text(&receipt.audience)),
        ("code", text(receipt.code.code())),
        ("dec", text(receipt.verdict.as_str())),
        ("dig", text(&receipt.digest)),
        ("exp", number(receipt.expires_at)),
        ("iat", number(receipt.issued_at)),
        ("iss", text(&receipt.issuer)),
        ("jti", shown(&receipt.id)),
        ("org", shown(&receipt.tenant)),
        ("pol", number(receipt.policy_version)),
        ("req", shown(&receipt.request)),
        ("sub", shown(&receipt.agent)),
    ];
    members.extend(receipt.approval.map(|id| ("apr", shown(&id))));
    members.extend(receipt.credential.map(|id| ("key", shown(&id))));
    members.extend(receipt.nonce.as_ref().map(|nonce| ("nonce", text(nonce))));
    members.extend(receipt.permission.map(|id| ("per", shown(&id))));
    members.extend(receipt.reservation.map(|id| ("rsv", shown(&id))));
    members.extend(receipt.rules_version.map(|version| ("rul", number(version))));
    members.extend(receipt.session.map(|id| ("ses", shown(&id))));
    members.extend(receipt.user.as_ref().map(|user| ("usr", text(&user.0))));
    map(members)
}

fn read(claims: &Claims) -> Result<Receipt, ReceiptError> {
    let code = required(claims, "code")?;
    let verdict = match required(claims, "dec")?.as_str() {
        "allow" => Verdict::Allow,
        "deny" => Verdict::Deny,
        "needs_approval" => Verdict::NeedsApproval,
        _ => return Err(ReceiptError::Claim("dec")),
    };
    Ok(Receipt {
        id: id(claims, "jti")?,
        issuer: required(claims, "iss")?,
        audience: required(claims, "aud")?,
        agent: id(claims, "sub")?,
        issued_at: whole(claims, "iat")?,
        expires_at: whole(claims, "exp")?,
        tenant: id(claims, "org")?,
        request: id(claims, "req")?,
        verdict,
        code: Reason::from_code(&code).ok_or(ReceiptError::Claim("code"))?,
        digest: required(claims, "dig")?,
        nonce: optional(claims, "nonce")?,
        user: optional(claims, "usr")?.map(UserRef),
        session: maybe_id(claims, "ses")?,
        credential: maybe_id(claims, "key")?,
        policy_version: whole(claims, "pol")?,
        rules_version: claims.member("rul").map(|_| whole(claims, "rul")).transpose()?,
        permission: maybe_id(claims, "per")?,
        approval: maybe_id(claims, "apr")?,
        reservation: maybe_id(claims, "rsv")?,
    })
}

fn optional(claims: &Claims, name: &'static str) -> Result<Option<String>, ReceiptError> {
    claims.text(name, name).map_err(|_| ReceiptError::Claim(name))
}

fn required(claims: &Claims, name: &'static str) -> Result<String, ReceiptError> {
    optional(claims, name)?.ok_or(ReceiptError::Claim(name))
}

fn maybe_id<T: FromStr>(claims: &Claims, name: &'static str) -> Result<Option<T>, ReceiptError> {
    let parse = |text: String| text.parse().map_err(|_| ReceiptError::Claim(name));
    optional(claims, name)?.map(parse).transpose()
}

fn id<T: FromStr>(claims: &Claims, name: &'static str) -> Result<T, ReceiptError> {
    maybe_id(claims, name)?.ok_or(ReceiptError::Claim(name))
}

/// A whole number, written as one: `60.0` and `6e1` are other texts, which we never write.
fn whole(claims: &Claims, name: &'static str) -> Result<i64, ReceiptError> {
    match claims.member(name) {
        Some(Json::Number(text)) => text.parse().map_err(|_| ReceiptError::Claim(name)),
        _ => Err(ReceiptError::Claim(name)),
    }
}

#[cfg(test)]
#[path = "receipt_tests.rs"]
mod tests;
