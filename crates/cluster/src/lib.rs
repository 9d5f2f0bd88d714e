//! What nodes share and may lose. In one process: rate limits kept in memory.

pub mod limits;

pub use limits::{Allowance, Limit, LimitSettings, Limits, Rate};
