//! A permission as a form, both ways. What was typed is read into the one documented form and no
//! other; everything that cannot be read is said beside its field.

use super::view::{policies::PermissionForm, words::Problems};
use crate::form::Fields;
use procura_model::{
    ApprovalRule, Condition, Day, Effect, Hold, Json, Money, Operator, Period, Permission, Schedule, Time,
    Unsettled, Window,
    time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS},
};
use serde::de::DeserializeOwned;

/// What the form says, as typed.
pub(super) fn typed(fields: &Fields) -> PermissionForm {
    let text = |name: &str| fields.text(name).replace("\r\n", "\n");
    PermissionForm {
        effect: text("effect"),
        actions: text("actions"),
        resources: text("resources"),
        vendors: text("vendors"),
        conditions: text("conditions"),
        max_amount: text("max_amount"),
        currency: text("currency").trim().to_ascii_uppercase(),
        approval: text("approval"),
        above: text("above"),
        user: text("user"),
        not_before: text("not_before"),
        expires_at: text("expires_at"),
        days: fields.all("days").map(str::to_owned).collect(),
        from: text("from"),
        to: text("to"),
        time_zone: text("time_zone"),
        window_amount: text("window_amount"),
        window_count: text("window_count"),
        window_length: text("window_length"),
        window_unit: text("window_unit"),
        hold_length: text("hold_length"),
        hold_unit: text("hold_unit"),
        hold_then: text("hold_then"),
        quorum: text("quorum"),
        is_shadow: fields.has("shadow"),
    }
}

/// The permission that the form describes.
pub(super) fn read(form: &PermissionForm) -> Result<Permission, Problems> {
    let mut problems = Problems::none();
    let resources = lines(&form.resources);
    let permission = Permission {
        id: None,
        effect: if form.effect == "block" { Effect::Block } else { Effect::Allow },
        actions: lines(&form.actions),
        resources: if resources.is_empty() { vec!["*".to_owned()] } else { resources },
        vendors: lines(&form.vendors),
        conditions: conditions(&form.conditions, &mut problems),
        max_amount: money(&form.max_amount, &form.currency, "max_amount", &mut problems),
        schedule: schedule(form, &mut problems),
        not_before: time(&form.not_before, "not_before", &mut problems),
        expires_at: time(&form.expires_at, "expires_at", &mut problems),
        approval: approval(form, &mut problems),
        window: window(form, &mut problems),
        quorum: whole(&form.quorum, "quorum", &mut problems),
        shadow: form.is_shadow,
        user: Some(form.user.clone()).filter(|user| !user.is_empty()),
    };
    if permission.actions.is_empty() {
        problems.add("actions", "Name at least one action; a * stands for anything.");
    }
    if problems.any() { Err(problems) } else { Ok(permission) }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// A word of the documented form, read by the form's own reader.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

fn conditions(text: &str, problems: &mut Problems) -> Vec<Condition> {
    let mut out = Vec::new();
    for line in lines(text) {
        match condition(&line) {
            Ok(condition) => out.push(condition),
            Err(why) => problems.add("conditions", format!("{line}: {why}")),
        }
    }
    out
}

/// `args.quantity le 3`, `args.customerId eq ref user.id`, `args.note exists`.
fn condition(line: &str) -> Result<Condition, &'static str> {
    let mut parts = line.splitn(3, char::is_whitespace);
    let path = parts.next().unwrap_or_default().to_owned();
    let op: Operator = parts
        .next()
        .and_then(word)
        .ok_or("the second word must be one of eq ne in prefix glob lt le gt ge exists")?;
    let rest = parts.next().map(str::trim).unwrap_or_default();
    let mut condition = Condition { path, op, value: None, reference: None };
    if let Some(reference) = rest.strip_prefix("ref ") {
        condition.reference = Some(reference.trim().to_owned());
    } else if !rest.is_empty() {
        condition.value =
            Some(Json::parse(rest).map_err(|_| "the value must be JSON, text in double quotes")?);
    } else if op != Operator::Exists {
        return Err("a value is missing");
    }
    Ok(condition)
}

