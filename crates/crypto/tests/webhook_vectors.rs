//! `vectors/webhook.json`: how a webhook is signed, for those who receive it; run by every SDK (`vectors/README.md`).
//! To make it anew after a change that is meant:
//! `PROCURA_WRITE_VECTORS=1 cargo test -p procura-crypto --test webhook_vectors`.

#[cfg(test)]
mod webhook_vectors {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use serde_json::{Map, Value, json};
    use sha2::Sha256;
    use std::{fmt::Write as _, path::PathBuf};

    /// Secrets for these vectors alone: everybody knows them. The last is that of the standard's own tests.
    const SECRET: &str = "whsec_cHJvY3VyYSB2ZWN0b3JzLCBmaXJzdCBzZWNyZXQgMTI=";
    const OTHER: &str = "whsec_cHJvY3VyYSB2ZWN0b3JzLCBvdGhlciBzZWNyZXQgMzQ=";
    const PUBLISHED: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "evt_01KB4T5XW0000000000000000A";
    const NOW: i64 = 1_795_608_000;
    const BODY: &str =
        r#"{"eventId":"evt_01KB4T5XW0000000000000000A","type":"approval.granted","note":"Zürich"}"#;

    /// A delivery, as it is signed and before anything happens to it.
    #[derive(Clone, Copy)]
    struct Sent<'s> {
        secret: &'s str,
        id: &'s str,
        timestamp: i64,
        body: &'s [u8],
    }

    const SENT: Sent<'static> = Sent { secret: SECRET, id: ID, timestamp: NOW, body: BODY.as_bytes() };

    fn file() -> PathBuf {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/webhook.json").into()
    }

    fn mac(secret: &str, signed: &[&[u8]]) -> Vec<u8> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        signed.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    impl Sent<'_> {
        /// The signature of Standard Webhooks.
        fn standard(self) -> String {
            let time = self.timestamp.to_string();
            let parts = [self.id.as_bytes(), b".", time.as_bytes(), b".", self.body];
            format!("v1,{}", STANDARD.encode(mac(self.secret, &parts)))
        }

        /// The signature of the other form, in hexadecimal.
        fn own(self) -> String {
            hex(&mac(self.secret, &[self.timestamp.to_string().as_bytes(), b".", self.body]))
        }

        fn own_header(self) -> String {
            format!("t={},v1={}", self.timestamp, self.own())
        }

        fn standard_headers(self) -> Value {
            let time = self.timestamp.to_string();
            json!({"webhook-id": self.id, "webhook-timestamp": time, "webhook-signature": self.standard()})
        }

        fn own_headers(self) -> Value {
            json!({"x-procura-signature": self.own_header()})
        }
    }

    /// Headers with some of them changed, or away where the value is null.
    fn with(mut headers: Value, changes: Value) -> Value {
        for (name, value) in changes.as_object().unwrap() {
            let headers: &mut Map<String, Value> = headers.as_object_mut().unwrap();
            headers.remove(name);
            if !value.is_null() {
                headers.insert(name.clone(), value.clone());
            }
        }
        headers
    }

    fn row(name: &str, headers: Value, accepted: Option<(Option<&str>, i64)>) -> Value {
        json!({
            "name": name, "secrets": [SECRET], "headers": headers, "body": STANDARD.encode(BODY), "now": NOW,
            "accepted": accepted.is_some(), "id": accepted.and_then(|(id, _)| id),
            "timestamp": accepted.map(|(_, timestamp)| timestamp),
        })
    }

    fn but(mut row: Value, member: &str, value: Value) -> Value {
        row[member] = value;
        row
    }

    fn good() -> Vec<Value> {
        let yes = |name: &str, headers| row(name, headers, Some((Some(ID), NOW)));
        let own = |name: &str, headers| row(name, headers, Some((None, NOW)));
        let signature = SENT.standard();
        let both = with(SENT.standard_headers(), SENT.own_headers());
        let mut rows = vec![
            published(),
            yes("as it is sent", SENT.standard_headers()),
            yes("both forms", both),
            yes(
                "several signatures of which one holds",
                with(
                    SENT.standard_headers(),
                    json!({
                "webhook-signature": format!("v1,{} v1a,AAAA v2,x {signature}", STANDARD.encode([7; 32]))}),
                ),
            ),
            yes("names in other letters", {
                let time = NOW.to_string();
                json!({"Webhook-Id": ID, "WEBHOOK-TIMESTAMP": time, "Webhook-Signature": signature})
            }),
            but(
                yes("the new one of two secrets", SENT.standard_headers()),
                "secrets",
                json!([SECRET, OTHER]),
            ),
            but(
                yes("the old one of two secrets", SENT.standard_headers()),
                "secrets",
                json!([OTHER, SECRET]),
            ),
            but(
                yes("a secret without its prefix", SENT.standard_headers()),
                "secrets",
                json!([&SECRET[6..]]),
            ),
            own("the other form", SENT.own_headers()),
            own(
                "the other form with two signatures of which one holds",
                json!({
                "x-procura-signature": format!("t={NOW},v1={},v1={}", "0".repeat(64), SENT.own())}),
            ),
            own(
                "the other form with a part that nobody knows",
                json!({
                "x-procura-signature": format!("t={NOW},v0=1,v1={}", SENT.own())}),
            ),
            but(
                own("the other form, the old one of two secrets", SENT.own_headers()),
                "secrets",
                json!([OTHER, SECRET]),
            ),
        ];
        rows.extend(good_at_the_edges());
        rows
    }

    fn good_at_the_edges() -> Vec<Value> {
        let yes = |name: &str, headers| row(name, headers, Some((Some(ID), NOW)));
        let own = |name: &str, headers| row(name, headers, Some((None, NOW)));
        let mut rows = Vec::new();
        for (name, age) in [("the oldest that is taken", 300), ("the newest that is taken", -300)] {
            rows.push(but(yes(name, SENT.standard_headers()), "now", json!(NOW + age)));
            rows.push(but(own(&format!("{name}, other form"), SENT.own_headers()), "now", json!(NOW + age)));
        }
        for (name, body) in [("an empty body", &b""[..]), ("a body that is no text", &[0xff, 0x00, 0x80][..])]
        {
            let sent = Sent { body, ..SENT };
            rows.push(but(yes(name, sent.standard_headers()), "body", json!(STANDARD.encode(body))));
            let row = own(&format!("{name}, other form"), sent.own_headers());
            rows.push(but(row, "body", json!(STANDARD.encode(body))));
        }
        rows
    }

    /// The one signature that the standard's own tests have in them.
    fn published() -> Value {
        json!({
            "name": "of the standard's own tests", "secrets": [PUBLISHED],
            "headers": {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
                "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
            "body": STANDARD.encode(r#"{"test": 2432232314}"#), "now": 1_614_265_330, "accepted": true,
            "id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "timestamp": 1_614_265_330,
        })
    }

    fn bad() -> Vec<Value> {
        let no = |name: &str, headers| row(name, headers, None);
        let changed = |name: &str, changes| no(name, with(SENT.standard_headers(), changes));
        let bytes = STANDARD.decode(&SENT.standard()[3..]).unwrap();
        let mut rows = vec![
            no("no headers", json!({})),
            changed("another id", json!({"webhook-id": "evt_01KB4T5XW0000000000000000B"})),
            changed("another time", json!({"webhook-timestamp": (NOW + 1).to_string()})),
            changed("no id", json!({"webhook-id": null})),
            changed("an empty id", json!({"webhook-id": ""})),
            changed("no time", json!({"webhook-timestamp": null})),
            changed("no signature", json!({"webhook-signature": null})),
            changed("an empty signature", json!({"webhook-signature": ""})),
            changed("a signature without its version", json!({"webhook-signature": &SENT.standard()[3..]})),
            changed(
                "a signature of another version",
                json!({"webhook-signature": SENT.standard().replace("v1,", "v2,")}),
            ),
            changed(
                "half a signature",
                json!({"webhook-signature": format!("v1,{}", STANDARD.encode(&bytes[..16]))}),
            ),
            changed("a signature of nothing", json!({"webhook-signature": "v1,"})),
            changed(
                "a signature in hexadecimal",
                json!({"webhook-signature": format!("v1,{}", hex(&bytes))}),
            ),
            changed(
                "a signature of the other form",
                json!({"webhook-signature": format!("v1,{}",
                STANDARD.encode(mac(SECRET, &[NOW.to_string().as_bytes(), b".", BODY.as_bytes()])))}),
            ),
            no("signed with another secret", Sent { secret: OTHER, ..SENT }.standard_headers()),
            no("signed with another secret, other form", Sent { secret: OTHER, ..SENT }.own_headers()),
            no(
                "the id takes a part of the time",
                with(
                    Sent { id: "evt_1", ..SENT }.standard_headers(),
                    json!({
                "webhook-id": format!("evt_1.{}", &NOW.to_string()[..2]), "webhook-timestamp": &NOW.to_string()[2..]}),
                ),
            ),
            no(
                "the first form does not hold, and the other does",
                with(with(SENT.standard_headers(), SENT.own_headers()), json!({"webhook-id": "evt_x"})),
            ),
            no(
                "only a name of the first form, and the other holds",
                with(SENT.own_headers(), json!({"webhook-id": ID})),
            ),
        ];
        for time in ["", "now", "1795608000.0", "-1795608000", "+1795608000", " 1795608000", "0x6b06a2c0"] {
            let mut row = changed("a time that is no time", json!({"webhook-timestamp": time}));
            row["name"] = json!(format!("a time that is no time: {time}"));
            rows.push(row);
        }
        rows.extend(aged_and_altered());
        rows.extend(bad_of_the_other_form());
        rows
    }

    fn bad_of_the_other_form() -> Vec<Value> {
        let mut rows = Vec::new();
        let own = SENT.own();
        for (name, header) in [
            ("no time", format!("v1={own}")),
            ("no signature", format!("t={NOW}")),
            ("two times", format!("t={NOW},t={NOW},v1={own}")),
            ("another time", format!("t={},v1={own}", NOW + 1)),
            ("in capital letters", format!("t={NOW},v1={}", own.to_uppercase())),
            ("half a signature", format!("t={NOW},v1={}", &own[..32])),
            ("an empty signature", format!("t={NOW},v1=")),
            ("empty", String::new()),
        ] {
            rows.push(row(&format!("{name}, other form"), json!({"x-procura-signature": header}), None));
        }
        rows
    }

    fn aged_and_altered() -> Vec<Value> {
        let mut rows = Vec::new();
        for (form, headers) in [("", SENT.standard_headers()), (", other form", SENT.own_headers())] {
            for (name, now) in [("too old", NOW + 301), ("from the future", NOW - 301)] {
                rows.push(but(row(&format!("{name}{form}"), headers.clone(), None), "now", json!(now)));
            }
            for (name, body) in [("one blank more", format!("{BODY} ")), ("no body", String::new())] {
                let row = row(&format!("{name}{form}"), headers.clone(), None);
                rows.push(but(row, "body", json!(STANDARD.encode(body))));
            }
        }
        rows
    }

    /// The same with members in the order of their names, whichever order a build's `serde_json` keeps.
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let mut names: Vec<&String> = members.keys().collect();
                names.sort();
                names.into_iter().map(|name| (name.clone(), sorted(&members[name]))).collect()
            }
            Value::Array(items) => items.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }

    fn made() -> String {
        let rows: Vec<String> =
            good().iter().chain(&bad()).map(|row| format!("    {}", sorted(row))).collect();
        let about = "Signed webhooks, checked at `now` (unix seconds) with a tolerance of 300 s; made by crates/crypto/tests/webhook_vectors.rs, see README.md";
        format!("{{\n  \"about\": \"{about}\",\n  \"vectors\": [\n{}\n  ]\n}}\n", rows.join(",\n"))
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the environment says that the file is to be made anew")]
    fn the_file_is_what_is_signed_here() {
        let made = made();
        if std::env::var_os("PROCURA_WRITE_VECTORS").is_some() {
            std::fs::write(file(), &made).unwrap();
        }
        assert!(made == std::fs::read_to_string(file()).unwrap(), "vectors/webhook.json is to be made anew");
    }

    #[test]
    fn the_signature_that_the_standard_publishes_is_ours_too() {
        let sent = Sent {
            secret: PUBLISHED,
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: 1_614_265_330,
            body: br#"{"test": 2432232314}"#,
        };
        assert_eq!(sent.standard_headers(), published()["headers"]);
    }

    /// The rules in their shortest form, beside those that the rows were made by.
    fn is_taken(row: &Value) -> bool {
        let header = |name: &str| {
            let headers = row["headers"].as_object().unwrap();
            let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str().unwrap().to_owned())
        };
        let body = STANDARD.decode(row["body"].as_str().unwrap()).unwrap();
        let (id, list) = (header("webhook-id"), header("webhook-signature"));
        let is_standard = id.is_some() || list.is_some() || header("webhook-timestamp").is_some();
        let own = header("x-procura-signature").unwrap_or_default();
        let times: Vec<&str> = own.split(',').filter_map(|part| part.strip_prefix("t=")).collect();
        let time = match (is_standard, times.as_slice()) {
            (true, _) => header("webhook-timestamp"),
            (false, [time]) => Some((*time).to_owned()),
            (false, _) => None,
        };
        let Some(time) = time.filter(|time| time.len() == 10 && time.bytes().all(|b| b.is_ascii_digit()))
        else {
            return false;
        };
        let timestamp: i64 = time.parse().unwrap();
        let is_now = (row["now"].as_i64().unwrap() - timestamp).abs() <= 300;
        let id = id.unwrap_or_default();
        let is_named = !is_standard || (!id.is_empty() && !id.contains('.'));
        let holds = |secret: &Value| {
            let secret = secret.as_str().unwrap();
            let secret = format!("whsec_{}", secret.strip_prefix("whsec_").unwrap_or(secret));
            let sent = Sent { secret: &secret, id: &id, timestamp, body: &body };
            if is_standard {
                return list.as_ref().is_some_and(|list| list.split(' ').any(|one| one == sent.standard()));
            }
            own.split(',').any(|part| part == format!("v1={}", sent.own()))
        };
        is_now && is_named && row["secrets"].as_array().unwrap().iter().any(holds)
    }

    #[test]
    fn every_row_is_judged_as_it_says() {
        assert!(good().len() > 15 && bad().len() > 35);
        for row in good().iter().chain(&bad()) {
            assert_eq!(is_taken(row), row["accepted"], "{}", row["name"]);
        }
    }
}
