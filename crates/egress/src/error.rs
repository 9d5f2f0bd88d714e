//! What can go wrong on the way out. Each error says who failed and whether the request may be
//! sent again without fear that the other side acted on it twice.

use crate::guard::Refused;
use procura_model::Side;
use std::{error::Error as StdError, io, sync::Arc};

/// The breakage underneath, for the log alone.
pub type Cause = Arc<dyn StdError + Send + Sync>;

/// How far an exchange had come when its time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Name, socket or TLS.
    Connect,
    /// The head of the answer.
    Answer,
    /// The body of the answer.
    Body,
}

/// An exchange that did not end in an answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EgressError {
    /// We said no.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// The name has no address, or could not be asked.
    #[error("The name of the host could not be resolved.")]
    Dns(#[source] Option<Cause>),
    /// No judged address took the connection.
    #[error("No connection could be opened.")]
    Connect(#[source] Cause),
    /// The peer did not prove to be the host.
    #[error("The TLS connection could not be set up.")]
    Tls(#[source] Cause),
    /// Too slow.
    #[error("The other side did not answer in time.")]
    Timeout(Stage),
    /// The answer's body is larger than allowed.
    #[error("The answer is larger than {max_bytes} bytes.")]
    TooLarge {
        /// The cap.
        max_bytes: usize,
    },
    /// The connection was closed before the request was written.
    #[error("The connection was closed before the request was sent.")]
    Closed(#[source] Cause),
    /// What came back is not HTTP, or ended in the middle.
    #[error("The answer is not valid HTTP or ended early.")]
    Protocol(#[source] Cause),
}

impl EgressError {
    /// The stable code, for records and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.code(),
            Self::Dns(_) => "no_address",
            Self::Connect(_) => "connect_failed",
            Self::Tls(_) => "tls_failed",
            Self::Timeout(_) => "timeout",
            Self::TooLarge { .. } => "too_large",
            Self::Closed(_) => "closed",
            Self::Protocol(_) => "protocol_error",
        }
    }

    /// Who failed: we, where we said no; else the other side.
    #[must_use]
    pub fn side(&self) -> Side {
        match self {
            Self::Refused(_) => Side::Us,
            Self::Dns(_)
            | Self::Connect(_)
            | Self::Tls(_)
            | Self::Timeout(_)
            | Self::TooLarge { .. }
            | Self::Closed(_)
            | Self::Protocol(_) => Side::Upstream,
        }
    }

    /// Whether the request certainly never reached the other side, and another try may help.
    #[must_use]
    pub fn is_retry_safe(&self) -> bool {
        match self {
            Self::Dns(_)
            | Self::Connect(_)
            | Self::Tls(_)
            | Self::Timeout(Stage::Connect)
            | Self::Closed(_) => true,
            Self::Refused(_) | Self::Timeout(_) | Self::TooLarge { .. } | Self::Protocol(_) => false,
        }
    }

    pub(crate) fn dns(error: io::Error) -> Self {
        Self::Dns(Some(Arc::new(error)))
    }

    pub(crate) fn connect(error: io::Error) -> Self {
        Self::Connect(Arc::new(error))
    }

    pub(crate) fn tls(error: io::Error) -> Self {
        Self::Tls(Arc::new(error))
    }

    /// Finds our own error where the pooled client wrapped it, and else tells from hyper's error
    /// whether the request had left.
    pub(crate) fn within(error: impl StdError + Send + Sync + 'static) -> Self {
        let mut link: Option<&(dyn StdError + 'static)> = Some(&error);
        while let Some(current) = link {
            if let Some(own) = current.downcast_ref::<Self>() {
                return own.clone();
            }
            if current.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled) {
                return Self::Closed(Arc::new(error));
            }
            link = current.source();
        }
        Self::Protocol(Arc::new(error))
    }
}
