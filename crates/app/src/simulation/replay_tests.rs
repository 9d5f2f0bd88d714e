use super::*;
use procura_model::Permission;

const AT: Time = Time::from_ms(1_795_608_000_000);

fn agent() -> AgentId {
    AgentId::new(AT, &Entropy::seeded(1))
}

fn permission(number: u64) -> PermissionId {
    PermissionId::new(AT, &Entropy::seeded(number))
}

fn pseudonym(id: &str) -> UserRef {
    UserRef(format!("usr_{id}"))
}

fn replayer(permissions: &str) -> Replayer {
    let permissions: Vec<Permission> = serde_json::from_str(permissions).unwrap();
    let draft = Draft::new(&permissions, 1, pseudonym);
    Replayer::new(HashMap::from([(agent(), draft)]), "EUR".parse().ok())
}

/// A decision of the past about `pay`, with these members of the ask and of the facts beside it.
fn past(answer: (Verdict, Reason), ask: &str, facts: &str) -> Past {
    let money = if ask.is_empty() { r#","amount":null,"currency":null"# } else { ask };
    let facts = format!(
        r#"{{"ask":{{"action":"pay","args":null,"resource":null,"user":null,"vendor":null{money}}},
            "askDigest":null,"isReplayable":true,"policyVersion":1,"sentence":"s"{facts}}}"#
    );
    Past {
        request: RequestId::new(AT, &Entropy::seeded(9)),
        position: 0,
        at: AT,
        agent: Some(agent()),
        user: None,
        action: Some("pay".to_owned()),
        resource: None,
        verdict: Some(answer.0),
        reason: Some(answer.1),
        approval: None,
        shadow: None,
        facts,
    }
}

const YES: (Verdict, Reason) = (Verdict::Allow, Reason::Allowed);
const NO: (Verdict, Reason) = (Verdict::Deny, Reason::NoPermission);
const WAITS: (Verdict, Reason) = (Verdict::NeedsApproval, Reason::ApprovalRequired);

const ALLOWS: &str = r#"[{"effect":"allow","actions":["pay"]}]"#;
const ASKS: &str = r#"[{"effect":"allow","actions":["pay"],"approval":"always"}]"#;

fn kind(fate: &Fate) -> Option<FlipKind> {
    match fate {
        Fate::Flipped(flip) => Some(flip.kind),
        _ => None,
    }
}

#[test]
fn every_direction_is_told_from_what_was_said_and_done() {
    let denied = (Verdict::Deny, Reason::ApprovalDenied);
    for (answer, approved, permissions, expected) in [
        (YES, false, ALLOWS, None),
        (YES, false, "[]", Some(FlipKind::AllowToDeny)),
        (YES, false, ASKS, Some(FlipKind::ToApproval)),
        (YES, true, ASKS, None),
        (YES, true, ALLOWS, Some(FlipKind::FromApproval)),
        (YES, true, "[]", Some(FlipKind::AllowToDeny)),
        (NO, false, "[]", None),
        (NO, false, ALLOWS, Some(FlipKind::DenyToAllow)),
        (NO, false, ASKS, Some(FlipKind::ToApproval)),
        (WAITS, true, ASKS, None),
        (WAITS, true, ALLOWS, Some(FlipKind::FromApproval)),
        (WAITS, true, "[]", Some(FlipKind::FromApproval)),
        (denied, false, ASKS, None),
        (denied, false, ALLOWS, Some(FlipKind::DenyToAllow)),
        (denied, false, "[]", Some(FlipKind::FromApproval)),
        ((Verdict::Deny, Reason::TooManyWaiting), false, ASKS, None),
    ] {
        let approval = approved.then(|| ApprovalId::new(AT, &Entropy::seeded(2)));
        let fate = replayer(permissions).replay(Past { approval, ..past(answer, "", "") });
        assert_eq!(kind(&fate), expected, "{answer:?} approved {approved} under {permissions}: {fate:?}");
        assert!(expected.is_some() || fate == Fate::Same, "{fate:?}");
    }
}

