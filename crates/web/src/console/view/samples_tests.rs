//! Sample data for every page.

use super::{
    activity::{Row, TracePage},
    agents::{AgentRow, KeyRow, Said, ScopeBox},
    approvals::{AnswerBox, ApprovalCard, ApprovalPage, PastRow, PreviewBox, Sheet},
    chain::chain,
    chart::{Bar, Chart},
    ending::Ended,
    facts::{Fact, flatten, pretty},
    frame::{Frame, Section, Who},
    policies::{Checked, PermissionForm, PermissionPage},
    receipts::{CheckedReceipt, ReceiptBox},
    screening_samples,
    settings::{InvitationRow, MemberRow, OrganizationForm, Settings, UrlVerdict},
    start::{Progress, Start, Steps},
    tools::{Able, ServerForm, ServerRow, ToolRow},
    users_samples::{calls, pseudonym},
    words::{Id, Mark, Problems, When},
};
use procura_model::{
    AgentId, ApprovalId, CredentialId, Entropy, Event, EventKind, Json, PermissionId, Reason, Recorded,
    RequestId, Risk, Role, Scope, ServerId, SessionId, Time, UserRef, Verdict, time,
};

pub(super) const NOW: Time = Time::from_ms(1_795_341_600_000);
pub(super) const LONG: &str = "an-agent-with-a-name-that-is-as-long-as-names-may-be-and-never-takes-a-breath";
pub(super) const ARABIC: &str = "مساعد استرداد المبالغ للعملاء";

pub(super) fn ago(ms: i64) -> When {
    When { at: NOW.plus_ms(-ms), now: NOW }
}

pub(super) fn seeded() -> Entropy {
    Entropy::seeded(7)
}

pub(super) fn agent() -> Id {
    Id::of(AgentId::new(NOW, &seeded()))
}

pub(super) fn request() -> Id {
    Id::of(RequestId::new(NOW, &seeded()))
}

pub(super) fn frame(title: &str, section: Section) -> Frame {
    Frame {
        title: title.to_owned(),
        section,
        who: Some(Who {
            email: "ada@example.com".to_owned(),
            role: Role::Owner,
            organization: "Analytical Engines".to_owned(),
            form_token: "sample".to_owned(),
            others: vec![("org_2".to_owned(), "Difference & Sons".to_owned())],
        }),
        badges: vec!["no TLS".to_owned()],
        done: None,
        theme: "",
        waiting: 2,
        css: "/static/console.css",
        script: "/static/console.js",
        problems: Problems::none(),
    }
}

pub(super) fn bare(title: &str) -> Frame {
    Frame { who: None, waiting: 0, ..frame(title, Section::None) }
}

pub(super) fn row(mark: Mark, words: [&str; 3], ms: i64) -> Row {
    let [action, resource, reason] = words;
    Row {
        request: request(),
        mark,
        ending: None,
        reported: None,
        action: action.to_owned(),
        resource: resource.to_owned(),
        agent: Some((agent(), "refund-assistant".to_owned())),
        user: Some(pseudonym()),
        code: "ALLOWED",
        reason: reason.to_owned(),
        risk: None,
        at: ago(ms),
    }
}

pub(super) fn rows() -> Vec<Row> {
    let denied =
        "Denied: 742.00 USD exceeds 500.00 USD per call (permission per_01JD9Z3V5M8Q6T2W4X7Y9A1B3C).";
    let mut rows = vec![
        row(Mark::allowed("Allowed"), ["tool.call", "shop/find_order", "The action is allowed."], 900),
        row(Mark::denied("Denied"), ["tool.call", "shop/refund", denied], 14_000),
        row(
            Mark::waiting("Needs approval"),
            ["tool.call", "shop/refund", "A person must approve above 200.00 USD."],
            70_000,
        ),
        row(
            Mark::unknown("Unknown"),
            ["tool.call", "mail/send", "The intent has no outcome."],
            3 * time::MINUTE_MS,
        ),
        row(
            Mark::denied("Denied"),
            ["tool.call", "docs/read", "The text looks like a prompt injection."],
            8 * time::MINUTE_MS,
        ),
        row(Mark::allowed("Allowed"), ["purchase", "ticket", "The action is allowed."], 2 * time::HOUR_MS),
    ];
    rows[3].mark = Mark::allowed("Allowed");
    rows[3].ending = Some(Mark::unknown("Unknown"));
    rows[4].risk = Some("high risk");
    rows[5].agent = Some((agent(), LONG.to_owned()));
    rows
}

