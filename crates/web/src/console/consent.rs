//! The authorization endpoint as a person meets it (OAuth 2.1 section 4.1): the request is judged, the person signs in
//! where they must, reads who asks for what, and answers. Works without a script. What stands in the answer is made in
//! `procura_app::oauth`; here it is decided what a browser may do with these pages: no other site frames them (RFC 9700
//! section 4.16), nobody is told where they stood (section 4.2.4), and the form may lead to the one host that the client
//! registered.

use super::{
    desk::{Answer, Desk, Look, is_about_the_form, page, redirect, wrong},
    view::{
        consent::{Choice, ConsentPage, Goes, Known, OauthFailed, PlaceBox, Software},
        frame::{Frame, Who},
        visible::visible,
        words::{Id, Problems},
    },
};
use crate::{
    exchange::Exchange,
    extract::{Person, Visitor},
    form::{FORM_TOKEN, Fields, LinkForm},
    respond::{self, Failure},
    state::WebState,
};
use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{HeaderValue, Uri, header},
    response::Response,
};
use procura_app::{
    identity,
    oauth::{
        self,
        authorize::{self, Asked, Refused},
        consent::{self, Acting, Allowed, Place},
        parameters::Parameters,
    },
};
use procura_model::{
    Client, ClientId, ClientKind, Ctx, Error, GrantType, Reason, TenantId, Time,
    oauth::redirect_uri,
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};
use std::sync::Arc;

/// Where the person's answer goes.
const ANSWER: &str = "/oauth/consent";
/// What proves that this request was put to this person, and when.
const SHOWN: &str = "shown";
/// By what it is known again what stood on the page; [`SHOWN`] holds for it alone.
pub(super) const SEEN: &str = "seen";
/// For how long a page that was shown can be answered with yes.
const SHOWN_MS: i64 = HOUR_MS;
/// For how long a person who was sent to sign in may take to do so.
const SENT_MS: i64 = 15 * MINUTE_MS;
/// When the person was sent to sign in again.
const SINCE: &str = "signed_in_since";

/// The authorization endpoint.
pub(super) async fn authorize(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    look: Look,
    Visitor(visitor): Visitor,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = query.unwrap_or_default();
    let asked = match judged(&web, &exchange, visitor.as_ref(), &query).await {
        Ok(asked) => asked,
        Err(refused) => return told((&web, &exchange), &look, visitor.as_ref(), &query, refused).await,
    };
    let now = exchange.now;
    if let Err(refused) = asked.demand_person(visitor.is_some()) {
        return told((&web, &exchange), &look, visitor.as_ref(), &query, refused).await;
    }
    let Some(person) = visitor else { return sign_in(&here(&asked, None), "") };
    let since = since(&query);
    let sent = sent_at((&web, &person), &asked, &since, now);
    if asked.needs_new_proof(person.signed_in.auth_time, now, sent) {
        let account = person.signed_in.account.to_string();
        let since = web.app.seals.sign_moment(&[SINCE, &account, &asked.query], now);
        return sign_in(&here(&asked, Some(&since)), "&again=1");
    }
    if let Err(refused) = consent::demand_there(&web.app, &person.ctx, &asked).await {
        return told((&web, &exchange), &look, Some(&person), &query, refused).await;
    }
    let desk = Desk { web, person, look };
    quiet(page(&view(&desk, &asked, &since, Problems::none()).await?), &asked)
}

/// The person's answer. The request comes back with the form and is judged again: nothing of it is believed because it
/// stood on the page.
pub(super) async fn answer(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    look: Look,
    person: Person,
    LinkForm { fields }: LinkForm,
) -> Answer {
    let query = fields.text("request").to_owned();
    let shown_at = demand_own(&web, &person, &fields, &query)?;
    let asked = match judged(&web, &exchange, Some(&person), &query).await {
        Ok(asked) => asked,
        Err(refused) => return told((&web, &exchange), &look, Some(&person), &query, refused).await,
    };
    let desk = Desk { web, person, look };
    let proved_at = desk.person.signed_in.auth_time;
    let since = fields.text("since").to_owned();
    let back = here(&asked, Some(&since).filter(|since| !since.is_empty()).map(String::as_str));
    let sent = sent_at((&desk.web, &desk.person), &asked, &since, shown_at);
    if asked.needs_new_proof(proved_at, shown_at, sent) {
        return redirect(&back);
    }
    let is_over = exchange.now.ms_since(shown_at) > SHOWN_MS;
    let done = match choice(&fields) {
        Answered::Allow(..) if is_over || fields.text(SEEN) != asked.seen()? => {
            let view = view(&desk, &asked, &since, changed()).await?;
            return quiet(wrong(409, &view), &asked);
        }
        Answered::Allow(tenant, acting) => {
            consent::allow(desk.app(), desk.ctx(), &asked, Allowed { tenant, acting, proved_at }).await
        }
        Answered::Deny => consent::refuse(desk.app(), desk.ctx(), &asked).await,
        Answered::Nothing => Err(Reason::FieldInvalid.because("Choose the agent as which it may act.")),
        Answered::Look => return redirect(&back),
    };
    match done {
        Ok(to) => quiet(redirect(&to), &asked),
        Err(error) if is_about_the_form(&error) => {
            let view = view(&desk, &asked, &since, Problems::of(&error, "")).await?;
            quiet(wrong(error.reason().http(), &view), &asked)
        }
        Err(error) => {
            told((&desk.web, &exchange), &desk.look, Some(&desk.person), &query, error.into()).await
        }
    }
}

