//! `procura setup-link` and `procura owner-link`: one-time links on the terminal of the operator, for the first owner and
//! for an owner who lost the password.

use procura_app::{App, onboarding, recovery};
use procura_model::{Error, Reason, Result, ShownOnce};

/// Which link is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// For the first owner.
    SetUp,
    /// For the owner of this address.
    Owner(String),
}

impl Wanted {
    pub(super) fn written(&self) -> &str {
        match self {
            Self::SetUp => "",
            Self::Owner(email) => email.trim(),
        }
    }

    pub(super) fn read(text: &str) -> Self {
        if text.is_empty() { Self::SetUp } else { Self::Owner(text.to_owned()) }
    }

    pub(super) async fn make(&self, app: &App) -> Result<ShownOnce> {
        match self {
            Self::SetUp => onboarding::setup_link(app).await,
            Self::Owner(email) => recovery::owner_link(app, email).await,
        }
    }
}

/// What to do where there is no link.
pub(super) fn next_step(error: &Error) -> &'static str {
    match error.reason() {
        Reason::SetupDone => "If the owner lost the password: procura owner-link EMAIL",
        Reason::NotFound => {
            "Name the address of an owner; others are invited anew by an owner, under Settings."
        }
        reason => reason.fix(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_next_step() {
        assert!(next_step(&Reason::SetupDone.into()).contains("procura owner-link"));
    }
}
