use proptest::prelude::*;
use serde_json::{Value, json};

use std::borrow::Cow;

use super::*;

/// A body that looks drawn by chance; built here so that no token-like literal stands in the source.
fn body(length: usize) -> String {
    "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0x".chars().cycle().take(length).collect()
}

fn redactor() -> Redactor {
    Redactor::new()
}

#[test]
fn the_list_of_the_seed_is_redacted() {
    let redactor = redactor();
    for (prefix, length) in [
        ("ya29.", 60),
        ("EAAB", 100),
        ("xoxb-1234567890-", 24),
        ("xoxp-1234567890-", 24),
        ("ghp_", 36),
        ("gho_", 36),
        ("ghs_", 36),
        ("ghr_", 36),
    ] {
        let token = format!("{prefix}{}", body(length));
        let out = redactor.redact(&format!("before {token} after")).text.into_owned();
        assert!(
            !out.contains(&token) && out.starts_with("before [redacted:") && out.ends_with("] after"),
            "{out}"
        );
    }
    let aws = ["AK", "IA", "QWERTYUI", "ASDF2345"].concat();
    assert_eq!(redactor.redact(&aws).text, "[redacted:aws-access-key]");
    assert_eq!(redactor.redact(&format!("Authorization: Bearer {}", body(24))).count, 1);
    assert_eq!(redactor.redact("Authorization: Basic YWRhOmp2RGJ4Z1BUYW81UA==").count, 1);
    assert_eq!(redactor.redact(&format!("({})", body(64))).kinds, ["long-token"]);
}

#[test]
fn ordinary_text_is_left_alone() {
    let redactor = redactor();
    for text in [
        "The token bucket allows 100 requests per minute.",
        "commit 4ca7c256bcff118c9cd1139bf295f983b37f0f24",
        "id cbc3d182-40f8-4586-a603-14ab32e4fe80",
        "sha256:1a8d7b02b11968dae5fc5963b5324ad8044ad83bf1cbcafcf1352b6b727bc7d0",
        "{\"usage\": {\"prompt_tokens\": 5998, \"token_type\": \"Bearer\"}}",
        "Basic authentication; see the Bearer token chapter.",
    ] {
        assert_eq!(
            redactor.redact(text),
            Redacted { text: Cow::Borrowed(text), count: 0, kinds: Vec::new(), rules: Vec::new() }
        );
    }
}

#[test]
fn spans_count_code_points() {
    let text = format!("schlüssel €: ghp_{}", body(36));
    assert_eq!(redactor().spans(&text), [Span { start: 13, end: 53, kind: "github-token" }]);
}

#[test]
fn a_document_stays_json_and_loses_the_values_of_telling_names() {
    let raw = json!({
        "password": "hunter", "note": format!("use ghp_{} \"now\"\n", body(36)), "inner": json!({"apiKey": body(24)}).to_string(),
        "token_type": "Bearer", "max_tokens": 12,
    })
    .to_string();
    let out = redactor().redact_json(&raw).unwrap();
    let value: Value = serde_json::from_str(&out.text).unwrap();
    assert_eq!(value["password"], json!("[redacted:secret]"));
    assert_eq!(value["note"], json!("use [redacted:github-token] \"now\"\n"));
    assert_eq!(value["inner"], json!("{\"apiKey\":\"[redacted:secret]\"}"));
    assert_eq!(value["token_type"], json!("Bearer"));
    assert_eq!(redactor().redact_json("{oops"), Err(NotJsonText));
}

#[test]
fn a_secret_split_over_content_blocks_is_taken_out_of_both() {
    let token = format!("ghp_{}", body(36));
    for cut in [1, 4, 11, 39] {
        let (head, tail) = token.split_at(cut);
        let raw = json!({"content": [
            {"type": "text", "text": format!("{} use {head}", "word ".repeat(600))},
            {"type": "text", "text": format!("{tail} now {}", "word ".repeat(600))},
        ]})
        .to_string();
        let out = redactor().redact_json(&raw).unwrap();
        let value: Value = serde_json::from_str(&out.text).unwrap();
        let texts =
            [&value["content"][0]["text"], &value["content"][1]["text"]].map(|text| text.as_str().unwrap());
        assert!(texts[0].ends_with("use [redacted:github-token]"), "{cut}");
        assert!(texts[1].starts_with("[redacted:github-token] now"), "{cut}");
    }
    let raw = json!({"content": [{"type": "text", "text": "api_key="}, {"type": "text", "text": body(24)}]})
        .to_string();
    assert!(!redactor().redact_json(&raw).unwrap().text.contains(&body(24)));
    let apart = json!([{"text": "a ghp_"}, {"name": body(36)}]).to_string();
    assert_eq!(redactor().redact_json(&apart).unwrap().text, apart);
}

