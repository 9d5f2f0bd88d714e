//! THE pipeline: every use of a tool, prompt, resource or completion passes these gates, in this
//! order (decision 19), and any gate that cannot answer says no.
//!
//! ```text
//! authenticate          whose key is it, and is it live?              web, before us
//! session               is the session the caller's own?              http.rs
//! limit                 not too often?                                web, before us
//! screen_arguments      is there an instruction in the arguments?     here
//! decide                do the agent's permissions allow it?          here, in app::verify::judge
//! approval              does a person have to agree, and did one?       "
//! record_intent         is it in the record, durably?                   "
//! open_credential       the server's own credential, for this call    here
//! egress, send          out, to a judged address, within a deadline   here
//!                       and only while the user's session lives
//! screen_result         is there an instruction in the result?        sanitize.rs
//! redact                are there secrets in it?                        "
//! truncate              is it too long?                                 "
//! fence                 where does text from outside begin and end?     "
//! record_outcome        is what happened in the record?               outcome.rs
//! ```

use crate::{
    Gateway, advice,
    catalogue::Entry,
    deny::{Denial, Shape},
    era::{self, Era, META_LOG_LEVEL},
    gates::{self, Channel, Look, Seen},
    jsonrpc::{self, Failure, code},
    notes::Notes,
    outcome,
    raw::Members,
    reply::Outlet,
    sanitize::{self, Fence, Sanitized, Treatment, Withheld},
    session::Session,
    spelling,
    upstream::{Answer, Objection, Outcall, Params, UpstreamError},
};
use procura_app::{
    AgentSnapshot,
    screening::Stance,
    verify::{self, Plan},
};
use procura_model::{
    AgentId, Amount, Ask, Ctx, Currency, Decision, Json, Reason, ReservationId, Risk, Secret, Verdict,
};
use serde::Serialize;
use std::{borrow::Cow, sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Who calls, by what way.
pub(crate) struct Caller {
    /// The gateway.
    pub(crate) gateway: Arc<Gateway>,
    /// The request.
    pub(crate) ctx: Ctx,
    /// The agent whose policy holds.
    pub(crate) agent: AgentId,
    /// The one server of this mount; none for all.
    pub(crate) server: Option<String>,
    /// The era of the caller.
    pub(crate) era: Era,
    /// The caller's legacy session.
    pub(crate) session: Option<Arc<Session>>,
}

/// What is used.
pub(crate) struct Target {
    /// The server.
    pub(crate) entry: Arc<Entry>,
    /// The method at the upstream.
    pub(crate) method: &'static str,
    /// The action of the policy.
    pub(crate) action: &'static str,
    /// The resource of the policy.
    pub(crate) resource: String,
    /// The tool, prompt or URI as the upstream names it; empty for completion.
    pub(crate) name: String,
    /// The member of the parameters that the conditions look at; none for the name alone.
    pub(crate) arguments: Option<&'static str>,
    /// The members of the parameters that are replaced.
    pub(crate) replaced: Vec<(&'static str, String)>,
    /// Whether text blocks of the result are fenced.
    pub(crate) is_fenced: bool,
}

impl Target {
    /// As what its result is screened: a prompt is an instruction that a person chose, and everything else is data.
    fn channel(&self) -> Channel {
        if self.method == "prompts/get" { Channel::Prompt } else { Channel::ToolResult }
    }

    /// What of the resource the organization or its server has named: all of a tool or a prompt, the server of what
    /// has a URI.
    pub(crate) fn declared(&self) -> Option<&str> {
        match self.action {
            "tool.call" | "prompt.get" => Some(&self.resource),
            _ => self.resource.get(..=self.entry.server.name.len()),
        }
    }
}

/// One use of something.
pub(crate) struct Call {
    /// Who.
    pub(crate) caller: Arc<Caller>,
    /// What.
    pub(crate) target: Target,
    /// The parameters as they came.
    pub(crate) params: String,
    /// Where messages to the caller go.
    pub(crate) outlet: Outlet,
    /// Cancelled when the caller said so.
    pub(crate) cancelled: CancellationToken,
}

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A gate said no.
    Denied(Denial),
    /// The upstream's own JSON-RPC error, or the parameters are no parameters.
    Failed(Failure),
}

/// How sending ended.
pub(crate) enum Sent {
    Answered(Box<Answer>),
    Failed(UpstreamError),
    Cancelled,
}

/// What came of it: what the caller gets, and what the record says.
pub(crate) struct Finish {
    reply: Result<String, Stop>,
    pub(crate) word: &'static str,
    pub(crate) reason: Option<Reason>,
    pub(crate) done: Sanitized,
}

/// The gates, in order.
pub(crate) async fn run(call: &Call) -> Result<String, Stop> {
    let snapshot = agent(call).await?;
    let members = parameters(call)?;
    let (ask, seen) = screen_arguments(call, &snapshot, &members).await?;
    let reserved = decide_approve_and_record_intent(call, &ask, &seen).await?;
    let (sent, credential) = match open_credential(call) {
        Ok(credential) => (send(call, &snapshot, &members, credential.as_ref()).await, credential),
        Err(error) => (Sent::Failed(error), None),
    };
    let finish = screen_redact_truncate_and_fence(call, &snapshot, &sent, credential.as_ref()).await;
    let finish = withhold_from_an_ended_session(call, finish);
    outcome::record(call, &snapshot, (&sent, &finish), reserved).await?;
    finish.reply
}

/// The agent with its policy, as it is now.
async fn agent(call: &Call) -> Result<Arc<AgentSnapshot>, Stop> {
    let caller = &call.caller;
    gates::agent(&caller.gateway.app, &caller.ctx, caller.agent)
        .await
        .map_err(|error| fault(&caller.ctx, &error))
}

/// The parameters, member by member.
fn parameters(call: &Call) -> Result<Members<'_>, Stop> {
    let twice = || Stop::Failed(Failure::new(code::INVALID_PARAMS, "`params` holds a member twice."));
    let members = Members::parse(&call.params).map_err(|_| twice())?;
    if spelling::is_disguised(&members) { Err(twice()) } else { Ok(members) }
}

