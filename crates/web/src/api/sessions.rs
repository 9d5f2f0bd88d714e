//! Sessions in which agents act for verified users (SES-1, SES-2, USR-5, USR-6). Who a user is comes back in one
//! answer alone, the context, which is for the agent that acts and for the customer's own server. These operations
//! take no `Idempotency-Key`: a session that was opened is not handed out twice, and ending one twice changes nothing.

use crate::{
    body::{Body, NoBody, OptionalBody},
    extract::{Caller, Id, Query, UserToken},
    operation::{CreatedSecret, Done, List, Reading, Reply, Writing, page_ask},
    state::WebState,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use procura_app::sessions::{self, Heard, OpenAsk, SessionFilter, Standing, Watch};
use procura_model::{
    AgentId, AgentSession, Reason, Scope, SessionId, SessionState, ShownOnce, Time, UserAuthMethod, UserRef,
};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(get, end))
        .routes(routes!(revoke))
        .routes(routes!(revoke_public))
        .routes(routes!(context))
        .routes(routes!(events))
}

/// A session of an agent for a user, who is named by pseudonym alone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session, example = json!({
    "id": "ses_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "agentId": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "user": { "reference": "usr_9f86d081884c7d659a2feaa0c55ad015" },
    "method": "jwt",
    "state": "live",
    "createdAt": "2026-11-22T09:00:00.000Z",
    "expiresAt": "2026-11-22T10:00:00.000Z",
    "revokedAt": null,
    "lastUsedAt": "2026-11-22T09:12:00.000Z",
}))]
pub(crate) struct SessionView {
    /// The session's id.
    #[schema(value_type = String)]
    id: SessionId,
    /// The agent that acts in it.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// For whom.
    user: UserView,
    /// How the user was verified: `jwt`, `signedToken` or `callback`.
    #[schema(value_type = String, pattern = "^(jwt|signedToken|callback)$")]
    method: UserAuthMethod,
    /// Where it stands: `live`, `expired` or `revoked`.
    #[schema(value_type = String, pattern = "^(live|expired|revoked)$")]
    state: SessionState,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// When it was ended before its time.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Time>,
    /// When it was last used, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Time>,
}

/// A verified user by pseudonym.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserReference)]
pub(crate) struct UserView {
    /// The same for the same user of an organization; says nothing of who it is.
    #[schema(value_type = String)]
    reference: UserRef,
}

fn view(session: AgentSession, now: Time) -> SessionView {
    SessionView {
        id: session.id,
        agent_id: session.agent,
        state: session.state(now),
        user: UserView { reference: session.user },
        method: session.method,
        created_at: session.created_at,
        expires_at: session.expires_at,
        revoked_at: session.revoked_at,
        last_used_at: session.last_used_at,
    }
}

/// How a session shall be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewSession, example = json!({ "expiresInSeconds": 900 }))]
pub(crate) struct OpenBody {
    /// How long it shall last; never longer than the agent's settings allow, which hold when absent.
    #[schema(nullable = false, minimum = 60, maximum = 86400)]
    expires_in_seconds: Option<i64>,
}

/// A session that was opened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SessionOpened, example = json!({
    "success": true,
    "sessionId": "ses_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "sessionToken": "pcs_...",
    "expiresAt": "2026-11-22T10:00:00.000Z",
    "user": { "reference": "usr_9f86d081884c7d659a2feaa0c55ad015" },
}))]
pub(crate) struct OpenedView {
    /// Always true.
    success: bool,
    /// The session's id.
    #[schema(value_type = String)]
    session_id: SessionId,
    /// What the agent sends in `X-Procura-Session` from now on; shown this once.
    #[schema(value_type = String)]
    session_token: ShownOnce,
    /// When the session ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// For whom.
    user: UserView,
}

/// Which sessions are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionsQuery {
    /// Only this agent's.
    #[param(value_type = Option<String>, nullable = false)]
    agent_id: Option<AgentId>,
    /// Only this user's, by pseudonym.
    #[param(value_type = Option<String>, nullable = false)]
    user: Option<UserRef>,
    /// Only `live` ones, or only `ended` ones.
    #[param(value_type = Option<String>, nullable = false, pattern = "^(live|ended)$")]
    state: Option<Standing>,
    /// The `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// How many rows; 50 when absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Whose sessions with which agent end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SessionRevocation, example = json!({
    "agentId": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "userId": "user_123",
}))]
pub(crate) struct RevokeBody {
    /// The agent.
    #[schema(value_type = String, pattern = "^agt_[0-9A-Z]{26}$")]
    agent_id: AgentId,
    /// The user's id, as the user's token names it.
    #[schema(min_length = 1, max_length = 256)]
    user_id: String,
}

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SessionsRevoked, example = json!({ "success": true, "revoked": 1 }))]
pub(crate) struct RevokedView {
    /// Always true, also when there was none to end.
    success: bool,
    /// How many sessions were live and are no longer.
    revoked: usize,
}

