//! Asking before acting (VER-4).
//!
//! What is decided here: whether an action may be done now. It may after one thing only: an answer that came within the
//! deadline, with a receipt that the server signed for this very question (nonce), this very action (digest), this agent,
//! with the verdict allow. Everything else is an error before the guarded function is called. What the function then stands
//! on (the reservation) is what was signed, not what stood beside it.

use crate::{
    Ask, Claims, Error, Failure, GuardError, KeySet, ReceiptError, Rules, Settlement, Unavailable,
    ask::canonical_amount,
    http::{self, Deadline, Post, Sent},
    verify_receipt,
    wire::{Reservation, VerifyAnswer, VerifyAnswerDecision},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long an answer is waited for unless the caller says otherwise.
const USUAL_TIMEOUT: Duration = Duration::from_secs(5);
/// How far the two clocks may be apart: what proves that an answer is new is the nonce, not the time.
const USUAL_SKEW_SECONDS: i64 = 30;

/// How a client is set up; [`Settings::build`] makes it.
#[derive(Clone)]
#[must_use]
pub struct Settings {
    url: String,
    key: String,
    timeout: Duration,
    keys: Option<KeySet>,
    issuer: Option<String>,
    agent_id: Option<String>,
    skew_seconds: i64,
    root: Option<Vec<u8>>,
    may_send_in_the_clear: bool,
}

impl Settings {
    /// How long an answer is waited for, from name to last byte; five seconds unless said otherwise.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Pins the server's keys, which are fetched from `/.well-known/jwks.json` otherwise.
    pub fn keys(mut self, keys: KeySet) -> Self {
        self.keys = Some(keys);
        self
    }

    /// What receipts must name as their issuer, where that is not the url.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// The agent that this client speaks for, where an ask names none. Receipts must be about it: [`Procura::verify`] and
    /// [`Procura::guard`] need one of the two.
    pub fn agent_id(mut self, agent_id: impl Into<String>) -> Self {
        self.agent_id = Some(agent_id.into());
        self
    }

    /// How many seconds the clocks may be apart; 30 unless said otherwise.
    pub fn clock_skew(mut self, seconds: u32) -> Self {
        self.skew_seconds = i64::from(seconds);
        self
    }

    /// Trusts this certificate authority (PEM) and no other; those of the web unless said otherwise.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root = Some(pem.into());
        self
    }

    /// Sends the key in the clear to a host that is not this machine.
    pub const fn allow_http(mut self) -> Self {
        self.may_send_in_the_clear = true;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// The url is not an origin, or would send the key in the clear; the key is none.
    pub fn build(self) -> Result<Procura, Error> {
        let origin = origin(&self.url, self.may_send_in_the_clear)?;
        if self.key.is_empty() || !self.key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Setting(
                "the key is an agent or platform key: is its environment variable set?",
            ));
        }
        Ok(Procura {
            agent: http::agent(self.root.as_deref())?,
            authorization: format!("Bearer {}", self.key),
            issuer: self.issuer.unwrap_or_else(|| origin.clone()),
            origin,
            timeout: self.timeout,
            agent_id: self.agent_id,
            skew_seconds: self.skew_seconds,
            pinned: self.keys.map(Arc::new),
            fetched: Mutex::default(),
        })
    }
}

/// A client of one Procura server. It blocks: in async code, call it where blocking is allowed.
pub struct Procura {
    agent: ureq::Agent,
    origin: String,
    authorization: String,
    issuer: String,
    timeout: Duration,
    agent_id: Option<String>,
    skew_seconds: i64,
    pinned: Option<Arc<KeySet>>,
    fetched: Mutex<Option<Arc<KeySet>>>,
}

/// Says nothing of the key.
impl fmt::Debug for Procura {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Procura({})", self.origin)
    }
}

/// What an allowed action stands on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Grant {
    /// The whole answer.
    pub answer: VerifyAnswer,
    /// What was signed.
    pub claims: Claims,
    /// The receipt, for whoever wants to see that it was allowed.
    pub receipt: String,
    spent: Option<String>,
}

