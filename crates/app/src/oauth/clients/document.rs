//! Client id metadata documents (draft-ietf-oauth-client-id-metadata-document): the client's id is the URL of a JSON
//! document in which the client says who it is. A stranger names the URL, so it is read as one reads what a stranger
//! names: over https through the one way out, never from a special-use address nor from this machine, without following
//! redirects, five kibibytes at the most, and within five seconds. One fetch serves all who wait for it.
//!
//! A good document is kept as its `Cache-Control` says (RFC 9111), between a minute and a day, and not at all where it
//! says `no-store` or `no-cache`; a failure is never kept (section 4.4), so the next who asks tries anew.

use super::metadata::{self, Said, Source};
use crate::{
    App,
    limits::{self, Limit},
};
use parking_lot::Mutex;
use procura_egress::{Egress, FetchRequest, Fetched, Lane, Purpose, Redirects, WebUrl};
use procura_model::{
    Error, Json, Reason, Result, Time,
    time::{DAY_MS, MINUTE_MS, SECOND_MS},
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Section 6.6 recommends it.
const MAX_BYTES: usize = 5 * 1_024;
const DEADLINE: Duration = Duration::from_secs(5);
const LEAST_MS: i64 = MINUTE_MS;
const USUAL_MS: i64 = 5 * MINUTE_MS;
const MOST_MS: i64 = DAY_MS;
/// How many documents are kept; then all are dropped and read anew.
const MAX_KEPT: usize = 4_096;

/// What came of a fetch: what the client says, or a sentence that names nothing of the document.
type Outcome = Result<Arc<Said>, String>;

/// The documents that this node keeps, and the fetches that are under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Documents(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    kept: HashMap<String, Kept>,
    flights: HashMap<String, watch::Receiver<Option<Outcome>>>,
}

#[derive(Debug)]
struct Kept {
    said: Arc<Said>,
    fetched_at: Time,
    fresh_ms: i64,
}

enum Next {
    Kept(Arc<Said>),
    Wait(watch::Receiver<Option<Outcome>>),
    Fetch(watch::Sender<Option<Outcome>>, watch::Receiver<Option<Outcome>>),
}

/// Demands that the operator lets clients be named by documents.
///
/// # Errors
/// `OAUTH_CLIENT_DOCUMENT_INVALID` where they are switched off.
pub(super) fn demand_taken(app: &App) -> Result<()> {
    if app.settings.oauth.documents {
        return Ok(());
    }
    Err(Reason::OauthDocumentInvalid.because("Clients cannot be named by a metadata document here."))
}

/// Demands that somebody at this address may name one more document that nobody here has read: each is a request of ours
/// to where a stranger says, and then a row. `from` is a code of the address.
///
/// # Errors
/// `RATE_LIMITED` where too many came from there, or there are too many in all.
pub(super) async fn admit(app: &App, from: &str) -> Result<()> {
    let allowance = limits::check(app, Limit::Registration, &format!("document {from}"));
    if !allowance.allowed {
        return Err(limits::refusal(&allowance));
    }
    let mut lobby = app.store.lobby();
    if lobby.oauth_documents_unused(from).await? >= app.settings.oauth.unused_clients {
        return Err(Reason::RateLimited
            .because("Too many clients were named from this address and never let in; use one of them."));
    }
    if lobby.oauth_documents().await? >= app.settings.oauth.max_documents {
        tracing::warn!("no further client by document is taken: oauth.max_documents is reached");
        return Err(Reason::RateLimited
            .because("This server knows as many clients by document as its operator lets it; ask them."));
    }
    Ok(())
}

/// What the client of this URL says of itself.
///
/// # Errors
/// `OAUTH_CLIENT_DOCUMENT_INVALID`.
pub(super) async fn read(app: &App, now: Time, url: &str) -> Result<Arc<Said>> {
    check_url(url).map_err(|sentence| Reason::OauthDocumentInvalid.because(sentence))?;
    let documents = &app.oauth_clients.documents;
    let next = documents.0.lock().next(url, now);
    let mut flight = match next {
        Next::Kept(said) => return Ok(said),
        Next::Wait(flight) => flight,
        Next::Fetch(done, flight) => {
            let (egress, documents, url) = (Arc::clone(&app.egress), documents.clone(), url.to_owned());
            app.jobs.spawn_until_stop(async move {
                let fetched = fetch(&egress, &url).await;
                documents.0.lock().land(&url, &fetched, now);
                done.send_replace(Some(fetched.map(|(said, _)| said)));
            });
            flight
        }
    };
    // Ends with an error when the fetch was broken off.
    let landed = flight.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
    let outcome = landed.unwrap_or_else(|| Err("The fetch of the document was broken off.".to_owned()));
    outcome.map_err(|sentence| Reason::OauthDocumentInvalid.because(sentence))
}

