//! Finds planted values in anything, however they are written: plainly, in capitals, with JSON's, HTML's, a URL's or a
//! form's escapes, as base64 at any offset, as hexadecimal digits.

use super::plants::{Id, Kind, Plant};
use aho_corasick::{AhoCorasick, MatchKind};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use std::collections::{BTreeMap, HashSet};

/// How much stands around a hit in a report, in bytes.
const AROUND: usize = 60;
/// A word or a run of digits that is long enough to be no other's.
const LEAST_WORD: usize = 10;

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    /// In what.
    pub(super) place: String,
    /// Which value.
    pub(super) label: String,
    /// What stands around it.
    pub(super) around: String,
}

/// A search for every planted value at once.
pub(super) struct Sieve {
    /// Spellings in which capitals do not count.
    folded: Search,
    /// Spellings in which they do: base64.
    exact: Search,
    labels: Vec<String>,
}

struct Search {
    automaton: AhoCorasick,
    plants: Vec<Id>,
}

impl Search {
    fn of(spellings: Spellings, is_folded: bool) -> Self {
        let (texts, plants): (Vec<String>, Vec<Id>) = spellings.into_iter().unzip();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(is_folded)
            .build(&texts)
            .unwrap();
        Self { automaton, plants }
    }
}

/// A spelling, and whose it is.
type Spellings = BTreeMap<String, Id>;

impl Sieve {
    /// A search for these.
    pub(super) fn new(plants: &[Plant]) -> Self {
        let (mut folded, mut exact) = (Spellings::new(), Spellings::new());
        for (id, plant) in plants.iter().enumerate() {
            for part in parts(plant) {
                for text in spellings(&part) {
                    folded.entry(text).or_insert(id);
                }
                for text in in_base64(&part) {
                    exact.entry(text).or_insert(id);
                }
            }
        }
        let labels = plants.iter().map(|plant| plant.label.clone()).collect();
        Self { folded: Search::of(folded, true), exact: Search::of(exact, false), labels }
    }

    /// Which values stand in these bytes, but for those that may.
    pub(super) fn search(&self, place: &str, bytes: &[u8], may: &HashSet<Id>) -> Vec<Hit> {
        let mut hits: BTreeMap<Id, Hit> = BTreeMap::new();
        for search in [&self.folded, &self.exact] {
            for found in search.automaton.find_iter(bytes) {
                let id = search.plants[found.pattern().as_usize()];
                if !may.contains(&id) {
                    hits.entry(id).or_insert_with(|| Hit {
                        place: place.to_owned(),
                        label: self.labels[id].clone(),
                        around: around(bytes, found.start(), found.end()),
                    });
                }
            }
        }
        hits.into_values().collect()
    }

    /// Whether this value stands there.
    pub(super) fn finds(&self, id: Id, bytes: &[u8]) -> bool {
        self.search("", bytes, &HashSet::new()).iter().any(|hit| hit.label == self.labels[id])
    }
}

fn around(bytes: &[u8], start: usize, end: usize) -> String {
    let from = start.saturating_sub(AROUND);
    let to = (end.min(start + 2 * AROUND) + AROUND).min(bytes.len());
    String::from_utf8_lossy(&bytes[from..to]).into_owned()
}

/// What of a value gives it away: the whole, its words and numbers, the segments of a token.
fn parts(plant: &Plant) -> Vec<String> {
    let mut parts = vec![plant.value.clone()];
    match plant.kind {
        Kind::Personal(_) => {
            let is_word = |letter: char| letter.is_ascii_alphanumeric();
            let words = plant.value.split(|letter| !is_word(letter));
            parts.extend(words.filter(|word| is_own(word)).map(str::to_owned));
        }
        Kind::UserToken => {
            parts.extend(plant.value.split('.').filter(|part| part.len() >= 16).map(str::to_owned));
        }
        // Everybody knows how they begin.
        Kind::Opener | Kind::Secret => {
            parts.extend(plant.value.split_once('_').map(|(_, secret)| secret.to_owned()));
        }
    }
    parts
}

/// Whether a word is one of ours, or a number: other words stand in every text.
fn is_own(word: &str) -> bool {
    let has = |letters: [char; 2]| letters.iter().all(|letter| word.contains(*letter));
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    word.len() >= LEAST_WORD && (is_number || has(['o', 'u']) || has(['O', 'U']))
}