impl Grant {
    /// What was reserved; none where nothing was.
    #[must_use]
    pub fn reservation_id(&self) -> Option<&str> {
        self.claims.rsv.as_deref()
    }

    /// Says how much it came to in the end, where that is less than was asked for.
    ///
    /// # Errors
    /// It is no amount; then all of it is committed.
    pub fn spent(&mut self, amount: impl fmt::Display) -> Result<(), Error> {
        self.spent = Some(canonical_amount(&amount.to_string())?);
        Ok(())
    }
}

/// The result of a guarded function that was called.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Guarded<T> {
    /// What it gave.
    pub value: T,
    /// What became of what was reserved for it.
    pub settlement: Settlement,
}

impl Procura {
    /// A client of the server with this public URL, for an agent or platform key, with the usual settings.
    ///
    /// # Errors
    /// As [`Settings::build`].
    pub fn new(url: impl Into<String>, key: impl Into<String>) -> Result<Self, Error> {
        Self::settings(url, key).build()
    }

    /// The same with settings of its own.
    pub fn settings(url: impl Into<String>, key: impl Into<String>) -> Settings {
        Settings {
            url: url.into(),
            key: key.into(),
            timeout: USUAL_TIMEOUT,
            keys: None,
            issuer: None,
            agent_id: None,
            skew_seconds: USUAL_SKEW_SECONDS,
            root: None,
            may_send_in_the_clear: false,
        }
    }

    /// Asks whether the action may be done; gives something only if it may.
    ///
    /// # Errors
    /// It may not, a person must agree first, or there is no answer that can be relied on; neither ask nor settings name the
    /// agent.
    pub fn verify(&self, ask: &Ask) -> Result<Grant, Error> {
        self.verify_for(ask, None)
    }

    /// The same with a receipt for this audience, where that is not the vendor.
    ///
    /// # Errors
    /// As [`Procura::verify`].
    pub fn verify_for(&self, ask: &Ask, audience: Option<&str>) -> Result<Grant, Error> {
        let deadline = Deadline::after(self.timeout);
        let ask = self.of_agent(ask);
        // Otherwise any agent's receipt would do, and the answer itself would say whose it must be.
        if ask.agent_id.as_deref().is_none_or(str::is_empty) {
            return Err(Error::Setting(
                "agent_id says which agent the answer must be about: name it in the settings or in the ask",
            ));
        }
        let nonce = random()?;
        let receipt = audience.map_or(Value::Bool(true), |audience| json!({"audience": audience}));
        let more = [("nonce", Value::from(nonce.as_str())), ("receipt", receipt)];
        let more = more.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let answer = self.ask(&ask, more, deadline)?;
        match answer.decision {
            VerifyAnswerDecision::Allow => {}
            VerifyAnswerDecision::Deny => return Err(Error::Denied(Box::new(answer))),
            VerifyAnswerDecision::NeedsApproval => return Err(Error::ApprovalRequired(Box::new(answer))),
            VerifyAnswerDecision::Other(_) => return Err(Unavailable::Malformed(200).into()),
        }
        let rules = Rules {
            issuer: Some(&self.issuer),
            ask: Some(&ask),
            agent_id: ask.agent_id.as_deref(),
            nonce: Some(&nonce),
            leeway: self.skew_seconds,
            ..Rules::audience(audience.or(ask.vendor.as_deref()).unwrap_or(&self.issuer))
        };
        let receipt = answer.receipt.clone().unwrap_or_default();
        match self.agreed(&receipt, &answer, &rules, deadline) {
            Ok(claims) => Ok(Grant { answer, claims, receipt, spent: None }),
            Err(error) => {
                self.let_go(&answer, deadline);
                Err(error)
            }
        }
    }

