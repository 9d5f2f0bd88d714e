//! An agent's permissions as Cedar. Each becomes one policy with its id as `@id`, or two where a person must agree above an
//! amount; `@obligation("approval")` marks those. Read the answer so: any error of a `forbid` is a deny; Allow is an allow if
//! a policy without the obligation is among the reasons, else a person must agree.
//!
//! What Cedar cannot say (hours of the week in a time zone, `?` in a glob, fractions in comparisons, lists and objects as
//! values, positions in lists) is named beside the policy. Cedar cannot ask for a type either: a block with two conditions
//! that compare by type refuses where one of them meets another type, also where the other does not hold. An allow that cannot be said is left out, a block is written
//! wider than it is: whoever uses the export gets less than the permissions give, never more.

use crate::number::Decimal;
use procura_model::{ApprovalRule, Condition, Currency, Effect, Json, Money, Operator, Permission};

/// Permissions as Cedar text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The policies, with comments.
    pub text: String,
    /// What could not be said: which permission (id or place), and what of it.
    pub unsaid: Vec<(String, String)>,
}

/// Writes the permissions of an agent as Cedar. Shadow permissions act on nothing and are left out.
#[must_use]
pub fn to_cedar(agent: &str, permissions: &[Permission]) -> Export {
    let mut export = Export { text: String::new(), unsaid: Vec::new() };
    for (index, permission) in permissions.iter().enumerate().filter(|(_, permission)| !permission.shadow) {
        let name = permission.id.map_or_else(|| format!("permission {}", index + 1), |id| id.to_string());
        let said = Said::of(permission);
        for fault in &said.unsaid {
            export.text.push_str(&format!("// {name}: Cedar cannot say {fault}\n"));
            export.unsaid.push((name.clone(), fault.clone()));
        }
        match permission.effect {
            Effect::Block => export.text.push_str(&policy("forbid", &name, agent, false, &said.terms)),
            Effect::Allow if said.unsaid.is_empty() => {
                for (asks, terms) in split(permission, said.terms) {
                    let name = if asks { format!("{name}/approval") } else { name.clone() };
                    export.text.push_str(&policy("permit", &name, agent, asks, &terms));
                }
            }
            Effect::Allow => {}
        }
    }
    export
}

/// One permit, or one for what needs nobody and one for what needs a person.
fn split(permission: &Permission, terms: Vec<String>) -> Vec<(bool, Vec<String>)> {
    match permission.approval {
        ApprovalRule::Never => vec![(false, terms)],
        ApprovalRule::Always => vec![(true, terms)],
        ApprovalRule::Above(threshold) => {
            let with = |term: String| terms.iter().cloned().chain([term]).collect();
            let units = threshold.value.units();
            vec![
                (false, with(format!("context.amount <= {units}"))),
                (true, with(format!("context.amount > {units}"))),
            ]
        }
    }
}

fn policy(effect: &str, name: &str, agent: &str, asks: bool, terms: &[String]) -> String {
    let obligation = if asks { "@obligation(\"approval\")\n" } else { "" };
    let condition = if terms.is_empty() { "true".to_owned() } else { terms.join(" &&\n  ") };
    format!(
        "@id({})\n{obligation}{effect}(principal == Agent::{}, action == Action::\"verify\", resource) when {{\n  {condition}\n}};\n\n",
        quoted(name),
        quoted(agent),
    )
}

/// What of a permission is said in Cedar, term by term, and what is not.
struct Said {
    terms: Vec<String>,
    unsaid: Vec<String>,
}

