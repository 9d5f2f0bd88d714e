//! Spellings that a model reads and a filter does not: letters moved by thirteen, text from the end, digits for letters,
//! single letters with something between them. Nobody can try them all on every text, so each has a sign that
//! gives it away: for the first two, a telltale word in disguise that the prefilter looks for anyway.

use super::layer::{Builder, Map};

/// Words that betray an instruction; the prefilter looks for their disguised forms.
pub(crate) const TELLTALES: &[&str] = &[
    "instruction",
    "previous",
    "system prompt",
    "password",
    "disregard",
    "restrictions",
    "pretend",
    "you are now",
    "ignore",
    "reveal",
    "assistant",
    "guidelines",
    "directive",
    "policies",
    "commands",
    "conversation",
    "the user",
    "important",
    "administrator",
    "following",
    "never refuse",
    "your new task",
    "do not tell",
    "forward all",
    "system>",
    "api key",
    "transfer",
    "unread",
];

/// Each letter moved by thirteen.
pub(crate) fn rot13(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            'a'..='m' | 'A'..='M' => char::from_u32(u32::from(letter) + 13).unwrap_or(letter),
            'n'..='z' | 'N'..='Z' => char::from_u32(u32::from(letter) - 13).unwrap_or(letter),
            other => other,
        })
        .collect()
}

/// The text from the end.
pub(crate) fn reversed(text: &str) -> (String, Map) {
    (text.chars().rev().collect(), Map::Reversed(text.len()))
}

/// What one pass over the bytes tells about the spelling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    /// Digits and signs inside of words.
    pub(crate) inner_digits: usize,
    /// The longest row of letters that stand alone.
    pub(crate) lone_letters: usize,
}

/// Looks at every byte once.
pub(crate) fn survey(bytes: &[u8]) -> Survey {
    let mut survey = Survey::default();
    let (mut before, mut last, mut row) = (Sign::Other, Sign::Other, 0);
    for &byte in bytes.iter().chain(b" ") {
        let sign = sign_of(byte);
        if last == Sign::Stand && before == Sign::Letter && sign != Sign::Other {
            survey.inner_digits += 1;
        }
        if last == Sign::Letter {
            row = if before != Sign::Letter && sign != Sign::Letter { row + 1 } else { 0 };
            survey.lone_letters = survey.lone_letters.max(row);
        }
        (before, last) = (last, sign);
    }
    survey
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Letter,
    Stand,
    Other,
}

fn sign_of(byte: u8) -> Sign {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => Sign::Letter,
        b'0' | b'1' | b'3' | b'4' | b'5' | b'7' | b'@' | b'$' => Sign::Stand,
        _ => Sign::Other,
    }
}

/// Digits and signs read as letters in words that have letters too. A one is an `l` after an `l`, between a stop and a
/// vowel, and at the end of a word; else it is an `i`.
pub(crate) fn leet(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(' ') {
        let letters = word.bytes().any(|byte| byte.is_ascii_alphabetic());
        if letters || word.trim().len() <= 4 { push_leet(&mut out, word) } else { out.push_str(word) }
    }
    out
}

fn push_leet(out: &mut String, word: &str) {
    let mut letters = word.chars().peekable();
    let mut last = ' ';
    while let Some(letter) = letters.next() {
        last = match letter {
            '1' => one(last, letters.peek().copied().unwrap_or(' ')),
            other => stand_in(other),
        };
        out.push(last);
    }
}

fn stand_in(letter: char) -> char {
    match letter {
        '0' => 'o',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

fn one(last: char, next: char) -> char {
    let next = if next == '1' { 'l' } else { stand_in(next).to_ascii_lowercase() };
    let last = last.to_ascii_lowercase();
    let vowel = |letter| "aeiou".contains(letter);
    let stop = "pbcfgkd".contains(last) && vowel(next) && next != 'o';
    let ends = !next.is_ascii_alphabetic() && vowel(last);
    let long = last == 'l'
        || "aeo".contains(last) && "ltw".contains(next)
        || last == 'i' && "te".contains(next)
        || last == 'u' && next == 'e';
    if stop || ends || long { 'l' } else { 'i' }
}

/// Words that were spelt letter by letter, joined: one sign between letters goes, several become a blank.
pub(crate) fn joined_letters(text: &str) -> (String, Map) {
    let mut builder = Builder::with_capacity(text.len());
    let mut gap: Option<(usize, usize)> = None;
    for (from, letter) in text.char_indices() {
        let to = from + letter.len_utf8();
        if letter.is_alphanumeric() {
            if let Some((start, end)) = gap.take()
                && text.get(start..end).is_some_and(|signs| signs.chars().count() > 1)
            {
                builder.replace(" ", start, end);
            }
            builder.copy(text.get(from..to).unwrap_or_default(), from);
        } else {
            gap = Some(gap.map_or((from, to), |(start, _)| (start, to)));
        }
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_move_and_come_back() {
        assert_eq!(rot13("Vtaber nyy!"), "Ignore all!");
        let (read, map) = reversed("erongi");
        assert_eq!((read.as_str(), map.original(0, 2)), ("ignore", (4, 6)));
    }

    #[test]
    fn spelt_words_are_joined() {
        assert_eq!(joined_letters("I g n o r e   a l l").0, "Ignore all");
        assert_eq!(joined_letters("i-g.n_o*r-e_ a.l_l").0, "ignore all");
    }

    #[test]
    fn the_survey_sees_digits_in_words_and_lone_letters() {
        assert_eq!(survey(b"1gn0r3 pr3v10us").inner_digits, 3);
        assert!(survey(b"I g n o r e this").lone_letters >= 6);
        assert_eq!(
            survey(b"plain text, 2 words and 100 numbers"),
            Survey { inner_digits: 0, lone_letters: 0 }
        );
        assert_eq!(leet("1gn0r3 411 ru1e5 pr3v10us in 2031"), "ignore all rules previous in 2oei");
    }
}