pub(super) fn chart() -> Chart {
    let bars = (0..24_i64).map(|hour| {
        let wave = u64::try_from((hour * 7) % 13).unwrap();
        Bar {
            at: NOW.plus_ms((hour - 24) * time::HOUR_MS),
            allowed: wave * 4,
            denied: wave / 3,
            waiting: wave / 6,
        }
    });
    Chart(bars.collect())
}

pub(super) fn recorded(position: i64, event: Event) -> Recorded {
    let actor = CredentialId::new(NOW, &seeded()).to_string();
    Recorded { request: RequestId::new(NOW, &seeded()), position, at: NOW, actor, event }
}

pub(super) fn event(kind: EventKind, us: i64, facts: &str) -> Event {
    let mut event = Event::new(kind).of_agent(AgentId::new(NOW, &seeded()));
    event.user = Some(UserRef(pseudonym().0));
    event.duration_us = Some(us);
    facts.clone_into(&mut event.facts);
    event
}

pub(super) const ASK: &str = r#"{"action":"tool.call","resource":"shop/refund","vendor":"127.0.0.1","amount":"742.00","currency":"USD","args":{"orderId":"A-1042","amount":742.00,"note":"customer says the parcel was wet"}}"#;

pub(super) fn trace(verdict: Verdict, reason: Reason) -> Vec<Recorded> {
    let gates = r#""gates":{"screen":{"risk":"none","rules":[]}}"#;
    let sentence = "742.00 USD exceeds 500.00 USD per call (permission per_01JD9Z3V5M8Q6T2W4X7Y9A1B3C).";
    let facts = format!(
        r#"{{"ask":{ASK},"isReplayable":true,"policyVersion":4,"permission":"per_01JD9Z3V5M8Q6T2W4X7Y9A1B3C","sentence":"{sentence}","missing":"amount",{gates}}}"#
    );
    let mut decision = event(EventKind::Decision, 412, &facts);
    decision.action = Some("tool.call".to_owned());
    decision.resource = Some("shop/refund".to_owned());
    decision.verdict = Some(verdict);
    decision.reason = Some(reason);
    decision.risk = Some(Risk::Medium);
    let mut rows = vec![recorded(0, decision)];
    if verdict == Verdict::Allow {
        let mut intent = event(EventKind::Intent, 0, "{}");
        intent.duration_us = None;
        rows.push(recorded(1, intent));
        let mut sent = event(
            EventKind::Egress,
            2_350,
            r#"{"server":"shop","transport":"http","connected":"127.0.0.1:9000","bytes":412}"#,
        );
        sent.duration_us = None;
        sent.target = Some("shop".to_owned());
        sent.status = Some(200);
        rows.push(recorded(2, sent));
    }
    rows
}

