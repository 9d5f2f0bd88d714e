//! What must hold of the arguments.
//!
//! * A path that is not there fails every operator but `exists: false`; `ne` too wants it there.
//!   `null` is there.
//! * Types count: `"5"` is not `5`. Numbers are equal as decimals, also inside lists and objects.
//! * `ref` names a fact of the verified user of the request ([`Fact`]), or another argument (`args.` and a
//!   path). Where there is no user, the user has no such fact, or there is no such argument, the condition
//!   fails.
//! * A number beyond the bounds of [`crate::number`], or a text too long for a pattern, is an error.

use crate::{
    number::{Decimal, Unjudgeable},
    pattern::{MAX_WILD_TEXT_BYTES, Wild},
    shown,
};
use procura_model::{Condition, Json, Operator, VerifiedUser};
use std::cmp::Ordering;

const MAX_PATH_BYTES: usize = 256;
const MAX_LIST: usize = 1_000;

/// A condition that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    /// The whole path, with `args.`.
    pub(crate) path: Box<str>,
    /// What the argument must be, in words: `at most 100`.
    pub(crate) wording: Box<str>,
    pub(crate) test: Test,
}

/// The comparison itself.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    Eq(Operand),
    Ne(Operand),
    In(Vec<Json>),
    Prefix(Box<str>),
    Glob(Wild),
    Order(Bound, Decimal),
    Exists(Presence),
}

/// With what an argument is compared.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Literal(Json),
    User(Fact),
    /// Another argument: its whole path, with `args.`.
    Argument(Box<str>),
}

/// What a condition looks at besides its own argument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) args: Option<&'a Json>,
    pub(crate) user: Option<&'a VerifiedUser>,
}

/// A fact of the verified user: `user.id`, `user.email`, `user.role` or `user.attributes.` and a path.
#[derive(Clone, Debug)]
pub(crate) struct Fact(Box<str>);

impl Fact {
    fn compile(reference: &str) -> Result<Self, &'static str> {
        let is_known = match reference.strip_prefix("user.attributes.") {
            Some(path) => !path.split('.').any(str::is_empty),
            None => matches!(reference, "user.id" | "user.email" | "user.role"),
        };
        if is_known && reference.len() <= MAX_PATH_BYTES {
            return Ok(Self(reference.into()));
        }
        Err("ref must be user.id, user.email, user.role, user.attributes. and a path or args. and a path, \
             256 bytes at most")
    }

    /// What it is for this user.
    pub(crate) fn of(&self, user: Option<&VerifiedUser>) -> Result<Json, Why> {
        user.ok_or(Why::NoUser)?.fact(&self.0).ok_or(Why::NoFact)
    }

    /// The fact in words: never its value.
    fn wording(reference: &str) -> String {
        match reference {
            "user.id" => "the id of the verified user".to_owned(),
            "user.email" => "the e-mail address of the verified user".to_owned(),
            "user.role" => "the role of the verified user".to_owned(),
            other => {
                let path = other.strip_prefix("user.attributes.").unwrap_or(other);
                format!("the attribute {} of the verified user", shown::text(path))
            }
        }
    }
}

/// On which side of the limit an argument must lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Lt,
    Le,
    Gt,
    Ge,
}

/// Whether an argument must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Present,
    Absent,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Holds,
    Fails(Why),
    Fault(Fault),
}

/// Why a condition fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The argument is not there.
    Missing,
    /// There is no verified user to compare with.
    NoUser,
    /// The verified user has no such fact.
    NoFact,
    /// The argument that it is compared with is not there.
    NoOther,
    /// The argument is of a type that the operator cannot compare.
    Type,
    /// The argument is another one.
    Value,
}

/// Why a condition cannot be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Number,
    Length,
}

impl Fault {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Number => "is or holds a number too large or too long to be compared",
            Self::Length => "is a text too long to be compared with a pattern",
        }
    }
}

