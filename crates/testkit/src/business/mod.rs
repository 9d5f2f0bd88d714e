//! What a business that uses Procura runs itself: hosts of key sets and of identity callbacks, well-behaved or not, and an
//! issuer of its users' tokens.

mod host;
mod issuer;

pub use host::{Answer, Host, Visit};
pub use issuer::{Issuer, hex_code, key_set, signed_token};
