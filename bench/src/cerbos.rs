//! The eight decisions of AuthZEN's certification, beside Cerbos in one run: `POST /v1/verify` and
//! `POST /access/v1/evaluation`, which record durably, and Cerbos `check`, which records nothing. Before anything is
//! measured, each is asked all eight and must give the right answers.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Outcome;
use crate::http::{Request, once};
use crate::load::{Aim, Echo, Shot};
use crate::measure::{Subject, measure};
use crate::process::Server;
use crate::runs::{Place, must_be_good, start_in};
use crate::seed::Wish;
use crate::settings::Settings;
use crate::table::{figures, ratio};

const VERIFY: &str = "procura verify, durable";
const EVALUATION: &str = "procura AuthZEN evaluation, durable";
const CERBOS: &str = "cerbos check, not recorded";
/// Its first answer takes longer than ours.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same rules in both languages: everybody reads; alice writes what is not archived; admins write; what can be
/// undone may be deleted.
const PERMISSIONS: [&str; 4] = [
    r#"{"effect":"allow","actions":["read"],"resources":["record/*"]}"#,
    r#"{"effect":"allow","actions":["write"],"resources":["record/*"],"conditions":[
        {"path":"args.subject.id","op":"eq","value":"alice"},{"path":"args.resource.status","op":"ne","value":"archived"}]}"#,
    r#"{"effect":"allow","actions":["write"],"resources":["record/*"],"conditions":[
        {"path":"args.subject.role","op":"eq","value":"admin"}]}"#,
    r#"{"effect":"allow","actions":["delete"],"resources":["record/*"],"conditions":[
        {"path":"args.action.soft","op":"eq","value":true}]}"#,
];

const POLICY: &str = r#"apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: record
  version: default
  rules:
    - {actions: [read], effect: EFFECT_ALLOW, roles: ["*"]}
    - actions: [write]
      effect: EFFECT_ALLOW
      roles: ["*"]
      condition: {match: {expr: 'P.id == "alice" && R.attr.status != "archived"'}}
    - actions: [write]
      effect: EFFECT_ALLOW
      roles: ["*"]
      condition: {match: {expr: 'P.attr.role == "admin"'}}
    - actions: [delete]
      effect: EFFECT_ALLOW
      roles: ["*"]
      condition: {match: {expr: 'R.attr.soft == true'}}
"#;

/// One of the eight.
struct Question {
    subject: &'static str,
    role: &'static str,
    action: &'static str,
    soft: Option<bool>,
    status: &'static str,
    allowed: bool,
}

const fn asked(subject: &'static str, action: &'static str, allowed: bool) -> Question {
    Question { subject, role: "user", action, soft: None, status: "active", allowed }
}

const EIGHT: [Question; 8] = [
    asked("alice", "read", true),
    asked("alice", "write", true),
    asked("bob", "read", true),
    asked("bob", "write", false),
    Question { status: "archived", ..asked("alice", "write", false) },
    Question { role: "admin", status: "archived", ..asked("bob", "write", true) },
    Question { soft: Some(true), ..asked("alice", "delete", true) },
    Question { soft: Some(false), ..asked("alice", "delete", false) },
];

/// Who is asked, and how.
#[derive(Clone, Copy)]
enum Form {
    Verify,
    Evaluation,
    Cerbos,
}

impl Form {
    const fn path(self) -> &'static str {
        match self {
            Self::Verify => "/v1/verify",
            Self::Evaluation => "/access/v1/evaluation",
            Self::Cerbos => "/api/check/resources",
        }
    }

    fn body(self, question: &Question) -> Value {
        let Question { subject, role, action, soft, status, .. } = question;
        let softly = soft.map_or_else(|| json!({}), |soft| json!({"soft": soft}));
        match self {
            Self::Verify => json!({"action": action, "resource": "record/record-1", "args": {
                "subject": {"type": "user", "id": subject, "role": role}, "action": softly,
                "resource": {"type": "record", "id": "record-1", "status": status}, "context": {}}}),
            Self::Evaluation => json!({
                "subject": {"type": "user", "id": subject, "properties": {"role": role}},
                "action": {"name": action, "properties": softly},
                "resource": {"type": "record", "id": "record-1", "properties": {"status": status}},
                "context": {}}),
            Self::Cerbos => {
                let mut attributes = softly;
                if let Some(attributes) = attributes.as_object_mut() {
                    attributes.insert("status".to_owned(), json!(status));
                }
                json!({"requestId": "bench",
                    "principal": {"id": subject, "roles": ["user"], "attr": {"role": role}},
                    "resources": [{"resource": {"kind": "record", "id": "record-1", "attr": attributes},
                        "actions": [action]}]})
            }
        }
    }

    /// What was answered; none where it is no answer.
    fn allowed(self, action: &str, answer: &Value) -> Option<bool> {
        match self {
            Self::Verify => answer.pointer("/allowed")?.as_bool(),
            Self::Evaluation => answer.pointer("/decision")?.as_bool(),
            Self::Cerbos => match answer.pointer(&format!("/results/0/actions/{action}"))?.as_str()? {
                "EFFECT_ALLOW" => Some(true),
                "EFFECT_DENY" => Some(false),
                _ => None,
            },
        }
    }

    /// Words that stand in an answer that says so.
    const fn words(self, allowed: bool) -> &'static str {
        match (self, allowed) {
            (Self::Verify, true) => r#""allowed":true"#,
            (Self::Verify, false) => r#""allowed":false"#,
            (Self::Evaluation, true) => r#""decision":true"#,
            (Self::Evaluation, false) => r#""decision":false"#,
            (Self::Cerbos, true) => "EFFECT_ALLOW",
            (Self::Cerbos, false) => "EFFECT_DENY",
        }
    }
}