impl Check {
    /// Compiles a condition; the error says which field of it must be what.
    pub(crate) fn compile(condition: &Condition) -> Result<Self, &'static str> {
        if !condition.path.starts_with("args.") {
            return Err("path must start with args.");
        }
        if !is_path(&condition.path) {
            return Err(
                "path must be args. and names or numbers with single dots between, 256 bytes at most",
            );
        }
        if condition.reference.as_ref() == Some(&condition.path) {
            return Err("ref must name another argument than path");
        }
        let test = compile_test(condition)?;
        Ok(Self { path: condition.path.as_str().into(), wording: wording(condition).into(), test })
    }

    /// The argument that the condition looks at.
    pub(crate) fn argument<'a>(&self, args: Option<&'a Json>) -> Option<&'a Json> {
        at(args, &self.path)
    }

    /// Whether it compares with another argument.
    pub(crate) fn names_another(&self) -> bool {
        matches!(self.test, Test::Eq(Operand::Argument(_)) | Test::Ne(Operand::Argument(_)))
    }

    /// Asks the condition about an argument.
    pub(crate) fn answer(&self, argument: Option<&Json>, known: Known<'_>) -> Answer {
        if let Test::Exists(wanted) = self.test {
            return match (argument, wanted) {
                (Some(_), Presence::Present) | (None, Presence::Absent) => Answer::Holds,
                (None, Presence::Present) => Answer::Fails(Why::Missing),
                (Some(_), Presence::Absent) => Answer::Fails(Why::Value),
            };
        }
        let Some(argument) = argument else { return Answer::Fails(Why::Missing) };
        match self.test.judge(argument, known) {
            Ok(Ok(true)) => Answer::Holds,
            Ok(Ok(false)) => Answer::Fails(Why::Value),
            Ok(Err(why)) => Answer::Fails(why),
            Err(fault) => Answer::Fault(fault),
        }
    }
}

type Judged = Result<Result<bool, Why>, Fault>;

impl Test {
    fn judge(&self, argument: &Json, known: Known<'_>) -> Judged {
        match self {
            Self::Eq(operand) => operand.equals(argument, known),
            Self::Ne(operand) => operand.equals(argument, known).map(|answer| answer.map(|equal| !equal)),
            Self::In(values) => {
                for value in values {
                    if equal(argument, value)? {
                        return Ok(Ok(true));
                    }
                }
                Ok(Ok(false))
            }
            Self::Prefix(prefix) => {
                Ok(argument.as_text().map(|text| text.starts_with(&**prefix)).ok_or(Why::Type))
            }
            Self::Glob(wild) => match argument {
                Json::Text(text) => wild.matches(text).map(Ok).ok_or(Fault::Length),
                _ => Ok(Err(Why::Type)),
            },
            Self::Order(bound, limit) => match argument {
                Json::Number(digits) => Ok(Ok(bound.allows(Decimal::read(digits)?.cmp(limit)))),
                _ => Ok(Err(Why::Type)),
            },
            Self::Exists(presence) => Ok(Ok(*presence == Presence::Present)),
        }
    }
}

impl Bound {
    /// Whether an argument that compares so with the limit lies on the right side.
    pub(crate) fn allows(self, ordering: Ordering) -> bool {
        match self {
            Self::Lt => ordering.is_lt(),
            Self::Le => ordering.is_le(),
            Self::Gt => ordering.is_gt(),
            Self::Ge => ordering.is_ge(),
        }
    }
}

impl Operand {
    fn compile(reference: &str) -> Result<Self, &'static str> {
        if reference.starts_with("args.") && is_path(reference) {
            return Ok(Self::Argument(reference.into()));
        }
        Fact::compile(reference).map(Self::User)
    }

    fn equals(&self, argument: &Json, known: Known<'_>) -> Judged {
        match self {
            Self::Literal(value) => equal(argument, value).map(Ok),
            Self::User(fact) => match fact.of(known.user) {
                Ok(value) => equal(argument, &value).map(Ok),
                Err(why) => Ok(Err(why)),
            },
            Self::Argument(path) => match at(known.args, path) {
                Some(value) => equal(argument, value).map(Ok),
                None => Ok(Err(Why::NoOther)),
            },
        }
    }
}

