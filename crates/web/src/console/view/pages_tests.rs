//! Every page with sample data, so that it can be looked at and so that what must hold of each of
//! them is tested. `PROCURA_PAGES=folder` writes them there for a browser.

use super::{
    activity::{Activity, Filters, Row},
    agents::{AgentForm, AgentPage, AgentRow, Agents, NewAgent},
    api_samples,
    approvals::{ApprovalCard, ApprovalCards, Approvals, ApprovePage},
    budget_samples,
    chart::Chart,
    claim_samples, consent_samples,
    entry::{
        DIGEST, FailedPage, InvitationPage, OwnerPage, STORED, SearchPage, SetUpPage, ShownOncePage, SignIn,
        SignInLink,
    },
    facts::Fact,
    frame::{Section, done},
    passport_samples,
    policies::{AgentPolicy, Policies},
    policy_samples, redaction_samples,
    samples::{
        ARABIC, LONG, agent, agent_row, approval_page, approval_sheet, bare, card, chart, frame, key_row,
        permission_page, request, rows, said, scopes, server_form, server_row, settings, start, trace_page,
    },
    screening_samples,
    sessions::SessionFilters,
    simulation_samples,
    start::Progress,
    tools::{NewServer, ServerPage, Tools},
    users::Trial,
    users_samples::{
        accepted_trial, calls, connection_rows, connections, pseudonym, refused_trial, session, session_row,
        sessions, user_auth,
    },
    words::{Mark, Problems},
};
use askama::Template;
use procura_model::{Reason, Role, Verdict};

fn ways_in() -> Vec<(&'static str, String)> {
    let mut wrong = bare("Sign in");
    wrong.problems = Problems::of(&Reason::SignInFailed.into(), "");
    vec![
        (
            "sign_in",
            SignIn { frame: wrong, email: "ada@example.com".to_owned(), next: "/".to_owned() }
                .render()
                .unwrap(),
        ),
        (
            "owner",
            OwnerPage {
                frame: bare("A new password"),
                link: "pcl_x".to_owned(),
                email: "ada@example.com".to_owned(),
            }
            .render()
            .unwrap(),
        ),
        ("sign_in_link", SignInLink { frame: bare("Sign in"), link: "pcl_x".to_owned() }.render().unwrap()),
        (
            "approve",
            ApprovePage {
                frame: bare("Approval"),
                sheet: approval_sheet(),
                as_whom: "ada@example.com".to_owned(),
                done: None,
            }
            .render()
            .unwrap(),
        ),
        (
            "set_up",
            SetUpPage {
                frame: bare("Set up"),
                link: "pcl_x".to_owned(),
                organization: String::new(),
                email: String::new(),
            }
            .render()
            .unwrap(),
        ),
        (
            "invitation",
            InvitationPage {
                frame: bare("Join"),
                link: "pcl_x".to_owned(),
                organization: "Analytical Engines".to_owned(),
                email: "joan@example.com".to_owned(),
                role: Role::Approver,
                has_account: false,
            }
            .render()
            .unwrap(),
        ),
    ]
}

fn told_once() -> Vec<(&'static str, String)> {
    vec![
        (
            "shown_once",
            ShownOncePage {
                frame: bare("Key"),
                heading: "Your first platform key",
                says: "For your own servers. It is shown this once.",
                secret: "sample-sample-sample-sample-sample-sample-sample",
                kept: DIGEST,
                done: STORED,
                next: "/",
            }
            .render()
            .unwrap(),
        ),
        (
            "search",
            SearchPage {
                frame: frame("Nothing found", Section::None),
                said: "This is no id that has a page.",
            }
            .render()
            .unwrap(),
        ),
        (
            "failed",
            FailedPage {
                frame: bare("Not found"),
                code: "NOT_FOUND",
                heading: "Not found",
                sentence: Reason::NotFound.text(),
                fix: Reason::NotFound.fix(),
                status: 404,
                request: request(),
                way_on: "/",
                way_on_word: "Go to the start",
            }
            .render()
            .unwrap(),
        ),
    ]
}

