//! Sample data for the pages of clients, guarded APIs and trusted issuers.

use super::{
    frame::{Frame, Section, done},
    guarded::{
        GuardedForm, GuardedList, GuardedPage, GuardedRow, Guide, IssuerForm, IssuerList, IssuerPage,
        IssuerRow,
    },
    oauth_clients::{
        AccessBox, Choice, ClientForm, ClientPage, ClientRow, Clients, GrantRow, MetPage, NewClient,
        SecretRow, SessionRow, TickBox,
    },
    samples::{ARABIC, LONG, agent, ago, frame, request},
    users_samples::calls,
    words::{Id, Mark, Problems},
};
use askama::Template;
use procura_model::{
    Role,
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};

const CLIENT: &str = "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C";

fn of(role: Role, title: &str) -> Frame {
    let mut frame = frame(title, Section::Settings);
    frame.who.as_mut().unwrap().role = role;
    frame
}

fn choice(word: &str, chosen: bool) -> Choice {
    Choice { value: word.to_owned(), word: word.to_owned(), chosen }
}

fn row(name: &str, mark: Mark, kind: &'static str, grants: i64) -> ClientRow {
    ClientRow {
        href: format!("/settings/clients/{CLIENT}"),
        mark,
        name: name.to_owned(),
        host: "app.example +2".to_owned(),
        kind,
        agent: (grants != 1).then(|| (agent(), ARABIC.to_owned())),
        grants,
        used: (grants > 0).then(|| ago(MINUTE_MS)),
    }
}

fn clients(rows: Vec<ClientRow>, role: Role) -> Clients {
    Clients {
        frame: of(role, "OAuth clients"),
        kinds: vec![("", "All", true), ("manual", "Made here", false), ("document", "By document", false)],
        rows,
        address: "https://procura.example/v1/mcp".to_owned(),
        older: Some("/settings/clients?after=x".to_owned()),
        newest: None,
        calls: calls(),
    }
}

fn form(method: &str) -> ClientForm {
    let tick = |word, ticked| TickBox { value: "authorization_code", word, says: "In a browser.", ticked };
    ClientForm {
        name: "Night <b>job".to_owned(),
        redirects: format!("https://app.example/{LONG}\nhttp://127.0.0.1/cb"),
        methods: vec![
            choice("none", method == "none"),
            choice("private_key_jwt", method == "private_key_jwt"),
        ],
        jwks_uri: "https://app.example/jwks".to_owned(),
        jwks: String::new(),
        grants: vec![tick("A person lets it in", true), tick("It comes alone", false)],
        agents: vec![choice("No agent of its own", true), choice(LONG, false)],
        scope: String::new(),
        is_bound: true,
        is_pushed: false,
    }
}

fn session(may_end: bool) -> SessionRow {
    SessionRow {
        id: request(),
        how: "by a browser",
        agent: (agent(), "refund-assistant".to_owned()),
        begun: ago(26 * HOUR_MS),
        last_used: None,
        ends: ago(-26 * HOUR_MS),
        may_end,
    }
}

fn access(may: bool) -> AccessBox {
    let grant = |email: &str, sessions| GrantRow {
        id: agent(),
        email: email.to_owned(),
        agent: (agent(), ARABIC.to_owned()),
        scope: "tools".to_owned(),
        given: ago(DAY_MS),
        sessions,
        may_revoke: may,
    };
    AccessBox {
        grants: vec![grant("ada@example.com", vec![session(may), session(may)]), grant(LONG, Vec::new())],
        alone: vec![session(may)],
        is_whole: may,
        is_cut: true,
        back: format!("/settings/clients/{CLIENT}"),
    }
}

