//! Shapes that the document needs and the code already has elsewhere: scopes and codes come from
//! their tables, the permission's form is written out beside the model's own type, and a test holds
//! the two together.

use procura_model::{Reason, Scope};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, SchemaType, Type},
    },
};

/// A scope's name.
#[derive(Clone, Copy, Debug)]
pub struct ScopeName;

impl PartialSchema for ScopeName {
    fn schema() -> RefOr<Schema> {
        let lines = Scope::ALL.iter().map(|scope| format!("* `{}`: {}", scope.as_str(), scope.text()));
        words(Scope::ALL.iter().map(|scope| scope.as_str()), &lines.collect::<Vec<_>>().join("\n"))
    }
}

impl ToSchema for ScopeName {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Scope")
    }
}

/// A reason's code.
#[derive(Clone, Copy, Debug)]
pub struct ReasonCode;

impl PartialSchema for ReasonCode {
    fn schema() -> RefOr<Schema> {
        words(
            Reason::ALL.iter().map(|reason| reason.code()),
            "Why, for programs. Codes are added, and never change their meaning; see docs/ERRORS.md.",
        )
    }
}

impl ToSchema for ReasonCode {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ReasonCode")
    }
}

fn words(words: impl Iterator<Item = &'static str>, text: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .enum_values(Some(words))
        .description(Some(text))
        .build()
        .into()
}

/// Any JSON value.
#[derive(Clone, Copy, Debug)]
pub struct JsonValue;

impl PartialSchema for JsonValue {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::AnyValue)
            .description(Some("Any JSON value; numbers keep their digits."))
            .build()
            .into()
    }
}

impl ToSchema for JsonValue {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("JsonValue")
    }
}

/// An amount of money.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Money, example = json!({ "value": "500.00", "currency": "USD" }))]
pub struct MoneyForm {
    /// A decimal, as a string; at most four decimal places.
    value: String,
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    currency: String,
}

/// One rule of an agent's policy. Blocked beats allowed; what no rule allows is denied.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Permission, example = json!({
    "effect": "allow",
    "actions": ["purchase.*"],
    "resources": ["*"],
    "vendors": ["shop.example.com", "*.tickets.example"],
    "conditions": [{ "path": "args.seats", "op": "le", "value": 2 }],
    "maxAmount": { "value": "500.00", "currency": "USD" },
    "window": { "amount": { "value": "2000.00", "currency": "USD" }, "per": "P30D" },
    "approval": { "above": { "value": "200.00", "currency": "USD" } },
    "expiresAt": "2027-01-01T00:00:00Z",
}))]
pub struct PermissionForm {
    /// The rule's id; given by the server.
    #[schema(nullable = false)]
    id: Option<String>,
    /// Whether it allows or blocks.
    #[schema(pattern = "^(allow|block)$")]
    effect: String,
    /// Patterns of actions, such as `tool.call` or `purchase.*`.
    actions: Vec<String>,
    /// Patterns of resources, such as `shop/refund` or `shop/*`; everything when absent.
    #[schema(value_type = Option<Vec<String>>, nullable = false)]
    resources: Vec<String>,
    /// Hosts, `*.host` for its subdomains; any when absent.
    #[schema(value_type = Option<Vec<String>>, nullable = false)]
    vendors: Vec<String>,
    /// What must hold of the arguments; all of them must.
    #[schema(value_type = Option<Vec<ConditionForm>>, nullable = false)]
    conditions: (),
    /// The most that one call may cost.
    #[schema(nullable = false)]
    max_amount: Option<MoneyForm>,
    /// The most that may be spent, or how often it may allow, within a rolling window.
    #[schema(nullable = false)]
    window: Option<WindowForm>,
    /// When in the week it holds.
    #[schema(nullable = false)]
    schedule: Option<ScheduleForm>,
    /// From when on it holds.
    #[schema(nullable = false, format = DateTime)]
    not_before: Option<String>,
    /// Until when it holds.
    #[schema(nullable = false, format = DateTime)]
    expires_at: Option<String>,
    /// Whether a person must agree: `never`, `always`, or `{"above": money}`.
    #[schema(value_type = Option<ApprovalRuleForm>, nullable = false)]
    approval: (),
    /// How many people must agree, where a person must; as many as the organization has it when absent.
    #[schema(nullable = false, minimum = 1, maximum = 10)]
    quorum: Option<u8>,
    /// Whether it only records what it would have done; false when absent.
    #[schema(value_type = Option<bool>, nullable = false)]
    shadow: bool,
    /// The one end user for whom it holds; any when absent.
    #[schema(nullable = false)]
    user: Option<String>,
}

