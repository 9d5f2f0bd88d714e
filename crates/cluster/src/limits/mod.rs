//! Rate limits (LIM-1): names, settings, the maths of GCRA, and a bounded memory of keys.

mod gcra;
mod memory;
mod settings;

pub use gcra::{Allowance, Rate};
pub use memory::Limits;
pub use settings::{Limit, LimitSettings};
