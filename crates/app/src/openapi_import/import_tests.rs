//! Documents and the tools that they make.

use super::*;
use procura_model::api_server::{BodyArguments, ParameterPlace};

const SHOP: &str = r#"
openapi: 3.0.3
info: {title: Shop, version: "1"}
servers:
  - url: https://{region}.shop.example/v1
    variables: {region: {default: eu}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Shop-Key}
    cookie: {type: apiKey, in: cookie, name: sid}
  parameters:
    Customer: {name: customer.id, in: path, required: true, description: Whose., schema: {type: string}}
  schemas:
    Note: {type: string, nullable: true, maxLength: 200}
    Tree: {type: object, properties: {children: {type: array, items: {$ref: '#/components/schemas/Tree'}}}}
    Order:
      type: object
      required: [id, total]
      properties:
        id: {type: string, readOnly: true}
        total: {type: number, minimum: 0, exclusiveMinimum: true, multipleOf: 0.01}
        note: {$ref: '#/components/schemas/Note'}
paths:
  /customers/{customer.id}/orders:
    parameters:
      - {$ref: '#/components/parameters/Customer'}
    get:
      operationId: listOrders
      summary: The orders of a customer.
      parameters:
        - {name: status, in: query, schema: {type: array, items: {type: string}}}
        - {name: filter, in: query, style: deepObject, schema: {type: object}}
        - {name: session, in: cookie, schema: {type: string}}
        - {name: Authorization, in: header, schema: {type: string}}
    post:
      operationId: "place an order!"
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
    head: {}
  /trees:
    put:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Tree'}}}}
  /upload:
    post: {operationId: upload, requestBody: {required: true, content: {multipart/form-data: {schema: {}}}}}
  /far:
    get: {operationId: far, parameters: [{$ref: 'https://evil.example/x.yaml'}]}
"#;

fn import_text(text: &str, include: Option<&[&str]>) -> Result<Imported> {
    let include = include.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    import(&ImportAsk { document: Json::Text(text.to_owned()), base_url: None, include })
}

#[test]
fn a_document_makes_tools_and_says_what_it_left_out() {
    let made = import_text(SHOP, None).unwrap();
    assert_eq!((made.title.as_str(), made.base_url.as_deref()), ("Shop", Some("https://eu.shop.example/v1")));
    assert_eq!(
        made.credential,
        Some(CredentialForm { header: "x-shop-key".to_owned(), prefix: String::new() })
    );
    let names: Vec<&str> = made.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["listOrders", "place_an_order", "put_trees"]);
    let [list, place, trees] = made.tools.as_slice() else { panic!("three tools") };
    let parameters: Vec<_> =
        list.parameters.iter().map(|p| (p.name.as_str(), p.wire_name(), p.place)).collect();
    assert_eq!(
        parameters,
        [("customer_id", "customer.id", ParameterPlace::Path), ("status", "status", ParameterPlace::Query)]
    );
    let body = place.body.as_ref().unwrap();
    assert_eq!((body.arguments, body.required), (BodyArguments::Members, true));
    assert_eq!(
        body.schema.to_string(),
        r#"{"properties":{"note":{"maxLength":200,"type":["string","null"]},"total":{"exclusiveMinimum":0,"type":"number"}},"required":["total"],"type":"object"}"#
    );
    assert!(trees.body.as_ref().unwrap().schema.at("properties.children.items").is_some());
    let said = made.warnings.join("\n");
    for word in [
        "filter",
        "session",
        "HEAD",
        "multipleOf",
        "upload is left out: its body",
        "refers to itself",
        "outside",
        "cookie",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn only_what_is_asked_for_is_made() {
    let made = import_text(SHOP, Some(&["listOrders", "nothing"])).unwrap();
    assert_eq!(made.tools.len(), 1);
    assert!(made.warnings.iter().any(|warning| warning.contains("nothing")));
    let made = import_text(SHOP, Some(&["PUT /trees"])).unwrap();
    assert_eq!(made.tools.len(), 1);
    assert!(import_text(SHOP, Some(&["none"])).is_err());
}

#[test]
fn what_is_no_openapi_is_refused_with_a_sentence() {
    for (text, word) in [
        ("", "empty"),
        ("{", "neither"),
        ("swagger: '2.0'\n", "OpenAPI 3.0 or 3.1"),
        ("openapi: 3.10.0\npaths: {}\n", "OpenAPI 3.0 or 3.1"),
        ("openapi: 3.1.0\npaths: {}\n", "makes no tool"),
        ("openapi: 3.1.0\nx: &a [1]\ny: *a\n", "aliases"),
        ("[1]", "OpenAPI 3.0 or 3.1"),
    ] {
        let error = import_text(text, None).map(drop).unwrap_err();
        assert!(
            error.reason() == Reason::FieldInvalid && error.sentence().contains(word),
            "{text}: {}",
            error.sentence()
        );
    }
}

#[test]
fn a_hostile_document_costs_little() {
    let chain: String = (0..40).map(|n| format!("    S{n}: {{allOf: [{{$ref: '#/components/schemas/S{0}'}}, {{$ref: '#/components/schemas/S{0}'}}]}}\n", n + 1)).collect();
    let text = format!(
        "openapi: 3.1.0\ncomponents:\n  schemas:\n{chain}    S40: {{type: string}}\npaths:\n  /a:\n    post: {{requestBody: {{content: {{application/json: {{schema: {{$ref: '#/components/schemas/S0'}}}}}}}}}}\n"
    );
    let began = std::time::Instant::now();
    let made = import_text(&text, None).unwrap();
    assert!(
        made.warnings.iter().any(|warning| warning.contains("too large or too deep")),
        "{:?}",
        made.warnings
    );
    let circle = "openapi: 3.1.0\ncomponents: {parameters: {A: {$ref: '#/components/parameters/B'}, B: {$ref: '#/components/parameters/A'}}}\npaths: {/a: {get: {parameters: [{$ref: '#/components/parameters/A'}]}}}\n";
    assert!(import_text(circle, None).unwrap_err().sentence().contains("circle"));
    let names = "openapi: 3.1.0\npaths:\n  /{x}:\n    get: {operationId: \"a\\r\\nb\", parameters: [{name: x, in: path, required: true, schema: {type: string}}]}\n  /../../etc:\n    get: {operationId: up}\n  /same:\n    get: {operationId: \"A b\"}\n";
    let made = import_text(names, None).unwrap();
    let names: Vec<&str> = made.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["A_b", "a_b_2"]);
    assert!(began.elapsed() < std::time::Duration::from_secs(10));
}

