//! The strings of a JSON document as one text. Member names are read too, for a name can carry an instruction as well as
//! a value. Each string stands on its own line, with escapes decoded; then the short values stand once more on one line,
//! because an instruction may be split over fields.

use super::kinds::CouldNotScan;
use crate::json::{Event, JsonFault, Text, walk};
use crate::pieces::{Builder, Map};

/// How many strings a document may have.
const MAX_STRINGS: usize = 20_000;
/// The longest value that may be a part of something split.
const LONGEST_PART: usize = 160;

/// The strings of `raw`, one after another, and the way back.
pub(crate) fn join(raw: &str) -> Result<(String, Map), CouldNotScan> {
    let mut builder = Builder::with_capacity(raw.len());
    let mut short: Vec<Text> = Vec::new();
    let mut count = 0_usize;
    let take = |event| {
        if let Event::Key(text) | Event::Value(text) = event {
            count += 1;
            if count <= MAX_STRINGS {
                push(&mut builder, raw, text, "\n");
            }
        }
        if let Event::Value(text) = event
            && (3..=LONGEST_PART).contains(&(text.end - text.start))
            && raw.get(text.start..text.end).is_some_and(|part| part.contains(' '))
        {
            short.push(text);
        }
    };
    walk(raw, take).map_err(|fault| match fault {
        JsonFault::Invalid => CouldNotScan::NotJson,
        JsonFault::TooDeep => CouldNotScan::TooDeep,
    })?;
    if count > MAX_STRINGS {
        return Err(CouldNotScan::TooManyStrings);
    }
    if short.len() > 1 {
        short.into_iter().for_each(|text| push(&mut builder, raw, text, " "));
    }
    Ok(builder.finish())
}

fn push(builder: &mut Builder, raw: &str, text: Text, separator: &str) {
    let content = raw.get(text.start..text.end).unwrap_or_default();
    if content.is_empty() {
        return;
    }
    if text.escaped {
        unescape(builder, content, text.start)
    } else {
        builder.copy(content, text.start)
    }
    builder.replace(separator, text.end, text.end + 1);
}

/// Decodes the escapes of RFC 8259 section 7; a broken escape stays as it is.
fn unescape(builder: &mut Builder, content: &str, from: usize) {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', content.as_bytes().get(at..).unwrap_or_default()) {
        let slash = at + found;
        builder.copy(content.get(at..slash).unwrap_or_default(), from + at);
        let rest = content.get(slash..).unwrap_or_default();
        let mut buffer = [0; 4];
        match escape(rest) {
            Some((letter, length)) => {
                builder.replace(letter.encode_utf8(&mut buffer), from + slash, from + slash + length);
                at = slash + length;
            }
            None => {
                builder.copy("\\", from + slash);
                at = slash + 1;
            }
        }
    }
    builder.copy(content.get(at..).unwrap_or_default(), from + at);
}

fn escape(rest: &str) -> Option<(char, usize)> {
    let letter = match rest.as_bytes().get(1)? {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => return unicode(rest),
        byte @ (b'"' | b'\\' | b'/') => char::from(*byte),
        _ => return None,
    };
    Some((letter, 2))
}

/// `\uXXXX`, or two of them that make one character.
fn unicode(rest: &str) -> Option<(char, usize)> {
    let unit = |at: usize| u16::from_str_radix(rest.get(at..at + 4)?, 16).ok();
    let first = unit(2)?;
    let second = if rest.get(6..8) == Some("\\u") { unit(8) } else { None };
    let units = [first, second.unwrap_or(0)];
    match char::decode_utf16(units.iter().copied()).next()? {
        Ok(letter) => Some((letter, if letter.len_utf16() == 2 { 12 } else { 6 })),
        Err(_) => Some(('\u{fffd}', 6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_joined_with_their_escapes_decoded() {
        let raw = r#"{"a":"x\ny\u00e9\ud83d\ude00","b":["","z"]}"#;
        let (text, map) = join(raw).unwrap();
        assert_eq!(text, "a\nx\nyé😀\nb\nz\n");
        let at = text.find('z').unwrap();
        assert_eq!(map.original(at, at + 1), (raw.find('z').unwrap(), raw.find('z').unwrap() + 1));
    }

    #[test]
    fn a_sentence_split_over_fields_is_whole_again() {
        let (text, _) = join(r#"{"p1":"set aside the","p2":"earlier rules now","id":"x1"}"#).unwrap();
        assert!(text.contains("set aside the earlier rules now"), "{text}");
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        assert_eq!(join("{").unwrap_err(), CouldNotScan::NotJson);
        assert_eq!(join(&"[".repeat(1_000)).unwrap_err(), CouldNotScan::TooDeep);
        let many = format!("[{}1]", "\"a\",".repeat(MAX_STRINGS + 1));
        assert_eq!(join(&many).unwrap_err(), CouldNotScan::TooManyStrings);
    }
}
