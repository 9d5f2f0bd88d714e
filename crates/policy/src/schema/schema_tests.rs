//! Each row: a schema, what it takes, what it does not, and a word of the sentence.

use super::*;
use proptest::prelude::*;

fn schema(text: &str) -> Schema {
    Schema::compile(&Json::parse(text).unwrap()).unwrap()
}

fn fault(schema: &Schema, value: &str) -> Option<String> {
    schema.check(&Json::parse(value).unwrap()).err().map(|fault| fault.to_string())
}

#[test]
fn every_keyword_is_enforced() {
    for (text, good, bad, word) in [
        (r#"{"type":"string"}"#, r#""a""#, "1", "a string"),
        (r#"{"type":["integer","null"]}"#, "2.0", "2.5", "a whole number"),
        (r#"{"type":"integer"}"#, "1e2", r#""1""#, "a whole number"),
        (r#"{"enum":["a",1]}"#, "1.0", r#""b""#, r#""a" or 1"#),
        (r#"{"const":{"a":1}}"#, r#"{"a":1.0}"#, r#"{"a":2}"#, "must be an object"),
        (r#"{"minLength":2,"maxLength":3}"#, r#""éé""#, r#""é""#, "2 to 3 characters"),
        (r#"{"pattern":"^[a-z]+$"}"#, r#""ab""#, r#""aB""#, "pattern"),
        (r#"{"minimum":1,"exclusiveMaximum":2}"#, "1.99999999999999999999", "2", "less than 2"),
        (r#"{"maximum":0.3}"#, "0.3", "0.30000000000000000001", "at most 0.3"),
        (r#"{"items":{"type":"number"},"minItems":1}"#, "[1]", r#"[1,"a"]"#, "1 must be a number"),
        (r#"{"minItems":1}"#, "[1]", "[]", "at least 1 items"),
        (r#"{"uniqueItems":true}"#, "[1,2]", "[1,1.0]", "twice"),
        (r#"{"maxProperties":1}"#, r#"{"a":1}"#, r#"{"a":1,"b":2}"#, "at most 1 members"),
        (r#"{"required":["a"]}"#, r#"{"a":null}"#, "{}", "a is missing"),
        (
            r#"{"properties":{"a":{"type":"object","properties":{"b":{"type":"null"}}}}}"#,
            r#"{"a":{"b":null}}"#,
            r#"{"a":{"b":1}}"#,
            "a.b must be null",
        ),
        (
            r#"{"properties":{"a":{}},"additionalProperties":false}"#,
            r#"{"a":1}"#,
            r#"{"secret-word":1}"#,
            "declared",
        ),
        (
            r#"{"additionalProperties":{"type":"boolean"}}"#,
            r#"{"x":true}"#,
            r#"{"secret-word":1}"#,
            "* must be true or false",
        ),
        (r#"{"anyOf":[{"type":"string"},{"minimum":5}]}"#, "5", "4", "one of"),
        (r#"{"oneOf":[{"minimum":5},{"maximum":7}]}"#, "8", "6", "exactly one"),
        (r#"{"allOf":[{"minimum":5},{"maximum":7}]}"#, "6", "8", "at most 7"),
    ] {
        let schema = schema(text);
        assert_eq!(fault(&schema, good), None, "{text} {good}");
        let said = fault(&schema, bad).unwrap_or_default();
        assert!(said.contains(word) && !said.contains("secret-word"), "{text} {bad}: {said}");
    }
}

#[test]
fn a_schema_that_cannot_be_enforced_says_where() {
    for (text, word) in [
        ("7", "the schema must be an object"),
        (r#"{"type":"text"}"#, "type must be"),
        (r#"{"properties":{"a":{"multipleOf":2}}}"#, r#"properties."a"."multipleOf" is a keyword"#),
        (r##"{"items":{"$ref":"#/x"}}"##, "not enforced"),
        (r#"{"not":{}}"#, "not enforced"),
        (r#"{"pattern":"(?=a)"}"#, "pattern must be"),
        (r#"{"pattern":"((a{1,200}){1,200}){1,200}"}"#, "pattern must be"),
        (r#"{"minLength":-1}"#, "minLength must be"),
        (r#"{"maximum":"5"}"#, "maximum must be a number"),
        (r#"{"exclusiveMinimum":true}"#, "exclusiveMinimum must be a number"),
        (r#"{"enum":[]}"#, "enum must be"),
        (r#"{"anyOf":[]}"#, "anyOf must be"),
        (r#"{"items":[{}]}"#, "items must be an object"),
    ] {
        let error = Schema::compile(&Json::parse(text).unwrap()).map(drop).unwrap_err();
        assert!(error.contains(word), "{text}: {error}");
    }
    let deep = format!("{}true{}", r#"{"items":"#.repeat(20), "}".repeat(20));
    assert!(Schema::compile(&Json::parse(&deep).unwrap()).is_err());
}

#[test]
fn work_is_bounded_and_beyond_the_bound_is_a_no() {
    let branching = format!(r#"{{"items":{{"anyOf":[{}]}}}}"#, vec![r#"{"type":"object"}"#; 100].join(","));
    let long = format!("[{}]", vec!["1"; 5_000].join(","));
    let said = fault(&schema(&branching), &long).unwrap();
    assert!(said.contains("must be"), "{said}");
    let twins = format!("[{}]", (0..2_000).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    assert!(fault(&schema(r#"{"uniqueItems":true}"#), &twins).unwrap().contains("costs too much"));
}

#[test]
fn the_types_that_are_taken_are_known() {
    let only = |text: &str| schema(text).takes_only(&[Type::String, Type::Integer, Type::Number]);
    assert!(only(r#"{"type":"string"}"#) && only(r#"{"type":["integer","string"]}"#));
    assert!(!only(r#"{"type":["string","object"]}"#) && !only("{}"));
}

proptest! {
    #[test]
    fn no_schema_and_no_value_break_it(schema in ".{0,60}", value in "[\\[\\]{}\":,0-9a-e]{0,30}") {
        if let (Ok(schema), Ok(value)) = (Json::parse(&schema), Json::parse(&value))
            && let Ok(schema) = Schema::compile(&schema) {
            let _judged = schema.check(&value);
        }
    }
}
