//! What must not reach a model (RED-1). A text is looked at whole, before anything is cut off it. One pass finds every
//! landmark (prefixes, telling names, `://`, `-----BEGIN `), and only what stands at a landmark is looked at closely; a
//! second, skipping pass finds long runs. Both passes are linear, whatever the text says.

mod class;
mod columns;
mod curl;
mod custom;
mod cut;
mod fold;
mod formats;
mod json;
mod kubernetes;
mod name;
mod ordinary;
mod place;
mod redactor;
mod runs;
mod samples;
mod stream;
mod token;
mod value;

pub use custom::{
    Custom, LEAST_MB_PER_SECOND, MAX_ALLOWED, MAX_NAME_BYTES, MAX_PATTERN_BYTES, MAX_RULES,
    MOST_MB_PER_SECOND, Rule, RuleError, Trial,
};
pub use cut::{OPERATOR_RULE, Redacted, Span};
pub use json::NotJsonText;
pub use redactor::{Redactor, without_tokens};
pub use stream::{HOLD_BYTES, Stream};

pub(crate) use fold::read_at;

use cut::Hit;

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
