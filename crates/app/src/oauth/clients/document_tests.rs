use super::*;

const URL: &str = "https://client.example/meta.json";

fn at(ms: i64) -> Time {
    Time::from_ms(1_790_000_000_000 + ms)
}

fn fetched(status: u16, kind: &str, body: &str) -> Fetched {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", kind.parse().unwrap());
    Fetched {
        status: http::StatusCode::from_u16(status).unwrap(),
        headers,
        body: body.to_owned().into(),
        connected: Vec::new(),
        final_url: WebUrl::parse(URL).unwrap(),
    }
}

fn document(more: &str) -> String {
    format!(
        r#"{{"client_id":"{URL}","client_name":"A","redirect_uris":["https://client.example/cb"]{more}}}"#
    )
}

#[test]
fn a_document_is_taken_with_200_as_json_that_names_its_url() {
    for kind in ["application/json", "application/json; charset=utf-8", "Application/vnd.x+json"] {
        assert_eq!(judge(URL, &fetched(200, kind, &document(""))).unwrap().name, "A", "{kind}");
    }
    for status in [201, 203, 204, 206, 301, 302, 304, 404, 500] {
        let sentence = judge(URL, &fetched(status, "application/json", &document(""))).unwrap_err();
        assert!(sentence.contains(&status.to_string()), "{sentence}");
    }
    for kind in ["text/html", "text/json", "application/+json", "application/jsonp", ""] {
        assert!(judge(URL, &fetched(200, kind, &document(""))).is_err(), "{kind}");
    }
    for body in [
        "".to_owned(),
        "[]".to_owned(),
        document("").replace("client.example/meta.json", "client.example/meta.json#"),
        document("").replace("https://client.example/meta.json", "https://CLIENT.example/meta.json"),
        document(r#","client_id":"https://client.example/meta.json""#),
        document(r#","client_secret":"x""#),
        document(r#","client_secret_expires_at":0"#),
        document(r#","token_endpoint_auth_method":"client_secret_post""#),
    ] {
        assert!(judge(URL, &fetched(200, "application/json", &body)).is_err(), "{body}");
    }
}

#[test]
fn only_a_plain_url_with_a_path_is_a_client_id() {
    for url in [URL, "https://client.example:8443/a/b", "https://client.example/%41"] {
        assert_eq!(check_url(url), Ok(()), "{url}");
    }
    for url in [
        "https://client.example",
        "https://client.example/",
        "http://client.example/meta",
        "https://client.example/meta#x",
        "https://client.example/meta?x=1",
        "https://user@client.example/meta",
        "https://client.example/a/../meta",
        "https://client.example/a/%2e%2E/meta",
        "https://client.example/./meta",
        "https://CLIENT.example/meta",
        "https://client.example:443/meta",
        "https://2130706433/meta",
        "https://client.example\\meta/x",
    ] {
        assert!(check_url(url).is_err(), "{url}");
    }
}

#[test]
fn a_document_is_fresh_as_its_headers_say_within_bounds() {
    let of = |pairs: &[(&'static str, &str)]| {
        let mut headers = http::HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        fresh_ms(&headers)
    };
    assert_eq!(of(&[]), USUAL_MS);
    assert_eq!(of(&[("cache-control", "public, max-age=600")]), 600_000);
    assert_eq!(of(&[("cache-control", "s-maxage=700, max-age=600")]), 700_000);
    assert_eq!(of(&[("cache-control", "max-age=600"), ("age", "300")]), 300_000);
    assert_eq!(of(&[("cache-control", "max-age=0")]), LEAST_MS);
    assert_eq!(of(&[("cache-control", "max-age=99999999")]), MOST_MS);
    assert_eq!(of(&[("cache-control", "max-age=600, no-store")]), 0);
    assert_eq!(of(&[("cache-control", "No-Cache")]), 0);
}

fn good(fresh_ms: i64) -> Result<(Arc<Said>, i64), String> {
    Ok((Arc::new(judge(URL, &fetched(200, "application/json", &document(""))).unwrap()), fresh_ms))
}

#[test]
fn a_good_document_is_kept_and_a_failure_never_is() {
    let mut state = State::default();
    assert!(matches!(state.next(URL, at(0)), Next::Fetch(..)));
    state.land(URL, &good(1_000), at(0));
    assert!(matches!(state.next(URL, at(999)), Next::Kept(_)));
    assert!(matches!(state.next(URL, at(1_000)), Next::Fetch(..)));
    state.land(URL, &Err("No.".to_owned()), at(1_000));
    assert!(
        matches!(state.next(URL, at(1_000)), Next::Fetch(..)),
        "neither the failure nor what was good before"
    );
    state.land(URL, &good(0), at(1_000));
    assert!(matches!(state.next(URL, at(1_000)), Next::Fetch(..)), "no-store is not kept");
}

#[test]
fn everybody_waits_for_the_one_fetch_that_is_under_way() {
    let mut state = State::default();
    let Next::Fetch(done, _) = state.next(URL, at(0)) else { panic!("the first fetches") };
    assert!((1..100).all(|ms| matches!(state.next(URL, at(ms)), Next::Wait(_))));
    assert!(matches!(state.next("https://other.example/meta", at(1)), Next::Fetch(..)));
    drop(done);
    assert!(matches!(state.next(URL, at(200)), Next::Fetch(..)), "a fetch that was broken off is begun anew");
}