/// Redacted first, cut afterwards: no part of a secret is left on either side of the cut, nor half a mark.
#[test]
fn a_secret_across_the_cut_is_gone_before_the_cut_is_made() {
    let token = format!("ghp_{}", body(36));
    let text = format!("{} {token} {}", "word ".repeat(100), "word ".repeat(100));
    let redacted = redactor().redact(&text).text.into_owned();
    for max in 490..560 {
        let cut = crate::truncate::truncate_text(&redacted, max);
        let rest = redacted.get(cut.next.unwrap()..).unwrap();
        assert!(!cut.text.contains("ghp_") && !rest.contains("ghp_"));
        assert_eq!(cut.text.contains("[redacted"), cut.text.contains("github-token]"), "{max}");
        let raw = json!({"content": [{"type": "text", "text": redacted}]}).to_string();
        let cut = crate::truncate::truncate_json(&raw, max).unwrap();
        assert_eq!(cut.text.contains("[redacted"), cut.text.contains("github-token]"), "{max}");
    }
}

#[test]
fn disguised_secrets_are_found_where_they_stand() {
    let token = format!("ghp_{}", body(36));
    let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let entities: String = token.chars().map(|letter| format!("&#{};", u32::from(letter))).collect();
    let wide: String =
        token.chars().map(|letter| char::from_u32(u32::from(letter) + 0xfee0).unwrap()).collect();
    for disguised in [percent, entities, wide, token.replace("p_a", "p_\u{200b}a")] {
        let out = redactor().redact(&format!("x {disguised} y")).text.into_owned();
        assert_eq!(out, "x [redacted:github-token] y", "{disguised}");
    }
}

pub(super) fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,12}",
        "[ \"\\\\:=&%;,\n]{0,6}",
        Just("password".to_owned()),
        Just("api_key=".to_owned()),
        Just("://u:".to_owned()),
        Just("@h/".to_owned()),
        Just("Bearer ".to_owned()),
        Just("\\u0067".to_owned()),
        Just("-----BEGIN ".to_owned() + "PRIVATE KEY-----\n"),
        Just(["gh", "p_"].concat()),
        "[A-Za-z0-9]{8,60}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// A run that was held for a name read as a token once the value behind it was gone.
#[test]
fn what_stands_beside_a_secret_is_looked_at_again() {
    let redactor = redactor();
    let text = ["AaA0AaAa0AAAa0a0aa00aaA0AaaAAAb12AGaBEKcF3CHde4", "api_key=", "AAa0AaaAa@h/"].concat();
    let once = redactor.redact(&text);
    assert_eq!(redactor.redact(&once.text).text, once.text);
    let raw = serde_json::to_string(&[text.as_str()]).unwrap();
    let once = redactor.redact_json(&raw).unwrap();
    assert_eq!(redactor.redact_json(&once.text).unwrap().text, once.text);
}

proptest! {
    #[test]
    fn spans_are_ordered_and_inside_the_text(text in texts()) {
        let length = text.chars().count();
        let mut last = 0;
        for span in redactor().spans(&text) {
            prop_assert!(span.start >= last && span.start < span.end && span.end <= length);
            last = span.end;
        }
    }

    #[test]
    fn a_redacted_text_is_not_redacted_again(text in texts()) {
        let redactor = redactor();
        let once = redactor.redact(&text).text.into_owned();
        let again = redactor.redact(&once);
        prop_assert_eq!(again.text.as_ref(), once.as_str());
    }

    #[test]
    fn a_redacted_document_is_a_document(members in prop::collection::btree_map(texts(), texts(), 0..6)) {
        let raw = serde_json::to_string(&members).unwrap();
        let out = redactor().redact_json(&raw).unwrap();
        prop_assert!(serde_json::from_str::<Value>(&out.text).is_ok(), "{}", out.text);
    }
}

#[test]
fn the_work_grows_with_the_text_and_not_with_its_square() {
    let redactor = Redactor::new();
    let took = |unit: &str, bytes: usize| {
        let text = unit.repeat(bytes / unit.len());
        let best = |_| {
            let began = std::time::Instant::now();
            std::hint::black_box(redactor.redact(&text));
            began.elapsed()
        };
        (0..4).map(best).min().unwrap_or_default()
    };
    for unit in [
        "password=",
        "api_key=",
        "api_key=aB3xQ9z",
        "\"kty",
        "password,",
        "password,a\n",
        "\",\"password\"",
        "x.eyJhbGci.",
    ] {
        let (short, long) = (took(unit, 8 * 1024), took(unit, 64 * 1024));
        assert!(
            long < short * 32 + std::time::Duration::from_millis(100),
            "{unit:?}: {short:?}, then {long:?}"
        );
    }
}

#[test]
fn tokens_alone_are_taken_out_where_the_rest_is_for_a_person_to_see() {
    let token = format!("eyJ{}.eyJ{}.{}", body(20), body(60), body(43));
    let signed = format!("eyJ{}.{}", body(80), body(43));
    let text =
        format!("pay with password=hunter2, Bearer {token}; https://x.example/?u={signed}&n=1 eyJust words");
    assert_eq!(
        without_tokens(&text),
        "pay with password=hunter2, Bearer [redacted:jwt]; https://x.example/?u=[redacted:jwt]&n=1 eyJust words"
    );
    assert!(matches!(without_tokens("nothing"), Cow::Borrowed("nothing")));
}
