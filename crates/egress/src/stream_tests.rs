use super::*;
use crate::{
    dns::Resolver,
    exit::Settings,
    rules::{AllowedHost, Purpose, Whom},
    testserver::{Reply, TestServer, Then, open_hosts},
};
use http_body_util::BodyExt;
use procura_model::TenantId;

const LANE: Lane = Lane { tenant: None, purpose: Purpose::ToolServer };

fn egress(rules: Rules) -> Egress {
    let resolver = Resolver::fixed(|_| vec!["127.0.0.1".parse().unwrap()]);
    Egress::new(Settings { rules, resolver, ..Settings::default() }).unwrap()
}

fn tenant(last: char) -> TenantId {
    format!("org_0000000000000000000000000{last}").parse().unwrap()
}

async fn send(egress: &Egress, server: &TestServer, lane: Lane) -> Result<Exchange, EgressError> {
    let request = Request::post(format!("http://tools.test:{}/mcp", server.port()))
        .body(Full::new(Bytes::from_static(b"{}")))
        .unwrap();
    egress.send(request, Outbound { lane, deadline: Duration::from_secs(5) }).await
}

/// Sends, reads the whole answer, and gives the address it came from.
async fn ask(egress: &Egress, server: &TestServer, lane: Lane) -> Result<SocketAddr, EgressError> {
    let exchange = send(egress, server, lane).await?;
    let body = crate::read_to_end(exchange.response.into_body(), 1000, Duration::from_secs(5)).await?;
    assert_eq!(&body[..], b"pong");
    Ok(exchange.connected)
}

#[tokio::test]
async fn a_pooled_connection_is_used_again_and_keeps_its_address() {
    let server = TestServer::start(|_| Reply::ok("pong")).await;
    let egress = egress(open_hosts(&[("tools.test", server.port())]));
    for _ in 0..5 {
        assert_eq!(ask(&egress, &server, LANE).await.unwrap(), server.address);
    }
    assert_eq!(server.connections(), 1);
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn what_one_organization_may_reach_is_not_lent_to_another() {
    let server = TestServer::start(|_| Reply::ok("pong")).await;
    let (ours, other) = (tenant('1'), tenant('2'));
    let allowed = AllowedHost {
        tenant: Whom::Only(ours),
        host: "tools.test".to_owned(),
        port: server.port(),
        purpose: Purpose::ToolServer,
    };
    let egress = egress(Rules::new(&[allowed], vec![]).unwrap());
    ask(&egress, &server, Lane::of(ours, Purpose::ToolServer)).await.unwrap();
    for lane in [Lane::of(other, Purpose::ToolServer), Lane::of(ours, Purpose::Webhook), LANE] {
        let error = ask(&egress, &server, lane).await.unwrap_err();
        assert!(matches!(error, EgressError::Refused(Refused::LoopbackAddress)), "{lane:?}: {error:?}");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn two_organizations_never_share_a_connection() {
    let server = TestServer::start(|_| Reply::ok("pong")).await;
    let egress = egress(open_hosts(&[("tools.test", server.port())]));
    for _ in 0..2 {
        for last in ['1', '2'] {
            ask(&egress, &server, Lane::of(tenant(last), Purpose::ToolServer)).await.unwrap();
        }
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn new_rules_drop_what_the_old_ones_opened() {
    let server = TestServer::start(|_| Reply::ok("pong")).await;
    let rules = open_hosts(&[("tools.test", server.port())]);
    let egress = egress(rules.clone());
    ask(&egress, &server, LANE).await.unwrap();
    server.until_open(1).await;
    egress.set_rules(Rules::default());
    server.until_open(0).await;
    let error = ask(&egress, &server, LANE).await.unwrap_err();
    assert!(matches!(error, EgressError::Refused(Refused::LoopbackAddress)), "{error:?}");
    egress.set_rules(rules);
    ask(&egress, &server, LANE).await.unwrap();
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_stream_is_handed_on_while_it_comes() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let first = format!("{head}9\r\ndata: 1\n\n\r\n");
    let server = TestServer::start(move |_| Reply::raw(&first, Then::Hang)).await;
    let egress = egress(open_hosts(&[("tools.test", server.port())]));
    let exchange = send(&egress, &server, LANE).await.unwrap();
    let mut body = exchange.response.into_body();
    let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(&frame[..], b"data: 1\n\n");
    let rest = crate::read_to_end(body, 1000, Duration::from_millis(50)).await;
    assert!(matches!(rest, Err(EgressError::Timeout(Stage::Body))), "{rest:?}");
    server.until_open(0).await;
}

#[tokio::test]
async fn an_upstream_that_hangs_ends_at_the_deadline() {
    let server = TestServer::start(|_| Reply::raw("", Then::Hang)).await;
    let egress = egress(open_hosts(&[("tools.test", server.port())]));
    let request =
        Request::get(format!("http://tools.test:{}/", server.port())).body(Full::default()).unwrap();
    let outbound = Outbound { lane: LANE, deadline: Duration::from_millis(100) };
    let error = egress.send(request, outbound).await.unwrap_err();
    assert!(matches!(error, EgressError::Timeout(Stage::Answer)), "{error:?}");
}

#[tokio::test]
async fn a_connection_closed_while_idle_does_not_cost_the_next_call() {
    let server = TestServer::start(|_| Reply(Reply::ok("pong").0, Then::Close)).await;
    let egress = egress(open_hosts(&[("tools.test", server.port())]));
    for _ in 0..3 {
        ask(&egress, &server, LANE).await.unwrap();
        server.until_open(0).await;
        // The pool learns of the close through the runtime, not from the server's side of the test.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn what_a_uri_hides_is_refused_on_the_hot_path_too() {
    let egress = egress(Rules::default());
    for (uri, reason) in [
        ("http://a@10.0.0.1/", Refused::Userinfo),
        ("http://0x7f000001/", Refused::OddAddress),
        ("http://169.254.169.254/latest", Refused::MetadataAddress),
        ("http://tools.test:25/", Refused::ServicePort),
        ("ftp://tools.test/", Refused::Scheme),
    ] {
        let request = Request::get(uri).body(Full::default()).unwrap();
        let outbound = Outbound { lane: LANE, deadline: Duration::from_secs(5) };
        let error = egress.send(request, outbound).await.unwrap_err();
        assert!(matches!(error, EgressError::Refused(found) if found == reason), "{uri}: {error:?}");
    }
}

/// Not a promise of the suite, a figure for the report: processor time of this thread per call.
#[test]
#[ignore = "measures; run by name"]
fn the_cost_of_a_call_over_loopback() {
    let on_cpu_ns = || -> u64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        text.split_whitespace().next().unwrap().parse().unwrap()
    };
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let upstream = runtime();
    let server = upstream.block_on(TestServer::start(|_| Reply::ok("pong")));
    std::thread::scope(|scope| {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        scope.spawn(move || upstream.block_on(stopped));
        runtime().block_on(async {
            let egress = egress(open_hosts(&[("tools.test", server.port())]));
            let (callers, calls) = (8, 1_000);
            for round in 0..6 {
                let before = on_cpu_ns();
                let one = || async {
                    for _ in 0..calls {
                        ask(&egress, &server, LANE).await.unwrap();
                    }
                };
                futures_util::future::join_all((0..callers).map(|_| one())).await;
                let each = (on_cpu_ns() - before) / (callers * calls);
                println!("round {round}: {each} ns of processor per call, {callers} callers");
            }
        });
        stop.send(()).unwrap();
    });
}
