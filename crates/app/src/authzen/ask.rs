//! What the policy is asked. The action is the action's name, the resource `{type}/{id}`, and everything else stands
//! among the arguments, where conditions look: `args.subject`, `args.action`, `args.resource`, `args.context`.
//!
//! A type is written so that no other type and id make the same resource: `/` and `%` in it are percent-encoded. What
//! we ourselves read of the context (`sessionId`, `taskId`, `approval`) is no argument, so a question is the same one
//! with and without them.

use super::question::{Members, Party, Question, map};
use procura_model::{Amount, Ask, Currency, EntityName, Json, Reason};
use procura_store::entities::Pair;

/// What of the context is ours to read, and no argument.
const OURS: [&str; 3] = ["approval", "sessionId", "taskId"];

/// The ask of a question; why it cannot be asked where a member that we read cannot be used.
pub(crate) fn ask_of(question: &Question, known: Pair) -> Result<Ask, Reason> {
    let Question { subject, action, resource, context } = question;
    let said = |name: &str| action.properties.get(name).or_else(|| context.get(name));
    let vendor = match (context.get("vendor"), resource.name.of_type.as_str()) {
        (Some(Json::Text(vendor)), _) => Some(vendor.clone()),
        (Some(_), _) => return Err(Reason::VendorInvalid),
        (None, "vendor") => Some(resource.name.id.clone()),
        (None, _) => None,
    };
    let amount = said("amount").map(Amount::from_json).transpose().map_err(|_| Reason::AmountInvalid)?;
    let currency = match said("currency") {
        None => None,
        Some(Json::Text(code)) => Some(code.parse::<Currency>().map_err(|_| Reason::CurrencyMissing)?),
        Some(_) => return Err(Reason::CurrencyMissing),
    };
    let args = [
        ("action", map(action.properties.clone())),
        ("context", map(context_of(question))),
        ("resource", whole(resource, known.resource)),
        ("subject", whole(subject, known.subject)),
    ];
    Ok(Ask {
        action: action.name.clone(),
        resource: Some(resource_of(&resource.name)),
        vendor,
        amount,
        currency,
        args: Some(map(args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        user: None,
    })
}

/// The context without what is ours to read.
pub(crate) fn context_of(question: &Question) -> Members {
    let is_theirs = |(name, _): &(&String, &Json)| !OURS.contains(&name.as_str());
    let members = question.context.iter().filter(is_theirs);
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What is known of a party: what we were told of it before lies under what the caller says now, and under its name.
fn whole(party: &Party, known: Option<Json>) -> Json {
    let mut members = match known {
        Some(Json::Map(members)) => members.into_iter().collect(),
        _ => Members::new(),
    };
    members.extend(party.properties.clone());
    members.insert("type".to_owned(), Json::Text(party.name.of_type.clone()));
    members.insert("id".to_owned(), Json::Text(party.name.id.clone()));
    map(members)
}

fn resource_of(name: &EntityName) -> String {
    let of_type = name.of_type.replace('%', "%25").replace('/', "%2F");
    format!("{of_type}/{}", name.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<Ask, Reason> {
        let question = Question::read(&Json::parse(text).unwrap()).unwrap();
        ask_of(&question, Pair::default())
    }

    #[test]
    fn a_question_becomes_an_ask() {
        let text = r#"{"subject":{"type":"user","id":"ada","properties":{"id":"eve","role":"a"}},
            "action":{"name":"pay","properties":{"amount":742.10}},"resource":{"type":"vendor","id":"a.example"},
            "context":{"currency":"USD","amount":1,"sessionId":"ses_1","approval":{"id":"x"},"taskId":"t","ip":"::1"}}"#;
        let ask = asked(text).unwrap();
        assert_eq!((ask.action.as_str(), ask.resource.as_deref()), ("pay", Some("vendor/a.example")));
        assert_eq!(ask.vendor.as_deref(), Some("a.example"));
        assert_eq!(ask.amount.unwrap().to_string(), "742.10");
        assert_eq!(ask.currency.unwrap().as_str(), "USD");
        let args = ask.args.unwrap();
        assert_eq!(args.at("subject.id").and_then(Json::as_text), Some("ada"), "a property is no name");
        assert_eq!(args.at("subject.role").and_then(Json::as_text), Some("a"));
        let context = args.member("context").unwrap().canonical();
        assert_eq!(context, r#"{"amount":1,"currency":"USD","ip":"::1"}"#);
        assert_eq!(Json::parse(&args.canonical()).unwrap(), args, "the arguments are in canonical order");
    }

    #[test]
    fn what_the_caller_says_lies_over_what_is_known() {
        let text = r#"{"subject":{"type":"user","id":"ada","properties":{"role":"b"}},"action":{"name":"read"},
            "resource":{"type":"todo","id":"1"}}"#;
        let known = Pair {
            subject: Some(Json::parse(r#"{"role":"a","team":"x","type":"admin"}"#).unwrap()),
            resource: Some(Json::parse(r#"{"owner":"ada"}"#).unwrap()),
        };
        let ask = ask_of(&Question::read(&Json::parse(text).unwrap()).unwrap(), known).unwrap();
        let args = ask.args.unwrap();
        let subject = r#"{"id":"ada","role":"b","team":"x","type":"user"}"#;
        assert_eq!(args.member("subject").unwrap().canonical(), subject);
        assert_eq!(args.member("resource").unwrap().canonical(), r#"{"id":"1","owner":"ada","type":"todo"}"#);
    }

    #[test]
    fn two_names_never_make_one_resource() {
        let of = |of_type: &str, id: &str| {
            resource_of(&EntityName { of_type: of_type.to_owned(), id: id.to_owned() })
        };
        assert_eq!(of("todo", "a/b"), "todo/a/b");
        assert_ne!(of("todo/a", "b"), of("todo", "a/b"));
        assert_ne!(of("todo%2Fa", "b"), of("todo/a", "b"));
        assert_eq!(of("route", "/users/{userId}"), "route//users/{userId}");
    }

    #[test]
    fn what_we_read_and_cannot_use_is_told() {
        let with = |context: &str| {
            asked(&format!(
                r#"{{"subject":{{"type":"u","id":"1"}},"action":{{"name":"pay"}},"resource":{{"type":"r","id":"1"}},
                "context":{context}}}"#
            ))
        };
        assert_eq!(with(r#"{"vendor":7}"#).unwrap_err(), Reason::VendorInvalid);
        assert_eq!(with(r#"{"amount":-1}"#).unwrap_err(), Reason::AmountInvalid);
        assert_eq!(with(r#"{"amount":true}"#).unwrap_err(), Reason::AmountInvalid);
        assert_eq!(with(r#"{"currency":"usd"}"#).unwrap_err(), Reason::CurrencyMissing);
        assert_eq!(with(r#"{"currency":1}"#).unwrap_err(), Reason::CurrencyMissing);
        assert!(with(r#"{"vendor":"a.example","amount":"7.50","currency":"EUR"}"#).is_ok());
    }
}
