//! What tells who a user is, taken out of what is recorded (USR-7). What is decided here: where a value of the
//! verified user stands in a text or a document, and the mark that takes its place.
//!
//! * A whole text or number that equals a value is replaced, however short it is; inside a longer text a value is
//!   found from [`LEAST_INSIDE`] characters on, because shorter ones stand in every text.
//! * A value that is one plain word, such as a first name or a role, is found inside a text where a word stands alone, and
//!   not as part of another.
//! * The name of a member is what a policy speaks of: it is replaced where it equals a value that tells who somebody is,
//!   and loses values that are no plain words (an e-mail, a number). A role that is one word tells what somebody is, as many
//!   are, and stays where it is a name.
//! * Equal means equal to a reader: case, marks and full-width letters do not count, nor does whether the value is
//!   written plainly, percent-encoded, with HTML's escapes or with JSON's, also where JSON stands in a text of JSON.
//!   Numbers are equal by value.
//! * `true`, `false` and `null` tell nothing of anybody, and a short number only where it is the user's id.
//!
//! One automaton finds all values in one pass, so the cost is linear in the text.

use crate::pieces::{Builder, Map};
use aho_corasick::{AhoCorasick, MatchKind};
use procura_model::{Json, VerifiedUser};
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// How many characters a value must have to be found inside a text.
pub const LEAST_INSIDE: usize = 5;
/// How deep a value is looked for in JSON that stands in a text of JSON, and so on.
const NESTED: usize = 3;
/// How many characters of an attribute's path stand in its mark.
const MARK_CHARS: usize = 64;
/// The mark of an attribute whose own name gives the user away.
const NAMELESS: &str = "[user.attributes]";
/// The mark where even that would.
const BLANK: &str = "[-]";

/// The values of one user, ready to be found.
pub struct Personal {
    whole: HashMap<String, usize>,
    numbers: HashMap<String, usize>,
    /// What is found wherever it stands.
    anywhere: Search,
    /// What is found where a word stands alone.
    words: Search,
    /// Values that are told by the name of a member too.
    named: HashSet<String>,
    marks: Vec<String>,
}

impl Personal {
    /// Gathers the values: id, e-mail, role, and every text and number of the attributes.
    #[must_use]
    pub fn of(user: &VerifiedUser) -> Self {
        let mut values = Values::default();
        values.add("user.id", &user.id, Kind::Identifier);
        for (path, value, kind) in
            [("user.email", &user.email, Kind::Text), ("user.role", &user.role, Kind::Role)]
        {
            if let Some(value) = value {
                values.add(path, value, kind);
            }
        }
        for (name, value) in &user.attributes {
            values.add_json(&format!("user.attributes.{name}"), value);
        }
        values.compile()
    }

