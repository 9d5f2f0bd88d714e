//! Screening as a journey (SCR-1, SCR-3): what a scan means under the settings of an organization, a second opinion
//! where our own is in the middle, prompts that somebody wants screened, what people say of it afterwards, and the
//! overview of all that. The scan itself is pure and lives in `procura_screen::inject`.

mod feedback;
mod flagged;
mod look;
mod opinion;
mod overview;
mod prompts;
mod scan;

pub use feedback::{Feedback, Judgement, NewFeedback, give, of_trace, withdraw};
pub use flagged::{Flag, Handled, channel, flags, is_wanted, reported, word};
pub use look::{Look, Screened, Seen, Stance, UNHEARD_FIX, unheard_sentence};
pub use opinion::{Asked, Form, OnFailure, Opinion, SecondOpinion};
pub use overview::{ChannelCount, Overview, RuleCount, SourceCount, count, overview};
pub use procura_screen::inject::Channel;
pub use prompts::{PromptAnswer, PromptAsk, prompt};
pub use scan::{MAX_TEXT_BYTES, scan};