impl State {
    fn next(&mut self, url: &str, now: Time) -> Next {
        // Requests do not come in the order of their times, and a clock may be set back: both directions count.
        let is_fresh = |kept: &&Kept| now.ms_since(kept.fetched_at).saturating_abs() < kept.fresh_ms;
        if let Some(kept) = self.kept.get(url).filter(is_fresh) {
            return Next::Kept(Arc::clone(&kept.said));
        }
        // A flight whose task was dropped has ended too.
        if let Some(flight) = self.flights.get(url).filter(|flight| flight.has_changed().is_ok()) {
            return Next::Wait(flight.clone());
        }
        let (done, flight) = watch::channel(None);
        self.flights.insert(url.to_owned(), flight.clone());
        Next::Fetch(done, flight)
    }

    fn land(&mut self, url: &str, fetched: &Result<(Arc<Said>, i64), String>, at: Time) {
        self.flights.remove(url);
        // What was good before is not used when it is bad now.
        self.kept.remove(url);
        if self.kept.len() >= MAX_KEPT {
            self.kept.clear();
        }
        if let Ok((said, fresh_ms)) = fetched
            && *fresh_ms > 0
        {
            let kept = Kept { said: Arc::clone(said), fetched_at: at, fresh_ms: *fresh_ms };
            self.kept.insert(url.to_owned(), kept);
        }
    }
}

/// Section 3: https, a path, neither dot segments nor fragment nor user. We ask for a path that says something, and
/// refuse a query, which the section advises against: one document, one id.
fn check_url(raw: &str) -> Result<(), &'static str> {
    let no = "The client_id is no URL of a client metadata document.";
    let url = WebUrl::parse(raw).map_err(|_| no)?;
    let (_, rest) = raw.strip_prefix("https://").and_then(|rest| rest.split_once('/')).ok_or(no)?;
    let has_dots = rest.split('/').any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        segment == "." || segment == ".."
    });
    // What reads differently once it is parsed is written oddly.
    if rest.is_empty() || has_dots || raw.contains(['#', '?']) || url.as_str() != raw {
        return Err(no);
    }
    Ok(())
}

async fn fetch(egress: &Egress, url: &str) -> Result<(Arc<Said>, i64), String> {
    let mut request = FetchRequest {
        deadline: DEADLINE,
        max_bytes: MAX_BYTES,
        redirects: Redirects::None,
        ..FetchRequest::get(url, Lane::own(Purpose::ClientMetadata))
    };
    if let Ok(accept) = "application/json".parse() {
        request.headers.insert("accept", accept);
    }
    let fetched = egress
        .fetch(request)
        .await
        .map_err(|error| format!("The client's metadata document cannot be fetched: {error}"))?;
    let said = judge(url, &fetched)?;
    Ok((Arc::new(said), fresh_ms(&fetched.headers)))
}

/// Section 4 and 4.1: 200 alone is a success; the content is JSON by its type; `client_id` is the URL to the letter; no
/// secret stands in it.
fn judge(url: &str, fetched: &Fetched) -> Result<Said, String> {
    if fetched.status.as_u16() != 200 {
        return Err(format!(
            "The client's metadata document answers with status {}.",
            fetched.status.as_u16()
        ));
    }
    let kind = fetched.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_json(kind) {
        return Err("The client's metadata document is not application/json.".to_owned());
    }
    let text = std::str::from_utf8(&fetched.body).ok();
    let json = text.and_then(|text| Json::parse(text).ok());
    let json = json.ok_or("The client's metadata document is not one JSON document in UTF-8.")?;
    if json.member("client_id").and_then(Json::as_text) != Some(url) {
        return Err("The client's metadata document has another client_id than its URL.".to_owned());
    }
    if ["client_secret", "client_secret_expires_at"].iter().any(|name| json.member(name).is_some()) {
        return Err("The client's metadata document has a client_secret.".to_owned());
    }
    metadata::judge(&json, Source::Document).map_err(|error: Error| {
        format!("The client's metadata document cannot be used: {}", error.sentence())
    })
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json"
        || kind.strip_prefix("application/").is_some_and(|kind| kind.len() > 5 && kind.ends_with("+json"))
}

/// How long the document is fresh (RFC 9111 section 4.2.1), within our bounds; 0 is not to be kept.
fn fresh_ms(headers: &http::HeaderMap) -> i64 {
    let mut fresh_ms = USUAL_MS;
    let mut is_shared = false;
    let directives = headers.get_all("cache-control").iter().filter_map(|value| value.to_str().ok());
    for directive in directives.flat_map(|value| value.split(',')).map(str::trim) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let seconds = || value.trim_matches('"').parse::<u32>().map(i64::from);
        match name.to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return 0,
            "s-maxage" => {
                if let Ok(seconds) = seconds() {
                    (fresh_ms, is_shared) = (seconds * SECOND_MS, true);
                }
            }
            "max-age" if !is_shared => fresh_ms = seconds().map_or(fresh_ms, |seconds| seconds * SECOND_MS),
            _ => {}
        }
    }
    let age =
        headers.get("age").and_then(|value| value.to_str().ok()).and_then(|age| age.parse::<u32>().ok());
    (fresh_ms - i64::from(age.unwrap_or(0)) * SECOND_MS).clamp(LEAST_MS, MOST_MS)
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
