//! The mounts: `/v1/mcp` for all servers, `/v1/mcp/{server}` for one. One path speaks both eras; a
//! modern request is complete in itself, a legacy one belongs to a session. Who calls was found out
//! by web, which also counted the call; here the way of calling is judged.
//!
//! For which user an agent calls is said by `X-Procura-Session` in either era, or by the user's token on
//! the legacy `initialize`, which opens a session to which the protocol's own is bound (decision 6). On any
//! other request a user's token is refused unread.

use crate::{
    Gateway,
    call::Caller,
    dispatch::{self, Asked},
    era::{self, Era, SESSION_HEADER, VERSION_HEADER},
    hosts,
    jsonrpc::{self, Failure, Message, Request, code},
    raw::{Members, Object},
    reply::{self, Accepts, Body, Outlet},
    session::{Ground, Owner, Session},
    subscribe::{self, Stream, Wanted},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use procura_app::{Identified, activity, sessions};
use procura_model::{Actor, AgentCredential, AgentSession, Ctx, Error, Origin, Reason, Scope, Secret};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// In which header a user's token arrives, once.
const USER_TOKEN_HEADER: &str = "x-user-auth-token";

/// One HTTP request at a mount.
struct Arrived<'a> {
    gateway: &'a Arc<Gateway>,
    server: Option<&'a str>,
    parts: &'a Parts,
    owner: Owner,
    identified: Identified,
    user_token: Option<Secret<String>>,
}

/// Answers a request of somebody who was identified, at the mount of all servers or of one.
pub async fn serve(
    gateway: &Arc<Gateway>,
    server: Option<&str>,
    request: http::Request<Bytes>,
    identified: Identified,
    origin: Origin,
) -> Response<Body> {
    let server = server.filter(|name| !name.is_empty());
    let (mut parts, body) = request.into_parts();
    let (user_token, taken) = match take_user_token(&mut parts.headers) {
        Ok(token) => (token, Ok(())),
        Err(error) => (None, Err(error)),
    };
    let (identified, bound) = match bound(gateway, &parts.headers, identified.clone(), server).await {
        Ok(identified) => (identified, Ok(())),
        Err(error) => (identified, Err(error)),
    };
    let owner = Owner::of(&identified, server);
    let ctx = gateway.app.ctx(identified.clone(), origin);
    let request = ctx.request;
    let admitted = match bound.and(taken) {
        Ok(()) => admit(gateway, &parts, &ctx, server).await,
        Err(error) => Err(error),
    };
    let mut response = match (admitted, owner) {
        (Err(error), _) => refusal(gateway, &ctx, &error).await,
        (Ok(()), None) => refusal(gateway, &ctx, &agents_only()).await,
        (Ok(()), Some(owner)) => {
            let arrived = Arrived { gateway, server, parts: &parts, owner, identified, user_token };
            Box::pin(arrived.answer(ctx, &body)).await
        }
    };
    // The edge puts it into `x-request-id`: the id under which the trace is found.
    response.extensions_mut().insert(request);
    response
}

/// The caller, acting in the user's session that the protocol's session was begun with, if any.
async fn bound(
    gateway: &Gateway,
    headers: &HeaderMap,
    identified: Identified,
    server: Option<&str>,
) -> procura_model::Result<Identified> {
    let owner = Owner::of(&identified, server);
    let opened = owner.and_then(|owner| Some((owner.agent(), gateway.sessions.opened(headers, &owner)?)));
    let Some((agent, session)) = opened else { return Ok(identified) };
    let live = sessions::by_id(&gateway.app, identified.tenant, agent, session).await?;
    identified.acting(&live)
}