#[test]
fn a_text_that_is_hard_to_read_is_read_or_refused_in_time() {
    for text in [
        "[".repeat(500_000),
        "{a: ".repeat(200_000),
        "- ".repeat(200_000),
        "? ".repeat(200_000),
        "a: ".repeat(200_000),
        format!("a: {}", "b ".repeat(300_000)),
        format!("a: \"{}", "\\x41".repeat(100_000)),
        "\n".repeat(600_000),
        "a: 1\n ".repeat(100_000),
        "&a ".repeat(100_000),
        "# x\n".repeat(200_000),
        format!("a: |\n{}", " b\n".repeat(200_000)),
    ] {
        let began = std::time::Instant::now();
        let _read = import_text(&text, None);
        let shown: String = text.chars().take(12).collect();
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{shown} took {:?}", began.elapsed());
    }
}

#[test]
fn the_defaults_of_an_address_are_filled_in_once() {
    let with = |url: &str, variables: &str| {
        let text = format!(
            "openapi: 3.1.0\nservers: [{{url: \"{url}\", variables: {{{variables}}}}}]\npaths: {{/a: {{get: {{}}}}}}\n"
        );
        import_text(&text, None).unwrap().base_url
    };
    let own = r#"region: {default: eu}, stage: {default: "{region}"}"#;
    assert_eq!(with("https://{region}.x.example/v1", own).as_deref(), Some("https://eu.x.example/v1"));
    assert_eq!(with("https://{stage}.x.example/v1", own), None);
    assert_eq!(with("https://{other}.x.example/v1", own), None);
    let began = std::time::Instant::now();
    let bomb: Vec<String> = ('a'..'m')
        .zip('b'..)
        .map(|(name, next)| format!("{name}: {{default: \"{}\"}}", format!("{{{next}}}").repeat(8)))
        .collect();
    assert_eq!(with("{a}", &bomb.join(", ")), None);
    assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
}

#[test]
fn a_value_that_is_referred_to_often_is_not_written_out_without_end() {
    let refs = |_| "{$ref: '#/components/schemas/Big'}";
    let many: Vec<&str> = (0..1_000).map(refs).collect();
    let text = format!(
        "openapi: 3.1.0\ncomponents:\n  schemas:\n    Big: {{type: string, default: {}}}\npaths:\n  /a:\n    post: {{requestBody: {{content: {{application/json: {{schema: {{anyOf: [{}]}}}}}}}}}}\n",
        "x".repeat(100_000),
        many.join(", ")
    );
    let made = import_text(&text, None).unwrap();
    let size: usize =
        made.tools.iter().map(|tool| tool.body.as_ref().unwrap().schema.to_string().len()).sum();
    assert!(size < 16 * 1024 * 1024, "{size} bytes of {}", text.len());
    assert!(made.warnings.iter().any(|warning| warning.contains("written out")), "{:?}", made.warnings);
}

#[test]
fn what_a_document_makes_can_be_saved_however_many_patterns_it_has() {
    let parameters: Vec<String> = (0..300)
        .map(|n| format!("  /a{n}:\n    get: {{parameters: [{{name: q, in: query, schema: {{type: string, pattern: '^x{n}$'}}}}]}}\n"))
        .collect();
    let made = import_text(&format!("openapi: 3.1.0\npaths:\n{}", parameters[..200].concat()), None).unwrap();
    assert!(!made.warnings.iter().any(|warning| warning.contains("too many")), "{:?}", made.warnings);
    let two = "get: {parameters: [{name: q, in: query, schema: {type: string, pattern: a}}, {name: r, in: query, schema: {type: string, pattern: b}}]}";
    let many: String = (0..150).map(|n| format!("  /a{n}:\n    {two}\n")).collect();
    let made = import_text(&format!("openapi: 3.1.0\npaths:\n{many}"), None).unwrap();
    assert!(made.warnings.iter().any(|warning| warning.contains("too many")), "{:?}", made.warnings);
    let all = ApiServer {
        base_url: ANY_BASE.to_owned(),
        credential: CredentialForm::default(),
        user: UserForward::None,
        tools: made.tools,
    };
    assert!(crate::api_tools::CompiledApi::compile(&all).is_ok());
}
