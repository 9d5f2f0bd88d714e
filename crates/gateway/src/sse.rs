//! Server-sent events, read as they come in pieces of any size, and written. A reader keeps one
//! event at a time and refuses one that is larger than its bound: an upstream that floods costs no
//! more memory than that.

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SseEvent {
    /// The lines of `data`, joined.
    pub(crate) data: Vec<u8>,
    /// `id`, where there is one; kept for resumption.
    pub(crate) id: Option<String>,
    /// `retry` in milliseconds.
    pub(crate) retry_ms: Option<u64>,
}

/// The stream holds an event that is larger than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// Reads a stream piece by piece.
#[derive(Debug)]
pub(crate) struct SseReader {
    line: Vec<u8>,
    event: SseEvent,
    has_data: bool,
    skip_line_feed: bool,
    at_start: bool,
    max_bytes: usize,
}

impl SseReader {
    /// A reader of events of at most so many bytes.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            line: Vec::new(),
            event: SseEvent::default(),
            has_data: false,
            skip_line_feed: false,
            at_start: true,
            max_bytes,
        }
    }

    /// Takes the next piece; finished events are added to `out`.
    pub(crate) fn push(&mut self, mut piece: &[u8], out: &mut Vec<SseEvent>) -> Result<(), TooLarge> {
        while !piece.is_empty() {
            if std::mem::take(&mut self.skip_line_feed) && piece.first() == Some(&b'\n') {
                piece = piece.get(1..).unwrap_or_default();
                continue;
            }
            let end = piece.iter().position(|b| *b == b'\n' || *b == b'\r');
            let taken = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
            if self.line.len() + self.event.data.len() + taken.len() > self.max_bytes {
                return Err(TooLarge);
            }
            self.line.extend_from_slice(taken);
            let Some(end) = end else { break };
            self.skip_line_feed = piece.get(end) == Some(&b'\r');
            piece = piece.get(end + 1..).unwrap_or_default();
            self.end_of_line(out);
        }
        Ok(())
    }

    fn end_of_line(&mut self, out: &mut Vec<SseEvent>) {
        let line = std::mem::take(&mut self.line);
        let mut text = line.as_slice();
        if std::mem::take(&mut self.at_start) {
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        }
        if text.is_empty() {
            let event = std::mem::take(&mut self.event);
            if std::mem::take(&mut self.has_data) || event.id.is_some() || event.retry_ms.is_some() {
                out.push(event);
            }
        } else {
            self.field(text);
        }
        self.line = line;
        self.line.clear();
    }

    fn field(&mut self, line: &[u8]) {
        let colon = line.iter().position(|b| *b == b':').unwrap_or(line.len());
        let name = line.get(..colon).unwrap_or_default();
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push(b'\n');
                }
                self.event.data.extend_from_slice(value);
            }
            b"id" if !value.contains(&0) => self.event.id = String::from_utf8(value.to_vec()).ok(),
            b"retry" => {
                self.event.retry_ms = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            }
            _ => {}
        }
    }
}

/// One message as an event. JSON on the wire has no line break outside strings unless a peer put one
/// there, so each line gets its own `data`.
pub(crate) fn event(message: &str) -> String {
    let mut out = String::with_capacity(message.len() + 32);
    out.push_str("event: message\n");
    for line in message.split(['\n', '\r']) {
        out.push_str("data: ");
        out.push_str(line);
        out.push('\n');
    }
    out.push('\n');
    out
}

/// A comment that keeps a quiet stream open.
pub(crate) const KEEP_ALIVE: &[u8] = b": still here\n\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(stream: &[u8], size: usize) -> Vec<SseEvent> {
        let mut reader = SseReader::new(1_000);
        let mut out = Vec::new();
        for piece in stream.chunks(size) {
            reader.push(piece, &mut out).unwrap();
        }
        out
    }

    #[test]
    fn pieces_of_any_size_give_the_same_events() {
        let stream = b"\xef\xbb\xbf: hello\r\nid: 7\r\nretry: 300\r\ndata:\r\n\r\nevent: message\ndata: {\"a\":\ndata: \xc3\xa9}\n\nid: 8\rdata:x\r\rdata: cut";
        let whole = read(stream, stream.len());
        assert_eq!(whole.len(), 3);
        assert_eq!(whole[0], SseEvent { data: vec![], id: Some("7".to_owned()), retry_ms: Some(300) });
        assert_eq!(whole[1].data, "{\"a\":\né}".as_bytes());
        assert_eq!((whole[2].data.as_slice(), whole[2].id.as_deref()), (&b"x"[..], Some("8")));
        for size in 1..stream.len() {
            assert_eq!(read(stream, size), whole, "in pieces of {size}");
        }
    }

    #[test]
    fn an_event_over_the_bound_is_refused_at_once() {
        let mut reader = SseReader::new(100);
        let mut out = Vec::new();
        assert_eq!(reader.push(&[b'x'; 101], &mut out), Err(TooLarge));
        let mut reader = SseReader::new(100);
        let flood = "data: xxxxxxxxxx\n".repeat(20);
        assert_eq!(reader.push(flood.as_bytes(), &mut out), Err(TooLarge));
    }

    #[test]
    fn what_is_written_reads_back() {
        let read = read(event("{\"a\":1,\n\"b\":2}").as_bytes(), 5);
        assert_eq!(read[0].data, b"{\"a\":1,\n\"b\":2}");
    }
}
