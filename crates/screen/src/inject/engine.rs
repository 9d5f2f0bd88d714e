//! Runs the rules over one reading. One pass looks for the anchors of all rules (and for the disguised telltales); a
//! rule's pattern runs only on the neighbourhood of its anchors, and neighbourhoods that touch become one, so the whole
//! stays linear: in the worst case each pattern reads the text once.

use std::collections::HashMap;

use regex::bytes::{Regex, RegexBuilder};

use super::damper::Damper;
use super::disguise::{TELLTALES, rot13};
use super::rules::{self, Rule};
use crate::grams::Grams;

/// How far before an anchor a match may begin.
const BEFORE: usize = 320;
/// How far after an anchor a match may end.
const AFTER: usize = 420;

/// A match of a rule in one reading, in bytes of that reading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Match {
    /// The rule.
    pub(crate) rule: &'static Rule,
    /// Where it begins.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// Whether it is talked about rather than said.
    pub(crate) damped: bool,
}

/// What one reading gave.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    /// The matches.
    pub(crate) matches: Vec<Match>,
    /// A telltale word stands there moved by thirteen letters.
    pub(crate) rotated: bool,
    /// A telltale word stands there from the end.
    pub(crate) reversed: bool,
}

/// The compiled rules.
pub(crate) struct Engine {
    /// Anchors in ASCII, which every text may hold.
    plain: Anchors,
    /// Anchors in other scripts, for texts that have any.
    foreign: Anchors,
    patterns: Vec<Compiled>,
    damper: Damper,
}

struct Anchors {
    words: Grams,
    /// What each word stands for.
    uses: Vec<Use>,
}

#[derive(Debug, Default, Clone)]
struct Use {
    rules: Vec<usize>,
    rotated: bool,
    reversed: bool,
}

struct Compiled {
    rule: &'static Rule,
    pattern: Regex,
    unless: Option<Regex>,
}

/// A rule's pattern could not be compiled.
#[derive(Debug)]
pub struct BrokenRule(String);

impl BrokenRule {
    /// What could not be compiled, and why.
    pub(crate) fn of(what: &str, why: &dyn std::fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}

impl std::fmt::Display for BrokenRule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "a screening rule cannot be compiled: {}", self.0)
    }
}

impl std::error::Error for BrokenRule {}

impl Engine {
    /// Compiles every rule.
    pub(crate) fn new() -> Result<Self, BrokenRule> {
        let patterns = rules::all().map(Compiled::new).collect::<Result<Vec<_>, _>>()?;
        let mut uses: HashMap<String, Use> = HashMap::new();
        for (index, compiled) in patterns.iter().enumerate() {
            for anchor in compiled.rule.anchors {
                uses.entry((*anchor).to_owned()).or_default().rules.push(index);
            }
        }
        for word in TELLTALES {
            uses.entry(rot13(word)).or_default().rotated = true;
            uses.entry(word.chars().rev().collect()).or_default().reversed = true;
        }
        let (plain, foreign): (Vec<_>, Vec<_>) = uses.into_iter().partition(|(word, _)| word.is_ascii());
        Ok(Self {
            plain: Anchors::new(plain),
            foreign: Anchors::new(foreign),
            patterns,
            damper: Damper::new()?,
        })
    }

    /// Runs the rules over a normalised reading.
    pub(crate) fn run(&self, text: &str) -> Matches {
        let mut found = Matches::default();
        let mut hits: Vec<(usize, usize)> = Vec::new();
        self.plain.find(text, &mut found, &mut hits);
        if !text.is_ascii() {
            self.foreign.find(text, &mut found, &mut hits);
        }
        hits.sort_unstable();
        let mut rest = hits.as_slice();
        while let Some(&(rule, _)) = rest.first() {
            let count = rest.partition_point(|(other, _)| *other == rule);
            let (of_rule, others) = rest.split_at(count);
            if let Some(compiled) = self.patterns.get(rule) {
                compiled.run(text, of_rule, &mut found.matches);
            }
            rest = others;
        }
        if !found.matches.is_empty() {
            let remarks = self.damper.reading(text);
            for one in &mut found.matches {
                one.damped = remarks.are_about(one.start, one.end);
            }
        }
        found
    }
}

impl Anchors {
    fn new(uses: Vec<(String, Use)>) -> Self {
        let (words, uses): (Vec<String>, Vec<Use>) = uses.into_iter().unzip();
        Self { words: Grams::new(words.iter().map(String::as_str)), uses }
    }

    fn find(&self, text: &str, found: &mut Matches, hits: &mut Vec<(usize, usize)>) {
        self.words.find(text.as_bytes(), |word, at| {
            let Some(meaning) = self.uses.get(word) else { return };
            found.rotated |= meaning.rotated;
            found.reversed |= meaning.reversed;
            hits.extend(meaning.rules.iter().map(|rule| (*rule, at)));
        });
    }
}

impl Compiled {
    fn new(rule: &'static Rule) -> Result<Self, BrokenRule> {
        let unless = if rule.unless.is_empty() { None } else { Some(compile(rule.unless, rule.id)?) };
        Ok(Self { rule, pattern: compile(&rules::expand(rule.pattern), rule.id)?, unless })
    }

    /// Looks for matches around the anchors at the sorted `hits`.
    fn run(&self, text: &str, hits: &[(usize, usize)], matches: &mut Vec<Match>) {
        let mut window: Option<(usize, usize)> = None;
        for &(_, at) in hits {
            let (start, end) = (at.saturating_sub(BEFORE), (at + AFTER).min(text.len()));
            match &mut window {
                Some(open) if start <= open.1 => open.1 = end,
                _ => {
                    window.take().into_iter().for_each(|done| self.search(text, done, matches));
                    window = Some((start, end));
                }
            }
        }
        window.into_iter().for_each(|done| self.search(text, done, matches));
    }

    fn search(&self, text: &str, (start, end): (usize, usize), matches: &mut Vec<Match>) {
        let Some(window) = text.as_bytes().get(start..end) else { return };
        for found in self.pattern.find_iter(window).take(8) {
            let around = window.get(found.start().saturating_sub(24)..found.end()).unwrap_or_default();
            if self.unless.as_ref().is_some_and(|unless| unless.is_match(around)) {
                continue;
            }
            matches.push(Match {
                rule: self.rule,
                start: crate::offsets::floor_boundary(text, start + found.start()),
                end: crate::offsets::ceil_boundary(text, start + found.end()),
                damped: false,
            });
        }
    }
}

fn compile(pattern: &str, id: &str) -> Result<Regex, BrokenRule> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(32 << 20)
        .dfa_size_limit(4 << 20)
        .build()
        .map_err(|error| BrokenRule(format!("{id}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles_and_a_plain_text_matches_none() {
        let engine = Engine::new().unwrap();
        assert!(engine.run("the order was shipped and will arrive on tuesday").matches.is_empty());
    }

    #[test]
    fn disguised_telltales_are_noticed() {
        let engine = Engine::new().unwrap();
        assert!(engine.run("vafgehpgvbaf").rotated);
        assert!(engine.run("snoitcurtsni").reversed);
    }
}
