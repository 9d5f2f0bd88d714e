use super::*;
use proptest::prelude::{prop_assert_eq, proptest};

fn refused(raw: &str) -> Option<Refused> {
    WebUrl::parse(raw).err()
}

#[test]
fn a_plain_url_gives_its_target() {
    let url = WebUrl::parse("HTTPS://Example.COM.:8443/a b?x#frag".replace(' ', "%20").as_str()).unwrap();
    assert_eq!(url.target().host(), &Host::Name("example.com".into()));
    assert_eq!(url.target().port(), 8443);
    assert_eq!(url.request_target(), "/a%20b?x");
    assert_eq!(WebUrl::parse("http://1.2.3.4?q").unwrap().target().port(), 80);
    let six = WebUrl::parse("https://[2606:4700::1]/").unwrap();
    assert_eq!(six.target().host().to_string(), "[2606:4700::1]");
}

#[test]
fn an_international_name_is_normalised() {
    let url = WebUrl::parse("https://b\u{fc}cher.example/").unwrap();
    assert_eq!(url.target().host(), &Host::Name("xn--bcher-kva.example".into()));
    let wide = WebUrl::parse("https://\u{ff4c}ocalhost/").unwrap();
    assert!(wide.target().host().is_localhost());
}

#[test]
fn only_the_two_web_schemes_pass() {
    for raw in ["ftp://a.com/", "file:///etc/passwd", "javascript:1", "http+unix://x", "ws://a.com"] {
        assert_eq!(refused(raw), Some(Refused::Scheme), "{raw}");
    }
}

#[test]
fn an_address_has_one_spelling() {
    for host in [
        "2130706433",
        "0x7f000001",
        "017700000001",
        "0x7f.0.0.1",
        "127.1",
        "127.0.0.1.",
        "0177.0.0.1",
        "127.0.0.01",
        "1.2.3.4.5",
        "256.1.1.1",
        "0x",
        "\u{ff11}27.0.0.1",
        "127\u{3002}0.0.1",
        "169.\u{ad}254.1.1",
    ] {
        let raw = format!("http://{host}/");
        assert!(matches!(refused(&raw), Some(Refused::OddAddress | Refused::Host)), "{raw}");
    }
}

#[test]
fn what_two_readers_read_differently_is_refused() {
    assert_eq!(refused("http://a.com@127.0.0.1/"), Some(Refused::Userinfo));
    for raw in [
        "http://127.0.0.1\\@a.com/",
        "http:/a.com/",
        "http:a.com",
        "http:///a.com",
        "//a.com/",
        " http://a.com",
        "http://a.com\t/",
        "http://",
        "https://?",
        "http://a%2ecom/",
        "https://[::1",
        "https://[::1]]/",
        "https://[fe80::1%25eth0]/",
        "https://-/",
        "https://.../",
        "https://a..b/",
        "https://::1/",
        "",
        "https://a.com:/",
        "https://a.com:0/",
        "https://a.com:65536/",
        "https://a.com:+80/",
        "https://a.com:80:80/",
    ] {
        assert!(refused(raw).is_some(), "{raw}");
    }
}

#[test]
fn a_redirect_is_read_like_any_url() {
    let from = WebUrl::parse("https://a.com/x/y").unwrap();
    assert_eq!(from.follow("../z?q").unwrap().as_str(), "https://a.com/z?q");
    assert_eq!(from.follow("//b.com/z").unwrap().as_str(), "https://b.com/z");
    assert_eq!(from.follow("http://b.com/"), Err(Refused::Downgrade));
    assert_eq!(from.follow("https://0x7f000001/"), Err(Refused::OddAddress));
    assert_eq!(from.follow("//u@b.com/"), Err(Refused::Userinfo));
    assert_eq!(from.follow("/\\b.com/"), Err(Refused::Url));
    assert_eq!(from.follow("gopher://b.com/"), Err(Refused::Scheme));
    assert_eq!(from.follow("https:b.com"), Err(Refused::Url));
}

#[test]
fn a_uri_of_the_hot_path_is_read_by_the_same_rules() {
    let of = |raw: &str| Target::of_uri(&raw.parse().unwrap());
    assert_eq!(of("http://a.com:81/x").unwrap().port(), 81);
    assert_eq!(of("http://u@a.com/"), Err(Refused::Userinfo));
    assert_eq!(of("http://127.1/"), Err(Refused::OddAddress));
    assert_eq!(of("/only/a/path"), Err(Refused::Url));
}

#[test]
fn names_of_the_own_network_are_known() {
    let is_own = |name: &str| Host::parse(name).unwrap().is_own_name();
    for name in
        ["localhost", "x.localhost", "printer.local", "a.internal", "metadata", "k8s.default.svc", "LAN"]
    {
        assert!(is_own(name), "{name}");
    }
    for name in ["localhost.example.com", "my-internal.example.com", "internal.example.org", "notlocal.com"] {
        assert!(!is_own(name), "{name}");
    }
}

/// The number in decimal, hex or octal.
fn spelled(number: u32, base: u8) -> String {
    match base {
        0 => number.to_string(),
        1 => format!("0x{number:x}"),
        _ => format!("0{number:o}"),
    }
}

proptest! {
    /// Whatever mixture of bases and lengths a reader of addresses accepts, we refuse.
    #[test]
    fn no_other_spelling_of_an_address_passes(
        address: u32,
        parts in 1_u32..=4,
        bases in proptest::array::uniform4(0_u8..3),
    ) {
        let last_bits = 8 * (5 - parts);
        let mut texts: Vec<String> = (0..parts - 1)
            .map(|part| spelled((address >> (24 - 8 * part)) & 0xff, bases[usize::try_from(part).unwrap()]))
            .collect();
        let last = u64::from(address) & ((1_u64 << last_bits) - 1);
        texts.push(spelled(u32::try_from(last).unwrap(), bases[3]));
        let host = texts.join(".");
        let raw = format!("http://{host}/");
        let theirs = Url::parse(&raw).unwrap();
        prop_assert_eq!(theirs.host(), Some(url::Host::Ipv4(Ipv4Addr::from(address))));
        match WebUrl::parse(&raw) {
            Ok(_) => prop_assert_eq!(host, Ipv4Addr::from(address).to_string()),
            Err(refused) => prop_assert_eq!(refused, Refused::OddAddress),
        }
    }

    /// What passes is read the same by the other reader and by the hot path.
    #[test]
    fn every_reader_agrees_on_what_passes(raw in "https?://[a-c0-9.:/\\\\\\[\\]#?@%é。-]{0,16}") {
        if let Ok(url) = WebUrl::parse(&raw) {
            prop_assert_eq!(&Target::of_uri(&url.to_uri().unwrap()).unwrap(), url.target());
            let again = WebUrl::parse(url.as_str()).unwrap();
            prop_assert_eq!(again.target(), url.target());
        }
    }
}
