//! Rules of the operator: patterns of their own, and values that are no secrets although they look like some. What is
//! decided here: which patterns are accepted. A pattern must compile within bounds, must not match nothing, must not match
//! what ordinary texts are made of, and must be fast; a careless one would empty every answer or slow all of them.

use std::time::Duration;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::cut::{Cut, OPERATOR_RULE};
use super::{ordinary, samples};

/// The most rules that one operator may have.
pub const MAX_RULES: usize = 64;
/// The most entries of an allow-list.
pub const MAX_ALLOWED: usize = 256;
/// The longest pattern or entry, in bytes.
pub const MAX_PATTERN_BYTES: usize = 1_000;
/// The longest name of a rule, in bytes.
pub const MAX_NAME_BYTES: usize = 40;
/// The highest speed that is told, in MB of text per second: beyond it the texts of the trial are too short to tell.
pub const MOST_MB_PER_SECOND: f64 = 1_000.0;
/// How slow a set of rules may be on any text of its trial, in MB of text per second of one core.
pub const LEAST_MB_PER_SECOND: f64 = 20.0;

/// The most memory that one compiled pattern may take, in bytes.
const MAX_COMPILED_BYTES: usize = 256 * 1024;
/// The largest share of an ordinary text that a rule may take out.
const MAX_SHARE: f64 = 0.01;

/// A pattern of the operator.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rule {
    /// The name in `[redacted:NAME]`: lower-case letters, digits and `-`.
    pub name: String,
    /// A regular expression in the syntax of Rust's `regex`; a group named `secret` is taken out instead of the whole.
    pub pattern: String,
}

/// Why a rule or an entry of the allow-list is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// The rule's name, or the entry.
    pub name: String,
    /// What is wrong, as a sentence.
    pub problem: String,
    /// What to do about it, as a sentence.
    pub fix: String,
}

/// What is wrong with the second of two rules of one name.
const TWICE: &str = "Two rules have this name.";

impl RuleError {
    /// Whether the rule's name is at fault, and not its pattern.
    #[must_use]
    pub fn is_about_its_name(&self) -> bool {
        self.problem == TWICE
    }
}

impl std::fmt::Display for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} {}", self.name, self.problem, self.fix)
    }
}

impl std::error::Error for RuleError {}

/// How the rules did on fixed texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// MB of ordinary text per second of one core, all rules together.
    pub mb_per_second: f64,
    /// The same for the text on which they were slowest.
    pub slowest_mb_per_second: f64,
    /// Which text that was.
    pub slowest_on: &'static str,
}

impl Trial {
    /// Whether the rules are fast enough to be used ([`LEAST_MB_PER_SECOND`]).
    #[must_use]
    pub fn is_fast(&self) -> bool {
        self.slowest_mb_per_second >= LEAST_MB_PER_SECOND
    }
}

/// Compiled rules of one operator. Compile once for each revision and share.
#[derive(Debug, Clone, Default)]
pub struct Custom {
    /// Which rules match at all; asked first, because most texts hold nothing.
    any: RegexSet,
    rules: Vec<(String, Regex)>,
    allowed: RegexSet,
}

impl Custom {
    /// Compiles `rules`, and `allowed`: patterns of whole values that are left alone whatever they look like.
    ///
    /// # Errors
    /// The first rule or entry that is not accepted.
    pub fn compile(rules: &[Rule], allowed: &[String]) -> Result<Self, RuleError> {
        check_count(rules.len(), MAX_RULES, "rules")?;
        check_count(allowed.len(), MAX_ALLOWED, "allow-list entries")?;
        let compiled = rules.iter().map(compile_rule).collect::<Result<Vec<_>, _>>()?;
        for (index, rule) in rules.iter().enumerate() {
            if rules.iter().take(index).any(|earlier| earlier.name == rule.name) {
                return Err(refuse(&rule.name, TWICE, "Give each rule its own name."));
            }
        }
        let entries = allowed.iter().map(|entry| compile_entry(entry)).collect::<Result<Vec<_>, _>>()?;
        let (any, passing) =
            (set(rules.iter().map(|rule| rule.pattern.as_str()))?, set(entries.iter().map(String::as_str))?);
        check_entries(allowed, &passing)?;
        Ok(Self { any, rules: compiled, allowed: passing })
    }