impl From<Unjudgeable> for Fault {
    fn from(_: Unjudgeable) -> Self {
        Self::Number
    }
}

/// Equality by type and value; numbers as decimals.
pub(crate) fn equal(a: &Json, b: &Json) -> Result<bool, Fault> {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => Ok(Decimal::read(a)? == Decimal::read(b)?),
        (Json::List(a), Json::List(b)) if a.len() == b.len() => {
            a.iter().zip(b).try_fold(true, |so_far, (a, b)| Ok(equal(a, b)? && so_far))
        }
        (Json::Map(a), Json::Map(b)) if a.len() == b.len() => {
            a.iter().zip(b).try_fold(true, |so_far, (a, b)| Ok(equal(&a.1, &b.1)? && a.0 == b.0 && so_far))
        }
        (Json::Null | Json::Bool(_) | Json::Text(_), _) => Ok(a == b),
        (Json::Number(_) | Json::List(_) | Json::Map(_), _) => Ok(false),
    }
}

fn compile_test(condition: &Condition) -> Result<Test, &'static str> {
    let operand = match (&condition.value, condition.reference.as_deref()) {
        (Some(_), Some(_)) => return Err("must have value or ref, not both"),
        (None, None) => return Err("must have a value or a ref"),
        (None, Some(reference)) => Operand::compile(reference)?,
        (Some(value), None) if are_numbers_judgeable(value) => Operand::Literal(value.clone()),
        (Some(_), None) => return Err("value must not hold numbers beyond 400 digits or 1e400"),
    };
    let order = |bound| match &operand {
        Operand::Literal(Json::Number(digits)) => {
            Decimal::read(digits).map(|limit| Test::Order(bound, limit)).map_err(|_| "value must be a number")
        }
        _ => Err("value must be a number for lt, le, gt and ge"),
    };
    match (condition.op, &operand) {
        (Operator::Eq, _) => Ok(Test::Eq(operand)),
        (Operator::Ne, _) => Ok(Test::Ne(operand)),
        (Operator::In, Operand::Literal(Json::List(values))) if (1..=MAX_LIST).contains(&values.len()) => {
            Ok(Test::In(values.clone()))
        }
        (Operator::In, _) => Err("value must be a list of 1 to 1,000 values for in"),
        (Operator::Prefix, Operand::Literal(Json::Text(prefix))) => Ok(Test::Prefix(prefix.as_str().into())),
        (Operator::Prefix, _) => Err("value must be a string for prefix"),
        (Operator::Glob, Operand::Literal(Json::Text(glob))) => Wild::compile(glob)
            .map(Test::Glob)
            .map_err(|_| "value must be a pattern of 1 to 256 bytes for glob"),
        (Operator::Glob, _) => Err("value must be a string for glob"),
        (Operator::Lt, _) => order(Bound::Lt),
        (Operator::Le, _) => order(Bound::Le),
        (Operator::Gt, _) => order(Bound::Gt),
        (Operator::Ge, _) => order(Bound::Ge),
        (Operator::Exists, Operand::Literal(Json::Bool(true))) => Ok(Test::Exists(Presence::Present)),
        (Operator::Exists, Operand::Literal(Json::Bool(false))) => Ok(Test::Exists(Presence::Absent)),
        (Operator::Exists, _) => Err("value must be true or false for exists"),
    }
}

/// Whether a text is `args.` and names or numbers with single dots between.
fn is_path(text: &str) -> bool {
    let steps = text.strip_prefix("args.");
    text.len() <= MAX_PATH_BYTES && steps.is_some_and(|steps| !steps.split('.').any(str::is_empty))
}

/// The argument at a path that begins with `args.`.
fn at<'a>(args: Option<&'a Json>, path: &str) -> Option<&'a Json> {
    args?.at(path.strip_prefix("args.")?)
}

fn are_numbers_judgeable(value: &Json) -> bool {
    match value {
        Json::Number(digits) => Decimal::read(digits).is_ok(),
        Json::List(items) => items.iter().all(are_numbers_judgeable),
        Json::Map(members) => members.iter().all(|(_, value)| are_numbers_judgeable(value)),
        Json::Null | Json::Bool(_) | Json::Text(_) => true,
    }
}