    /// A text without the user's values in it.
    #[must_use]
    pub fn scrub_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let (reading, map) = read(text);
        if let Some(mark) = self.whole.get(reading.trim()).and_then(|mark| self.marks.get(*mark)) {
            return Cow::Owned(mark.clone());
        }
        self.replaced(text, &reading, &map, &[&self.anywhere, &self.words])
            .map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// A name that a policy speaks of, or words about one, without what can be nothing but a value of the user's: its
    /// words stay.
    #[must_use]
    pub fn scrub_name<'t>(&self, name: &'t str) -> Cow<'t, str> {
        let (reading, map) = read(name);
        let told = self.named.get(reading.trim()).and_then(|value| self.whole.get(value));
        if let Some(mark) = told.and_then(|mark| self.marks.get(*mark)) {
            return Cow::Owned(mark.clone());
        }
        self.replaced(name, &reading, &map, &[&self.anywhere]).map_or(Cow::Borrowed(name), Cow::Owned)
    }

    /// A document without the user's values in it. Names of members are treated as [`Personal::scrub_name`] does; two
    /// that become alike are numbered.
    #[must_use]
    pub fn scrub(&self, json: &Json) -> Json {
        match json {
            Json::Null | Json::Bool(_) => json.clone(),
            Json::Number(digits) => {
                let mark = plain_number(digits).and_then(|number| self.numbers.get(&number).copied());
                mark.and_then(|mark| self.marks.get(mark))
                    .map_or_else(|| json.clone(), |mark| Json::Text(mark.clone()))
            }
            Json::Text(text) => Json::Text(self.scrub_text(text).into_owned()),
            Json::List(items) => Json::List(items.iter().map(|item| self.scrub(item)).collect()),
            Json::Map(members) => self.scrub_members(members),
        }
    }

    /// A document as text without the user's values in it; `null` for one that cannot be read, so that what
    /// cannot be looked through is never kept.
    #[must_use]
    pub fn scrub_json(&self, raw: &str) -> String {
        Json::parse(raw).map_or_else(|_| "null".to_owned(), |json| self.scrub(&json).canonical())
    }

    fn scrub_members(&self, members: &[(String, Json)]) -> Json {
        let mut taken = HashSet::new();
        let mut changed: Vec<(String, Json)> = Vec::with_capacity(members.len());
        for (name, value) in members {
            let mut shown = self.scrub_name(name).into_owned();
            let first = shown.clone();
            let mut number = 1;
            while !taken.insert(shown.clone()) {
                number += 1;
                shown = format!("{first} #{number}");
            }
            changed.push((shown, self.scrub(value)));
        }
        changed.sort_by(|a, b| a.0.cmp(&b.0));
        Json::Map(changed)
    }

    /// The text with every value inside it replaced that one of the searches finds, the first before the second; none
    /// where there is none.
    fn replaced(&self, text: &str, reading: &str, map: &Map, searches: &[&Search]) -> Option<String> {
        let mut found: Vec<Found> = Vec::new();
        for search in searches {
            match search {
                Search::Nothing => {}
                Search::Blind => return Some(BLANK.to_owned()),
                Search::For { automaton, marks, alone } => {
                    let all = automaton.find_iter(reading).map(|at| Found {
                        start: at.start(),
                        end: at.end(),
                        mark: marks.get(at.pattern().as_usize()).copied(),
                    });
                    found.extend(all.filter(|at| !alone || stands_alone(reading, at.start, at.end)));
                }
            }
        }
        if found.is_empty() {
            return None;
        }
        // A stable order: where two begin alike, that of the first search comes first.
        found.sort_by_key(|at| at.start);
        let (mut out, mut done, mut read_to) = (String::new(), 0, 0);
        for Found { start, end, mark } in found {
            if end <= read_to {
                continue;
            }
            read_to = end;
            let (start, end) = map.original(start, end);
            // A letter that reads as two can end one value and begin the next.
            out.push_str(text.get(done..start.max(done)).unwrap_or_default());
            out.push_str(mark.and_then(|mark| self.marks.get(mark)).map_or(BLANK, String::as_str));
            done = end.max(done);
        }
        out.push_str(text.get(done..).unwrap_or_default());
        Some(out)
    }
}

/// Where in the reading a value stands, and its mark.
struct Found {
    start: usize,
    end: usize,
    mark: Option<usize>,
}

/// Whether what stands here is no part of a longer word: no letter before it and none behind it.
fn stands_alone(reading: &str, start: usize, end: usize) -> bool {
    let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphabetic);
    let (before, behind) = (reading.get(..start).unwrap_or_default(), reading.get(end..).unwrap_or_default());
    !is_letter(behind.chars().next()) && (!is_letter(before.chars().next_back()) || ends_an_escape(before))
}

/// Whether a text ends with an escape of a URL or of JSON, whose last letter is none of the text's: `%2f`, `\n`, `\u00ea`.
fn ends_an_escape(before: &str) -> bool {
    let behind = |mark: char, most: usize| {
        let (at, _) = before.char_indices().rev().take(most + 1).find(|(_, letter)| *letter == mark)?;
        before.get(at + mark.len_utf8()..)
    };
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    behind('%', 4).is_some_and(|code| matches!(code.len(), 2 | 4) && is_hex(code))
        || behind('\\', 5).is_some_and(|code| match code.strip_prefix('u') {
            Some(unit) => unit.len() == 4 && is_hex(unit),
            None => matches!(code, "b" | "f" | "n" | "r" | "t"),
        })
}