/// What a model is told of the user, ready to be pasted into a system prompt.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SessionContext, example = json!({
    "factsBlock": "Verified user (session ses_...). These facts are asserted by the business ...",
    "untrustedBlock": "Further attributes of the user. Nobody vouches for their text.\n<<<untrusted-content ...",
    "prompt": "Verified user (session ses_...). ...\n\nFurther attributes of the user. ...",
}))]
pub(crate) struct ContextView {
    /// Who the user is: authoritative, asserted by the business.
    facts_block: String,
    /// What else was said of the user, fenced as untrusted text; empty when there is nothing.
    untrusted_block: String,
    /// Both blocks, in this order.
    prompt: String,
}

/// Open a session
///
/// The agent shows its user's token once, in `X-User-Auth-Token`. It is verified by the agent's method and forgotten;
/// the answer has a session token in its place, to be sent in `X-Procura-Session` beside the agent's key. A token whose
/// session was revoked opens no other.
#[utoipa::path(
    post, path = "/v1/sessions", operation_id = "openSession", tag = "Sessions",
    params(("X-User-Auth-Token" = String, Header, description = "The user's token, on its one way.")),
    request_body = Option<OpenBody>,
    responses((status = 201, description = "The session and its token.", body = OpenedView), Writing),
    security(("bearer" = ["sessions"]), ("apiKey" = ["sessions"])),
)]
pub(crate) async fn open(
    State(web): State<WebState>,
    token: UserToken,
    caller: Caller,
    OptionalBody(body): OptionalBody<OpenBody>,
) -> Reply<CreatedSecret<OpenedView>> {
    let token = token.0.ok_or(Reason::UserTokenMissing);
    // A caller that may not open sessions hears of that first.
    caller.ctx.actor.require(Scope::Sessions)?;
    let ask = OpenAsk { token: token?, expires_in_seconds: body.expires_in_seconds };
    let opened = Box::pin(sessions::open(&web.app, &caller.ctx, ask)).await?;
    Ok(CreatedSecret(OpenedView {
        success: true,
        session_id: opened.session.id,
        session_token: opened.secret,
        expires_at: opened.session.expires_at,
        user: UserView { reference: opened.session.user },
    }))
}

/// List sessions
///
/// Newest first; sessions that ended stay for 30 days. Users are named by pseudonym.
#[utoipa::path(
    get, path = "/v1/sessions", operation_id = "listSessions", tag = "Sessions", params(SessionsQuery),
    responses((status = 200, description = "One page of sessions.", body = List<SessionView>), Reading),
    security(("bearer" = ["read:sessions"]), ("apiKey" = ["read:sessions"])),
)]
pub(crate) async fn list(
    State(web): State<WebState>,
    caller: Caller,
    Query(query): Query<SessionsQuery>,
) -> Reply<Json<List<SessionView>>> {
    let page = page_ask(query.cursor, query.limit)?;
    let filter = SessionFilter { agent: query.agent_id, user: query.user, standing: query.state };
    let now = caller.ctx.now;
    let rows = sessions::list(&web.app, &caller.ctx, &filter, &page).await?;
    Ok(List::page(rows, |session| view(session, now)))
}

/// Get a session
///
/// An agent may look at the session in which it acts, with the scope `sessions` and `X-Procura-Session`.
#[utoipa::path(
    get, path = "/v1/sessions/{sessionId}", operation_id = "getSession", tag = "Sessions",
    params(("sessionId" = String, Path, description = "The session's id.")),
    responses((status = 200, description = "The session.", body = SessionView), Reading),
    security(("bearer" = ["read:sessions"]), ("apiKey" = ["read:sessions"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Reply<Json<SessionView>> {
    Ok(Json(view(sessions::get(&web.app, &caller.ctx, id).await?, caller.ctx.now)))
}

/// End a session
///
/// It is refused from the next request on, and within a second on every node; streams that stand on it are cut. An
/// agent may end the session in which it acts, with the scope `sessions` and `X-Procura-Session`. Ending one that has
/// ended changes nothing.
#[utoipa::path(
    delete, path = "/v1/sessions/{sessionId}", operation_id = "endSession", tag = "Sessions",
    params(("sessionId" = String, Path, description = "The session's id.")),
    responses((status = 204, description = "It is ended."), Writing),
    security(("bearer" = ["revoke:sessions"]), ("apiKey" = ["revoke:sessions"])),
)]
pub(crate) async fn end(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<SessionId>,
    _body: NoBody,
) -> Reply<Done> {
    sessions::revoke(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}

/// Revoke a user's sessions
///
/// Ends every live session of this user with this agent, and says how many those were; also 0.
#[utoipa::path(
    post, path = "/v1/sessions/revoke", operation_id = "revokeSessions", tag = "Sessions",
    request_body = RevokeBody,
    responses((status = 200, description = "How many were ended.", body = RevokedView), Writing),
    security(("bearer" = ["revoke:sessions"]), ("apiKey" = ["revoke:sessions"])),
)]
pub(crate) async fn revoke(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<RevokeBody>,
) -> Reply<Json<RevokedView>> {
    let revoked = sessions::revoke_user(&web.app, &caller.ctx, body.agent_id, &body.user_id).await?;
    Ok(Json(RevokedView { success: true, revoked }))
}

