//! Verified end users (USR-1 to USR-4, USR-10): by which method the users of an agent are verified, with which secrets,
//! and whom a token names. Opening a session for that user is the business of `sessions`.
//!
//! | module | what |
//! |---|---|
//! | [`method`] | the settings as types, with their defaults |
//! | [`limits`] | what they may be |
//! | [`settings`] | reading, setting and removing them |
//! | [`secrets`] | the secrets of a method: set, replaced with overlap, removed, never read |
//! | [`opened`] | the same as verification needs it: secrets opened, kept until something changes |
//! | [`overview`] | all agents in one look |
//! | [`jwks`] | key sets, fetched once for everybody and kept for a while |
//! | [`callback`] | asking the customer's own server |
//! | [`verify`] | whom a token names |
//! | [`check`] | the token console |

mod callback;
mod check;
pub(crate) mod jwks;
mod limits;
mod method;
mod opened;
pub mod overview;
pub mod secrets;
pub mod settings;
mod verify;

pub use check::{Members, Trial, check};
pub use jwks::KeySets;
pub use method::{
    CallbackSettings, JwtSettings, MethodSettings, SignedTokenSettings, UserAuthSettings, WidgetSettings,
};
pub(crate) use opened::Opened;
pub use overview::overview;
pub use procura_crypto::{Step, StepOutcome};
pub use settings::widget;
pub use verify::{Verified, verify};
