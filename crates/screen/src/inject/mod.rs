//! Screening for prompt injection (SCR-1, SCR-2): normalisation, decoded readings and structural rules; a trained model
//! adds its [`Opinion`] to the same verdict. A [`Scanner`] is built once and shared; a scan has no state.

mod damper;
mod decode;
mod disguise;
mod document;
mod engine;
mod fuse;
mod kinds;
mod layer;
mod markup;
pub mod model;
mod normalise;
mod rules;
mod scanner;

pub use engine::BrokenRule;
pub use fuse::Opinion;
pub use kinds::{Channel, CouldNotScan, Finding, Scan, View};
pub use scanner::{MAX_BYTES, Reading, Scanner};
