use super::*;
use procura_model::{ActingUser, Entropy, Hold, Time, UserRef, Verdict, VerifiedUser};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn budget(of: BudgetOf, actions: &[&str], window: &str) -> Budget {
    Budget {
        id: BudgetId::new(Time::from_ms(1), &Entropy::seeded(1)),
        name: "Tickets".to_owned(),
        of,
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        window: serde_json::from_str(window).unwrap(),
        created_at: Time::from_ms(1),
    }
}

fn money() -> Budget {
    let window = r#"{"amount":{"value":"1000","currency":"USD"},"count":3,"per":"P30D"}"#;
    budget(BudgetOf::Organization, &["purchase.*"], window)
}

fn ask(action: &str, value: Option<&str>) -> Ask {
    Ask { action: action.to_owned(), amount: value.map(amount), ..Ask::default() }
}

fn usd() -> Option<Currency> {
    Some("USD".parse().unwrap())
}

fn agent(n: u64) -> AgentId {
    AgentId::new(Time::from_ms(1), &Entropy::seeded(n))
}

#[test]
fn what_fits_fits_to_the_last_unit_and_what_does_not_is_told_both_values() {
    let rule = BudgetRule::compile(money());
    let spent = BudgetSpent { budget: rule.budget().id, amount: amount("742"), count: 2 };
    rule.leaves_room(&ask("purchase.ticket", Some("258")), usd(), &spent).unwrap();
    let denial = rule.leaves_room(&ask("purchase.ticket", Some("258.0001")), usd(), &spent).unwrap_err();
    assert_eq!((denial.verdict, denial.reason), (Verdict::Deny, Reason::BudgetExceeded));
    assert_eq!(denial.missing, Some("budget"));
    let id = rule.budget().id;
    assert_eq!(
        denial.sentence,
        format!(
            "The amount 258.0001 USD exceeds what is left: 258.00 of 1000.00 USD within 30 days (budget \"Tickets\" {id})."
        )
    );
    let full = BudgetSpent { count: 3, ..spent };
    let denial = rule.leaves_room(&ask("purchase.ticket", Some("1")), usd(), &full).unwrap_err();
    assert!(
        denial.sentence.starts_with("There were already 3 of 3 calls within 30 days (budget"),
        "{}",
        denial.sentence
    );
    // Overrun by a late commit: nothing is left, and nothing less than nothing.
    let over = BudgetSpent { amount: amount("1200"), ..spent };
    let denial = rule.leaves_room(&ask("purchase.ticket", Some("1")), usd(), &over).unwrap_err();
    assert!(denial.sentence.contains("what is left: 0.00 of 1000.00 USD"), "{}", denial.sentence);
}

#[test]
fn what_cannot_be_measured_does_not_fit() {
    let rule = BudgetRule::compile(money());
    let nothing = BudgetSpent { budget: rule.budget().id, amount: Amount::ZERO, count: 0 };
    let reason = |ask: &Ask, currency| rule.leaves_room(ask, currency, &nothing).unwrap_err().reason;
    assert_eq!(reason(&ask("purchase.ticket", None), usd()), Reason::AmountMissing);
    assert_eq!(reason(&ask("purchase.ticket", Some("1")), None), Reason::CurrencyMissing);
    let eur = Some("EUR".parse().unwrap());
    assert_eq!(reason(&ask("purchase.ticket", Some("1")), eur), Reason::CurrencyMismatch);
    let calls = BudgetRule::compile(budget(BudgetOf::Organization, &["*"], r#"{"count":1,"per":"P1D"}"#));
    calls.leaves_room(&ask("look", None), None, &nothing).unwrap();
}

#[test]
fn a_budget_covers_whom_and_what_it_names() {
    let window = r#"{"count":1,"per":"P1D"}"#;
    let (one, other) = (agent(1), agent(2));
    let user = UserRef("usr_1".to_owned());
    let acting = ActingUser { reference: user.clone(), ..ActingUser::supposed(VerifiedUser::default()) };
    let plain = ask("Purchase.ticket", None);
    let for_user = Ask { user: Some(std::sync::Arc::new(acting)), ..plain.clone() };
    let ledger = |of: BudgetOf, agent: AgentId, ask: &Ask| {
        BudgetRule::compile(budget(of, &["purchase.*"], window)).ledger(agent, ask)
    };
    let id = budget(BudgetOf::Organization, &["*"], window).id;
    assert_eq!(ledger(BudgetOf::Organization, one, &plain), Some(id.to_string()), "case does not count");
    assert_eq!(ledger(BudgetOf::Agent(one), one, &plain), Some(id.to_string()));
    assert_eq!(ledger(BudgetOf::Agent(one), other, &plain), None);
    assert_eq!(ledger(BudgetOf::EachAgent, other, &plain), Some(format!("{id}/{other}")));
    assert_eq!(ledger(BudgetOf::User(user.clone()), other, &for_user), Some(id.to_string()));
    assert_eq!(ledger(BudgetOf::User(user), other, &plain), None);
    assert_eq!(ledger(BudgetOf::EachUser, other, &for_user), Some(format!("{id}/usr_1")));
    assert_eq!(ledger(BudgetOf::EachUser, other, &plain), None);
    assert_eq!(ledger(BudgetOf::Organization, one, &ask("purchase", None)), None);
    assert_eq!(ledger(BudgetOf::Organization, one, &ask("look", None)), None);
}

#[test]
fn a_budget_that_cannot_be_read_covers_everything_and_cannot_be_saved() {
    let broken = budget(BudgetOf::Organization, &[""], r#"{"count":1,"per":"P1D"}"#);
    assert!(BudgetRule::compile(broken.clone()).ledger(agent(1), &ask("anything", None)).is_some());
    let good = money();
    validate_budget(&good).unwrap();
    let bad = [
        broken,
        Budget { name: String::new(), ..good.clone() },
        Budget { name: " Tickets".to_owned(), ..good.clone() },
        Budget { name: "x".repeat(101), ..good.clone() },
        Budget { actions: Vec::new(), ..good.clone() },
        Budget { window: Window { amount: None, count: None, ..good.window }, ..good.clone() },
        Budget { window: Window { count: Some(0), ..good.window }, ..good.clone() },
        Budget { window: Window { count: Some(1_000_001), ..good.window }, ..good },
    ];
    for budget in bad {
        assert_eq!(validate_budget(&budget).unwrap_err().reason(), Reason::FieldInvalid, "{budget:?}");
    }
    assert_eq!(money().window.hold, Hold::default());
}
