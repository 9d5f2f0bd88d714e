//! What a policy would have said of the past: the draft, what was found, and what permissions in shadow would have
//! changed.

use super::{
    drawer::ApiCall,
    frame::Frame,
    words::{Id, Mark, When},
};
use askama::Template;

/// The page.
#[derive(Template)]
#[template(path = "simulation.html")]
pub(crate) struct SimulationPage {
    pub(crate) frame: Frame,
    /// Id and name.
    pub(crate) agents: Vec<(String, String)>,
    pub(crate) form: SimulationForm,
    pub(crate) found: Option<Findings>,
    pub(crate) shadows: Vec<ShadowRow>,
    /// Whether any permission is in shadow.
    pub(crate) has_shadows: bool,
    pub(crate) calls: Vec<ApiCall>,
}

/// What was chosen and typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct SimulationForm {
    pub(crate) agent: String,
    pub(crate) permissions: String,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// What was found, sent alone to a page that waits for it.
#[derive(Clone, Debug, Template)]
#[template(path = "simulation_alone.html")]
pub(crate) struct Found {
    pub(crate) found: Findings,
}

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Findings {
    pub(crate) rows: u64,
    pub(crate) replayed: u64,
    pub(crate) changed: u64,
    pub(crate) is_complete: bool,
    /// From what to what, and how often; the order of concern.
    pub(crate) counts: Vec<(Mark, Mark, u64)>,
    /// Why, and how often.
    pub(crate) left_out: Vec<(String, u64)>,
    pub(crate) flips: Vec<FlipRow>,
}

impl Findings {
    /// The heading.
    pub(crate) fn head(&self) -> String {
        match self.changed {
            0 => "No answer would change".to_owned(),
            1 => "1 answer would change".to_owned(),
            changed => format!("{changed} answers would change"),
        }
    }

    /// What stands below it.
    pub(crate) fn said(&self) -> String {
        let decisions =
            |count: u64| if count == 1 { "1 decision".to_owned() } else { format!("{count} decisions") };
        let same = self.replayed - self.changed;
        match (self.rows, self.rows - self.replayed) {
            (0, _) => "Nothing was decided in this time.".to_owned(),
            (_, 0) => format!("Of {} asked again, {same} have the same answer.", decisions(self.replayed)),
            (rows, left) => format!(
                "Of {}, {} could be asked again and {same} of them have the same answer. {left} could not.",
                decisions(rows),
                self.replayed
            ),
        }
    }
}

/// A decision that would be another one.
#[derive(Clone, Debug)]
pub(crate) struct FlipRow {
    pub(crate) request: Id,
    pub(crate) was: Mark,
    pub(crate) would: Mark,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) sentence: String,
    pub(crate) at: When,
}

/// What one permission in shadow would have changed.
#[derive(Clone, Debug)]
pub(crate) struct ShadowRow {
    pub(crate) permission: Option<Id>,
    pub(crate) agent: (Id, String),
    pub(crate) flips: [u64; 4],
}

impl ShadowRow {
    /// What is counted, and how often.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        const LABELS: [&str; 4] =
            ["Denied → allowed", "Allowed → denied", "Would ask a person", "Would ask nobody"];
        LABELS.into_iter().zip(self.flips)
    }
}
