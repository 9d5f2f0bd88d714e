//! What was found, put in order and taken out: hits that overlap become one, each leaves a mark behind, and a text in which
//! something was replaced is looked through again, because what stood beside a secret can read as one once it is gone.

use std::borrow::Cow;

/// The kind of what a rule of the operator found.
pub const OPERATOR_RULE: &str = "operator-rule";

/// How often a text in which something was replaced is looked through again.
const MAX_AGAIN: usize = 4;

/// A secret in a text, in code points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Span {
    /// The first code point.
    pub start: usize,
    /// The code point after the last.
    pub end: usize,
    /// What it is, as in `[redacted:KIND]`; [`OPERATOR_RULE`] for what a rule of the operator found.
    pub kind: &'static str,
}

/// A text without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted<'a> {
    /// The text; borrowed when it had none.
    pub text: Cow<'a, str>,
    /// How many were replaced.
    pub count: usize,
    /// Their kinds, each once, in alphabetical order.
    pub kinds: Vec<&'static str>,
    /// The operator's rules among them, by name, each once, in alphabetical order.
    pub rules: Vec<String>,
}

/// A secret in bytes, as a rule of ours reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: &'static str,
}

/// What is taken out of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut<'r> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: &'static str,
    /// The operator's rule that found it, if it was not one of ours.
    pub(crate) rule: Option<&'r str>,
}

impl From<Hit> for Cut<'_> {
    fn from(Hit { start, end, kind }: Hit) -> Self {
        Self { start, end, kind, rule: None }
    }
}

/// Sorts cuts and joins those that overlap; the longer one gives the name.
pub(crate) fn merge(mut cuts: Vec<Cut<'_>>) -> Vec<Cut<'_>> {
    cuts.sort_by(|one, other| {
        let by_place = one.start.cmp(&other.start).then(other.end.cmp(&one.end));
        by_place.then_with(|| is_general(one.kind).cmp(&is_general(other.kind)))
    });
    let mut merged: Vec<Cut<'_>> = Vec::with_capacity(cuts.len());
    for cut in cuts {
        match merged.last_mut() {
            Some(last) if cut.start < last.end => {
                if cut.end - cut.start > last.end - last.start {
                    (last.kind, last.rule) = (cut.kind, cut.rule);
                }
                last.end = last.end.max(cut.end);
            }
            _ => merged.push(cut),
        }
    }
    merged
}

/// Whether another name for the same place says more.
fn is_general(kind: &str) -> bool {
    matches!(kind, "secret" | "bearer-token" | "password" | "long-token" | OPERATOR_RULE)
}

/// Replaces each cut by `[redacted:KIND]`, or by the name of the operator's rule.
pub(crate) fn replace<'a>(text: &'a str, cuts: &[Cut<'_>]) -> Redacted<'a> {
    if cuts.is_empty() {
        return Redacted { text: Cow::Borrowed(text), count: 0, kinds: Vec::new(), rules: Vec::new() };
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for cut in cuts {
        out.push_str(text.get(at..cut.start).unwrap_or_default());
        push_mark(&mut out, cut);
        at = cut.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    let mut kinds: Vec<_> = cuts.iter().map(|cut| cut.kind).collect();
    let mut rules: Vec<_> = cuts.iter().filter_map(|cut| cut.rule.map(str::to_owned)).collect();
    each_once(&mut kinds);
    each_once(&mut rules);
    Redacted { text: Cow::Owned(out), count: cuts.len(), kinds, rules }
}

/// Writes the mark that a cut leaves behind.
pub(crate) fn push_mark(out: &mut String, cut: &Cut<'_>) {
    out.push_str("[redacted:");
    out.push_str(cut.rule.unwrap_or(cut.kind));
    out.push(']');
}

/// Looks again until nothing is found. A text without a secret is looked through once.
pub(crate) fn settle<'a, 'r>(mut done: Redacted<'a>, find: impl Fn(&str) -> Vec<Cut<'r>>) -> Redacted<'a> {
    for _ in 0..MAX_AGAIN {
        if done.count == 0 {
            break;
        }
        let again = replace(&done.text, &find(&done.text));
        if again.count == 0 {
            break;
        }
        let mut kinds = [done.kinds, again.kinds].concat();
        let mut rules = [done.rules, again.rules].concat();
        each_once(&mut kinds);
        each_once(&mut rules);
        let text = Cow::Owned(again.text.into_owned());
        done = Redacted { text, count: done.count + again.count, kinds, rules };
    }
    done
}

fn each_once<T: Ord>(names: &mut Vec<T>) {
    names.dedup(); // most are the same many times in a row
    names.sort_unstable();
    names.dedup();
}