    /// Whether there is neither a rule nor an entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.allowed.is_empty()
    }

    /// How many places of `text` each rule matches, by its name: what the rules would have taken out.
    #[must_use]
    pub fn count(&self, text: &str) -> Vec<(String, usize)> {
        let mut cuts = Vec::new();
        self.find(text, &mut cuts);
        let count = |name: &str| cuts.iter().filter(|cut| cut.rule == Some(name)).count();
        self.rules.iter().map(|(name, _)| (name.clone(), count(name))).collect()
    }

    /// Runs the rules over fixed texts, ordinary and hostile; `clock` gives the time since any fixed moment.
    pub fn trial(&self, clock: impl Fn() -> Duration) -> Trial {
        let speed = |text: &str| {
            let began = clock();
            let mut cuts = Vec::new();
            self.find(text, &mut cuts);
            let seconds = clock().saturating_sub(began).as_secs_f64().max(1e-9);
            // A text that is through in less than a clock can tell says no more than that it is fast.
            (ordinary::megabytes(text) / seconds).min(MOST_MB_PER_SECOND)
        };
        let prose = ordinary::text();
        let mb_per_second = speed(&prose).max(speed(&prose));
        let mut trial = Trial { mb_per_second, slowest_mb_per_second: mb_per_second, slowest_on: "ordinary" };
        for (name, text) in ordinary::hostile() {
            let mb_per_second = speed(&text);
            if mb_per_second < trial.slowest_mb_per_second {
                (trial.slowest_mb_per_second, trial.slowest_on) = (mb_per_second, name);
            }
        }
        trial
    }

    /// Pushes what the rules find. What lies within a mark that an earlier reading left behind is not found again.
    pub(super) fn find<'r>(&'r self, text: &str, cuts: &mut Vec<Cut<'r>>) {
        for (name, regex) in self.any.matches(text).iter().filter_map(|index| self.rules.get(index)) {
            let has_group = regex.capture_names().flatten().any(|group| group == "secret");
            let whole = regex.find_iter(text).filter(|_| !has_group).map(|found| found.range());
            let groups = regex.captures_iter(text).filter(|_| has_group);
            let parts = groups.filter_map(|groups| groups.name("secret").map(|group| group.range()));
            let found = whole.chain(parts).filter(|range| !range.is_empty() && !is_within_mark(text, range));
            cuts.extend(found.map(|range| Cut {
                start: range.start,
                end: range.end,
                kind: OPERATOR_RULE,
                rule: Some(name),
            }));
        }
    }

    /// Whether the operator says that `value` is no secret.
    pub(super) fn allows(&self, value: &str) -> bool {
        !self.allowed.is_empty() && self.allowed.is_match(value)
    }
}

/// Whether `range` begins or ends inside of a `[redacted:..]`.
fn is_within_mark(text: &str, range: &std::ops::Range<usize>) -> bool {
    [range.start, range.end].into_iter().any(|edge| {
        let from = crate::offsets::floor_boundary(text, edge.saturating_sub(MAX_NAME_BYTES + 16));
        let mark = text.get(from..edge).and_then(|before| before.rfind("[redacted:"));
        mark.is_some_and(|mark| !text.get(from + mark..edge).unwrap_or_default().contains(']'))
    })
}

fn check_count(count: usize, most: usize, what: &str) -> Result<(), RuleError> {
    if count <= most {
        return Ok(());
    }
    Err(refuse(what, &format!("There are {count}, and {most} are allowed."), "Join some of them with `|`."))
}

fn compile_rule(rule: &Rule) -> Result<(String, Regex), RuleError> {
    let refuse = |problem: &str, fix: &str| Err(refuse(&rule.name, problem, fix));
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=MAX_NAME_BYTES).contains(&rule.name.len()) || !rule.name.bytes().all(is_name) {
        return refuse(
            "The name is no name of a rule.",
            "Use 1 to 40 lower-case letters, digits and hyphens.",
        );
    }
    let regex = compile(&rule.name, &rule.pattern)?;
    if regex.is_match("") {
        return refuse("The pattern matches the empty text.", "Replace `*` by `+`, or `{0,n}` by `{1,n}`.");
    }
    if regex.is_match(ordinary::MARKS) {
        return refuse(
            "The pattern matches the marks that redaction leaves behind.",
            "Make it say more: a prefix, a length, what stands before it.",
        );
    }
    let text = ordinary::text();
    let taken: usize = regex.find_iter(&text).map(|found| found.len()).sum();
    let share = ordinary::megabytes_of(taken) / ordinary::megabytes(&text);
    if share > MAX_SHARE {
        return refuse(
            &format!("The pattern takes {:.0} % out of an ordinary text.", (share * 100.0).max(1.0)),
            "Make it say more: a prefix, a length, what stands before it.",
        );
    }
    Ok((rule.name.clone(), regex))
}