fn client(role: Role, access: AccessBox) -> ClientPage {
    ClientPage {
        frame: of(role, "Client"),
        id: Id::of(CLIENT),
        called: "Night <b>job".to_owned(),
        mark: Mark::allowed("Enabled"),
        method: "client_secret_basic",
        grants: "authorization_code refresh_token client_credentials".to_owned(),
        redirects: vec![format!("https://app.example/{LONG}/{LONG}"), "http://127.0.0.1/cb".to_owned()],
        agent: Some((agent(), LONG.to_owned())),
        made: ago(DAY_MS),
        changed: ago(HOUR_MS),
        used: None,
        is_disabled: false,
        has_secrets: true,
        secrets: vec![
            SecretRow {
                id: request(),
                preview: "sample_4fG7".to_owned(),
                made: ago(DAY_MS),
                ends: Some(ago(-HOUR_MS)),
            },
            SecretRow { id: agent(), preview: "sample_9kQ2".to_owned(), made: ago(0), ends: None },
        ],
        metadata: "https://procura.example/.well-known/oauth-authorization-server".to_owned(),
        token_call: Some(format!(
            "curl -sS https://procura.example/oauth/token \\\n  -u \"{CLIENT}:$CLIENT_SECRET\""
        )),
        access,
        form: form("none"),
        action: format!("/settings/clients/{CLIENT}"),
        calls: calls(),
    }
}

fn client_pages() -> Vec<(&'static str, String)> {
    let mut wrong = of(Role::Owner, "Make a client");
    wrong.problems.add("jwks_uri", "private_key_jwt needs jwks or jwks_uri.");
    wrong.problems.add("redirects", "The redirect URI at position 0 cannot be used.");
    let mut gone = client(Role::Owner, AccessBox { is_whole: true, ..AccessBox::default() });
    (gone.is_disabled, gone.mark, gone.secrets) = (true, Mark::denied("Disabled"), Vec::new());
    gone.frame.done = done("client-disabled");
    let rows = vec![
        row("Night <b>job", Mark::allowed("Enabled"), "made here", 0),
        row(LONG, Mark::denied("Disabled"), "registered itself", 12),
        row(ARABIC, Mark::allowed("Enabled"), "by document", 1),
    ];
    let met = MetPage {
        frame: of(Role::Owner, "Client"),
        id: Id::of(format!("https://claude.example/{LONG}/client.json")),
        called: "Claude Code".to_owned(),
        mark: Mark::denied("Kept out"),
        block: Some(agent()),
        document: Some("claude.example".to_owned()),
        method: "none",
        redirects: vec!["http://127.0.0.1/callback".to_owned()],
        says: vec![
            ("Home page", format!("https://claude.example/{LONG}")),
            ("Software", "4NRB1, 2.1".to_owned()),
        ],
        first: ago(DAY_MS),
        used: Some(ago(MINUTE_MS)),
        access: access(true),
        calls: calls(),
    };
    vec![
        ("clients", clients(rows, Role::Owner).render().unwrap()),
        ("clients_empty", clients(Vec::new(), Role::Owner).render().unwrap()),
        (
            "client_new",
            NewClient {
                frame: wrong,
                form: form("private_key_jwt"),
                action: "/settings/clients/new".to_owned(),
            }
            .render()
            .unwrap(),
        ),
        ("client", client(Role::Owner, access(true)).render().unwrap()),
        ("client_disabled", gone.render().unwrap()),
        ("client_read", client(Role::Auditor, access(false)).render().unwrap()),
        ("client_met", met.render().unwrap()),
    ]
}

fn guarded(role: Role, known: bool, problems: Problems) -> GuardedPage {
    let mut frame = of(role, "Guarded API");
    frame.problems = problems;
    let guide = Guide {
        title: "Say who guards it",
        says: "Clients look for this document first.",
        text: format!("GET https://api.example/{LONG}/{LONG}"),
    };
    GuardedPage {
        frame,
        known: known.then(|| (agent(), ago(DAY_MS))),
        called: "Orders <b>".to_owned(),
        form: GuardedForm {
            name: "Orders <b>".to_owned(),
            identifier: format!("https://api.example/{LONG}"),
            scopes: vec![
                ("orders:read".to_owned(), "Read your orders \"><b>.".to_owned()),
                (String::new(), String::new()),
            ],
            tokens: "RS256",
            seconds: "600".to_owned(),
            is_bound: true,
        },
        action: "/settings/apis/new".to_owned(),
        guides: if known { vec![guide] } else { Vec::new() },
        calls: calls(),
    }
}

