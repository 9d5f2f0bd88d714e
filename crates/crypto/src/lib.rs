//! Everything that is made of keys: opaque tokens, passwords, the root key and what is derived from
//! it, sealed columns, message authentication, and the tokens that say who a user is. Pure: chance comes
//! in as [`procura_model::Entropy`], and nothing here touches a file, a socket or a clock.
//!
//! | module | what |
//! |---|---|
//! | [`token`] | opaque secrets with prefix and checksum (`pca_...`), stored as digests |
//! | [`password`] | scrypt hashes of people's passwords |
//! | [`keys`] | the root key and one derived key per purpose |
//! | [`envelope`] | AES-256-GCM for secrets that must be used again |
//! | [`mac`] | HMAC-SHA256 for form tokens, cursors, request state and pseudonyms |
//! | [`signed_token`] | the signed session token of seed 003 |
//! | [`jwt`] | JWTs, with [`jws`] (form, header, signature), [`jwk`] (key sets) and [`algorithm`] below it |
//! | [`claims`] | what both kinds of token share once their signature holds |
//! | [`steps`] | how a verification went, for the token console |
//! | [`assertion`] | what Procura asserts about a user: short JWTs of its own |
//! | [`receipt`] | what Procura signs of a decision, for whoever carries it out |
//! | [`binding`] | what Procura signs for AuthZEN's access requests |
//! | [`callback_signature`], [`callback_answer`] | how an identity callback is signed, and what it may answer |
//! | [`user_token`] | a user's token from its arrival to its end, in custody the whole way |
//! | [`client_secret`], [`client_assertion`] | how OAuth clients show that they are themselves |
//! | [`oauth_key`], [`access_token`], [`dpop`] | what OAuth access tokens are signed with, say, and are bound to |
//! | [`id_jag`], [`pkce`] | assertions of other issuers, and the proof that goes with a code |
//! | [`agent_identity`] | who a registered agent is here, to be exchanged for tokens |
//! | [`provider_event`] | what an issuer says when it vouches no longer |
//! | [`shared_secret`] | secrets that the customer's software shares with us |

pub mod access_token;
pub mod agent_identity;
pub mod algorithm;
pub mod assertion;
pub mod binding;
pub mod callback_answer;
pub mod callback_signature;
pub mod claims;
pub mod client_assertion;
pub mod client_secret;
pub mod dpop;
pub mod envelope;
pub mod id_jag;
pub mod jwk;
pub mod jws;
pub mod jwt;
pub mod keys;
pub mod mac;
pub mod oauth_key;
mod parts;
pub mod password;
pub mod pkce;
pub mod provider_event;
pub mod receipt;
pub mod shared_secret;
pub mod signed_token;
pub mod signing;
pub mod steps;
pub mod token;
pub mod user_token;

pub use access_token::AccessTokenError;
pub use algorithm::Algorithm;
pub use assertion::{Assertion, AssertionKey, Disclosure};
pub use binding::{Binding, BindingKey, Bound};
pub use client_assertion::{AssertionRules, ClientAssertionError, UnverifiedClientAssertion};
pub use dpop::{DpopError, Proven};
pub use envelope::{Context, OpenError, Sealer};
pub use jwk::{JwkSet, JwkSetError};
pub use jwt::JwtError;
pub use keys::{KeyError, Purpose, RootKey};
pub use mac::Mac;
pub use oauth_key::{NewOauthKey, OauthKey, OauthKeyError};
pub use password::Cost;
pub use receipt::{Receipt, ReceiptError, ReceiptKey};
pub use signed_token::SignedTokenError;
pub use signing::SigningKeyError;
pub use steps::{Step, StepOutcome};
pub use token::{Minted, Parsed, TokenError, TokenKind};

#[cfg(test)]
mod wycheproof_tests;