/// The user's token, taken out of the headers before anybody else looks at them.
fn take_user_token(headers: &mut HeaderMap) -> procura_model::Result<Option<Secret<String>>> {
    let tokens: Vec<HeaderValue> = headers.get_all(USER_TOKEN_HEADER).iter().cloned().collect();
    headers.remove(USER_TOKEN_HEADER);
    if tokens.iter().any(|token| Some(token) != tokens.first()) {
        return Err(Reason::UserTokenUnexpected.because("Two different user tokens were sent; send one."));
    }
    let text = tokens.first().map(|token| String::from_utf8_lossy(token.as_bytes()).into_owned());
    Ok(text.map(Secret::new))
}

fn agents_only() -> Error {
    Reason::AgentIdMissing.because("Tools are called by agents: use an agent's key (pca_..).")
}

/// Whether this way of calling is allowed at all.
async fn admit(
    gateway: &Gateway,
    parts: &Parts,
    ctx: &Ctx,
    server: Option<&str>,
) -> procura_model::Result<()> {
    hosts::check(&gateway.app.settings, &parts.uri, &parts.headers)?;
    if !is_token(&ctx.actor) {
        ctx.actor.require(Scope::Tools)?;
    }
    match server {
        Some(name) => gateway.has_server(ctx, name).await,
        None => Ok(()),
    }
}

/// Whether the caller came by an access token. One without the scope may look at what there is, so that its client
/// learns which scope it lacks where it first uses something, and asks its person for that (RFC 6750 section 3.1; MCP,
/// authorization, step-up).
const fn is_token(actor: &Actor) -> bool {
    matches!(actor, Actor::Agent { credential: AgentCredential::Token(_), .. })
}

/// What uses something, and is not for looking alone.
const USES: [&str; 5] =
    ["tools/call", "prompts/get", "resources/read", "resources/subscribe", "completion/complete"];

fn is_use(method: &str, params: &str) -> bool {
    let watches = || Wanted::parse(params).is_some_and(|wanted| wanted.watches());
    USES.contains(&method) || method == "subscriptions/listen" && watches()
}

