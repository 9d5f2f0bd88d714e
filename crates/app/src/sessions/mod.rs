//! Sessions of agents for verified users (SES-1, decision 6): an agent shows its user's token once and gets a
//! secret for as long as the session lives. Everything that is done for the user hangs on the session: what
//! stands waits on its token, what has an effect asks [`demand`] once more right before it.

mod context;
mod find;
mod list;
mod live;
mod open;
mod profile;
mod revoke;
mod watch;

pub use context::{Context, context};
pub use find::{by_id, by_token, demand, ended, why_ended};
pub use list::{SessionFilter, Standing, get, list};
pub use live::{Live, Sessions};
pub use open::{EXPIRES_IN_SECONDS, OpenAsk, Opened, open};
pub use revoke::{revoke, revoke_user};
pub use watch::{Heard, Watch, watch};

pub(crate) use find::{personal, write_uses};
