//! The entries of a Kubernetes Secret written in YAML. Their names are free, so no name tells that the value is secret: the
//! `kind` of the document does. An entry goes with its name, which often is the name of a user or a host.

use super::class::{BASE64, is_in, is_placeholder};
use super::cut::Hit;
use super::place::decode64;

/// How far the `kind` may be from the entries, in bytes.
const REACH: usize = 4096;
/// Entries of one Secret that are looked at.
const MOST_ENTRIES: usize = 256;
/// The shortest value that is taken out, in bytes.
const SHORTEST: usize = 8;

/// What is remembered from one `data:` to the next, so that no stretch of text is looked through for each.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    /// Up to where entries were looked at.
    until: usize,
    /// Up to where the last answer about the document around holds, and that answer.
    known: Option<(usize, bool)>,
}

impl Secrets {
    /// The entries below the `data:` that ends at `end`, if it belongs to a Secret.
    pub(crate) fn entries(&mut self, text: &str, end: usize, hits: &mut Vec<Hit>) {
        let Some(indent) = indent_of(text, end).filter(|_| end >= self.until) else { return };
        if !self.is_secret(text, end) {
            return;
        }
        let mut lines = Lines { text, at: end };
        // What follows on the line of `data:` itself is no entry.
        lines.next();
        for (start, line) in lines.take(MOST_ENTRIES) {
            let depth = line.len() - line.trim_start().len();
            let content = line.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if depth <= indent {
                break;
            }
            self.until = start + line.len();
            if let Some(length) = entry_length(text, start + depth, content) {
                hits.push(Hit {
                    start: start + depth,
                    end: start + depth + length,
                    kind: "kubernetes-secret",
                });
            }
        }
    }

    /// Whether the document around says that it is a Secret; one look holds for half of its reach, or to the next document.
    fn is_secret(&mut self, text: &str, at: usize) -> bool {
        if let Some((_, is_secret)) = self.known.filter(|(until, _)| at < *until) {
            return is_secret;
        }
        let is_secret = is_secret(text, at);
        let reach = text.get(at..crate::offsets::floor_boundary(text, at + REACH / 2)).unwrap_or_default();
        let next = memchr::memmem::find(reach.as_bytes(), b"\n---").unwrap_or(reach.len());
        self.known = Some((at + next, is_secret));
        is_secret
    }
}

/// Lines and where they begin.
struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Lines<'t> {
    type Item = (usize, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let line = rest.get(..memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len()))?;
        self.at = start + line.len() + 1;
        Some((start, line))
    }
}

/// How far the line of `data:` (or `stringData:`) is indented; none if something else stands on it.
fn indent_of(text: &str, end: usize) -> Option<usize> {
    let from = crate::offsets::floor_boundary(text, end.saturating_sub(96));
    let before = text.get(from..end)?;
    let line = before.get(before.rfind('\n').map_or(0, |at| at + 1)..)?;
    let word = line.trim_start();
    let is_alone = text.as_bytes().get(end).is_none_or(|byte| b"\r\n #".contains(byte));
    (is_alone && (word.eq_ignore_ascii_case("data:") || word.eq_ignore_ascii_case("stringdata:")))
        .then_some(line.len() - word.len())
}

/// Whether the document around says that it is a Secret.
fn is_secret(text: &str, at: usize) -> bool {
    let from = crate::offsets::floor_boundary(text, at.saturating_sub(REACH));
    let to = crate::offsets::floor_boundary(text, at + REACH);
    let (Some(before), Some(after)) = (text.get(from..at), text.get(at..to)) else { return false };
    let before = before.rsplit("\n---").next().unwrap_or(before);
    let after = after.split("\n---").next().unwrap_or(after);
    before.lines().chain(after.lines()).any(|line| {
        let Some((name, value)) = line.trim().split_once(':') else { return false };
        let quotes = ['"', '\'', ' '];
        name.trim_matches(quotes).eq_ignore_ascii_case("kind")
            && value.trim_matches(quotes).eq_ignore_ascii_case("secret")
    })
}

/// The length of `name: value`, over a folded value on the next lines, if the value is worth hiding.
fn entry_length(text: &str, start: usize, content: &str) -> Option<usize> {
    let (name, value) = content.split_once(':')?;
    let value = value.trim();
    if name.contains(char::is_whitespace) {
        return None;
    }
    if !value.is_empty() && value.bytes().all(|byte| b"|>+-".contains(&byte)) {
        let mut lines = Lines { text, at: start };
        let (_, first) = lines.next()?;
        let (line_start, next) = lines.next()?;
        let body = next.trim();
        let is_body = body.len() >= SHORTEST && body.bytes().all(|byte| is_in(byte, BASE64));
        let end = line_start + next.trim_end().len();
        return (is_body && !first.is_empty()).then(|| end - start);
    }
    let bare = value.trim_matches(['"', '\'']);
    is_worth_hiding(bare).then_some(content.len())
}

fn is_worth_hiding(value: &str) -> bool {
    if value.len() < SHORTEST || value.contains("[redacted:") || is_placeholder(value) {
        return false;
    }
    let public = |decoded: &[u8]| {
        let is_word = |byte: &u8| byte.is_ascii_lowercase() || b"-._".contains(byte);
        decoded.starts_with(b"-----BEGIN CERT") || decoded.iter().all(is_word)
    };
    !decode64(value).is_some_and(|decoded| public(&decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut hits = Vec::new();
        let mut secrets = Secrets::default();
        let end = text.to_ascii_lowercase().find("data:\n").unwrap() + 5;
        secrets.entries(text, end, &mut hits);
        hits.iter().map(|hit| text.get(hit.start..hit.end).unwrap()).collect()
    }

    #[test]
    fn the_entries_of_a_secret_are_found_wherever_its_kind_stands() {
        let entries = "data:\n  # of the shop\n  lamp: QmxhdWVzTGljaHQ3Nw==\n  user: YWRtaW4=\n  \".cfg\": |\n    QmxhdWVzTGljaHQ3Nw==\nmetadata:\n  lamp: QmxhdWVzTGljaHQ3Nw==\n";
        for text in [format!("kind: Secret\n{entries}"), format!("{entries}kind: 'secret'\n")] {
            assert_eq!(found(&text), ["lamp: QmxhdWVzTGljaHQ3Nw==", "\".cfg\": |\n    QmxhdWVzTGljaHQ3Nw=="]);
        }
        assert_eq!(found(&format!("kind: ConfigMap\n{entries}")), Vec::<&str>::new());
        assert_eq!(found(&format!("{entries}---\nkind: Secret\n")), Vec::<&str>::new());
    }

    #[test]
    fn what_is_public_in_a_secret_stays() {
        let text = "kind: Secret\ndata:\n  a: bmFtZXNwYWNl\n  b: \"[redacted:jwt]\"\n  c: {{ .Values.c }}\n  d: short\n";
        assert_eq!(found(text), Vec::<&str>::new());
    }
}
