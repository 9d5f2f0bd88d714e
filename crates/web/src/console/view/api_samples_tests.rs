//! Sample data for the pages of business APIs.

use super::{
    api_tools::{
        ApiForm, ApiImport, ApiPage, ApiPreview, ApiToolForm, ApiToolPage, ApiToolRow, Choice, FoundTool,
        NewApi, ParameterForm,
    },
    frame::Section,
    samples::{ARABIC, LONG, agent, frame, server_row},
    users_samples::calls,
    words::{Id, Mark, Problems},
};
use procura_model::{Entropy, ServerId};

fn server() -> (Id, String) {
    (Id::of(ServerId::new(super::samples::NOW, &Entropy::seeded(7))), "shop".to_owned())
}

fn agents() -> Vec<Choice> {
    vec![(agent().0, "refund-assistant".to_owned()), ("agt_2".to_owned(), ARABIC.to_owned())]
}

pub(super) fn form() -> ApiForm {
    ApiForm {
        name: "shop".to_owned(),
        base_url: "https://api.example.com/v2".to_owned(),
        header: "authorization".to_owned(),
        prefix: "Bearer".to_owned(),
        user: "assertion".to_owned(),
        assertion_header: "x-procura-user".to_owned(),
        audience: "https://api.example.com".to_owned(),
        with_role: true,
        agents: vec![agent().0],
        fence: true,
        timeout_ms: "30000".to_owned(),
        max_bytes: "4194304".to_owned(),
        tools: "{}".to_owned(),
        ..ApiForm::default()
    }
}

pub(super) fn tool() -> ApiToolForm {
    let parameter = |name: &str, place: &str, kind: &str| ParameterForm {
        name: name.to_owned(),
        place: place.to_owned(),
        kind: kind.to_owned(),
        is_required: place == "path",
        description: "What it is for.".to_owned(),
        sent_as: String::new(),
    };
    ApiToolForm {
        name: "find_orders".to_owned(),
        description: "Finds the orders of the signed-in customer.".to_owned(),
        method: "GET".to_owned(),
        path: "/customers/{customerId}/orders".to_owned(),
        need: "default".to_owned(),
        parameters: vec![
            parameter("customerId", "path", "string"),
            parameter("state", "query", r#"{"enum":["open","paid","cancelled"],"type":"string"}"#),
            ParameterForm::default(),
        ],
        body: String::new(),
        body_as: "members".to_owned(),
        body_required: false,
    }
}

pub(super) fn new_api() -> NewApi {
    let mut frame = frame("Add a business API", Section::Tools);
    frame
        .problems
        .add("base_url", "The base URL must be an http or https URL without user name, query and fragment.");
    NewApi { frame, form: form(), tool: tool(), agents: agents(), has_credential: false }
}

pub(super) fn api_page() -> ApiPage {
    let row = |name: &str, method: &'static str, path: &str| ApiToolRow {
        name: name.to_owned(),
        method,
        path: path.to_owned(),
        description: "Finds the orders of the signed-in customer, newest first.".to_owned(),
        needs_user: method == "GET",
    };
    ApiPage {
        frame: frame("shop", Section::Tools),
        server: server_row(Mark::unknown("Not asked yet"), false),
        tools: vec![
            row("find_orders", "GET", "/customers/{customerId}/orders"),
            row(LONG, "DELETE", "/customers/{customerId}/orders/{orderId}/lines/{lineId}/notes/{noteId}"),
        ],
        sent_as: "authorization: Bearer …".to_owned(),
        user: "a signed assertion for https://api.example.com, in the header x-procura-user".to_owned(),
        served: vec![(agent(), "refund-assistant".to_owned())],
        form: form(),
        agents: agents(),
        has_credential: true,
        calls: calls(),
    }
}

pub(super) fn tool_page(old_name: Option<&str>) -> ApiToolPage {
    ApiToolPage {
        frame: frame("A tool", Section::Tools),
        server: server(),
        base_url: "https://api.example.com/v2".to_owned(),
        old_name: old_name.map(str::to_owned),
        is_only: false,
        tool: tool(),
    }
}

pub(super) fn import(wrong: bool) -> ApiImport {
    let mut frame = frame("Import from OpenAPI", Section::Tools);
    if wrong {
        frame.problems = Problems::none();
        frame.problems.add("document", "The document cannot be read as JSON or YAML.");
    }
    ApiImport { frame, server: None, document: "openapi: 3.1.0\n".to_owned() }
}

pub(super) fn preview() -> ApiPreview {
    let found = |name: &str, is_known: bool| FoundTool {
        name: name.to_owned(),
        method: "GET",
        path: "/customers/{customerId}/orders".to_owned(),
        description: "Finds the orders of the signed-in customer.".to_owned(),
        is_ticked: true,
        is_known,
    };
    ApiPreview {
        frame: frame("Choose the tools", Section::Tools),
        server: None,
        document: "openapi: 3.1.0\n".to_owned(),
        found: vec![found("find_orders", false), found("get_order", true)],
        warnings: vec!["POST /uploads: only JSON bodies can be sent, so it is left out.".to_owned()],
        form: form(),
        agents: agents(),
        has_credential: false,
    }
}
