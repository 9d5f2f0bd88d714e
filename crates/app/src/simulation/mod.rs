//! What a policy would have said of the past (VER-5): recorded decisions are asked again of a draft, and what would
//! have been answered otherwise is listed. And what permissions in shadow would have changed while they were watched.
//!
//! A replay is the same pure function that decided, given the facts that were recorded. Where a fact was not kept
//! (a secret that was redacted, who the user was, what was spent within a window that did not exist) nothing is
//! guessed: the decision is counted as not replayable, with the reason. Nothing is written.

mod beside;
mod places;
mod recorded;
mod replay;
mod run;
mod shadows;
mod tally;

pub(crate) use beside::Beside;
pub use places::Places;
pub use procura_store::history::Stretch;
pub use replay::{Answered, Flip, FlipKind, NotReplayable};
pub use run::{Begun, Progress, SimulateAsk, begin};
pub(crate) use shadows::ShadowFact;
pub use shadows::{Shadows, ShadowsOf, shadows};
pub use tally::{Flips, Simulation};