fn money(amount: &str, currency: &str, field: &'static str, problems: &mut Problems) -> Option<Money> {
    if amount.is_empty() {
        return None;
    }
    let document = serde_json::json!({ "value": amount, "currency": currency });
    let money = serde_json::from_value(document).ok();
    if word::<procura_model::Currency>(currency).is_none() {
        // The form has one currency for all its amounts: it is said once.
        if problems.at("currency").is_none() {
            problems.add("currency", "A limit needs a currency of three letters, such as USD.");
        }
    } else if money.is_none() {
        problems.add(field, "The amount must be a decimal such as 500.00, with at most four decimal places.");
    }
    money
}

fn approval(form: &PermissionForm, problems: &mut Problems) -> ApprovalRule {
    match form.approval.as_str() {
        "always" => ApprovalRule::Always,
        "above" if form.above.is_empty() => {
            problems.add("above", "Say above which amount a person is asked.");
            ApprovalRule::Always
        }
        "above" => money(&form.above, &form.currency, "above", problems)
            .map_or(ApprovalRule::Always, ApprovalRule::Above),
        _ => ApprovalRule::Never,
    }
}

/// A window holds only when something was said about it.
/// The window that the form describes; none where nothing was said about one.
pub(super) fn window(form: &PermissionForm, problems: &mut Problems) -> Option<Window> {
    if !form.has_window() {
        return None;
    }
    let amount = money(&form.window_amount, &form.currency, "window_amount", problems);
    let count = whole(&form.window_count, "window_count", problems);
    if form.window_amount.is_empty() && form.window_count.is_empty() {
        problems.add("window_amount", "A limit over time needs an amount, a number of calls, or both.");
    }
    let per = period(&form.window_length, &form.window_unit, "window_length", problems)?;
    let lasts = match form.hold_length.as_str() {
        "" => Hold::default().lasts,
        length => period(length, &form.hold_unit, "hold_length", problems)?,
    };
    let then = if form.hold_then == "released" { Unsettled::Released } else { Unsettled::Spent };
    Some(Window { amount, count, per, hold: Hold { lasts, then } })
}

/// The units of a length of time, the longest first, as ISO 8601 has them.
const UNITS: [(&str, i64, &str, &str); 4] = [
    ("days", DAY_MS, "P", "D"),
    ("hours", HOUR_MS, "PT", "H"),
    ("minutes", MINUTE_MS, "PT", "M"),
    ("seconds", SECOND_MS, "PT", "S"),
];

fn period(length: &str, unit: &str, field: &'static str, problems: &mut Problems) -> Option<Period> {
    let unit = UNITS.iter().find(|(name, ..)| *name == unit);
    let is_whole = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let period = unit
        .filter(|_| is_whole)
        .and_then(|(_, _, before, after)| format!("{before}{length}{after}").parse().ok());
    if period.is_none() {
        problems.add(field, "Write a whole number, such as 30, and choose the unit; ten years at the most.");
    }
    period
}

/// A period as a number and the longest unit of which it is a multiple.
fn in_units(period: Period) -> (String, String) {
    let ms = period.as_ms();
    let unit = UNITS.iter().find(|(_, each, ..)| ms % each == 0);
    unit.map(|(name, each, ..)| ((ms / each).to_string(), (*name).to_owned())).unwrap_or_default()
}

fn whole<N: std::str::FromStr>(text: &str, field: &'static str, problems: &mut Problems) -> Option<N> {
    if text.is_empty() {
        return None;
    }
    let number = text.parse().ok();
    if number.is_none() {
        problems.add(field, "Write a whole number, or leave it empty.");
    }
    number
}

fn time(text: &str, field: &'static str, problems: &mut Problems) -> Option<Time> {
    if text.is_empty() {
        return None;
    }
    let time = text.parse().ok();
    if time.is_none() {
        problems.add(field, "Write the time as 2027-01-01T00:00:00Z.");
    }
    time
}

