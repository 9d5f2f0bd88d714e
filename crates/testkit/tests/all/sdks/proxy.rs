//! What may lie between a program and its server: a line that cuts, delays and bends, and somebody who answers in its place.
//! Everything passes through to the real server but what the fault says.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Method;
use parking_lot::Mutex;
use procura_testkit::world::{Http, Seen};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How long a late answer is late, in milliseconds.
pub(crate) const LATE_MS: u64 = 4_000;
/// Of somebody who is not the server.
const STRANGER: [u8; 32] = [7; 32];

/// What goes wrong with an answer to `POST /v1/verify`, unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The connection ends when the server has answered.
    Cut,
    /// That happens to the first request alone.
    CutOnce,
    /// The first answer alone is lost.
    LostOnce,
    /// The first request is answered by 503.
    BusyOnce,
    /// Nothing comes.
    Silent,
    /// It comes late.
    Late,
    /// It comes byte by byte, and would take minutes.
    Drip,
    /// Some of its bytes are others.
    Garbled,
    /// The connection ends in the middle of the body.
    Truncated,
    /// The body is half of it, and says that it is whole.
    Half,
    /// It is a page.
    Page,
    /// It is JSON, and no object.
    List,
    /// It is an object, and no decision.
    Empty,
    /// It is larger than any answer.
    Huge,
    /// It leads elsewhere: to one who would allow it.
    Redirect,
    /// 500 with the server's own body.
    Broken,
    /// 503 with the server's own body, each time.
    Busy,
    /// 502 with a page.
    Gateway,
    /// There is no receipt.
    Unsigned,
    /// The receipt has no signature.
    Stripped,
    /// The receipt says that it needs none.
    AlgNone,
    /// Signed by a stranger under the server's name.
    Stranger,
    /// Signed by a stranger under his own name, and his key stands in the header.
    Introduced,
    /// Signed by a stranger whose key set answers for the server's.
    Usurped,
    /// The first answer again.
    Replayed,
    /// The server is asked for another action than the program asked for.
    Swapped,
    /// A denial says that it allows.
    Flipped,
    /// The answer names another reservation than was signed.
    Rebooked,
    /// The key set is empty when it is first asked for.
    OldKeys,
    /// The key set is a page, always.
    NoKeys,
    /// Commits and releases are answered by 500.
    Unsettled,
}

/// A proxy with one fault; it ends with this value.
pub(crate) struct Proxy {
    url: String,
    task: JoinHandle<()>,
}

struct Line {
    fault: Fault,
    server: Http,
    /// The first answer, and how many requests came.
    first: Mutex<Option<Value>>,
    asked: Mutex<usize>,
}

struct Asked {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer as it will be written.
struct Answer {
    status: u16,
    kind: &'static str,
    body: Vec<u8>,
    more: String,
}

impl Answer {
    fn json(status: u16, body: &Value) -> Self {
        Self { status, kind: "application/json", body: body.to_string().into_bytes(), more: String::new() }
    }

    fn page(status: u16) -> Self {
        let body = b"<!doctype html><title>Something else</title>".to_vec();
        Self { status, kind: "text/html", body, more: String::new() }
    }

    fn error(status: u16, code: &str) -> Self {
        let body = json!({"success": false, "code": code, "error": "It broke.", "fix": "Try again.",
            "requestId": "req_01KB4T5XW0000000000000000A"});
        Self::json(status, &body)
    }

    fn head(&self, length: usize) -> String {
        let (status, kind, more) = (self.status, self.kind, &self.more);
        format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n{more}\r\n"
        )
    }
}