pub(super) fn trace_page(verdict: Verdict, reason: Reason) -> TracePage {
    let mut records = trace(verdict, reason);
    let is_done = verdict == Verdict::Allow && reason == Reason::Allowed;
    if is_done {
        let mut outcome = event(
            EventKind::Outcome,
            3_100,
            r#"{"risk":"none","rules":[],"redactions":2,"kinds":["api_key","card"],"droppedBytes":0}"#,
        );
        outcome.target = Some("ok".to_owned());
        records.push(recorded(3, outcome));
    }
    TracePage {
        frame: frame("Trace", Section::Activity),
        request: request(),
        mark: verdict.into(),
        outcome: (verdict == Verdict::Allow)
            .then(|| if is_done { Mark::allowed("Done") } else { Mark::unknown("Unknown") }),
        ended: (verdict == Verdict::Allow && !is_done).then(|| Ended::of("unknown", None)).flatten(),
        approval: None,
        sentence: "742.00 USD exceeds 500.00 USD per call (permission per_01JD9Z3V5M8Q6T2W4X7Y9A1B3C)."
            .to_owned(),
        action: "tool.call".to_owned(),
        resource: "shop/refund".to_owned(),
        agent: Some((agent(), "refund-assistant".to_owned())),
        agent_is_enabled: true,
        user: Some(pseudonym()),
        at: ago(14_000),
        origin: Some("POST /v1/mcp from 127.0.0.1".to_owned()),
        key: Some(Id::of(CredentialId::new(NOW, &seeded()))),
        gates: chain(&records, None),
        arguments: Some(pretty(&Json::parse(ASK).unwrap())),
        is_replayable: true,
        curl: Some(
            "curl -sS http://127.0.0.1:4600/v1/verify \\\n  -H \"Authorization: Bearer YOUR_AGENT_KEY\""
                .to_owned(),
        ),
        rule_href: Some("/policies/new".to_owned()),
        receipt: is_done.then(receipt_box),
        session: Some(Id::of(SessionId::new(NOW, &seeded()))),
        feedback: screening_samples::feedback(),
        calls: calls(),
    }
}

fn receipt_box() -> ReceiptBox {
    ReceiptBox {
        signed: Id("rcp_01JD9Z3V5M8Q6T2W4X7Y9A1B3C".to_owned()),
        typed: "eyJhbGciOiJFZERTQSJ9.e30.c2ln".to_owned(),
        checked: Some(CheckedReceipt {
            mark: Mark::denied("Not to be acted on"),
            said: "We signed it, and yet nobody should act on it.".to_owned(),
            steps: vec![
                ("Signature", Mark::allowed("Valid"), "By the key that is published.".to_owned()),
                ("In its time", Mark::denied("Expired"), "It was good until then.".to_owned()),
            ],
            claims: vec![Fact::new("audience", "shop.example.com"), Fact::new("decision", "allow")],
        }),
        offline: "curl -sS http://127.0.0.1:4600/.well-known/jwks.json > keys.json".to_owned(),
    }
}

pub(super) fn agent_row(name: &str, mark: Mark) -> AgentRow {
    AgentRow {
        id: agent(),
        name: name.to_owned(),
        kind: "assistant".to_owned(),
        provider: "Example Models".to_owned(),
        mark,
        last_seen: Some(ago(4_000)),
        created: ago(3 * time::DAY_MS),
    }
}

pub(super) fn key_row(name: &str, mark: Mark) -> KeyRow {
    KeyRow {
        id: Id::of(CredentialId::new(NOW, &seeded())),
        name: name.to_owned(),
        preview: "pca_4fT9x".to_owned(),
        scopes: "verify tools".to_owned(),
        mark,
        is_live: mark.tone == "allowed",
        created: ago(3 * time::DAY_MS),
        last_used: Some(ago(4_000)),
        expires: Some(ago(-30 * time::DAY_MS)),
    }
}

pub(super) fn said() -> Vec<Said> {
    let id = || Id::of(PermissionId::new(NOW, &seeded()));
    vec![
        Said { id: id(), mark: Mark::allowed("Allow"), sentence: "May call the tools shop/find_order or shop/refund when args.orderId is starting with \"A-\", up to 500.00 USD per call; a person must approve above 200.00 USD.".to_owned() },
        Said { id: id(), mark: Mark::denied("Block"), sentence: "Must never call the tool mail/send.".to_owned() },
    ]
}

