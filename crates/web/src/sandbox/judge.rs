//! What is typed becomes one record of `check decision`; its answer becomes what the page shows.

use procura_model::{Effect, Json, Permission, Reason, Risk, Time, Verdict};
use serde::Deserialize;

/// What was typed, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    /// A JSON list of permissions.
    pub(crate) permissions: String,
    /// A JSON object: what is asked, as in `POST /v1/verify`.
    pub(crate) ask: String,
    /// A JSON object: the verified user, the default currency, what was spent; may be empty.
    pub(crate) facts: String,
    /// The time of the ask; now where it is empty.
    pub(crate) now: String,
}

/// What the policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    pub(crate) code: Reason,
    pub(crate) sentence: String,
    pub(crate) risk: Risk,
    /// Every permission in its order, as a sentence.
    pub(crate) rules: Vec<Rule>,
    /// Why those that came near did not decide, the nearest first.
    pub(crate) near: Vec<String>,
}

/// One permission as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// None where it cannot be read or used.
    pub(crate) effect: Option<Effect>,
    /// What it says, or what is wrong with it.
    pub(crate) sentence: String,
    /// Whether it decided.
    pub(crate) decided: bool,
}

#[derive(Deserialize)]
struct Answer {
    decision: Verdict,
    code: Reason,
    reason: String,
    risk: Risk,
    near: Vec<Near>,
}

#[derive(Deserialize)]
struct Near {
    permission: Option<String>,
    reason: String,
}

#[derive(Deserialize)]
struct Problem {
    error: String,
}

/// The answer to what was typed; `now` is the time where none was.
///
/// # Errors
/// The field and what is wrong with it.
pub(crate) fn judge(typed: &Typed, now: Time) -> Result<Judged, (&'static str, String)> {
    let permissions = parsed("permissions", &typed.permissions)?;
    let Json::List(listed) = &permissions else {
        return Err(("permissions", "permissions must be a JSON list: [ ... ].".to_owned()));
    };
    let ask = object("ask", &typed.ask)?;
    let facts = object("facts", if typed.facts.trim().is_empty() { "{}" } else { &typed.facts })?;
    let at = match typed.now.trim() {
        "" => now,
        text => text
            .parse()
            .map_err(|_| ("now", "now must be a time such as 2027-01-01T09:00:00Z.".to_owned()))?,
    };
    let members = [
        ("permissions", permissions.clone()),
        ("ask", ask),
        ("facts", facts),
        ("now", Json::Text(at.to_string())),
    ];
    let record = Json::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    let line = procura_policy::check_record(&record.to_string(), now);
    if let Ok(problem) = serde_json::from_str::<Problem>(&line) {
        return Err((field_of(&problem.error), format!("{}.", problem.error.trim_end_matches('.'))));
    }
    let answer: Answer =
        serde_json::from_str(&line).map_err(|_| ("ask", "The answer to this cannot be shown.".to_owned()))?;
    Ok(Judged {
        rules: listed.iter().enumerate().map(|(index, each)| rule(index + 1, each, &answer)).collect(),
        near: answer.near.iter().map(|near| near.words()).collect(),
        verdict: answer.decision,
        code: answer.code,
        risk: answer.risk,
        sentence: answer.reason,
    })
}

impl Near {
    fn words(&self) -> String {
        match &self.permission {
            Some(id) => format!("{} (permission {id})", self.reason),
            None => self.reason.clone(),
        }
    }
}

/// A permission in words. It decided if the answer's sentence ends with its name: our own words come last there.
fn rule(place: usize, text: &Json, answer: &Answer) -> Rule {
    let read = serde_json::from_str::<Permission>(&text.to_string());
    let name = match &read {
        Ok(Permission { id: Some(id), .. }) => id.to_string(),
        _ => place.to_string(),
    };
    let decided = answer.reason.ends_with(&format!("(permission {name})."));
    let refused = |why: String| Rule { effect: None, sentence: why, decided: false };
    match read {
        Err(error) => refused(format!("It cannot be read: {error}.")),
        Ok(permission) => match procura_policy::validate(&permission) {
            Err(error) => refused(error.sentence().to_owned()),
            Ok(()) => Rule {
                effect: Some(permission.effect),
                sentence: procura_policy::sentence(&permission),
                decided,
            },
        },
    }
}

