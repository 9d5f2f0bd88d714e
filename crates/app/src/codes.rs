//! Codes that a person carries from one screen to another (RFC 8628 section 6.1): letters that are no vowels, so that no
//! word comes out, and that are told apart when read aloud.

use procura_model::Entropy;

const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// 20^8 is more than 2^34.
const CODE_CHARS: usize = 8;

/// A code. Every letter is as likely as any other: bytes beyond the last multiple of 20 are drawn anew.
pub(crate) fn draw(entropy: &Entropy) -> String {
    let mut code = String::with_capacity(CODE_CHARS);
    while code.len() < CODE_CHARS {
        let bytes: [u8; 16] = entropy.bytes();
        let fair = bytes.into_iter().filter(|byte| *byte < 240).map(|byte| usize::from(byte % 20));
        let letters = fair.filter_map(|index| LETTERS.get(index).copied()).map(char::from);
        code.extend(letters.take(CODE_CHARS - code.len()));
    }
    code
}

/// The code as it is shown.
pub(crate) fn shown(code: &str) -> String {
    let (first, last) = code.split_at_checked(CODE_CHARS / 2).unwrap_or((code, ""));
    format!("{first}-{last}")
}

/// A code as a person typed it: case and whatever is none of the letters do not matter.
pub(crate) fn typed(code: &str) -> Option<String> {
    if code.len() > 64 {
        return None;
    }
    let letters = code.chars().map(|c| c.to_ascii_uppercase()).filter(char::is_ascii_alphanumeric);
    let code: String = letters.collect();
    let is_code = code.len() == CODE_CHARS && code.bytes().all(|byte| LETTERS.contains(&byte));
    is_code.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for text in ["WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "W.D.J.B-m-j-h-t"] {
            assert_eq!(typed(text).as_deref(), Some("WDJBMJHT"), "{text}");
        }
        for text in
            ["", "WDJB-MJH", "WDJB-MJHTT", "WDJA-MJHT", "0000-0000", "'; DROP TABLE", &"W".repeat(100)]
        {
            assert_eq!(typed(text), None, "{text}");
        }
        assert_eq!(shown("WDJBMJHT"), "WDJB-MJHT");
    }

    #[test]
    fn a_code_that_is_drawn_can_be_typed() {
        let entropy = Entropy::seeded(3);
        let code = draw(&entropy);
        assert_eq!(typed(&shown(&code)), Some(code.clone()));
        assert_ne!(draw(&entropy), code);
    }
}
