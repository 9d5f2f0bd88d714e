//! Keys derived from the root key, one per purpose; the root key itself is not kept.

use procura_crypto::{Context, Mac, Purpose, RootKey, Sealer};
use procura_model::{Doing, Entropy, Result, Secret, ServerId, SessionId, TenantId};

/// The key version that new envelopes carry.
const KEY_VERSION: u32 = 1;

/// What the journeys seal and sign with.
pub struct Seals {
    upstream: Sealer,
    forms: Mac,
    check_value: String,
}

impl Seals {
    /// Derives every key that is needed.
    #[must_use]
    pub fn new(root: &RootKey) -> Self {
        Self {
            upstream: Sealer::new(root, Purpose::UpstreamCredential, KEY_VERSION),
            forms: Mac::new(root, Purpose::FormToken),
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

impl std::fmt::Debug for Seals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seals")
    }
}
