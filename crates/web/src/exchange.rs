//! One request and its answer, as the edge sees them: the id that the answer, the log and the
//! record share, the one time of the request, where it came from (AUD-1), who turned out to be
//! calling, and the limits that it was counted against.

use crate::{respond::Failure, state::WebState};
use axum::{
    extract::MatchedPath,
    http::{HeaderMap, Request, header::USER_AGENT, request::Parts},
};
use parking_lot::Mutex;
use procura_app::{
    Identified,
    limits::{self, Allowance, Limit},
};
use procura_model::{Ctx, Origin, Reason, RequestId, Time};
use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, OnceLock},
};

/// How much of a User-Agent header is kept.
const USER_AGENT_BYTES: usize = 256;

/// The address at the other end of the connection; `serve` puts it into every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// One request and its answer. Lives in the request's extensions as an `Arc`.
#[derive(Debug)]
pub struct Exchange {
    /// The request's id.
    pub request: RequestId,
    /// The time of the request.
    pub now: Time,
    /// Where it came from; its path as it is recorded.
    pub origin: Origin,
    ctx: OnceLock<Arc<Ctx>>,
    counted: Mutex<Vec<(Limit, Allowance)>>,
}

impl Exchange {
    /// Begins the exchange of this request.
    #[must_use]
    pub fn begin<B>(state: &WebState, request: &Request<B>) -> Self {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
        let ip = peer
            .map(|peer| client_address(peer, request.headers(), |address| state.is_trusted_proxy(address)));
        let user_agent = request.headers().get(USER_AGENT).map(|value| cut(value.as_bytes()));
        let now = state.app.now();
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        Self {
            request: RequestId::new(now, &state.app.entropy),
            now,
            origin: Origin {
                ip,
                user_agent,
                method: request.method().to_string(),
                path: recorded_path(route, request.uri().path()),
            },
            ctx: OnceLock::new(),
            counted: Mutex::new(Vec::new()),
        }
    }

    /// The exchange of the request that these parts belong to.
    ///
    /// # Errors
    /// `INTERNAL` when the route was mounted outside the edge.
    pub fn of(parts: &Parts) -> Result<Arc<Self>, Failure> {
        parts.extensions.get::<Arc<Self>>().cloned().ok_or_else(|| Failure::from(Reason::Internal))
    }

    /// Makes the context for somebody who was identified; the edge records the request under it.
    #[must_use]
    pub fn enter(&self, state: &WebState, identified: Identified) -> Arc<Ctx> {
        let mut ctx = state.app.ctx(identified, self.origin.clone());
        ctx.request = self.request;
        ctx.now = self.now;
        Arc::clone(self.ctx.get_or_init(|| Arc::new(ctx)))
    }

    /// The context, where somebody was identified.
    #[must_use]
    pub fn ctx(&self) -> Option<&Arc<Ctx>> {
        self.ctx.get()
    }

    /// Counts the request against a limit.
    ///
    /// # Errors
    /// `RATE_LIMITED` when it came too early.
    pub fn count(&self, state: &WebState, limit: Limit, key: &str) -> Result<(), Failure> {
        let allowance = limits::check(&state.app, limit, key);
        let refusal = (!allowance.allowed).then(|| Failure(limits::refusal(&allowance)));
        self.counted.lock().push((limit, allowance));
        refusal.map_or(Ok(()), Err)
    }

    /// The limits that the request was counted against.
    #[must_use]
    pub fn counted(&self) -> Vec<(Limit, Allowance)> {
        std::mem::take(&mut self.counted.lock())
    }

    /// Under what name the caller's address is limited. One IPv6 subscriber holds a whole /64.
    #[must_use]
    pub fn address_key(&self) -> String {
        match self.origin.ip.map(|ip| ip.to_canonical()) {
            None => "unknown".to_owned(),
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).to_string()
            }
        }
    }
}

/// The path as it is recorded. What stands in it where a route has a name is kept if it is an id of ours; anything else
/// may be a link's secret, or a user's token or address in the wrong place, so the route's own name stands for it
/// (USR-5, USR-7). A path of no route leaves nothing.
fn recorded_path(route: Option<&str>, path: &str) -> String {
    let Some(route) = route else { return "/{unknown}".to_owned() };
    let mut named = route.split('/');
    let segment = |sent| match named.next() {
        Some(name) if name.starts_with('{') && is_id(sent) => sent,
        Some(name) => name,
        None => "{unknown}",
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Whether a text has the form of an id: a short word, `_`, and 26 characters.
fn is_id(text: &str) -> bool {
    let is_word = |word: &str| (3..=4).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase());
    let is_body =
        |body: &str| body.len() == 26 && body.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    text.split_once('_').is_some_and(|(word, body)| is_word(word) && is_body(body))
}

fn cut(raw: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(raw).into_owned();
    text.truncate(text.floor_char_boundary(USER_AGENT_BYTES));
    text
}

/// The address of the client: the peer's, or, where the peer is a trusted proxy, the last address
/// in `X-Forwarded-For` that is no trusted proxy. What stands further left the client may have made
/// up itself; an entry that cannot be read ends the walk at the last one that could.
fn client_address(peer: IpAddr, headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut address = peer.to_canonical();
    let values: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    for entry in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        if !is_trusted(address) {
            break;
        }
        let Some(next) = address_of(entry.trim()) else { break };
        address = next.to_canonical();
    }
    address
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted = |address: IpAddr| address.to_string().starts_with("10.");
        client_address(peer.parse().unwrap(), &headers, trusted).to_string()
    }

    #[test]
    fn of_a_path_the_route_and_our_own_ids_are_recorded() {
        let id = "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C";
        for (route, path, recorded) in [
            ("/v1/agents", "/v1/agents", "/v1/agents"),
            ("/v1/agents/{agentId}/keys", "/v1/agents/agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C/keys", ""),
            ("/v1/agents/{agentId}/keys", "/v1/agents/ada@mail.example/keys", "/v1/agents/{agentId}/keys"),
            ("/setup/{link}", "/setup/pcl_0123456789", "/setup/{link}"),
            ("/v1/mcp/{server}", "/v1/mcp/eyJhbGciOiJFZERTQSJ9.e30.c2ln", "/v1/mcp/{server}"),
            ("/a/{id}", "/a/agt_01jd9z3v5m8q6t2w4x7y9a1b3c", "/a/{id}"),
            ("/", "/", "/"),
        ] {
            let recorded =
                if recorded.is_empty() { format!("/v1/agents/{id}/keys") } else { recorded.to_owned() };
            assert_eq!(recorded_path(Some(route), path), recorded);
        }
        assert_eq!(recorded_path(None, "/ada@mail.example"), "/{unknown}");
    }

    #[test]
    fn the_client_is_the_last_address_that_no_trusted_proxy_vouches_for() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"]), "203.0.113.9", "nobody trusts the peer");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4", "198.51.100.1,10.0.0.2"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1, unknown"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }
}
