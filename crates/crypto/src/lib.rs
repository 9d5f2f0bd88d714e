//! Everything that is made of keys: opaque tokens, passwords, the root key and what is derived from
//! it, sealed columns, and message authentication. Pure: chance comes in as [`procura_model::Entropy`],
//! and nothing here touches a file, a socket or a clock.
//!
//! | module | what |
//! |---|---|
//! | [`token`] | opaque secrets with prefix and checksum (`pca_...`), stored as digests |
//! | [`password`] | scrypt hashes of people's passwords |
//! | [`keys`] | the root key and one derived key per purpose |
//! | [`envelope`] | AES-256-GCM for secrets that must be used again |
//! | [`mac`] | HMAC-SHA256 for form tokens, cursors and request state |

pub mod envelope;
pub mod keys;
pub mod mac;
mod parts;
pub mod password;
pub mod token;

pub use envelope::{Context, OpenError, Sealer};
pub use keys::{KeyError, Purpose, RootKey};
pub use mac::Mac;
pub use password::Cost;
pub use token::{Minted, Parsed, TokenError, TokenKind};
