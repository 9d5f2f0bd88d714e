use super::*;
use http_body_util::{Full, StreamBody, channel::Channel};
use procura_model::{Amount, Permission};

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    action: String,
    amount: Option<Amount>,
    args: Option<Json>,
    #[expect(dead_code, reason = "only the reading is looked at")]
    permission: Option<Permission>,
}

fn refusal(body: impl AsRef<[u8]>) -> (Reason, String) {
    let error = parse::<Wanted>(body.as_ref()).unwrap_err().0;
    (error.reason(), error.sentence().to_owned())
}

#[test]
fn a_good_body_keeps_every_digit() {
    let wanted: Wanted =
        parse(br#"{"action":"pay","amount":742.10,"args":{"n":1.000000000000000000001}}"#).unwrap();
    assert_eq!(wanted.action, "pay");
    assert_eq!(wanted.amount.unwrap().to_string(), "742.10");
    assert_eq!(wanted.args.unwrap().to_string(), r#"{"n":1.000000000000000000001}"#);
}

#[test]
fn what_is_no_json_is_malformed() {
    let deep = format!(r#"{{"action":"a","args":{}{}}}"#, "[".repeat(100), "]".repeat(100));
    let wide = format!(r#"{{"action":"a","args":[{}1]}}"#, "1,".repeat(100_001));
    for (body, part) in [
        (&b""[..], "empty"),
        (b" \n", "empty"),
        (b"{", "byte 1"),
        (b"{\"action\":\"a\"} trailing", "byte 15"),
        (b"{\"action\":\"\xff\"}", "UTF-8 at byte 11"),
        (b"{\"action\":\"a\",\"action\":\"b\"}", "same key twice"),
        (b"{\"action\":\"a\",\"args\":{\"x\":1,\"\\u0078\":2}}", "same key twice"),
        (b"{\"action\":\"\\ud800\"}", "byte"),
        (b"{\"action\":NaN}", "byte 10"),
        (deep.as_bytes(), "64 levels"),
        (wide.as_bytes(), "100000 values"),
    ] {
        let (reason, sentence) = refusal(body);
        assert_eq!(reason, Reason::BodyMalformed, "{sentence}");
        assert!(sentence.contains(part), "{sentence}");
    }
}

#[test]
fn a_field_that_cannot_be_used_is_named() {
    for (body, sentence) in [
        (r#"[]"#, "The body must be a JSON object."),
        (r#"{}"#, "action is missing."),
        (r#"{"action":7}"#, "action must be a string."),
        (
            r#"{"action":"a","colour":"red"}"#,
            "colour is not a known field here; known: `action`, `amount`, `args`, `permission`.",
        ),
        (
            r#"{"action":"a","amount":-1}"#,
            "amount: an amount is a decimal such as 742.00, not negative, with at most four decimal places.",
        ),
        (
            r#"{"action":"a","permission":{"effect":"maybe","actions":[]}}"#,
            "permission.effect must be `allow` or `block`.",
        ),
        (
            r#"{"action":"a","permission":{"effect":"allow","actions":["x"],"conditions":[{"path":"args.x","op":"eq","valve":1}]}}"#,
            "permission.conditions[0].valve is not a known field here; known: `path`, `op`, `value`, `ref`.",
        ),
    ] {
        assert_eq!(refusal(body), (Reason::FieldInvalid, sentence.to_owned()));
    }
}

#[test]
fn the_content_type_must_be_json_in_utf_8() {
    let judge = |value: Option<&'static str>| {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
        }
        demand_type(&headers, "application/json").map_err(|failure| failure.0.reason())
    };
    for good in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""]
    {
        assert_eq!(judge(Some(good)), Ok(()), "{good}");
    }
    for bad in [None, Some("text/plain"), Some("application/json; charset=latin1"), Some("application/jsonx")]
    {
        assert_eq!(judge(bad), Err(Reason::MediaTypeUnsupported), "{bad:?}");
    }
}

#[tokio::test]
async fn a_huge_body_is_refused_whether_it_says_its_length_or_not() {
    let said = Full::new(Bytes::from(vec![b' '; 1_001]));
    let failure = read(said, 1_000).await.unwrap_err();
    assert_eq!(failure.0.reason(), Reason::BodyTooLarge);
    assert!(failure.0.sentence().contains("1000 bytes"));

    let chunks = futures_util::stream::iter(
        (0..3).map(|_| Ok::<_, std::io::Error>(http_body::Frame::data(Bytes::from(vec![b' '; 400])))),
    );
    let unsaid = read(StreamBody::new(chunks), 1_000).await.unwrap_err();
    assert_eq!(unsaid.0.reason(), Reason::BodyTooLarge);
    assert_eq!(read(Full::new(Bytes::from(vec![b' '; 1_000])), 1_000).await.unwrap().len(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_too_slow() {
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(4);
    sender.send_data(Bytes::from_static(b"{")).await.unwrap();
    let failure = read(body, 1_000).await.unwrap_err();
    assert_eq!(failure.0.reason(), Reason::BodyTooSlow);
    drop(sender);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_malformed() {
    let (sender, body) = Channel::<Bytes, std::io::Error>::new(4);
    sender.abort(std::io::ErrorKind::ConnectionReset.into());
    assert_eq!(read(body, 1_000).await.unwrap_err().0.reason(), Reason::BodyMalformed);
}
