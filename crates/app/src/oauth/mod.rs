//! The authorization server (OAU): one file for each grant and each endpoint, the requirement that the code obeys
//! quoted above it. Rows are read and written here and nowhere above.

pub mod at_resource;
pub mod authorize;
mod cause;
mod client_credentials;
pub mod clients;
mod code;
pub mod consent;
pub mod device;
mod device_poll;
pub mod dpop;
mod exchange;
pub mod grants;
pub mod introspect;
mod issue;
pub mod issuers;
mod jwt_bearer;
mod keep;
pub mod keys;
pub mod live;
mod mounts;
pub mod parameters;
pub mod pushed;
mod refresh;
pub mod resources;
pub mod revoke;
mod scopes;
mod state;
pub mod token;

pub use exchange::ExchangeAsk;
pub(crate) use keep::keep;
pub use live::LiveToken;
pub use procura_model::oauth::redirect_uri;
pub use state::{OauthState, arriving, home};
