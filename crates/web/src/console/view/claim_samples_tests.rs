//! The pages on which a person answers for an agent, with sample data.

use super::{
    claim::{ClaimCode, ClaimDone, ClaimPage, Ticked},
    frame::{Frame, Section},
    samples::{LONG, bare, frame},
    words::When,
};
use askama::Template;
use procura_model::Time;

const NAME: &str = "<b>Night\"><script> job";

/// Outside of the rail, signed in.
fn alone() -> Frame {
    frame("Claim an agent", Section::None)
}

fn sheet(name: &str) -> ClaimPage {
    let now = Time::from_ms(1_795_608_000_000);
    let ago = |ms: i64| When { at: now.plus_ms(-ms), now };
    let scope = |name: &str, text: &str, is_ticked| Ticked {
        name: name.to_owned(),
        text: text.to_owned(),
        is_ticked,
    };
    ClaimPage {
        frame: alone(),
        action: "/claim".to_owned(),
        as_whom: Some("ada@example.com".to_owned()),
        code: "WDJB-MJHT".to_owned(),
        name: name.to_owned(),
        has_name: true,
        api: "Analytics".to_owned(),
        identifier: "https://api.example".to_owned(),
        has_key: true,
        registered: ago(90_000),
        registered_from: "192.0.2.7".to_owned(),
        asked: ago(1_000),
        asked_from: "2001:db8::7".to_owned(),
        days: Some(90),
        reach: vec![scope("read:data", "Read analytics.", true), scope("manage:config", LONG, false)],
    }
}

pub(super) fn pages() -> Vec<(&'static str, String)> {
    let code = ClaimCode {
        frame: alone(),
        action: "/claim".to_owned(),
        as_whom: Some("ada@example.com".to_owned()),
        code: String::new(),
    };
    let done = |is_allowed| ClaimDone {
        frame: bare("Claim an agent"),
        name: NAME.to_owned(),
        api: "Analytics".to_owned(),
        is_allowed,
    };
    vec![
        ("claim_code", code.render().unwrap()),
        ("claim", sheet(NAME).render().unwrap()),
        ("claim_long", sheet(LONG).render().unwrap()),
        ("claim_done", done(true).render().unwrap()),
        ("claim_denied", done(false).render().unwrap()),
    ]
}

/// By a link, nobody is signed in.
pub(super) fn open_pages() -> Vec<(&'static str, String)> {
    let action = || "/claim/pcl_x".to_owned();
    let code =
        ClaimCode { frame: bare("Claim an agent"), action: action(), as_whom: None, code: String::new() };
    let asked =
        ClaimPage { frame: bare("Claim an agent"), action: action(), as_whom: None, ..sheet("Night job") };
    vec![("claim_code_by_link", code.render().unwrap()), ("claim_by_link", asked.render().unwrap())]
}

#[test]
fn what_an_agent_says_of_itself_is_never_markup() {
    for (name, html) in pages() {
        assert!(!html.contains("<b>Night") && !html.contains("\"><script>"), "{name}");
    }
}
