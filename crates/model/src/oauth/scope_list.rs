//! What a client asks for, is granted, and shows: words divided by blanks (RFC 6749 section 3.3).

use std::{fmt, str::FromStr};

/// How many words one list may hold.
const MAX_WORDS: usize = 64;
/// How long one word may be.
const MAX_WORD_BYTES: usize = 128;

/// A list of scopes without repetition, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ScopeList(Vec<String>);

/// A text that is no list of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a scope is one or more printable ASCII characters without quote and backslash; at most {MAX_WORDS} words of {MAX_WORD_BYTES} bytes, divided by single blanks"
)]
pub struct ScopeListError;

impl ScopeList {
    /// The list of these words; what is no scope is left out.
    pub fn of(words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut list = Self::default();
        for word in words {
            list.push(word.into());
        }
        list
    }

    fn push(&mut self, word: String) {
        if is_word(&word) && !self.0.contains(&word) {
            self.0.push(word);
        }
    }

    /// Whether it has no word.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the word is in it.
    #[must_use]
    pub fn contains(&self, word: &str) -> bool {
        self.0.iter().any(|own| own == word)
    }

    /// Whether every word of the other is in it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|word| self.contains(word))
    }

    /// The words that both have, in this one's order.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|word| other.contains(word)).cloned().collect())
    }

    /// The words of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut list = self.clone();
        for word in &other.0 {
            list.push(word.clone());
        }
        list
    }

    /// The words.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`.
fn is_word(word: &str) -> bool {
    (1..=MAX_WORD_BYTES).contains(&word.len())
        && word.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

impl FromStr for ScopeList {
    type Err = ScopeListError;

    fn from_str(text: &str) -> Result<Self, ScopeListError> {
        let mut list = Self::default();
        if text.is_empty() {
            return Ok(list);
        }
        for (position, word) in text.split(' ').enumerate() {
            if position >= MAX_WORDS || !is_word(word) {
                return Err(ScopeListError);
            }
            list.push(word.to_owned());
        }
        Ok(list)
    }
}

impl fmt::Display for ScopeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl serde::Serialize for ScopeList {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for ScopeList {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_its_order_and_repeats_nothing() {
        let list: ScopeList = "b a b".parse().unwrap();
        assert_eq!(list.to_string(), "b a");
        assert!(list.contains("a") && !list.contains("c"));
        let other = ScopeList::of(["c", "a"]);
        assert_eq!(list.intersect(&other).to_string(), "a");
        assert_eq!(list.union(&other).to_string(), "b a c");
        assert!(list.covers(&ScopeList::of(["a"])) && !list.covers(&other));
        assert!("".parse::<ScopeList>().unwrap().is_empty());
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        for bad in ["a  b", " a", "a\"", "a\\b", "é", "a\tb", &"x".repeat(129), &"a ".repeat(70)] {
            assert_eq!(bad.parse::<ScopeList>(), Err(ScopeListError), "{bad}");
        }
    }
}
