//! The authorization server (OAU): one file for each grant and each endpoint, the requirement that the code obeys
//! quoted above it. Rows are read and written here and nowhere above.

pub mod at_resource;
pub mod authorize;
pub mod clients;
pub mod consent;
pub mod device;
pub mod grants;
pub mod issuers;
mod keep;
pub mod keys;
pub mod live;
pub mod parameters;
pub mod pushed;
pub mod resources;
mod state;

pub(crate) use keep::keep;
pub use live::LiveToken;
pub use state::{OauthState, arriving, home};
pub use procura_model::oauth::redirect_uri;
