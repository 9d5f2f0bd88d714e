use super::*;
use procura_model::{Reason, ServerId, Time, Transport};

const API: &str = r#"{"baseUrl":"https://api.example/v1","credential":{"header":"x-api-key","prefix":""},
    "user":{"kind":"assertion","header":"x-user","audience":"https://api.example","claims":["email"]},"tools":[
    {"name":"orders","description":"The orders.","method":"GET","path":"/customers/{customerId}/orders","parameters":[
      {"name":"customerId","in":"path","sentAs":"customerId","required":true,"schema":{"type":"string"}},
      {"name":"state","in":"query","required":false,"schema":{"description":"Which.","enum":["open","paid"],"type":"string"}},
      {"name":"limit","in":"query","required":true,"schema":{"description":"How many.","type":"integer"}},
      {"name":"price","in":"query","required":false,"schema":{"maximum":0.10,"type":"number"}}]},
    {"name":"refund","description":"","method":"POST","path":"/refunds","parameters":[],"user":"required",
      "body":{"schema":{"properties":{"amount":{"type":"number"}},"type":"object"},"arguments":"members","required":true}}]}"#;

fn api() -> ApiServer {
    serde_json::from_str(API).unwrap()
}

fn server(api: &ApiServer) -> ToolServer {
    let entropy = procura_model::Entropy::seeded(3);
    let agent = AgentId::new(Time::from_ms(1), &entropy);
    ToolServer {
        id: ServerId::new(Time::from_ms(1), &entropy),
        name: "shop".to_owned(),
        transport: Transport::Api { api: Box::new(api.clone()) },
        settings: ServerSettings {
            fence: false,
            timeout_ms: 700,
            agents: vec![agent],
            ..ServerSettings::default()
        },
        sealed_credential: None,
        enabled: true,
        from_file: false,
        created_at: Time::from_ms(1),
    }
}

#[test]
fn an_api_goes_through_its_form_unchanged() {
    let forwards = [
        r#"{"kind":"none"}"#,
        r#"{"kind":"headers","headers":{"x-role":"{{user.role}}","x-user":"id {{user.id}}"}}"#,
        r#"{"kind":"assertion","header":"x-user","audience":"https://api.example","claims":["email","role"]}"#,
    ];
    for forward in forwards {
        let api = ApiServer { user: serde_json::from_str(forward).unwrap(), ..api() };
        let server = server(&api);
        let (read, settings) = read(&written(&server, &api)).unwrap();
        assert_eq!((read, settings), (ApiServer { tools: Vec::new(), ..api }, server.settings));
    }
}

#[test]
fn a_tool_goes_through_its_form_unchanged() {
    for tool in api().tools {
        let form = written_tool(&tool);
        assert_eq!(form.parameters.len(), tool.parameters.len() + SPARE_ROWS);
        assert_eq!(read_tool(&form).unwrap(), tool);
    }
    let form = written_tool(&api().tools[0]);
    assert_eq!(form.parameters[0].kind, "string");
    assert_eq!(
        (form.parameters[2].kind.as_str(), form.parameters[2].description.as_str()),
        ("integer", "How many.")
    );
    assert_eq!(form.parameters[3].kind, r#"{"maximum":0.10,"type":"number"}"#);
}

#[test]
fn what_cannot_be_read_is_said_beside_its_field() {
    let mut form = fresh_tool();
    form.body = "{".to_owned();
    form.parameters[0] =
        ParameterForm { name: "a".to_owned(), kind: "{\"type\"".to_owned(), ..ParameterForm::default() };
    let problems = read_tool(&form).unwrap_err();
    assert!(problems.at("body").is_some() && problems.at("parameters").is_some());
    let form = ApiForm { user: "headers".to_owned(), user_headers: "x-user".to_owned(), ..fresh() };
    assert!(read(&form).unwrap_err().at("user_headers").is_some());
}

#[test]
fn a_refusal_is_placed_by_the_name_with_which_it_begins() {
    for (text, field, told) in [
        (
            "api.baseUrl must be an http or https URL.",
            "base_url",
            "The base URL must be an http or https URL.",
        ),
        (
            "api.user.headers.x-a must close every {{ with }}.",
            "user_headers",
            "Each header.x-a must close every {{ with }}.",
        ),
        (
            "api.tools[3].name must be another: two tools have it.",
            "tool_name",
            "The tool's name must be another: two tools have it.",
        ),
        (
            "api.tools[0].parameters[1].name must be another.",
            "parameters",
            "Argument 2: name must be another.",
        ),
        ("api.tools[0].path must hold {id}.", "path", "The path must hold {id}."),
        ("api.tools must hold 1 to 200 tools.", "tool", "There must be 1 to 200 tools."),
        (
            "url: the address changes, so the credential must be given again or removed.",
            "credential",
            "The base URL changes, so the credential must be given again or removed.",
        ),
    ] {
        let problems = placed(&Reason::FieldInvalid.because(text));
        assert_eq!(problems.at(field), Some(told), "{text}");
    }
    assert!(placed(&Reason::NameTaken.into()).at("name").is_some());
}

#[test]
fn a_word_in_front_of_a_credential_is_divided_from_it() {
    for (typed, sent) in [("Bearer", "Bearer "), ("", ""), ("key=", "key=")] {
        assert_eq!(in_front(typed), sent);
    }
}