pub(super) fn scopes() -> Vec<ScopeBox> {
    let pick = [Scope::Verify, Scope::Tools, Scope::ReadActivity];
    pick.iter()
        .map(|scope| ScopeBox {
            word: scope.as_str(),
            text: scope.text(),
            is_ticked: *scope == Scope::Verify,
        })
        .collect()
}

pub(super) fn card(mark: Mark) -> ApprovalCard {
    let args = Json::parse(r#"{"orderId":"A-1042","amount":"320.00"}"#).unwrap();
    ApprovalCard {
        id: Id::of(ApprovalId::new(NOW, &seeded())),
        mark,
        is_waiting: mark.tone == "waiting",
        is_granted: mark.word == "Granted",
        agent: (agent(), "refund-assistant".to_owned()),
        user: Some(pseudonym()),
        action: "tool.call".to_owned(),
        resource: "shop/refund".to_owned(),
        amount: Some("320.00 USD".to_owned()),
        facts: flatten(&args),
        sentence: "320.00 USD is above 200.00 USD, so a person must approve.".to_owned(),
        created: ago(70_000),
        expires: ago(-20 * time::HOUR_MS),
    }
}

pub(super) fn approval_page() -> ApprovalPage {
    ApprovalPage { frame: frame("Approval", Section::Approvals), sheet: approval_sheet(), calls: calls() }
}

pub(super) fn approval_sheet() -> Sheet {
    Sheet {
        card: card(Mark::waiting("Waiting")),
        arguments: Some(pretty(&Json::parse(ASK).unwrap())),
        vendor: Some("127.0.0.1".to_owned()),
        permission: Some(Id::of(PermissionId::new(NOW, &seeded()))),
        policy_version: 4,
        digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned(),
        asked_in: request(),
        decided_by: None,
        decided: None,
        consumed_in: None,
        left: vec![Fact::new("Left after this", "680.00 of 1000.00 USD per 30 days")],
        task: Some("booking-17".to_owned()),
        granted: None,
        quorum: 2,
        agreed: 1,
        said: vec!["joan@example.com agreed, signed in".to_owned()],
        eligible: vec!["ada@example.com".to_owned(), "joan@example.com".to_owned()],
        answer: Some(AnswerBox {
            action: "/approvals/x/answer".to_owned(),
            objection: String::new(),
            may_widen: true,
            block: Some("Block tool.call on shop/refund.".to_owned()),
            pattern: "{}".to_owned(),
            preview: Some(PreviewBox {
                sentence: "Allow tool.call on shop/refund.".to_owned(),
                covers: "It covers this call.",
                counted: "Of the last 40 calls of this agent it would have let 3 pass.".to_owned(),
                newest: vec![PastRow {
                    request: request(),
                    mark: Mark::denied("Denied"),
                    what: "tool.call shop/refund".to_owned(),
                    amount: "320.00 USD".to_owned(),
                    at: ago(time::HOUR_MS),
                }],
            }),
        }),
    }
}

pub(super) fn permission_page() -> PermissionPage {
    let mut frame = frame("Permission", Section::Policies);
    frame
        .problems
        .add("max_amount", "The amount is not a non-negative decimal with at most four decimal places.");
    PermissionPage {
        frame,
        id: Some(Id::of(PermissionId::new(NOW, &seeded()))),
        action: "/policies/new".to_owned(),
        agent: Some((agent(), "refund-assistant".to_owned())),
        agents: Vec::new(),
        sentence: Some(said()[0].sentence.clone()),
        form: PermissionForm {
            effect: "allow".to_owned(),
            actions: "tool.call".to_owned(),
            resources: "shop/find_order\nshop/refund".to_owned(),
            conditions: "args.orderId prefix \"A-\"".to_owned(),
            max_amount: "5oo".to_owned(),
            currency: "USD".to_owned(),
            approval: "above".to_owned(),
            above: "200.00".to_owned(),
            ..PermissionForm::default()
        },
        document: "{\n  \"effect\": \"allow\"\n}".to_owned(),
        by_document: false,
        checked: Some(Checked::Fine { mark: Mark::allowed("Allow"), sentence: said()[0].sentence.clone() }),
        calls: calls(),
    }
}

pub(super) fn server_row(mark: Mark, from_file: bool) -> ServerRow {
    let able = |name: &str| Able { id: agent(), name: name.to_owned(), needs_user: name == LONG };
    let tool = |name: &str, description: &str, agents: Vec<Able>| ToolRow {
        name: name.to_owned(),
        description: description.to_owned(),
        agents,
    };
    ServerRow {
        id: Id::of(ServerId::new(NOW, &seeded())),
        name: if from_file { "files" } else { "shop" }.to_owned(),
        address: if from_file { "files-server --root /srv" } else { "https://shop.example.com/mcp" }
            .to_owned(),
        mark,
        error: (mark.tone == "denied").then(|| Reason::UpstreamTimeout.text().to_owned()),
        next_step: (mark.tone == "denied").then(|| Reason::UpstreamTimeout.fix()),
        checked: Some(ago(30_000)),
        is_enabled: true,
        from_file,
        has_credential: !from_file,
        fence: true,
        tools: vec![
            tool("find_order", "Finds an order by its number.", vec![able("refund-assistant")]),
            tool(
                "refund",
                "Pays money back to the customer's card.",
                vec![able("refund-assistant"), able(LONG)],
            ),
            tool("delete_shop", "Deletes everything.", Vec::new()),
        ],
    }
}

pub(super) fn server_form() -> ServerForm {
    ServerForm {
        name: "shop".to_owned(),
        url: "https://shop.example.com/mcp".to_owned(),
        fence: true,
        timeout_ms: "30000".to_owned(),
        max_bytes: "4194304".to_owned(),
        tools: "{}".to_owned(),
        agents: vec![agent().0],
    }
}

pub(super) fn settings() -> Settings {
    let member = |email: &str, role: Role, is_me: bool| MemberRow {
        account: Id::of(email),
        email: email.to_owned(),
        role,
        joined: ago(9 * time::DAY_MS),
        is_me,
    };
    Settings {
        frame: frame("Settings", Section::Settings),
        id: Id::of("org_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"),
        form: OrganizationForm {
            name: "Analytical Engines".to_owned(),
            currency: "USD".to_owned(),
            approval_hours: "24".to_owned(),
            approval_quorum: "1".to_owned(),
            owners_may_approve: true,
            store_metadata: true,
            ..OrganizationForm::default()
        },
        members: vec![
            member("ada@example.com", Role::Owner, true),
            member("grace@example.com", Role::Approver, false),
        ],
        invitations: vec![InvitationRow {
            id: Id::of("inv_1"),
            email: "joan@example.com".to_owned(),
            role: Role::Auditor,
            expires: ago(-time::DAY_MS),
        }],
        keys: vec![key_row("first key", Mark::allowed("Live"))],
        scopes: scopes(),
        roles: Role::ALL.to_vec(),
        url: "http://169.254.169.254/".to_owned(),
        verdict: Some(UrlVerdict {
            mark: Mark::denied("Refused"),
            reason: "The address is a metadata address.".to_owned(),
            addresses: vec!["169.254.169.254".to_owned()],
        }),
        second_opinion: Some("doubtful texts go to http://127.0.0.1:9/ (block on failure)".to_owned()),
    }
}

pub(super) fn start(progress: Progress) -> Start {
    let clients = vec![("claude-code", "Claude Code"), ("curl", "curl")];
    let steps = Steps {
        frame: frame("Start", Section::Start),
        progress,
        clients: clients.clone(),
        client: "curl".to_owned(),
        snippet: "curl -sS http://127.0.0.1:4600/v1/verify \\\n  -H \"Authorization: Bearer YOUR_AGENT_KEY\""
            .to_owned(),
    };
    Start { frame: frame("Get started", Section::Start), steps, clients }
}
