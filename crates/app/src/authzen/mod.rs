//! AuthZEN (OpenID Authorization API 1.0): other people's gateways and identity providers ask the same policies that
//! [`crate::verify`] asks, in the standard's words.
//!
//! Everything here reads and records; nothing here holds an amount, uses an approval up, or asks a person by itself. The
//! same question gets the same answer however often it is sent. A person is asked by `POST /access/v1/requests` alone
//! (the access request and approval profile), and what a person granted is judged anew with every question that names it.
//!
//! [`question`] is what was sent, [`ask`] what the policy is asked, [`subjects`] whose policy, [`judge`] what it says,
//! [`evaluate`] one question or many, [`search`] which of the known entities, [`requests`] how a person is asked.

mod answer;
mod ask;
mod binding;
mod evaluate;
mod judge;
mod metadata;
pub mod question;
mod requests;
mod search;
mod subjects;

pub use answer::{AccessRequest, Context, Evaluated, ItemError, Obligation, ShownApproval};
pub use evaluate::{Incoming, evaluate, evaluate_all};
pub use metadata::metadata;
pub use question::{Batch, Question};
pub use requests::{AccessAsk, Task, TaskResult, request, task};
pub use search::{Found, Hit, NextPage, SearchAsk, Sought, search};
pub(crate) use subjects::check_subjects;
