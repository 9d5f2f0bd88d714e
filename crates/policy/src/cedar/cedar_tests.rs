use super::*;
use crate::{Facts, Listing, Policy};
use procura_model::{
    Agent, AgentId, AgentStatus, ApprovalRule, Condition, Entropy, Json, Money, Operator, Permission, Time,
};
use proptest::prelude::*;

const NOW: i64 = 1_800_000_000_000;

fn now() -> Time {
    Time::from_ms(NOW)
}

fn agent() -> Agent {
    let entropy = Entropy::seeded(7);
    Agent {
        id: AgentId::new(now(), &entropy),
        name: "buyer".to_owned(),
        kind: "service".to_owned(),
        provider: String::new(),
        owner: None,
        status: AgentStatus::Enabled,
        policy_version: 1,
        created_at: now(),
        last_seen_at: None,
    }
}

fn acting(agent: &Agent) -> Acting<'_> {
    Acting { agent, facts: Facts::default(), now: now() }
}

fn id(number: u64) -> GuardrailId {
    GuardrailId::new(now(), &Entropy::seeded(number))
}

fn allowed() -> Decision {
    let all: Permission = serde_json::from_str(r#"{"effect":"allow","actions":["*"]}"#).unwrap();
    Policy::compile(1, [all]).decide(&ask("{}"), &Facts::default(), now())
}

/// An ask; a purchase where it names no action.
fn ask(text: &str) -> Ask {
    let mut members = match Json::parse(text).unwrap() {
        Json::Map(members) => members,
        other => panic!("no object: {other}"),
    };
    if !members.iter().any(|(name, _)| name == "action") {
        members.insert(0, ("action".to_owned(), Json::Text("purchase".to_owned())));
    }
    serde_json::from_str(&Json::Map(members).canonical()).unwrap()
}

fn narrowed(policies: &[&str], ask: &Ask) -> Decision {
    let guardrails = policies.iter().zip(0..).map(|(text, number)| Guardrail {
        id: id(number),
        name: "no gift cards",
        text,
    });
    let agent = agent();
    Guardrails::compile(guardrails).narrow(allowed(), &acting(&agent), ask)
}

#[test]
fn a_guardrail_stands_above_every_permission() {
    let guardrail =
        r#"forbid(principal, action, resource) when { context.action like "purchase.giftcard*" };"#;
    let refused = narrowed(&[guardrail], &ask(r#"{"action":"purchase.giftcard.100"}"#));
    assert_eq!((refused.verdict, refused.reason), (Verdict::Deny, Reason::GuardrailDenied));
    assert!(
        refused.sentence.contains("no gift cards") && refused.sentence.contains("grd_"),
        "{}",
        refused.sentence
    );
    assert_eq!(narrowed(&[guardrail], &ask(r#"{"action":"purchase.ticket"}"#)), allowed());
}

#[test]
fn a_guardrail_can_ask_for_a_person_and_a_refusal_counts_more() {
    let asks = r#"@obligation("approval") forbid(principal, action, resource) when { context has amount && context.amount > 5000000 };"#;
    let refuses = r#"forbid(principal, action, resource) when { context has vendor && context.vendor like "*.evil.example" };"#;
    let dear = ask(r#"{"amount":"742.00","currency":"USD","vendor":"Shop.Evil.example."}"#);
    assert_eq!(narrowed(&[asks], &dear).verdict, Verdict::NeedsApproval);
    assert_eq!(narrowed(&[asks, refuses], &dear).reason, Reason::GuardrailDenied);
    assert_eq!(narrowed(&[refuses, asks], &dear).reason, Reason::GuardrailDenied);
    assert_eq!(narrowed(&[asks], &ask(r#"{"amount":"500.00","currency":"USD"}"#)), allowed());
}

#[test]
fn what_cannot_be_evaluated_is_a_deny_and_never_skipped() {
    // Cedar itself would skip this policy: `amount` is not there.
    let careless = "forbid(principal, action, resource) when { context.amount > 5000000 };";
    let decision = narrowed(&[careless], &ask("{}"));
    assert_eq!((decision.verdict, decision.reason), (Verdict::Deny, Reason::PolicyError));
    let broken = narrowed(&["forbid(principal, action"], &ask("{}"));
    assert_eq!((broken.verdict, broken.reason), (Verdict::Deny, Reason::PolicyError));
    let deep = format!("{}{}", "[".repeat(20), "]".repeat(20));
    let odd = ask(&format!(r#"{{"args":{{"n":1e399,"deep":{deep},"none":null,"half":0.5}}}}"#));
    assert_eq!(narrowed(&["forbid(principal, action, resource) when { false };"], &odd), allowed());
}

#[test]
fn a_deny_of_the_permissions_stays_theirs() {
    let denied = Policy::compile(1, Vec::<Permission>::new()).decide(&ask("{}"), &Facts::default(), now());
    let text = "forbid(principal, action, resource);";
    let guardrails = Guardrails::compile([Guardrail { id: id(1), name: "all", text }]);
    let agent = agent();
    let narrowed = guardrails.narrow(denied.clone(), &acting(&agent), &ask("{}"));
    assert_eq!(narrowed, denied);
}

#[test]
fn only_forbids_can_be_saved() {
    for (text, words) in [
        ("permit(principal, action, resource);", "forbid policies alone"),
        ("forbid(principal == ?principal, action, resource);", "templates"),
        ("forbid(principal, action, resource) when { context.", "is not Cedar"),
        ("", "at least one"),
        (r#"@obligation("mask") forbid(principal, action, resource);"#, "one obligation"),
    ] {
        let error = validate_guardrail(text).unwrap_err();
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
    assert!(validate_guardrail(&"/".repeat(MAX_TEXT_BYTES + 1)).is_err());
    let nested = |open: &str, close: &str, times: usize| {
        let (open, close) = (open.repeat(times), close.repeat(times));
        validate_guardrail(&format!("forbid(principal, action, resource) when {{ {open}true{close} }};"))
    };
    nested("(", ")", MAX_DEPTH - 1).unwrap();
    for (open, close) in
        [("(", ")"), ("[", "]"), ("{a:", "}"), ("!(", ")"), ("(\")\" == ", ")"), ("(//)\n", ")")]
    {
        for times in [MAX_DEPTH, 300, 1_000] {
            let error = nested(open, close, times).unwrap_err();
            assert!(error.to_string().contains("brackets in each other"), "{open}: {error}");
        }
    }
    let quoted = format!(
        r#"forbid(principal, action, resource) when {{ context.action == "\"{}" }};"#,
        "(".repeat(99)
    );
    validate_guardrail(&quoted).unwrap();
    validate_guardrail(
        "forbid(principal, action, resource); forbid(principal, action, resource) when { true };",
    )
    .unwrap();
}

#[test]
fn a_guardrail_that_asks_for_what_may_not_be_there_is_refused_with_its_place() {
    for (when, words) in [
        ("context.amuont > 50", "`context.amuont`, which no call has; `context` has action, actionFolded,"),
        ("context has amuont", "`context.amuont`, which no call has"),
        ("context.vendor == \"x.com\"", "write `context has vendor && ...` before it (line 2, column 8)"),
        ("context.amount > 1 && context has amount", "which not every call has"),
        ("context has amount || context.amount > 1", "which not every call has"),
        ("context has user && context.user.emial == \"a\"", "`context.user.emial`, which no call has"),
        ("context.agent.id.x == 1", "`x` of `context.agent.id`, which has no members"),
        ("context.args has seats && context.args.seats > 9", "write `context has args && ...`"),
        ("context has args && context.args.seats > 9", "write `context.args has seats && ...`"),
        ("principal.name == \"buyer\"", "asks for a member of `principal`"),
        ("context has amount && context.amount > \"50\"", "cannot be judged"),
        ("action == Action::\"refund\"", "`context.action`"),
    ] {
        let text = format!("forbid(principal, action, resource)\nwhen {{ {when} }};");
        let error = validate_guardrail(&text).unwrap_err().to_string();
        assert!(error.contains(words), "{when}: {error}");
    }
    let broken =
        validate_guardrail("forbid(principal, action, resource)\nwhen { context.action = 1 };").unwrap_err();
    assert!(broken.to_string().contains("(line 2, column "), "{broken}");
}

#[test]
fn a_guardrail_that_asks_first_whether_it_is_there_can_be_saved() {
    for when in [
        "context has amount && context.amount > 5000000",
        "!(context has vendor) || context.vendor like \"*.example\"",
        "if context has user then context.user.id == \"a\" else true",
        "context has user && context.user has email && context.user.email like \"*@x.example\"",
        "context has args && context.args has seats && context.args.seats > 9",
        "context has args && context.args has \"a b\" && context.args[\"a b\"] == \"x\"",
        "context has user && context.user.attributes has plan && context.user.attributes.plan == \"pro\"",
        "context.agent.kind == \"service\" && resource == Resource::\"shop/refund\"",
        "(context has amount && context.amount > 1) || (context has vendor && context.vendor == \"x\")",
    ] {
        let text = format!("forbid(principal, action, resource) when {{ {when} }};");
        validate_guardrail(&text).unwrap_or_else(|error| panic!("{when}: {error}"));
    }
    let split =
        "forbid(principal, action, resource) when { context has amount } unless { context.amount < 5 };";
    validate_guardrail(split).unwrap();
    let long = format!("forbid(principal, action, resource) when {{ {}true }};", "true && ".repeat(1_900));
    validate_guardrail(&long).unwrap();
}

#[test]
fn a_guardrail_that_decides_is_named() {
    let text = "forbid(principal, action, resource) when { context has args && context.args.n > 5 };";
    let wrong = narrowed(&[text], &ask(r#"{"args":{"m":1}}"#));
    assert_eq!((wrong.guardrail, wrong.permission), (Some(id(0)), None));
    assert!(wrong.sentence.starts_with("The guardrail no gift cards (grd_"), "{}", wrong.sentence);
    assert!(!wrong.sentence.contains("/0"), "{}", wrong.sentence);
    let denied = narrowed(&["forbid(principal, action, resource);"], &ask("{}"));
    assert_eq!((denied.reason, denied.guardrail), (Reason::GuardrailDenied, Some(id(0))));
}

#[test]
fn no_name_can_end_its_string() {
    let text =
        r#"{"effect":"allow","actions":["a\"};forbid(principal,action,resource);//*"],"user":"\\\"*\u202e"}"#;
    let hostile: Permission = serde_json::from_str(text).unwrap();
    let export = to_cedar("agt_\"x", &[hostile]);
    let set = PolicySet::from_str(&export.text).unwrap();
    assert_eq!(set.policies().count(), 1, "{}", export.text);
}

#[test]
fn what_cedar_cannot_say_is_named_and_never_widens() {
    let text = r#"[{"effect":"allow","actions":["a"],"schedule":{"days":["mon"],"from":"09:00","to":"17:00"}},
        {"effect":"block","actions":["b"],"conditions":[{"path":"args.x","op":"glob","value":"a?"}]}]"#;
    let permissions: Vec<Permission> = serde_json::from_str(text).unwrap();
    let export = to_cedar("agt_1", &permissions);
    assert_eq!(export.unsaid.len(), 2, "{export:?}");
    assert!(!export.text.contains("permit("), "{}", export.text);
    assert!(export.text.contains("forbid(") && !export.text.contains("context.args"), "{}", export.text);
}

/// What the exported policies answer, read as the head of `export.rs` says.
fn oracle(set: &PolicySet, ask: &Ask, facts: &Facts<'_>) -> Verdict {
    let agent = agent();
    let Ok(request) = request(&Acting { agent: &agent, facts: *facts, now: now() }, ask) else {
        return Verdict::Deny;
    };
    let response = Authorizer::new().is_authorized(&request, set, &Entities::empty());
    let forbids = |id: &PolicyId| set.policy(id).is_none_or(|policy| policy.effect() == Effect::Forbid);
    let failed = response.diagnostics().errors().any(|error| {
        let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
        forbids(error.policy_id())
    });
    if failed || response.decision() == Answer::Deny {
        return Verdict::Deny;
    }
    let is_free =
        |id: &PolicyId| set.policy(id).is_some_and(|policy| policy.annotation(OBLIGATION).is_none());
    if response.diagnostics().reason().any(is_free) { Verdict::Allow } else { Verdict::NeedsApproval }
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "ab", "a.b", "b", "A.b", "", "x", "é", "a\"b", "\\", "*"])
        .prop_map(str::to_owned)
}

fn pattern() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["*", "a*", "a", "*b", "a.*", "A*", "x", "é*"]).prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = Json> {
    prop::sample::select(vec!["0", "1", "2", "3", "1.0", "20e-1", "-1", "9223372036854775807"])
        .prop_map(|digits| Json::Number(digits.into()))
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![word().prop_map(Json::Text), number(), any::<bool>().prop_map(Json::Bool), Just(Json::Null)]
}

fn money() -> impl Strategy<Value = Money> {
    (0_i64..4, prop::sample::select(vec!["USD", "EUR"])).prop_map(|(value, currency)| Money {
        value: value.to_string().parse().unwrap(),
        currency: currency.parse().unwrap(),
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    let path = prop::sample::select(vec!["args.p", "args.q"]).prop_map(str::to_owned);
    let test = prop_oneof![
        (prop::sample::select(vec![Operator::Eq, Operator::Ne]), scalar()),
        (Just(Operator::In), prop::collection::vec(scalar(), 1..3).prop_map(Json::List)),
        (Just(Operator::Prefix), word().prop_map(Json::Text)),
        (Just(Operator::Glob), pattern().prop_map(Json::Text)),
        (
            prop::sample::select(vec![Operator::Lt, Operator::Le, Operator::Gt, Operator::Ge]),
            prop::sample::select(vec!["0", "2", "20e-1"]).prop_map(|digits| Json::Number(digits.into()))
        ),
        (Just(Operator::Exists), any::<bool>().prop_map(Json::Bool)),
    ];
    (path, test).prop_map(|(path, (op, value))| Condition { path, op, value: Some(value), reference: None })
}

fn permission() -> impl Strategy<Value = Permission> {
    let lists = (
        prop::collection::vec(pattern(), 1..3),
        prop::collection::vec(pattern(), 1..3),
        prop::collection::vec(prop::sample::select(vec!["a.com", "*.a.com", "B.com."]), 0..3),
        prop::collection::vec(condition(), 0..3),
    );
    let limits = (
        prop::option::of(money()),
        prop::sample::select(vec!["never", "always", "above"]),
        -2_i64..3,
        -2_i64..3,
    );
    (any::<bool>(), lists, limits).prop_map(
        |(allows, (actions, resources, vendors, conditions), (limit, approval, from, until))| {
            let effect = if allows { procura_model::Effect::Allow } else { procura_model::Effect::Block };
            let limit = limit.filter(|_| allows);
            // A block compares by type once at the most: the head of `export.rs` says why.
            let mut typed = 0;
            let conditions = conditions.into_iter().filter(|condition: &Condition| {
                let is_safe =
                    matches!(condition.op, Operator::Eq | Operator::Ne | Operator::In | Operator::Exists);
                typed += usize::from(!is_safe);
                allows || is_safe || typed < 2
            });
            let approval = match (allows, approval, limit) {
                (true, "always", _) => ApprovalRule::Always,
                (true, "above", Some(limit)) => ApprovalRule::Above(limit),
                _ => ApprovalRule::Never,
            };
            let base: Permission = serde_json::from_str(r#"{"effect":"allow","actions":["*"]}"#).unwrap();
            Permission {
                effect,
                actions,
                resources,
                vendors: vendors.into_iter().map(str::to_owned).collect(),
                conditions: conditions.collect(),
                max_amount: limit,
                approval,
                not_before: (from != 2).then(|| Time::from_ms(NOW + from)),
                expires_at: (until > from).then(|| Time::from_ms(NOW + until)).filter(|_| until != 2),
                ..base
            }
        },
    )
}

fn any_ask() -> impl Strategy<Value = Ask> {
    let args = prop::option::of((prop::option::of(scalar()), prop::option::of(scalar())));
    let money = (prop::option::of(0_i64..4), prop::option::of(prop::sample::select(vec!["USD", "EUR"])));
    let vendor =
        prop::option::of(prop::sample::select(vec!["a.com", "x.A.com", "b.com", "c.com", "not a host"]));
    (word(), prop::option::of(word()), vendor, money, args).prop_map(
        |(action, resource, vendor, (amount, currency), args)| Ask {
            action,
            resource,
            vendor: vendor.map(str::to_owned),
            amount: amount.map(|amount| amount.to_string().parse().unwrap()),
            currency: currency.map(|currency| currency.parse().unwrap()),
            args: args.map(|(p, q)| {
                let member = |name: &str, value: Option<Json>| value.map(|value| (name.to_owned(), value));
                Json::Map(member("p", p).into_iter().chain(member("q", q)).collect())
            }),
            user: None,
        },
    )
}

proptest! {
    /// `PROPTEST_CASES=100000` makes this the long proof (`cargo xtask soak cedar`).
    #[test]
    fn cedar_and_the_native_evaluator_agree(
        permissions in prop::collection::vec(permission(), 0..5),
        asks in prop::collection::vec(any_ask(), 1..6),
        dollars in any::<bool>(),
    ) {
        let export = to_cedar(&agent().id.to_string(), &permissions);
        prop_assert!(export.unsaid.is_empty(), "{:?}", export.unsaid);
        let set = PolicySet::from_str(&export.text).unwrap();
        let policy = Policy::compile(1, &permissions);
        let facts = Facts { currency: dollars.then(|| "USD".parse().unwrap()), ..Facts::default() };
        for ask in &asks {
            let native = policy.decide(ask, &facts, now());
            prop_assert_eq!(oracle(&set, ask, &facts), native.verdict, "{:?}\n{:?}\n{}", native, ask, export.text);
            // What a guardrail leaves alone is as the permissions have it.
            let listing = Listing { action: &ask.action, resource: ask.resource.as_deref(), vendor: ask.vendor.as_deref(), user: None };
            prop_assert!(native.verdict == Verdict::Deny || policy.could_allow(&listing, now()));
        }
    }
}