/// Gate 4: the arguments are read as strictly as the policy reads them, and looked at for
/// instructions that nobody gave.
async fn screen_arguments(
    call: &Call,
    snapshot: &AgentSnapshot,
    members: &Members<'_>,
) -> Result<(Ask, Seen), Stop> {
    let ask = match ask_of(call, members) {
        Ok(ask) => ask,
        Err(unread) => return Err(refuse(call, &unread.0, unread.1, Seen::default()).await),
    };
    let (target, actor) = (&call.target, &call.caller.ctx.actor);
    if let Some((reason, sentence)) = target.entry.upstream.objection(&target.name, ask.args.as_ref(), actor)
    {
        let objection = (reason, sentence);
        return Err(refuse_saying((&call.caller, target.declared()), &ask, objection, &Seen::default()).await);
    }
    let has_more = members.0.iter().any(|(key, _)| !matches!(&**key, "name" | "arguments" | "_meta"));
    let shown = match call.target.arguments {
        Some(key) if !has_more => members.raw(key).unwrap_or("{}"),
        _ => call.params.as_str(),
    };
    let caller = &call.caller;
    let look = Look::of(&caller.gateway.app, &caller.ctx, Channel::ToolArgument, &snapshot.settings);
    match gates::screen(&look, shown).await.passed() {
        Ok(seen) => Ok((ask, seen)),
        Err((reason, seen)) => {
            let advice = advice::of_arguments(&caller.ctx, reason, &seen);
            Err(refuse(call, &ask, reason, seen).await.advising(&advice))
        }
    }
}

/// What the policy is asked. An error gives the ask without what could not be read.
fn ask_of(call: &Call, members: &Members<'_>) -> Result<Ask, Box<(Ask, Reason)>> {
    let target = &call.target;
    let mut ask = Ask {
        action: target.action.to_owned(),
        resource: Some(target.resource.clone()),
        vendor: target.entry.vendor.clone(),
        user: call.caller.ctx.actor.acting_for().cloned(),
        ..Ask::default()
    };
    let extra = members.0.iter().filter(|(key, _)| matches!(&**key, "inputResponses" | "context" | "ref"));
    for (_, value) in extra {
        if Json::parse(value.get()).map_or(true, |value| spelling::has_twins(&value)) {
            return Err(Box::new((ask, Reason::ArgumentsInvalid)));
        }
    }
    let raw = target.arguments.map(|key| members.raw(key).unwrap_or("{}"));
    let args = match raw.map(Json::parse) {
        Some(Ok(args @ Json::Map(_))) if !spelling::has_twins(&args) => args,
        Some(_) => return Err(Box::new((ask, Reason::ArgumentsInvalid))),
        None => Json::Map(vec![("uri".to_owned(), Json::Text(target.name.clone()))]),
    };
    let money = amount_of(call, &args);
    ask.args = Some(args);
    match money {
        Ok((amount, currency)) => {
            (ask.amount, ask.currency) = (amount, currency);
            Ok(ask)
        }
        Err(reason) => Err(Box::new((ask, reason))),
    }
}

