//! `vectors/receipt.json`: made here, by what the server signs and compares with, and run by the server and every SDK
//! (`vectors/README.md`). To make it anew after a change that is meant:
//! `PROCURA_WRITE_VECTORS=1 cargo test -p procura-crypto --test receipt_vectors`.

#[cfg(test)]
mod receipt_vectors {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use procura_crypto::{
        Assertion, AssertionKey, Disclosure, JwkSet, Purpose, Receipt, ReceiptKey, RootKey,
        receipt::{self, Rules, TYPE, action_digest},
        signing::key_set,
    };
    use procura_model::{
        ActingUser, Ask, Entropy, Json, Reason, Time, UserRef, Verdict, VerifiedUser, time::SECOND_MS,
    };
    use ring::signature::Ed25519KeyPair;
    use serde_json::{Value, json};
    use std::{path::PathBuf, sync::Arc};

    const ISSUER: &str = "https://procura.example.com";
    const NOW: i64 = 1_795_608_000;
    const AGENT: &str = "agt_01KB4T5XW0000000000000000A";
    const AUDIENCE: &str = "shop.example.com";
    const NONCE: &str = "9f86d081884c7d659a2feaa0c55ad015";
    const USER: &str = "usr_5e884898da28047151d0e56f8dc62927";
    const PURCHASE: &str = r#"{"action":"purchase.ticket","resource":"festival/2027","vendor":"shop.example.com","amount":"742.00","currency":"USD","args":{"seats":2}}"#;

    /// A key for these vectors alone: everybody knows it.
    fn root() -> RootKey {
        RootKey::from_base64("UHJvY3VyYSdzIHJlY2VpcHQgdmVjdG9ycywga2V5IDE=").unwrap()
    }

    fn file() -> PathBuf {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/receipt.json").into()
    }

