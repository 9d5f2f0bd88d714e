use super::*;

#[test]
fn the_url_is_an_origin_and_the_key_is_not_sent_in_the_clear() {
    for (url, taken) in [
        ("https://procura.example.com", Some("https://procura.example.com")),
        ("https://Procura.Example.com/", Some("https://procura.example.com")),
        ("https://procura.example.com:8443", Some("https://procura.example.com:8443")),
        ("http://localhost:8420", Some("http://localhost:8420")),
        ("http://127.0.0.1:8420", Some("http://127.0.0.1:8420")),
        ("http://[::1]:8420", Some("http://[::1]:8420")),
        ("http://procura.example.com", None),
        ("http://127.0.0.1.example.com", None),
        ("https://user@procura.example.com", None),
        ("https://procura.example.com/path", None),
        ("https://procura.example.com?q", None),
        ("https://procura.example.com#f", None),
        ("ftp://procura.example.com", None),
        ("https://", None),
        ("procura.example.com", None),
        ("", None),
    ] {
        assert_eq!(origin(url, false).ok().as_deref(), taken, "{url}");
    }
    assert!(Procura::settings("http://procura.example.com", "pca_x").allow_http().build().is_ok());
    let settings = Procura::settings("https://procura.example.com", "pca_x");
    assert!(settings.root_certificate("no certificate").build().is_err());
}

#[test]
fn a_key_that_is_none_is_refused_and_never_shown() {
    for key in ["", "a b", "a\nb", "ä"] {
        assert!(Procura::new("https://procura.example.com", key).is_err(), "{key:?}");
    }
    let client = Procura::new("https://procura.example.com", "pca_secret").unwrap();
    assert!(!format!("{client:?}").contains("pca_secret"));
}

#[test]
fn without_an_agent_nothing_is_guarded() {
    let url = "http://127.0.0.1:1";
    let ask = Ask::new("a");
    for client in [Procura::new(url, "pca_x"), Procura::settings(url, "pca_x").agent_id("").build()] {
        let client = client.unwrap();
        let guarded = client.guard(&ask, |_| -> Result<(), Failure<()>> { panic!("it ran") });
        assert!(matches!(guarded, Err(GuardError::NotAllowed(Error::Setting(_)))), "{guarded:?}");
        assert!(matches!(client.verify(&ask), Err(Error::Setting(_))));
        let named = ask.clone().agent_id("agt_01KB4T5XW0000000000000000A");
        assert!(matches!(client.verify(&named), Err(Error::Unavailable(_))));
    }
}

#[test]
fn a_reservation_is_named_by_its_id_alone() {
    let client = Procura::new("https://procura.example.com", "pca_x").unwrap();
    for id in ["", "rsv_", "rsv_../../../v1/agents/01234567", "apr_01KB4T5XW0000000000000000H"] {
        assert!(matches!(client.commit(id, None), Err(Error::Setting(_))), "{id}");
        assert!(matches!(client.release(id), Err(Error::Setting(_))), "{id}");
    }
}

#[test]
fn a_deadline_that_has_passed_is_not_waited_for() {
    let deadline = Deadline::after(Duration::ZERO);
    assert_eq!(deadline.left(), Err(Unavailable::Timeout));
}

/// A server that answers each request with the next of these; gives what was asked.
fn answering(answers: Vec<(&'static str, String)>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for (status, body) in answers {
            let (mut peer, _) = server.accept().unwrap();
            let mut reader = BufReader::new(peer.try_clone().unwrap());
            let mut lines: Vec<String> = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                lines.push(line.trim().to_lowercase());
            }
            let length = lines.iter().find_map(|line| line.strip_prefix("content-length: "));
            let mut sent = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            reader.read_exact(&mut sent).unwrap();
            asked.push(lines[0].clone());
            let length = body.len();
            let head = "content-type: application/json\r\nretry-after: 1\r\nconnection: close\r\n";
            write!(peer, "HTTP/1.1 {status}\r\n{head}content-length: {length}\r\n\r\n{body}").unwrap();
        }
        asked
    });
    (url, serving)
}

#[test]
fn who_was_refused_for_being_early_asks_again_as_soon_as_it_may() {
    let early =
        r#"{"success":false,"code":"RATE_LIMITED","error":"Too many.","fix":"Wait.","requestId":"req_1"}"#;
    let early = || ("429 Too Many Requests", early.to_owned());
    let (url, serving) = answering(vec![early(), early()]);
    let began = std::time::Instant::now();
    let client = Procura::settings(&url, "pca_x").timeout(Duration::from_millis(1_500)).build().unwrap();
    let refused = client.release("rsv_01KB4T5XW0000000000000000H");
    assert!(matches!(refused, Err(Error::Refused { status: 429, .. })), "{refused:?}");
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(serving.join().unwrap().len(), 2, "once more after a second, and not beyond the deadline");
}
