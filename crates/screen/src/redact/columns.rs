//! Secrets under a column name: the header of a CSV table and the column list of an SQL insert. The value stands far from
//! its name, so the column is counted.

use std::ops::Range;

use super::Hit;
use super::class::{Shape, is_placeholder};
use super::name::Strength;
use super::value::{Name, is_password};

/// Lines of a table that are looked at below its header.
const MOST_LINES: usize = 2_000;

/// How many columns of one table are looked at.
const MOST_COLUMNS: usize = 32;

/// The table that was met last. Each line is looked at once for being a header, and what stands below a header is no
/// header itself: the work is bounded by the text, not by the names in it.
#[derive(Debug, Default)]
pub(crate) struct Table {
    line: Range<usize>,
    is_header: bool,
    columns: usize,
    until: usize,
}

impl Table {
    /// Goes on to the line around `from..to`, which never stands before the last one; false within the rows of a table.
    fn go_to(&mut self, text: &str, from: usize, to: usize) -> bool {
        if self.line.contains(&from) {
            return true;
        }
        if from < self.until || from < self.line.end {
            return false;
        }
        let before = text.get(self.line.end..from).and_then(|before| before.rfind('\n'));
        let start = before.map_or(self.line.end, |at| self.line.end + at + 1);
        let end = text.get(to..).and_then(|after| after.find('\n')).map_or(text.len(), |at| to + at);
        let header = text.get(start..end).unwrap_or_default();
        self.is_header = header.contains(',')
            && header.bytes().all(|byte| byte.is_ascii_alphanumeric() || b",_-\"\r. ".contains(&byte));
        (self.line, self.columns) = (start..end, 0);
        true
    }
}

/// The cells below the header cell at `from..to`, if the line around it is the header of a table.
pub(crate) fn csv(text: &str, Name { from, to, strength }: Name, table: &mut Table, hits: &mut Vec<Hit>) {
    let bytes = text.as_bytes();
    let edge = |at: Option<&u8>| at.is_none_or(|byte| b",\"\r\n".contains(byte));
    if !edge(from.checked_sub(1).and_then(|at| bytes.get(at))) || !edge(bytes.get(to)) {
        return;
    }
    if !table.go_to(text, from, to) || !table.is_header || table.columns >= MOST_COLUMNS {
        return;
    }
    let Some(header) = text.get(table.line.clone()) else { return };
    table.columns += 1;
    let column = header.get(..from - table.line.start).map_or(0, commas);
    let width = commas(header);
    let mut at = table.line.end + 1;
    for line in text.get(at..).unwrap_or_default().split('\n').take(MOST_LINES) {
        if commas(line) < width {
            return;
        }
        push_cell(line, at, column, strength, hits);
        at += line.len() + 1;
        table.until = table.until.max(at);
    }
}

fn commas(line: &str) -> usize {
    memchr::memchr_iter(b',', line.as_bytes()).count()
}

fn push_cell(line: &str, line_start: usize, column: usize, strength: Strength, hits: &mut Vec<Hit>) {
    let mut edges = memchr::memchr_iter(b',', line.as_bytes());
    let start = match column.checked_sub(1) {
        Some(before) => edges.nth(before).map_or(line.len(), |comma| comma + 1),
        None => 0,
    };
    let Some(cell) = line.get(start..edges.next().unwrap_or(line.len())) else { return };
    let is_frame = |letter: char| letter == '"' || letter == '\'' || letter.is_whitespace();
    let bare = cell.trim_start_matches(is_frame);
    let offset = cell.len() - bare.len();
    push_if_secret(bare.trim_end_matches(is_frame), line_start + start + offset, strength, hits);
}

/// The bracket that was met last before a name, so that no stretch is searched for it again.
#[derive(Debug, Default)]
pub(crate) struct Brackets {
    read: usize,
    last: Option<usize>,
}

