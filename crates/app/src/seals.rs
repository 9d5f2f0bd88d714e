//! Keys derived from the root key, one per purpose; the root key itself is not kept.

use procura_crypto::{
    Assertion, AssertionKey, Binding, BindingKey, Bound, Context, JwkSet, Mac, OpenError, Purpose, Receipt,
    ReceiptError, ReceiptKey, RootKey, Sealer,
    agent_identity::{AgentIdentity, AgentIdentityKey},
    receipt,
    signing::key_set,
};
use procura_model::{
    AgentId, ClientId, ClientSecretId, Digest, Doing, Entropy, Json, Reason, Result, ResultId, Secret,
    ServerId, SessionId, TenantId, Time, UserRef,
};
use procura_store::secrets::SecretPurpose;

/// The key version that new envelopes carry.
const KEY_VERSION: u32 = 1;

/// What the journeys seal and sign with.
pub struct Seals {
    upstream: Sealer,
    user_tokens: Sealer,
    callbacks: Sealer,
    forms: Mac,
    pseudonyms: Mac,
    profiles: Sealer,
    client_hashes: Sealer,
    results: Sealer,
    assertions: Option<AssertionKey>,
    receipts: Option<ReceiptKey>,
    bindings: Option<BindingKey>,
    oauth_keys: Sealer,
    refresh_replies: Sealer,
    nonces: Mac,
    claimants: Sealer,
    agents: Option<AgentIdentityKey>,
    receipt_keys: JwkSet,
    check_value: String,
}

impl Seals {
    /// Derives every key that is needed.
    #[must_use]
    pub fn new(root: &RootKey) -> Self {
        let receipts = ReceiptKey::new(root).ok();
        let published = key_set(receipts.iter().map(ReceiptKey::jwk)).canonical();
        Self {
            upstream: Sealer::new(root, Purpose::UpstreamCredential, KEY_VERSION),
            user_tokens: Sealer::new(root, Purpose::UserTokenSecret, KEY_VERSION),
            callbacks: Sealer::new(root, Purpose::CallbackSecret, KEY_VERSION),
            forms: Mac::new(root, Purpose::FormToken),
            pseudonyms: Mac::new(root, Purpose::UserPseudonym),
            profiles: Sealer::new(root, Purpose::UserProfile, KEY_VERSION),
            client_hashes: Sealer::new(root, Purpose::ClientSecret, KEY_VERSION),
            results: Sealer::new(root, Purpose::StoredResult, KEY_VERSION),
            assertions: AssertionKey::new(root).ok(),
            receipts,
            bindings: BindingKey::new(root).ok(),
            oauth_keys: Sealer::new(root, Purpose::OauthKey, KEY_VERSION),
            refresh_replies: Sealer::new(root, Purpose::RefreshReply, KEY_VERSION),
            nonces: Mac::new(root, Purpose::DpopNonce),
            claimants: Sealer::new(root, Purpose::Claimant, KEY_VERSION),
            agents: AgentIdentityKey::new(root).ok(),
            // A set that cannot be read has no key, and then no receipt is ours.
            receipt_keys: JwkSet::parse(&published).unwrap_or_default(),
            check_value: root.check_value(),
        }
    }

    /// A fingerprint of the root key that gives nothing of it away.
    #[must_use]
    pub fn check_value(&self) -> &str {
        &self.check_value
    }

    /// The token that proves that a form came from our page in this session.
    #[must_use]
    pub fn form_token(&self, session: &SessionId) -> String {
        self.forms.sign(&[session.to_string().as_bytes()])
    }

    /// Whether a form's token is this session's.
    #[must_use]
    pub fn is_form_token(&self, session: &SessionId, token: &str) -> bool {
        self.forms.verify(&[session.to_string().as_bytes()], token)
    }

