//! Samples of an agent's passport and of the sandbox.

use super::{
    frame::{Frame, Section},
    passports::{PassportBox, PassportScope},
    samples::{ARABIC, LONG, ago, bare, frame},
    sandbox::{Outcome, SandboxPage, SandboxRule},
    words::{Mark, Problems},
};
use crate::sandbox::Typed;
use askama::Template;
use procura_model::Reason;

pub(super) fn passport() -> PassportBox {
    let scope = |mark: Mark, resources: &str| PassportScope {
        mark,
        actions: "purchase.ticket, purchase.*".to_owned(),
        resources: resources.to_owned(),
        requires_approval: true,
        expires: Some(ago(60_000)),
    };
    PassportBox {
        mark: Mark::allowed("Live"),
        made: Some((3, ago(60_000))),
        is_live: true,
        scopes: vec![scope(Mark::allowed("Allow"), "*"), scope(Mark::denied("Block"), LONG)],
        memory_block: "PERMISSIONS OF \"refund-assistant\"".to_owned(),
        task_prompt: "Before you act for me, read these permissions.".to_owned(),
    }
}

fn sandbox(frame: Frame, outcome: Option<Outcome>) -> String {
    let page = SandboxPage {
        frame,
        typed: Typed { permissions: format!("[\"{LONG}\"]"), ask: ARABIC.to_owned(), ..Typed::default() },
        examples: vec![("tickets", "An amount over the limit"), ("refund", "A refund")],
        example: Some("refund"),
        outcome,
    };
    page.render().unwrap()
}

fn outcome() -> Outcome {
    let rule = |mark: Mark, decided: bool| SandboxRule { mark, sentence: "May do pay.".to_owned(), decided };
    Outcome {
        mark: Mark::denied("Denied"),
        code: "AMOUNT_OVER_LIMIT",
        sentence: "The amount 742.00 USD exceeds 500.00 USD per call (permission 1).".to_owned(),
        fix: "Ask for less, or have the limit raised.",
        risk: Some("medium risk"),
        rules: vec![rule(Mark::allowed("Allow"), true), rule(Mark::unknown("Not usable"), false)],
        near: vec![LONG.to_owned()],
    }
}

/// The sandbox of somebody who is signed in.
pub(super) fn sandbox_pages() -> Vec<(&'static str, String)> {
    let mut failed = frame("Sandbox", Section::Policies);
    failed.problems = Problems::of(&Reason::FieldInvalid.because("ask cannot be read as JSON."), "ask");
    vec![
        ("sandbox", sandbox(frame("Sandbox", Section::Policies), Some(outcome()))),
        ("sandbox_wrong", sandbox(failed, None)),
    ]
}

/// The sandbox of somebody who is not.
pub(super) fn open_pages() -> Vec<(&'static str, String)> {
    vec![("sandbox_open", sandbox(bare("Sandbox"), Some(outcome())))]
}
