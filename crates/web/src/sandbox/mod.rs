//! The live sandbox (VER-7): permissions and an ask, both typed by whoever looks, and what the policy says of them. The
//! answer is that of `procura check decision`, which is that of the server. Everything here is a function of what was
//! typed: no organization, agent or record is read or written. The page is `console/sandbox.rs`.

mod examples;
mod judge;

pub(crate) use examples::{Example, example};
pub(crate) use judge::{Judged, Rule, Typed, judge};

/// How much may be typed, in bytes, all fields together as they are sent.
pub(crate) const MAX_BYTES: usize = 64 * 1024;
