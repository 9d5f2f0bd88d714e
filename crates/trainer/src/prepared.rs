//! Records with their features: every reading in parts, and in windows where the text comes from outside.

use procura_screen::inject::model::{Features, Half, Scratch, Side, Unit};
use procura_screen::inject::{Reading, Scanner, View};

use crate::corpus::Record;

/// The features of one reading.
pub(crate) struct Read {
    /// The whole, in parts of bounded length.
    pub(crate) parts: Vec<Features>,
    /// Neighbouring sentences.
    pub(crate) windows: Vec<Features>,
}

/// A record ready to be learned from and judged.
pub(crate) struct Prepared {
    /// The number of the record.
    pub(crate) record: usize,
    /// The number of its group.
    pub(crate) group: usize,
    /// The fold in which its group is held out.
    pub(crate) fold: usize,
    /// Whether it is an attack.
    pub(crate) attack: bool,
    /// Where it stands.
    pub(crate) side: Side,
    /// Whether it is counted; contradictory records are not.
    pub(crate) counts: bool,
    /// Whether the rules alone block it.
    pub(crate) blocked: bool,
    /// Whether it is long enough that only windows say what in it is an attack.
    pub(crate) long: bool,
    /// Its readings.
    pub(crate) readings: Vec<Read>,
    /// The reading that is learned from.
    pub(crate) lesson: usize,
}

/// Records and the names of their groups.
pub(crate) struct Lessons {
    /// The records.
    pub(crate) all: Vec<Prepared>,
    /// The groups, by number.
    pub(crate) groups: Vec<String>,
}

impl Lessons {
    /// Prepares the records, saying how far it is.
    pub(crate) fn new(records: &[Record], scanner: &Scanner, progress: impl Fn(usize, usize)) -> Self {
        let mut groups: Vec<String> = records.iter().map(Record::group).collect();
        groups.sort();
        groups.dedup();
        let mut scratch = Scratch::default();
        let mut all = Vec::with_capacity(records.len());
        for (number, record) in records.iter().enumerate() {
            if number % 1_000 == 0 {
                progress(number, records.len());
            }
            let group = groups.binary_search(&record.group()).unwrap_or(0);
            all.extend(prepare((number, record), group, scanner, &mut scratch));
        }
        Self { all, groups }
    }
}

/// None where the scanner refuses the text: nothing is learned from what is never judged.
fn prepare(
    (number, record): (usize, &Record),
    group: usize,
    scanner: &Scanner,
    scratch: &mut Scratch,
) -> Option<Prepared> {
    let readings = scanner.readings(&record.text, record.channel).ok()?;
    let side = record.side();
    let lesson = if record.is_disguised() { decoded(&readings) } else { 0 };
    let read = |reading: &Reading| {
        let parsed = scanner.parse(reading);
        let parts = parsed.parts().into_iter().map(|part| parsed.features(part, side, scratch)).collect();
        let windows = if side == Side::Outside {
            parsed.windows().into_iter().map(|window| parsed.features(window, side, scratch)).collect()
        } else {
            Vec::new()
        };
        Read { parts, windows }
    };
    Some(Prepared {
        record: number,
        group,
        fold: crate::corpus::fold(&record.group()),
        attack: record.is_attack(),
        side,
        counts: !record.contradicts(),
        blocked: scanner.scan(&record.text, record.channel).blocks(),
        long: record.text.len() >= 300,
        readings: readings.iter().map(read).collect(),
        lesson,
    })
}

/// The reading in which a disguise was seen through: the one with most matches of rules.
fn decoded(readings: &[Reading]) -> usize {
    let decoded = readings.iter().enumerate().filter(|(_, reading)| reading.view != View::Plain);
    let best = decoded.max_by_key(|(number, reading)| (reading.hits(), usize::MAX - number));
    best.filter(|(_, reading)| reading.hits() > 0).map_or(0, |(number, _)| number)
}

impl Prepared {
    /// The features of the whole text that is learned from.
    pub(crate) fn whole(&self) -> impl Iterator<Item = &Features> {
        self.readings.get(self.lesson).into_iter().flat_map(|read| &read.parts)
    }

    /// The features of the windows that are learned from.
    pub(crate) fn windows(&self) -> impl Iterator<Item = &Features> {
        self.readings.get(self.lesson).into_iter().flat_map(|read| &read.windows)
    }

    /// The score of the gravest reading, as the server finds it.
    pub(crate) fn score(&self, half: &Half) -> f32 {
        let gravest = |features: &[Features], unit| {
            features.iter().map(|one| half.score(one, unit)).fold(f32::NEG_INFINITY, f32::max)
        };
        let windowed = half.members.iter().any(|member| member.unit == Unit::Window);
        let judged = self.readings.iter().map(|read| {
            let whole = gravest(&read.parts, Unit::Text);
            if windowed && !read.windows.is_empty() {
                whole + gravest(&read.windows, Unit::Window)
            } else {
                whole
            }
        });
        judged.fold(f32::NEG_INFINITY, f32::max)
    }
}
