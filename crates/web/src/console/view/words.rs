//! The small words of every page: an id, a time, a meaning, what is wrong with a form. Each knows
//! how it reads; the templates decide how it looks.

use procura_model::{ApprovalState, Reason, Risk, Time, Verdict, time};
use std::fmt;

/// An id: shortened in the middle for the eye, whole for the clipboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) String);

impl Id {
    /// The id of this thing.
    pub(crate) fn of(id: impl fmt::Display) -> Self {
        Self(id.to_string())
    }

    /// The first and the last characters; whole where that is short enough.
    pub(crate) fn short(&self) -> String {
        let characters: Vec<char> = self.0.chars().collect();
        if characters.len() <= 18 {
            return self.0.clone();
        }
        let (head, tail) = (characters.iter().take(8), characters.iter().skip(characters.len() - 6));
        head.copied().chain(['…']).chain(tail.copied()).collect()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A time as a person reads it, seen from `now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct When {
    pub(crate) at: Time,
    pub(crate) now: Time,
}

impl When {
    /// `3 min ago`, `in 2 h`.
    pub(crate) fn relative(&self) -> String {
        let ms = self.now.ms_since(self.at);
        let span = span(ms.saturating_abs());
        match ms {
            ..=-1_000 => format!("in {span}"),
            1_000.. => format!("{span} ago"),
            _ => "just now".to_owned(),
        }
    }

    /// The day in UTC, as `2026-11-22`.
    pub(crate) fn day(&self) -> String {
        self.exact().chars().take(10).collect()
    }

    /// RFC 3339 in UTC.
    pub(crate) fn exact(&self) -> String {
        self.at.to_string()
    }
}

/// A length of time in its largest unit.
pub(crate) fn span(ms: i64) -> String {
    match ms {
        ..time::MINUTE_MS => format!("{} s", ms / time::SECOND_MS),
        time::MINUTE_MS..time::HOUR_MS => format!("{} min", ms / time::MINUTE_MS),
        time::HOUR_MS..time::DAY_MS => format!("{} h", ms / time::HOUR_MS),
        _ => format!("{} d", ms / time::DAY_MS),
    }
}

/// One of the four meanings, or none: always a word, a shape and a colour together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The class that carries the colour.
    pub(crate) tone: &'static str,
    /// The name of the icon.
    pub(crate) shape: &'static str,
    /// What it says.
    pub(crate) word: &'static str,
}

impl Mark {
    pub(crate) const fn allowed(word: &'static str) -> Self {
        Self { tone: "allowed", shape: "allowed", word }
    }
    pub(crate) const fn denied(word: &'static str) -> Self {
        Self { tone: "denied", shape: "denied", word }
    }
    pub(crate) const fn waiting(word: &'static str) -> Self {
        Self { tone: "waiting", shape: "waiting", word }
    }
    pub(crate) const fn unknown(word: &'static str) -> Self {
        Self { tone: "unknown", shape: "unknown", word }
    }
    pub(crate) const fn neutral(word: &'static str) -> Self {
        Self { tone: "neutral", shape: "dash", word }
    }
}

/// What passed a screen for no other reason than that its channel only reports.
pub(crate) fn would_have_been_blocked(risk: &str) -> Mark {
    Mark::waiting(match risk {
        "critical" => "Would have been blocked · critical",
        "high" => "Would have been blocked · high",
        "medium" => "Would have been blocked · medium",
        _ => "Would have been blocked",
    })
}

impl From<Verdict> for Mark {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow => Self::allowed("Allowed"),
            Verdict::Deny => Self::denied("Denied"),
            Verdict::NeedsApproval => Self::waiting("Needs approval"),
        }
    }
}

impl From<ApprovalState> for Mark {
    fn from(state: ApprovalState) -> Self {
        match state {
            ApprovalState::Waiting => Self::waiting("Waiting"),
            ApprovalState::Granted => Self::allowed("Granted"),
            ApprovalState::Consumed => Self::allowed("Used"),
            ApprovalState::Denied => Self::denied("Denied"),
            ApprovalState::Expired => Self::neutral("Expired"),
            ApprovalState::Cancelled => Self::neutral("Withdrawn"),
            ApprovalState::Stale => Self::neutral("Out of date"),
        }
    }
}

/// The word for a risk, where there is one to speak of.
pub(crate) const fn risk_word(risk: Risk) -> Option<&'static str> {
    match risk {
        Risk::None => None,
        Risk::Low => Some("low risk"),
        Risk::Medium => Some("medium risk"),
        Risk::High => Some("high risk"),
        Risk::Critical => Some("critical risk"),
    }
}

/// What is wrong with a form that was sent: beside the fields, and in a summary that has focus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems(Vec<Problem>);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The field, or nothing for the form as a whole.
    pub(crate) field: &'static str,
    /// What is wrong.
    pub(crate) text: String,
    /// What to do about it.
    pub(crate) fix: String,
}

impl Problems {
    /// Nothing is wrong so far.
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    /// The refusal of a journey; the reason knows which field it is about, `fallback` where it does not.
    pub(crate) fn of(error: &procura_model::Error, fallback: &'static str) -> Self {
        let field = match error.reason() {
            Reason::PasswordTooShort | Reason::PasswordTooLong => "password",
            Reason::NameTaken => "name",
            Reason::AmountInvalid => "max_amount",
            Reason::CurrencyMissing => "currency",
            Reason::EgressRefused | Reason::UpstreamUnreachable => "url",
            _ => fallback,
        };
        let fix = shown_fix(error).to_owned();
        Self(vec![Problem { field, text: error.sentence().to_owned(), fix }])
    }

    /// Notes that something is wrong with a field.
    pub(crate) fn add(&mut self, field: &'static str, text: impl Into<String>) {
        self.0.push(Problem { field, text: text.into(), fix: String::new() });
    }

    /// Whether something is wrong.
    pub(crate) const fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Everything that is wrong.
    pub(crate) fn list(&self) -> &[Problem] {
        &self.0
    }

    /// What is wrong with this field.
    pub(crate) fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|problem| problem.field == field).map(|problem| problem.text.as_str())
    }
}

/// The next step that a page shows; nothing where the sentence says what the field must be.
pub(crate) fn shown_fix(error: &procura_model::Error) -> &'static str {
    let reason = error.reason();
    let is_said = reason == Reason::FieldInvalid && error.sentence() != reason.text();
    if is_said { "" } else { reason.fix() }
}

/// Microseconds in the unit in which they are read.
pub(crate) fn duration(us: i64) -> String {
    match us {
        ..10_000 => format!("{us} µs"),
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_for_the_eye_alone() {
        assert_eq!(Id::of("req_01JD9Z3V5M8Q6T2W4X7Y9A1B3C").short(), "req_01JD…9A1B3C");
        assert_eq!(Id::of("anonymous").short(), "anonymous");
        assert_eq!(Id::of("مستخدم-بمعرف-طويل-جدا-لا-ينكسر").short().chars().count(), 15);
    }

    #[test]
    fn a_time_is_told_from_now() {
        let now = Time::from_ms(10 * time::DAY_MS);
        let told = |ms: i64| When { at: now.plus_ms(ms), now }.relative();
        assert_eq!(told(0), "just now");
        assert_eq!(told(-3 * time::MINUTE_MS), "3 min ago");
        assert_eq!(told(-26 * time::HOUR_MS), "1 d ago");
        assert_eq!(told(2 * time::HOUR_MS), "in 2 h");
    }

    #[test]
    fn a_page_does_not_point_from_its_sentence_to_its_sentence() {
        let said: procura_model::Error = Reason::FieldInvalid.because("name is missing.");
        assert_eq!(Problems::of(&said, "name").list()[0].fix, "");
        assert_eq!(Problems::of(&Reason::NameTaken.into(), "name").list()[0].fix, Reason::NameTaken.fix());
    }

    #[test]
    fn a_duration_keeps_three_digits_or_so() {
        assert_eq!(duration(312), "312 µs");
        assert_eq!(duration(31_200), "31 ms");
        assert_eq!(duration(2_340_000), "2.3 s");
    }
}
