//! Passports (PAS-1..3): the public view of one agent's permissions, for software that cannot ask `verify`.
//!
//! What a passport shows is decided in [`shown`]: a list of fields, and nothing else of the organization. Who may look
//! is whoever holds the newest token of a passport that was not revoked, of an agent that may act; the token is looked
//! up in the database each time, so its end is the end of every link at once. [`texts`] says the same in words that a
//! person can paste into a chat. [`preview`] answers what `verify` would, in less detail, and leaves no trace.

mod keep;
mod preview;
mod shown;
mod texts;

pub use keep::{Made, Passport, make, of_agent, revoke};
pub use preview::{Previewed, preview};
pub use shown::{Opened, ScopeShown, Shown, as_shown, open, show};