/// An entry as a pattern of the whole value.
fn compile_entry(entry: &str) -> Result<String, RuleError> {
    let whole = format!("^(?:{entry})$");
    compile(entry, entry)?;
    compile(entry, &whole)?;
    Ok(whole)
}

/// Demands that no entry lets pass what was made up to look like a secret: it would let real ones pass, too. All of them
/// are asked at once, because there are thousands of samples.
fn check_entries(entries: &[String], passing: &RegexSet) -> Result<(), RuleError> {
    if entries.is_empty() {
        return Ok(());
    }
    let found = samples::all().iter().find(|sample| passing.is_match(&sample.text));
    let Some(sample) = found else { return Ok(()) };
    let first = passing.matches(&sample.text).iter().next().and_then(|index| entries.get(index));
    let entry = first.map_or("entry", String::as_str);
    Err(refuse(
        entry,
        &format!(
            "The entry would let any secret pass that is like a {} of {} characters.",
            sample.kind,
            sample.text.len()
        ),
        "Write the value itself, or begin the pattern with fixed letters that no secret has, such as `demo-`.",
    ))
}

fn compile(name: &str, pattern: &str) -> Result<Regex, RuleError> {
    if pattern.is_empty() || pattern.len() > MAX_PATTERN_BYTES {
        let problem = format!("The pattern has {} bytes.", pattern.len());
        return Err(refuse(name, &problem, "Use 1 to 1,000."));
    }
    let built = RegexBuilder::new(pattern)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(4 * MAX_COMPILED_BYTES)
        .nest_limit(32)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            refuse(name, "The pattern is too large when compiled.", "Use smaller counts in `{n,m}`.")
        }
        other => refuse(
            name,
            &format!("The pattern cannot be read: {}.", last_line(&other.to_string())),
            "Write it in the syntax of Rust's regex: no look-around and no back-references.",
        ),
    })
}

fn set<'p>(patterns: impl Iterator<Item = &'p str>) -> Result<RegexSet, RuleError> {
    let built = RegexSetBuilder::new(patterns)
        .size_limit(MAX_RULES * MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_RULES * MAX_COMPILED_BYTES)
        .build();
    built.map_err(|_| {
        refuse("rules", "All patterns together are too large.", "Use fewer, or smaller counts in `{n,m}`.")
    })
}

fn last_line(message: &str) -> &str {
    message.lines().last().unwrap_or_default().trim_start_matches("error: ")
}

