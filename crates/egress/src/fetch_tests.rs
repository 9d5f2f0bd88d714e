use super::*;
use crate::{
    dns::Resolver,
    exit::Settings,
    rules::Purpose,
    testserver::{Reply, TestServer, Then, open_hosts},
};
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

const LANE: Lane = Lane { tenant: None, purpose: Purpose::ToolServer };

fn loopback(_: &str) -> Vec<IpAddr> {
    vec!["127.0.0.1".parse().unwrap()]
}

fn egress(rules: Rules) -> Egress {
    Egress::new(Settings { rules, resolver: Resolver::fixed(loopback), ..Settings::default() }).unwrap()
}

fn url(server: &TestServer, host: &str, path: &str) -> String {
    format!("http://{host}:{}{path}", server.port())
}

async fn fetch_from(
    server: &TestServer,
    change: impl FnOnce(&mut FetchRequest),
) -> Result<Fetched, EgressError> {
    let egress = egress(open_hosts(&[("tools.test", server.port())]));
    let mut request = FetchRequest::get(url(server, "tools.test", "/start"), LANE);
    change(&mut request);
    egress.fetch(request).await
}

fn refusal(result: Result<Fetched, EgressError>) -> Refused {
    match result {
        Err(EgressError::Refused(refused)) => refused,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn an_answer_comes_with_the_address_it_came_from() {
    let server = TestServer::start(|_| Reply::ok("hello")).await;
    let fetched = fetch_from(&server, |r| r.url.push_str("?q=%C3%BC#x")).await.unwrap();
    assert_eq!((fetched.status, &fetched.body[..]), (StatusCode::OK, &b"hello"[..]));
    assert_eq!(fetched.connected, [server.address]);
    let request = server.requests().remove(0);
    assert!(request.starts_with("GET /start?q=%C3%BC HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: tools.test:{}\r\n", server.port())), "{request}");
}

#[tokio::test]
async fn a_loopback_server_without_a_rule_is_never_connected_to() {
    let server = TestServer::start(|_| Reply::ok("secret")).await;
    let egress = egress(Rules::default());
    for (host, reason) in [
        ("tools.test", Refused::LoopbackAddress),
        ("127.0.0.1", Refused::LoopbackAddress),
        ("[::ffff:127.0.0.1]", Refused::LoopbackAddress),
        ("localhost", Refused::OwnName),
        ("127.1", Refused::OddAddress),
    ] {
        let result = egress.fetch(FetchRequest::get(url(&server, host, "/"), LANE)).await;
        assert_eq!(refusal(result), reason, "{host}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused_before_a_socket_is_opened() {
    let hidden = TestServer::start(|_| Reply::ok("secret")).await;
    let location = url(&hidden, "127.0.0.1", "/admin");
    let server = TestServer::start(move |_| Reply::redirect(302, &location)).await;
    let result = fetch_from(&server, |r| r.redirects = Redirects::Follow { max: 3 }).await;
    assert_eq!(refusal(result), Refused::LoopbackAddress);
    assert_eq!(hidden.connections(), 0);
}

#[tokio::test]
async fn a_redirect_is_handed_back_where_none_is_followed() {
    let server = TestServer::start(|_| Reply::redirect(302, "/next")).await;
    let fetched = fetch_from(&server, |_| {}).await.unwrap();
    assert_eq!(fetched.status, StatusCode::FOUND);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn redirects_are_counted() {
    let server = TestServer::start(|_| Reply::redirect(307, "/start")).await;
    let result = fetch_from(&server, |r| r.redirects = Redirects::Follow { max: 3 }).await;
    assert_eq!(refusal(result), Refused::TooManyRedirects);
    assert_eq!(server.requests().len(), 4);
}

/// Two servers, the first of which redirects to the second, and a request with a credential.
async fn across(status: u16, method: Method) -> (Result<Fetched, EgressError>, TestServer) {
    let second = TestServer::start(|_| Reply::ok("there")).await;
    let location = url(&second, "other.test", "/there");
    let first = TestServer::start(move |_| Reply::redirect(status, &location)).await;
    let rules = open_hosts(&[("tools.test", first.port()), ("other.test", second.port())]);
    let mut request = FetchRequest::get(url(&first, "tools.test", "/"), LANE);
    if method == Method::POST {
        request.body = Bytes::from_static(b"private words");
        request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    }
    request.method = method;
    request.headers.insert("x-own-credential", HeaderValue::from_static("abc"));
    request.headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer abc"));
    request.headers.insert(header::ACCEPT, HeaderValue::from_static("text/plain"));
    request.redirects = Redirects::Follow { max: 1 };
    (egress(rules).fetch(request).await, second)
}

#[tokio::test]
async fn credentials_stay_behind_when_a_redirect_leaves_the_origin() {
    let (result, second) = across(302, Method::GET).await;
    let fetched = result.unwrap();
    assert_eq!(fetched.connected.len(), 2);
    assert_eq!(fetched.final_url.as_str(), url(&second, "other.test", "/there"));
    let request = second.requests().remove(0);
    assert!(request.contains("accept: text/plain"), "{request}");
    assert!(!request.contains("abc"), "{request}");
}

#[tokio::test]
async fn a_body_does_not_leave_the_origin() {
    let (result, second) = across(307, Method::POST).await;
    assert_eq!(refusal(result), Refused::BodyAcrossOrigins);
    assert_eq!(second.connections(), 0);
    let (result, second) = across(303, Method::POST).await;
    assert!(result.is_ok());
    let request = second.requests().remove(0);
    assert!(request.starts_with("GET /there") && !request.contains("private words"), "{request}");
    assert!(!request.contains("content-type"), "{request}");
}

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_headers_and_body() {
    let server = TestServer::start(|request| match request.starts_with("POST /start") {
        true => Reply::redirect(308, "next"),
        false => Reply::ok("done"),
    })
    .await;
    let fetched = fetch_from(&server, |request| {
        request.method = Method::POST;
        request.body = Bytes::from_static(b"words");
        request.headers.insert("x-api-key", HeaderValue::from_static("abc"));
        request.redirects = Redirects::Follow { max: 1 };
    })
    .await
    .unwrap();
    assert_eq!(&fetched.body[..], b"done");
    let last = server.requests().pop().unwrap();
    assert!(
        last.starts_with("POST /next") && last.contains("x-api-key: abc") && last.ends_with("words"),
        "{last}"
    );
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_refused_announced_or_not() {
    let announced = TestServer::start(|_| Reply::ok(&"x".repeat(2000))).await;
    let endless = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned()
        + &format!("400\r\n{}\r\n", "x".repeat(1024)).repeat(50);
    let streamed = TestServer::start(move |_| Reply::raw(&endless, Then::Hang)).await;
    for server in [announced, streamed] {
        let result = fetch_from(&server, |request| request.max_bytes = 1999).await;
        assert!(matches!(result, Err(EgressError::TooLarge { max_bytes: 1999 })), "{result:?}");
    }
}

#[tokio::test]
async fn a_body_in_many_frames_is_joined_up_to_the_cap() {
    let chunks =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n1\r\ng\r\n0\r\n\r\n";
    let server = TestServer::start(move |_| Reply::raw(chunks, Then::Keep)).await;
    let fetched = fetch_from(&server, |request| request.max_bytes = 7).await.unwrap();
    assert_eq!(&fetched.body[..], b"abcdefg");
}

#[tokio::test]
async fn a_server_that_stalls_ends_at_the_deadline() {
    let mute = TestServer::start(|_| Reply::raw("", Then::Hang)).await;
    let stalled = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfirst words";
    let drips = TestServer::start(move |_| Reply::raw(stalled, Then::Hang)).await;
    for server in [mute, drips] {
        let result = fetch_from(&server, |r| r.deadline = Duration::from_millis(150)).await;
        let error = result.unwrap_err();
        assert!(matches!(error, EgressError::Timeout(Stage::Answer)), "{error:?}");
        assert!(!error.is_retry_safe());
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_broken_answer_is_an_error_of_the_other_side() {
    let huge_head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    for raw in ["no http at all\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", &huge_head] {
        let raw = raw.to_owned();
        let server = TestServer::start(move |_| Reply::raw(&raw, Then::Close)).await;
        let error = fetch_from(&server, |_| {}).await.unwrap_err();
        assert!(matches!(error, EgressError::Protocol(_)), "{error:?}");
        assert_eq!(error.side(), procura_model::Side::Upstream);
    }
}

#[tokio::test]
async fn a_name_that_rebinds_is_asked_once_per_connection() {
    let server = TestServer::start(|_| Reply::ok("hello")).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let resolver = Resolver::fixed(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => vec!["127.0.0.1".parse().unwrap()],
        _ => vec!["169.254.169.254".parse().unwrap()],
    });
    let rules = open_hosts(&[("tools.test", server.port())]);
    let egress = Egress::new(Settings { rules, resolver, ..Settings::default() }).unwrap();
    let ask = || egress.fetch(FetchRequest::get(url(&server, "tools.test", "/"), LANE));
    assert_eq!(ask().await.unwrap().connected, [server.address]);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(refusal(ask().await), Refused::MetadataAddress);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn one_bad_address_refuses_the_whole_name() {
    let server = TestServer::start(|_| Reply::ok("hello")).await;
    let resolver = Resolver::fixed(|_| vec!["127.0.0.1".parse().unwrap(), "224.0.0.1".parse().unwrap()]);
    let rules = open_hosts(&[("tools.test", server.port())]);
    let egress = Egress::new(Settings { rules, resolver, ..Settings::default() }).unwrap();
    let result = egress.fetch(FetchRequest::get(url(&server, "tools.test", "/"), LANE)).await;
    assert_eq!(refusal(result), Refused::SpecialAddress);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_closed_port_and_a_missing_name_may_be_tried_again() {
    let closed = TestServer::start(|_| Reply::ok("")).await;
    let port = closed.port();
    drop(closed);
    let silent = Settings {
        rules: open_hosts(&[("tools.test", port)]),
        resolver: Resolver::fixed(loopback),
        ..Settings::default()
    };
    let nameless = Settings { resolver: Resolver::fixed(|_| vec![]), ..silent.clone() };
    for (settings, code) in [(silent, "connect_failed"), (nameless, "no_address")] {
        let request = FetchRequest::get(format!("http://tools.test:{port}/"), LANE);
        let error = Egress::new(settings).unwrap().fetch(request).await.unwrap_err();
        assert_eq!((error.code(), error.is_retry_safe()), (code, true));
    }
}

#[tokio::test]
async fn the_framing_of_a_request_is_ours() {
    let server = TestServer::start(|_| Reply::ok("")).await;
    fetch_from(&server, |request| {
        request.method = Method::POST;
        request.body = Bytes::from_static(b"abc");
        for (name, value) in [("host", "victim"), ("content-length", "1"), ("transfer-encoding", "chunked")] {
            request.headers.insert(name, HeaderValue::from_static(value));
        }
    })
    .await
    .unwrap();
    let request = server.requests().remove(0);
    assert!(request.contains("content-length: 3\r\n") && request.ends_with("\r\n\r\nabc"), "{request}");
    assert!(!request.contains("victim") && !request.contains("chunked"), "{request}");
    let result = fetch_from(&server, |request| request.method = Method::CONNECT).await;
    assert_eq!(refusal(result), Refused::Method);
}

mod over_tls {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::{ServerConfig, pki_types::PrivateKeyDer};
    use tokio_rustls::TlsAcceptor;

    /// An authority as PEM, and a server with a certificate of it for this name.
    async fn server_named(name: &str) -> (Vec<u8>, TestServer) {
        let mut authority = CertificateParams::new(vec![]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], private)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let server = TestServer::start_tls(acceptor, |_| Reply::redirect(302, "http://tools.test/")).await;
        (issuer.pem().into_bytes(), server)
    }

    async fn fetch(
        server: &TestServer,
        ca: Option<Vec<u8>>,
        redirects: Redirects,
    ) -> Result<Fetched, EgressError> {
        let settings = Settings {
            rules: open_hosts(&[("tools.test", server.port())]),
            resolver: Resolver::fixed(loopback),
            extra_ca_pem: ca,
            ..Settings::default()
        };
        let mut request = FetchRequest::get(format!("https://tools.test:{}/", server.port()), LANE);
        request.redirects = redirects;
        Egress::new(settings).unwrap().fetch(request).await
    }

    #[tokio::test]
    async fn an_own_authority_is_believed_only_where_it_was_named() {
        let (ca, server) = server_named("tools.test").await;
        let answered = fetch(&server, Some(ca), Redirects::None).await.unwrap();
        assert_eq!(answered.status, StatusCode::FOUND);
        let stranger = fetch(&server, None, Redirects::None).await;
        assert!(matches!(stranger, Err(EgressError::Tls(_))), "{stranger:?}");
        assert_eq!(server.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_certificate_for_another_name_is_refused() {
        let (ca, server) = server_named("other.test").await;
        let result = fetch(&server, Some(ca), Redirects::None).await;
        assert!(matches!(result, Err(EgressError::Tls(_))), "{result:?}");
    }

    #[tokio::test]
    async fn a_redirect_to_plain_text_is_refused() {
        let (ca, server) = server_named("tools.test").await;
        let result = fetch(&server, Some(ca), Redirects::Follow { max: 2 }).await;
        assert_eq!(refusal(result), Refused::Downgrade);
    }

    #[test]
    fn an_authority_file_without_certificates_is_an_error() {
        let settings = Settings { extra_ca_pem: Some(b"not pem".to_vec()), ..Settings::default() };
        assert_eq!(Egress::new(settings).err(), Some(crate::exit::SettingsError::ExtraCa));
    }
}