fn activity_pages() -> Vec<(&'static str, String)> {
    let activity = |rows: Vec<Row>, chart: Chart| Activity {
        frame: frame("Activity", Section::Activity),
        rows,
        chart,
        filters: Filters::default(),
        agents: vec![(agent().0, "refund-assistant".to_owned())],
        query: "verdict=deny".to_owned(),
        newest: None,
        older: Some("/activity?after=x".to_owned()),
    };
    vec![
        ("activity", activity(rows(), chart()).render().unwrap()),
        ("activity_empty", activity(Vec::new(), Chart::default()).render().unwrap()),
        ("trace_denied", trace_page(Verdict::Deny, Reason::AmountOverLimit).render().unwrap()),
        ("trace_unknown", trace_page(Verdict::Allow, Reason::AmountOverLimit).render().unwrap()),
        ("trace_done", trace_page(Verdict::Allow, Reason::Allowed).render().unwrap()),
    ]
}

fn agent_pages() -> Vec<(&'static str, String)> {
    let agents = |rows: Vec<AgentRow>| Agents {
        frame: frame("Agents", Section::Agents),
        rows,
        newest: None,
        older: None,
    };
    let mut agent_frame = frame("Agent", Section::Agents);
    agent_frame.done = done("key-revoked");
    vec![
        (
            "agents",
            agents(vec![
                agent_row("refund-assistant", Mark::allowed("Enabled")),
                agent_row(ARABIC, Mark::denied("Disabled")),
                agent_row(LONG, Mark::allowed("Enabled")),
            ])
            .render()
            .unwrap(),
        ),
        ("agents_empty", agents(Vec::new()).render().unwrap()),
        (
            "agent_new",
            NewAgent { frame: frame("New agent", Section::Agents), form: AgentForm::default() }
                .render()
                .unwrap(),
        ),
        (
            "agent",
            AgentPage {
                frame: agent_frame,
                agent: agent_row("refund-assistant", Mark::allowed("Enabled")),
                is_enabled: true,
                policy_version: 4,
                keys: vec![
                    key_row("production", Mark::allowed("Live")),
                    key_row("old laptop", Mark::denied("Revoked")),
                ],
                scopes: scopes(),
                permissions: said(),
                form: AgentForm::default(),
                users: Some((Mark::allowed("Configured"), "by JWT")),
                limits: budget_samples::limits(),
                passport: passport_samples::passport(),
                calls: calls(),
            }
            .render()
            .unwrap(),
        ),
    ]
}

fn approval_pages() -> Vec<(&'static str, String)> {
    let waiting = || vec![card(Mark::waiting("Waiting")), card(Mark::waiting("Waiting"))];
    let inbox =
        |waiting: Vec<ApprovalCard>| ApprovalCards { frame: frame("Approvals", Section::Approvals), waiting };
    vec![
        (
            "approvals",
            Approvals {
                frame: frame("Approvals", Section::Approvals),
                inbox: inbox(waiting()),
                past: vec![
                    card(Mark::allowed("Used")),
                    card(Mark::denied("Denied")),
                    card(Mark::neutral("Expired")),
                ],
                newest: None,
                older: None,
            }
            .render()
            .unwrap(),
        ),
        (
            "approvals_empty",
            Approvals {
                frame: frame("Approvals", Section::Approvals),
                inbox: inbox(Vec::new()),
                past: Vec::new(),
                newest: None,
                older: None,
            }
            .render()
            .unwrap(),
        ),
        ("approval", approval_page().render().unwrap()),
    ]
}

fn policy_pages() -> Vec<(&'static str, String)> {
    vec![
        (
            "policies",
            Policies {
                frame: frame("Policies", Section::Policies),
                agents: vec![
                    AgentPolicy {
                        id: agent(),
                        name: "refund-assistant".to_owned(),
                        status: Mark::allowed("Enabled"),
                        version: 4,
                        permissions: said(),
                    },
                    AgentPolicy {
                        id: agent(),
                        name: ARABIC.to_owned(),
                        status: Mark::denied("Disabled"),
                        version: 1,
                        permissions: Vec::new(),
                    },
                ],
                older: None,
            }
            .render()
            .unwrap(),
        ),
        ("permission", permission_page().render().unwrap()),
    ]
}