fn guarded_pages() -> Vec<(&'static str, String)> {
    let list = |rows| GuardedList { frame: of(Role::Owner, "Guarded APIs"), rows, calls: calls() };
    let row = |name: &str| GuardedRow {
        id: agent(),
        name: name.to_owned(),
        identifier: format!("https://api.example/{LONG}"),
        scopes: 3,
        tokens: "signed (JWT)",
        lasts: "10 min".to_owned(),
        is_bound: true,
    };
    let mut wrong = Problems::none();
    wrong.add("scopes", "scopes must have 1 to 64 entries.");
    vec![
        ("guarded", list(vec![row("Orders"), row(LONG)]).render().unwrap()),
        ("guarded_empty", list(Vec::new()).render().unwrap()),
        ("guarded_new", guarded(Role::Owner, false, wrong).render().unwrap()),
        ("guarded_api", guarded(Role::Owner, true, Problems::none()).render().unwrap()),
        ("guarded_read", guarded(Role::Auditor, true, Problems::none()).render().unwrap()),
    ]
}

fn issuer(role: Role, known: bool) -> IssuerPage {
    IssuerPage {
        frame: of(role, "Trusted issuer"),
        known: known.then(|| (agent(), ago(DAY_MS))),
        form: IssuerForm {
            issuer: format!("https://login.example/{LONG}"),
            jwks_uri: format!("https://login.example/{LONG}/keys"),
            tenant: "acme".to_owned(),
            agents: vec![choice("The client's own agent alone", true)],
            clients: format!("https://claude.example/{LONG}.json"),
        },
        action: "/settings/issuers/new".to_owned(),
        audience: "https://procura.example".to_owned(),
        calls: calls(),
    }
}

fn issuer_pages() -> Vec<(&'static str, String)> {
    let list = |rows| IssuerList { frame: of(Role::Owner, "Trusted issuers"), rows, calls: calls() };
    let row = |acts| IssuerRow {
        id: agent(),
        issuer: "https://login.example.com".to_owned(),
        keys: format!("https://login.example.com/{LONG}"),
        agent: acts,
        changed: ago(DAY_MS),
    };
    vec![
        ("issuers", list(vec![row(None), row(Some((agent(), ARABIC.to_owned())))]).render().unwrap()),
        ("issuers_empty", list(Vec::new()).render().unwrap()),
        ("issuer_new", issuer(Role::Owner, false).render().unwrap()),
        ("issuer", issuer(Role::Owner, true).render().unwrap()),
        ("issuer_read", issuer(Role::Auditor, true).render().unwrap()),
    ]
}

pub(super) fn pages() -> Vec<(&'static str, String)> {
    [client_pages(), guarded_pages(), issuer_pages()].concat()
}

#[test]
fn what_a_role_may_not_change_has_no_form() {
    let all = pages();
    let html = |name: &str| all.iter().find(|(own, _)| *own == name).map(|(_, html)| html.clone()).unwrap();
    for (may, may_not, never) in [
        ("client", "client_read", "/secrets"),
        ("client", "client_read", "/remove"),
        ("client", "client_read", "/revoke"),
        ("guarded_api", "guarded_read", "name=\"scope\""),
        ("issuer", "issuer_read", "name=\"jwks_uri\""),
    ] {
        assert!(html(may).contains(never), "{may}: {never}");
        assert!(!html(may_not).contains(never), "{may_not}: {never}");
    }
}

#[test]
fn what_was_typed_is_never_markup() {
    for (name, html) in pages() {
        assert!(!html.contains("<b>job") && !html.contains("\"><b>"), "{name}");
    }
}