impl Said {
    fn of(permission: &Permission) -> Self {
        let mut said = Self { terms: Vec::new(), unsaid: Vec::new() };
        said.actions_and_resources(permission);
        said.vendors(permission);
        said.times_and_user(permission);
        // What can fail in Cedar comes last, so that a condition that surely does not hold is heard first.
        let (safe, typed): (Vec<_>, Vec<_>) =
            permission.conditions.iter().partition(|condition| !compares_by_type(condition));
        for condition in safe.into_iter().chain(typed) {
            match term_of(condition) {
                Ok(term) => said.terms.push(term),
                Err(fault) => said.unsaid.push(format!("the condition on {}: {fault}", condition.path)),
            }
        }
        if permission.effect == Effect::Allow {
            said.amount(permission);
            if permission.window.is_some() {
                said.unsaid.push("the window: Cedar remembers nothing".to_owned());
            }
        }
        said
    }

    fn actions_and_resources(&mut self, permission: &Permission) {
        let folded = permission.effect == Effect::Block;
        let (action, resource) = if folded {
            ("context.actionFolded", "context.resourceFolded")
        } else {
            ("context.action", "context.resource")
        };
        self.terms.push(any(permission.actions.iter().map(|text| like(action, &cased(text, folded)))));
        let known = any(permission.resources.iter().map(|text| like(resource, &cased(text, folded))));
        let without = match permission.effect {
            Effect::Block => true,
            Effect::Allow => permission.resources.iter().any(|text| text.bytes().all(|byte| byte == b'*')),
        };
        self.terms.push(format!("(if context has resource then {known} else {without})"));
    }

    fn vendors(&mut self, permission: &Permission) {
        if permission.vendors.is_empty() {
            return;
        }
        let hosts = permission.vendors.iter().map(|text| {
            let (is_below, host) =
                text.strip_prefix("*.").map_or((false, text.as_str()), |host| (true, host));
            let host = crate::vendor::normal(host).unwrap_or_default();
            if is_below {
                like("context.vendor", &format!("*.{host}"))
            } else {
                format!("context.vendor == {}", quoted(&host))
            }
        });
        let known = any(hosts);
        let without = permission.effect == Effect::Block;
        self.terms.push(format!("(if context has vendor then {known} else {without})"));
    }

    fn times_and_user(&mut self, permission: &Permission) {
        if let Some(from) = permission.not_before {
            self.terms.push(format!("context.now >= {}", from.as_ms()));
        }
        if let Some(until) = permission.expires_at {
            self.terms.push(format!("context.now < {}", until.as_ms()));
        }
        if let Some(user) = &permission.user {
            self.terms.push(format!("context has user && context.user.id == {}", quoted(user)));
        }
        if permission.schedule.is_some() {
            self.unsaid.push("the schedule: Cedar knows no time zones".to_owned());
        }
    }

    fn amount(&mut self, permission: &Permission) {
        let threshold = match permission.approval {
            ApprovalRule::Above(threshold) => Some(threshold),
            ApprovalRule::Never | ApprovalRule::Always => None,
        };
        let Some(Money { currency, .. }) = permission.max_amount.or(threshold) else {
            self.terms.push(
                "(!(context has amount) || context has currency || context has defaultCurrency)".to_owned(),
            );
            return;
        };
        self.terms.push(format!("context has amount && {}", in_currency(currency)));
        if let Some(ceiling) = permission.max_amount {
            self.terms.push(format!("context.amount <= {}", ceiling.value.units()));
        }
    }
}

fn in_currency(currency: Currency) -> String {
    format!("(!(context has currency) || context.currency == {})", quoted(&currency.to_string()))
}

fn any(terms: impl Iterator<Item = String>) -> String {
    format!("({})", terms.collect::<Vec<_>>().join(" || "))
}

fn cased(text: &str, folded: bool) -> String {
    if folded { text.to_lowercase() } else { text.to_owned() }
}

/// Whether Cedar fails where the argument is of another type.
const fn compares_by_type(condition: &Condition) -> bool {
    match condition.op {
        Operator::Prefix | Operator::Glob | Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge => true,
        Operator::Eq | Operator::Ne | Operator::In | Operator::Exists => false,
    }
}

