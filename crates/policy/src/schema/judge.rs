//! Judging a value by a schema. What is wrong is said by place and demand, never with the value.

use super::{Node, Others, Type, Types};
use crate::{condition, condition::Bound, number::Decimal, shown};
use procura_model::Json;

/// How many comparisons one value may cost.
const MAX_WORK: usize = 200_000;
const TOO_MUCH: &str = "must be smaller: judging it costs too much";
/// The longest text that a pattern is tried on.
const MAX_PATTERN_TEXT_BYTES: usize = 64 * 1024;

/// What is wrong with a value: `customerId must be a string`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} {must}")]
pub struct Fault {
    path: String,
    must: String,
}

/// Judges a value.
pub(super) fn judge(node: &Node, value: &Json) -> Result<(), Fault> {
    Judge { work: 0 }.node(node, value, &Path(None))
}

struct Judge {
    work: usize,
}

/// Where in the value we are, written out only when something is wrong there.
struct Path<'p>(Option<(&'p Path<'p>, Step<'p>)>);

#[derive(Clone, Copy)]
enum Step<'p> {
    Member(&'p str),
    /// One that is not declared: its name is the caller's own.
    Other,
    Item(usize),
}

impl<'p> Path<'p> {
    const fn below(&'p self, step: Step<'p>) -> Self {
        Path(Some((self, step)))
    }

    fn written(&self) -> String {
        match self.0 {
            None => String::new(),
            Some((above, step)) => {
                let mut out = above.written();
                if !out.is_empty() {
                    out.push('.');
                }
                match step {
                    Step::Member(name) => out.extend(name.chars().take(64)),
                    Step::Other => out.push('*'),
                    Step::Item(index) => out.push_str(&index.to_string()),
                }
                out
            }
        }
    }

    fn must<T>(&self, must: impl Into<String>) -> Result<T, Fault> {
        let path = match self.written() {
            path if path.is_empty() => "the arguments".to_owned(),
            path => path,
        };
        Err(Fault { path, must: must.into() })
    }
}

impl Judge {
    fn node(&mut self, node: &Node, value: &Json, path: &Path<'_>) -> Result<(), Fault> {
        self.work += 1;
        if self.work > MAX_WORK {
            return path.must(TOO_MUCH);
        }
        if let Some(types) = node.types.filter(|types| !is_of(*types, value)) {
            return path.must(format!("must be {}", words(types)));
        }
        if let Some(values) = &node.values {
            self.one_of_the_values(values, value, path)?;
        }
        match value {
            Json::Map(members) => self.object(node, members, path)?,
            Json::List(items) => self.array(node, items, path)?,
            Json::Text(text) => string(node, text, path)?,
            Json::Number(digits) => number(node, digits, path)?,
            Json::Null | Json::Bool(_) => {}
        }
        self.combined(node, value, path)
    }

    fn one_of_the_values(&mut self, values: &[Json], value: &Json, path: &Path<'_>) -> Result<(), Fault> {
        self.work += values.len();
        if values.iter().any(|wanted| condition::equal(value, wanted) == Ok(true)) {
            return Ok(());
        }
        let shown: Vec<String> = values.iter().map(shown::value).collect();
        path.must(format!("must be {}", shown::list(&shown, "or")))
    }

    fn object(&mut self, node: &Node, members: &[(String, Json)], path: &Path<'_>) -> Result<(), Fault> {
        let has = |name: &str| members.binary_search_by(|(key, _)| key.as_str().cmp(name)).is_ok();
        self.work += node.required.len();
        if let Some(missing) = node.required.iter().find(|name| !has(name)) {
            return path.below(Step::Member(missing)).must("is missing");
        }
        if !node.member_count.allows(members.len()) {
            return path.must(format!("must have {} members", node.member_count.words()));
        }
        for (name, value) in members {
            let declared = node.properties.binary_search_by(|(known, _)| known.as_str().cmp(name));
            match (declared.ok().and_then(|index| node.properties.get(index)), &node.others) {
                (Some((known, property)), _) => {
                    self.node(property, value, &path.below(Step::Member(known)))?
                }
                (None, Others::Anything) => {}
                (None, Others::Nothing) => {
                    return path.must("must not have other members than those declared");
                }
                (None, Others::Like(like)) => self.node(like, value, &path.below(Step::Other))?,
            }
        }
        Ok(())
    }

