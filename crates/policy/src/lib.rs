//! What an agent may do: a pure function of its permissions, the ask, the facts and the time. No I/O,
//! no clock, no chance, so it is proven by table and by property (VER-1, VER-2).
//!
//! [`decide`] states how permissions combine; each other module states its own rule. [`schema`] says what
//! the arguments of a declared tool must look like.

mod budget;
#[cfg(feature = "cedar")]
pub mod cedar;
#[cfg(not(feature = "cedar"))]
#[path = "cedar/absent.rs"]
pub mod cedar;
pub mod check;
mod condition;
pub mod decide;
mod explain;
pub mod facts;
mod index;
mod miss;
mod number;
mod pattern;
mod replay;
pub mod risk;
mod rule;
mod satisfy;
mod schedule;
pub mod schema;
pub mod sentence;
mod shown;
mod subject;
mod vendor;

pub use budget::{BudgetRule, BudgetSpent, validate_budget};
pub use check::check_record;
pub use decide::{Listing, Policy};
pub use explain::{Explained, Near};
pub use facts::{Facts, Needed, Spending, Spent, Supposed};
pub use rule::validate;
pub use schema::Schema;
pub use sentence::sentence;
pub use shown::text as quoted;
