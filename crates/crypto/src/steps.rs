//! The steps of a verification, for the token console (USR-1): which passed, which failed and why, and
//! which were never reached. They are read off the one verdict that the server itself acts on, so the
//! console cannot say anything else than what happens. No detail ever repeats a value of the token.

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// What it asks for is so.
    Passed,
    /// What it asks for is not so; nothing after it was looked at.
    Failed,
    /// An earlier step failed.
    NotReached,
}

/// One step of a verification.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// What is verified, in a word or two.
    pub name: &'static str,
    /// How it ended.
    pub outcome: StepOutcome,
    /// A sentence: what is so, what is not, or nothing where the step was not reached.
    pub detail: String,
}

/// A step as its verifier plans it.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    /// What is verified, in a word or two; unique in its plan.
    pub name: &'static str,
    /// What is so when it has passed.
    pub passed: &'static str,
}

/// Where a verification stopped.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// The name of the step that failed.
    pub name: &'static str,
    /// What is not so.
    pub detail: String,
}

/// The plan as it was walked: to its end, or until it stopped. Stopped at a step that is not in the plan means that none is sure to have passed.
#[must_use]
pub fn walked(plan: &[Planned], stopped: Option<Stopped>) -> Vec<Step> {
    let end = match &stopped {
        None => plan.len(),
        Some(stopped) => plan.iter().position(|planned| planned.name == stopped.name).unwrap_or(0),
    };
    let why = stopped.map(|stopped| stopped.detail);
    plan.iter()
        .enumerate()
        .map(|(index, planned)| {
            let (outcome, detail) = match &why {
                Some(why) if index == end => (StepOutcome::Failed, why.clone()),
                _ if index < end => (StepOutcome::Passed, planned.passed.to_owned()),
                _ => (StepOutcome::NotReached, String::new()),
            };
            Step { name: planned.name, outcome, detail }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: [Planned; 3] = [
        Planned { name: "form", passed: "It looks right." },
        Planned { name: "signature", passed: "It holds." },
        Planned { name: "subject", passed: "It names a user." },
    ];

    fn outcomes(stopped: Option<&'static str>) -> Vec<StepOutcome> {
        let stopped = stopped.map(|name| Stopped { name, detail: "no".to_owned() });
        walked(&PLAN, stopped).iter().map(|step| step.outcome).collect()
    }

    #[test]
    fn a_walk_passes_until_it_stops_and_reaches_nothing_after() {
        use StepOutcome::{Failed, NotReached, Passed};
        assert_eq!(outcomes(None), [Passed, Passed, Passed]);
        assert_eq!(outcomes(Some("signature")), [Passed, Failed, NotReached]);
        assert_eq!(outcomes(Some("nowhere")), [Failed, NotReached, NotReached]);
    }
}
