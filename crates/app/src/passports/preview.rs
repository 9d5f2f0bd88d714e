//! What `verify` would answer, for whoever holds a passport (PAS-2). Nothing is recorded, reserved or asked of a person.
//!
//! The answer says less than `verify` does: the verdict and the table's sentence for its code. The exact sentence names
//! permissions, vendors and amounts, which a passport never shows. A permission that does not hold at all leaves no
//! sign of itself either.

use super::Opened;
use crate::{
    App,
    verify::{self, VerifyAsk},
};
use procura_model::{Ask, Reason, Result, Verdict};

/// What the answer would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previewed {
    /// The three-valued answer.
    pub verdict: Verdict,
    /// Why, as a code; its text in the table says all that a passport may say.
    pub reason: Reason,
}

/// What would be answered to this ask now.
///
/// # Errors
/// A fault.
pub async fn preview(app: &App, opened: &Opened, ask: Ask) -> Result<Previewed> {
    let question = VerifyAsk {
        agent: Some(opened.agent()),
        ask,
        session: None,
        task: None,
        metadata: None,
        retry_key: None,
        receipt: None,
    };
    let decision = verify::explain(app, &opened.ctx, question).await?.decision;
    Ok(Previewed { verdict: decision.verdict, reason: told(decision.reason) })
}

/// A permission that has expired or not begun is as good as none.
const fn told(reason: Reason) -> Reason {
    match reason {
        Reason::PermissionExpired | Reason::PermissionNotYetValid => Reason::NoPermission,
        other => other,
    }
}
