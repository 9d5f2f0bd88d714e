//! Foreign text as a person must see it before they agree to it: characters that hide, turn or blank the text around
//! them are shown as marks such as `⟨U+202E⟩`, so that what is read is what is done.

use std::fmt::Write as _;

/// The text on one line, with everything that hides shown as a mark.
pub(crate) fn visible(text: &str) -> String {
    shown(text, hides)
}

/// The text with its lines, and everything else that hides shown as a mark.
pub(crate) fn visible_lines(text: &str) -> String {
    shown(text, |character| character != '\n' && hides(character))
}

/// A JSON document in which everything that hides is written as its escape: the same document to whoever parses it.
pub(crate) fn escaped_json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for character in document.chars() {
        if hides(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out
}

fn shown(text: &str, hides: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if hides(character) {
            // Writing to a string cannot fail.
            let _ = write!(out, "⟨U+{:04X}⟩", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// Control, direction, zero-width, filler, tag and variation characters.
fn hides(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_seen_and_the_rest_stays() {
        assert_eq!(visible("pay\u{202e}moc.live\u{200b}"), "pay⟨U+202E⟩moc.live⟨U+200B⟩");
        assert_eq!(visible("a\nb\tc"), "a⟨U+000A⟩b⟨U+0009⟩c");
        assert_eq!(visible_lines("a\nb\rc"), "a\nb⟨U+000D⟩c");
        assert_eq!(visible("\u{e0041}\u{3164}\u{feff}"), "⟨U+E0041⟩⟨U+3164⟩⟨U+FEFF⟩");
        assert_eq!(escaped_json("{\"a\":\"\u{202e}\u{e0041}é\"}"), r#"{"a":"\u202e\udb40\udc41é"}"#);
        for plain in ["مساعد استرداد", "日本語", "naïve café", "😀", "742.00 USD", "a b"] {
            assert_eq!(visible(plain), plain);
        }
    }
}