impl Arrived<'_> {
    async fn answer(self, ctx: Ctx, body: &[u8]) -> Response<Body> {
        if self.user_token.is_some() && !self.is_initialize(body) {
            return refusal(self.gateway, &ctx, &Reason::UserTokenUnexpected.into()).await;
        }
        match self.parts.method {
            Method::POST => self.post(ctx, body).await,
            Method::GET if self.is_legacy() => self.get(ctx).await,
            Method::DELETE if self.is_legacy() => self.delete(&ctx).await,
            _ => {
                let mut response = refusal(self.gateway, &ctx, &Reason::MethodNotAllowed.into()).await;
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, GET, DELETE"));
                response
            }
        }
    }

    fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    fn is_legacy(&self) -> bool {
        era::header(self.headers(), VERSION_HEADER) != Some(era::MODERN)
    }

    /// Whether this begins a legacy session in which nobody acts yet: the one place of a user's token.
    fn is_initialize(&self, body: &[u8]) -> bool {
        let begins = |message: &Message<'_>| {
            matches!(message, Message::Request(request)
            if request.method == "initialize" && era::of(self.headers(), request.params) == Era::Legacy)
        };
        self.parts.method == Method::POST
            && self.identified.actor.acting_for().is_none()
            && jsonrpc::parse(body).as_ref().is_ok_and(begins)
    }

    fn session(&self, ctx: &Ctx) -> Option<Arc<Session>> {
        self.gateway.sessions.find(self.headers(), &self.owner, ctx.now)
    }

    async fn post(self, ctx: Ctx, body: &[u8]) -> Response<Body> {
        if !is_json(self.headers()) {
            return refusal(self.gateway, &ctx, &Reason::MediaTypeUnsupported.into()).await;
        }
        let Some(accepts) = accepts(self.headers()) else {
            return refusal(self.gateway, &ctx, &Reason::NotAcceptable.into()).await;
        };
        let message = match jsonrpc::parse(body) {
            Ok(message) => message,
            Err(failure) => return self.failed(&ctx, &failure, None).await,
        };
        match message {
            Message::Request(request) => self.request(ctx, &request, accepts).await,
            Message::Notification(note) => self.notification(&ctx, &note).await,
            // We ask clients nothing, so an answer answers nothing; it is taken as the old era wants it.
            Message::Response(_) if self.is_legacy() => self.taken(&ctx).await,
            Message::Response(_) => {
                let text = "A response cannot be posted here.";
                self.failed(&ctx, &Failure::new(code::INVALID_REQUEST, text), None).await
            }
        }
    }

    async fn request(self, ctx: Ctx, request: &Request<'_>, accepts: Accepts) -> Response<Body> {
        let era = era::of(self.headers(), request.params);
        if is_use(&request.method, request.params)
            && let Err(error) = ctx.actor.require(Scope::Tools)
        {
            return refusal(self.gateway, &ctx, &error).await;
        }
        let session = match self.check(&ctx, era, request) {
            Ok(session) => session,
            Err(failure) => return self.failed(&ctx, &failure, Some(request.id)).await,
        };
        if era == Era::Legacy && request.method == "initialize" {
            return self.initialize(&ctx, request).await;
        }
        let cancelled = match &session {
            Some(session) => session.begin(request.id),
            None => self.ground(&ctx).map_or_else(CancellationToken::new, |ended| ended.child_token()),
        };
        let (outlet, messages) = Outlet::new();
        let asked = Asked {
            caller: Arc::new(self.caller(ctx, era, session)),
            id: request.id.to_owned(),
            method: request.method.to_string(),
            params: request.params.to_owned(),
            outlet,
            cancelled,
        };
        let accepts = if request.method == "subscriptions/listen" { Accepts::Stream } else { accepts };
        if accepts == Accepts::Stream && request.method == "subscriptions/listen" && era != Era::Modern {
            return reply::json(
                200,
                Failure::new(code::METHOD_NOT_FOUND, "There is no such method here.").body(Some(request.id)),
            );
        }
        self.gateway.app.jobs.spawn(dispatch::answer(asked));
        reply::respond(messages, accepts).await
    }

    /// The era's own demands; gives the legacy session.
    fn check(&self, ctx: &Ctx, era: Era, request: &Request<'_>) -> Result<Option<Arc<Session>>, Failure> {
        if era == Era::Modern {
            return era::check_modern(self.headers(), request).map(|()| None);
        }
        if let Some(version) = era::header(self.headers(), VERSION_HEADER)
            && !era::LEGACY.contains(&version)
        {
            return Err(era::unsupported(version));
        }
        if request.method == "initialize" {
            return Ok(None);
        }
        if !self.headers().contains_key(SESSION_HEADER) {
            let text = "Mcp-Session-Id is missing: begin with initialize, or speak 2026-07-28.";
            return Err(Failure::new(code::INVALID_REQUEST, text));
        }
        let gone = || {
            let is_anothers = self.gateway.sessions.is_for_another_user(self.headers(), &self.owner);
            let text = if is_anothers {
                "This session was begun for another user, or for none: begin with initialize, and send \
                 X-Procura-Session from initialize on."
            } else {
                "There is no such session; begin with initialize."
            };
            Failure::new(code::INVALID_REQUEST, text).at(404)
        };
        self.session(ctx).map(Some).ok_or_else(gone)
    }

    fn caller(&self, ctx: Ctx, era: Era, session: Option<Arc<Session>>) -> Caller {
        let agent = self.owner.agent();
        Caller {
            gateway: Arc::clone(self.gateway),
            ctx,
            agent,
            server: self.server.map(str::to_owned),
            era,
            session,
        }
    }

    /// Cancelled when the user's session ends in which the caller acts, if any.
    fn ground(&self, ctx: &Ctx) -> Option<CancellationToken> {
        ctx.actor.acting_for().map(|acting| sessions::ended(&self.gateway.app, acting.session))
    }

    async fn initialize(mut self, ctx: &Ctx, request: &Request<'_>) -> Response<Body> {
        let opened = match self.open(ctx).await {
            Ok(opened) => opened,
            Err(error) => return refusal(self.gateway, ctx, &error).await,
        };
        if let Err(error) = activity::answered(&self.gateway.app, ctx, 200, None).await {
            return refusal(self.gateway, ctx, &error).await;
        }
        let ground = match (&opened, self.ground(ctx)) {
            (Some((_, ended)), _) => Ground::Opened(ended.clone()),
            (None, Some(ended)) => Ground::Named(ended),
            (None, None) => Ground::Own,
        };
        let id = self.gateway.sessions.begin(self.owner, &ground, ctx.now, &self.gateway.app.entropy);
        let session = opened.as_ref().map(|(session, _)| session);
        let body = jsonrpc::result_body(request.id, &dispatch::initialize(request.params, session));
        let mut response = reply::json(200, body);
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(SESSION_HEADER, value);
        }
        response
    }

    /// Opens a session for the user whose token was sent, if one was; from now on the caller acts in it.
    async fn open(&mut self, ctx: &Ctx) -> procura_model::Result<Option<(AgentSession, CancellationToken)>> {
        let Some(token) = self.user_token.take() else { return Ok(None) };
        let app = &self.gateway.app;
        let ask = sessions::OpenAsk { token, expires_in_seconds: None };
        let opened = Box::pin(sessions::open(app, ctx, ask)).await?;
        let live = sessions::by_id(app, ctx.tenant, self.owner.agent(), opened.session.id).await?;
        let acting = self.identified.clone().acting(&live)?;
        self.owner = Owner::of(&acting, self.server).ok_or(Reason::SessionInvalid)?;
        Ok(Some((opened.session, live.ended.clone())))
    }

    async fn notification(self, ctx: &Ctx, note: &Request<'_>) -> Response<Body> {
        let era = era::of(self.headers(), note.params);
        let session = match self.check(ctx, era, note) {
            Ok(session) => session,
            Err(failure) => return self.failed(ctx, &failure, None).await,
        };
        if note.method == "notifications/cancelled"
            && let Some(session) = session
            && let Some(id) = Members::parse(note.params).ok().and_then(|params| params.raw("requestId"))
        {
            session.cancel(id);
        }
        self.taken(ctx).await
    }

    async fn taken(self, ctx: &Ctx) -> Response<Body> {
        match activity::answered(&self.gateway.app, ctx, 202, None).await {
            Ok(()) => reply::empty(StatusCode::ACCEPTED),
            Err(error) => refusal(self.gateway, ctx, &error).await,
        }
    }

    /// The standing stream of a legacy session.
    async fn get(self, ctx: Ctx) -> Response<Body> {
        if !self.headers().contains_key(SESSION_HEADER) {
            return self
                .failed(&ctx, &Failure::new(code::INVALID_REQUEST, "Mcp-Session-Id is missing."), None)
                .await;
        }
        let Some(session) = self.session(&ctx) else {
            let gone = Failure::new(code::INVALID_REQUEST, "There is no such session.").at(404);
            return self.failed(&ctx, &gone, None).await;
        };
        if accepts(self.headers()).is_none_or(|accepts| accepts == Accepts::Json) {
            return refusal(self.gateway, &ctx, &Reason::NotAcceptable.into()).await;
        }
        if let Err(error) = activity::answered(&self.gateway.app, &ctx, 200, None).await {
            return refusal(self.gateway, &ctx, &error).await;
        }
        let (outlet, messages) = Outlet::new();
        let closed = session.take_stream();
        let caller = Arc::new(self.caller(ctx, Era::Legacy, Some(session)));
        let stream = Stream { caller, wanted: Wanted::lists(), outlet, subscription: None, closed };
        self.gateway.app.jobs.spawn(subscribe::follow(stream));
        reply::stream(None, messages)
    }

    async fn delete(self, ctx: &Ctx) -> Response<Body> {
        let was_there = self.gateway.sessions.end(self.headers(), &self.owner, ctx.now);
        if !was_there {
            let gone = Failure::new(code::INVALID_REQUEST, "There is no such session.").at(404);
            return self.failed(ctx, &gone, None).await;
        }
        match activity::answered(&self.gateway.app, ctx, 204, None).await {
            Ok(()) => reply::empty(StatusCode::NO_CONTENT),
            Err(error) => refusal(self.gateway, ctx, &error).await,
        }
    }

    async fn failed(self, ctx: &Ctx, failure: &Failure, id: Option<&str>) -> Response<Body> {
        match activity::answered(&self.gateway.app, ctx, failure.status, None).await {
            Ok(()) => reply::json(failure.status, failure.body(id)),
            Err(error) => refusal(self.gateway, ctx, &error).await,
        }
    }
}

