//! Two kinds of no. A [`Refusal`] is a value: we decided against it, and may say why. A [`Fault`]
//! is a breakage: its chain goes to the log under the request's id, never to the wire.

use crate::reason::Reason;
use std::{borrow::Cow, error::Error as StdError, fmt};

/// What a function of the house returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A refusal or a fault.
#[derive(Debug)]
pub enum Error {
    /// We said no.
    Refused(Refusal),
    /// Something broke.
    Fault(Box<Fault>),
}

/// A no that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The row of the table.
    pub reason: Reason,
    /// A more exact sentence than the table's; safe to show, never made of secret or foreign input.
    pub detail: Option<Cow<'static, str>>,
    /// Seconds to wait before the next try, where waiting helps.
    pub retry_after_seconds: Option<u64>,
}

/// Who failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one who called us.
    Caller,
    /// The one whom we called.
    Upstream,
    /// We.
    Us,
}

/// Something broke while we were `doing` a thing.
pub struct Fault {
    /// What was being done, as the end of "could not ...".
    pub doing: &'static str,
    /// Who failed.
    pub side: Side,
    /// What the caller is told: `INTERNAL`, `UNAVAILABLE` or `RECORD_UNAVAILABLE`.
    pub reason: Reason,
    source: Box<dyn StdError + Send + Sync>,
}

impl Fault {
    /// The breakage underneath, for the log alone.
    #[must_use]
    pub fn source(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.source
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.doing, self.source)?;
        let mut next = self.source.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

impl Error {
    /// The reason that the caller is told.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Refused(refusal) => refusal.reason,
            Self::Fault(fault) => fault.reason,
        }
    }

    /// The sentence that the caller is told.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::Refused(refusal) => refusal.sentence(),
            Self::Fault(fault) => fault.reason.text(),
        }
    }

    /// A breakage on our side.
    pub fn fault(doing: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Fault(Box::new(Fault {
            doing,
            side: Side::Us,
            reason: Reason::Internal,
            source: source.into(),
        }))
    }

    /// A part that must answer does not.
    pub fn unavailable(doing: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Fault(Box::new(Fault {
            doing,
            side: Side::Us,
            reason: Reason::Unavailable,
            source: source.into(),
        }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason().code(), self.sentence())
    }
}

impl StdError for Error {}

impl Refusal {
    /// A refusal with the table's sentence.
    #[must_use]
    pub const fn new(reason: Reason) -> Self {
        Self { reason, detail: None, retry_after_seconds: None }
    }

    /// The exact sentence, or the table's.
    #[must_use]
    pub fn sentence(&self) -> &str {
        self.detail.as_deref().unwrap_or(self.reason.text())
    }
}

impl Reason {
    /// This reason as an error with a more exact sentence.
    pub fn because(self, detail: impl Into<Cow<'static, str>>) -> Error {
        Error::Refused(Refusal { reason: self, detail: Some(detail.into()), retry_after_seconds: None })
    }
}

impl From<Reason> for Error {
    fn from(reason: Reason) -> Self {
        Self::Refused(Refusal::new(reason))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Says what was being done when a foreign error came up.
pub trait Doing<T> {
    /// Turns the error into a fault of ours.
    ///
    /// # Errors
    /// The same error, as a fault.
    fn doing(self, doing: &'static str) -> Result<T>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> Doing<T> for std::result::Result<T, E> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|error| Error::fault(doing, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_nothing_of_itself_to_the_caller() {
        let error = Error::fault("open the row", "password=hunter2");
        assert_eq!(error.sentence(), Reason::Internal.text());
        assert_eq!(error.to_string(), format!("INTERNAL: {}", Reason::Internal.text()));
        assert!(format!("{error:?}").contains("could not open the row"));
    }

    #[test]
    fn a_refusal_prefers_its_own_sentence() {
        assert_eq!(Reason::NotFound.because("There is no such agent.").sentence(), "There is no such agent.");
        assert_eq!(Error::from(Reason::NotFound).sentence(), Reason::NotFound.text());
    }
}
