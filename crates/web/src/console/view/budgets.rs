//! Budgets: what is spent, held and left as bars that the server draws, with the numbers in a table behind them.

use super::{
    drawer::ApiCall,
    frame::Frame,
    policies::PermissionForm,
    words::{Id, Mark, When},
};
use askama::Template;
use std::fmt::Write as _;

/// How much of a limit is spent and held, as a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meter {
    /// The limit.
    pub(crate) limit: i64,
    /// Spent of it.
    pub(crate) spent: i64,
    /// Held of it.
    pub(crate) held: i64,
}

const WIDTH: i64 = 240;
const HEIGHT: i64 = 10;

impl Meter {
    /// Spent and held in hundredths of the limit, never more than the whole.
    fn parts(self) -> (i64, i64) {
        let part = |units: i64| {
            let whole = i128::from(self.limit.max(1));
            let width = (i128::from(units.max(0)) * i128::from(WIDTH) + whole - 1) / whole;
            i64::try_from(width).unwrap_or(WIDTH).min(WIDTH)
        };
        let spent = part(self.spent);
        (spent, part(self.held).min(WIDTH - spent))
    }

    /// The drawing. Nothing foreign is in it: numbers alone, and classes that carry the colours.
    pub(crate) fn svg(&self) -> String {
        let (spent, held) = self.parts();
        let mut out = format!(
            r#"<svg class="meter" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true"><rect class="left" x="0" y="0" width="{WIDTH}" height="{HEIGHT}"/>"#
        );
        for (class, x, width) in [("spent", 0, spent), ("held", spent, held)] {
            if width > 0 {
                let _ =
                    write!(out, r#"<rect class="{class}" x="{x}" y="0" width="{width}" height="{HEIGHT}"/>"#);
            }
        }
        out.push_str("</svg>");
        out
    }
}

/// One line of a limit: of an amount or of calls, as a whole or of one agent or user.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Whose, where each is counted for itself.
    pub(crate) of: Option<String>,
    pub(crate) meter: Meter,
    pub(crate) limit: String,
    pub(crate) spent: String,
    pub(crate) held: String,
    pub(crate) left: String,
}

impl Line {
    /// What the bar says, for those who do not see it.
    pub(crate) fn sentence(&self) -> String {
        format!("{} spent, {} held, {} left of {}", self.spent, self.held, self.left, self.limit)
    }
}

/// A budget, or the window of a permission, with its lines.
#[derive(Clone, Debug)]
pub(crate) struct LimitRow {
    /// Where it is changed.
    pub(crate) href: String,
    pub(crate) name: String,
    /// Whose spending, on what, within what time.
    pub(crate) says: String,
    pub(crate) lines: Vec<Line>,
}

/// A reservation in the list.
#[derive(Clone, Debug)]
pub(crate) struct ReservationRow {
    pub(crate) id: Id,
    pub(crate) mark: Mark,
    /// Late, over.
    pub(crate) flags: Vec<&'static str>,
    pub(crate) agent: (Id, String),
    pub(crate) action: String,
    pub(crate) request: Id,
    pub(crate) held: String,
    pub(crate) amount: String,
    pub(crate) taken: When,
    pub(crate) due: When,
    /// Whether it can be settled by hand.
    pub(crate) is_open: bool,
}

/// All budgets.
#[derive(Template)]
#[template(path = "budgets.html")]
pub(crate) struct BudgetsPage {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<LimitRow>,
    pub(crate) reservations: Vec<ReservationRow>,
    pub(crate) calls: Vec<ApiCall>,
}

/// A budget as its form has it: everything as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct BudgetForm {
    pub(crate) name: String,
    /// `organization`, `eachAgent`, `eachUser`, `agent` or `user`.
    pub(crate) of: String,
    pub(crate) agent: String,
    pub(crate) user: String,
    pub(crate) actions: String,
    /// The window, read as a permission's.
    pub(crate) window: PermissionForm,
}

/// One budget, new or old.
#[derive(Template)]
#[template(path = "budget.html")]
pub(crate) struct BudgetPage {
    pub(crate) frame: Frame,
    /// The budget, where it exists already.
    pub(crate) id: Option<Id>,
    /// Where the form goes.
    pub(crate) action: String,
    pub(crate) form: BudgetForm,
    /// The agents to choose from.
    pub(crate) agents: Vec<(String, String)>,
    /// What stands of it.
    pub(crate) lines: Vec<Line>,
    pub(crate) calls: Vec<ApiCall>,
}

/// The reservations.
#[derive(Template)]
#[template(path = "reservations.html")]
pub(crate) struct ReservationsPage {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<ReservationRow>,
    /// Only those in this state; empty for all.
    pub(crate) state: String,
    pub(crate) newest: Option<String>,
    pub(crate) older: Option<String>,
    pub(crate) calls: Vec<ApiCall>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_never_leaves_its_frame_and_shows_the_least_spending() {
        let parts = |limit, spent, held| Meter { limit, spent, held }.parts();
        assert_eq!(parts(100, 0, 0), (0, 0));
        assert_eq!(parts(100, 50, 25), (120, 60));
        assert_eq!(parts(1_000_000, 1, 0), (1, 0), "a little is something");
        assert_eq!(parts(100, 150, 50), (240, 0), "overrun fills it");
        assert_eq!(parts(100, 90, 50), (216, 24));
        assert_eq!(parts(0, 0, 0), (0, 0));
        assert_eq!(parts(i64::MAX, i64::MAX, i64::MAX), (240, 0));
        let svg = Meter { limit: 100, spent: 50, held: 25 }.svg();
        assert!(svg.contains(r#"class="held" x="120" y="0" width="60""#), "{svg}");
    }
}