/// A no to the whole request, in the house's form and JSON-RPC's at once. Web adds what belongs to
/// its status, by the reason that is left among the extensions.
async fn refusal(gateway: &Gateway, ctx: &Ctx, error: &Error) -> Response<Body> {
    if let Error::Fault(fault) = error {
        tracing::error!(request.id = %ctx.request, error = ?fault, "a request could not be answered");
    }
    let reason = error.reason();
    if let Err(error) = activity::answered(&gateway.app, ctx, reason.http(), Some(reason)).await {
        tracing::error!(request.id = %ctx.request, error = ?error, "a refusal could not be recorded");
    }
    let data = Object::new()
        .text("code", reason.code())
        .text("fix", reason.fix())
        .text("requestId", &ctx.request.to_string())
        .finish();
    let rpc = Object::new()
        .raw("code", &i64::from(reason.http()).to_string())
        .text("message", error.sentence())
        .raw("data", &data)
        .finish();
    let mut response = reply::json(reason.http(), jsonrpc::error_body(None, &rpc));
    response.extensions_mut().insert(reason);
    if reason == Reason::ScopeMissing {
        let lacks_tools = !ctx.actor.has(Scope::Tools);
        response.extensions_mut().insert(if lacks_tools { Scope::Tools } else { Scope::Sessions });
    }
    response
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = era::header(headers, "content-type").unwrap_or_default();
    value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// What the caller can read; none if nothing that we can write.
fn accepts(headers: &HeaderMap) -> Option<Accepts> {
    let mut has = (false, false);
    let mut is_named = false;
    for value in headers.get_all(header::ACCEPT) {
        for kind in value.to_str().unwrap_or_default().split(',') {
            let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            is_named |= !kind.is_empty();
            has.0 |= matches!(kind.as_str(), "application/json" | "application/*" | "*/*");
            has.1 |= matches!(kind.as_str(), "text/event-stream" | "text/*" | "*/*");
        }
    }
    match (is_named, has) {
        (false, _) => Some(Accepts::Json),
        (true, (true, true)) => Some(Accepts::Both),
        (true, (true, false)) => Some(Accepts::Json),
        (true, (false, true)) => Some(Accepts::Stream),
        (true, (false, false)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(value: &str) -> Option<Accepts> {
        accepts(&[(header::ACCEPT, value.parse().unwrap())].into_iter().collect())
    }

    #[test]
    fn the_caller_gets_what_it_can_read() {
        assert_eq!(accepted("application/json, text/event-stream"), Some(Accepts::Both));
        assert_eq!(accepted("*/*"), Some(Accepts::Both));
        assert_eq!(accepted("application/json;q=1"), Some(Accepts::Json));
        assert_eq!(accepted("Text/Event-Stream"), Some(Accepts::Stream));
        assert_eq!(accepted("text/html"), None);
        assert_eq!(accepts(&HeaderMap::new()), Some(Accepts::Json));
    }

    #[test]
    fn only_json_is_taken() {
        let sent =
            |value: &str| is_json(&[(header::CONTENT_TYPE, value.parse().unwrap())].into_iter().collect());
        assert!(sent("application/json; charset=utf-8") && sent("APPLICATION/JSON"));
        assert!(!sent("text/plain") && !is_json(&HeaderMap::new()));
    }
}
