//! Patterns of actions and resources: `*` is any run of characters, also none, also dots and slashes;
//! every other character is itself. `purchase.*` matches `purchase.ticket` and not `purchase`.
//!
//! **Case.** What allows matches the exact case. What blocks does not look at the case of ASCII
//! letters, so that `Purchase.ticket` never slips past a block of `purchase.*`.
//!
//! The patterns of conditions ([`Wild`]) also know `?` for exactly one character.

const MAX_PATTERN_BYTES: usize = 256;
const MAX_STARS: usize = 16;
/// Longer texts are not matched against a [`Wild`]: the work is the product of both lengths.
pub(crate) const MAX_WILD_TEXT_BYTES: usize = 8 * 1024;

/// Whether the case of ASCII letters counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Exact,
    Ignored,
}

/// A pattern whose only wild character is `*`.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Exact(Box<str>),
    Starred { first: Box<str>, middle: Box<[Box<str>]>, last: Box<str> },
}

impl Pattern {
    /// Compiles an action's or a resource's pattern; the error says what it must be.
    pub(crate) fn compile(text: &str, case: Case) -> Result<Self, &'static str> {
        if text.is_empty() || text.len() > MAX_PATTERN_BYTES {
            return Err("must be 1 to 256 bytes long");
        }
        if text.chars().any(char::is_control) || text.trim() != text {
            return Err("must not hold control characters or begin or end with blanks");
        }
        if text.bytes().filter(|byte| *byte == b'*').count() > MAX_STARS {
            return Err("must hold at most 16 stars");
        }
        let text = match case {
            Case::Exact => text.to_owned(),
            Case::Ignored => text.to_ascii_lowercase(),
        };
        let Some((first, rest)) = text.split_once('*') else { return Ok(Self::Exact(text.into())) };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        let middle = middle.split('*').filter(|piece| !piece.is_empty()).map(Box::from).collect();
        Ok(Self::Starred { first: first.into(), middle, last: last.into() })
    }

    /// Whether the whole text matches. For [`Case::Ignored`] the caller lower-cases the text.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *text,
            Self::Starred { first, middle, last } => {
                let Some(rest) = text.strip_prefix(&**first).and_then(|rest| rest.strip_suffix(&**last))
                else {
                    return false;
                };
                middle
                    .iter()
                    .try_fold(rest, |rest, piece| rest.split_once(&**piece).map(|(_, after)| after))
                    .is_some()
            }
        }
    }
}

/// A condition's pattern: `*` for any run, `?` for one character. Case counts.
#[derive(Clone, Debug)]
pub(crate) struct Wild(Box<[char]>);

impl Wild {
    pub(crate) fn compile(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() || text.len() > MAX_PATTERN_BYTES {
            return Err("must be a pattern of 1 to 256 bytes");
        }
        Ok(Self(text.chars().collect()))
    }

    /// Whether the whole text matches; none when the text is too long to try.
    pub(crate) fn matches(&self, text: &str) -> Option<bool> {
        if text.len() > MAX_WILD_TEXT_BYTES {
            return None;
        }
        let text: Vec<char> = text.chars().collect();
        Some(wild_matches(&self.0, &text))
    }
}

/// Goes back to the last star only: the product of both lengths, never an exponent.
fn wild_matches(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(character) = text.get(t) {
        match (pattern.get(p), star) {
            (Some('*'), _) => {
                star = Some((p + 1, t));
                p += 1;
            }
            (Some(wanted), _) if *wanted == '?' || wanted == character => {
                p += 1;
                t += 1;
            }
            (_, Some((after, from))) => {
                star = Some((after, from + 1));
                p = after;
                t = from + 1;
            }
            (_, None) => return false,
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|character| *character == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::compile(pattern, Case::Exact).unwrap().matches(text)
    }

    #[test]
    fn stars_match_any_run_and_nothing_else_is_wild() {
        for (pattern, text, expected) in [
            ("purchase.*", "purchase.ticket", true),
            ("purchase.*", "purchase.", true),
            ("purchase.*", "purchase", false),
            ("purchase.*", "purchases.ticket", false),
            ("purchase", "purchase", true),
            ("purchase", "purchase.ticket", false),
            ("*", "", true),
            ("*", "a.b/c", true),
            ("*.read", "crm.read", true),
            ("*.read", "crm.reader", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("ab*ba", "aba", false),
            ("shop/*/refund", "shop/eu/refund", true),
            ("shop/*/refund", "shop/refund", false),
            ("*a*b*", "xxbxxaxxbx", true),
            ("*a*b*", "xxbxxa", false),
            ("**", "anything", true),
            ("a.c", "abc", false),
            ("a[bc]", "ab", false),
            ("a?", "ab", false),
            ("Purchase", "purchase", false),
            ("é*", "ecole", false),
            ("é*", "élan", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_blocks_does_not_look_at_case() {
        assert!(Pattern::compile("Purchase.*", Case::Ignored).unwrap().matches("purchase.ticket"));
    }

    #[test]
    fn a_bad_pattern_is_refused() {
        for bad in ["", " a", "a\n", &"a".repeat(257), &"*a".repeat(17)] {
            assert!(Pattern::compile(bad, Case::Exact).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_long_text_is_not_tried() {
        assert_eq!(Wild::compile("a*").unwrap().matches(&"a".repeat(MAX_WILD_TEXT_BYTES + 1)), None);
        let worst = Wild::compile(&format!("{}b", "a*".repeat(120))).unwrap();
        assert_eq!(worst.matches(&"a".repeat(MAX_WILD_TEXT_BYTES)), Some(false));
    }

    /// The definition, word for word.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skip| naive(rest, &text[skip..])),
            Some(('?', rest)) => !text.is_empty() && naive(rest, &text[1..]),
            Some((first, rest)) => text.first() == Some(first) && naive(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn both_matchers_agree_with_the_definition(pattern in "[ab*]{1,7}", text in "[ab]{0,9}", wild in "[ab*?]{1,7}") {
            let chars = |text: &str| text.chars().collect::<Vec<char>>();
            prop_assert_eq!(matches(&pattern, &text), naive(&chars(&pattern), &chars(&text)));
            let answer = Wild::compile(&wild).unwrap().matches(&text);
            prop_assert_eq!(answer, Some(naive(&chars(&wild), &chars(&text))));
        }
    }
}
