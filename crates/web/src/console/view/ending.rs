//! How an action ended, where it did not simply end well. That a call was allowed says nothing about
//! its end: a page that shows the one shows the other beside it, with its own meaning.

use super::words::Mark;
use procura_model::Reason;

/// An end that is worth a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) mark: Mark,
    /// What happened, in one sentence.
    pub(crate) said: String,
}

impl Ended {
    /// The end that the record's word and reason tell; none where all went well.
    pub(crate) fn of(word: &str, reason: Option<Reason>) -> Option<Self> {
        let reason = reason.filter(|reason| *reason != Reason::Allowed);
        let (mark, said) = match (word, reason) {
            ("unknown", _) => (
                Mark::unknown("Unknown"),
                "It was begun and has no outcome: it is not known whether the action happened.",
            ),
            ("cancelled", _) | (_, Some(Reason::CallCancelled)) => {
                (Mark::unknown("Cancelled"), Reason::CallCancelled.text())
            }
            (_, Some(Reason::PromptInjection)) => (
                Mark::denied("Result withheld"),
                "The tool's result looks like a prompt injection, so the agent did not get it.",
            ),
            (_, Some(Reason::CouldNotScan)) => (
                Mark::denied("Result withheld"),
                "The tool's result could not be screened, so the agent did not get it.",
            ),
            ("withheld", _) => (Mark::denied("Result withheld"), "The agent did not get the result."),
            ("tool_error", _) => (Mark::neutral("Tool error"), "The tool itself reported an error."),
            (_, Some(reason)) => (Mark::denied("Failed"), reason.text()),
            ("" | "ok", None) => return None,
            (_, None) => (Mark::denied("Failed"), "The tool server answered with an error."),
        };
        Some(Self { mark, said: said.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_is_not_well_has_its_own_word_and_meaning() {
        for (word, reason, tone, said) in [
            ("withheld", Some(Reason::PromptInjection), "denied", "Result withheld"),
            ("", Some(Reason::CouldNotScan), "denied", "Result withheld"),
            ("UPSTREAM_TIMEOUT", Some(Reason::UpstreamTimeout), "denied", "Failed"),
            ("error", None, "denied", "Failed"),
            ("cancelled", Some(Reason::CallCancelled), "unknown", "Cancelled"),
            ("unknown", None, "unknown", "Unknown"),
            ("tool_error", None, "neutral", "Tool error"),
        ] {
            let ended = Ended::of(word, reason).unwrap();
            assert_eq!((ended.mark.tone, ended.mark.word), (tone, said), "{word}");
        }
        for (word, reason) in [("ok", None), ("ok", Some(Reason::Allowed)), ("", None)] {
            assert_eq!(Ended::of(word, reason), None, "{word}");
        }
    }
}
