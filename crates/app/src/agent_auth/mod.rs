//! Agents that register themselves at a guarded API (AGT-1 to AGT-4). There is one core, of which the two wire forms are
//! views: a registration, which nobody, a person or an issuer answers for; credentials of the API that hang on it; and
//! tries to have a person claim it. No credential is ever widened in place: what a claim gives is a new one, and the old
//! one dies with it, so whoever copied it gains nothing.

mod assertion;
pub mod claim;
pub mod end;
pub mod identity;
mod keep;
mod mint;
pub mod person;
mod place;
pub mod register;
mod ring;
pub mod verify;
pub mod word;

pub(crate) use keep::keep;
pub use mint::Shown;
pub use place::{Place, at, checked, root};
pub use ring::{Held, Ring};