/// Revoke a user's sessions (second path)
///
/// The same operation as `POST /v1/sessions/revoke`.
#[utoipa::path(
    post, path = "/api/public/sessions/revoke", operation_id = "revokeSessionsAlias", tag = "Sessions",
    request_body = RevokeBody,
    responses((status = 200, description = "How many were ended.", body = RevokedView), Writing),
    security(("bearer" = ["revoke:sessions"]), ("apiKey" = ["revoke:sessions"])),
)]
pub(crate) async fn revoke_public(
    web: State<WebState>,
    caller: Caller,
    body: Body<RevokeBody>,
) -> Reply<Json<RevokedView>> {
    revoke(web, caller, body).await
}

/// Get the context of a session
///
/// Who the user is, as facts that the business asserts, and everything else that the token said, fenced as untrusted
/// text. For the agent that acts in the session (scope `sessions` and `X-Procura-Session`), or a platform key with
/// `read:sessions`.
#[utoipa::path(
    get, path = "/v1/sessions/{sessionId}/context", operation_id = "getSessionContext", tag = "Sessions",
    params(("sessionId" = String, Path, description = "The session's id.")),
    responses((status = 200, description = "Both blocks.", body = ContextView), Reading),
    security(("bearer" = ["read:sessions"]), ("apiKey" = ["read:sessions"])),
)]
pub(crate) async fn context(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Reply<Json<ContextView>> {
    let context = sessions::context(&web.app, &caller.ctx, id).await?;
    let prompt = context.prompt();
    Ok(Json(ContextView { facts_block: context.facts, untrusted_block: context.untrusted, prompt }))
}

/// Watch a session
///
/// A stream of server-sent events that says `event: ended` with the reason when the session ends, and closes: what an
/// agent's server holds open to stop its own stream to the user. For the agent that acts in the session (scope
/// `sessions` and `X-Procura-Session`), or a platform key with `read:sessions`.
#[utoipa::path(
    get, path = "/v1/sessions/{sessionId}/events", operation_id = "watchSession", tag = "Sessions",
    params(("sessionId" = String, Path, description = "The session's id.")),
    responses(
        (status = 200, description = "The stream.", body = String, content_type = "text/event-stream",
            example = "event: ended\ndata: {\"reason\":\"revoked\",\"code\":\"SESSION_REVOKED\"}\n\n"),
        Reading,
    ),
    security(("bearer" = ["read:sessions"]), ("apiKey" = ["read:sessions"])),
)]
pub(crate) async fn events(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Reply<Response> {
    let watch = sessions::watch(&web.app, &caller.ctx, id).await?;
    Ok(stream_of(watch))
}

/// Where a stream of events stands.
enum Stage {
    Begins(Watch),
    Watches(Watch),
    Over,
}

fn stream_of(watch: Watch) -> Response {
    const HEADERS: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    let events = stream::unfold(Stage::Begins(watch), async |stage| match stage {
        Stage::Begins(watch) => Some((said(": watching\n\n"), Stage::Watches(watch))),
        Stage::Watches(mut watch) => match watch.next().await {
            Heard::Nothing => Some((said(": still here\n\n"), Stage::Watches(watch))),
            Heard::Ended(reason) => Some((said(&ended(reason)), Stage::Over)),
            Heard::Closing => None,
        },
        Stage::Over => None,
    });
    (HEADERS, axum::body::Body::from_stream(events)).into_response()
}

fn said(text: &str) -> Result<String, Infallible> {
    Ok(text.to_owned())
}

/// The last event of a stream: why, in a word and as a code.
fn ended(reason: Reason) -> String {
    let word = match reason {
        Reason::SessionRevoked => "revoked",
        Reason::SessionExpired => "expired",
        _ => "refused",
    };
    format!("event: ended\ndata: {{\"reason\":\"{word}\",\"code\":\"{}\"}}\n\n", reason.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_event_says_why() {
        let revoked = ended(Reason::SessionRevoked);
        assert_eq!(revoked, "event: ended\ndata: {\"reason\":\"revoked\",\"code\":\"SESSION_REVOKED\"}\n\n");
        assert!(ended(Reason::SessionExpired).contains("\"expired\""));
        assert!(ended(Reason::AgentDisabled).contains("\"refused\",\"code\":\"AGENT_DISABLED\""));
    }
}