#[test]
fn a_flip_says_what_was_and_what_would_be() {
    let id = permission(5);
    let was = past(YES, "", &format!(r#","permission":"{id}""#));
    let Fate::Flipped(flip) = replayer("[]").replay(Past { user: Some(pseudonym("ada")), ..was.clone() })
    else {
        panic!("it flips");
    };
    assert_eq!((flip.request, flip.at, flip.agent), (was.request, AT, agent()));
    assert_eq!(flip.user, Some(pseudonym("ada")));
    assert_eq!(flip.was, Answered { verdict: Verdict::Allow, reason: Reason::Allowed, permission: Some(id) });
    let would = Answered { verdict: Verdict::Deny, reason: Reason::NoPermission, permission: None };
    assert_eq!(flip.would, would);
    assert_eq!(
        (flip.action.as_str(), &*flip.sentence),
        ("pay", "No permission of the agent covers the action \"pay\".")
    );
}

#[test]
fn what_another_gate_refused_is_not_the_policys() {
    for reason in [
        Reason::AgentDisabled,
        Reason::PromptInjection,
        Reason::CouldNotScan,
        Reason::ToolUnknown,
        Reason::ArgumentsInvalid,
        Reason::AmountInvalid,
        Reason::GuardrailDenied,
        Reason::BudgetExceeded,
        Reason::CurrencyMissing,
        Reason::SessionRevoked,
    ] {
        let fate = replayer(ALLOWS).replay(past((Verdict::Deny, reason), "", r#","permission":null"#));
        assert_eq!(fate, Fate::OtherGate(reason));
    }
    let budget = format!(r#","permission":"{}","refusedBy":"bud_01JD9Z3V5M8Q6T2W4X7Y9A1B3C""#, permission(1));
    let exceeded = (Verdict::Deny, Reason::BudgetExceeded);
    let fate = replayer(ALLOWS).replay(past(exceeded, "", &budget));
    assert_eq!(fate, Fate::OtherGate(Reason::BudgetExceeded), "a budget's no is not a permission's");
    let by_policy = format!(r#","permission":"{}""#, permission(1));
    for reason in [Reason::BudgetExceeded, Reason::CurrencyMissing] {
        let fate = replayer("[]").replay(past((Verdict::Deny, reason), "", &by_policy));
        assert_eq!(fate, Fate::Same, "{reason:?} of a permission is the policy's");
    }
}

#[test]
fn what_a_guardrail_refused_is_no_answer_of_the_permissions() {
    let by = format!(r#","permission":"{}","unguarded":"allow""#, permission(1));
    for reason in [Reason::GuardrailDenied, Reason::PolicyError] {
        for draft in [ALLOWS, "[]"] {
            let fate = replayer(draft).replay(past((Verdict::Deny, reason), "", &by));
            assert_eq!(fate, Fate::OtherGate(reason), "{draft}");
        }
    }
}

#[test]
fn a_person_whom_a_guardrail_asked_for_is_asked_whatever_the_permissions_allow() {
    let by = format!(r#","permission":"{}","unguarded":"allow""#, permission(1));
    let waited = || past((Verdict::NeedsApproval, Reason::ApprovalRequired), "", &by);
    assert_eq!(replayer(ALLOWS).replay(waited()), Fate::Same);
    let Fate::Flipped(flip) = replayer("[]").replay(waited()) else { panic!("nobody is asked any more") };
    assert_eq!((flip.was.verdict, flip.would.verdict), (Verdict::NeedsApproval, Verdict::Deny));
}

#[test]
fn what_was_not_kept_is_not_guessed() {
    let whole = past(YES, "", "");
    let redacted = whole.facts.replace(r#""isReplayable":true"#, r#""isReplayable":false"#);
    let gone = r#"{"ask":null,"askDigest":null,"isReplayable":false}"#.to_owned();
    let long = r#"{"ask":null,"askDigest":"00ff","isReplayable":false}"#.to_owned();
    for (facts, why) in [
        (redacted, NotReplayable::Redacted),
        (gone, NotReplayable::Redacted),
        (long, NotReplayable::TooLong),
        ("not json".to_owned(), NotReplayable::Unreadable),
        ("{}".to_owned(), NotReplayable::Unreadable),
        (r#"{"ask":{"action":7}}"#.to_owned(), NotReplayable::Unreadable),
    ] {
        let fate = replayer(ALLOWS).replay(Past { facts: facts.clone(), ..whole.clone() });
        assert_eq!(fate, Fate::Not(why), "{facts}");
    }
    let nobody = Past { agent: None, ..whole.clone() };
    assert_eq!(replayer(ALLOWS).replay(nobody), Fate::Not(NotReplayable::Unreadable));
    assert_eq!(replayer(ALLOWS).replay(whole), Fate::Same);
}

#[test]
fn who_the_user_was_is_known_only_of_those_whom_permissions_name() {
    let of_ada = r#"[{"effect":"allow","actions":["pay"],"user":"ada"}]"#;
    let by = |user: &str, answer| Past { user: Some(pseudonym(user)), ..past(answer, "", "") };
    let refused = (Verdict::Deny, Reason::UserMismatch);
    assert_eq!(replayer(of_ada).replay(by("ada", YES)), Fate::Same);
    assert_eq!(replayer(of_ada).replay(by("bob", refused)), Fate::Same);
    assert_eq!(replayer(of_ada).replay(past(refused, "", "")), Fate::Same);
    assert_eq!(kind(&replayer(of_ada).replay(by("bob", YES))), Some(FlipKind::AllowToDeny));
    // The pseudonym of a user is no user's id.
    let of_text = r#"[{"effect":"allow","actions":["pay"],"user":"usr_bob"}]"#;
    assert_eq!(replayer(of_text).replay(by("bob", refused)), Fate::Same);

    let own = r#"[{"effect":"allow","actions":["pay"],
        "conditions":[{"path":"args.id","op":"eq","ref":"user.id"}]}]"#;
    assert_eq!(replayer(own).replay(by("ada", YES)), Fate::Not(NotReplayable::UserFacts));
    let nobody = (Verdict::Deny, Reason::ArgumentRefused);
    assert_eq!(replayer(own).replay(past(nobody, "", "")), Fate::Same, "that there was no user is known");
    let elsewhere = own.replace(r#"["pay"]"#, r#"["other"]"#);
    assert_eq!(replayer(&elsewhere).replay(by("ada", NO)), Fate::Same);
}

#[test]
fn a_window_is_judged_by_what_was_spent_then() {
    let id = permission(1);
    let window = |limit: &str, per: &str| {
        format!(
            r#"[{{"id":"{id}","effect":"allow","actions":["pay"],
                "window":{{"amount":{{"value":"{limit}","currency":"USD"}},"per":"{per}"}}}}]"#
        )
    };
    let spent = format!(
        r#","permission":"{id}","spent":[{{"permission":"{id}","amount":"742.00","count":3}}],
            "windows":[{{"permission":"{id}","per":"P30D","currency":"USD"}}]"#
    );
    let ask = r#","amount":"100.00","currency":"USD""#;
    let asked = |answer| past(answer, ask, &spent);
    let exceeded = (Verdict::Deny, Reason::BudgetExceeded);
    assert_eq!(replayer(&window("1000", "P30D")).replay(asked(YES)), Fate::Same);
    assert_eq!(replayer(&window("800", "P30D")).replay(asked(exceeded)), Fate::Same);
    assert_eq!(kind(&replayer(&window("800", "P30D")).replay(asked(YES))), Some(FlipKind::AllowToDeny));
    assert_eq!(kind(&replayer(&window("1000", "P30D")).replay(asked(exceeded))), Some(FlipKind::DenyToAllow));
    let unknown = Fate::Not(NotReplayable::Spending);
    assert_eq!(replayer(&window("1000", "P7D")).replay(asked(YES)), unknown, "another length of time");
    assert_eq!(replayer(&window("1000", "P30D")).replay(past(YES, ask, "")), unknown, "never counted");
    let euros = window("1000", "P30D").replace("USD", "EUR");
    let fate = replayer(&euros).replay(past(YES, r#","amount":"100.00","currency":"EUR""#, &spent));
    assert_eq!(fate, unknown, "another currency");
    let new = window("1000", "P30D").replace(&format!(r#""id":"{id}","#), "");
    assert_eq!(replayer(&new).replay(asked(YES)), unknown, "a permission that does not exist yet");
    // A window that does not matter asks for nothing.
    let over =
        window("50", "P7D").replace(r#""window""#, r#""maxAmount":{"value":"50","currency":"USD"},"window""#);
    assert_eq!(kind(&replayer(&over).replay(asked(YES))), Some(FlipKind::AllowToDeny));
}

#[test]
fn an_amount_is_in_the_currency_that_was_assumed_then() {
    let limited = r#"[{"effect":"allow","actions":["pay"],"approval":"never"}]"#;
    let asked = |facts: &str| replayer(limited).replay(past(YES, r#","amount":"1.00""#, facts));
    assert_eq!(asked(r#","currency":"USD""#), Fate::Same);
    assert_eq!(asked(""), Fate::Same, "an older row: the organization's of today");
    assert_eq!(kind(&asked(r#","currency":null"#)), Some(FlipKind::AllowToDeny), "there was none then");
}

#[test]
fn a_schedule_and_an_expiry_hold_at_the_time_of_the_decision() {
    let at = |permissions: &str, ms: i64, answer| {
        replayer(permissions).replay(Past { at: AT.plus_ms(ms), ..past(answer, "", "") })
    };
    let until = format!(r#"[{{"effect":"allow","actions":["pay"],"expiresAt":"{}"}}]"#, AT.plus_ms(10));
    assert_eq!(at(&until, 9, YES), Fate::Same);
    assert_eq!(at(&until, 10, (Verdict::Deny, Reason::PermissionExpired)), Fate::Same);
    // The clock of the tests stands at noon of a Wednesday.
    let hours =
        r#"[{"effect":"allow","actions":["pay"],"schedule":{"days":["wed"],"from":"09:00","to":"13:00"}}]"#;
    assert_eq!(at(hours, 0, YES), Fate::Same);
    assert_eq!(at(hours, 3_600_000, (Verdict::Deny, Reason::OutsideSchedule)), Fate::Same);
}