    /// By what the code that a person types for a device is known again: it is too short for a bare digest.
    #[must_use]
    pub(crate) fn user_code(&self, code: &str) -> Digest {
        Digest::from_bytes(self.pseudonyms.code(&[b"device user code", code.as_bytes()]))
    }

    /// By what the code that a person types to claim an agent is known again.
    #[must_use]
    pub(crate) fn claim_code(&self, code: &str) -> Digest {
        Digest::from_bytes(self.pseudonyms.code(&[b"claim code", code.as_bytes()]))
    }

    /// By what the address of somebody who claims agents is known again.
    #[must_use]
    pub(crate) fn claimant_code(&self, tenant: TenantId, address: &str) -> Digest {
        let tenant = tenant.to_string();
        Digest::from_bytes(self.pseudonyms.code(&[tenant.as_bytes(), b"claimant", address.as_bytes()]))
    }

    /// Seals the address of somebody who claims agents; `id` is that of the row.
    pub(crate) fn seal_claimant(
        &self,
        (tenant, id): (TenantId, &str),
        address: &str,
        entropy: &Entropy,
    ) -> Result<Vec<u8>> {
        let place = Context { tenant, record: "claimant", id, column: "sealed_claimant" };
        self.claimants.seal(&place, address.as_bytes(), entropy).doing("seal the address of a claimant")
    }

    /// Opens the address of somebody who claims agents.
    pub(crate) fn open_claimant(&self, (tenant, id): (TenantId, &str), sealed: &[u8]) -> Result<String> {
        let place = Context { tenant, record: "claimant", id, column: "sealed_claimant" };
        self.claimants.open_words(&place, sealed).doing("open the address of a claimant")
    }

    /// A moment that comes back through somebody's browser, about these things and no others.
    #[must_use]
    pub fn sign_moment(&self, about: &[&str], at: Time) -> String {
        let ms = at.as_ms().to_string();
        format!("{ms}.{}", self.forms.sign(&moment_parts(about, &ms)))
    }

    /// The moment of such a text, if we wrote it about these things.
    #[must_use]
    pub fn moment(&self, about: &[&str], text: &str) -> Option<Time> {
        let (ms, code) = text.split_once('.')?;
        self.forms.verify(&moment_parts(about, ms), code).then(|| ms.parse().ok().map(Time::from_ms))?
    }

    /// The name under which a user of an organization appears wherever nobody needs to know who it is (USR-7).
    #[must_use]
    pub fn pseudonym(&self, tenant: TenantId, user_id: &str) -> UserRef {
        let code = self.pseudonyms.code(&[tenant.to_string().as_bytes(), user_id.as_bytes()]);
        UserRef(code.iter().take(16).fold("usr_".to_owned(), |text, byte| format!("{text}{byte:02x}")))
    }

    /// The keys by which others verify what we assert about users (USR-9) and what we sign of decisions (VER-6).
    ///
    /// # Errors
    /// `UNAVAILABLE` without a key, which means a broken build.
    pub fn published_keys(&self) -> Result<Json> {
        let assertions = self.assertions.as_ref().ok_or(Reason::Unavailable)?;
        let receipts = self.receipts.as_ref().ok_or(Reason::Unavailable)?;
        let bindings = self.bindings.as_ref().ok_or(Reason::Unavailable)?;
        Ok(key_set([assertions.jwk(), receipts.jwk(), bindings.jwk()]))
    }

    /// A token that binds a refusal or an approval to a question of AuthZEN.
    ///
    /// # Errors
    /// `UNAVAILABLE` without a key.
    pub(crate) fn bind(&self, bound: Bound, binding: &Binding) -> Result<String> {
        Ok(self.bindings.as_ref().ok_or(Reason::Unavailable)?.sign(bound, binding))
    }

    /// What such a token says, if we signed it for this and it still holds.
    pub(crate) fn bound(&self, bound: Bound, token: &str, now: Time) -> Option<Binding> {
        self.bindings.as_ref()?.open(bound, token, now).ok()
    }