impl std::fmt::Debug for Personal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Personal")
    }
}

/// How values are found inside a text.
enum Search {
    /// None is long enough.
    Nothing,
    /// All at once.
    For {
        automaton: AhoCorasick,
        /// The mark of each pattern.
        marks: Vec<usize>,
        /// Whether one counts only where it is no part of a longer word.
        alone: bool,
    },
    /// They are more than can be searched for, so no text may be kept.
    Blind,
}

impl Search {
    fn new(spelled: Spelled, alone: bool) -> Self {
        let Spelled { patterns, marks } = spelled;
        match AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns) {
            _ if patterns.is_empty() => Self::Nothing,
            Ok(automaton) => Self::For { automaton, marks, alone },
            Err(_) => Self::Blind,
        }
    }

    fn finds(&self, reading: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::For { automaton, .. } => automaton.is_match(reading),
            Self::Blind => true,
        }
    }
}

/// What kind of value it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The user's id: also as a number, however short.
    Identifier,
    /// What the user is to the organization: many are.
    Role,
    /// Any other text.
    Text,
    /// A number.
    Number,
}

/// The values while they are gathered; the first path of a value gives its mark.
#[derive(Default)]
struct Values {
    whole: HashMap<String, usize>,
    numbers: HashMap<String, usize>,
    anywhere: Spelled,
    words: Spelled,
    named: HashSet<String>,
    marks: Vec<String>,
}

/// Values as they may be written inside a text, and the mark of each.
#[derive(Default)]
struct Spelled {
    patterns: Vec<String>,
    marks: Vec<usize>,
}

impl Values {
    fn add_json(&mut self, path: &str, value: &Json) {
        match value {
            Json::Null | Json::Bool(_) => {}
            Json::Number(digits) => self.add(path, digits, Kind::Number),
            Json::Text(text) => self.add(path, text, Kind::Text),
            Json::List(items) => items.iter().for_each(|item| self.add_json(path, item)),
            Json::Map(members) => {
                members.iter().for_each(|(name, item)| self.add_json(&format!("{path}.{name}"), item));
            }
        }
    }

    fn add(&mut self, path: &str, value: &str, kind: Kind) {
        let reading = read(value).0;
        let reading = reading.trim();
        if reading.is_empty() {
            return;
        }
        let mark = self.marks.len();
        self.marks.push(mark_of(path));
        let is_long = reading.chars().count() >= LEAST_INSIDE;
        if kind != Kind::Number || is_long {
            self.whole.entry(reading.to_owned()).or_insert(mark);
        }
        if let Some(number) = plain_number(value.trim()).filter(|_| kind == Kind::Identifier || is_long) {
            self.numbers.entry(number).or_insert(mark);
        }
        let is_word = reading.bytes().all(|byte| byte.is_ascii_alphabetic());
        if !is_long {
            return;
        }
        if kind != Kind::Role || !is_word {
            self.named.insert(reading.to_owned());
        }
        let spelled = if is_word { &mut self.words } else { &mut self.anywhere };
        for written in spellings(value.trim()) {
            spelled.patterns.push(written);
            spelled.marks.push(mark);
        }
    }

    fn compile(self) -> Personal {
        let Self { whole, numbers, anywhere, words, named, mut marks } = self;
        let (anywhere, words) = (Search::new(anywhere, false), Search::new(words, true));
        let tells = |mark: &str| {
            let reading = read(mark).0;
            anywhere.finds(&reading) || words.finds(&reading)
        };
        for mark in marks.iter_mut().filter(|mark| tells(mark)) {
            *mark = if tells(NAMELESS) { BLANK } else { NAMELESS }.to_owned();
        }
        Personal { whole, numbers, anywhere, words, named, marks }
    }
}

/// The mark that takes the place of a value.
fn mark_of(path: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let path: String = path.chars().take(MARK_CHARS).map(|c| if is_plain(c) { c } else { '_' }).collect();
    format!("[{path}]")
}