    fn array(&mut self, node: &Node, items: &[Json], path: &Path<'_>) -> Result<(), Fault> {
        if !node.item_count.allows(items.len()) {
            return path.must(format!("must have {} items", node.item_count.words()));
        }
        if node.unique {
            for (index, item) in items.iter().enumerate() {
                self.work += index;
                if self.work > MAX_WORK {
                    return path.must(TOO_MUCH);
                }
                if items.iter().take(index).any(|before| condition::equal(before, item) != Ok(false)) {
                    return path.must("must not have the same item twice");
                }
            }
        }
        let Some(schema) = &node.items else { return Ok(()) };
        let mut numbered = items.iter().enumerate();
        numbered.try_for_each(|(index, item)| self.node(schema, item, &path.below(Step::Item(index))))
    }

    fn combined(&mut self, node: &Node, value: &Json, path: &Path<'_>) -> Result<(), Fault> {
        for each in &node.all_of {
            self.node(each, value, path)?;
        }
        if !node.any_of.is_empty() && self.fitting(&node.any_of, value, path) == 0 {
            return path.must("must be one of the declared forms");
        }
        if !node.one_of.is_empty() && self.fitting(&node.one_of, value, path) != 1 {
            return path.must("must be exactly one of the declared forms");
        }
        // Where the work ran out, a form may only seem not to fit.
        if self.work > MAX_WORK { path.must(TOO_MUCH) } else { Ok(()) }
    }

    fn fitting(&mut self, schemas: &[Node], value: &Json, path: &Path<'_>) -> usize {
        schemas.iter().filter(|each| self.node(each, value, path).is_ok()).count()
    }
}

fn is_of(types: Types, value: &Json) -> bool {
    match value {
        Json::Null => types.contains(Type::Null),
        Json::Bool(_) => types.contains(Type::Boolean),
        Json::Text(_) => types.contains(Type::String),
        Json::List(_) => types.contains(Type::Array),
        Json::Map(_) => types.contains(Type::Object),
        Json::Number(digits) => {
            types.contains(Type::Number)
                || types.contains(Type::Integer)
                    && Decimal::read(digits).is_ok_and(|number| number.is_whole())
        }
    }
}

fn words(types: Types) -> String {
    let named: Vec<&str> = Type::ALL
        .into_iter()
        .filter(|each| types.contains(*each))
        .map(|each| match each {
            Type::Null => "null",
            Type::Boolean => "true or false",
            Type::Integer => "a whole number",
            Type::Number => "a number",
            Type::String => "a string",
            Type::Array => "a list",
            Type::Object => "an object",
        })
        .collect();
    named.join(" or ")
}

fn string(node: &Node, text: &str, path: &Path<'_>) -> Result<(), Fault> {
    if !node.length.allows(text.chars().count()) {
        return path.must(format!("must be {} characters long", node.length.words()));
    }
    match &node.pattern {
        Some(pattern) if text.len() > MAX_PATTERN_TEXT_BYTES || !pattern.is_match(text) => {
            path.must(format!("must match the pattern {}", shown::text(pattern.as_str())))
        }
        _ => Ok(()),
    }
}

fn number(node: &Node, digits: &str, path: &Path<'_>) -> Result<(), Fault> {
    if node.bounds.is_empty() {
        return Ok(());
    }
    let Ok(number) = Decimal::read(digits) else {
        return path.must("must be a number that can be compared, of at most 400 digits");
    };
    for (bound, limit, written) in &node.bounds {
        if !bound.allows(number.cmp(limit)) {
            let words = match bound {
                Bound::Ge => "at least",
                Bound::Le => "at most",
                Bound::Gt => "more than",
                Bound::Lt => "less than",
            };
            return path.must(format!("must be {words} {written}"));
        }
    }
    Ok(())
}