    /// Who a registered agent is here, signed.
    ///
    /// # Errors
    /// `UNAVAILABLE` without a key.
    pub(crate) fn sign_agent(&self, identity: &AgentIdentity) -> Result<String> {
        Ok(self.agents.as_ref().ok_or(Reason::Unavailable)?.sign(identity))
    }

    /// What such an assertion says, if we signed it for ourselves and it still holds.
    pub(crate) fn agent(&self, token: &str, issuer: &str, now: Time) -> Option<AgentIdentity> {
        self.agents.as_ref()?.open(token, issuer, now).ok()
    }

    /// The receipt of a decision.
    ///
    /// # Errors
    /// `UNAVAILABLE` without a key.
    pub(crate) fn sign_receipt(&self, receipt: &Receipt) -> Result<String> {
        Ok(self.receipts.as_ref().ok_or(Reason::Unavailable)?.sign(receipt))
    }

    /// What a receipt says, if we signed it.
    pub(crate) fn open_receipt(&self, token: &str) -> Result<Receipt, ReceiptError> {
        receipt::open(&self.receipt_keys, token)
    }

    /// What we assert about a user, signed.
    ///
    /// # Errors
    /// `UNAVAILABLE` without a key: then nothing is sent.
    pub fn assert_user(&self, assertion: &Assertion<'_>, entropy: &Entropy) -> Result<Secret<String>> {
        Ok(self.assertions.as_ref().ok_or(Reason::Unavailable)?.sign(assertion, entropy))
    }

    /// By what a user's token is known again without being kept.
    #[must_use]
    pub(crate) fn token_code(&self, tenant: TenantId, agent: AgentId, token: &Secret<String>) -> [u8; 32] {
        let (tenant, agent) = (tenant.to_string(), agent.to_string());
        self.pseudonyms.code_of_secret(&[tenant.as_bytes(), b"user token", agent.as_bytes()], token)
    }

    /// By what a request is known again (method, path, body) without anything of it being kept.
    #[must_use]
    pub(crate) fn request_code(&self, tenant: TenantId, [method, path, body]: [&[u8]; 3]) -> Digest {
        let tenant = tenant.to_string();
        Digest::from_bytes(self.pseudonyms.code(&[tenant.as_bytes(), b"request", method, path, body]))
    }

    /// By what an `Idempotency-Key` is known again: its words are its caller's, and may name anybody.
    #[must_use]
    pub(crate) fn idempotency_code(&self, tenant: TenantId, key: &str) -> String {
        let tenant = tenant.to_string();
        let code = self.pseudonyms.code(&[tenant.as_bytes(), b"idempotency key", key.as_bytes()]);
        Digest::from_bytes(code).hex()
    }

    /// By what the pattern of a redaction rule is known again: it may be a secret itself, and a short one, which a plain
    /// digest would give to whoever guesses.
    #[must_use]
    pub(crate) fn pattern_code(&self, tenant: TenantId, pattern: &str) -> String {
        let tenant = tenant.to_string();
        let code = self.pseudonyms.code(&[tenant.as_bytes(), b"redaction pattern", pattern.as_bytes()]);
        Digest::from_bytes(code).hex()
    }

    /// Seals the private half of a key that access tokens are signed with. It is the deployment's, no organization's.
    pub(crate) fn seal_signing_key(
        &self,
        kid: &str,
        private: &Secret<Vec<u8>>,
        entropy: &Entropy,
    ) -> Result<Vec<u8>> {
        let place = Context { tenant: nobody()?, record: "oauth_key", id: kid, column: "sealed" };
        self.oauth_keys.seal_bytes(&place, private, entropy).doing("seal a signing key")
    }