/// Hours hold only when something was said about them.
fn schedule(form: &PermissionForm, problems: &mut Problems) -> Option<Schedule> {
    if form.days.is_empty() && form.from.is_empty() && form.to.is_empty() {
        return None;
    }
    if form.days.is_empty() || form.from.is_empty() || form.to.is_empty() {
        problems.add("from", "Hours need at least one day, a beginning and an end.");
    }
    let zone = if form.time_zone.is_empty() { "UTC" } else { &form.time_zone };
    Some(Schedule {
        days: form.days.iter().filter_map(|day| word::<Day>(day)).collect(),
        from: form.from.clone(),
        to: form.to.clone(),
        time_zone: zone.to_owned(),
    })
}

/// The form of a permission that exists.
pub(super) fn written(permission: &Permission) -> PermissionForm {
    let (approval, above) = match permission.approval {
        ApprovalRule::Never => ("never", None),
        ApprovalRule::Always => ("always", None),
        ApprovalRule::Above(money) => ("above", Some(money)),
    };
    let window = permission.window;
    let spent = window.and_then(|window| window.amount);
    let currency = permission.max_amount.or(above).or(spent).map(|money| money.currency.to_string());
    let (window_length, window_unit) = window.map(|window| in_units(window.per)).unwrap_or_default();
    let hold = window.map(|window| window.hold).unwrap_or_default();
    let (hold_length, hold_unit) = in_units(hold.lasts);
    let time = |time: Option<Time>| time.map(|time| time.to_string()).unwrap_or_default();
    let hours = permission.schedule.as_ref();
    PermissionForm {
        effect: if permission.effect == Effect::Block { "block" } else { "allow" }.to_owned(),
        actions: permission.actions.join("\n"),
        resources: permission.resources.join("\n"),
        vendors: permission.vendors.join("\n"),
        conditions: permission.conditions.iter().map(line).collect::<Vec<_>>().join("\n"),
        max_amount: permission.max_amount.map(|money| money.value.to_string()).unwrap_or_default(),
        currency: currency.unwrap_or_default(),
        approval: approval.to_owned(),
        above: above.map(|money| money.value.to_string()).unwrap_or_default(),
        user: permission.user.clone().unwrap_or_default(),
        not_before: time(permission.not_before),
        expires_at: time(permission.expires_at),
        days: hours.map(|hours| hours.days.iter().map(in_word).collect()).unwrap_or_default(),
        from: hours.map(|hours| hours.from.clone()).unwrap_or_default(),
        to: hours.map(|hours| hours.to.clone()).unwrap_or_default(),
        time_zone: hours.map(|hours| hours.time_zone.clone()).unwrap_or_default(),
        window_amount: spent.map(|money| money.value.to_string()).unwrap_or_default(),
        window_count: window.and_then(|window| window.count).map(|n| n.to_string()).unwrap_or_default(),
        window_length,
        window_unit,
        hold_length,
        hold_unit,
        hold_then: if hold.then == Unsettled::Released { "released" } else { "spent" }.to_owned(),
        quorum: permission.quorum.map(|quorum| quorum.to_string()).unwrap_or_default(),
        is_shadow: permission.shadow,
    }
}

/// The fields of a window alone, for a page that has no more of the form.
pub(super) fn window_written(window: &Window) -> PermissionForm {
    written(&Permission {
        id: None,
        effect: Effect::Allow,
        actions: Vec::new(),
        resources: Vec::new(),
        vendors: Vec::new(),
        conditions: Vec::new(),
        max_amount: None,
        window: Some(*window),
        schedule: None,
        not_before: None,
        expires_at: None,
        approval: ApprovalRule::Never,
        quorum: None,
        shadow: false,
        user: None,
    })
}

fn in_word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn line(condition: &Condition) -> String {
    let head = format!("{} {}", condition.path, in_word(&condition.op));
    match (&condition.reference, &condition.value) {
        (Some(reference), _) => format!("{head} ref {reference}"),
        (None, Some(value)) => format!("{head} {value}"),
        (None, None) => head,
    }
}