impl Brackets {
    /// The last `(` before `from`, which never stands before the last one.
    fn before(&mut self, text: &str, from: usize) -> Option<usize> {
        let between = text.get(self.read..from).unwrap_or_default();
        let found = memchr::memrchr(b'(', between.as_bytes()).map(|at| self.read + at);
        self.last = found.or(self.last);
        self.read = self.read.max(from);
        self.last
    }
}

/// How far before a name the list of its columns begins, and how far after it the values end, in bytes.
const INSERT_REACH: (usize, usize) = (512, 4096);

/// The quoted value of the column at `from..to` in `(a, b) VALUES ('x', 'y')`.
pub(crate) fn sql(
    text: &str,
    Name { from, to, strength }: Name,
    brackets: &mut Brackets,
    hits: &mut Vec<Hit>,
) {
    let window_start = crate::offsets::floor_boundary(text, from.saturating_sub(INSERT_REACH.0));
    let Some(open) = brackets.before(text, from).filter(|open| *open >= window_start) else { return };
    let window_end = crate::offsets::floor_boundary(text, to + INSERT_REACH.1);
    let (Some(before), Some(after)) = (text.get(open..from), text.get(to..window_end)) else { return };
    let find = |from: usize, byte| {
        let rest = after.as_bytes().get(from..)?;
        memchr::memchr(byte, rest).map(|found| from + found)
    };
    let closed = find(0, b')').filter(|close| is_values_clause(after.get(close + 1..).unwrap_or_default()));
    let Some(list) = closed.and_then(|close| find(close, b'(')) else { return };
    let column = commas(before);
    let Some(cell) = (0..column).try_fold(list + 1, |at, _| find(at, b',').map(|comma| comma + 1)) else {
        return;
    };
    let rest = after.get(cell..).unwrap_or_default();
    let bare = rest.trim_start().trim_start_matches('\'');
    let start = after.len() - bare.len();
    // A cell without a closing quote is none.
    let end =
        memchr::memchr2(b'\'', b',', bare.as_bytes()).filter(|end| bare.as_bytes().get(*end) == Some(&b'\''));
    let value = end.and_then(|end| bare.get(..end)).unwrap_or_default();
    push_if_secret(value, to + start, strength, hits);
}

fn is_values_clause(after: &str) -> bool {
    after.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("values"))
}

fn push_if_secret(value: &str, start: usize, strength: Strength, hits: &mut Vec<Hit>) {
    let is_random = value.len() >= 12 && Shape::of(value.as_bytes()).is_random();
    let is_hidden = || strength == Strength::Password && is_password(value);
    if (is_random || is_hidden()) && !is_placeholder(value) && !value.contains("://") {
        hits.push(Hit { start, end: start + value.len(), kind: "secret" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cells_below_a_secret_column_are_found() {
        let text = "id,name,apiKey,updated\n1,a,kF9hRTQp8u7TPHAe2D,x\n2,b,,y\n3,c,\"9hRTQp8u7TPHAe2DkF\",z\n";
        let mut hits = Vec::new();
        csv(text, Name { from: 8, to: 14, strength: Strength::Key }, &mut Table::default(), &mut hits);
        let found: Vec<_> = hits.iter().map(|hit| text.get(hit.start..hit.end).unwrap()).collect();
        assert_eq!(found, ["kF9hRTQp8u7TPHAe2D", "9hRTQp8u7TPHAe2DkF"]);
    }

    #[test]
    fn the_value_of_a_secret_column_of_an_insert_is_found() {
        let text = "INSERT INTO t (id, kind, api_key) VALUES ('1', 'crm', 'kF9hRTQp8u7TPHAe2D');";
        let from = text.find("api_key").unwrap();
        let mut hits = Vec::new();
        sql(text, Name { from, to: from + 7, strength: Strength::Key }, &mut Brackets::default(), &mut hits);
        assert_eq!(hits.first().and_then(|hit| text.get(hit.start..hit.end)), Some("kF9hRTQp8u7TPHAe2D"));
    }
}