/// One condition as a term; the error says what of it cannot be said.
fn term_of(condition: &Condition) -> Result<String, &'static str> {
    let (present, place) = place(&condition.path)?;
    let all = |term: String| Ok(format!("{present} && {term}"));
    match (condition.op, &condition.value, condition.reference.as_deref()) {
        (Operator::Exists, Some(Json::Bool(false)), _) => Ok(format!("!({present})")),
        (Operator::Exists, _, _) => Ok(present),
        (Operator::Eq, Some(value), _) => all(format!("{place} == {}", literal(value)?)),
        (Operator::Ne, Some(value), _) => all(format!("{place} != {}", literal(value)?)),
        (Operator::In, Some(Json::List(values)), _) => {
            let values = values.iter().map(literal).collect::<Result<Vec<_>, _>>()?;
            all(any(values.into_iter().map(|value| format!("{place} == {value}"))))
        }
        (Operator::Prefix, Some(Json::Text(prefix)), _) => {
            all(format!("{place} like \"{}*\"", escaped(prefix, true)))
        }
        (Operator::Glob, Some(Json::Text(glob)), _) if !glob.contains('?') => all(like(&place, glob)),
        (Operator::Glob, _, _) => Err("? stands for one character"),
        (Operator::Lt, Some(value), _) => all(format!("{place} < {}", whole(value)?)),
        (Operator::Le, Some(value), _) => all(format!("{place} <= {}", whole(value)?)),
        (Operator::Gt, Some(value), _) => all(format!("{place} > {}", whole(value)?)),
        (Operator::Ge, Some(value), _) => all(format!("{place} >= {}", whole(value)?)),
        (Operator::Eq, None, Some("user.id")) => {
            all(format!("context has user && {place} == context.user.id"))
        }
        (Operator::Ne, None, Some("user.id")) => {
            all(format!("context has user && {place} != context.user.id"))
        }
        _ => Err("it compares with something other than a literal or the user's id"),
    }
}

/// Whether an argument is there, and where it stands.
fn place(path: &str) -> Result<(String, String), &'static str> {
    let steps = path.strip_prefix("args.").ok_or("its path is not one of arguments")?;
    let mut present = vec!["context has args".to_owned()];
    let mut place = "context.args".to_owned();
    for step in steps.split('.') {
        if step.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("Cedar's sets have no positions");
        }
        present.push(format!("{place} has {}", quoted(step)));
        place.push_str(&format!("[{}]", quoted(step)));
    }
    Ok((present.join(" && "), place))
}

fn literal(value: &Json) -> Result<String, &'static str> {
    match value {
        Json::Text(content) => Ok(quoted(content)),
        Json::Bool(content) => Ok(content.to_string()),
        Json::Number(_) => whole(value),
        Json::Null => Ok("Null::\"null\"".to_owned()),
        Json::List(_) | Json::Map(_) => Err("it compares with a list or an object"),
    }
}

fn whole(value: &Json) -> Result<String, &'static str> {
    const FRACTION: &str = "it compares with a fraction or a very large number";
    let Json::Number(digits) = value else { return Err("it compares with no number") };
    let exact = Decimal::read(digits).map_err(|_| FRACTION)?;
    let whole = exact.whole().ok_or(FRACTION)?;
    // Cedar reads the digits of the smallest number before their sign, and they do not fit.
    if whole == i64::MIN { Err(FRACTION) } else { Ok(format!("({whole})")) }
}

/// `place like "pattern"`, whose stars are wild.
fn like(place: &str, pattern: &str) -> String {
    format!("{place} like \"{}\"", escaped(pattern, false))
}

fn quoted(content: &str) -> String {
    format!("\"{}\"", escaped(content, false))
}

/// The inside of a Cedar string: everything but plain characters as an escape, so that no name can end the string.
fn escaped(content: &str, stars: bool) -> String {
    let mut text = String::with_capacity(content.len());
    for character in content.chars() {
        match character {
            '*' if stars => text.push_str("\\*"),
            '"' | '\\' => text.extend(['\\', character]),
            ' '..='~' => text.push(character),
            other => text.push_str(&format!("\\u{{{:x}}}", u32::from(other))),
        }
    }
    text
}