/// What was allowed is not what would be given.
pub(super) fn changed() -> Problems {
    let mut problems = Problems::none();
    problems
        .add("", "What is asked has changed since it was shown to you, or that is long ago. Read it again.");
    problems
}

/// A form of this very session: with its token, and not from another site (RFC 6749 section 10.12). These pages tell
/// nobody where they stood, so their forms come with `Origin: null`, which is why the token alone decides here. The
/// answer is when the page was shown; what stood on it is in [`SEEN`].
pub(super) fn demand_own(
    web: &WebState,
    person: &Person,
    fields: &Fields,
    query: &str,
) -> Result<Time, Failure> {
    let is_own = identity::form_token_is_right(&web.app, &person.signed_in.session, fields.text(FORM_TOKEN));
    let session = person.signed_in.session.to_string();
    let shown_at = web.app.seals.moment(&[&session, query, fields.text(SEEN)], fields.text(SHOWN));
    shown_at.filter(|_| is_own).ok_or_else(|| Reason::FormStale.into())
}

/// What a form brings back to prove that this was shown to this person.
pub(super) fn shown(desk: &Desk, query: &str, seen: &str) -> (&'static str, String) {
    let session = desk.person.signed_in.session.to_string();
    (SHOWN, desk.app().seals.sign_moment(&[&session, query, seen], desk.ctx().now))
}

async fn judged(
    web: &WebState,
    exchange: &Exchange,
    person: Option<&Person>,
    query: &str,
) -> Result<Asked, Refused> {
    let nobody: Ctx;
    let ctx = if let Some(person) = person {
        &person.ctx
    } else {
        nobody = oauth::arriving(&web.app, exchange.request, exchange.now, exchange.origin.clone()).await?;
        &nobody
    };
    authorize::read(&web.app, ctx, query).await
}

/// The request as a path of ours.
fn here(asked: &Asked, since: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::for_suffix(asked.query.clone(), 0);
    if let Some(since) = since {
        query.append_pair(SINCE, since);
    }
    format!("/oauth/authorize?{}", query.finish())
}

/// When the person was sent to sign in for this request, as the request says it.
fn since(query: &str) -> String {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == SINCE).map(|(_, since)| since.into_owned()).unwrap_or_default()
}

/// The same, if we wrote it to this person for this very request, and not long before `now`: nobody else, no other
/// request and no later day is spared a sign-in by it.
fn sent_at((web, person): (&WebState, &Person), asked: &Asked, since: &str, now: Time) -> Option<Time> {
    let account = person.signed_in.account.to_string();
    let sent = web.app.seals.moment(&[SINCE, &account, &asked.query], since)?;
    (now.ms_since(sent) <= SENT_MS).then_some(sent)
}

/// To the sign-in, and back.
pub(super) fn sign_in(next: &str, more: &str) -> Answer {
    let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    redirect(&format!("/sign-in?next={next}{more}"))
}

