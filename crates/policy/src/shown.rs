//! How foreign values stand in our sentences: quoted, cut, and without characters that hide or turn
//! the text around them. A sentence is read by people, by agents and in logs of the customer.

use procura_model::{Json, VerifiedUser};
use std::fmt::Write as _;

const MAX_CHARS: usize = 64;
const MAX_ITEMS: usize = 4;
/// A shorter value of a user is looked for as a whole only: inside a text it would be chance.
const MIN_INNER_CHARS: usize = 5;

/// A text in quotes, cut at 64 characters.
#[must_use]
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_CHARS) + 2);
    out.push('"');
    for character in text.chars().take(MAX_CHARS) {
        if hides(character) || character == '"' || character == '\\' {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    if text.chars().nth(MAX_CHARS).is_some() {
        out.push_str("...");
    }
    out.push('"');
    out
}

/// A value: numbers as written, texts in quotes, lists and objects by kind alone.
pub(crate) fn value(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(digits) if digits.len() <= MAX_CHARS => digits.to_string(),
        Json::Number(digits) => format!("{}...", digits.get(..MAX_CHARS).unwrap_or_default()),
        Json::Text(content) => text(content),
        Json::List(items) => format!("a list of {}", items.len()),
        Json::Map(_) => "an object".to_owned(),
    }
}

/// Whether a value, as [`value`] shows it, says who the user is or what is known of them.
pub(crate) fn is_personal(found: &Json, user: &VerifiedUser) -> bool {
    let said = match found {
        Json::Text(content) => content.to_lowercase(),
        Json::Number(digits) => digits.to_string(),
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Map(_) => return false,
    };
    let says = |fact: &str| {
        let fact = fact.to_lowercase();
        said == fact || fact.chars().count() >= MIN_INNER_CHARS && said.contains(&fact)
    };
    let named = [Some(&user.id), user.email.as_ref(), user.role.as_ref()];
    named.into_iter().flatten().any(|fact| says(fact))
        || user.attributes.iter().any(|(_, value)| any_leaf(value, &says))
}

fn any_leaf(value: &Json, says: &impl Fn(&str) -> bool) -> bool {
    match value {
        Json::Text(content) => says(content),
        Json::Number(digits) => says(digits),
        Json::List(items) => items.iter().any(|item| any_leaf(item, says)),
        Json::Map(members) => members.iter().any(|(_, value)| any_leaf(value, says)),
        Json::Null | Json::Bool(_) => false,
    }
}

/// Items with commas and a last word: `a, b or c`; a long list is cut and counted.
pub(crate) fn list<I: AsRef<str>>(items: &[I], last_word: &str) -> String {
    let mut out = String::new();
    let shown = items.len().min(MAX_ITEMS);
    for (index, item) in items.iter().take(shown).enumerate() {
        if index > 0 && index + 1 == items.len() {
            // Writing to a string cannot fail.
            let _ = write!(out, " {last_word} ");
        } else if index > 0 {
            out.push_str(", ");
        }
        out.push_str(item.as_ref());
    }
    if items.len() > shown {
        let _ = write!(out, " {last_word} {} more", items.len() - shown);
    }
    out
}

/// Control, zero-width and direction characters.
fn hides(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hidden_reaches_a_sentence() {
        assert_eq!(text("a\u{202e}b\n\"c\u{200b}"), r#""a\u{202e}b\n\"c\u{200b}""#);
        assert_eq!(text(&"é".repeat(65)).chars().count(), 64 + 3 + 2);
        assert_eq!(value(&Json::Number("9".repeat(100).into())).len(), 67);
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        assert_eq!(list(&["a"], "or"), "a");
        assert_eq!(list(&["a", "b", "c"], "or"), "a, b or c");
        assert_eq!(list(&["a", "b", "c", "d", "e", "f"], "or"), "a, b, c, d or 2 more");
    }
}
