//! What becomes of a scan: high and critical block, unless the channel only reports; what could not be scanned blocks
//! always; and in the middle the operator's second opinion is asked, where there is one (decision 23).

use super::opinion::{self, Asked, OnFailure, Opinion};
use crate::App;
use procura_model::{Ctx, Reason, Risk, TenantSettings};
use procura_screen::inject::{Channel, Scan};
use serde::Serialize;
use std::borrow::Cow;

/// The rule that stands for the word of the second opinion.
pub(crate) const SECOND_OPINION: &str = "second-opinion";

/// What helps where a text is refused because no second opinion could be had.
pub const UNHEARD_FIX: &str =
    "See that the operator's classifier answers, or set on_failure = \"pass\" under [screen.second_opinion].";

/// What a channel does about an injection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// It blocks.
    Block,
    /// It passes, and is recorded.
    ReportOnly,
}

impl Stance {
    /// What the organization wants of this channel.
    #[must_use]
    pub const fn of(settings: &TenantSettings, channel: Channel) -> Self {
        let report_only = match channel {
            Channel::Prompt => settings.report_only_prompts,
            Channel::ToolArgument => settings.report_only_arguments,
            Channel::ToolResult => settings.report_only_results,
            Channel::ToolDescription => settings.report_only_descriptions,
        };
        if report_only { Self::ReportOnly } else { Self::Block }
    }
}

/// What a screen saw, as it is recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// How harmful it looks.
    pub risk: Risk,
    /// The rules that fired.
    pub rules: Vec<&'static str>,
    /// Whether anything was found; the word by which the record is searched.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
    /// Whether it passed for no other reason than that the channel only reports.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub report_only: bool,
    /// What the second opinion said, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_opinion: Option<Asked>,
}

impl Seen {
    /// Why a text with this is refused, in a sentence.
    #[must_use]
    pub fn sentence(&self, reason: Reason) -> Cow<'static, str> {
        match self.unheard() {
            Some(why) if reason == Reason::CouldNotScan => unheard_sentence(why).into(),
            _ => Cow::Borrowed(reason.text()),
        }
    }

    /// Why the second opinion was not had, where it was asked for.
    #[must_use]
    pub fn unheard(&self) -> Option<&'static str> {
        self.second_opinion.as_ref().and_then(|asked| asked.failure)
    }
}

/// Why a text is refused about which no second opinion could be had.
#[must_use]
pub fn unheard_sentence(why: &str) -> String {
    format!("The second opinion gave no answer ({why}), so this doubtful text is refused.")
}

/// The word of a screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Screened {
    /// It may pass.
    Passed(Seen),
    /// It must not.
    Blocked(Seen),
    /// Nobody can say, so it must not.
    CouldNotScan(Seen),
}

impl Screened {
    /// The word of these scans of one text.
    #[must_use]
    pub fn of(scans: impl IntoIterator<Item = Scan>) -> Self {
        let mut seen = Seen::default();
        let mut is_blocked = false;
        for scan in scans {
            if scan.could_not_scan.is_some() {
                return Self::unscanned();
            }
            is_blocked |= scan.blocks();
            seen.risk = seen.risk.max(scan.risk);
            for finding in scan.findings {
                if !seen.rules.contains(&finding.rule) {
                    seen.rules.push(finding.rule);
                }
            }
        }
        seen.found = seen.risk > Risk::None;
        if is_blocked { Self::Blocked(seen) } else { Self::Passed(seen) }
    }

    /// The text could not be looked at. Nobody knows what is in it, so its risk counts as high.
    #[must_use]
    pub fn unscanned() -> Self {
        Self::CouldNotScan(Seen { risk: Risk::High, ..Seen::default() })
    }

    /// What passes, or why it does not.
    ///
    /// # Errors
    /// `PROMPT_INJECTION` or `COULD_NOT_SCAN`, with what was seen.
    pub fn passed(self) -> Result<Seen, (Reason, Seen)> {
        match self {
            Self::Passed(seen) => Ok(seen),
            Self::Blocked(seen) => Err((Reason::PromptInjection, seen)),
            Self::CouldNotScan(seen) => Err((Reason::CouldNotScan, seen)),
        }
    }

    /// The same where the channel may only report: an injection passes, marked as one.
    fn under(self, stance: Stance) -> Self {
        match (self, stance) {
            (Self::Blocked(seen), Stance::ReportOnly) => Self::Passed(Seen { report_only: true, ..seen }),
            (screened, _) => screened,
        }
    }
}

/// Whose text is looked at, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Look<'l> {
    /// The world.
    pub app: &'l App,
    /// The request.
    pub ctx: &'l Ctx,
    /// Where the text stands.
    pub channel: Channel,
    /// What is done about an injection there.
    pub stance: Stance,
}