/// Whether the form can show all of a permission: two currencies have no place in it.
pub(super) fn fits(permission: &Permission) -> bool {
    let mut again = permission.clone();
    again.id = None;
    read(&written(permission)).is_ok_and(|read| read == again)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"effect":"allow","actions":["purchase.*","tool.call"],"resources":["shop/refund"],
        "vendors":["*.x.com"],"conditions":[{"path":"args.customerId","op":"eq","ref":"user.id"},
        {"path":"args.n","op":"le","value":3.10},{"path":"args.kind","op":"in","value":["a","b c"]},
        {"path":"args.plan","op":"ne","ref":"user.attributes.plan.name"},{"path":"args.note","op":"exists","value":false}],"maxAmount":{"value":"500.00","currency":"USD"},
        "schedule":{"days":["mon","fri"],"from":"09:00","to":"17:30","timeZone":"Europe/Berlin"},
        "notBefore":"2026-01-01T00:00:00Z","expiresAt":"2027-01-01T00:00:00Z",
        "window":{"amount":{"value":"2000.00","currency":"USD"},"count":30,"per":"P1DT12H",
        "hold":{"lasts":"PT90S","then":"released"}},"quorum":2,"shadow":true,
        "approval":{"above":{"value":"200.00","currency":"USD"}},"user":"ada"}"#;

    #[test]
    fn a_permission_goes_through_the_form_unchanged() {
        let permission: Permission = serde_json::from_str(WHOLE).unwrap();
        assert!(fits(&permission));
        let form = written(&permission);
        assert_eq!(read(&form).unwrap(), permission);
        assert_eq!((form.window_length.as_str(), form.window_unit.as_str()), ("36", "hours"));
        assert_eq!((form.hold_length.as_str(), form.hold_unit.as_str()), ("90", "seconds"));
        let plain = r#"{"effect":"allow","actions":["a"],"window":{"count":3,"per":"P7D"}}"#;
        let plain: Permission = serde_json::from_str(plain).unwrap();
        assert_eq!(read(&written(&plain)).unwrap(), plain);
        assert_eq!(written(&plain).hold_length, "15");
    }

    #[test]
    fn a_permission_that_the_form_would_change_is_not_shown_in_it() {
        let text =
            WHOLE.replace(r#""value":"200.00","currency":"USD""#, r#""value":"200.00","currency":"EUR""#);
        assert!(!fits(&serde_json::from_str(&text).unwrap()));
    }

    #[test]
    fn a_currency_is_read_in_either_case_and_a_wrong_one_is_said_once() {
        let sent = |currency: &str| {
            let fields = [
                ("currency", currency),
                ("actions", "a"),
                ("max_amount", "5"),
                ("approval", "above"),
                ("above", "2"),
                ("window_amount", "9"),
                ("window_length", "1"),
                ("window_unit", "days"),
            ];
            let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            read(&typed(&Fields::parse(encoded.as_bytes())))
        };
        let currency = sent(" usd ").unwrap().max_amount.unwrap().currency;
        assert_eq!(currency.to_string(), "USD");
        assert_eq!(sent("dollars").unwrap_err().list().len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_said_beside_its_field() {
        let form = PermissionForm {
            conditions: "args.a eq \"x\"\nargs.b like 3\nargs.c le three".to_owned(),
            max_amount: "5oo".to_owned(),
            currency: "USD".to_owned(),
            approval: "above".to_owned(),
            not_before: "tomorrow".to_owned(),
            from: "09:00".to_owned(),
            window_length: "1.5".to_owned(),
            window_unit: "days".to_owned(),
            quorum: "two".to_owned(),
            ..PermissionForm::default()
        };
        let problems = read(&form).unwrap_err();
        for field in [
            "actions",
            "conditions",
            "max_amount",
            "above",
            "not_before",
            "from",
            "window_amount",
            "window_length",
            "quorum",
        ] {
            assert!(problems.at(field).is_some(), "{field}");
        }
    }
}