impl Proxy {
    /// A proxy to the server at this address.
    #[expect(clippy::disallowed_methods, reason = "it is aborted when its value is dropped")]
    pub(crate) async fn start(fault: Fault, server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Http::new(server, Seen::default());
        let line = Arc::new(Line { fault, server, first: Mutex::default(), asked: Mutex::default() });
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let line = Arc::clone(&line);
                // A connection that the program gave up ends by an error that nobody need hear.
                tokio::spawn(async move { line.serve(stream).await.unwrap_or_default() });
            }
        });
        Self { url, task }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let Some(asked) = read(&mut stream).await? else { return Ok(()) };
        let is_question = asked.path == "/v1/verify";
        let turn = {
            let mut count = self.asked.lock();
            *count += usize::from(is_question);
            *count
        };
        if is_question && self.fault == Fault::CutOnce && turn == 1 {
            return Ok(());
        }
        let answer = self.answer(asked, turn).await;
        if !is_question {
            return write(&mut stream, &answer, answer.body.len()).await;
        }
        match self.fault {
            Fault::Cut => Ok(()),
            Fault::LostOnce if turn == 1 => Ok(()),
            Fault::Silent => {
                pause(LATE_MS * 4).await;
                Ok(())
            }
            Fault::Late => {
                pause(LATE_MS).await;
                write(&mut stream, &answer, answer.body.len()).await
            }
            Fault::Drip => {
                stream.write_all(answer.head(answer.body.len()).as_bytes()).await?;
                for byte in &answer.body {
                    stream.write_all(&[*byte]).await?;
                    stream.flush().await?;
                    pause(100).await;
                }
                Ok(())
            }
            Fault::Truncated => {
                stream.write_all(answer.head(answer.body.len()).as_bytes()).await?;
                stream.write_all(&answer.body[..answer.body.len() / 2]).await?;
                stream.shutdown().await
            }
            _ => write(&mut stream, &answer, answer.body.len()).await,
        }
    }

    async fn answer(&self, mut asked: Asked, turn: usize) -> Answer {
        let path = asked.path.clone();
        let is_question = path == "/v1/verify";
        if is_question && self.fault == Fault::Swapped {
            let text = String::from_utf8(asked.body).unwrap();
            asked.body = text.replace("purchase.gift", "purchase.ticket").into_bytes();
        }
        let settles = path.ends_with("/commit") || path.ends_with("/release");
        match self.fault {
            Fault::Unsettled if settles => return Answer::error(500, "INTERNAL"),
            Fault::NoKeys if path.ends_with("jwks.json") => return Answer::page(200),
            Fault::Usurped if path.ends_with("jwks.json") => return Answer::json(200, &stranger_keys()),
            Fault::OldKeys
                if path.ends_with("jwks.json") && self.first.lock().replace(json!(1)).is_none() =>
            {
                return Answer::json(200, &json!({"keys": []}));
            }
            Fault::BusyOnce if is_question && turn == 1 => return Answer::error(503, "UNAVAILABLE"),
            _ => {}
        }
        let mut call = self.server.call(asked.method, &path).bytes(asked.body);
        for (name, value) in asked.headers {
            let kept = ["authorization", "content-type", "idempotency-key"];
            if let Some(name) = kept.into_iter().find(|kept| name.eq_ignore_ascii_case(kept)) {
                call = call.header(name, &value);
            }
        }
        let Ok(reply) = call.try_send().await else { return Answer::error(503, "UNAVAILABLE") };
        let json = reply.json();
        if is_question { self.bend(reply.status, json) } else { Answer::json(reply.status, &json) }
    }

    fn bend(&self, status: u16, mut json: Value) -> Answer {
        let plain = Answer::json(status, &json);
        match self.fault {
            Fault::Garbled => {
                let mut body = plain.body;
                body.iter_mut().skip(3).step_by(5).for_each(|byte| *byte ^= 0x9d);
                Answer { body, ..Answer::json(status, &json) }
            }
            Fault::Half => {
                Answer { body: plain.body[..plain.body.len() / 2].to_vec(), ..Answer::json(200, &json) }
            }
            Fault::Page => Answer::page(200),
            Fault::List => Answer::json(200, &json!([json])),
            Fault::Empty => Answer::json(200, &json!({"success": true, "allowed": true})),
            Fault::Huge => {
                json["reason"] = json!("x".repeat(2 * 1024 * 1024));
                Answer::json(200, &json)
            }
            Fault::Redirect => {
                let more = format!("location: {}/v1/verify\r\n", self.server.base());
                Answer { more, ..Answer::json(307, &json) }
            }
            Fault::Broken => Answer::error(500, "INTERNAL"),
            Fault::Busy => Answer::error(503, "UNAVAILABLE"),
            Fault::Gateway => Answer::page(502),
            Fault::Replayed => Answer::json(200, self.first.lock().get_or_insert(json)),
            Fault::Flipped => {
                json["allowed"] = json!(true);
                json["decision"] = json!("allow");
                Answer::json(200, &json)
            }
            Fault::Rebooked => {
                json["reservationId"] = json!("rsv_01KB4T5XW0000000000000000H");
                Answer::json(200, &json)
            }
            _ => {
                if let Some(receipt) = json.get("receipt").and_then(Value::as_str) {
                    let bent = self.bent(receipt);
                    json["receipt"] = bent;
                }
                Answer::json(status, &json)
            }
        }
    }

    /// The receipt, as whoever has no key would leave it.
    fn bent(&self, receipt: &str) -> Value {
        let mut parts = receipt.split('.');
        let (head, content) = (parts.next().unwrap(), parts.next().unwrap());
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
        let signed_by_stranger = |header: &Value| {
            let signed = format!("{}.{content}", URL_SAFE_NO_PAD.encode(header.to_string()));
            let signature = stranger().sign(signed.as_bytes());
            json!(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
        };
        match self.fault {
            Fault::Unsigned => Value::Null,
            Fault::Stripped => json!(format!("{head}.{content}.")),
            Fault::AlgNone => {
                let head = json!({"alg": "none", "typ": header["typ"]}).to_string();
                json!(format!("{}.{content}.", URL_SAFE_NO_PAD.encode(head)))
            }
            Fault::Stranger => signed_by_stranger(&header),
            Fault::Introduced => {
                let key = &stranger_keys()["keys"][0];
                let mut header = header;
                header["kid"] = key["kid"].clone();
                header["jwk"] = key.clone();
                signed_by_stranger(&header)
            }
            Fault::Usurped => {
                let mut header = header;
                header["kid"] = json!("stranger");
                signed_by_stranger(&header)
            }
            _ => json!(receipt),
        }
    }
}

fn stranger() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&STRANGER).unwrap()
}

fn stranger_keys() -> Value {
    let x = URL_SAFE_NO_PAD.encode(stranger().public_key());
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "stranger", "x": x}]})
}

#[expect(clippy::disallowed_methods, reason = "to be late is what this is for")]
async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

async fn write(stream: &mut TcpStream, answer: &Answer, length: usize) -> std::io::Result<()> {
    stream.write_all(answer.head(length).as_bytes()).await?;
    stream.write_all(&answer.body).await?;
    stream.shutdown().await
}

/// A whole request; none where the connection ended before it.
async fn read(stream: &mut TcpStream) -> std::io::Result<Option<Asked>> {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes.drain(..end + 4);
        let length = head.lines().filter_map(|line| line.split_once(':'));
        let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length = length.next().map_or(0, |(_, value)| value.trim().parse::<usize>().unwrap());
        break (head, length);
    };
    while bytes.len() < length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers = lines.filter_map(|line| line.split_once(':'));
    Ok(Some(Asked {
        method: method.parse().unwrap(),
        path: path.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect(),
        body: bytes,
    }))
}