/// How a text may be written; capitals do not count.
fn spellings(text: &str) -> Vec<String> {
    let json = serde_json::to_string(text).unwrap();
    let json = json[1..json.len() - 1].to_owned();
    let percent = percent_encoded(text);
    let mut all = vec![
        text.to_owned(),
        text.to_lowercase(),
        text.to_uppercase(),
        serde_json::to_string(&json).unwrap().trim_matches('"').to_owned(),
        ascii_escaped(&json),
        ascii_escaped(&json).replace('\\', "\\\\"),
        json,
        html_escaped(text),
        text.replace('"', "\"\""),
        percent.replace("%20", "+"),
        percent.replace('%', "%25"),
        percent,
        form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        format!("{text:?}").trim_matches('"').to_owned(),
        text.escape_default().to_string(),
        hex(text),
    ];
    all.extend(decomposed(text));
    all.retain(|spelling| spelling.len() >= LEAST_WORD);
    all
}

fn percent_encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let of = |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(of).collect()
}

fn ascii_escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

fn html_escaped(text: &str) -> String {
    let of = |letter: char| match letter {
        '&' => "&#38;".to_owned(),
        '<' => "&#60;".to_owned(),
        '>' => "&#62;".to_owned(),
        '"' => "&#34;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(of).collect()
}

/// The letters of the planted names taken apart and put together.
fn decomposed(text: &str) -> Vec<String> {
    const PAIRS: [(&str, &str); 5] =
        [("é", "e\u{301}"), ("É", "E\u{301}"), ("ï", "i\u{308}"), ("Ä", "A\u{308}"), ("ó", "o\u{301}")];
    let apart = PAIRS.iter().fold(text.to_owned(), |text, (one, two)| text.replace(one, two));
    let together = PAIRS.iter().fold(text.to_owned(), |text, (one, two)| text.replace(two, one));
    vec![apart, together]
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// What stands of a text in the base64 of anything that holds it: at each of three offsets, but for the letters that
/// its neighbours have a part in.
fn in_base64(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for before in 0..3 {
        let bytes = [vec![0; before], text.as_bytes().to_vec()].concat();
        for engine in [STANDARD, URL_SAFE] {
            let code = engine.encode(&bytes);
            let begin = (before * 8).div_ceil(6);
            let end = bytes.len() * 8 / 6;
            all.push(code[begin..end].to_owned());
        }
    }
    all.retain(|spelling| spelling.len() >= LEAST_WORD);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sieve(value: &str) -> Sieve {
        let label = "planted".to_owned();
        Sieve::new(&[Plant { label, value: value.to_owned(), kind: Kind::Personal(0) }])
    }

    #[test]
    fn a_value_is_found_however_it_is_written() {
        let value = "bodokumilo \"Ä\" <é>&c";
        let sieve = sieve(value);
        let once = serde_json::to_string(value).unwrap();
        for text in [
            value.to_owned(),
            value.to_uppercase(),
            once.clone(),
            serde_json::to_string(&once).unwrap(),
            r#"bodokumilo \"\u00c4\" <\u00e9>&c"#.to_owned(),
            "bodokumilo+%22%C3%84%22+%3C%C3%A9%3E%26c".to_owned(),
            "bodokumilo%2520%2522%25C3%2584%2522".to_owned(),
            "bodokumilo &#34;Ä&#34; &#60;é&#62;&#38;c".to_owned(),
            format!("{value:?}"),
            hex(value),
            "bodokumilo \"A\u{308}\" <e\u{301}>&c".to_owned(),
        ] {
            assert!(sieve.finds(0, format!("x {text} y").as_bytes()), "{text}");
        }
        for before in ["", "a", "ab", "abc"] {
            for engine in [STANDARD, URL_SAFE] {
                let code = engine.encode(format!("{before}{value}{before}"));
                assert!(sieve.finds(0, format!("={code}.").as_bytes()), "{code}");
            }
        }
        assert!(sieve.finds(0, b"only BODOKUMILO, cut off here"));
        assert!(!sieve.finds(0, b"bodokumil and everything else"));
    }

    #[test]
    fn a_part_of_a_token_is_found_and_what_may_stand_there_is_not_reported() {
        let value = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0-xyz.c2lnbmF0dXJlLXNpZw".to_owned();
        let sieve = Sieve::new(&[Plant { label: "token".to_owned(), value, kind: Kind::UserToken }]);
        assert!(sieve.finds(0, b"sub=eyJzdWIiOiJhIn0-xyz"));
        assert!(sieve.search("", b"eyJzdWIiOiJhIn0-xyz", &HashSet::from([0])).is_empty());
    }
}