fn refuse(name: &str, problem: &str, fix: &str) -> RuleError {
    RuleError { name: name.to_owned(), problem: problem.to_owned(), fix: fix.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Redactor;
    use std::sync::Arc;

    fn rule(name: &str, pattern: &str) -> Rule {
        Rule { name: name.to_owned(), pattern: pattern.to_owned() }
    }

    fn problem(pattern: &str) -> String {
        Custom::compile(&[rule("mine", pattern)], &[])
            .map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn a_rule_of_the_operator_takes_out_what_it_describes() {
        let rules = [rule("badge", r"\bBADGE-\d{6}\b"), rule("door", r"door code (?<secret>\d{4})")];
        let redactor = Redactor::new().with(Arc::new(Custom::compile(&rules, &[]).unwrap()));
        let done = redactor.redact("Ada has BADGE-004211 and door code 7781.");
        assert_eq!(done.text, "Ada has [redacted:badge] and door code [redacted:door].");
        assert_eq!(
            (done.kinds, done.rules),
            (vec![OPERATOR_RULE], vec!["badge".to_owned(), "door".to_owned()])
        );
        let json = redactor.redact_json(r#"{"BADGE-004211": ["BADGE-004212", 7]}"#).unwrap();
        assert_eq!(json.text, r#"{"[redacted:badge]": ["[redacted:badge]", 7]}"#);
        let hidden = redactor.redact("BADGE-00\u{200b}4211");
        assert_eq!(hidden.text, "[redacted:badge]");
    }

    #[test]
    fn what_is_on_the_allow_list_stays() {
        let value = ["gh", "p_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xL3nR6"].concat();
        let custom = Custom::compile(&[], &[value.clone(), "demo-[a-z0-9]+".to_owned()]).unwrap();
        let redactor = Redactor::new().with(Arc::new(custom));
        let text = format!("{value} and {value}x, api_key=demo-9x8c7v6b5n4m, api_key=live-9x8c7v6b5n4m");
        assert_eq!(
            redactor.redact(&text).text,
            format!(
                "{value} and [redacted:github-token], api_key=demo-9x8c7v6b5n4m, api_key=[redacted:secret]"
            )
        );
        let raw = r#"{"password":"demo-hunter2"}"#;
        assert_eq!(redactor.redact_json(raw).unwrap().text, raw);
    }

    #[test]
    fn careless_patterns_are_refused_with_the_reason() {
        for (pattern, part) in [
            ("", "has 0 bytes"),
            ("x*", "matches the empty text"),
            (r"\w+", "matches the marks"),
            (r"[0-9]+", "out of an ordinary text"),
            ("(", "cannot be read: unclosed group"),
            (r"(a)\1", "cannot be read"),
            ("(?:a{1000}){1000}", "too large when compiled"),
        ] {
            assert!(problem(pattern).contains(part), "{pattern}: {}", problem(pattern));
        }
        assert_eq!(problem(r"EMP-\d{5}"), "");
        assert!(Custom::compile(&[rule("Not A Name", "x1y2z3")], &[]).is_err());
        assert!(Custom::compile(&[rule("a", "x1y2"), rule("a", "x1y3")], &[]).is_err());
        assert!(Custom::compile(&vec![rule("a", "x"); MAX_RULES + 1], &[]).is_err());
    }

    /// Each once let whole tokens pass, because it matched none of three short samples.
    #[test]
    fn an_entry_that_lets_secrets_of_a_format_or_a_length_pass_is_refused() {
        for entry in [
            ".*",
            "(?s).{20,}",
            "[A-Za-z0-9]+",
            "[A-Za-z0-9]{28,}",
            "[A-Za-z0-9]{33}",
            "[0-9a-f]{64}",
            "[0-9A-F]{40}",
            "[a-z0-9]{32}",
            "[A-Z2-7]{24}",
            "[A-Za-z0-9_-]{512}",
            "[A-Za-z0-9+/]{100,}={0,2}",
            r"(?-u:[\w.-]){30,}",
            "gh[pousr]_[A-Za-z0-9]{36}",
            "(?i)GHP_.+",
            r"sk_(live|test)_\w+",
            "AKIA[A-Z0-9]{16}",
            r"xoxb-\d+-\d+-\w+",
            r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+",
            r"\d+:AA[\w-]+",
            "AIza.{35}",
            "p[a-z][a-z]_.{30,}",
        ] {
            let error = Custom::compile(&[], &["harmless".to_owned(), entry.to_owned()]).expect_err(entry);
            assert!(error.problem.contains("any secret") && error.name == entry, "{error}");
            assert!(!error.fix.is_empty());
        }
    }

    #[test]
    fn an_entry_with_letters_of_its_own_is_accepted() {
        let of_github = ["gh", "p_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xL3nR6"].concat();
        for entry in
            [of_github.as_str(), "demo-[a-z0-9]+", r"build-\d{4,30}", "sha-[0-9a-f]{40}", r"\d{4}-\d{4}"]
        {
            assert_eq!(Custom::compile(&[], &[entry.to_owned()]).err(), None, "{entry}");
        }
    }

    #[test]
    fn a_full_allow_list_is_checked_in_a_moment() {
        let entries: Vec<String> = (0..MAX_ALLOWED).map(|n| format!("demo-{n}-[a-z0-9]{{1,40}}")).collect();
        let began = std::time::Instant::now();
        Custom::compile(&[], &entries).unwrap();
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn rules_are_counted_and_timed() {
        let custom =
            Custom::compile(&[rule("badge", r"BADGE-\d{6}"), rule("door", r"DOOR-\d")], &[]).unwrap();
        assert_eq!(
            custom.count("BADGE-004211, BADGE-004212"),
            [("badge".to_owned(), 2), ("door".to_owned(), 0)]
        );
        let began = std::time::Instant::now();
        let trial = custom.trial(|| began.elapsed());
        let instant = custom.trial(|| Duration::ZERO);
        assert!(instant.mb_per_second <= MOST_MB_PER_SECOND && instant.is_fast());
        assert!(trial.mb_per_second > 0.0 && trial.slowest_mb_per_second <= trial.mb_per_second);
    }

    #[test]
    fn what_a_rule_left_behind_is_not_found_again() {
        let custom = Custom::compile(&[rule("tail", r"t\] [a-z]+")], &[]);
        assert!(custom.is_ok());
        let redactor = Redactor::new().with(Arc::new(custom.unwrap()));
        let once = redactor.redact("api_key=kF9hRTQp8u7TPHAe2D] and [cut t] abc").text.into_owned();
        assert_eq!(redactor.redact(&once).text, once);
    }
}