fn parsed(field: &'static str, text: &str) -> Result<Json, (&'static str, String)> {
    Json::parse(text).map_err(|error| (field, format!("{field} cannot be read as JSON: {error}.")))
}

fn object(field: &'static str, text: &str) -> Result<Json, (&'static str, String)> {
    match parsed(field, text)? {
        found @ Json::Map(_) => Ok(found),
        _ => Err((field, format!("{field} must be a JSON object: {{ ... }}."))),
    }
}

/// Which field a problem is about, as its first words say.
fn field_of(problem: &str) -> &'static str {
    let about_facts = ["not a fact", "not a user", "not a record"];
    if about_facts.iter().any(|words| problem.starts_with(words)) { "facts" } else { "ask" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::{Example, example};

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    fn typed(permissions: &str, ask: &str) -> Typed {
        Typed { permissions: permissions.to_owned(), ask: ask.to_owned(), ..Typed::default() }
    }

    #[test]
    fn it_shows_the_decision_the_rule_the_reason_and_what_came_near() {
        let permissions = r#"[{"effect":"allow","actions":["look"]},
            {"effect":"allow","actions":["pay"],"maxAmount":{"value":"5","currency":"USD"}},
            {"effect":"allow","actions":["pay"],"vendors":["a.example"]},
            {"effect":"allow","actions":["pay"],"unknown":1}]"#;
        let readable = permissions
            .replace(",\n            {\"effect\":\"allow\",\"actions\":[\"pay\"],\"unknown\":1}", "");
        let judged =
            judge(&typed(&readable, r#"{"action":"pay","amount":"7","vendor":"b.example"}"#), NOW).unwrap();
        assert_eq!((judged.verdict, judged.code), (Verdict::Deny, Reason::AmountOverLimit));
        assert!(judged.sentence.contains("7.00 USD exceeds 5.00 USD"), "{}", judged.sentence);
        assert_eq!(judged.rules.iter().map(|rule| rule.decided).collect::<Vec<_>>(), [false, true, false]);
        assert!(
            judged.near.iter().any(|near| near.contains("b.example is not a.example")),
            "{:?}",
            judged.near
        );
        assert!(judged.rules[2].sentence.starts_with("May do pay"), "{:?}", judged.rules);

        let judged = judge(&typed(permissions, r#"{"action":"look"}"#), NOW).unwrap();
        assert_eq!((judged.verdict, judged.code), (Verdict::Deny, Reason::PolicyError), "it fails open");
        assert_eq!(judged.rules[3].effect, None);
    }

    #[test]
    fn what_cannot_be_read_names_its_field() {
        let allow = r#"[{"effect":"allow","actions":["a"]}]"#;
        for (permissions, ask, facts, now, field) in [
            ("", r#"{"action":"a"}"#, "", "", "permissions"),
            ("{}", r#"{"action":"a"}"#, "", "", "permissions"),
            (allow, "", "", "", "ask"),
            (allow, "[]", "", "", "ask"),
            (allow, "{}", "", "", "ask"),
            (allow, r#"{"action":"a","args":{"x":1,"x":2}}"#, "", "", "ask"),
            (allow, r#"{"action":"a","user":"ada"}"#, "", "", "ask"),
            (allow, r#"{"action":"a"}"#, "[]", "", "facts"),
            (allow, r#"{"action":"a"}"#, r#"{"user":7}"#, "", "facts"),
            (allow, r#"{"action":"a"}"#, "", "yesterday", "now"),
        ] {
            let typed = Typed { facts: facts.to_owned(), now: now.to_owned(), ..typed(permissions, ask) };
            let (named, words) = judge(&typed, NOW).unwrap_err();
            assert_eq!(named, field, "{permissions} {ask} {facts} {now}: {words}");
        }
    }

    #[test]
    fn every_example_tells_what_it_promises() {
        for each in Example::ALL {
            let shown = example(each.word);
            assert_eq!(shown.word, each.word);
            let judged = judge(&shown.typed(), NOW).unwrap();
            assert_eq!(
                (judged.verdict, judged.code),
                (each.verdict, each.code),
                "{}: {}",
                each.word,
                judged.sentence
            );
            assert!(
                judged.rules.iter().all(|rule| rule.effect.is_some()),
                "{}: {:?}",
                each.word,
                judged.rules
            );
        }
        assert_eq!(example("<script>").word, Example::ALL[0].word);
    }
}
