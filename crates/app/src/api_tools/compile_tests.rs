//! Declarations that can be saved, those that cannot, and what arguments do to a request.

use super::*;
use crate::api_tools::Filled;

fn api(tool: &str) -> ApiServer {
    serde_json::from_str(&format!(r#"{{"baseUrl":"https://Api.Example:443/v1/","tools":[{tool}]}}"#)).unwrap()
}

const ORDERS: &str = r#"{"name":"orders","description":"Orders of a customer.","method":"POST",
    "path":"/customers/{customer-id}/orders","parameters":[
    {"name":"customerId","in":"path","sentAs":"customer-id","schema":{"type":"string"}},
    {"name":"status","in":"query","sentAs":"filter[status]","schema":{"type":["array","null"],"items":{"type":"string"}}},
    {"name":"limit","in":"query","schema":{"type":"integer","maximum":50}},
    {"name":"trace","in":"header","sentAs":"X-Trace","schema":{"type":"string"}}],
    "body":{"schema":{"type":"object","properties":{"note":{"type":"string"},"total":{"type":"number"}},"required":["total"]},
    "arguments":"members"}}"#;

fn fill(tool: &str, arguments: &str) -> Result<Filled, String> {
    let api = CompiledApi::compile(&api(tool)).unwrap();
    let tool = api.tools.first().unwrap();
    let arguments = Json::parse(arguments).unwrap();
    tool.check(&arguments).map_err(|fault| fault.to_string())?;
    api.fill(tool, &arguments).map_err(|why| why.to_string())
}

#[test]
fn arguments_become_values_in_their_places() {
    let filled =
        fill(ORDERS, r#"{"customerId":"c 1","status":["a&b","c=d"],"limit":5.0,"trace":"t-1","total":1.10}"#)
            .unwrap();
    assert_eq!(
        filled.url.as_str(),
        "https://api.example/v1/customers/c%201/orders?filter%5Bstatus%5D=a%26b&filter%5Bstatus%5D=c%3Dd&limit=5.0"
    );
    assert_eq!(filled.headers, [("x-trace".to_owned(), "t-1".to_owned())]);
    assert_eq!(filled.body.as_deref(), Some(r#"{"total":1.10}"#));
    let bare = fill(ORDERS, r#"{"customerId":"1","status":null}"#).unwrap();
    assert_eq!((bare.url.as_str(), bare.body), ("https://api.example/v1/customers/1/orders", None));
}

#[test]
fn no_argument_leaves_its_place() {
    for arguments in [
        r#"{"customerId":"../admin"}"#,
        r#"{"customerId":".."}"#,
        r#"{"customerId":""}"#,
        r#"{"customerId":"a\\b"}"#,
        r#"{"customerId":"1","trace":"a\r\nx-admin: 1"}"#,
        r#"{"customerId":"1","trace":"é"}"#,
        r#"{"customerId":"1","limit":51}"#,
        r#"{"customerId":"1","limit":"5&admin=1"}"#,
        r#"{"customerId":"1","status":[["a"]]}"#,
        r#"{"customerId":"1","other":1}"#,
        r#"{"customerId":"1","note":"without the total"}"#,
        r#"{"customerId":{"a":1}}"#,
        r#"{"total":1}"#,
        "[]",
    ] {
        assert!(fill(ORDERS, arguments).is_err(), "{arguments}");
    }
    let long = format!(r#"{{"customerId":"{}"}}"#, "a".repeat(9_000));
    assert!(fill(ORDERS, &long).is_err());
    for hostile in ["https://evil.example/", "@evil.example", "?a=b", "#", "%2e%2e%2f", "a;b", "1&2"] {
        let filled = fill(ORDERS, &format!(r#"{{"customerId":"x{hostile}","limit":1}}"#));
        if let Ok(filled) = filled {
            let url = filled.url.as_str();
            assert!(
                url.starts_with("https://api.example/v1/customers/x") && url.ends_with("/orders?limit=1"),
                "{url}"
            );
        } else {
            assert!(hostile.contains('/'), "{hostile}");
        }
    }
}

#[test]
fn the_definition_is_what_mcp_lists() {
    let api = CompiledApi::compile(&api(ORDERS)).unwrap();
    let definition: serde_json::Value = serde_json::from_str(&api.tools[0].definition).unwrap();
    assert_eq!(definition["name"], "orders");
    assert_eq!(definition["inputSchema"]["additionalProperties"], false);
    assert_eq!(definition["inputSchema"]["required"], serde_json::json!(["customerId"]));
    assert_eq!(definition["inputSchema"]["properties"]["total"]["type"], "number");
    assert_eq!(definition["annotations"]["readOnlyHint"], false);
    assert_eq!((api.host.as_str(), api.tools[0].needs_user), ("api.example", false));
}

#[test]
fn a_declaration_that_cannot_be_called_names_its_member() {
    let tool = |members: &str| format!(r#"{{"name":"a","method":"GET","path":"/a",{members}}}"#);
    let parameter = |members: &str| tool(&format!(r#""parameters":[{{"name":"x",{members}}}]"#));
    for (declared, begins) in [
        (r#"{"name":"a b","method":"GET","path":"/"}"#.to_owned(), "tools[0].name must"),
        (r#"{"name":"a","method":"GET","path":"/{x}"}"#.to_owned(), "tools[0].path names {x}"),
        (r#"{"name":"a","method":"GET","path":"/../b"}"#.to_owned(), "tools[0].path must not"),
        (parameter(r#""in":"path","schema":{"type":"string"}"#), "tools[0].path must hold {x}"),
        (parameter(r#""in":"query","schema":{"type":"object"}"#), "tools[0].parameters[0].schema.type must"),
        (parameter(r#""in":"query","schema":{}"#), "tools[0].parameters[0].schema.type must"),
        (
            parameter(r#""in":"query","schema":{"type":"string","format":"uuid","multipleOf":2}"#),
            "tools[0].parameters[0].schema: ",
        ),
        (
            parameter(r#""in":"header","sentAs":"Host","schema":{"type":"string"}"#),
            "tools[0].parameters[0].name (or sentAs)",
        ),
        (
            parameter(r#""in":"header","sentAs":"Authorization","schema":{"type":"string"}"#),
            "tools[0].parameters[0].name (or sentAs)",
        ),
        (tool(r#""body":{"schema":{}}"#), "tools[0].body must be left out"),
        (
            tool(
                r#""parameters":[{"name":"x","in":"header","sentAs":"X-A","schema":{"type":"string"}},{"name":"y","in":"header","sentAs":"x-a","schema":{"type":"string"}}]"#,
            ),
            "tools[0].parameters[1].sentAs must be another",
        ),
    ] {
        let error = CompiledApi::compile(&api(&declared)).map(drop).unwrap_err();
        assert!(error.starts_with(begins), "{declared}: {error}");
    }
    for (url, user, begins) in [
        ("ftp://a.example", "", "baseUrl must"),
        ("https://u:p@a.example", "", "baseUrl must"),
        ("https://a.example/?x=1", "", "baseUrl must"),
        ("https://a.example/{x}", "", "baseUrl must"),
        (
            "https://a.example",
            r#""user":{"kind":"assertion","header":"Host","audience":"a"},"#,
            "user.header must",
        ),
        ("https://a.example", r#""user":{"kind":"assertion","audience":""},"#, "user.audience must"),
        (
            "https://a.example",
            r#""user":{"kind":"assertion","header":"Authorization","audience":"a"},"#,
            "user must not",
        ),
        (
            "https://a.example",
            r#""user":{"kind":"headers","headers":{"x-user":"{{user.name}}"}},"#,
            "user.headers.x-user must",
        ),
        ("https://a.example", r#""credential":{"header":"connection"},"#, "credential.header must"),
    ] {
        let text =
            format!(r#"{{"baseUrl":"{url}",{user}"tools":[{{"name":"a","method":"GET","path":"/a"}}]}}"#);
        let error = CompiledApi::compile(&serde_json::from_str(&text).unwrap()).map(drop).unwrap_err();
        assert!(error.starts_with(begins), "{text}: {error}");
    }
}

#[test]
fn a_tool_needs_a_user_where_the_api_is_told_of_one() {
    let text = r#"{"baseUrl":"http://a.example","user":{"kind":"assertion","audience":"a"},"tools":[
        {"name":"own","method":"GET","path":"/own"},{"name":"open","method":"GET","path":"/open","user":"none"}]}"#;
    let api = CompiledApi::compile(&serde_json::from_str(text).unwrap()).unwrap();
    let of = |name| api.tool(name).map(|tool| (tool.needs_user, tool.tells_of_user));
    assert_eq!((of("own"), of("open"), of("none")), (Some((true, true)), Some((false, false)), None));
}

#[test]
fn a_declaration_does_not_fill_the_memory_with_patterns() {
    let parameter = |n: usize| {
        format!(r#"{{"name":"p{n}","in":"query","schema":{{"type":"string","pattern":"\\w{{2}}{n}"}}}}"#)
    };
    let tool = |of: usize| {
        let parameters: Vec<String> = (0..64).map(parameter).collect();
        format!(r#"{{"name":"t{of}","method":"GET","path":"/a","parameters":[{}]}}"#, parameters.join(","))
    };
    let tools = |count: usize| (0..count).map(tool).collect::<Vec<_>>().join(",");
    assert!(CompiledApi::compile(&api(&tools(3))).is_ok());
    let began = std::time::Instant::now();
    let fault = CompiledApi::compile(&api(&tools(200))).map(drop).unwrap_err();
    assert_eq!(fault, "tools must hold at most 200 patterns together");
    assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
}