/// The amount and currency, where the tool's settings say where they stand.
fn amount_of(call: &Call, args: &Json) -> Result<(Option<Amount>, Option<Currency>), Reason> {
    let target = &call.target;
    let Some(settings) =
        target.entry.server.settings.tools.get(&target.name).filter(|_| target.action == "tool.call")
    else {
        return Ok((None, None));
    };
    let at = |path: &Option<String>| {
        path.as_deref().and_then(|path| args.at(path)).filter(|value| **value != Json::Null)
    };
    let amount =
        at(&settings.amount_path).map(Amount::from_json).transpose().map_err(|_| Reason::AmountInvalid)?;
    let currency = match at(&settings.currency_path) {
        Some(value) => {
            Some(value.as_text().and_then(|text| text.parse().ok()).ok_or(Reason::CurrencyMissing)?)
        }
        None => settings.currency,
    };
    Ok((amount, currency.filter(|_| amount.is_some())))
}

/// A gate before the policy said no: that is a decision, and recorded as one.
async fn refuse(call: &Call, ask: &Ask, reason: Reason, seen: Seen) -> Stop {
    let objection = (reason, seen.sentence(reason));
    refuse_saying((&call.caller, call.target.declared()), ask, objection, &seen).await
}

/// The same where there is no call yet: an unknown tool.
pub(crate) async fn refuse_ask(caller: &Caller, ask: &Ask, reason: Reason, seen: &Seen) -> Stop {
    refuse_saying((caller, None), ask, (reason, Cow::Borrowed(reason.text())), seen).await
}

async fn refuse_saying(
    (caller, declared): (&Caller, Option<&str>),
    ask: &Ask,
    (reason, sentence): Objection,
    seen: &Seen,
) -> Stop {
    let decision = Decision {
        verdict: Verdict::Deny,
        reason,
        sentence,
        risk: match (seen.risk, reason) {
            // A definition that could not be scanned is not looked at again by the call that wants it.
            (Risk::None, Reason::CouldNotScan) => Risk::High,
            (seen, _) => seen.max(Risk::Low),
        },
        permission: None,
        guardrail: None,
        missing: None,
    };
    let plan = Plan {
        agent: caller.agent,
        ask,
        facts: facts_of(seen).into(),
        declared,
        task: None,
        retry_key: None,
        carries_out: true,
    };
    match verify::refuse_call(&caller.gateway.app, &caller.ctx, &plan, &decision).await {
        Ok(answer) => Stop::Denied(Denial::of_answer(&answer)),
        Err(error) => fault(&caller.ctx, &error),
    }
}

/// Gates 5 and 6: nothing is sent unless the policy allows it, a person agreed where one must, and
/// decision and intent are durable. Gives what was reserved for it.
async fn decide_approve_and_record_intent(
    call: &Call,
    ask: &Ask,
    seen: &Seen,
) -> Result<Option<ReservationId>, Stop> {
    let caller = &call.caller;
    let (facts, declared) = (facts_of(seen).into(), call.target.declared());
    let plan =
        Plan { agent: caller.agent, ask, facts, declared, task: None, retry_key: None, carries_out: true };
    match Box::pin(verify::judge(&caller.gateway.app, &caller.ctx, &plan)).await {
        Ok(answer) if answer.allowed => Ok(answer.reservation_id),
        Ok(answer) => Err(Stop::Denied(Denial::of_answer(&answer))),
        Err(error) => Err(fault(&caller.ctx, &error)),
    }
}