    /// Name, text of the ask, and whether a reader that makes floats of its numbers and writes them in the shortest way
    /// writes the same text.
    const ASKS: &[(&str, &str, bool)] = &[
        ("the least", r#"{"action":"purchase"}"#, true),
        ("everything", PURCHASE, true),
        (
            "members in another order",
            r#"{"args":{"seats":2},"currency":"USD","amount":"742.00","vendor":"shop.example.com","resource":"festival/2027","action":"purchase.ticket"}"#,
            true,
        ),
        ("an empty resource is not an absent one", r#"{"action":"a","resource":""}"#, true),
        ("an amount without decimals has two", r#"{"action":"pay","amount":"742","currency":"USD"}"#, true),
        ("an amount with one decimal has two", r#"{"action":"pay","amount":"0.5"}"#, true),
        ("an amount with three decimals keeps them", r#"{"action":"pay","amount":"0.125"}"#, true),
        ("an amount loses zeros beyond the second decimal", r#"{"action":"pay","amount":"0.1230"}"#, true),
        ("an amount of five decimals whose last is zero", r#"{"action":"pay","amount":"1.00010"}"#, true),
        ("an amount as a number", r#"{"action":"pay","amount":12.5}"#, true),
        ("an amount loses leading zeros", r#"{"action":"pay","amount":"007"}"#, true),
        ("an amount of nothing", r#"{"action":"pay","amount":"0"}"#, true),
        ("the largest amount", r#"{"action":"pay","amount":"922337203685477.5807"}"#, true),
        (
            "arguments of every type",
            r#"{"action":"a","args":{"b":true,"f":false,"n":null,"s":"x","l":[1,"2",[]],"m":{}}}"#,
            true,
        ),
        (
            "keys are sorted at every depth",
            r#"{"action":"a","args":{"z":{"b":1,"a":2},"a":[{"d":1,"c":2}]}}"#,
            true,
        ),
        (
            "keys are sorted by code point, not by UTF-16",
            r#"{"action":"a","args":{"😀":1,"\ue000":2,"\uff41":3}}"#,
            true,
        ),
        (
            "upper case sorts before lower case",
            r#"{"action":"a","args":{"a":1,"B":2,"_":3,"1":4,"10":5,"2":6}}"#,
            true,
        ),
        ("an empty key", r#"{"action":"a","args":{"":1}}"#, true),
        (
            "the shortest escapes",
            r#"{"action":"a","args":{"s":"\"\\\/\b\f\n\r\t\u0000\u001f\u007f\u0080\u2028"}}"#,
            true,
        ),
        ("escapes that need not be", r#"{"action":"\u0061","args":{"\u006b":"\u00e9\ud83d\ude00"}}"#, true),
        (
            "nothing is normalised",
            r#"{"action":"a","args":{"composed":"\u00e9","decomposed":"e\u0301"},"vendor":"Shop.Example.COM."}"#,
            true,
        ),
        ("arguments that are no object", r#"{"action":"a","args":[1,2]}"#, true),
        ("arguments that are null are absent", r#"{"action":"a","args":null}"#, true),
        ("numbers", r#"{"action":"a","args":{"a":0,"b":-1,"c":0.5,"d":1234567890123,"e":-0.25}}"#, true),
        (
            "numbers as they are written",
            r#"{"action":"a","args":{"a":1.0,"b":1.50,"c":1e3,"d":1E+3,"e":-0,"f":12345678901234567890}}"#,
            false,
        ),
        ("blanks", "{ \"action\" : \"a\" ,\n\t\"args\" : { \"x\" : [ 1 , 2 ] } }", true),
    ];

    /// Asks that have no canonical text: a question that holds one is refused.
    const NO_ASKS: &[(&str, &str, bool)] = &[
        ("a negative amount", r#"{"action":"pay","amount":"-1"}"#, true),
        ("an amount with an exponent", r#"{"action":"pay","amount":"1e3"}"#, true),
        ("an amount of five decimals", r#"{"action":"pay","amount":"0.00001"}"#, true),
        ("an amount with its currency", r#"{"action":"pay","amount":"1 USD"}"#, true),
        ("an amount with a separator", r#"{"action":"pay","amount":"1,000"}"#, true),
        ("an amount without a whole", r#"{"action":"pay","amount":".5"}"#, true),
        ("an amount in other digits", r#"{"action":"pay","amount":"٣"}"#, true),
        ("an amount that is too large", r#"{"action":"pay","amount":"922337203685477.5808"}"#, true),
        ("half of a surrogate pair", r#"{"action":"a","args":{"s":"\ud800"}}"#, true),
        ("half of a surrogate pair in a key", r#"{"action":"a","args":{"\udc00":1}}"#, true),
        ("a key that stands twice", r#"{"action":"a","args":{"x":1,"x":1}}"#, false),
    ];

    fn ask_vectors() -> Vec<Value> {
        let users = [None, Some(USER)];
        let whole = ASKS.iter().zip(users.into_iter().cycle()).map(|((name, text, portable), user)| {
            let canonical = canonical(text, user).unwrap_or_else(|| panic!("{name}"));
            json!({"name": name, "ask": text, "user": user, "portable": portable,
                "digest": action_digest(&canonical), "canonical": canonical})
        });
        let none = NO_ASKS.iter().map(|(name, text, portable)| {
            json!({"name": name, "ask": text, "user": null, "portable": portable,
                "digest": null, "canonical": null})
        });
        whole.chain(none).collect()
    }

    fn canonical(text: &str, user: Option<&str>) -> Option<String> {
        let mut ask: Ask = serde_json::from_str(text).ok()?;
        ask.user = user.map(|user| {
            Arc::new(ActingUser {
                reference: UserRef(user.to_owned()),
                session: "ses_01KB4T5XW0000000000000000B".parse().unwrap(),
                user: Arc::new(VerifiedUser::default()),
            })
        });
        Some(ask.canonical())
    }

    fn receipt() -> Receipt {
        Receipt {
            id: "rcp_01KB4T5XW0000000000000000C".parse().unwrap(),
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            agent: AGENT.parse().unwrap(),
            issued_at: NOW,
            expires_at: NOW + 60,
            tenant: "org_01KB4T5XW0000000000000000D".parse().unwrap(),
            request: "req_01KB4T5XW0000000000000000E".parse().unwrap(),
            verdict: Verdict::Allow,
            code: Reason::Allowed,
            digest: action_digest(&canonical(PURCHASE, None).unwrap()),
            nonce: Some(NONCE.to_owned()),
            user: None,
            session: None,
            credential: Some("key_01KB4T5XW0000000000000000F".parse().unwrap()),
            policy_version: 7,
            rules_version: None,
            permission: Some("per_01KB4T5XW0000000000000000G".parse().unwrap()),
            approval: None,
            reservation: Some("rsv_01KB4T5XW0000000000000000H".parse().unwrap()),
        }
    }

    fn denied() -> Receipt {
        Receipt {
            verdict: Verdict::Deny,
            code: Reason::AmountOverLimit,
            permission: None,
            reservation: None,
            ..receipt()
        }
    }

    fn waiting() -> Receipt {
        Receipt {
            verdict: Verdict::NeedsApproval,
            code: Reason::ApprovalRequired,
            approval: Some("apr_01KB4T5XW0000000000000000J".parse().unwrap()),
            reservation: None,
            ..receipt()
        }
    }

    fn for_a_user() -> Receipt {
        Receipt {
            user: Some(UserRef(USER.to_owned())),
            session: Some("ses_01KB4T5XW0000000000000000B".parse().unwrap()),
            digest: action_digest(&canonical(PURCHASE, Some(USER)).unwrap()),
            ..receipt()
        }
    }

    fn least() -> Receipt {
        Receipt {
            audience: ISSUER.to_owned(),
            nonce: None,
            credential: None,
            permission: None,
            reservation: None,
            ..receipt()
        }
    }

    fn signed(receipt: &Receipt) -> String {
        ReceiptKey::new(&root()).unwrap().sign(receipt)
    }

    /// Signed by the key of receipts, whatever header and content say.
    fn signed_as(header: &Value, content: &str) -> String {
        let seed = root().derive(Purpose::Receipt);
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).unwrap();
        let text = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(Json::parse(&header.to_string()).unwrap().canonical()),
            URL_SAFE_NO_PAD.encode(content)
        );
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(text.as_bytes()));
        format!("{text}.{signature}")
    }

    fn parts(token: &str) -> [String; 3] {
        let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        parts.try_into().unwrap()
    }

    fn content(token: &str) -> String {
        String::from_utf8(URL_SAFE_NO_PAD.decode(&parts(token)[1]).unwrap()).unwrap()
    }

    /// The same token with another content; its signature stays.
    fn altered(from: &str, to: &str) -> String {
        let [header, content_part, signature] = parts(&signed(&receipt()));
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(content_part).unwrap()).unwrap();
        assert!(text.contains(from), "{from}");
        format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(text.replacen(from, to, 1)))
    }

    fn assertion() -> String {
        let user = VerifiedUser { id: "ada".to_owned(), ..VerifiedUser::default() };
        let assertion = Assertion {
            issuer: ISSUER,
            audience: AUDIENCE,
            user: &user,
            disclosure: Disclosure::IdAlone,
            agent: AGENT.parse().unwrap(),
            session: "ses_01KB4T5XW0000000000000000B".parse().unwrap(),
            now: Time::from_ms(NOW * SECOND_MS),
            lifetime_seconds: 60,
        };
        AssertionKey::new(&root()).unwrap().sign(&assertion, &Entropy::seeded(1)).expose().clone()
    }

    fn good() -> Vec<Value> {
        let wants =
            |name: &str, receipt: &Receipt, wanted: Value| vector(name, &signed(receipt), NOW, wanted);
        let all = |receipt: &Receipt| json!({"audience": AUDIENCE, "agent": AGENT, "nonce": NONCE, "digest": receipt.digest});
        vec![
            wants("an allow that is what was asked", &receipt(), all(&receipt())),
            wants("an allow, and nothing is wanted but the issuer", &receipt(), json!({})),
            wants("an allow for a user", &for_a_user(), all(&for_a_user())),
            wants("a denial is signed too", &denied(), all(&denied())),
            wants("so is a waiting call", &waiting(), all(&waiting())),
            wants("the least", &least(), json!({"audience": ISSUER})),
            vector("in its last second", &signed(&receipt()), NOW + 59, json!({})),
            vector("from a clock that is 30 s ahead", &signed(&receipt()), NOW - 30, json!({})),
            vector(
                "a claim that nobody knows yet",
                &signed_as(
                    &header(TYPE),
                    &content(&signed(&receipt())).replacen('{', "{\"a\":\"later\",", 1),
                ),
                NOW,
                json!({}),
            ),
        ]
    }

    fn mismatched() -> Vec<Value> {
        let token = signed(&receipt());
        let wants = |name: &str, wanted: Value| vector(name, &token, NOW, wanted);
        vec![
            wants("another audience", json!({"audience": "evil.example.com"})),
            wants(
                "an audience that only begins like it",
                json!({"audience": "shop.example.com.evil.example"}),
            ),
            wants("another agent", json!({"agent": "agt_01KB4T5XW0000000000000000Z"})),
            wants("another nonce", json!({"nonce": "00000000000000000000000000000000"})),
            vector("a nonce was sent, and none came back", &signed(&least()), NOW, json!({"nonce": NONCE})),
            wants(
                "another action",
                json!({"digest": action_digest(&canonical(r#"{"action":"purchase.ticket"}"#, None).unwrap())}),
            ),
            wants("the same action for a user", json!({"digest": for_a_user().digest})),
            vector("expired", &token, NOW + 60, json!({})),
            vector("expired long ago", &token, NOW + 86_400, json!({})),
            vector(
                "expired, and for another audience: expiry comes first",
                &token,
                NOW + 61,
                json!({"audience": "x"}),
            ),
            vector("from the future", &token, NOW - 31, json!({})),
        ]
    }

    fn is(name: &str, token: &str) -> Value {
        vector(name, token, NOW, json!({}))
    }

    fn plain(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(sorted(value).to_string())
    }

    fn altered_ones() -> Vec<Value> {
        let [header_part, content_part, signature] = parts(&signed(&receipt()));
        let mut flipped = URL_SAFE_NO_PAD.decode(&signature).unwrap();
        flipped[10] ^= 1;
        let denial = signed(&denied());
        vec![
            is("a denial made an allow", &denial_as_allow(&denial)),
            is("another agent in the claims", &altered("000A\"", "000Z\"")),
            is("another audience in the claims", &altered(AUDIENCE, "evil.example.com")),
            is(
                "another expiry in the claims",
                &altered(&format!("\"exp\":{}", NOW + 60), "\"exp\":9999999999"),
            ),
            is(
                "one bit of the signature",
                &format!("{header_part}.{content_part}.{}", URL_SAFE_NO_PAD.encode(&flipped)),
            ),
            is("no signature", &format!("{header_part}.{content_part}.")),
            is("no signature and no dot", &format!("{header_part}.{content_part}")),
            is("half a signature", &format!("{header_part}.{content_part}.{}", &signature[..43])),
        ]
    }

    fn under_other_headers() -> Vec<Value> {
        let token = signed(&receipt());
        let [_, content_part, signature] = parts(&token);
        let none = plain(&json!({"alg": "none", "typ": TYPE}));
        let with = |name: &str, value: Value| {
            let mut header = header(TYPE);
            header[name] = value;
            signed_as(&header, &content(&token))
        };
        vec![
            is("alg none without a signature", &format!("{none}.{content_part}.")),
            is("alg none with the signature", &format!("{none}.{content_part}.{signature}")),
            is("alg HS256", &with("alg", json!("HS256"))),
            is("alg in other letters", &with("alg", json!("EDDSA"))),
            is(
                "a kid that nobody published",
                &with("kid", json!("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")),
            ),
            is(
                "the kid of the other published key",
                &with("kid", json!(AssertionKey::new(&root()).unwrap().kid())),
            ),
            is("no kid", &signed_as(&json!({"alg": "EdDSA", "typ": TYPE}), &content(&token))),
            is("the typ of any JWT", &with("typ", json!("JWT"))),
            is("the typ in other letters", &with("typ", json!("Procura-Receipt+JWT"))),
            is("no typ", &signed_as(&json!({"alg": "EdDSA", "kid": kid()}), &content(&token))),
            is("a critical extension", &with("crit", json!(["b64"]))),
        ]
    }

    fn by_other_keys_or_in_other_forms() -> Vec<Value> {
        let token = signed(&receipt());
        let [header_part, content_part, signature] = parts(&token);
        let other_root = RootKey::from_base64("UHJvY3VyYSdzIHJlY2VpcHQgdmVjdG9ycywga2V5IDI=").unwrap();
        let other = ReceiptKey::new(&other_root).unwrap().sign(&receipt());
        let [_, _, other_signature] = parts(&other);
        vec![
            is("an assertion about a user", &assertion()),
            is("signed by another server's key, named by its own", &other),
            is(
                "signed by another server's key, named by ours",
                &format!("{header_part}.{content_part}.{other_signature}"),
            ),
            is(
                "a key of its own in the header",
                &format!(
                    "{}.{content_part}.{other_signature}",
                    plain(&json!({"alg": "EdDSA", "typ": TYPE, "kid": "own", "jwk": own_jwk(&other_root)}))
                ),
            ),
            is("padding", &format!("{header_part}.{content_part}.{signature}==")),
            is("four segments", &format!("{token}.")),
            is("a blank before it", &format!(" {token}")),
            is("nothing", ""),
            is("three dots", "..."),
        ]
    }

    fn signed_and_wrong() -> Vec<Value> {
        let token = signed(&receipt());
        vec![
            is(
                "another issuer",
                &signed(&Receipt { issuer: "https://evil.example.com".to_owned(), ..receipt() }),
            ),
            is("an issuer with a slash", &signed(&Receipt { issuer: format!("{ISSUER}/"), ..receipt() })),
            is("signed, and its content is no object", &signed_as(&header(TYPE), "[]")),
            is(
                "signed, and the verdict is missing",
                &signed_as(&header(TYPE), &content(&token).replacen("\"dec\":\"allow\",", "", 1)),
            ),
            is(
                "signed, and the verdict is another word",
                &signed_as(&header(TYPE), &content(&token).replacen("\"allow\"", "\"allowed\"", 1)),
            ),
            is(
                "signed, and the expiry is missing",
                &signed_as(
                    &header(TYPE),
                    &content(&token).replacen(&format!("\"exp\":{},", NOW + 60), "", 1),
                ),
            ),
            is(
                "signed, and the expiry is a text",
                &signed_as(
                    &header(TYPE),
                    &content(&token).replacen(&format!("\"exp\":{}", NOW + 60), "\"exp\":\"later\"", 1),
                ),
            ),
        ]
    }

    fn forged() -> Vec<Value> {
        [altered_ones(), under_other_headers(), by_other_keys_or_in_other_forms(), signed_and_wrong()]
            .concat()
    }

    fn denial_as_allow(denial: &str) -> String {
        let [header, _, signature] = parts(denial);
        let text = content(denial).replacen("\"dec\":\"deny\"", "\"dec\":\"allow\"", 1);
        format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(text))
    }

    fn kid() -> String {
        ReceiptKey::new(&root()).unwrap().kid().to_owned()
    }

    fn own_jwk(root: &RootKey) -> Value {
        serde_json::from_str(&ReceiptKey::new(root).unwrap().jwk().canonical()).unwrap()
    }

    fn header(kind: &str) -> Value {
        json!({"alg": "EdDSA", "kid": kid(), "typ": kind})
    }

    fn jwks() -> Json {
        key_set([AssertionKey::new(&root()).unwrap().jwk(), ReceiptKey::new(&root()).unwrap().jwk()])
    }

    /// How the server judges it: this is what every verifier must say.
    fn vector(name: &str, token: &str, now: i64, wanted: Value) -> Value {
        let verdict = judged(token, now, &wanted);
        let claims = verdict.as_ref().ok().map(|_| serde_json::from_str::<Value>(&content(token)).unwrap());
        let code = verdict.err().map(|error| error.reason().code());
        json!({"name": name, "receipt": token, "now": now, "wanted": wanted, "code": code, "claims": claims})
    }

    fn judged(token: &str, now: i64, wanted: &Value) -> Result<Receipt, receipt::ReceiptError> {
        let text = |name: &str| wanted[name].as_str();
        let rules = Rules {
            issuer: ISSUER,
            audience: text("audience"),
            agent: text("agent").map(|agent| agent.parse().unwrap()),
            digest: text("digest"),
            nonce: text("nonce"),
            now: Time::from_ms(now * SECOND_MS),
        };
        receipt::verify(&rules, &JwkSet::parse(&jwks().canonical()).unwrap(), token)
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
        let receipts: Vec<Value> = good().into_iter().chain(mismatched()).chain(forged()).collect();
        let lines = |rows: &[Value]| {
            rows.iter().map(|row| format!("    {}", sorted(row))).collect::<Vec<_>>().join(",\n")
        };
        format!(
            "{{\n  \"about\": \"Receipts of decisions and digests of actions; made by crates/crypto/tests/receipt_vectors.rs, see README.md\",\n  \"issuer\": \"{ISSUER}\",\n  \"jwks\": {},\n  \"asks\": [\n{}\n  ],\n  \"receipts\": [\n{}\n  ]\n}}\n",
            jwks().canonical(),
            lines(&ask_vectors()),
            lines(&receipts)
        )
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the environment says that the file is to be made anew")]
    fn the_file_is_what_the_server_signs_and_says() {
        let made = made();
        if std::env::var_os("PROCURA_WRITE_VECTORS").is_some() {
            std::fs::write(file(), &made).unwrap();
        }
        assert!(made == std::fs::read_to_string(file()).unwrap(), "vectors/receipt.json is to be made anew");
    }

    #[test]
    fn good_ones_pass_and_every_other_is_refused_for_what_it_is() {
        for vector in good() {
            assert_eq!(vector["code"], Value::Null, "{}", vector["name"]);
        }
        let codes = |vectors: Vec<Value>| -> Vec<String> {
            vectors.iter().map(|vector| vector["code"].as_str().unwrap_or("accepted").to_owned()).collect()
        };
        assert!(codes(forged()).iter().all(|code| code == "RECEIPT_INVALID"), "{:#?}", forged());
        let mismatch = ["RECEIPT_MISMATCH"; 7].into_iter();
        let expected: Vec<&str> = mismatch.chain(["RECEIPT_EXPIRED"; 3]).chain(["RECEIPT_INVALID"]).collect();
        assert_eq!(codes(mismatched()), expected);
    }

    #[test]
    fn the_file_is_judged_as_it_says() {
        let file: Value = serde_json::from_str(&std::fs::read_to_string(file()).unwrap()).unwrap();
        let asks = file["asks"].as_array().unwrap();
        assert!(asks.len() > 30);
        for vector in asks {
            let canonical = canonical(vector["ask"].as_str().unwrap(), vector["user"].as_str());
            assert_eq!(canonical.as_deref(), vector["canonical"].as_str(), "{}", vector["name"]);
            let digest = canonical.map(|canonical| action_digest(&canonical));
            assert_eq!(digest.as_deref(), vector["digest"].as_str(), "{}", vector["name"]);
        }
        let receipts = file["receipts"].as_array().unwrap();
        assert!(receipts.len() > 50);
        for vector in receipts {
            let token = vector["receipt"].as_str().unwrap();
            let verdict = judged(token, vector["now"].as_i64().unwrap(), &vector["wanted"]);
            let code = verdict.as_ref().err().map(|error| error.reason().code());
            assert_eq!(code, vector["code"].as_str(), "{}", vector["name"]);
            if verdict.is_ok() {
                assert_eq!(content(token), Json::parse(&vector["claims"].to_string()).unwrap().canonical());
            }
        }
    }
}
