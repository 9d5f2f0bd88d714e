use super::*;
use crate::AskError;
use serde_json::json;

fn file() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/receipt.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn keys() -> KeySet {
    serde_json::from_value(file()["jwks"].clone()).unwrap()
}

fn named(name: &str) -> Value {
    let rows = file();
    let all = rows["asks"].as_array().unwrap().iter().chain(rows["receipts"].as_array().unwrap());
    all.into_iter().find(|row| row["name"] == name).unwrap().clone()
}

/// The ask that a text is; none where JSON or this crate's types do not know it.
fn ask_of(text: &str) -> Option<Ask> {
    let members: Value = serde_json::from_str(text).ok()?;
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    let amount =
        members.get("amount").map(|amount| amount.as_str().map_or(amount.to_string(), str::to_owned));
    Some(Ask {
        action: text("action")?,
        resource: text("resource"),
        vendor: text("vendor"),
        amount,
        currency: text("currency"),
        args: members.get("args").cloned(),
        ..Ask::default()
    })
}

fn judge(row: &Value, change: impl FnOnce(&mut Rules<'_>)) -> Result<Claims, ReceiptError> {
    let wanted = |name: &str| row["wanted"][name].as_str();
    let mut rules = Rules {
        issuer: Some("https://procura.example.com"),
        audience: wanted("audience"),
        agent_id: wanted("agent"),
        digest: wanted("digest"),
        nonce: wanted("nonce"),
        decision: None,
        now: row["now"].as_i64().unwrap(),
        ..Rules::anybody()
    };
    change(&mut rules);
    verify_receipt(row["receipt"].as_str().unwrap(), &keys(), &rules)
}

#[test]
fn asks_have_the_canonical_text_and_the_digest_of_the_server() {
    let file = file();
    let own: Vec<&Value> =
        file["asks"].as_array().unwrap().iter().filter(|row| row["portable"] == true).collect();
    assert!(own.len() > 30);
    for row in own {
        let ask = ask_of(row["ask"].as_str().unwrap());
        let user = row["user"].as_str();
        let canonical = ask.as_ref().and_then(|ask| ask.canonical(user).ok());
        assert_eq!(canonical.as_deref(), row["canonical"].as_str(), "{}", row["name"]);
        let digest = ask.and_then(|ask| ask.digest(user).ok());
        assert_eq!(digest.as_deref(), row["digest"].as_str(), "{}", row["name"]);
    }
}

#[test]
fn receipts_are_judged_as_the_server_judges_them() {
    let file = file();
    let rows = file["receipts"].as_array().unwrap();
    assert!(rows.len() > 50);
    for row in rows {
        let judged = judge(row, |_| {});
        assert_eq!(judged.as_ref().err().map(|error| error.code()), row["code"].as_str(), "{}", row["name"]);
        if let Ok(claims) = judged {
            assert_eq!(serde_json::to_value(claims).unwrap(), row["claims"], "{}", row["name"]);
        }
    }
}

#[test]
fn the_ask_itself_may_be_given_and_every_member_of_it_counts() {
    let good = named("an allow that is what was asked");
    let ask = ask_of(named("members in another order")["ask"].as_str().unwrap()).unwrap();
    let with = |ask: &Ask| {
        let rules = Rules {
            ask: Some(ask),
            now: good["now"].as_i64().unwrap(),
            ..Rules::audience("shop.example.com")
        };
        verify_receipt(good["receipt"].as_str().unwrap(), &keys(), &rules)
    };
    assert_eq!(with(&ask).unwrap().dec, Verdict::Allow);
    for changed in [
        Ask::new("x"),
        ask.clone().resource("x"),
        ask.clone().vendor("x"),
        ask.clone().amount("742.01"),
        ask.clone().currency("EUR"),
        ask.clone().args(json!({"seats": 3})),
        ask.clone().currency("no currency"),
    ] {
        assert_eq!(with(&changed).unwrap_err().code(), "RECEIPT_MISMATCH", "{changed:?}");
    }
}

#[test]
fn only_an_allow_is_taken_unless_another_answer_is_wanted() {
    let denied = named("a denial is signed too");
    let by = |decision| judge(&denied, |rules| rules.decision = decision);
    for decision in [Verdict::Allow, Verdict::NeedsApproval] {
        assert_eq!(by(Some(decision)).unwrap_err().code(), "RECEIPT_MISMATCH");
    }
    assert_eq!(by(Some(Verdict::Deny)).unwrap().code, "AMOUNT_OVER_LIMIT");
    assert_eq!(Rules::audience("a").decision, Some(Verdict::Allow));
}

#[test]
fn keys_that_are_not_for_this_verify_nothing() {
    let good = named("an allow that is what was asked");
    let receipt = good["receipt"].as_str().unwrap();
    let kid = Jws::read(receipt).unwrap().kid.unwrap();
    let key = keys().keys.into_iter().find(|key| key["kid"] == kid.as_str()).unwrap();
    let rules = Rules { now: good["now"].as_i64().unwrap(), ..Rules::anybody() };
    let under = |keys: Vec<Value>| verify_receipt(receipt, &KeySet { keys }, &rules);
    assert!(under(vec![key.clone()]).is_ok());
    assert_eq!(under(vec![]), Err(ReceiptError::KeyUnknown));
    // The last three: points of small order, and one that is not in canonical form.
    for (member, value) in [
        ("use", json!("enc")),
        ("alg", json!("ES256")),
        ("alg", json!(null)),
        ("d", json!("AAAA")),
        ("key_ops", json!(["sign"])),
        ("crv", json!("X25519")),
        ("x", json!("AAAA")),
        ("x", json!("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("x", json!("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU")),
        ("x", json!("7v__________________________________________")),
    ] {
        let mut changed = key.clone();
        changed[member] = value;
        let error = under(vec![changed.clone()]).unwrap_err();
        assert!(matches!(error, ReceiptError::Invalid(_)), "{changed}: {error:?}");
    }
}

#[test]
fn clocks_may_be_apart_as_far_as_is_said() {
    let good = named("an allow that is what was asked");
    let claims = judge(&good, |_| {}).unwrap();
    let at = |now, leeway| judge(&good, |rules| (rules.now, rules.leeway) = (now, leeway));
    assert!(at(claims.exp + 29, 30).is_ok());
    assert_eq!(at(claims.exp + 30, 30), Err(ReceiptError::Expired));
    assert!(at(claims.iat - 60, 60).is_ok());
    assert_eq!(at(claims.iat - 61, 60).unwrap_err().code(), "RECEIPT_INVALID");
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is_asked() {
    let deep = (0..70).fold(Value::Null, |inner, _| json!([inner]));
    for (ask, error) in [
        (Ask::new(""), AskError::Action),
        (Ask::new("a").currency("usd"), AskError::Currency),
        (Ask::new("a").args(deep), AskError::Args),
        (Ask::new("a").amount(-1), AskError::Amount),
        (Ask::new("a").amount(f64::NAN), AskError::Amount),
        (Ask::new("a").amount(0.1 + 0.2), AskError::Amount),
        (Ask::new("a").amount("1."), AskError::Amount),
        (Ask::new("a").amount("+1"), AskError::Amount),
        (Ask::new("a").amount(""), AskError::Amount),
    ] {
        assert_eq!(ask.canonical(None), Err(error), "{ask:?}");
    }
    let body = Ask::new("a").amount(12.5).task_id("t").args(Value::Null).body(Map::new()).unwrap();
    assert_eq!(body, r#"{"action":"a","amount":"12.50","taskId":"t"}"#);
}
