//! Why an action may not be done.

use crate::{
    AskError, ReceiptError,
    wire::{self, VerifyAnswer},
};
use std::fmt;

/// The action may not be done. Whoever has one of these did nothing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The answer is no.
    Denied(Box<VerifyAnswer>),
    /// A person must approve this exact action first; ask the same again afterwards.
    ApprovalRequired(Box<VerifyAnswer>),
    /// The server refused the request itself: the key, a field, a state.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said; `fix` says what to do next.
        body: Box<wire::Error>,
    },
    /// There is no answer that can be relied on.
    Unavailable(Unavailable),
    /// It cannot be asked.
    Ask(AskError),
    /// A setting, or an id, is not what it must be; the text says which.
    Setting(&'static str),
}

/// Why there is no answer that can be relied on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unavailable {
    /// It did not come within the deadline.
    Timeout,
    /// The server cannot be reached, or broke off; the text says how.
    Unreachable(String),
    /// What came with this status is none that Procura gives.
    Malformed(u16),
    /// It is not signed as it must be.
    Unsigned(ReceiptError),
}

impl Error {
    /// Why, for programs: the server's code, or `TIMEOUT`, `UNREACHABLE`, `MALFORMED`, `UNSIGNED`, `INVALID`.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Denied(answer) | Self::ApprovalRequired(answer) => answer.code.as_str(),
            Self::Refused { body, .. } => &body.code,
            Self::Unavailable(Unavailable::Timeout) => "TIMEOUT",
            Self::Unavailable(Unavailable::Unreachable(_)) => "UNREACHABLE",
            Self::Unavailable(Unavailable::Malformed(_)) => "MALFORMED",
            Self::Unavailable(Unavailable::Unsigned(_)) => "UNSIGNED",
            Self::Ask(_) | Self::Setting(_) => "INVALID",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(answer) | Self::ApprovalRequired(answer) => f.write_str(&answer.reason),
            Self::Refused { body, .. } => f.write_str(&body.error),
            Self::Unavailable(why) => why.fmt(f),
            Self::Ask(error) => error.fmt(f),
            Self::Setting(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no answer within the deadline"),
            Self::Unreachable(how) => write!(f, "the server cannot be reached, or broke off: {how}"),
            Self::Malformed(status) => write!(f, "the answer (status {status}) is none that Procura gives"),
            Self::Unsigned(error) => write!(f, "the answer is not signed as it must be: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<AskError> for Error {
    fn from(error: AskError) -> Self {
        Self::Ask(error)
    }
}

impl From<Unavailable> for Error {
    fn from(why: Unavailable) -> Self {
        Self::Unavailable(why)
    }
}

/// How a guarded function failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure<E> {
    /// It did nothing: what was reserved for it is released.
    NothingDone(E),
    /// Whether it did something is not known: what was reserved stays held.
    Unknown(E),
}

impl<E> From<E> for Failure<E> {
    fn from(error: E) -> Self {
        Self::Unknown(error)
    }
}

/// Why there is no result of a guarded function.
#[derive(Clone, Debug, PartialEq)]
pub enum GuardError<E> {
    /// It was not called.
    NotAllowed(Error),
    /// It was called, and failed.
    Failed {
        /// How.
        error: E,
        /// What became of the reservation.
        settlement: Settlement,
    },
}

impl<E: fmt::Display> fmt::Display for GuardError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed(error) => error.fmt(f),
            Self::Failed { error, .. } => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for GuardError<E> {}

/// What became of what was reserved.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Settlement {
    /// Nothing was reserved.
    Nothing,
    /// It was committed or released.
    Settled(Box<wire::Reservation>),
    /// It stays held, as nobody knows whether the function did something.
    Held,
    /// It stays held, because settling it failed.
    Unsettled(Box<Error>),
}
