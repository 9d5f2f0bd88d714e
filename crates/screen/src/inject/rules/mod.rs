//! The structural rules. A rule is a pattern with an id, the words that any match must contain (so that a text without
//! them costs nothing), and how grave a match is in a prompt and in text from outside. Patterns run on the normalised
//! reading: lower case, plain letters. Precision comes first; what a pattern cannot tell is left to the model.

mod deeds;
mod fragments;
mod languages;
mod orders;
mod roles;
mod structure;

use procura_model::Risk;

/// What a rule is about; different topics that meet in one text weigh more than one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// Set aside what you were told.
    Override,
    /// Tell what you were told, or what is secret.
    Leak,
    /// Be somebody without rules.
    Persona,
    /// Markers of a conversation that this text has no business with.
    Turn,
    /// Keep it from the person.
    Secrecy,
    /// Speaks to the model.
    Address,
    /// Carries something out of the house.
    Exfiltration,
    /// Claims authority.
    Authority,
    /// Wants to shape the answer.
    Steering,
}

impl Topic {
    /// Its place among the topics.
    #[expect(clippy::as_conversions, reason = "the number of a variant without data")]
    pub(crate) const fn number(self) -> usize {
        self as usize
    }
}

/// One rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// Its id, as reported.
    pub(crate) id: &'static str,
    /// What it is about.
    pub(crate) topic: Topic,
    /// Every match contains one of these.
    pub(crate) anchors: &'static [&'static str],
    /// The pattern; `{name}` stands for a fragment.
    pub(crate) pattern: &'static str,
    /// A match that also matches this is none.
    pub(crate) unless: &'static str,
    /// How grave a match is in a prompt or an argument.
    pub(crate) inside: Risk,
    /// How grave a match is in a result or a description.
    pub(crate) outside: Risk,
}

/// Every rule.
pub(crate) fn all() -> impl Iterator<Item = &'static Rule> {
    [orders::RULES, roles::RULES, deeds::RULES, languages::RULES, structure::RULES].into_iter().flatten()
}

/// Whether the rule with this id is for another language than English.
pub(crate) fn is_of_another_language(id: &str) -> bool {
    languages::RULES.iter().any(|rule| rule.id == id)
}

/// The pattern with its fragments written out.
pub(crate) fn expand(pattern: &str) -> String {
    fragments::FRAGMENTS
        .iter()
        .fold(pattern.to_owned(), |text, (name, fragment)| text.replace(name, fragment))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_id_is_its_own_and_every_anchor_is_normalised() {
        let ids: Vec<_> = all().map(|rule| rule.id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        for rule in all() {
            assert!(!rule.anchors.is_empty());
            for anchor in rule.anchors {
                assert_eq!(super::super::normalise::normalise(anchor).0, *anchor, "{}", rule.id);
            }
        }
    }
}