/// Gate 7: the server's own credential; the caller's never leaves the house.
fn open_credential(call: &Call) -> Result<Option<Secret<String>>, UpstreamError> {
    let caller = &call.caller;
    gates::credential(&caller.gateway.app, &caller.ctx, &call.target.entry.server).map_err(|error| {
        tracing::error!(request.id = %caller.ctx.request, error = ?error, "a tool server's credential could not be opened");
        UpstreamError::before(Reason::Unavailable, "credential")
    })
}

/// Gate 8: out, through egress, until the answer, the deadline, or the caller's going away.
async fn send(
    call: &Call,
    snapshot: &AgentSnapshot,
    members: &Members<'_>,
    credential: Option<&Secret<String>>,
) -> Sent {
    let (caller, target) = (&call.caller, &call.target);
    let settings = &target.entry.server.settings;
    let mut params = Params::passing(members, &target.replaced);
    params.log_level = caller.session.as_ref().and_then(|session| era::log_level(session.least_log_rank()));
    let request = caller.ctx.request.to_string();
    let notes = notes_of(call, snapshot, members).hiding(credential);
    let outcall = Outcall {
        id: target.entry.upstream.next_id(),
        method: target.method,
        name: (!target.name.is_empty()).then_some(&*target.name),
        params: &params,
        request: &request,
        credential,
        deadline: Instant::now() + Duration::from_millis(settings.timeout_ms),
        max_bytes: usize::try_from(settings.max_bytes).unwrap_or(usize::MAX),
        notes: Some(&notes),
        caller: Some(caller),
    };
    if let Err(reason) = gates::session_lives(caller) {
        return Sent::Failed(UpstreamError::before(reason, "session_ended"));
    }
    if call.outlet.is_gone() || call.cancelled.is_cancelled() {
        return Sent::Failed(UpstreamError::before(Reason::CallCancelled, "cancelled"));
    }
    let sending = Box::pin(target.entry.upstream.call(&outcall));
    tokio::select! {
        sent = sending => return sent.map_or_else(Sent::Failed, |answer| Sent::Answered(Box::new(answer))),
        () = call.outlet.gone() => {}
        () = call.cancelled.cancelled() => {}
    }
    target.entry.upstream.cancel(&outcall).await;
    Sent::Cancelled
}