impl<'l> Look<'l> {
    /// A look at text in a channel under the settings of its organization.
    #[must_use]
    pub const fn of(app: &'l App, ctx: &'l Ctx, channel: Channel, settings: &TenantSettings) -> Self {
        Self { app, ctx, channel, stance: Stance::of(settings, channel) }
    }

    /// What becomes of a text after our own scan. `text` gives it as a reader would read it; none where that cannot
    /// be had, which counts as an opinion that could not be had.
    pub async fn conclude<'t>(
        &self,
        screened: Screened,
        text: impl FnOnce() -> Option<Cow<'t, str>>,
    ) -> Screened {
        let in_the_middle = matches!(&screened, Screened::Passed(seen) if seen.risk == Risk::Medium);
        let (Screened::Passed(seen), Some(other), true) =
            (&screened, &self.app.settings.second_opinion, in_the_middle)
        else {
            return screened.under(self.stance);
        };
        let asked = match text() {
            Some(text) => Box::pin(opinion::ask(self, other, &text)).await,
            None => Asked::failed("unreadable", 0),
        };
        self.weigh(seen.clone(), asked, other.on_failure).under(self.stance)
    }

    fn weigh(&self, seen: Seen, asked: Asked, on_failure: OnFailure) -> Screened {
        let verdict = asked.verdict;
        let mut seen = Seen { second_opinion: Some(asked), ..seen };
        match (verdict, on_failure) {
            (Some(Opinion::Attack), _) => {
                seen.risk = Risk::High;
                seen.rules.push(SECOND_OPINION);
                Screened::Blocked(seen)
            }
            (Some(Opinion::NoAttack), _) | (None, OnFailure::Pass) => Screened::Passed(seen),
            // Our own scan could look at it, so a channel that only reports lets it pass.
            (None, OnFailure::Block) if self.stance == Stance::ReportOnly => {
                Screened::Passed(Seen { report_only: true, ..seen })
            }
            (None, OnFailure::Block) => Screened::CouldNotScan(seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_has_a_switch_of_its_own() {
        let off = TenantSettings::default();
        let channels =
            [Channel::Prompt, Channel::ToolArgument, Channel::ToolResult, Channel::ToolDescription];
        let switched = [
            TenantSettings { report_only_prompts: true, ..off.clone() },
            TenantSettings { report_only_arguments: true, ..off.clone() },
            TenantSettings { report_only_results: true, ..off.clone() },
            TenantSettings { report_only_descriptions: true, ..off.clone() },
        ];
        for (index, channel) in channels.into_iter().enumerate() {
            assert_eq!(Stance::of(&off, channel), Stance::Block);
            for (other, settings) in switched.iter().enumerate() {
                let stance = if other == index { Stance::ReportOnly } else { Stance::Block };
                assert_eq!(Stance::of(settings, channel), stance, "{channel:?}");
            }
        }
    }

    #[test]
    fn only_reporting_lifts_what_was_seen_and_not_what_could_not_be() {
        let seen = Seen { risk: Risk::High, rules: vec!["override"], ..Seen::default() };
        let reported = Screened::Blocked(seen.clone()).under(Stance::ReportOnly);
        assert_eq!(reported, Screened::Passed(Seen { report_only: true, ..seen.clone() }));
        assert_eq!(Screened::Blocked(seen.clone()).under(Stance::Block), Screened::Blocked(seen));
        assert_eq!(Screened::unscanned().under(Stance::ReportOnly), Screened::unscanned());
    }

    #[test]
    fn a_refusal_says_whether_the_text_or_the_second_opinion_is_at_fault() {
        let Screened::CouldNotScan(unscanned) = Screened::unscanned() else {
            panic!("it could not be scanned")
        };
        assert_eq!(unscanned.risk, Risk::High);
        assert_eq!(unscanned.sentence(Reason::CouldNotScan), Reason::CouldNotScan.text());
        let asked = Asked::failed("connect_failed", 3);
        let unheard = Seen { risk: Risk::Medium, second_opinion: Some(asked), ..Seen::default() };
        assert_eq!(
            unheard.sentence(Reason::CouldNotScan),
            "The second opinion gave no answer (connect_failed), so this doubtful text is refused."
        );
    }

    #[test]
    fn what_is_recorded_names_only_what_there_was() {
        let plain = serde_json::to_string(&Seen::default()).unwrap();
        assert_eq!(plain, r#"{"risk":"none","rules":[]}"#);
        let reported = Seen { report_only: true, ..Seen::default() };
        assert!(serde_json::to_string(&reported).unwrap().ends_with(r#""reportOnly":true}"#));
    }
}
