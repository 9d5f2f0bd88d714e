//! Properties over random policies and asks. `cargo xtask soak could-allow` runs each 100,000 times.

use super::*;
use procura_model::{Condition, Hold, Operator, Period, Window};
use proptest::prelude::*;

fn number(half_steps: i8) -> Json {
    Json::Number(format!("{}", f64::from(half_steps) / 2.0).into())
}

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

fn literal() -> impl Strategy<Value = Json> {
    prop_oneof![
        (0_i8..4).prop_map(|n| number(n * 2)),
        prop::sample::select(vec!["x", "xy", "ada"]).prop_map(text)
    ]
}

const REFERENCES: &[&str] = &["user.id", "user.email", "user.role", "user.attributes.limit"];
/// Those and other arguments.
const ALL_REFERENCES: &[&str] =
    &["user.id", "user.email", "user.role", "user.attributes.limit", "args.a", "args.b", "args.b"];

/// `whole`: with patterns and comparisons of arguments, of which the list view does not prove everything.
fn condition(whole: bool) -> impl Strategy<Value = Condition> {
    let references = if whole { ALL_REFERENCES } else { REFERENCES };
    let of = |op, value| (op, Some(value), None);
    let operand = prop_oneof![
        literal().prop_map(move |value| of(Operator::Eq, value)),
        literal().prop_map(move |value| of(Operator::Ne, value)),
        prop::collection::vec(literal(), 1..3).prop_map(move |values| of(Operator::In, Json::List(values))),
        prop::sample::select(vec!["x", "xy", "a"]).prop_map(move |prefix| of(Operator::Prefix, text(prefix))),
        prop::sample::select(vec![Operator::Lt, Operator::Le, Operator::Gt, Operator::Ge])
            .prop_flat_map(move |op| (0_i8..4).prop_map(move |n| of(op, number(n * 2)))),
        any::<bool>().prop_map(move |wanted| of(Operator::Exists, Json::Bool(wanted))),
        (prop::sample::select(vec![Operator::Eq, Operator::Ne]), prop::sample::select(references))
            .prop_map(|(op, reference)| (op, None, Some((*reference).to_owned()))),
        Just(if whole { of(Operator::Glob, text("?*y")) } else { of(Operator::Prefix, text("")) }),
    ];
    (prop::sample::select(vec!["args.a", "args.b"]), operand)
        .prop_map(|(path, (op, value, reference))| Condition { path: path.to_owned(), op, value, reference })
}

fn words(choices: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop::sample::select(choices).prop_map(str::to_owned), 1..=most)
}

fn money() -> impl Strategy<Value = Money> {
    (0_i64..4, prop::sample::select(vec!["USD", "EUR"])).prop_map(|(value, currency)| Money {
        value: procura_model::Amount::from_units(value * 10_000).unwrap(),
        currency: currency.parse().unwrap(),
    })
}

prop_compose! {
    fn permission(whole: bool)(
        effect in prop::sample::select(vec![Effect::Allow, Effect::Allow, Effect::Block]),
        actions in words(&["a", "a.*", "a.b", "*", "A.*", "a*", "*.b"], 2),
        resources in words(&["*", "*", "*", "x", "x/*", "X/1", "x*"], 2),
        vendors in prop_oneof![2 => Just(Vec::new()), 1 => words(&["v.com", "*.v.com"], 2), 1 => words(&["bad host", "v.com"], 1)],
        conditions in prop::collection::vec(condition(whole), 0..4),
        limit in prop::option::of(money()),
        approval in prop::sample::select(vec!["never", "always", "above"]),
        times in (prop::option::of(0_i64..4), prop::option::of(3_i64..9)),
        user in prop::option::weighted(0.2, Just("ada".to_owned())),
        window in (prop::option::weighted(0.3, money()), prop::option::weighted(0.2, 1_i64..3)),
        modes in (prop::option::weighted(0.1, 1_u8..12), prop::bool::weighted(0.15)),
    ) -> Permission {
        let time = |minutes: i64| Time::from_ms(NOW - 180_000 + minutes * 60_000);
        Permission {
            id: None, effect, actions, resources, vendors, conditions,
            max_amount: if effect == Effect::Allow { limit } else { None },
            schedule: None,
            not_before: times.0.map(time),
            expires_at: times.1.map(time),
            approval: match (effect, approval, limit) {
                (Effect::Allow, "always", _) => ApprovalRule::Always,
                (Effect::Allow, "above", Some(limit)) => ApprovalRule::Above(limit),
                _ => ApprovalRule::Never,
            },
            window: match (effect, window) {
                (Effect::Block, _) | (_, (None, None)) => None,
                (Effect::Allow, (amount, count)) => {
                    // Mostly of one currency with the other limits; where not, the permission is a broken one.
                    let amount = amount.map(|amount| match limit {
                        Some(limit) if amount.value.units() > 0 => Money { currency: limit.currency, ..amount },
                        _ => amount,
                    });
                    Some(Window { amount, count, per: Period::from_ms(60_000), hold: Hold::default() })
                }
            },
            quorum: modes.0.filter(|_| approval != "never" && effect == Effect::Allow),
            shadow: modes.1,
            user,
        }
    }
}