/// What the argument must be, as the end of "args.x is ...".
pub(crate) fn wording(condition: &Condition) -> String {
    let value = match (&condition.value, &condition.reference) {
        (Some(Json::List(items)), _) if condition.op == Operator::In => {
            shown::list(&items.iter().map(shown::value).collect::<Vec<_>>(), "or")
        }
        (Some(value), _) => shown::value(value),
        (None, Some(reference)) if reference.starts_with("args.") => format!("the argument {reference}"),
        (None, Some(reference)) => Fact::wording(reference),
        (None, None) => "nothing".to_owned(),
    };
    match condition.op {
        Operator::Eq => value,
        Operator::Ne => format!("anything but {value}"),
        Operator::In => format!("one of {value}"),
        Operator::Prefix => format!("a text that begins with {value}"),
        Operator::Glob => format!("a text like {value}"),
        Operator::Lt => format!("less than {value}"),
        Operator::Le => format!("at most {value}"),
        Operator::Gt => format!("more than {value}"),
        Operator::Ge => format!("at least {value}"),
        Operator::Exists if condition.value == Some(Json::Bool(false)) => "absent".to_owned(),
        Operator::Exists => "present".to_owned(),
    }
}

// INVARIANT: the longest text that a pattern is tried on is far below what a request may hold.
const _: () = assert!(MAX_WILD_TEXT_BYTES <= 64 * 1024);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Check, &'static str> {
        Check::compile(&serde_json::from_str::<Condition>(text).unwrap())
    }

    fn ada() -> VerifiedUser {
        let Json::Map(attributes) =
            Json::parse(r#"{"huge":1e999,"plan":{"name":"pro","seats":3.0},"tags":["a",1]}"#).unwrap()
        else {
            panic!("an object");
        };
        VerifiedUser {
            id: "ada".to_owned(),
            email: Some("ada@x.example".to_owned()),
            role: Some("admin".to_owned()),
            attributes,
        }
    }

    fn answer(condition: &str, args: &str, user: Option<&VerifiedUser>) -> Answer {
        let args = Json::parse(args).unwrap();
        let check = check(condition).unwrap();
        check.answer(check.argument(Some(&args)), Known { args: Some(&args), user })
    }

    #[test]
    fn every_operator_compares_as_documented() {
        use Answer::{Fails, Fault, Holds};
        for (condition, args, expected) in [
            (r#""op":"eq","value":5"#, r#"{"x":5.0}"#, Holds),
            (r#""op":"eq","value":5"#, r#"{"x":"5"}"#, Fails(Why::Value)),
            (r#""op":"eq","value":5"#, r#"{"x":5.0000000000000000001}"#, Fails(Why::Value)),
            (r#""op":"eq","value":5"#, "{}", Fails(Why::Missing)),
            (r#""op":"eq","value":null"#, r#"{"x":null}"#, Fails(Why::Missing)),
            (r#""op":"eq","value":{"a":[1,2]}"#, r#"{"x":{"a":[1.0,2e0]}}"#, Holds),
            (r#""op":"eq","value":{"a":[1,2]}"#, r#"{"x":{"a":[1,2,3]}}"#, Fails(Why::Value)),
            (r#""op":"eq","value":5"#, r#"{"x":1e999999999}"#, Fault(super::Fault::Number)),
            (r#""op":"ne","value":"a""#, r#"{"x":"b"}"#, Holds),
            (r#""op":"ne","value":"a""#, r#"{"x":"a"}"#, Fails(Why::Value)),
            (r#""op":"ne","value":"a""#, "{}", Fails(Why::Missing)),
            (r#""op":"in","value":["a",1]"#, r#"{"x":1.0}"#, Holds),
            (r#""op":"in","value":["a",1]"#, r#"{"x":"b"}"#, Fails(Why::Value)),
            (r#""op":"prefix","value":"/home/""#, r#"{"x":"/home/ada"}"#, Holds),
            (r#""op":"prefix","value":"/home/""#, r#"{"x":"/etc"}"#, Fails(Why::Value)),
            (r#""op":"prefix","value":"1""#, r#"{"x":10}"#, Fails(Why::Type)),
            (r#""op":"glob","value":"*.md""#, r#"{"x":"a/b.md"}"#, Holds),
            (r#""op":"glob","value":"?.md""#, r#"{"x":"ab.md"}"#, Fails(Why::Value)),
            (r#""op":"lt","value":0.3"#, r#"{"x":0.29999999999999999999}"#, Holds),
            (r#""op":"lt","value":0.3"#, r#"{"x":0.3}"#, Fails(Why::Value)),
            (r#""op":"le","value":100"#, r#"{"x":1e2}"#, Holds),
            (r#""op":"le","value":100"#, r#"{"x":"50"}"#, Fails(Why::Type)),
            (r#""op":"le","value":100"#, r#"{"x":-1e999999999}"#, Fault(super::Fault::Number)),
            (r#""op":"gt","value":-1"#, r#"{"x":-0}"#, Holds),
            (r#""op":"ge","value":2"#, r#"{"x":2}"#, Holds),
            (r#""op":"exists","value":true"#, r#"{"x":null}"#, Holds),
            (r#""op":"exists","value":true"#, "{}", Fails(Why::Missing)),
            (r#""op":"exists","value":false"#, "{}", Holds),
            (r#""op":"exists","value":false"#, r#"{"x":1}"#, Fails(Why::Value)),
            (r#""op":"eq","ref":"user.id""#, r#"{"x":"ada"}"#, Holds),
            (r#""op":"eq","ref":"user.id""#, r#"{"x":"bob"}"#, Fails(Why::Value)),
            (r#""op":"ne","ref":"user.id""#, r#"{"x":"bob"}"#, Holds),
            (r#""op":"eq","ref":"user.email""#, r#"{"x":"ada@x.example"}"#, Holds),
            (r#""op":"eq","ref":"user.role""#, r#"{"x":"Admin"}"#, Fails(Why::Value)),
            (r#""op":"eq","ref":"user.attributes.plan.seats""#, r#"{"x":3}"#, Holds),
            (r#""op":"eq","ref":"user.attributes.plan.seats""#, r#"{"x":"3"}"#, Fails(Why::Value)),
            (r#""op":"eq","ref":"user.attributes.tags.1""#, r#"{"x":1.0}"#, Holds),
            (r#""op":"eq","ref":"user.attributes.plan""#, r#"{"x":{"seats":3,"name":"pro"}}"#, Holds),
            (r#""op":"eq","ref":"user.attributes.huge""#, r#"{"x":1}"#, Fault(super::Fault::Number)),
            (r#""op":"eq","ref":"user.attributes.none""#, r#"{"x":null}"#, Fails(Why::NoFact)),
            (r#""op":"ne","ref":"user.attributes.none""#, r#"{"x":1}"#, Fails(Why::NoFact)),
        ] {
            let text = format!(r#"{{"path":"args.x",{condition}}}"#);
            // `value: null` in the wire form is the same as no value: refused when compiled.
            if condition.contains("null") && !condition.contains("exists") {
                assert!(check(&text).is_err());
                continue;
            }
            assert_eq!(answer(&text, args, Some(&ada())), expected, "{condition} {args}");
        }
        let by_user = r#"{"path":"args.x","op":"ne","ref":"user.id"}"#;
        assert_eq!(answer(by_user, r#"{"x":"bob"}"#, None), Fails(Why::NoUser));
        let long = format!(r#"{{"x":"{}"}}"#, "a".repeat(9_000));
        assert_eq!(
            answer(r#"{"path":"args.x","op":"glob","value":"a*"}"#, &long, None),
            Fault(super::Fault::Length)
        );
    }

    #[test]
    fn an_argument_is_compared_with_another() {
        use Answer::{Fails, Fault, Holds};
        for (condition, args, expected) in [
            (r#""op":"eq","ref":"args.y""#, r#"{"x":1.0,"y":1}"#, Holds),
            (r#""op":"eq","ref":"args.y""#, r#"{"x":"1","y":1}"#, Fails(Why::Value)),
            (r#""op":"eq","ref":"args.y""#, r#"{"x":1}"#, Fails(Why::NoOther)),
            (r#""op":"ne","ref":"args.y""#, r#"{"x":1}"#, Fails(Why::NoOther)),
            (r#""op":"ne","ref":"args.y""#, r#"{"y":1}"#, Fails(Why::Missing)),
            (r#""op":"ne","ref":"args.y.0.z""#, r#"{"x":"b","y":[{"z":"a"}]}"#, Holds),
            (r#""op":"ne","ref":"args.y.0.z""#, r#"{"x":"a","y":[{"z":"a"}]}"#, Fails(Why::Value)),
            (r#""op":"eq","ref":"args.y""#, r#"{"x":1,"y":1e999999999}"#, Fault(super::Fault::Number)),
        ] {
            let text = format!(r#"{{"path":"args.x",{condition}}}"#);
            assert_eq!(answer(&text, args, None), expected, "{condition} {args}");
        }
    }

    #[test]
    fn paths_go_into_objects_and_lists() {
        let condition = r#"{"path":"args.items.1.sku","op":"eq","value":"b"}"#;
        assert_eq!(answer(condition, r#"{"items":[{"sku":"a"},{"sku":"b"}]}"#, None), Answer::Holds);
        assert_eq!(answer(condition, r#"{"items":[{"sku":"b"}]}"#, None), Answer::Fails(Why::Missing));
        let check = check(condition).unwrap();
        let nothing = Known { args: None, user: None };
        assert_eq!(check.answer(check.argument(None), nothing), Answer::Fails(Why::Missing));
    }

    #[test]
    fn a_condition_that_cannot_be_asked_says_why() {
        for (condition, word) in [
            (r#"{"path":"customerId","op":"eq","value":1}"#, "path"),
            (r#"{"path":"args","op":"eq","value":1}"#, "path"),
            (r#"{"path":"args.","op":"eq","value":1}"#, "path"),
            (r#"{"path":"args.a..b","op":"eq","value":1}"#, "path"),
            (r#"{"path":"args.a","op":"eq"}"#, "value or a ref"),
            (r#"{"path":"args.a","op":"eq","value":1,"ref":"user.id"}"#, "not both"),
            (r#"{"path":"args.a","op":"eq","ref":"user.name"}"#, "user.id"),
            (r#"{"path":"args.a","op":"eq","ref":"user.attributes"}"#, "user.id"),
            (r#"{"path":"args.a","op":"eq","ref":"user.attributes.a..b"}"#, "user.id"),
            (r#"{"path":"args.a","op":"eq","ref":"args.a"}"#, "another argument"),
            (r#"{"path":"args.a","op":"eq","ref":"args."}"#, "args. and a path"),
            (r#"{"path":"args.a","op":"eq","ref":"args.b..c"}"#, "args. and a path"),
            (r#"{"path":"args.a","op":"lt","ref":"args.b"}"#, "number"),
            (r#"{"path":"args.a","op":"in","ref":"args.b"}"#, "list"),
            (r#"{"path":"args.a","op":"in","value":"x"}"#, "list"),
            (r#"{"path":"args.a","op":"in","value":[]}"#, "list"),
            (r#"{"path":"args.a","op":"in","ref":"user.id"}"#, "list"),
            (r#"{"path":"args.a","op":"prefix","value":1}"#, "string"),
            (r#"{"path":"args.a","op":"prefix","ref":"user.id"}"#, "string"),
            (r#"{"path":"args.a","op":"glob","value":""}"#, "pattern"),
            (r#"{"path":"args.a","op":"lt","value":"1"}"#, "number"),
            (r#"{"path":"args.a","op":"ge","ref":"user.id"}"#, "number"),
            (r#"{"path":"args.a","op":"le","value":1e999}"#, "400"),
            (r#"{"path":"args.a","op":"exists","value":1}"#, "true or false"),
        ] {
            let error = check(condition).unwrap_err();
            assert!(error.contains(word), "{condition}: {error}");
        }
    }
}