/// What the caller wants to hear while it waits.
fn notes_of(call: &Call, snapshot: &AgentSnapshot, members: &Members<'_>) -> Notes<'static> {
    let meta = members.object("_meta").unwrap_or_default();
    let token = meta.raw("progressToken").map(str::to_owned);
    let least = match (call.caller.era, &call.caller.session) {
        (Era::Modern, _) => meta.text(META_LOG_LEVEL).and_then(|level| era::log_rank(&level)),
        (Era::Legacy, session) => Some(session.as_ref().map_or(0, |session| session.least_log_rank())),
    };
    let (app, redactor) = (Arc::clone(&call.caller.gateway.app), Arc::clone(&snapshot.redactor));
    Notes::new(app, redactor, call.outlet.clone(), token, least)
}

/// Gate 9: the result is screened, redacted, cut and fenced; or what went wrong is put in words.
async fn screen_redact_truncate_and_fence(
    call: &Call,
    snapshot: &AgentSnapshot,
    sent: &Sent,
    credential: Option<&Secret<String>>,
) -> Finish {
    let ctx = &call.caller.ctx;
    let failed = |word: &'static str, reason: Reason, sentence: Cow<'static, str>| Finish {
        reply: Err(Stop::Denied(Denial::of_failure(ctx, reason, sentence))),
        word,
        reason: Some(reason),
        done: Sanitized::default(),
    };
    let answer = match sent {
        Sent::Cancelled => {
            return failed("cancelled", Reason::CallCancelled, Reason::CallCancelled.text().into());
        }
        Sent::Failed(error) if error.reason == Reason::CallCancelled => {
            return failed("cancelled", error.reason, error.sentence());
        }
        Sent::Failed(error) => return failed(error.reason.code(), error.reason, error.sentence()),
        Sent::Answered(answer) => answer,
    };
    let result = match answer.outcome() {
        Ok(result) => result,
        Err(error) => return upstream_error(call, snapshot, error, credential).await,
    };
    let fence = call.target.is_fenced && call.target.entry.server.settings.fence;
    let channel = call.target.channel();
    let how = Treatment {
        app: &call.caller.gateway.app,
        ctx,
        source: &call.target.resource,
        declared: call.target.declared(),
        fence: if fence { Fence::Content } else { Fence::Off },
        redactor: &snapshot.redactor,
        channel,
        stance: Stance::of(&snapshot.settings, channel),
        era: call.caller.era,
        credential,
    };
    match Box::pin(sanitize::result(&how, result)).await {
        Ok((text, done)) => {
            let word = if done.is_error { "tool_error" } else { "ok" };
            Finish { reply: Ok(text), word, reason: None, done }
        }
        Err(Withheld::Screened(reason, seen)) => {
            let sentence = match reason {
                Reason::PromptInjection => {
                    "The tool's result looks like a prompt injection, so it is withheld."
                }
                _ if seen.unheard().is_some() => {
                    "The second opinion about the tool's result gave no answer, so it is withheld."
                }
                _ => "The tool's result could not be screened, so it is withheld.",
            };
            let advice = advice::of_a_result(ctx);
            let mut finish = failed("withheld", reason, sentence.into());
            finish.reply = finish.reply.map_err(|stop| stop.advising(&advice));
            Finish { done: Sanitized { seen, ..Sanitized::default() }, ..finish }
        }
        Err(Withheld::Failed(reason)) => failed(reason.code(), reason, reason.text().into()),
    }
}

/// What was done for a user is told to nobody once the session is over, however far it came (SES-1).
fn withhold_from_an_ended_session(call: &Call, finish: Finish) -> Finish {
    let Err(reason) = gates::session_lives(&call.caller) else { return finish };
    let denial = Denial::of_failure(&call.caller.ctx, reason, reason.text());
    Finish { reply: Err(Stop::Denied(denial)), word: "session_ended", reason: Some(reason), ..finish }
}

/// The upstream's own error, passed on with its code if its words are clean.
async fn upstream_error(
    call: &Call,
    snapshot: &AgentSnapshot,
    error: &str,
    credential: Option<&Secret<String>>,
) -> Finish {
    let (app, ctx) = (&call.caller.gateway.app, &call.caller.ctx);
    let clean = sanitize::error(app, ctx, &snapshot.redactor, error, credential).await;
    let stop = clean.and_then(|clean| Failure::of_upstream(&clean)).map(Stop::Failed);
    let withheld = || {
        let sentence = "The tool server answered with an error whose text is withheld.";
        Stop::Denied(Denial::of_failure(&call.caller.ctx, Reason::UpstreamInvalid, sentence))
    };
    Finish {
        reply: Err(stop.unwrap_or_else(withheld)),
        word: "error",
        reason: None,
        done: Sanitized::default(),
    }
}

fn facts_of(seen: &Seen) -> String {
    #[derive(Serialize)]
    struct Facts<'f> {
        screen: &'f Seen,
    }
    serde_json::to_string(&Facts { screen: seen }).unwrap_or_else(|_| "{}".to_owned())
}

/// Something of ours broke or refused: said without its cause, which the log has.
pub(crate) fn fault(ctx: &Ctx, error: &procura_model::Error) -> Stop {
    if let procura_model::Error::Fault(fault) = error {
        tracing::error!(request.id = %ctx.request, error = ?fault, "a gate could not answer");
    }
    Stop::Denied(Denial::of_failure(ctx, error.reason(), error.sentence().to_owned()))
}

impl Stop {
    /// The same with another advice to whoever called.
    pub(crate) fn advising(self, advice: &str) -> Self {
        match self {
            Self::Denied(denial) => Self::Denied(denial.advising(advice)),
            failed @ Self::Failed(_) => failed,
        }
    }

    /// The message to the caller, with the HTTP status where it travels alone.
    pub(crate) fn message(&self, id: &str, era: Era, as_tool: Option<Shape>) -> (u16, String) {
        match (self, as_tool) {
            (Self::Denied(denial), Some(shape)) => {
                (200, jsonrpc::result_body(id, &denial.tool_result(era, shape)))
            }
            (Self::Denied(denial), None) => (200, denial.failure().body(Some(id))),
            (Self::Failed(failure), _) => {
                let status = if era == Era::Modern { failure.status } else { 200 };
                (status, failure.body(Some(id)))
            }
        }
    }
}