    /// Opens the private half of a signing key.
    pub(crate) fn open_signing_key(&self, kid: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>> {
        let place = Context { tenant: nobody()?, record: "oauth_key", id: kid, column: "sealed" };
        self.oauth_keys.open(&place, sealed).doing("open a signing key")
    }

    /// Seals what the use of a refresh token was answered.
    pub(crate) fn seal_reply(
        &self,
        tenant: TenantId,
        token: &Digest,
        reply: &Secret<String>,
        entropy: &Entropy,
    ) -> Result<Vec<u8>> {
        let id = token.hex();
        let place = Context { tenant, record: "oauth_refresh_token", id: &id, column: "sealed_reply" };
        self.refresh_replies.seal_text(&place, reply, entropy).doing("seal the answer to a refresh")
    }

    /// Opens what the use of a refresh token was answered.
    pub(crate) fn open_reply(
        &self,
        tenant: TenantId,
        token: &Digest,
        sealed: &[u8],
    ) -> Result<procura_model::ShownOnce> {
        let id = token.hex();
        let place = Context { tenant, record: "oauth_refresh_token", id: &id, column: "sealed_reply" };
        let opened = self.refresh_replies.open_words(&place, sealed).doing("open the answer to a refresh")?;
        Ok(procura_model::ShownOnce::new(opened))
    }

    /// The nonce that DPoP proofs are to carry in this stretch of time (RFC 9449 section 8).
    #[must_use]
    pub(crate) fn dpop_nonce(&self, stretch: i64) -> String {
        self.nonces.sign(&[b"nonce", stretch.to_string().as_bytes()])
    }

    /// Whether a nonce is that of this stretch of time.
    #[must_use]
    pub(crate) fn is_dpop_nonce(&self, stretch: i64, nonce: &str) -> bool {
        self.nonces.verify(&[b"nonce", stretch.to_string().as_bytes()], nonce)
    }

    /// Seals who the user of a session is.
    pub(crate) fn seal_profile(
        &self,
        session: (TenantId, SessionId),
        profile: &str,
        entropy: &Entropy,
    ) -> Result<Vec<u8>> {
        let id = session.1.to_string();
        let place = Context { tenant: session.0, record: "agent_session", id: &id, column: "user" };
        self.profiles.seal(&place, profile.as_bytes(), entropy).doing("seal the user of a session")
    }

    /// Opens who the user of a session is.
    pub(crate) fn open_profile(&self, session: (TenantId, SessionId), sealed: &[u8]) -> Result<String> {
        let id = session.1.to_string();
        let place = Context { tenant: session.0, record: "agent_session", id: &id, column: "user" };
        self.profiles.open_words(&place, sealed).doing("open the user of a session")
    }

    /// Seals a kept result for whoever it was made for: a user, or nobody.
    pub(crate) fn seal_result(
        &self,
        result: (TenantId, ResultId),
        of: Option<&UserRef>,
        text: &str,
        entropy: &Entropy,
    ) -> Result<Vec<u8>> {
        let id = result_place(result.1, of);
        let place = Context { tenant: result.0, record: "result", id: &id, column: "body" };
        self.results.seal(&place, text.as_bytes(), entropy).doing("seal a kept result")
    }

    /// Opens a kept result; it does not open for another user than it was made for.
    pub(crate) fn open_result(
        &self,
        result: (TenantId, ResultId),
        of: Option<&UserRef>,
        sealed: &[u8],
    ) -> Result<String, OpenError> {
        let id = result_place(result.1, of);
        let place = Context { tenant: result.0, record: "result", id: &id, column: "body" };
        self.results.open_words(&place, sealed)
    }

    /// Seals a secret of the secret store, under the key of its purpose.
    pub(crate) fn seal_secret(
        &self,
        secret: (TenantId, SecretPurpose, procura_model::SecretId),
        value: &Secret<String>,
        entropy: &Entropy,
    ) -> Result<Vec<u8>> {
        let (tenant, purpose, id) = (secret.0, secret.1, secret.2.to_string());
        let place = Context { tenant, record: "secret", id: &id, column: "sealed" };
        self.of_purpose(purpose).seal_text(&place, value, entropy).doing("seal a secret")
    }

    /// Opens a secret of the secret store.
    pub(crate) fn open_secret(
        &self,
        secret: (TenantId, SecretPurpose, procura_model::SecretId),
        sealed: &[u8],
    ) -> Result<Secret<String>> {
        let (tenant, purpose, id) = (secret.0, secret.1, secret.2.to_string());
        let place = Context { tenant, record: "secret", id: &id, column: "sealed" };
        self.of_purpose(purpose).open_text(&place, sealed).doing("open a secret")
    }

    const fn of_purpose(&self, purpose: SecretPurpose) -> &Sealer {
        match purpose {
            SecretPurpose::UserToken => &self.user_tokens,
            SecretPurpose::Callback => &self.callbacks,
        }
    }

    /// Seals the hash of a client's secret. Clients that registered themselves belong to no organization.
    pub(crate) fn seal_client_hash(
        &self,
        (tenant, client, secret): (Option<TenantId>, &ClientId, ClientSecretId),
        hash: &Secret<String>,
        entropy: &Entropy,
    ) -> Result<Vec<u8>> {
        let doing = "seal the hash of a client's secret";
        let (tenant, id) = (tenant.map_or_else(deployment, Ok)?, format!("{client} {secret}"));
        let place = Context { tenant, record: "client_secret", id: &id, column: "hash" };
        self.client_hashes.seal_text(&place, hash, entropy).doing(doing)
    }

    /// Opens the hash of a client's secret.
    pub(crate) fn open_client_hash(
        &self,
        (tenant, client, secret): (Option<TenantId>, &ClientId, ClientSecretId),
        sealed: &[u8],
    ) -> Result<Secret<String>> {
        let (tenant, id) = (tenant.map_or_else(deployment, Ok)?, format!("{client} {secret}"));
        let place = Context { tenant, record: "client_secret", id: &id, column: "hash" };
        self.client_hashes.open_text(&place, sealed).doing("open the hash of a client's secret")
    }

    /// By what the address that a client was registered from is known again, without being kept.
    pub(crate) fn address_code(&self, address: &str) -> String {
        Digest::from_bytes(self.pseudonyms.code(&[b"registered from", address.as_bytes()])).hex()
    }

    /// Seals the credential that is sent to a tool server.
    pub(crate) fn seal_credential(
        &self,
        server: (TenantId, ServerId),
        credential: &Secret<String>,
        entropy: &Entropy,
    ) -> Result<Vec<u8>> {
        let id = server.1.to_string();
        let place = Context { tenant: server.0, record: "server", id: &id, column: "credential" };
        self.upstream.seal_text(&place, credential, entropy).doing("seal the tool server's credential")
    }

    /// Opens the credential that is sent to a tool server.
    pub(crate) fn open_credential(
        &self,
        server: (TenantId, ServerId),
        sealed: &[u8],
    ) -> Result<Secret<String>> {
        let id = server.1.to_string();
        let place = Context { tenant: server.0, record: "server", id: &id, column: "credential" };
        self.upstream.open_text(&place, sealed).doing("open the tool server's credential")
    }
}

fn moment_parts<'a>(about: &[&'a str], ms: &'a str) -> Vec<&'a [u8]> {
    ["moment", ms].iter().chain(about).map(|part| part.as_bytes()).collect()
}

/// No organization: the place of what belongs to the deployment.
fn nobody() -> Result<TenantId> {
    "org_00000000000000000000000000".parse().doing("name no organization")
}

/// What stands for the deployment where a place asks for an organization: no organization has it.
fn deployment() -> Result<TenantId> {
    "org_00000000000000000000000000".parse().doing("name the deployment")
}

fn result_place(result: ResultId, of: Option<&UserRef>) -> String {
    of.map_or_else(|| result.to_string(), |user| format!("{result} {}", user.0))
}

impl std::fmt::Debug for Seals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seals")
    }
}
