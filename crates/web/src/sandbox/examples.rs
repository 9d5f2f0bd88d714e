//! What the sandbox begins with: a few small policies, each with an ask that shows one thing.

use super::Typed;

/// One example.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Example {
    /// Its name in the address.
    pub(crate) word: &'static str,
    /// What it shows.
    pub(crate) title: &'static str,
    permissions: &'static str,
    ask: &'static str,
    facts: &'static str,
    /// What it must come to.
    #[cfg(test)]
    pub(super) verdict: procura_model::Verdict,
    /// Why.
    #[cfg(test)]
    pub(super) code: procura_model::Reason,
}

/// The example of this name; the first for a name that is none.
pub(crate) fn example(word: &str) -> &'static Example {
    const FIRST: &Example = &TICKETS;
    Example::ALL.iter().find(|each| each.word == word).unwrap_or(FIRST)
}

impl Example {
    /// Every example, in the order in which they are offered.
    pub(crate) const ALL: &'static [Self] = &[TICKETS, REFUND, BLOCKED, CUSTOMER, BUDGET];

    /// What it types.
    pub(crate) fn typed(&self) -> Typed {
        Typed {
            permissions: self.permissions.to_owned(),
            ask: self.ask.to_owned(),
            facts: self.facts.to_owned(),
            now: String::new(),
        }
    }
}

const TICKETS: Example = Example {
    word: "tickets",
    title: "An amount over the limit",
    permissions: r#"[
  {
    "effect": "allow",
    "actions": ["purchase.ticket"],
    "vendors": ["tickets.example", "*.tickets.example"],
    "maxAmount": { "value": "500.00", "currency": "USD" }
  }
]"#,
    ask: r#"{
  "action": "purchase.ticket",
  "vendor": "shop.tickets.example",
  "amount": "742.00",
  "currency": "USD"
}"#,
    facts: "",
    #[cfg(test)]
    verdict: procura_model::Verdict::Deny,
    #[cfg(test)]
    code: procura_model::Reason::AmountOverLimit,
};

const REFUND: Example = Example {
    word: "refund",
    title: "A refund that a person must approve",
    permissions: r#"[
  {
    "effect": "allow",
    "actions": ["tool.call"],
    "resources": ["shop/refund"],
    "conditions": [{ "path": "args.orderId", "op": "prefix", "value": "ord-" }],
    "maxAmount": { "value": "500.00", "currency": "USD" },
    "approval": { "above": { "value": "50.00", "currency": "USD" } }
  }
]"#,
    ask: r#"{
  "action": "tool.call",
  "resource": "shop/refund",
  "amount": "75.00",
  "currency": "USD",
  "args": { "orderId": "ord-7" }
}"#,
    facts: "",
    #[cfg(test)]
    verdict: procura_model::Verdict::NeedsApproval,
    #[cfg(test)]
    code: procura_model::Reason::ApprovalRequired,
};

const BLOCKED: Example = Example {
    word: "blocked",
    title: "Blocked beats allowed",
    permissions: r#"[
  { "effect": "allow", "actions": ["mail.*"] },
  { "effect": "block", "actions": ["mail.send"], "resources": ["*@competitor.example"] }
]"#,
    ask: r#"{
  "action": "mail.send",
  "resource": "sales@competitor.example"
}"#,
    facts: "",
    #[cfg(test)]
    verdict: procura_model::Verdict::Deny,
    #[cfg(test)]
    code: procura_model::Reason::ActionBlocked,
};

const CUSTOMER: Example = Example {
    word: "customer",
    title: "Only the orders of the verified user",
    permissions: r#"[
  {
    "effect": "allow",
    "actions": ["tool.call"],
    "resources": ["shop/find_orders"],
    "conditions": [{ "path": "args.customer", "op": "eq", "ref": "user.id" }]
  }
]"#,
    ask: r#"{
  "action": "tool.call",
  "resource": "shop/find_orders",
  "args": { "customer": "ada" }
}"#,
    facts: r#"{
  "user": { "id": "ada", "role": "customer" }
}"#,
    #[cfg(test)]
    verdict: procura_model::Verdict::Allow,
    #[cfg(test)]
    code: procura_model::Reason::Allowed,
};

const BUDGET: Example = Example {
    word: "budget",
    title: "What is left of a limit over time",
    permissions: r#"[
  {
    "effect": "allow",
    "actions": ["purchase.*"],
    "window": { "amount": { "value": "1000.00", "currency": "USD" }, "per": "P30D" }
  }
]"#,
    ask: r#"{
  "action": "purchase.hotel",
  "amount": "300.00",
  "currency": "USD"
}"#,
    facts: r#"{
  "spent": [{ "permission": 1, "amount": "742.00", "count": 3 }]
}"#,
    #[cfg(test)]
    verdict: procura_model::Verdict::Deny,
    #[cfg(test)]
    code: procura_model::Reason::BudgetExceeded,
};
