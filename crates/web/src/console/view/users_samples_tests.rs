//! Sample data for the pages about users and their sessions.

use super::{
    drawer::ApiCall,
    frame::Section,
    samples::{ARABIC, LONG, agent, ago, frame, rows, seeded},
    sessions::{SessionFilters, SessionPage, SessionRow, Sessions},
    users::{
        ConnectionRow, Connections, MethodForm, MethodTab, SecretRow, Trial, TrialStep, UserAuthPage,
        WidgetForm,
    },
    words::{Id, Mark},
};
use procura_model::{Reason, SecretId, SessionId, time};

const METHODS: [(&str, &str); 3] =
    [("jwt", "JWT"), ("signedToken", "Signed session token"), ("callback", "Identity callback")];

pub(super) fn calls() -> Vec<ApiCall> {
    let url = "https://procura.example.com/v1/agents/agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C".to_owned();
    vec![ApiCall::get("Read this agent", "read:agents", url)]
}

pub(super) fn pseudonym() -> Id {
    Id::of("usr_0123456789abcdef0123456789abcdef")
}

pub(super) fn connections(rows: Vec<ConnectionRow>) -> Connections {
    Connections { frame: frame("Connections", Section::Connections), rows, newest: None, older: None }
}

pub(super) fn connection_rows() -> Vec<ConnectionRow> {
    let row = |name: &str, mark: Mark, method: Option<&'static str>, live: i64| ConnectionRow {
        agent: agent(),
        name: name.to_owned(),
        mark,
        method,
        live,
        changed: method.map(|_| ago(3 * time::DAY_MS)),
    };
    vec![
        row("refund-assistant", Mark::allowed("Configured"), Some("JWT"), 12),
        row(ARABIC, Mark::waiting("Incomplete"), Some("Signed session token"), 0),
        row(LONG, Mark::neutral("Not configured"), None, 0),
    ]
}

fn tab(word: &str, in_use: Option<&str>) -> MethodTab {
    let (word, title) = METHODS.into_iter().find(|(each, _)| *each == word).unwrap();
    MethodTab { word, title, is_set: in_use == Some(word) }
}

pub(super) fn user_auth(shown: &str, in_use: Option<&str>) -> UserAuthPage {
    let secret = |is_older: bool| SecretRow {
        id: Id::of(SecretId::new(super::samples::NOW, &seeded())),
        set: ago(if is_older { 90 } else { 3 } * time::DAY_MS),
        retires: is_older.then(|| ago(-20 * time::HOUR_MS)),
    };
    let is_set = in_use == Some(shown);
    UserAuthPage {
        frame: frame("User authentication", Section::Connections),
        agent: (agent(), "refund-assistant".to_owned()),
        state: if in_use.is_some() { Mark::allowed("Configured") } else { Mark::neutral("Not configured") },
        missing: None,
        method: in_use.map(|word| tab(word, in_use).title),
        changed: in_use.map(|_| ago(3 * time::DAY_MS)),
        live: 12,
        tabs: METHODS.iter().map(|(word, _)| tab(word, in_use)).collect(),
        shown: tab(shown, in_use),
        form: MethodForm {
            jwks_url: "https://login.example.com/.well-known/jwks.json".to_owned(),
            issuer: "https://login.example.com/".to_owned(),
            audience: "support-assistant".to_owned(),
            algorithms: vec!["RS256".to_owned(), "ES256".to_owned()],
            leeway: "30".to_owned(),
            subject_claim: "sub".to_owned(),
            email_claim: "email".to_owned(),
            role_claim: String::new(),
            max_lifetime: "3600".to_owned(),
            callback_url: "https://api.example.com/procura/identity".to_owned(),
            session_seconds: "3600".to_owned(),
        },
        secrets: if is_set && shown != "jwt" { vec![secret(false), secret(true)] } else { Vec::new() },
        widget: WidgetForm {
            origins: "https://www.example.com\nhttps://shop.example.com".to_owned(),
            endpoint: "https://agent.example.com/chat".to_owned(),
        },
        snippet: "<script src=\"https://procura.example.com/widget.js\"></script>".to_owned(),
        has_widget: true,
        trial: None,
        calls: calls(),
    }
}

/// A token that is refused at its second step.
pub(super) fn refused_trial() -> Trial {
    let reason = Reason::TokenInvalid;
    let step = |name: &str, mark: Mark, detail: &str| TrialStep {
        name: name.to_owned(),
        mark,
        detail: detail.to_owned(),
    };
    Trial {
        mark: Mark::denied("Refused"),
        refused: Some((reason.code(), reason.text().to_owned(), reason.fix())),
        steps: vec![
            step("Form", Mark::allowed("Passed"), "Two base64url segments without padding."),
            step(
                "Signature",
                Mark::denied("Failed"),
                "No live secret makes this signature over the first segment.",
            ),
            step("Content", Mark::neutral("Not reached"), ""),
            step("Expiry", Mark::neutral("Not reached"), ""),
            step("Subject", Mark::neutral("Not reached"), ""),
        ],
        members: Vec::new(),
        attributes: Vec::new(),
    }
}

pub(super) fn accepted_trial() -> Trial {
    let refused = refused_trial();
    let passed = |step: TrialStep| TrialStep { mark: Mark::allowed("Passed"), ..step };
    Trial {
        mark: Mark::allowed("Accepted"),
        refused: None,
        steps: refused.steps.into_iter().map(passed).collect(),
        members: vec![
            ("User's id", Mark::allowed("There")),
            ("E-mail", Mark::allowed("There")),
            ("Role", Mark::neutral("Not there")),
        ],
        attributes: vec!["plan".to_owned(), "team".to_owned()],
    }
}

pub(super) fn session_row(mark: Mark) -> SessionRow {
    let is_live = mark.tone == "allowed";
    SessionRow {
        id: Id::of(SessionId::new(super::samples::NOW, &seeded())),
        mark,
        is_live,
        user: pseudonym(),
        agent: (agent(), "refund-assistant".to_owned()),
        method: "JWT",
        opened: ago(20 * time::MINUTE_MS),
        expires: ago(if is_live { -40 } else { 5 } * time::MINUTE_MS),
        last_used: is_live.then(|| ago(4_000)),
        revoked: (mark.word == "Revoked").then(|| ago(9 * time::MINUTE_MS)),
    }
}

pub(super) fn sessions(rows: Vec<SessionRow>, filters: SessionFilters) -> Sessions {
    Sessions {
        frame: frame("Sessions", Section::Connections),
        rows,
        filters,
        agents: vec![(agent().0, "refund-assistant".to_owned()), ("agt_2".to_owned(), LONG.to_owned())],
        newest: None,
        older: Some("/sessions?after=x".to_owned()),
        calls: calls(),
    }
}

pub(super) fn session(mark: Mark) -> SessionPage {
    let is_live = mark.tone == "allowed";
    SessionPage {
        frame: frame("Session", Section::Connections),
        session: session_row(mark),
        rows: if is_live { rows() } else { Vec::new() },
        has_more: is_live,
        calls: calls(),
    }
}
