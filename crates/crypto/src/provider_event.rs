//! What an issuer says later of somebody for whom it vouched: that it vouches no longer. In the first wire form a logout
//! token (`logout+jwt`), in the second a security event token (`secevent+jwt`, RFC 8417). Read with the strictness of
//! every token here ([`crate::jws`]).

use crate::{
    algorithm::Algorithm,
    claims::{self, Claims, MAX_DEPTH},
    jwk::{ChoiceError, JwkSet},
    jws::{JwsError, Kind, UnverifiedJws},
};
use procura_model::{Digest, Json, Time, time::SECOND_MS, user::MAX_USER_ID_BYTES};

/// How long one may be, in bytes.
const MAX_BYTES: usize = 16_384;
/// By how much clocks may differ, in seconds.
const LEEWAY_SECONDS: f64 = 60.0;
/// How old one may be, in seconds; for so long its `jti` is known.
const MAX_AGE_SECONDS: f64 = 3_600.0;
/// How long a `jti` may be, in bytes.
const MAX_JTI_BYTES: usize = 512;

/// In which of the two forms it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordForm {
    /// A logout token.
    Logout,
    /// A security event token.
    SecurityEvent,
}

impl WordForm {
    /// What stands in the header's `typ`, and in the content type without `application/`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Logout => "logout+jwt",
            Self::SecurityEvent => "secevent+jwt",
        }
    }
}

/// Why it is refused. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// Form, header, key or signature.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// No object, or claims that are missing or of wrong types.
    #[error("A claim is missing or cannot be read.")]
    Content,
    /// Another's.
    #[error("Its iss is not the trusted issuer.")]
    Issuer,
    /// For somebody else.
    #[error("Its aud is not this server's issuer.")]
    Audience,
    /// Too old, or from the future.
    #[error("Its iat is more than an hour ago, or in the future.")]
    Time,
}

impl WordError {
    /// Whether the set had no key of this name, so that a fresh set could change the verdict.
    #[must_use]
    pub const fn is_key_unknown(self) -> bool {
        matches!(self, Self::Jws(JwsError::Key(ChoiceError::Unknown)))
    }
}

/// What holds of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderWord {
    /// Of whom, by the issuer's name, with its customer before it where it serves many.
    pub subject: String,
    /// By what it is known again: a digest of issuer and `jti`.
    pub code: Digest,
    /// Until when it must not be seen again.
    pub expires_at: Time,
    /// The events of which it tells, by their URIs.
    pub events: Vec<String>,
}

/// One whose form and header are right, and of which nothing is believed yet.
pub struct UnverifiedWord<'t>(UnverifiedJws<'t>);

impl<'t> UnverifiedWord<'t> {
    /// Reads form and header.
    ///
    /// # Errors
    /// [`WordError::Jws`].
    pub fn read(form: WordForm, token: &'t str) -> Result<Self, WordError> {
        Ok(Self(UnverifiedJws::read_as(Kind::Media(form.kind()), token, &Algorithm::ALL, MAX_BYTES)?))
    }

    /// Whose it says it is, to find the keys by which that is judged.
    #[must_use]
    pub fn unverified_issuer(&self) -> Option<String> {
        let claims = Claims::read(self.0.unverified_payload(), MAX_DEPTH).ok()?;
        claims.member("iss").and_then(Json::as_text).map(str::to_owned)
    }

    /// Judges it by the issuer that is trusted, for this server, at this time.
    ///
    /// # Errors
    /// [`WordError`]: the first thing that is not so.
    pub fn verify(
        &self,
        (issuer, tenant): (&str, Option<&str>),
        audience: &str,
        now: Time,
        keys: &JwkSet,
    ) -> Result<ProviderWord, WordError> {
        let content = Claims::read(self.0.verify(keys)?, MAX_DEPTH).map_err(|_| WordError::Content)?;
        let text = |name| content.member(name).and_then(Json::as_text);
        if text("iss") != Some(issuer) || content.member("tenant").map(Json::as_text) != tenant.map(Some) {
            return Err(WordError::Issuer);
        }
        let is_ours = |one: &Json| one.as_text() == Some(audience);
        let is_for_us = match content.member("aud") {
            Some(Json::List(items)) => items.iter().any(is_ours),
            Some(one) => is_ours(one),
            None => false,
        };
        if !is_for_us {
            return Err(WordError::Audience);
        }
        let issued = content.seconds("iat").ok().flatten().ok_or(WordError::Content)?;
        let age = claims::seconds(now) - issued;
        if !(-LEEWAY_SECONDS..=MAX_AGE_SECONDS).contains(&age) {
            return Err(WordError::Time);
        }
        read(&content, (issuer, tenant), now).ok_or(WordError::Content)
    }
}

