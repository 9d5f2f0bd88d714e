//! Sample data for the pages on which a person answers software.

use super::{
    consent::{
        AccessPage, AccessRow, AccessSession, Choice, ConsentPage, DeviceDone, DevicePage, Goes, Known,
        OauthFailed, PlaceBox, Software,
    },
    frame::{Frame, Section},
    samples::{ARABIC, LONG, agent, ago, frame, request},
    users_samples::calls,
};
use askama::Template;
use procura_app::oauth::authorize::Reach;
use procura_model::time::{HOUR_MS, MINUTE_MS};

/// Outside the rail, of somebody who is signed in.
fn alone(title: &str) -> Frame {
    frame(title, Section::None)
}

fn software(known: Known, goes: Goes) -> Software {
    Software {
        name: "Claude <b>Code</b>".to_owned(),
        known,
        goes,
        reach: vec![
            Reach {
                resource: "https://procura.example/v1/mcp".to_owned(),
                scopes: vec![("tools".to_owned(), "Call tools through the gateway.".to_owned())],
            },
            Reach { resource: format!("https://api.example/{LONG}"), scopes: Vec::new() },
        ],
        days: Some(30),
    }
}

fn choice(name: &str, is_chosen: bool) -> Choice {
    Choice {
        value: format!("org_1/{name}"),
        name: name.to_owned(),
        says: "With every permission that this agent has.".to_owned(),
        is_chosen,
    }
}

fn consent(known: Known, goes: Goes, places: Vec<PlaceBox>) -> ConsentPage {
    ConsentPage {
        frame: alone("Allow access"),
        software: software(known, goes),
        email: "ada@example.com".to_owned(),
        other: "/sign-in?next=%2Fdevice&again=1".to_owned(),
        places,
        action: "/oauth/consent",
        hidden: vec![("request", "client_id=a&state=\"><script>".to_owned())],
    }
}

fn place(organization: &str, names: &[&str]) -> PlaceBox {
    let choices = names.iter().enumerate().map(|(index, name)| choice(name, index == 0));
    PlaceBox { organization: organization.to_owned(), choices: choices.collect() }
}

fn access(rows: Vec<AccessRow>) -> AccessPage {
    AccessPage {
        frame: frame("My access", Section::None),
        organization: "Analytical Engines".to_owned(),
        rows,
        is_all: true,
        back: "everybody",
        address: "https://procura.example/v1/mcp".to_owned(),
        older: None,
        newest: None,
        calls: calls(),
    }
}

fn row(client: &str) -> AccessRow {
    AccessRow {
        id: agent(),
        client: client.to_owned(),
        host: Some("https://claude.example/client.json".to_owned()),
        agent: (agent(), ARABIC.to_owned()),
        email: Some("ada@example.com".to_owned()),
        scope: "tools".to_owned(),
        given: ago(26 * HOUR_MS),
        last_used: Some(ago(MINUTE_MS)),
        sessions: vec![AccessSession {
            id: request(),
            how: "by a browser",
            begun: ago(26 * HOUR_MS),
            last_used: None,
            ends: ago(-26 * HOUR_MS),
        }],
        may_revoke: true,
    }
}

pub(super) fn pages() -> Vec<(&'static str, String)> {
    let far = || Goes::Host("app.example".to_owned(), format!("https://app.example/{LONG}?tenant=7"));
    let here = Goes::Computer("http://127.0.0.1:33418/callback".to_owned());
    let many =
        vec![place("Analytical Engines", &["A new agent", LONG, ARABIC]), place("Difference & Sons", &["b"])];
    let one = vec![place("Analytical Engines", &["A new agent"])];
    vec![
        ("consent", consent(Known::Itself, here, many).render().unwrap()),
        (
            "consent_document",
            consent(Known::Document("claude.example".to_owned()), far(), one).render().unwrap(),
        ),
        (
            "consent_nowhere",
            consent(Known::Made("Analytical Engines".to_owned()), far(), Vec::new()).render().unwrap(),
        ),
        (
            "device_consent",
            consent(
                Known::Itself,
                Goes::Device("WDJB-MJHT".to_owned()),
                vec![place("Shop", &["A new agent"])],
            )
            .render()
            .unwrap(),
        ),
        (
            "device",
            DevicePage { frame: alone("Device"), email: "ada@example.com".to_owned(), code: String::new() }
                .render()
                .unwrap(),
        ),
        (
            "device_done",
            DeviceDone { frame: alone("Device"), name: "Television".to_owned(), is_allowed: true }
                .render()
                .unwrap(),
        ),
        ("access", access(vec![row("Claude Code"), row(LONG)]).render().unwrap()),
        ("access_empty", access(Vec::new()).render().unwrap()),
    ]
}

pub(super) fn open_pages() -> Vec<(&'static str, String)> {
    let failed = OauthFailed {
        frame: alone("Not answered"),
        wire: "invalid_request",
        code: "OAUTH_REDIRECT_URI_INVALID",
        sentence: "The redirect URI is none that the client registered.",
        host: Some("app.example".to_owned()),
        client: Some("cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C".to_owned()),
        request: request(),
    };
    vec![("oauth_failed", failed.render().unwrap())]
}

#[test]
fn what_a_client_says_of_itself_is_never_markup() {
    for (name, html) in pages() {
        assert!(!html.contains("<b>Code") && !html.contains("\"><script>"), "{name}");
    }
}
