//! Approvals (APR-1): a call that needs a person never blocks. It answers at once with the
//! approval's id and link; the same call sent again after people agreed consumes the approval, in
//! the same transaction that records the decision, as often as was granted and never once more.
//!
//! [`weigh`] is what a call gets, [`consume`] uses a grant, [`open`] finds a place in the inbox; [`answer`] is what
//! people say, [`eligible`] who may say it, [`terms`] for how much, [`links`] on which device; [`preview`] shows what
//! a pattern would have let pass.

mod answer;
mod ask;
mod consume;
mod eligible;
mod links;
mod open;
mod preview;
mod read;
mod request;
mod terms;
mod wait;
mod weigh;

pub use answer::{answer, cancel, deny, grant};
pub use ask::{AskShown, shown_ask};
pub use eligible::Eligible;
pub use links::{LinkShown, OpenedLink, answer_by_link, make_link, open_link};
pub use preview::{PastCall, PatternPreview, preview};
pub use read::{Detail, count_waiting, detail, get, list, url};
pub(crate) use request::request;
pub use terms::{Given, Grant, block_of, pattern_of};
pub use wait::{Answered, MAX_WAIT_SECONDS, wait};
pub(crate) use weigh::{bound_to, task_of, weigh};

use procura_model::{Approval, Event, EventKind};

fn event_of(kind: EventKind, approval: &Approval) -> Event {
    let mut event = Event::new(kind).of_agent(approval.agent).about(approval.id);
    event.user.clone_from(&approval.user);
    event.approval = Some(approval.id);
    event
}
