//! From findings to a verdict. What is decided here: what a finding weighs in its channel and reading, which findings
//! together are graver than each alone, and where a trained model's opinion enters once there is one.

use procura_model::Risk;

use super::kinds::{Channel, Finding, Scan, View};
use super::rules::{self, Rule, Topic};

/// The id of what the model found.
pub(crate) const MODEL: &str = "model";

/// A finding before its place in the original text is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighed {
    /// What is reported.
    pub(crate) finding: Finding,
    /// What its rule is about; none for what no rule found.
    pub(crate) topic: Option<Topic>,
    /// Whether a damper lowered it.
    pub(crate) damped: bool,
}

/// What a trained model thinks of the text; the structural rules work without one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opinion {
    /// The calibrated probability of an attack in this channel.
    pub probability: f64,
    /// The risk that this probability stands for by the model's own thresholds.
    pub risk: Risk,
}

/// How grave a match of `rule` is where it was found.
pub(crate) fn weigh(rule: &Rule, channel: Channel, view: View, damped: bool) -> Risk {
    if view.is_concealed() {
        return raised(rule.inside.max(rule.outside));
    }
    let outside = channel.is_outside() || view == View::Unescaped;
    let plain = if outside { rule.inside.max(rule.outside) } else { rule.inside };
    if damped { plain.min(Risk::Medium) } else { plain }
}

fn raised(risk: Risk) -> Risk {
    match risk {
        Risk::None => Risk::None,
        Risk::Low => Risk::Medium,
        Risk::Medium => Risk::High,
        Risk::High | Risk::Critical => Risk::Critical,
    }
}

/// The verdict.
pub(crate) fn fuse(mut weighed: Vec<Weighed>, opinion: Option<Opinion>) -> Scan {
    weighed.retain(|one| one.finding.risk > Risk::None);
    drop_echoes(&mut weighed);
    let worst = weighed.iter().map(|one| one.finding.risk).max().unwrap_or(Risk::None);
    let risk = worst.max(together(&weighed)).max(opinion.map_or(Risk::None, |opinion| opinion.risk));
    let doubt: f64 = weighed.iter().take(32).map(|one| 1.0 - weight(one.finding.risk)).product();
    let score = (1.0 - doubt).max(opinion.map_or(0.0, |opinion| opinion.probability)).max(weight(risk));
    let mut findings: Vec<Finding> = weighed.into_iter().map(|one| one.finding).collect();
    // A rule says more exactly than the model what was found, and where; among what blocks it comes first.
    findings.sort_by_key(|finding| {
        let gravity = std::cmp::Reverse(finding.risk.min(Risk::High));
        (gravity, finding.rule == MODEL, std::cmp::Reverse(finding.risk), finding.span, finding.rule)
    });
    findings.dedup();
    findings.truncate(64);
    Scan {
        risk,
        score: if risk == Risk::None { opinion.map_or(0.0, |opinion| opinion.probability) } else { score },
        findings,
        could_not_scan: None,
    }
}

/// The English rule whose words some other languages share.
const INSTRUCTIONS: &str = "override.instructions";

/// What the rule of another language sees in English words that are found as such is no finding of its own.
fn drop_echoes(weighed: &mut Vec<Weighed>) {
    let english: Vec<Finding> =
        weighed.iter().map(|one| one.finding).filter(|one| one.rule == INSTRUCTIONS).collect();
    let is_echo = |one: &Finding| {
        rules::is_of_another_language(one.rule)
            && english.iter().any(|other| {
                let overlaps = one.span.0 < other.span.1 && other.span.0 < one.span.1;
                overlaps && one.view == other.view && one.risk <= other.risk
            })
    };
    weighed.retain(|one| one.topic != Some(Topic::Override) || !is_echo(&one.finding));
}

/// How grave several findings are together.
fn together(weighed: &[Weighed]) -> Risk {
    let has = |topic, least| {
        weighed.iter().any(|one| one.topic == Some(topic) && one.finding.risk >= least && !one.damped)
    };
    let count = |least| {
        let mut rules: Vec<_> = weighed
            .iter()
            .filter(|one| one.finding.risk >= least && !one.damped)
            .map(|one| one.finding.rule)
            .collect();
        rules.sort_unstable();
        rules.dedup();
        rules.len()
    };
    let taking_over = has(Topic::Override, Risk::High);
    if taking_over && (has(Topic::Exfiltration, Risk::Medium) || has(Topic::Turn, Risk::High))
        || count(Risk::High) >= 3
    {
        Risk::Critical
    } else if count(Risk::Medium) >= 2 {
        Risk::High
    } else {
        Risk::None
    }
}

fn weight(risk: Risk) -> f64 {
    match risk {
        Risk::None => 0.0,
        Risk::Low => 0.15,
        Risk::Medium => 0.45,
        Risk::High => 0.85,
        Risk::Critical => 0.97,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed(topic: Topic, risk: Risk, damped: bool) -> Weighed {
        let rule = if topic == Topic::Leak { "a leak" } else { "another" };
        Weighed {
            finding: Finding { rule, view: View::Plain, span: (0, 1), risk },
            topic: Some(topic),
            damped,
        }
    }

    #[test]
    fn two_rules_weigh_more_than_one_unless_they_are_talked_about() {
        let one = weighed(Topic::Persona, Risk::Medium, false);
        let other = weighed(Topic::Leak, Risk::Medium, false);
        assert_eq!(fuse(vec![one], None).risk, Risk::Medium);
        assert_eq!(fuse(vec![one, other], None).risk, Risk::High);
        assert_eq!(fuse(vec![one, weighed(Topic::Leak, Risk::Medium, true)], None).risk, Risk::Medium);
    }

    #[test]
    fn english_words_are_found_once_and_not_again_by_the_rule_of_another_language() {
        let at = |rule, span| Weighed {
            finding: Finding { rule, view: View::Plain, span, risk: Risk::High },
            topic: Some(Topic::Override),
            damped: false,
        };
        let rules = |scan: Scan| scan.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>();
        let english = at("override.instructions", (0, 32));
        let found = fuse(vec![english, at("override.fr", (0, 32)), at("override.pt", (0, 32))], None);
        assert_eq!((found.risk, rules(found)), (Risk::High, vec!["override.instructions"]));
        let apart = fuse(vec![english, at("override.fr", (40, 70))], None);
        assert_eq!(rules(apart), ["override.instructions", "override.fr"]);
        assert_eq!(rules(fuse(vec![at("override.fr", (0, 32))], None)), ["override.fr"]);
        assert_eq!(rules(fuse(vec![english, at("override.told", (0, 32))], None)).len(), 2);
    }

    #[test]
    fn override_with_exfiltration_is_critical() {
        let findings = vec![
            weighed(Topic::Override, Risk::High, false),
            weighed(Topic::Exfiltration, Risk::Medium, false),
        ];
        assert_eq!(fuse(findings, None).risk, Risk::Critical);
    }

    #[test]
    fn an_opinion_can_raise_but_not_lower() {
        let opinion = Opinion { probability: 0.9, risk: Risk::High };
        assert_eq!(fuse(Vec::new(), Some(opinion)).risk, Risk::High);
        let mild = Opinion { probability: 0.1, risk: Risk::None };
        assert_eq!(fuse(vec![weighed(Topic::Leak, Risk::High, false)], Some(mild)).risk, Risk::High);
        assert_eq!(fuse(Vec::new(), None), Scan::clean());
    }
}