/// Every value that the random conditions can tell apart.
fn universe() -> Vec<Option<Json>> {
    let texts = ["", "a", "ada", "adam", "bob", "x", "xq", "xy", "xyz"].map(|content| Some(text(content)));
    let numbers = (-1_i8..9).map(|n| Some(number(n)));
    [None, Some(Json::Null)].into_iter().chain(texts).chain(numbers).collect()
}

fn args(a: Option<Json>, b: Option<Json>) -> Option<Json> {
    let members = [("a", a), ("b", b)].into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Some(Json::Map(members.collect()))
}

prop_compose! {
    fn any_ask()(
        action in prop::sample::select(vec!["a", "a.b", "A.b", "b"]),
        resource in prop::option::of(prop::sample::select(vec!["x", "x/1", "X"])),
        vendor in prop::option::of(prop::sample::select(vec!["v.com", "s.v.com", "V.com.", "evil.com", "v.com:1"])),
        money in prop::option::of(money()),
        currency_named in any::<bool>(),
        a in prop::sample::select(universe()),
        b in prop::sample::select(universe()),
        user in prop::option::of(prop::sample::select(vec!["ada", "bob"])),
    ) -> Ask {
        Ask {
            action: action.to_owned(),
            resource: resource.map(str::to_owned),
            vendor: vendor.map(str::to_owned),
            amount: money.map(|money| money.value),
            currency: money.filter(|_| currency_named).map(|money| money.currency),
            args: args(a, b),
            user: user.map(|user| Arc::new(ActingUser::supposed(named(user)))),
        }
    }
}

fn listing(ask: &Ask) -> Listing<'_> {
    Listing {
        action: &ask.action,
        resource: ask.resource.as_deref(),
        vendor: ask.vendor.as_deref(),
        user: ask.user.as_ref().map(|acting| &*acting.user),
    }
}

/// Nothing spent yet.
const UNSPENT: Facts<'static> = Facts { currency: None, spending: Spending::Supposed(&[]) };

fn verdict(permissions: &[Permission], ask: &Ask) -> Verdict {
    Policy::compile(1, permissions).decide(ask, &UNSPENT, now()).verdict
}

fn numbered(permissions: &mut [Permission]) {
    for (permission, number) in permissions.iter_mut().zip(1_u8..) {
        permission.id = Some(id(number));
    }
}

/// In the daily suite an eighth of the cases, for each tries hundreds of calls; all where more are asked for.
fn exhaustive() -> ProptestConfig {
    let config = ProptestConfig::default();
    let cases = if config.cases > 256 { config.cases } else { config.cases / 8 };
    ProptestConfig { cases, ..config }
}

/// Whether some arguments and amount of the universe are allowed, by trying them all.
fn some_call_is_allowed(policy: &Policy, ask: &Ask) -> bool {
    let zero = Some(procura_model::Amount::from_units(0).unwrap());
    universe().into_iter().any(|a| {
        universe().into_iter().any(|b| {
            [None, zero].into_iter().any(|amount| {
                let call = Ask { args: args(a.clone(), b.clone()), amount, currency: None, ..ask.clone() };
                policy.decide(&call, &UNSPENT, now()).verdict != Verdict::Deny
            })
        })
    })
}