fn other_pages() -> Vec<(&'static str, String)> {
    vec![
        (
            "tools",
            Tools {
                frame: frame("Tools", Section::Tools),
                servers: vec![
                    server_row(Mark::allowed("Answers"), false),
                    server_row(Mark::denied("Fails"), true),
                ],
            }
            .render()
            .unwrap(),
        ),
        (
            "server_new",
            NewServer {
                frame: frame("New server", Section::Tools),
                form: server_form(),
                agents: vec![(agent().0, "refund-assistant".to_owned())],
            }
            .render()
            .unwrap(),
        ),
        (
            "server",
            ServerPage {
                frame: frame("shop", Section::Tools),
                server: server_row(Mark::allowed("Answers"), false),
                form: server_form(),
                agents: Vec::new(),
                calls: calls(),
            }
            .render()
            .unwrap(),
        ),
        ("settings", settings().render().unwrap()),
        (
            "start",
            start(Progress {
                agent: Some((agent().0, "refund-assistant".to_owned())),
                servers: 3,
                failing: 2,
                ..Progress::default()
            })
            .render()
            .unwrap(),
        ),
    ]
}

fn user_pages() -> Vec<(&'static str, String)> {
    let tried = |word: &str, trial: Trial| {
        let mut page = user_auth(word, Some(word));
        page.trial = Some(trial);
        page.render().unwrap()
    };
    let mut incomplete = user_auth("signedToken", Some("signedToken"));
    incomplete.secrets.clear();
    incomplete.state = Mark::waiting("Incomplete");
    incomplete.missing = Some("it has no secret yet");
    let mut reader = user_auth("callback", Some("callback"));
    reader.frame.who.as_mut().unwrap().role = Role::Auditor;
    let filters =
        SessionFilters { state: "live".to_owned(), user: pseudonym().0, ..SessionFilters::default() };
    vec![
        ("connections", connections(connection_rows()).render().unwrap()),
        ("connections_empty", connections(Vec::new()).render().unwrap()),
        ("users_none", user_auth("jwt", None).render().unwrap()),
        ("users_jwt", user_auth("jwt", Some("jwt")).render().unwrap()),
        ("users_signed", user_auth("signedToken", Some("signedToken")).render().unwrap()),
        ("users_callback", user_auth("callback", Some("jwt")).render().unwrap()),
        ("users_incomplete", incomplete.render().unwrap()),
        ("users_reader", reader.render().unwrap()),
        ("users_refused", tried("signedToken", refused_trial())),
        ("users_accepted", tried("jwt", accepted_trial())),
        (
            "sessions",
            sessions(
                vec![
                    session_row(Mark::allowed("Live")),
                    session_row(Mark::denied("Revoked")),
                    session_row(Mark::neutral("Expired")),
                ],
                filters,
            )
            .render()
            .unwrap(),
        ),
        ("sessions_empty", sessions(Vec::new(), SessionFilters::default()).render().unwrap()),
        ("session", session(Mark::allowed("Live")).render().unwrap()),
        ("session_revoked", session(Mark::denied("Revoked")).render().unwrap()),
    ]
}

fn api_pages() -> Vec<(&'static str, String)> {
    vec![
        ("api_new", api_samples::new_api().render().unwrap()),
        ("api", api_samples::api_page().render().unwrap()),
        ("api_tool_new", api_samples::tool_page(None).render().unwrap()),
        ("api_tool", api_samples::tool_page(Some("find_orders")).render().unwrap()),
        ("api_import", api_samples::import(true).render().unwrap()),
        ("api_preview", api_samples::preview().render().unwrap()),
    ]
}

