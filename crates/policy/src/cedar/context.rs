//! What Cedar sees of an ask. Names are those of the permission document; amounts are whole ten-thousandths, times
//! milliseconds since 1970. Cedar has no null, no lists in order and few numbers: `null` is the entity `Null::"null"`, a
//! list is a set, a whole number is a `Long`, one of at most four decimal places a `decimal`, any other the entity
//! `Number::"as written"`. What is not there is not in the context: ask with `has`.

use crate::{facts::Facts, number::Decimal, vendor};
use cedar_policy::{Context, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression as Value};
use procura_model::{Agent, Ask, Json, Time, VerifiedUser};
use std::str::FromStr;

/// The agent for whom guardrails are asked.
#[derive(Clone, Copy, Debug)]
pub struct Acting<'a> {
    /// The agent.
    pub agent: &'a Agent,
    /// What else is known.
    pub facts: Facts<'a>,
    /// When it asks.
    pub now: Time,
}

/// The request that Cedar is asked: `Agent::"agt_.."`, `Action::"verify"`, `Resource::"shop/refund"`.
pub(super) fn request(acting: &Acting<'_>, ask: &Ask) -> Result<Request, String> {
    let principal = entity("Agent", &acting.agent.id.to_string())?;
    let action = entity("Action", "verify")?;
    let resource = entity("Resource", ask.resource.as_deref().unwrap_or_default())?;
    let mut pairs = pairs(ask, &acting.facts, acting.now)?;
    let agent = vec![
        ("id".to_owned(), text(&acting.agent.id.to_string())),
        ("name".to_owned(), text(&acting.agent.name)),
        ("kind".to_owned(), text(&acting.agent.kind)),
    ];
    pairs.push(("agent".to_owned(), record(agent)?));
    let context = Context::from_pairs(pairs).map_err(|error| error.to_string())?;
    Request::new(principal, action, resource, context, None).map_err(|error| error.to_string())
}

/// Everything that a policy can look at, but the agent.
fn pairs(ask: &Ask, facts: &Facts<'_>, now: Time) -> Result<Vec<(String, Value)>, String> {
    let mut pairs = vec![
        ("action".to_owned(), text(&ask.action)),
        ("actionFolded".to_owned(), text(&ask.action.to_lowercase())),
        ("now".to_owned(), Value::new_long(now.as_ms())),
    ];
    if let Some(resource) = &ask.resource {
        pairs.push(("resource".to_owned(), text(resource)));
        pairs.push(("resourceFolded".to_owned(), text(&resource.to_lowercase())));
    }
    if let Some(host) = &ask.vendor {
        let host = vendor::normal(host).ok_or("the vendor is no host name")?;
        pairs.push(("vendor".to_owned(), text(&host)));
    }
    if let Some(amount) = ask.amount {
        pairs.push(("amount".to_owned(), Value::new_long(amount.units())));
    }
    if let Some(currency) = ask.currency {
        pairs.push(("currency".to_owned(), text(&currency.to_string())));
    }
    if let Some(currency) = facts.currency {
        pairs.push(("defaultCurrency".to_owned(), text(&currency.to_string())));
    }
    if let Some(args) = &ask.args {
        pairs.push(("args".to_owned(), value(args)?));
    }
    if let Some(acting) = &ask.user {
        pairs.push(("user".to_owned(), user(&acting.user)?));
    }
    Ok(pairs)
}

fn user(user: &VerifiedUser) -> Result<Value, String> {
    let mut pairs = vec![("id".to_owned(), text(&user.id))];
    for name in ["email", "role"] {
        if let Some(fact) = user.fact(&format!("user.{name}")) {
            pairs.push((name.to_owned(), value(&fact)?));
        }
    }
    pairs.push(("attributes".to_owned(), value(&Json::Map(user.attributes.clone()))?));
    record(pairs)
}

fn text(content: &str) -> Value {
    Value::new_string(content.to_owned())
}

fn record(pairs: Vec<(String, Value)>) -> Result<Value, String> {
    Value::new_record(pairs).map_err(|error| error.to_string())
}

fn entity(kind: &str, id: &str) -> Result<EntityUid, String> {
    let kind = EntityTypeName::from_str(kind).map_err(|error| error.to_string())?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn value(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::new_entity_uid(entity("Null", "null")?),
        Json::Bool(content) => Value::new_bool(*content),
        Json::Text(content) => text(content),
        Json::Number(digits) => number(digits)?,
        Json::List(items) => Value::new_set(items.iter().map(value).collect::<Result<Vec<_>, _>>()?),
        Json::Map(members) => {
            let pairs = members.iter().map(|(name, member)| Ok((name.clone(), value(member)?)));
            record(pairs.collect::<Result<_, String>>()?)?
        }
    })
}

fn number(digits: &str) -> Result<Value, String> {
    let exact =
        Decimal::read(digits).map_err(|_| "a number is too large or too long to be compared".to_owned())?;
    if let Some(whole) = exact.whole() {
        return Ok(Value::new_long(whole));
    }
    let is_plain = digits.split_once('.').is_some_and(|(whole, fraction)| {
        (1..=4).contains(&fraction.len()) && whole.len() <= 12 && !digits.contains(['e', 'E'])
    });
    if is_plain {
        Ok(Value::new_decimal(digits))
    } else {
        Ok(Value::new_entity_uid(entity("Number", digits)?))
    }
}
