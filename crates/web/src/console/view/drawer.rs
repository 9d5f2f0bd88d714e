//! The drawer "API call for this" of a detail page: the same thing over the API in four languages, with
//! the live URL. No snippet holds a secret: each reads the key from the environment, as `PROCURA_KEY`.

use super::facts::pretty;
use procura_model::Json;

/// One call in every language.
#[derive(Clone, Debug)]
pub(crate) struct ApiCall {
    /// What it does, as a button would say it.
    pub(crate) title: &'static str,
    /// The scope that the key needs.
    pub(crate) scope: &'static str,
    pub(crate) snippets: Vec<Snippet>,
}

/// A call in one language.
#[derive(Clone, Debug)]
pub(crate) struct Snippet {
    pub(crate) language: &'static str,
    pub(crate) text: String,
}

/// A call as HTTP has it.
#[derive(Clone, Debug)]
struct Request<'r> {
    method: &'static str,
    url: String,
    body: Option<&'r Json>,
}

impl ApiCall {
    /// Reads something.
    pub(crate) fn get(title: &'static str, scope: &'static str, url: String) -> Self {
        Self::of(title, scope, &Request { method: "GET", url, body: None })
    }

    /// Changes something. The body is an example that holds no secret.
    pub(crate) fn send(
        title: &'static str,
        scope: &'static str,
        (method, url): (&'static str, String),
        body: Option<&Json>,
    ) -> Self {
        Self::of(title, scope, &Request { method, url, body })
    }

    fn of(title: &'static str, scope: &'static str, request: &Request<'_>) -> Self {
        let snippet = |language, text| Snippet { language, text };
        let snippets = vec![
            snippet("curl", curl(request)),
            snippet("TypeScript", typescript(request)),
            snippet("Python", python(request)),
            snippet("Rust", rust(request)),
        ];
        Self { title, scope, snippets }
    }
}

fn curl(request: &Request<'_>) -> String {
    let method = if request.method == "GET" { String::new() } else { format!(" -X {}", request.method) };
    let body = request.body.map_or_else(String::new, |body| {
        let text = body.to_string().replace('\'', "'\\''");
        format!(" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{text}'")
    });
    format!("curl -sS{method} \"{}\" \\\n  -H \"Authorization: Bearer $PROCURA_KEY\"{body}", request.url)
}

fn typescript(request: &Request<'_>) -> String {
    let kind = request.body.map_or("", |_| ", \"Content-Type\": \"application/json\"");
    let body = request.body.map_or_else(String::new, |body| {
        format!("\n  body: JSON.stringify({}),", indented(&pretty(body), 2))
    });
    format!(
        "const answer = await fetch(\"{}\", {{\n  method: \"{}\",\n  headers: {{ Authorization: `Bearer ${{process.env.PROCURA_KEY}}`{kind} }},{body}\n  signal: AbortSignal.timeout(10_000),\n}});\nif (!answer.ok) throw new Error(`${{answer.status}} ${{await answer.text()}}`);\nconsole.log(await answer.text());",
        request.url, request.method
    )
}

fn python(request: &Request<'_>) -> String {
    let kind = request.body.map_or("", |_| ", \"Content-Type\": \"application/json\"");
    let body = request
        .body
        .map_or_else(String::new, |body| format!("\n    data=json.dumps({}).encode(),", python_value(body)));
    let import =
        if request.body.is_some() { "import json, os, urllib.request" } else { "import os, urllib.request" };
    format!(
        "{import}\n\nrequest = urllib.request.Request(\n    \"{}\",\n    method=\"{}\",\n    headers={{\"Authorization\": f\"Bearer {{os.environ['PROCURA_KEY']}}\"{kind}}},{body}\n)\nwith urllib.request.urlopen(request, timeout=10) as answer:\n    print(answer.read().decode())",
        request.url, request.method
    )
}

/// The value as Python writes it: a JSON string is one of Python's too.
fn python_value(json: &Json) -> String {
    match json {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::Number(_) | Json::Text(_) => json.to_string(),
        Json::List(items) => {
            format!("[{}]", items.iter().map(python_value).collect::<Vec<_>>().join(", "))
        }
        Json::Map(members) => {
            let pair = |(name, value): &(String, Json)| {
                format!("{}: {}", Json::Text(name.clone()), python_value(value))
            };
            format!("{{{}}}", members.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

fn rust(request: &Request<'_>) -> String {
    let verb = request.method.to_ascii_lowercase();
    let send = request.body.map_or_else(
        || {
            // A request that could have a body says that it has none.
            let word = if matches!(request.method, "GET" | "DELETE") { "call" } else { "send_empty" };
            format!("\n    .{word}()?")
        },
        |body| {
            let text = body.to_string();
            let hashes = "#".repeat(1 + longest_run(&text));
            format!("\n    .header(\"Content-Type\", \"application/json\")\n    .send(r{hashes}\"{text}\"{hashes})?")
        },
    );
    format!(
        "// Cargo.toml: ureq = \"3\"\nlet key = std::env::var(\"PROCURA_KEY\")?;\nlet answer = ureq::{verb}(\"{}\")\n    .header(\"Authorization\", format!(\"Bearer {{key}}\")){send}\n    .body_mut()\n    .read_to_string()?;\nprintln!(\"{{answer}}\");",
        request.url
    )
}

/// The longest row of `#` in a text: a raw string needs one more around it.
fn longest_run(text: &str) -> usize {
    text.split(|character| character != '#').map(str::len).max().unwrap_or(0)
}

/// The lines of a document after its first, moved in.
fn indented(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(by)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(call: &ApiCall) -> Vec<&str> {
        call.snippets.iter().map(|snippet| snippet.text.as_str()).collect()
    }

    #[test]
    fn every_language_names_the_live_url_and_reads_the_key_from_outside() {
        let url = "https://p.example/v1/agents/agt_x".to_owned();
        let body = Json::parse(r#"{"enabled":true,"note":null,"list":[1,"a"]}"#).unwrap();
        let calls = [
            ApiCall::get("Read it", "read:agents", url.clone()),
            ApiCall::send("Change it", "write:agents", ("PATCH", url.clone()), Some(&body)),
        ];
        for call in &calls {
            assert_eq!(call.snippets.len(), 4);
            for text in texts(call) {
                assert!(text.contains(&url) && text.contains("PROCURA_KEY"), "{text}");
            }
        }
        let changing = texts(&calls[1]);
        assert!(changing[0].contains("-X PATCH") && changing[1].contains("\"PATCH\""), "{changing:?}");
        assert!(
            changing[2].contains(r#"{"enabled": True, "list": [1, "a"], "note": None}"#),
            "{}",
            changing[2]
        );
        assert!(changing[3].contains("ureq::patch"), "{}", changing[3]);
        let bare = ApiCall::send("Disable it", "write:agents", ("POST", url), None);
        assert!(texts(&bare)[3].contains(".send_empty()"), "{}", texts(&bare)[3]);
    }

    #[test]
    fn a_body_cannot_break_out_of_its_quotes() {
        let body = Json::parse(r####"{"a":"'; rm -rf / #","b":"\"#; \"##"}"####).unwrap();
        let call = ApiCall::send("x", "y", ("POST", "https://p.example/".to_owned()), Some(&body));
        let texts = texts(&call);
        assert!(texts[0].contains(r"'\''; rm -rf / #"), "{}", texts[0]);
        assert!(texts[3].contains("r###\"{") && texts[3].contains("}\"###"), "{}", texts[3]);
    }
}
