//! References within the document (RFC 6901 pointers). They are followed a bounded number of times, and
//! never out of the document.

use procura_model::Json;

/// How many references may lead to one another.
const MAX_HOPS: usize = 16;

/// The value itself, where it is a reference the one that it leads to; the error says why there is none.
pub(super) fn resolve<'d>(root: &'d Json, value: &'d Json) -> Result<&'d Json, &'static str> {
    let mut at = value;
    for _ in 0..MAX_HOPS {
        match at.member("$ref") {
            None => return Ok(at),
            Some(reference) => at = target(root, reference.as_text().unwrap_or_default())?,
        }
    }
    Err("its references go in a circle")
}

/// What a reference leads to.
pub(super) fn target<'d>(root: &'d Json, reference: &str) -> Result<&'d Json, &'static str> {
    let pointer = reference.strip_prefix("#/").ok_or("it refers to something outside the document")?;
    let found = pointer.split('/').try_fold(root, |at, step| {
        let name = decoded(step)?.replace("~1", "/").replace("~0", "~");
        match at {
            Json::List(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => at.member(&name),
        }
    });
    found.ok_or("it refers to something that is not there")
}

/// A step of a pointer in a URL is percent-encoded.
fn decoded(step: &str) -> Option<String> {
    if !step.contains('%') {
        return Some(step.to_owned());
    }
    let mut out = Vec::with_capacity(step.len());
    let mut bytes = step.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let pair = [bytes.next()?, bytes.next()?];
        out.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
    }
    String::from_utf8(out).ok()
}