/// How a value may be written inside a text, each as it is read.
fn spellings(value: &str) -> Vec<String> {
    let percent = percent_encoded(value);
    let mut all = vec![percent.replace("%20", "+"), percent.replace('%', "%25"), percent];
    let writers = [
        json_escaped,
        ascii_escaped,
        |value: &str| slashes_escaped(&json_escaped(value)),
        |value: &str| slashes_escaped(&ascii_escaped(value)),
    ];
    for plain in [value.to_owned(), html_escaped(value, NAMED), html_escaped(value, NUMBERED)] {
        for escaped in writers {
            let nested = std::iter::successors(Some(plain.clone()), |written| Some(escaped(written)));
            all.extend(nested.take(NESTED + 1));
        }
    }
    let mut all: Vec<String> = all.iter().map(|written| read(written).0.into_owned()).collect();
    all.sort();
    all.dedup();
    all
}

/// As in a URL: everything but letters, digits and `-._~` as `%41` (RFC 3986 section 2.1).
fn percent_encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// As in JSON that stands in a text.
fn json_escaped(value: &str) -> String {
    let quoted = Json::Text(value.to_owned()).canonical();
    quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned()
}

/// As in JSON that holds nothing but ASCII.
fn ascii_escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for letter in json_escaped(value).chars() {
        if letter.is_ascii() {
            out.push(letter);
            continue;
        }
        let mut units = [0; 2];
        for unit in letter.encode_utf16(&mut units) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

/// `&`, `<`, `>`, `"` and `'` as writers of HTML name them.
const NAMED: [&str; 5] = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
/// The same by their numbers.
const NUMBERED: [&str; 5] = ["&#38;", "&#60;", "&#62;", "&#34;", "&#39;"];

/// As in HTML.
fn html_escaped(value: &str, entities: [&str; 5]) -> String {
    let mut out = String::with_capacity(value.len());
    for letter in value.chars() {
        match "&<>\"'".chars().zip(entities).find(|(known, _)| *known == letter) {
            Some((_, entity)) => out.push_str(entity),
            None => out.push(letter),
        }
    }
    out
}

/// JSON whose slashes are escaped too, as some write it.
fn slashes_escaped(json: &str) -> String {
    json.replace('/', "\\/")
}

/// A text as a reader compares it, and the way back: no case, no marks, nothing invisible, one form of each letter.
fn read(text: &str) -> (Cow<'_, str>, Map) {
    if text.is_ascii() {
        let has_capitals = text.bytes().any(|byte| byte.is_ascii_uppercase());
        let reading = if has_capitals { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) };
        return (reading, Map::Same);
    }
    let mut builder = Builder::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        let parts = std::iter::once(letter).filter(|letter| !is_invisible(*letter)).nfkd();
        // Through capitals, so that what differs in small letters alone (ss and \u{df}) is read alike.
        let folded = parts.flat_map(char::to_uppercase).flat_map(char::to_lowercase);
        let read: String = folded.filter(|part| !is_combining_mark(*part)).collect();
        builder.replace(&read, at, at + letter.len_utf8());
    }
    let (reading, map) = builder.finish();
    (Cow::Owned(reading), map)
}

/// What a reader does not see: soft hyphens, joiners, direction marks, variation selectors, tags.
const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A number's value as text: the digits that count, and the power of ten. None for what is no JSON number.
fn plain_number(text: &str) -> Option<String> {
    const LONGEST: usize = 400;
    if text.len() > LONGEST || !matches!(Json::parse(text), Ok(Json::Number(_))) {
        return None;
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (sign, digits) = mantissa.strip_prefix('-').map_or(("", mantissa), |digits| ("-", digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = format!("{whole}{part}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let moved = i64::try_from(zeros).ok()? - i64::try_from(part.len()).ok()?;
    let power = exponent.parse::<i64>().ok()?.checked_add(moved)?;
    Some(format!("{sign}{significant}e{power}"))
}

#[cfg(test)]
#[path = "personal_tests.rs"]
mod tests;