proptest! {
    #[test]
    fn whatever_a_call_gets_the_list_shows(
        permissions in prop::collection::vec(permission(true), 0..5), ask in any_ask(),
    ) {
        let policy = Policy::compile(1, &permissions);
        if policy.decide(&ask, &UNSPENT, now()).verdict != Verdict::Deny {
            prop_assert!(policy.could_allow(&listing(&ask), now()));
        }
    }

    #[test]
    fn the_order_of_permissions_changes_no_verdict(
        permissions in prop::collection::vec(permission(true), 0..5), ask in any_ask(),
    ) {
        let backwards: Vec<Permission> = permissions.iter().rev().cloned().collect();
        prop_assert_eq!(verdict(&permissions, &ask), verdict(&backwards, &ask));
    }

    #[test]
    fn one_more_block_never_allows_and_the_whole_block_always_denies(
        permissions in prop::collection::vec(permission(true), 0..4), extra in permission(true), ask in any_ask(),
    ) {
        let before = verdict(&permissions, &ask);
        let with = |block: Permission| verdict(&[permissions.clone(), vec![block]].concat(), &ask);
        let approval = ApprovalRule::Never;
        let block =
            Permission { effect: Effect::Block, max_amount: None, window: None, quorum: None, approval, ..extra };
        let after = with(block);
        prop_assert!(after == before || after == Verdict::Deny);
        let all: Permission = serde_json::from_str(r#"{"effect":"block","actions":["*"]}"#).unwrap();
        prop_assert_eq!(with(all), Verdict::Deny);
    }

    #[test]
    fn what_decides_is_among_what_was_given_and_every_answer_is_a_sentence(
        mut permissions in prop::collection::vec(permission(true), 0..5), ask in any_ask(),
    ) {
        numbered(&mut permissions);
        let explained = Policy::compile(1, &permissions).explain(&ask, &UNSPENT, now());
        let decision = &explained.decision;
        prop_assert!(decision.sentence.ends_with('.'));
        prop_assert!(explained.near.iter().all(|near| near.permission != decision.permission));
        prop_assert!(decision.permission.is_none_or(|by| permissions.iter().any(|p| p.id == Some(by))));
        prop_assert_eq!(decision.is_allowed(), decision.reason == Reason::Allowed);
        prop_assert_eq!(decision, &Policy::compile(1, &permissions).decide(&ask, &UNSPENT, now()));
    }
}

proptest! {
    #[test]
    fn a_shadow_decides_nothing_and_says_what_it_would(
        mut permissions in prop::collection::vec(permission(true), 0..5), ask in any_ask(),
    ) {
        numbered(&mut permissions);
        let of = |permissions: &[Permission]| Policy::compile(1, permissions);
        let live: Vec<Permission> = permissions.iter().filter(|each| !each.shadow).cloned().collect();
        let lit: Vec<Permission> =
            permissions.iter().map(|each| Permission { shadow: false, ..each.clone() }).collect();
        let policy = of(&permissions);
        let decision = policy.decide(&ask, &UNSPENT, now());
        prop_assert_eq!(&decision, &of(&live).decide(&ask, &UNSPENT, now()));
        prop_assert_eq!(policy.could_allow(&listing(&ask), now()), of(&live).could_allow(&listing(&ask), now()));
        let would = of(&lit).decide(&ask, &UNSPENT, now());
        match policy.decide_with_shadows(&ask, &UNSPENT, now()) {
            Some(said) => prop_assert_eq!(said, would),
            None => prop_assert_eq!(decision.verdict, would.verdict),
        }
    }

    #[test]
    fn the_index_leaves_out_nothing(
        permissions in prop::collection::vec(permission(true), 33..40), ask in any_ask(),
    ) {
        // Blocks and errors would hide everything else: each permission is judged alone too.
        let permissions: Vec<Permission> = permissions;
        let compare = |permissions: &[Permission]| {
            let indexed = Policy::compile(1, permissions);
            let plain = Policy { index: None, ..Policy::compile(1, permissions) };
            assert!(indexed.index.is_some() && plain.index.is_none());
            let answers = |policy: &Policy| {
                (
                    policy.decide(&ask, &UNSPENT, now()),
                    policy.could_allow(&listing(&ask), now()),
                    policy.decide_with_shadows(&ask, &UNSPENT, now()),
                    policy.windows_for(&ask, now()).len(),
                )
            };
            assert_eq!(answers(&indexed), answers(&plain));
        };
        compare(&permissions);
        let elsewhere: Permission =
            serde_json::from_str(r#"{"effect":"allow","actions":["elsewhere"]}"#).unwrap();
        for each in permissions.iter().take(4) {
            compare(&[vec![elsewhere.clone(); 33], vec![each.clone()]].concat());
        }
    }

    #[test]
    fn a_window_that_decides_is_among_those_to_be_read(
        mut permissions in prop::collection::vec(permission(true), 0..5), ask in any_ask(), money in money(),
    ) {
        numbered(&mut permissions);
        let policy = Policy::compile(1, &permissions);
        let needed = policy.windows_for(&ask, now());
        let row = |needed: &crate::Needed<'_>| Spent { permission: needed.permission, amount: money.value, count: 1 };
        let rows: Vec<Spent> = needed.iter().map(row).collect();
        let all: Vec<Spent> =
            (1..=5).map(|number| Spent { permission: id(number), amount: money.value, count: 1 }).collect();
        let of = |rows| policy.decide(&ask, &Facts { currency: None, spending: Spending::Read(rows) }, now());
        prop_assert_eq!(of(&rows), of(&all), "{:?}", needed);
        if !needed.is_empty() && ask.currency.is_some() {
            prop_assert!(policy.has_windows());
            prop_assert_eq!(policy.decide(&ask, &Facts::default(), now()).verdict, Verdict::Deny);
        }
    }

    #[test]
    fn what_is_spent_never_widens(
        mut permissions in prop::collection::vec(permission(true), 0..5), ask in any_ask(), count in 0_i64..3, units in 0_i64..4,
    ) {
        numbered(&mut permissions);
        let policy = Policy::compile(1, &permissions);
        let amount = Amount::from_units(units * 10_000).unwrap();
        let rows: Vec<Supposed> = (1..=5).map(|place| Supposed { place, amount, count }).collect();
        let before = policy.decide(&ask, &UNSPENT, now());
        let after = policy.decide(&ask, &Facts { currency: None, spending: Spending::Supposed(&rows) }, now());
        let rank = |verdict| match verdict {
            Verdict::Deny => 0,
            Verdict::NeedsApproval => 1,
            Verdict::Allow => 2,
        };
        prop_assert!(rank(after.verdict) <= rank(before.verdict));
        prop_assert!(after.verdict != Verdict::Allow || before.is_allowed());
    }
}

proptest! {
    #![proptest_config(exhaustive())]

    /// Every argument of the universe is tried: what the list hides, no call gets.
    #[test]
    fn whatever_the_list_hides_no_call_gets(
        permissions in prop::collection::vec(permission(true), 0..4), ask in any_ask(),
    ) {
        let policy = Policy::compile(1, &permissions);
        if !policy.could_allow(&listing(&ask), now()) {
            prop_assert!(!some_call_is_allowed(&policy, &ask));
        }
    }

    /// Where it can be decided (no patterns in conditions, no block that looks at arguments), the list
    /// shows nothing that no call could get.
    #[test]
    fn whatever_the_list_shows_some_call_gets(
        permissions in prop::collection::vec(permission(false), 0..4), ask in any_ask(),
    ) {
        let is_decidable = |p: &Permission| p.effect == Effect::Allow || p.conditions.is_empty();
        let permissions: Vec<Permission> = permissions.into_iter().filter(is_decidable).collect();
        let policy = Policy::compile(1, &permissions);
        prop_assert_eq!(policy.could_allow(&listing(&ask), now()), some_call_is_allowed(&policy, &ask));
    }
}