    /// What was signed, where it is what the answer says and came in time.
    fn agreed(
        &self,
        receipt: &str,
        answer: &VerifyAnswer,
        rules: &Rules<'_>,
        deadline: Deadline,
    ) -> Result<Claims, Error> {
        let claims = self.verified(receipt, rules, deadline)?;
        agree(&claims, answer).map_err(Unavailable::Unsigned)?;
        deadline.left()?;
        Ok(claims)
    }

    /// Gives back what was reserved for an answer that nobody acts on. What is not given back in time lapses by itself, and
    /// why the answer is not acted on is what the caller hears.
    fn let_go(&self, answer: &VerifyAnswer, deadline: Deadline) {
        if let Some(id) = &answer.reservation_id {
            let _: Result<Reservation, Error> = self.settle(id, "release", &json!({}), deadline);
        }
    }

    /// The answer, whatever it is. It is not signed: show it, and act on [`Procura::verify`] or [`Procura::guard`].
    ///
    /// # Errors
    /// There is none.
    pub fn check(&self, ask: &Ask) -> Result<VerifyAnswer, Error> {
        self.ask(&self.of_agent(ask), Map::new(), Deadline::after(self.timeout))
    }

    /// Calls `act` once if, and only if, the action may be done; then commits what was reserved for it, with the amount that
    /// [`Grant::spent`] was told or all of it. Where `act` fails with [`Failure::NothingDone`] it is released, and after any
    /// other failure it stays held.
    ///
    /// # Errors
    /// `act` was not called, or failed.
    pub fn guard<T, E>(
        &self,
        ask: &Ask,
        act: impl FnOnce(&mut Grant) -> Result<T, Failure<E>>,
    ) -> Result<Guarded<T>, GuardError<E>> {
        let mut grant = self.verify(ask).map_err(GuardError::NotAllowed)?;
        match act(&mut grant) {
            Ok(value) => {
                let settled = |id: &str| self.commit(id, grant.spent.as_deref());
                Ok(Guarded { value, settlement: settlement(&grant, settled) })
            }
            Err(Failure::NothingDone(error)) => {
                Err(GuardError::Failed { error, settlement: settlement(&grant, |id| self.release(id)) })
            }
            Err(Failure::Unknown(error)) => {
                let is_held = grant.reservation_id().is_some();
                let settlement = if is_held { Settlement::Held } else { Settlement::Nothing };
                Err(GuardError::Failed { error, settlement })
            }
        }
    }

    /// Says that it happened, and how much it came to where that is not what was reserved. Doing so twice is once.
    ///
    /// # Errors
    /// The server refuses it, or cannot be asked.
    pub fn commit(&self, reservation_id: &str, amount: Option<&str>) -> Result<Reservation, Error> {
        let amount = amount.map(canonical_amount).transpose()?;
        let body = amount.map_or(json!({}), |amount| json!({"amount": amount}));
        self.settle(reservation_id, "commit", &body, Deadline::after(self.timeout))
    }

    /// Says that it did not happen. Doing so twice is once.
    ///
    /// # Errors
    /// The server refuses it, or cannot be asked.
    pub fn release(&self, reservation_id: &str) -> Result<Reservation, Error> {
        self.settle(reservation_id, "release", &json!({}), Deadline::after(self.timeout))
    }

    fn settle(&self, id: &str, verb: &str, body: &Value, deadline: Deadline) -> Result<Reservation, Error> {
        let is_id = id.strip_prefix("rsv_").is_some_and(|rest| {
            rest.len() == 26 && rest.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        });
        if !is_id {
            return Err(Error::Setting("a reservation is named by an id that begins with rsv_"));
        }
        let path = format!("/v1/reservations/{id}/{verb}");
        self.post(&path, body.to_string(), deadline)
    }

    fn of_agent(&self, ask: &Ask) -> Ask {
        let agent_id = ask.agent_id.clone().or_else(|| self.agent_id.clone());
        Ask { agent_id, ..ask.clone() }
    }