/// A refusal: at the client's own address, or where there is none that can be trusted, as a page (OAuth 2.1 section
/// 4.1.2.1). Whoever registers a client chooses its address, and a request that is refused shows no page, so that a link
/// to us would be a link to anywhere (RFC 9700 section 4.11.2): to the address of a client that nobody here made go only
/// the browsers of people who let that client act.
async fn told(
    (web, exchange): (&WebState, &Exchange),
    look: &Look,
    person: Option<&Person>,
    query: &str,
    refused: Refused,
) -> Answer {
    respond::log(&refused.error, exchange.request);
    web.app.metrics.refused(refused.error.reason());
    if let Some(back) = &refused.back
        && is_trusted(web, person, back).await?
    {
        let mut answer = redirect(&back.with_error(refused.wire, refused.error.sentence()))?;
        answer.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        return Ok(answer);
    }
    let reason = refused.error.reason();
    if matches!(reason, Reason::RateLimited | Reason::HostRefused) || reason.http() >= 500 {
        return Err(Failure(refused.error));
    }
    // An id of ours; whatever else stands there is a stranger's text, also an address.
    let parameters = Parameters::parse(query.as_bytes());
    let named = parameters.one("client_id").ok().flatten().and_then(|id| id.parse::<ClientId>().ok());
    let client = named.filter(|id| id.document_url().is_none()).map(|id| id.to_string());
    let view = OauthFailed {
        frame: look.bare(&web.app, "Request not answered"),
        wire: refused.wire,
        code: reason.code(),
        sentence: refused.error.sentence(),
        host: refused.back.as_ref().map(|back| host(back.redirect_uri())),
        client,
        request: Id::of(exchange.request),
    };
    private(wrong(400, &view))
}

async fn is_trusted(
    web: &WebState,
    person: Option<&Person>,
    back: &authorize::Return,
) -> procura_model::Result<bool> {
    match (back.unproven(), person) {
        (None, _) => Ok(true),
        (Some(client), Some(person)) => consent::knows(&web.app, &person.ctx, client).await,
        (Some(_), None) => Ok(false),
    }
}

/// RFC 9700 section 4.2.4: nobody is told the address of the page, which holds the request.
pub(super) fn private(answer: Answer) -> Answer {
    let mut response = answer?;
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

fn quiet(answer: Answer, asked: &Asked) -> Answer {
    private(answer).map(|response| open_to(response, asked.back.redirect_uri()))
}

/// A browser holds `form-action` against the redirects that follow a form too, so the page must name the one origin to
/// which the answer goes. What the grammar of the policy cannot name (an IPv6 address) is let through by its scheme.
fn open_to(mut response: Response, redirect_uri: &str) -> Response {
    let headers = response.headers_mut();
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|value| value.to_str().ok());
    let opened = policy.and_then(|policy| {
        let to = source(redirect_uri)?;
        HeaderValue::try_from(policy.replace("form-action 'self'", &format!("form-action 'self' {to}"))).ok()
    });
    if let Some(opened) = opened {
        headers.insert(header::CONTENT_SECURITY_POLICY, opened);
    }
    response
}

fn source(redirect_uri: &str) -> Option<String> {
    let uri: Uri = redirect_uri.parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let authority = uri.authority()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
    if authority.host().starts_with('[') {
        return Some(format!("{scheme}:"));
    }
    authority.as_str().bytes().all(is_plain).then(|| format!("{scheme}://{authority}"))
}

enum Answered {
    Allow(TenantId, Acting),
    Deny,
    Look,
    Nothing,
}

/// What the form says. Nothing is allowed by what cannot be read.
fn choice(fields: &Fields) -> Answered {
    match fields.text("answer") {
        "allow" => {
            acting(fields).map_or(Answered::Nothing, |(tenant, acting)| Answered::Allow(tenant, acting))
        }
        "deny" => Answered::Deny,
        _ => Answered::Look,
    }
}

/// `org_../new` or `org_../agt_..`.
pub(super) fn acting(fields: &Fields) -> Option<(TenantId, Acting)> {
    let (tenant, agent) = fields.text("acting").split_once('/')?;
    let acting = if agent == "new" { Acting::New } else { Acting::Existing(agent.parse().ok()?) };
    Some((tenant.parse().ok()?, acting))
}

async fn view(
    desk: &Desk,
    asked: &Asked,
    since: &str,
    problems: Problems,
) -> procura_model::Result<ConsentPage> {
    let (app, ctx) = (desk.app(), desk.ctx());
    let places = consent::places(app, ctx, &asked.client.id, asked.tenant(), &asked.resources()).await?;
    let seen = asked.seen()?;
    let software = Software {
        name: visible(&asked.client.name),
        known: known(desk, &asked.client).await?,
        goes: goes(asked.back.redirect_uri()),
        reach: asked.in_words(),
        days: days(desk, &asked.client),
    };
    Ok(ConsentPage {
        frame: frame(desk, "Allow access", problems),
        software,
        email: desk.person.signed_in.email.clone(),
        other: other(&here(asked, None)),
        places: boxes(&asked.client, places),
        action: ANSWER,
        hidden: vec![
            ("request", asked.query.clone()),
            shown(desk, &asked.query, &seen),
            (SEEN, seen),
            ("since", since.to_owned()),
        ],
    })
}

