//! Whether a guardrail that is Cedar also makes sense here. What is decided here: a policy is refused when it is saved if it
//! asks for what no call ever has (a typing error: it would deny every call, or never hold), or for what not every call has
//! without asking first whether it is there (`has`), or if its types cannot fit. Each of these would fail while a call is
//! judged, and what fails is a deny for the whole organization.
//!
//! Names are looked at here, because arguments and a user's attributes have no fixed members, which Cedar's own validator
//! does not know; it judges the types of whatever does not touch those.

use super::place::place_of;
use cedar_policy::{Policy, PolicySet, Schema, ValidationError, ValidationMode, Validator};
use serde_json::Value;
use std::{collections::BTreeSet, thread};

/// Cedar takes a policy apart by going down the stack, and so does this; a text of 16 KiB can hold thousands of levels.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// What Cedar sees of an ask, as `context.rs` makes it; arguments and attributes are entities without members, so that
/// nothing is said of their types.
const SCHEMA: &str = r#"
entity Agent; entity Resource; entity Null; entity Number; entity Open;
action "verify" appliesTo { principal: Agent, resource: Resource, context: {
    action: String, actionFolded: String, now: Long, resource?: String, resourceFolded?: String, vendor?: String,
    amount?: Long, currency?: String, defaultCurrency?: String, args?: Open,
    user?: { id: String, email?: String, role?: String, attributes: Open },
    agent: { id: String, name: String, kind: String }
} };
"#;

/// What a path of the context leads to.
#[derive(Clone, Copy)]
enum Shape {
    /// Exactly these members; those with `true` are always there.
    Closed(&'static [(&'static str, bool, Self)]),
    /// Any members, none of which has to be there.
    Open,
    /// No members.
    Leaf,
}

const CONTEXT: Shape = Shape::Closed(&[
    ("action", true, Shape::Leaf),
    ("actionFolded", true, Shape::Leaf),
    ("resource", false, Shape::Leaf),
    ("resourceFolded", false, Shape::Leaf),
    ("vendor", false, Shape::Leaf),
    ("amount", false, Shape::Leaf),
    ("currency", false, Shape::Leaf),
    ("defaultCurrency", false, Shape::Leaf),
    ("args", false, Shape::Open),
    ("user", false, USER),
    (
        "agent",
        true,
        Shape::Closed(&[("id", true, Shape::Leaf), ("name", true, Shape::Leaf), ("kind", true, Shape::Leaf)]),
    ),
    ("now", true, Shape::Leaf),
]);
const USER: Shape = Shape::Closed(&[
    ("id", true, Shape::Leaf),
    ("email", false, Shape::Leaf),
    ("role", false, Shape::Leaf),
    ("attributes", true, Shape::Open),
]);

/// Whether every policy of a text makes sense.
///
/// # Errors
/// What does not, as the end of a sentence that begins with the guardrail.
pub(super) fn check(text: &str, policies: &PolicySet) -> Result<(), String> {
    let judged = thread::scope(|scope| {
        let judging = thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || policies.policies().try_for_each(|policy| check_one(text, policy)));
        judging.ok().and_then(|judging| judging.join().ok())
    });
    judged.unwrap_or_else(|| Err("cannot be looked through now".to_owned()))
}

fn check_one(text: &str, policy: &Policy) -> Result<(), String> {
    let said = policy.to_json().map_err(|_| "cannot be looked through".to_owned())?;
    let mut reading = Reading { text, touches_open: false };
    let mut known = Known::default();
    for condition in said.get("conditions").and_then(Value::as_array).into_iter().flatten() {
        let Some(body) = condition.get("body") else { continue };
        let holds = reading.judge(body, &known)?;
        let is_when = condition.get("kind").and_then(Value::as_str) == Some("when");
        known.extend(if is_when { holds.if_true } else { holds.if_false });
    }
    if reading.touches_open { Ok(()) } else { check_types(text, policy) }
}

