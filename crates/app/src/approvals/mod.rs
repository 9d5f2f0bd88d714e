//! Approvals (APR-1): a call that needs a person never blocks. It answers at once with the
//! approval's id and link; the same call sent again after a person agreed consumes the approval, in
//! the same transaction that records the decision, exactly once.

mod consume;
mod decide;
mod open;
mod read;
mod weigh;

pub use decide::{cancel, deny, grant};
pub use read::{count_waiting, get, list, url};
pub(crate) use weigh::weigh;

use procura_model::{Approval, Event, EventKind};

fn event_of(kind: EventKind, approval: &Approval) -> Event {
    let mut event = Event::new(kind).of_agent(approval.agent).about(approval.id);
    event.user.clone_from(&approval.user);
    event.approval = Some(approval.id);
    event
}