fn framed_pages() -> Vec<(&'static str, String)> {
    [
        activity_pages(),
        agent_pages(),
        passport_samples::sandbox_pages(),
        approval_pages(),
        policy_pages(),
        policy_samples::pages(),
        budget_samples::pages(),
        redaction_samples::pages(),
        screening_samples::pages(),
        simulation_samples::pages(),
        other_pages(),
        user_pages(),
        api_pages(),
        consent_samples::pages(),
        claim_samples::pages(),
    ]
    .concat()
}

fn pages() -> Vec<(&'static str, String)> {
    [
        ways_in(),
        told_once(),
        passport_samples::open_pages(),
        consent_samples::open_pages(),
        claim_samples::open_pages(),
        framed_pages(),
    ]
    .concat()
}

#[test]
fn every_page_has_one_heading_one_main_and_a_language() {
    for (name, html) in pages() {
        for part in ["<h1>", "<main ", "<html lang=\"en\""] {
            assert_eq!(html.matches(part).count(), 1, "{name}: {part}");
        }
    }
}

#[test]
fn no_page_needs_more_than_the_strict_policy_allows() {
    for (name, html) in pages() {
        for never in [" style=", " onclick=", " onload=", " onchange=", "javascript:", "http-equiv", "<style"]
        {
            assert!(!html.contains(never), "{name} holds {never}");
        }
        for source in
            html.split("src=\"").skip(1).chain(html.split("<link rel=\"stylesheet\" href=\"").skip(1))
        {
            assert!(source.starts_with("/static/"), "{name} loads {}", source.get(..40).unwrap_or(source));
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    for (name, html) in framed_pages() {
        for form in html
            .split("<form")
            .skip(1)
            .filter(|form| form.split('>').next().unwrap().contains("method=\"post\""))
        {
            let body = form.split("</form>").next().unwrap();
            assert!(body.contains("name=\"form_token\" value=\"sample\""), "{name}: <form{body}");
        }
    }
}

#[test]
fn every_label_names_a_field_and_no_id_stands_twice() {
    for (name, html) in pages() {
        let ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        for target in html.split("<label for=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(ids.contains(&target), "{name}: no field {target}");
        }
        let repeats = ["agent", "key", "srv", "of", "overlap"];
        for id in &ids {
            let is_sample = repeats.iter().any(|start| id.starts_with(&format!("{start}-")));
            assert!(
                is_sample || ids.iter().filter(|other| other == &id).count() == 1,
                "{name}: id {id} stands twice"
            );
        }
    }
}

#[test]
fn text_from_outside_is_never_markup() {
    let mut page = approval_page();
    page.sheet.card.resource = "<script>alert(1)</script>".to_owned();
    page.sheet.card.facts = vec![Fact::new("<img src=x>", "\"><b>")];
    page.sheet.arguments = Some("</pre><script>".to_owned());
    let html = page.render().unwrap();
    assert!(
        !html.contains("<script>alert")
            && !html.contains("</pre><script>")
            && html.contains("&#60;script&#62;")
    );
}

#[test]
fn what_a_role_may_not_do_has_no_button() {
    let mut page = approval_page();
    page.frame.who.as_mut().unwrap().role = Role::Auditor;
    page.sheet.answer.as_mut().unwrap().objection = "An approver, admin or owner can.".to_owned();
    let html = page.render().unwrap();
    assert!(
        !html.contains("name=\"answer\"")
            && !html.contains("/link")
            && html.contains("An approver, admin or owner")
    );
    let html = approval_page().render().unwrap();
    assert!(html.contains("name=\"answer\"") && html.contains("/link"));
    let mut tools = Tools { frame: frame("Tools", Section::Tools), servers: Vec::new() };
    tools.frame.who.as_mut().unwrap().role = Role::Approver;
    assert!(!tools.render().unwrap().contains("/tools/new"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a person who wants to look at the pages names a folder")]
fn the_pages_can_be_looked_at() {
    let Ok(folder) = std::env::var("PROCURA_PAGES") else { return };
    for (name, html) in pages() {
        std::fs::write(format!("{folder}/{name}.html"), html).unwrap();
    }
}