/// `procura-bench cerbos`.
pub(crate) fn cerbos(settings: &Settings) -> Outcome<()> {
    let place = Place::make(settings)?;
    let wish = Wish { permissions: &PERMISSIONS, ..Wish::default() };
    let (procura, seeded) = start_in(settings, &place.folder("cerbos-procura")?, &wish)?;
    let peer = start_cerbos(&settings.cerbos, &place.folder("cerbos")?)?;
    let key = [("x-api-key", seeded.agent_key.as_str())];
    let all = [
        (VERIFY, &procura, Form::Verify, key.as_slice()),
        (EVALUATION, &procura, Form::Evaluation, key.as_slice()),
        (CERBOS, &peer, Form::Cerbos, &[]),
    ];
    println!("\n### The eight decisions\n");
    for (name, server, form, headers) in all {
        agree(name, server.address, form, headers)?;
        println!("{name}: all eight as they must be");
    }
    let subjects = all.map(|(name, server, form, headers)| Subject {
        name,
        server,
        shot: shot(server.address, form, headers),
    });
    let measured = measure(&subjects, settings)?;
    print!("{}", figures("The eight decisions in turn", &measured, settings));
    print!("{}", ratio(&measured, CERBOS, VERIFY));
    print!("{}", ratio(&measured, CERBOS, EVALUATION));
    must_be_good(&measured)
}

fn shot(address: SocketAddr, form: Form, headers: &[(&str, &str)]) -> Shot {
    let aim = |question: &Question| Aim {
        request: Request::post(address, form.path(), headers, &form.body(question).to_string()),
        expected: form.words(question.allowed).to_owned(),
    };
    Shot { address, aims: EIGHT.iter().map(aim).collect(), echo: Echo::Nothing, chain: None }
}

/// Asks all eight; a wrong answer ends the bench.
fn agree(name: &str, address: SocketAddr, form: Form, headers: &[(&str, &str)]) -> Outcome<()> {
    for (number, question) in EIGHT.iter().enumerate() {
        let body = form.body(question).to_string();
        let mut request = Request::post(address, form.path(), headers, &body);
        let (status, answer) = once(address, request.numbered(0))?;
        let said = serde_json::from_str(&answer).ok();
        let said = said.and_then(|answer: Value| form.allowed(question.action, &answer));
        if status != 200 || said != Some(question.allowed) {
            return Err(format!("{name}, decision {}: {body} was answered {status} {answer}", number + 1));
        }
    }
    Ok(())
}

/// Cerbos as it is meant to run beside an application: policies from a folder, no audit, nothing logged for a request.
fn start_cerbos(program: &Path, data: &Path) -> Outcome<Server> {
    let program = program.canonicalize().map_err(|error| {
        format!("{}: {error}; bring it by `npm install --prefix target/peers cerbos`", program.display())
    })?;
    let failed = |error: std::io::Error| error.to_string();
    let policies = data.join("policies");
    std::fs::create_dir_all(&policies).map_err(failed)?;
    std::fs::write(policies.join("record.yaml"), POLICY).map_err(failed)?;
    let (http, grpc) = (free_address()?, free_address()?);
    let config = json!({
        "server": {"httpListenAddr": http.to_string(), "grpcListenAddr": grpc.to_string()},
        "storage": {"driver": "disk", "disk": {"directory": policies, "watchForChanges": false}},
        "audit": {"enabled": false},
        "telemetry": {"disabled": true},
    });
    // JSON is YAML.
    let file = data.join("cerbos.yaml");
    std::fs::write(&file, config.to_string()).map_err(failed)?;
    let mut command = Command::new(program);
    command.args(["server", "--log-level=error", "--config"]).arg(&file);
    let log = data.join("cerbos.log");
    let mut server = Server::other(&mut command, http, &log)?;
    let began = Instant::now();
    let health = format!("GET /_cerbos/health HTTP/1.1\r\nhost: {http}\r\n\r\n");
    while began.elapsed() < PATIENCE && !server.has_ended() {
        if once(http, health.as_bytes()).is_ok_and(|(status, _)| status == 200) {
            return Ok(server);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let said = std::fs::read_to_string(log).unwrap_or_default();
    Err(format!("cerbos does not answer on {http}; it said:\n{said}"))
}

fn free_address() -> Outcome<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| format!("no free port: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_in_each_form_and_nothing_is_no_answer() {
        for (form, yes, no) in [
            (Form::Verify, r#"{"allowed":true}"#, r#"{"allowed":false}"#),
            (Form::Evaluation, r#"{"decision":true}"#, r#"{"decision":false}"#),
            (
                Form::Cerbos,
                r#"{"results":[{"actions":{"read":"EFFECT_ALLOW"}}]}"#,
                r#"{"results":[{"actions":{"read":"EFFECT_DENY"}}]}"#,
            ),
        ] {
            for (text, allowed) in [(yes, true), (no, false)] {
                assert_eq!(form.allowed("read", &serde_json::from_str(text).unwrap()), Some(allowed));
                assert!(text.contains(form.words(allowed)) && !text.contains(form.words(!allowed)));
            }
            assert_eq!(form.allowed("read", &json!({"error": "no"})), None);
            assert_eq!(form.body(&EIGHT[4]).to_string().matches("archived").count(), 1);
        }
    }
}