/// A limit within a rolling window: an amount, a count of calls, or both.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Window, example = json!({ "amount": { "value": "2000.00", "currency": "USD" }, "per": "P30D" }))]
pub struct WindowForm {
    /// The most that may be committed and held within the window.
    #[schema(nullable = false)]
    amount: Option<MoneyForm>,
    /// How many calls may be allowed within the window.
    #[schema(nullable = false, minimum = 1, maximum = 1_000_000)]
    count: Option<i64>,
    /// How long the window is: an ISO 8601 duration of weeks, days, hours, minutes and seconds.
    #[schema(example = "P30D")]
    per: String,
    /// What becomes of an amount whose outcome nobody reports; 15 minutes and then spent when absent.
    #[schema(nullable = false)]
    hold: Option<HoldForm>,
}

/// How long an allowed amount waits for its outcome, and what it counts as afterwards.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hold, example = json!({ "lasts": "PT15M", "then": "spent" }))]
pub struct HoldForm {
    /// How long a commit or a release is awaited; `PT15M` when absent.
    #[schema(value_type = Option<String>, nullable = false, example = "PT15M")]
    lasts: String,
    /// What an unreported amount counts as: `spent` or `released`; `spent` when absent.
    #[schema(value_type = Option<String>, nullable = false, pattern = "^(spent|released)$")]
    then: String,
}

/// When a person must agree: `"never"`, `"always"`, or `{"above": {"value": "200.00", "currency": "USD"}}`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ApprovalRule)]
pub enum ApprovalRuleForm {
    /// For no call.
    Never,
    /// For every call.
    Always,
    /// For calls that cost more than this.
    Above(MoneyForm),
}

/// Something that must hold of the arguments.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Condition, example = json!({ "path": "args.customerId", "op": "eq", "ref": "user.id" }))]
pub struct ConditionForm {
    /// Where to look: `args.` and a dotted path.
    path: String,
    /// How to compare.
    #[schema(pattern = "^(eq|ne|in|prefix|glob|lt|le|gt|ge|exists)$")]
    op: String,
    /// With what: a literal.
    #[schema(value_type = Option<JsonValue>, nullable = false)]
    value: (),
    /// With what: a fact of the verified user (`user.id`, `user.email`, `user.role` or `user.attributes.` and a path),
    /// or another argument (`args.` and a path).
    #[schema(rename = "ref", nullable = false)]
    reference: Option<String>,
}

/// Hours of the week.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Schedule, example = json!({ "days": ["mon", "tue"], "from": "09:00", "to": "17:30", "timeZone": "Europe/Rome" }))]
pub struct ScheduleForm {
    /// On which days: `mon` to `sun`.
    days: Vec<String>,
    /// From this time of day, `HH:MM`.
    from: String,
    /// To this time of day, `HH:MM`, not included; earlier than `from` means past midnight.
    to: String,
    /// An IANA time zone; UTC when absent.
    #[schema(value_type = Option<String>, nullable = false)]
    time_zone: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::Permission;
    use std::collections::BTreeSet;

    fn documented<T: PartialSchema>() -> BTreeSet<String> {
        let schema = serde_json::to_value(T::schema()).unwrap();
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    fn keys(value: &serde_json::Value) -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_documented_permission_is_the_model_s() {
        let text = r#"{"id":"per_01JD9Z3V5M8Q6T2W4X7Y9A1B3C","effect":"allow","actions":["a"],"resources":["r"],
            "vendors":["v.example"],"conditions":[{"path":"args.x","op":"eq","value":1},
            {"path":"args.y","op":"eq","ref":"user.id"}],"maxAmount":{"value":"1","currency":"USD"},
            "schedule":{"days":["mon"],"from":"09:00","to":"10:00","timeZone":"UTC"},
            "notBefore":"2026-01-01T00:00:00Z","expiresAt":"2027-01-01T00:00:00Z","approval":"always","user":"u",
            "window":{"amount":{"value":"1","currency":"USD"},"count":1,"per":"P1D","hold":{"lasts":"PT1H","then":"released"}},
            "quorum":2,"shadow":true}"#;
        let permission: Permission = serde_json::from_str(text).unwrap();
        let sent = serde_json::to_value(&permission).unwrap();
        assert_eq!(keys(&sent), documented::<PermissionForm>());
        assert_eq!(keys(&sent["schedule"]), documented::<ScheduleForm>());
        assert_eq!(keys(&sent["maxAmount"]), documented::<MoneyForm>());
        assert_eq!(keys(&sent["window"]), documented::<WindowForm>());
        assert_eq!(keys(&sent["window"]["hold"]), documented::<HoldForm>());
        let conditions: BTreeSet<_> = sent["conditions"].as_array().unwrap().iter().flat_map(keys).collect();
        assert_eq!(conditions, documented::<ConditionForm>());
    }
}