/// The sign-in as somebody else, and back.
pub(super) fn other(next: &str) -> String {
    let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    format!("/sign-in?next={next}&again=1")
}

/// The frame outside of the rail, with the token of the person's forms.
pub(super) fn frame(desk: &Desk, title: &str, problems: Problems) -> Frame {
    let signed_in = &desk.person.signed_in;
    let who = Who {
        email: signed_in.email.clone(),
        role: signed_in.role,
        organization: signed_in.organization.clone(),
        form_token: signed_in.form_token.clone(),
        others: Vec::new(),
    };
    Frame { who: Some(who), problems, ..desk.look.bare(desk.app(), title) }
}

pub(super) fn days(desk: &Desk, client: &Client) -> Option<i64> {
    client.may(GrantType::RefreshToken).then(|| desk.app().settings.oauth.session_ms / DAY_MS)
}

/// Whoever belongs to the organization that made it is told so, also where they may not allow it.
pub(super) async fn known(desk: &Desk, client: &Client) -> procura_model::Result<Known> {
    Ok(match client.kind {
        ClientKind::Registered => Known::Itself,
        ClientKind::Document => Known::Document(host(client.id.as_str())),
        ClientKind::Manual => {
            consent::made_by(desk.app(), desk.ctx(), client).await?.map_or(Known::Itself, Known::Made)
        }
    })
}

pub(super) fn host(url: &str) -> String {
    let authority = url.parse::<Uri>().ok().and_then(|url| url.authority().map(ToString::to_string));
    visible(&authority.unwrap_or_else(|| url.to_owned()))
}

/// MCP: the host is shown, and an address that leads to this computer is warned about.
fn goes(uri: &str) -> Goes {
    if redirect_uri::is_loopback(uri) {
        return Goes::Computer(visible(uri));
    }
    Goes::Host(host(uri), visible(uri))
}

pub(super) fn boxes(client: &Client, places: Vec<Place>) -> Vec<PlaceBox> {
    let present = places.iter().find_map(|place| place.present);
    let is_first = |index: usize| index == 0 && present.is_none();
    let place = |(index, place): (usize, Place)| PlaceBox {
        choices: std::iter::once(Choice {
            value: format!("{}/new", place.tenant),
            name: format!("A new agent, {}", visible(&consent::agent_name(&client.name))),
            says: "It sees which tools there are and may use none until you give it permissions.".to_owned(),
            is_chosen: is_first(index),
        })
        .chain(place.agents.iter().map(|agent| Choice {
            value: format!("{}/{}", place.tenant, agent.id),
            name: visible(&agent.name),
            says: if place.present == Some(agent.id) {
                "It acts as this agent already.".to_owned()
            } else {
                "With every permission that this agent has.".to_owned()
            },
            is_chosen: present == Some(agent.id),
        }))
        .collect(),
        organization: place.organization,
    };
    places.into_iter().enumerate().map(place).collect()
}

/// Whether the error of a device's form is shown with the form.
pub(super) fn is_about_a_code(error: &Error) -> bool {
    error.reason() == Reason::LinkInvalid || is_about_the_form(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_may_lead_to_the_one_origin_of_the_client() {
        for (uri, to) in [
            ("https://c.example/cb?a=1", Some("https://c.example")),
            ("http://127.0.0.1:8431/cb", Some("http://127.0.0.1:8431")),
            ("http://[::1]:8431/cb", Some("http:")),
            ("app://c.example/cb", None),
            ("https://c.example;script-src/cb", None),
            ("https://*.example/cb", None),
        ] {
            assert_eq!(source(uri).as_deref(), to, "{uri}");
        }
    }

    #[test]
    fn an_address_on_this_computer_is_told_from_a_host() {
        assert_eq!(goes("http://localhost:1/cb"), Goes::Computer("http://localhost:1/cb".to_owned()));
        assert_eq!(goes("http://[::1]:1/cb"), Goes::Computer("http://[::1]:1/cb".to_owned()));
        let far =
            Goes::Host("localhost.evil.example".to_owned(), "https://localhost.evil.example/cb".to_owned());
        assert_eq!(goes("https://localhost.evil.example/cb"), far);
    }
}
