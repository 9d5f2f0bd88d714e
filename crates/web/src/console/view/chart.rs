//! Calls per hour as one SVG: the server draws it, so it needs no script, and the numbers stand in
//! a table behind it.

use procura_model::Time;
use std::fmt::Write as _;

/// What happened in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) at: Time,
    pub(crate) allowed: u64,
    pub(crate) denied: u64,
    pub(crate) waiting: u64,
}

impl Bar {
    pub(crate) fn total(&self) -> u64 {
        self.allowed + self.denied + self.waiting
    }

    /// The hour in UTC, as `14:00`.
    pub(crate) fn hour(&self) -> String {
        self.at.to_string().get(11..16).unwrap_or_default().to_owned()
    }

    /// The day in UTC, as `2026-11-22`.
    pub(crate) fn day(&self) -> String {
        self.at.to_string().get(..10).unwrap_or_default().to_owned()
    }
}

/// The hours of a chart, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chart(pub(crate) Vec<Bar>);

const WIDTH: u64 = 960;
const HEIGHT: u64 = 148;
const LEFT: u64 = 44;
const TOP: u64 = 8;
const PLOT: u64 = 112;

impl Chart {
    /// Whether anything happened at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|bar| bar.total() == 0)
    }

    /// What the chart says in one sentence, for those who do not see it.
    pub(crate) fn sentence(&self) -> String {
        let sum = |of: fn(&Bar) -> u64| self.0.iter().map(of).sum::<u64>();
        format!(
            "In the last {} hours: {} allowed, {} denied, {} waiting for approval.",
            self.0.len(),
            sum(|bar| bar.allowed),
            sum(|bar| bar.denied),
            sum(|bar| bar.waiting)
        )
    }

    /// The drawing. Nothing foreign is in it: numbers and times alone.
    pub(crate) fn svg(&self) -> String {
        let top = ceiling(self.0.iter().map(Bar::total).max().unwrap_or(0));
        let mut out = format!(
            r#"<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="chart-says"><title id="chart-says">{}</title>"#,
            self.sentence()
        );
        for part in 0..=2_u64 {
            let y = TOP + PLOT - PLOT * part / 2;
            let label = top * part / 2;
            let _ = write!(
                out,
                r#"<line x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}"/><text x="{}" y="{}" text-anchor="end">{label}</text>"#,
                LEFT - 8,
                y + 4
            );
        }
        let count = u64::try_from(self.0.len()).unwrap_or(1).max(1);
        let step = (WIDTH - LEFT) / count;
        for (index, bar) in (0_u64..).zip(&self.0) {
            self.column(&mut out, bar, LEFT + index * step, Scale { step, top });
            if index % 6 == 0 {
                let (x, y) = (LEFT + index * step + step / 2, TOP + PLOT + 18);
                let _ = write!(out, r#"<text x="{x}" y="{y}" text-anchor="middle">{}</text>"#, bar.hour());
            }
        }
        out.push_str("</svg>");
        out
    }

    fn column(&self, out: &mut String, bar: &Bar, x: u64, scale: Scale) {
        let width = (scale.step * 2 / 3).max(2);
        let left = x + (scale.step - width.min(scale.step)) / 2;
        let mut base = TOP + PLOT;
        let _ = write!(
            out,
            "<g><title>{} {} UTC: {} allowed, {} denied, {} waiting</title>",
            bar.day(),
            bar.hour(),
            bar.allowed,
            bar.denied,
            bar.waiting
        );
        for (tone, value) in [("allowed", bar.allowed), ("denied", bar.denied), ("waiting", bar.waiting)] {
            if value == 0 {
                continue;
            }
            let height = (PLOT * value / scale.top.max(1)).max(2);
            base = base.saturating_sub(height);
            let _ = write!(
                out,
                r#"<rect class="{tone}" x="{left}" y="{base}" width="{width}" height="{height}"/>"#
            );
        }
        out.push_str("</g>");
    }
}

#[derive(Clone, Copy)]
struct Scale {
    step: u64,
    top: u64,
}

/// The round number at the top of the axis.
fn ceiling(most: u64) -> u64 {
    let mut unit = 1;
    loop {
        for top in [2 * unit, 4 * unit, 6 * unit, 8 * unit, 10 * unit] {
            if top >= most {
                return top;
            }
        }
        unit *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_round_number_with_a_whole_half() {
        for (most, top) in [(0, 2), (3, 4), (5, 6), (7, 8), (11, 20), (99, 100), (401, 600)] {
            assert_eq!(ceiling(most), top, "{most}");
        }
    }

    #[test]
    fn no_column_leaves_the_plot() {
        let bar = Bar { at: Time::from_ms(0), allowed: 990, denied: 1, waiting: 1 };
        let svg = Chart(vec![bar; 24]).svg();
        assert!(svg.contains("00:00") && !svg.contains("style="), "{svg}");
    }
}
