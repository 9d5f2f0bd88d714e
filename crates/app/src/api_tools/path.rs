//! The path of a declared tool: fixed text and places, segment by segment.

/// A path with places.
#[derive(Clone, Debug)]
pub(super) struct PathTemplate(Vec<Segment>);

type Segment = Vec<Piece>;

/// A part of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Text that stands in every URL.
    Fixed(String),
    /// The place of the parameter of this name.
    Place(String),
}

const MAX_PATH_BYTES: usize = 1_024;

impl PathTemplate {
    /// Reads a template such as `/customers/{customerId}/orders`; the error says what the path must be.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let rest = text.strip_prefix('/').ok_or("must begin with /")?;
        if text.len() > MAX_PATH_BYTES {
            return Err("must be at most 1,024 bytes long");
        }
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            let pieces = pieces(segment)?;
            let is_dots = matches!(pieces.as_slice(), [Piece::Fixed(text)] if text == "." || text == "..");
            if is_dots {
                return Err("must not hold the segments . and ..");
            }
            segments.push(pieces);
        }
        let is_empty = |segment: &Segment| segment.is_empty();
        if segments.iter().rev().skip(1).any(is_empty) {
            return Err("must not hold an empty segment but at its end");
        }
        Ok(Self(segments))
    }

    /// The names of its places.
    pub(super) fn places(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flatten().filter_map(|piece| match piece {
            Piece::Place(name) => Some(name.as_str()),
            Piece::Fixed(_) => None,
        })
    }

    /// The path with every place filled. A value stays within its segment: it is not empty, holds neither
    /// `/` nor `\` nor control characters (some servers take `%2F` apart again), and no segment becomes
    /// `.` or `..`. The error is the name of the place whose value cannot stand there.
    pub(super) fn fill(&self, value: impl Fn(&str) -> Option<String>) -> Result<String, &str> {
        let mut path = String::new();
        for segment in &self.0 {
            path.push('/');
            let begin = path.len();
            let mut last = "";
            for piece in segment {
                match piece {
                    Piece::Fixed(text) => path.push_str(text),
                    Piece::Place(name) => {
                        last = name;
                        let value = value(name).filter(|value| stays_within(value)).ok_or(last)?;
                        encode(&value, &mut path);
                    }
                }
            }
            // Some servers take away what follows a `;` before they look for dots (RFC 3986 section 3.3).
            let name = path.get(begin..).and_then(|segment| segment.split(';').next());
            if !last.is_empty() && matches!(name, Some("." | ".." | "") | None) {
                return Err(last);
            }
        }
        Ok(path)
    }
}

fn stays_within(value: &str) -> bool {
    !value.is_empty() && !value.chars().any(|c| c == '/' || c == '\\' || c.is_control())
}

/// A segment as its pieces. Fixed text is what RFC 3986 lets stand in a segment, so that no reader of URLs
/// writes it otherwise.
fn pieces(segment: &str) -> Result<Segment, &'static str> {
    let mut out = Vec::new();
    let mut rest = segment;
    while !rest.is_empty() {
        let end = rest.find('{').unwrap_or(rest.len());
        let (fixed, after) = rest.split_at(end);
        if !fixed.is_empty() {
            if !is_fixed(fixed) {
                return Err("must hold only letters, digits, -._~!$&()*+,;=:@, valid %XX and places in { }");
            }
            out.push(Piece::Fixed(fixed.to_owned()));
        }
        let Some(inner) = after.strip_prefix('{') else { break };
        let (name, after) = inner.split_once('}').ok_or("must close every { with }")?;
        if name.is_empty() || name.contains('{') {
            return Err("must name a parameter in every { }");
        }
        out.push(Piece::Place(name.to_owned()));
        rest = after;
    }
    Ok(out)
}

fn is_fixed(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_good = match byte {
            // An encoded dot, slash or backslash would be read by some as what it stands for.
            b'%' => match (bytes.next(), bytes.next()) {
                (Some(high), Some(low)) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => !matches!(
                    (high, low.to_ascii_lowercase()),
                    (b'2', b'e' | b'f') | (b'5', b'c') | (b'0' | b'1', _)
                ),
                _ => false,
            },
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&()*+,;=:@".contains(&byte),
        };
        if !is_good {
            return false;
        }
    }
    true
}

/// Percent-encodes everything but what RFC 3986 section 2.3 calls unreserved.
pub(super) fn encode(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fill(template: &str, value: &str) -> Option<String> {
        PathTemplate::parse(template).unwrap().fill(|_| Some(value.to_owned())).ok()
    }

    #[test]
    fn a_value_stays_in_its_place() {
        for (value, filled) in [
            ("c-1", "/customers/c-1/orders"),
            ("a b?c#d&e=f;g:h@i%2Fj", "/customers/a%20b%3Fc%23d%26e%3Df%3Bg%3Ah%40i%252Fj/orders"),
            ("é", "/customers/%C3%A9/orders"),
            ("...", "/customers/.../orders"),
        ] {
            assert_eq!(fill("/customers/{id}/orders", value).as_deref(), Some(filled));
        }
        for value in ["", ".", "..", "a/b", "../admin", "..\\admin", "a\r\nb", "a\0", "/"] {
            assert_eq!(fill("/customers/{id}/orders", value), None, "{value:?}");
        }
        assert_eq!(fill("/{a}{b}", "."), None);
        assert_eq!(fill("/v{a}.json", "..").as_deref(), Some("/v...json"));
        assert_eq!(fill("/.{a}", "."), None);
        assert_eq!(fill("/x/{a};v=1/y", ".."), None, "some servers read /x/..;v=1/y as /y");
        assert_eq!(fill("/x/{a};v=1/y", "a;..").as_deref(), Some("/x/a%3B..;v=1/y"));
    }

    #[test]
    fn a_template_is_a_plain_path() {
        for text in [
            "",
            "a",
            "//a",
            "/a//b",
            "/../a",
            "/a/..",
            "/.",
            "/a?b",
            "/a#b",
            "/a b",
            "/a\\b",
            "/%2e%2e/a",
            "/a%2Fb",
            "/%zz",
            "/{",
            "/{}",
            "/{a",
            "/a}",
            "/{{a}}",
            "/é",
        ] {
            assert!(PathTemplate::parse(text).is_err(), "{text}");
        }
        let template = PathTemplate::parse("/a/{b}/c-{d}.json/%20/").unwrap();
        assert_eq!(template.places().collect::<Vec<_>>(), ["b", "d"]);
        assert!(PathTemplate::parse("/").is_ok());
    }

    proptest! {
        #[test]
        fn no_value_changes_the_structure(a in ".{0,24}", b in "[./\\\\%2eEfF?#&;:@ ]{0,8}") {
            let template = PathTemplate::parse("/x/{a}/y-{b}/z").unwrap();
            let value = |name: &str| Some(if name == "a" { a.clone() } else { b.clone() });
            if let Ok(path) = template.fill(value) {
                let whole = format!("https://h.example{path}?q=1");
                let url = procura_egress::WebUrl::parse(&whole).unwrap();
                prop_assert_eq!(url.as_str(), &whole);
                let segments: Vec<_> = path.split('/').collect();
                prop_assert_eq!(segments.len(), 5);
                prop_assert!(segments[1] == "x" && segments[3].starts_with("y-") && segments[4] == "z");
                prop_assert!(!segments.contains(&".."));
            }
        }
    }
}