fn read(content: &Claims, (issuer, tenant): (&str, Option<&str>), now: Time) -> Option<ProviderWord> {
    let text = |name| content.member(name).and_then(Json::as_text);
    let subject = text("sub").filter(|sub| !sub.trim().is_empty() && sub.len() <= MAX_USER_ID_BYTES)?;
    let jti = text("jti").filter(|jti| (1..=MAX_JTI_BYTES).contains(&jti.len()))?;
    let Json::Map(events) = content.member("events")? else { return None };
    Some(ProviderWord {
        subject: tenant.map_or_else(|| subject.to_owned(), |tenant| format!("{tenant}#{subject}")),
        code: Digest::of(format!("provider word\n{issuer}\n{jti}").as_bytes()),
        expires_at: now.plus_ms(2 * 3_600 * SECOND_MS),
        events: events.iter().map(|(name, _)| name.clone()).collect(),
    })
}

impl std::fmt::Debug for UnverifiedWord<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnverifiedWord")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NewOauthKey, OauthKey, signing::key_set};
    use procura_model::Entropy;

    const NOW: Time = Time::from_ms(1_311_281_000_000);
    const CLAIMS: &str = r#"{"iss":"https://idp.example","sub":"u1","aud":"https://p.example","jti":"1","iat":1311280970,"events":{"https://e.example/revoked":{}}}"#;

    fn judged(kind: &'static str, claims: &str, tenant: Option<&str>) -> Result<ProviderWord, WordError> {
        let NewOauthKey { key, .. } = OauthKey::generate(Algorithm::EdDsa, &Entropy::seeded(9)).unwrap();
        let keys = JwkSet::parse(&key_set([key.jwk().clone()]).canonical()).unwrap();
        let token = key.sign(kind, claims).unwrap();
        let word = UnverifiedWord::read(WordForm::Logout, &token)?;
        word.verify(("https://idp.example", tenant), "https://p.example", NOW, &keys)
    }

    #[test]
    fn a_word_of_the_issuer_holds_and_nothing_like_it() {
        let word = judged("logout+jwt", CLAIMS, None).unwrap();
        assert_eq!(
            (word.subject.as_str(), word.events.as_slice()),
            ("u1", &["https://e.example/revoked".to_owned()][..])
        );
        for kind in ["JWT", "secevent+jwt", "oauth-id-jag+jwt"] {
            assert_eq!(judged(kind, CLAIMS, None), Err(WordError::Jws(JwsError::Kind)), "{kind}");
        }
        for (from, to, error) in [
            ("https://idp.example", "https://other.example", WordError::Issuer),
            ("\"aud\":\"https://p.example\"", "\"aud\":\"https://q.example\"", WordError::Audience),
            ("1311280970", "1311270000", WordError::Time),
            ("1311280970", "1311290000", WordError::Time),
            ("\"jti\":\"1\",", "", WordError::Content),
            ("\"sub\":\"u1\"", "\"sub\":\" \"", WordError::Content),
            ("{\"https://e.example/revoked\":{}}", "[]", WordError::Content),
            ("\"iat\":1311280970,", "", WordError::Content),
        ] {
            assert_eq!(judged("logout+jwt", &CLAIMS.replace(from, to), None), Err(error), "{to}");
        }
        let ours = CLAIMS.replacen('{', "{\"tenant\":\"acme\",", 1);
        assert_eq!(judged("logout+jwt", &ours, Some("acme")).unwrap().subject, "acme#u1");
        assert_eq!(judged("logout+jwt", &ours, None), Err(WordError::Issuer));
        assert_eq!(judged("logout+jwt", CLAIMS, Some("acme")), Err(WordError::Issuer));
    }
}
