//! YAML as the JSON that it stands for (YAML 1.2, core schema). Aliases are refused: a few lines of them
//! stand for gigabytes. A key that stands twice is refused, as in JSON.

use procura_model::{Json, json::MAX_DEPTH, json::MAX_VALUES};
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

/// An open list or object.
enum Open {
    List(Vec<Json>),
    Map(Vec<(String, Json)>, Option<String>),
}

/// Reads one document; the error says what is wrong, without its text.
pub(super) fn parse(text: &str) -> Result<Json, &'static str> {
    let mut reader = Reader { open: Vec::new(), root: None, values: 0 };
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|_| "is neither valid JSON nor valid YAML")?;
        match event {
            Event::Alias(_) => return Err("must not use YAML aliases"),
            Event::Scalar(value, style, _, tag) => {
                let value = scalar(&value, style, tag.as_deref())?;
                reader.add(value)?;
            }
            Event::SequenceStart(_, tag) => reader.begin(Open::List(Vec::new()), tag.as_deref())?,
            Event::MappingStart(_, tag) => reader.begin(Open::Map(Vec::new(), None), tag.as_deref())?,
            Event::SequenceEnd | Event::MappingEnd => reader.end()?,
            Event::DocumentStart(_) if reader.root.is_some() => return Err("must be one YAML document"),
            Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::StreamStart
            | Event::StreamEnd
            | Event::Nothing => {}
        }
    }
    reader.root.ok_or("is empty")
}

/// A value, and how it reads as a key.
struct Value {
    value: Json,
    as_key: Option<String>,
}

struct Reader {
    open: Vec<Open>,
    root: Option<Json>,
    values: usize,
}

impl Reader {
    fn begin(&mut self, open: Open, tag: Option<&Tag>) -> Result<(), &'static str> {
        if tag.is_some_and(|tag| !is_core(tag)) {
            return Err("must not use YAML tags of its own");
        }
        if self.open.len() >= MAX_DEPTH {
            return Err("is nested too deeply");
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), &'static str> {
        let value = match self.open.pop() {
            Some(Open::List(items)) => Json::List(items),
            Some(Open::Map(mut members, None)) => {
                members.sort_by(|a, b| a.0.cmp(&b.0));
                if members.iter().zip(members.iter().skip(1)).any(|(a, b)| a.0 == b.0) {
                    return Err("has the same key twice in one object");
                }
                Json::Map(members)
            }
            Some(Open::Map(_, Some(_))) | None => return Err("is not valid YAML"),
        };
        self.add(Value { value, as_key: None })
    }

    fn add(&mut self, Value { value, as_key }: Value) -> Result<(), &'static str> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err("holds too many values");
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(members, key)) => match key.take() {
                Some(key) => members.push((key, value)),
                None => *key = Some(as_key.ok_or("must have texts as keys")?),
            },
        }
        Ok(())
    }
}

/// The tags that say what a reader sees anyway; of these only `!!str` changes anything.
fn is_core(tag: &Tag) -> bool {
    let known = ["bool", "float", "int", "map", "null", "seq", "str"];
    tag.is_yaml_core_schema() && known.contains(&tag.suffix.as_str())
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, &'static str> {
    let as_text = || Value { value: Json::Text(text.to_owned()), as_key: Some(text.to_owned()) };
    match tag {
        Some(tag) if is_core(tag) && tag.suffix == "str" => return Ok(as_text()),
        Some(tag) if is_core(tag) => {}
        Some(_) => return Err("must not use YAML tags of its own"),
        None if style != ScalarStyle::Plain => return Ok(as_text()),
        None => {}
    }
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "true" | "True" | "TRUE" => Json::Bool(true),
        "false" | "False" | "FALSE" => Json::Bool(false),
        _ => number(text).unwrap_or_else(|| Json::Text(text.to_owned())),
    };
    Ok(Value { value, as_key: Some(text.to_owned()) })
}

/// A number of the core schema, in JSON's spelling.
fn number(text: &str) -> Option<Json> {
    let based = |digits: &str, radix| u64::from_str_radix(digits, radix).ok().map(|n| n.to_string());
    let spelled = if let Some(digits) = text.strip_prefix("0x") {
        based(digits, 16)?
    } else if let Some(digits) = text.strip_prefix("0o") {
        based(digits, 8)?
    } else {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, fraction) = rest.split_at_checked(digits)?;
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let fraction = if fraction == "." { "" } else { fraction };
        if digits == 0
            && !fraction.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        {
            return None;
        }
        format!("{sign}{whole}{fraction}")
    };
    Json::parse(&spelled).ok().filter(|json| matches!(json, Json::Number(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn yaml_becomes_the_json_that_it_stands_for() {
        let text = "openapi: 3.1.0\nlist: [1, 0x1F, +2, .5, 007, 1e3, 'no', no, ~, True]\n200: {a: \"x\\u0041\", b: |\n    two\n    lines\n  }\n";
        let text = text.replace(
            "{a: \"x\\u0041\", b: |\n    two\n    lines\n  }",
            "\n  a: \"x\\u0041\"\n  b: |\n    two\n    lines",
        );
        assert_eq!(
            parse(&text).map(|json| json.to_string()).as_deref(),
            Ok(
                r#"{"200":{"a":"xA","b":"two\nlines\n"},"list":[1,31,2,0.5,7,1e3,"no","no",null,true],"openapi":"3.1.0"}"#
            )
        );
        assert_eq!(parse("- !!str 5\n").map(|json| json.to_string()).as_deref(), Ok(r#"["5"]"#));
    }

    #[test]
    fn what_could_grow_or_be_read_twice_is_refused() {
        for (text, word) in [
            ("a: &x [1]\nb: *x\n", "aliases"),
            ("a: 1\na: 2\n", "twice"),
            ("a: !!python/object x\n", "tags"),
            ("a: !own x\n", "tags"),
            ("--- 1\n--- 2\n", "one YAML document"),
            ("[1]: 2\n", "keys"),
            ("", "empty"),
            ("a: [1\n", "neither"),
        ] {
            assert!(parse(text).unwrap_err().contains(word), "{text}: {:?}", parse(text));
        }
        let deep = "[".repeat(5_000);
        assert!(parse(&deep).is_err());
        let many = "- 1\n".repeat(MAX_VALUES + 1);
        assert!(parse(&many).is_err());
    }

    proptest! {
        #[test]
        fn it_never_panics_and_reads_json_as_json_does(text in "[\\[\\]{}\":,0-9a-e \\n\\-]{0,40}") {
            let _read = parse(&text);
        }
    }
}
