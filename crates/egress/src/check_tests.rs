use super::*;
use crate::{exit::Settings, rules::Purpose};
use std::{collections::HashSet, path::PathBuf};

async fn check(line: &str) -> Checked {
    match check_record(line, Lane::own(Purpose::Check), &Rules::default()).await {
        Answer::Checked(checked) => checked,
        Answer::Error { error } => panic!("{error}"),
    }
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[tokio::test]
async fn a_record_is_walked_to_its_end() {
    let line = r#"{"url":"https://a.com/","resolves":["1.1.1.1"],"then_resolves":["10.0.0.1"],
        "redirects_to":[{"status":302,"url":"/x","resolves":["1.0.0.1"]},
                        {"status":200,"url":"http://127.0.0.1/"}]}"#;
    let checked = check(line).await;
    assert_eq!(checked.reason, "allowed");
    assert_eq!(checked.connected, addresses(&["1.1.1.1", "1.0.0.1"]));
}

#[tokio::test]
async fn a_refusal_names_its_reason_and_what_was_connected_before_it() {
    let hop = r#"{"url":"https://a.com/","resolves":["1.1.1.1"],
        "redirects_to":[{"status":307,"url":"https://b.com/","resolves":["1.0.0.1","10.0.0.1"]}]}"#;
    let checked = check(hop).await;
    assert_eq!((checked.allow, checked.reason.as_str()), (false, "private_address"));
    assert_eq!(checked.connected, addresses(&["1.1.1.1"]));
    for (line, reason) in [
        (r#"{"url":"https://a.com/"}"#, "no_address"),
        (r#"{"url":"https://u@a.com/","resolves":["1.1.1.1"]}"#, "userinfo"),
        (r#"{"url":"https://localhost/","resolves":["1.1.1.1"]}"#, "own_name"),
    ] {
        assert_eq!(check(line).await.reason, reason);
    }
}

#[tokio::test]
async fn a_line_that_is_no_record_is_answered_as_an_error() {
    for line in ["", "{}", "[1]", r#"{"url":1}"#, r#"{"url":"https://a.com/","resolves":["a.com"]}"#] {
        let answer = check_record(line, Lane::own(Purpose::Check), &Rules::default()).await;
        assert!(serde_json::to_string(&answer).unwrap().starts_with("{\"error\":"), "{line}");
    }
}

#[tokio::test]
async fn a_url_is_checked_with_the_real_resolver_and_without_a_socket() {
    let egress = Egress::new(Settings::default()).unwrap();
    let lane = Lane::own(Purpose::Check);
    assert_eq!(egress.check("http://localhost:1/", lane).await.reason, "own_name");
    assert_eq!(egress.check("http://[::1]:1/", lane).await.reason, "loopback_address");
    assert_eq!(egress.check("http://1.1.1.1/", lane).await.connected, addresses(&["1.1.1.1"]));
}

#[derive(Deserialize)]
struct Labelled {
    id: String,
    url: String,
    allow: bool,
    #[serde(default)]
    contested: bool,
    must_not_connect: Option<HashSet<IpAddr>>,
}

/// Where labels say that the fetch is allowed but an address must not be connected to, the address
/// decides; else the verdict does.
fn is_right(label: &Labelled, found: &Checked) -> bool {
    match &label.must_not_connect {
        None => found.allow == label.allow,
        Some(closed) => {
            let touches = found.connected.iter().any(|address| closed.contains(address));
            let is_empty_promise = label.allow && found.allow && found.connected.is_empty();
            !touches && !is_empty_promise
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test finds the corpora by the environment")]
fn corpora() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    std::env::var_os("PROCURA_CORPORA").map_or_else(beside, PathBuf::from)
}

#[test]
fn what_can_be_said_of_a_url_before_its_name_is_resolved_is_said() {
    let egress = Egress::new(Settings::default()).unwrap();
    let lane = Lane::own(Purpose::Jwks);
    assert_eq!(egress.admits("https://id.example.com/keys", lane), Ok(()));
    for (url, refused) in [
        ("http://id.example.com/keys", Refused::PlainHttp),
        ("https://169.254.169.254/keys", Refused::MetadataAddress),
        ("https://10.0.0.1/keys", Refused::PrivateAddress),
        ("https://keys.internal/", Refused::OwnName),
        ("https://user@id.example.com/", Refused::Userinfo),
        ("ftp://id.example.com/", Refused::Scheme),
    ] {
        assert_eq!(egress.admits(url, lane), Err(refused), "{url}");
    }
}

#[tokio::test]
async fn every_uncontested_record_of_the_corpus_is_right() {
    let corpora = corpora();
    let Ok(corpus) = std::fs::read_to_string(corpora.join("ssrf/dev.jsonl")) else {
        println!("SKIPPED: no ssrf corpus under {}; set PROCURA_CORPORA", corpora.display());
        return;
    };
    let (mut judged, mut contested, mut wrong) = (0, 0, Vec::new());
    for line in corpus.lines() {
        let label: Labelled = serde_json::from_str(line).unwrap();
        let found = check(line).await;
        if label.contested {
            contested += usize::from(found.allow != label.allow);
            continue;
        }
        judged += 1;
        if !is_right(&label, &found) {
            wrong.push(format!("{} {} wanted {} got {}", label.id, label.url, label.allow, found.reason));
        }
    }
    println!("ssrf corpus: {}/{judged} right, {contested} contested differ", judged - wrong.len());
    assert!(judged > 1000, "the corpus is cut off: {judged}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
