//! The only way out. Whatever an organization, an agent or a remote party can name is reached
//! through this crate and through nothing else: a name is resolved once, every address it has is
//! judged, and the connection goes to a judged address and no other (EGR-1).
//!
//! * [`Egress::fetch`] is one careful exchange: a fresh connection per hop, every redirect judged
//!   anew, size cap, overall deadline. Key sets, callbacks, webhooks and metadata documents use it.
//! * [`Egress::send`] is the pooled streaming client of the gateway's hot path.
//! * [`smtp`] is the one relay that the operator names for mail; nobody else can name one.
//! * [`check`] walks the same steps without a socket, for `procura check url`.

mod approach;
mod body;
pub mod check;
mod connect;
mod dns;
mod error;
mod exit;
mod fetch;
mod guard;
mod headers;
mod ranges;
mod rules;
pub mod smtp;
mod stream;
mod tls;
mod url;

pub use body::read_to_end;
pub use dns::{Lookup, Resolver};
pub use error::{Cause, EgressError, Stage};
pub use exit::{Egress, Settings, SettingsError};
pub use fetch::{FetchRequest, Fetched, Redirects};
pub use guard::{Judged, Refused, judge};
pub use headers::{bearer, secret_value, without_secret};
pub use rules::{AllowedHost, Lane, Purpose, Rules, RulesError, Whom};
pub use stream::{Exchange, Outbound};
pub use url::{Host, Scheme, Target, WebUrl};

#[cfg(test)]
mod testserver;