    fn ask(&self, ask: &Ask, more: Map<String, Value>, deadline: Deadline) -> Result<VerifyAnswer, Error> {
        let answer: VerifyAnswer = self.post("/v1/verify", ask.body(more)?, deadline)?;
        let is_allowed = answer.decision == VerifyAnswerDecision::Allow;
        if answer.success && answer.allowed == is_allowed {
            Ok(answer)
        } else {
            Err(Unavailable::Malformed(200).into())
        }
    }

    fn post<T: DeserializeOwned>(&self, path: &str, body: String, deadline: Deadline) -> Result<T, Error> {
        // A try whose answer was lost is known again by the key.
        let post = Post { authorization: &self.authorization, idempotency_key: random()?, body };
        let sent = Sent { url: format!("{}{path}", self.origin), post: Some(post) };
        http::send(&self.agent, &sent, deadline)
    }

    fn verified(&self, receipt: &str, rules: &Rules<'_>, deadline: Deadline) -> Result<Claims, Error> {
        let unsigned = |error| Error::from(Unavailable::Unsigned(error));
        if let Some(pinned) = &self.pinned {
            return verify_receipt(receipt, pinned, rules).map_err(unsigned);
        }
        let known = self.fetched.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known {
            match verify_receipt(receipt, &known, rules) {
                // A key that is not among those fetched for an earlier answer may have been published since.
                Err(ReceiptError::KeyUnknown) => {}
                outcome => return outcome.map_err(unsigned),
            }
        }
        verify_receipt(receipt, &*self.fetch_keys(deadline)?, rules).map_err(unsigned)
    }

    /// Fetched from where the answers come from, and kept.
    fn fetch_keys(&self, deadline: Deadline) -> Result<Arc<KeySet>, Error> {
        let sent = Sent { url: format!("{}/.well-known/jwks.json", self.origin), post: None };
        let keys: Arc<KeySet> = Arc::new(http::send(&self.agent, &sent, deadline)?);
        *self.fetched.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&keys));
        Ok(keys)
    }
}

/// What stands beside the receipt is what was signed.
fn agree(claims: &Claims, answer: &VerifyAnswer) -> Result<(), ReceiptError> {
    let said = claims.req == answer.request_id
        && claims.sub == answer.agent_id
        && claims.code == answer.code.as_str()
        && claims.rsv == answer.reservation_id;
    if said { Ok(()) } else { Err(ReceiptError::Mismatch("the answer says something else than its receipt")) }
}

fn settlement(grant: &Grant, settle: impl FnOnce(&str) -> Result<Reservation, Error>) -> Settlement {
    match grant.reservation_id().map(settle) {
        None => Settlement::Nothing,
        Some(Ok(reservation)) => Settlement::Settled(Box::new(reservation)),
        // It is done: an error would look as if it were not.
        Some(Err(error)) => Settlement::Unsettled(Box::new(error)),
    }
}

/// 256 bits that nobody can foresee.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Setting("the machine gives no random bytes"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Scheme, host and port, and nothing else.
fn origin(url: &str, may_send_in_the_clear: bool) -> Result<String, Error> {
    const WRONG: Error = Error::Setting("the url is an origin such as https://procura.example.com");
    let (scheme, rest) = url.split_once("://").ok_or(WRONG)?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let parsed: ureq::http::uri::Authority = authority.parse().map_err(|_| WRONG)?;
    if authority.contains(['@', '/', '?', '#']) || parsed.host().is_empty() {
        return Err(WRONG);
    }
    let is_local = ["localhost", "127.0.0.1", "[::1]"].contains(&parsed.host());
    match scheme {
        "https" => {}
        "http" if is_local || may_send_in_the_clear => {}
        "http" => {
            return Err(Error::Setting("http:// sends the key in the clear; only allow_http allows it"));
        }
        _ => return Err(WRONG),
    }
    Ok(format!("{scheme}://{}", authority.to_ascii_lowercase()))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