/// What Cedar's validator says of the types.
fn check_types(text: &str, policy: &Policy) -> Result<(), String> {
    let unusable = || "cannot be looked through".to_owned();
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|_| unusable())?;
    let set = PolicySet::from_policies([policy.clone()]).map_err(|_| unusable())?;
    let found = Validator::new(schema).validate(&set, ValidationMode::Strict);
    // Of what may be missing the reading above knows more: also what a negation or an alternative says.
    let is_new =
        |error: &&ValidationError| !matches!(error, ValidationError::UnsafeOptionalAttributeAccess(_));
    match found.validation_errors().find(is_new) {
        None => Ok(()),
        Some(error @ ValidationError::UnrecognizedActionId(_)) => Err(format!(
            "names an action that no call has; it is always Action::\"verify\", and what is asked stands in `context.action`{}",
            place_of(text, error)
        )),
        Some(error) => {
            let words = super::sentence_of(error);
            // It begins with the policy's number, which says nothing to anybody.
            let words = words.split_once("`, ").map_or(words.as_str(), |(_, words)| words);
            Err(format!("cannot be judged: {words}{}", place_of(text, error)))
        }
    }
}

/// The paths of the context of which it is known that they are there.
type Known = BTreeSet<Vec<String>>;

/// What is known to be there behind an expression, by what it came to.
#[derive(Default)]
struct Holds {
    if_true: Known,
    if_false: Known,
}

struct Reading<'t> {
    text: &'t str,
    touches_open: bool,
}

