//! What the screens found in the last days, and what people said of it: by channel, by rule and by source. Counted from
//! the record itself, so it says what happened and no more.

use super::flagged::{self, Handled};
use crate::App;
use procura_model::{Ctx, Judgement, Reason, Result, Risk, Scope, Time, time::DAY_MS};
use procura_store::{Store, evidence, screen_feedback};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many rows of the record are counted at the most.
const MAX_ROWS: i64 = 20_000;
/// How far back one can look, in days.
const MAX_DAYS: i64 = 90;
/// How many sources are listed.
const MAX_SOURCES: usize = 200;

/// What was found in one channel at one level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelCount {
    /// The channel.
    pub channel: &'static str,
    /// How grave.
    pub risk: Risk,
    /// How many were blocked.
    pub blocked: u64,
    /// How many could not be scanned, and were blocked.
    pub could_not_scan: u64,
    /// How many would have been blocked, and were reported only.
    pub reported: u64,
    /// How many passed.
    pub passed: u64,
}

/// How often a rule fired, and what people said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleCount {
    /// The rule.
    pub rule: String,
    /// In how many texts it fired.
    pub fired: u64,
    /// How often people said that it was no attack.
    pub not_an_attack: u64,
    /// How often people said that it was one, and passed.
    pub missed_attack: u64,
}

/// What was found in texts of one source, and what people said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceCount {
    /// The channel.
    pub channel: String,
    /// `{server}/{tool}`, or the agent of a prompt.
    pub source: String,
    /// In how many texts something was found.
    pub found: u64,
    /// How often people said that it was no attack.
    pub not_an_attack: u64,
    /// How often people said that an attack was missed.
    pub missed_attack: u64,
}

/// What the screens found, and what people said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// Since when it is counted.
    pub since: Time,
    /// Whether there was more than is counted here; then these are the newest.
    pub is_partial: bool,
    /// By channel and level, gravest first.
    pub channels: Vec<ChannelCount>,
    /// By rule, most often first.
    pub rules: Vec<RuleCount>,
    /// By source, most often first.
    pub sources: Vec<SourceCount>,
}

/// What happened in the last days: 1 to 90.
///
/// # Errors
/// The scope is missing; `FIELD_INVALID`.
pub async fn overview(app: &App, ctx: &Ctx, days: i64) -> Result<Overview> {
    ctx.actor.require(Scope::ReadActivity)?;
    if ctx.actor.agent().is_some() {
        return Err(Reason::ScopeMissing.because("An agent's key reads its own decisions only."));
    }
    count(&app.store, ctx, days).await
}

/// The same from the rows alone, for whoever has them anyway.
///
/// # Errors
/// `FIELD_INVALID`.
pub async fn count(store: &Store, ctx: &Ctx, days: i64) -> Result<Overview> {
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Reason::FieldInvalid.because(format!("days must be between 1 and {MAX_DAYS}.")));
    }
    let since = ctx.now.plus_ms(-days.saturating_mul(DAY_MS));
    let mut reader = store.read(ctx);
    let records = evidence::screened(&mut reader, since, MAX_ROWS).await?;
    let mut tally = Tally::default();
    records.iter().filter_map(flagged::flag).for_each(|flag| tally.found(&flag));
    screen_feedback::counts(&mut reader, since).await?.iter().for_each(|count| tally.said(count));
    let is_partial = i64::try_from(records.len()).is_ok_and(|rows| rows >= MAX_ROWS);
    Ok(tally.overview(since, is_partial))
}

#[derive(Default)]
struct Tally {
    channels: BTreeMap<(&'static str, std::cmp::Reverse<Risk>), ChannelCount>,
    rules: BTreeMap<String, RuleCount>,
    sources: BTreeMap<(String, String), SourceCount>,
}

impl Tally {
    fn found(&mut self, flag: &flagged::Flag) {
        let channel = flagged::word(flag.channel);
        let none =
            ChannelCount { channel, risk: flag.risk, blocked: 0, could_not_scan: 0, reported: 0, passed: 0 };
        let count = self.channels.entry((channel, std::cmp::Reverse(flag.risk))).or_insert(none);
        match flag.handled {
            Handled::Blocked => count.blocked += 1,
            Handled::CouldNotScan => count.could_not_scan += 1,
            Handled::Reported => count.reported += 1,
            Handled::Passed => count.passed += 1,
        }
        for rule in &flag.rules {
            self.rule(rule).fired += 1;
        }
        self.source(channel, &flag.source).found += 1;
    }

    fn said(&mut self, count: &screen_feedback::FeedbackCount) {
        let times = u64::try_from(count.times).unwrap_or_default();
        let source = self.source(&count.channel, &count.source);
        match count.judgement {
            Judgement::NotAnAttack => source.not_an_attack += times,
            Judgement::MissedAttack => source.missed_attack += times,
        }
        for rule in &count.rules {
            let rule = self.rule(rule);
            match count.judgement {
                Judgement::NotAnAttack => rule.not_an_attack += times,
                Judgement::MissedAttack => rule.missed_attack += times,
            }
        }
    }

    fn rule(&mut self, rule: &str) -> &mut RuleCount {
        let none = || RuleCount { rule: rule.to_owned(), ..RuleCount::default() };
        self.rules.entry(rule.to_owned()).or_insert_with(none)
    }

    fn source(&mut self, channel: &str, source: &str) -> &mut SourceCount {
        let key = (channel.to_owned(), source.to_owned());
        self.sources.entry(key).or_insert_with_key(|(channel, source)| SourceCount {
            channel: channel.clone(),
            source: source.clone(),
            found: 0,
            not_an_attack: 0,
            missed_attack: 0,
        })
    }

    fn overview(self, since: Time, is_partial: bool) -> Overview {
        let mut rules: Vec<_> = self.rules.into_values().collect();
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.fired.max(rule.not_an_attack + rule.missed_attack)));
        let mut sources: Vec<_> = self.sources.into_values().collect();
        sources
            .sort_by_key(|each| std::cmp::Reverse(each.found.max(each.not_an_attack + each.missed_attack)));
        sources.truncate(MAX_SOURCES);
        Overview { since, is_partial, channels: self.channels.into_values().collect(), rules, sources }
    }
}