impl Reading<'_> {
    /// Looks through an expression, as Cedar's JSON form has it.
    fn judge(&mut self, expression: &Value, known: &Known) -> Result<Holds, String> {
        let Some((operator, body)) = expression.as_object().and_then(|node| node.iter().next()) else {
            return Ok(Holds::default());
        };
        let part = |name: &str| body.get(name).unwrap_or(&Value::Null);
        match operator.as_str() {
            "Value" | "Var" | "Slot" | "Unknown" => Ok(Holds::default()),
            "&&" => self.both(part("left"), part("right"), known),
            "||" => self.either(part("left"), part("right"), known),
            "!" => {
                let Holds { if_true, if_false } = self.judge(part("arg"), known)?;
                Ok(Holds { if_true: if_false, if_false: if_true })
            }
            "if-then-else" => {
                let Holds { if_true, if_false } = self.judge(part("if"), known)?;
                self.judge(part("then"), &joined(known, if_true))?;
                self.judge(part("else"), &joined(known, if_false))?;
                Ok(Holds::default())
            }
            "." => self.access(expression, known).map(|()| Holds::default()),
            "has" => self.has(body, known),
            _ => self.parts(body, known),
        }
    }

    fn both(&mut self, left: &Value, right: &Value, known: &Known) -> Result<Holds, String> {
        let left = self.judge(left, known)?;
        let right = self.judge(right, &joined(known, left.if_true.clone()))?;
        let if_false = left.if_false.intersection(&right.if_false).cloned().collect();
        Ok(Holds { if_true: joined(&left.if_true, right.if_true), if_false })
    }

    fn either(&mut self, left: &Value, right: &Value, known: &Known) -> Result<Holds, String> {
        let left = self.judge(left, known)?;
        let right = self.judge(right, &joined(known, left.if_false.clone()))?;
        let if_true = left.if_true.intersection(&right.if_true).cloned().collect();
        Ok(Holds { if_true, if_false: joined(&left.if_false, right.if_false) })
    }

    /// Everything that stands in an operator about which nothing is known.
    fn parts(&mut self, body: &Value, known: &Known) -> Result<Holds, String> {
        let parts: Vec<&Value> = match body {
            Value::Array(items) => items.iter().collect(),
            Value::Object(members) => members.values().collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        for part in parts {
            if part.is_object() {
                self.judge(part, known)?;
            }
        }
        Ok(Holds::default())
    }

    fn has(&mut self, body: &Value, known: &Known) -> Result<Holds, String> {
        let left = body.get("left").unwrap_or(&Value::Null);
        self.judge(left, known)?;
        let (Some(mut path), Some(name)) = (path(left), body.get("attr").and_then(Value::as_str)) else {
            return Ok(Holds::default());
        };
        path.push(name.to_owned());
        self.shape(&path)?;
        Ok(Holds { if_true: Known::from([path]), if_false: Known::new() })
    }

    fn access(&mut self, expression: &Value, known: &Known) -> Result<(), String> {
        let Some(path) = path(expression) else {
            let left = expression.get(".").and_then(|body| body.get("left")).unwrap_or(&Value::Null);
            return match left.get("Var").and_then(Value::as_str) {
                Some(name) => {
                    Err(format!("asks for a member of `{name}`, which has none: look at `context`"))
                }
                None => self.judge(left, known).map(|_| ()),
            };
        };
        for end in 1..=path.len() {
            let path = path.get(..end).unwrap_or_default();
            if !self.shape(path)? && !known.contains(path) {
                return Err(self.unguarded(path));
            }
        }
        Ok(())
    }

    /// Whether what this path leads to is always there, where what it stands in is.
    fn shape(&mut self, path: &[String]) -> Result<bool, String> {
        let (mut shape, mut is_always) = (CONTEXT, true);
        for (index, name) in path.iter().enumerate() {
            (is_always, shape) = match shape {
                Shape::Open => (false, Shape::Open),
                Shape::Leaf => return Err(self.unknown(path, index, &[])),
                Shape::Closed(members) => match members.iter().find(|(known, ..)| known == name) {
                    Some((_, is_always, shape)) => (*is_always, *shape),
                    None => return Err(self.unknown(path, index, members)),
                },
            };
        }
        self.touches_open |= matches!(shape, Shape::Open);
        Ok(is_always)
    }

    fn unknown(&self, path: &[String], index: usize, members: &[(&str, bool, Shape)]) -> String {
        let holder = written(path.get(..index).unwrap_or_default());
        let name = path.get(index).map_or("", String::as_str);
        let place = self.only_place(&[name]);
        let known: Vec<&str> = members.iter().map(|(name, ..)| *name).collect();
        if known.is_empty() {
            return format!("asks for `{name}` of `{holder}`, which has no members{place}");
        }
        format!("asks for `{holder}.{name}`, which no call has; `{holder}` has {}{place}", known.join(", "))
    }

    fn unguarded(&self, path: &[String]) -> String {
        let (name, holder) =
            path.split_last().map_or(("", &[][..]), |(name, holder)| (name.as_str(), holder));
        let (holder, whole) = (written(holder), written(path));
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let name = if is_plain { name.to_owned() } else { crate::shown::text(name) };
        let place = self.only_place(&[&whole]);
        format!(
            "looks at `{whole}`, which not every call has: write `{holder} has {name} && ...` before it{place}"
        )
    }

    /// Where these words stand, if it is at one place.
    fn only_place(&self, words: &[&str]) -> String {
        let mut found = words.iter().flat_map(|word| self.text.match_indices(word));
        match (found.next(), found.next()) {
            (Some((at, _)), None) => super::place::at(self.text, at),
            _ => String::new(),
        }
    }
}

fn joined(known: &Known, more: Known) -> Known {
    known.iter().cloned().chain(more).collect()
}

/// The path of `context.user.id` below the context; none for what begins elsewhere.
fn path(expression: &Value) -> Option<Vec<String>> {
    if expression.get("Var").and_then(Value::as_str) == Some("context") {
        return Some(Vec::new());
    }
    let body = expression.get(".")?;
    let mut path = path(body.get("left")?)?;
    path.push(body.get("attr")?.as_str()?.to_owned());
    Some(path)
}

fn written(path: &[String]) -> String {
    std::iter::once("context").chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join(".")
}
