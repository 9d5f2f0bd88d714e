//! A business's own HTTP API as an upstream (USR-9): each call is one request, made of the declaration and
//! the checked arguments, on behalf of the verified user. Nothing is sent that the declaration does not
//! name, no redirect is followed, and what comes back is text from outside like any tool's result.
//!
//! Nobody asks such an API how it does: there is no request of which it is sure that it has no effect. Its
//! health is that of the last call.

mod answer;
mod request;

pub(crate) use request::insert;

use super::{Answer, Outcall, UpstreamError};
use crate::gates;
use http_body_util::Full;
use procura_app::api_tools::{CompiledApi, CompiledTool};
use procura_egress::{Egress, Lane, Outbound};
use procura_model::{Actor, Json, Reason};
use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::time::Instant;

/// A business's own API.
pub(crate) struct ApiUpstream {
    egress: Arc<Egress>,
    lane: Lane,
    api: CompiledApi,
    numbers: AtomicU64,
}

/// Why a call is not even asked about.
pub(crate) type Objection = (Reason, Cow<'static, str>);

impl ApiUpstream {
    /// An API that can be called; nothing is sent yet.
    pub(crate) fn new(egress: Arc<Egress>, lane: Lane, api: CompiledApi) -> Self {
        Self { egress, lane, api, numbers: AtomicU64::new(1) }
    }

    pub(super) fn next_id(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// The definitions of its tools, as MCP lists them.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = &str> {
        self.api.tools.iter().map(|tool| tool.definition.as_str())
    }

    /// Whether this tool is called for a verified user alone.
    pub(crate) fn needs_user(&self, tool: &str) -> bool {
        self.api.tool(tool).is_none_or(|tool| tool.needs_user)
    }

    /// Why these arguments of this caller make no request.
    pub(crate) fn objection(&self, tool: &str, arguments: Option<&Json>, actor: &Actor) -> Option<Objection> {
        let Some(tool) = self.api.tool(tool) else {
            return Some((Reason::ToolUnknown, Reason::ToolUnknown.text().into()));
        };
        if tool.needs_user && actor.acting_for().is_none() {
            return Some((Reason::UserRequired, Reason::UserRequired.text().into()));
        }
        let wrong = |sentence: String| Some((Reason::ArgumentsInvalid, Cow::Owned(sentence)));
        let Some(arguments) = arguments else {
            return Some((Reason::ArgumentsInvalid, Reason::ArgumentsInvalid.text().into()));
        };
        if let Err(fault) = tool.check(arguments) {
            return wrong(format!("The argument {fault}."));
        }
        self.api.fill(tool, arguments).err().and_then(|why| wrong(why.to_string()))
    }

    pub(super) async fn call(&self, outcall: &Outcall<'_>) -> Result<Answer, UpstreamError> {
        let tool = outcall.name.and_then(|name| self.api.tool(name));
        let tool = tool.ok_or_else(|| UpstreamError::before(Reason::ToolUnknown, "no_tool"))?;
        let request = self.request(tool, outcall)?;
        let left = outcall.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(UpstreamError::before(Reason::UpstreamTimeout, "timeout"));
        }
        let outbound = Outbound { lane: self.lane, deadline: left };
        let exchange = Box::pin(self.egress.send(request, outbound)).await?;
        answer::read(exchange, outcall).await
    }

    fn request(
        &self,
        tool: &CompiledTool,
        outcall: &Outcall<'_>,
    ) -> Result<http::Request<Full<bytes::Bytes>>, UpstreamError> {
        let invalid =
            |sentence: String| UpstreamError::before(Reason::ArgumentsInvalid, "arguments").saying(sentence);
        let raw = outcall.params.members.iter().find(|(key, _)| key == "arguments");
        let arguments = raw.map_or(Ok(Json::Map(Vec::new())), |(_, raw)| Json::parse(raw));
        let arguments = arguments.map_err(|_| invalid(Reason::ArgumentsInvalid.text().to_owned()))?;
        // Asked before the record was written; asked again, because this is what is sent.
        tool.check(&arguments).map_err(|fault| invalid(format!("The argument {fault}.")))?;
        let filled = self.api.fill(tool, &arguments).map_err(|why| invalid(why.to_string()))?;
        let mut request = request::of(tool, filled, outcall.request)?;
        if let Some(credential) = outcall.credential {
            request::carry_credential(&mut request, &self.api.credential, credential)?;
        }
        if tool.needs_user || tool.tells_of_user {
            let caller = outcall.caller.filter(|caller| caller.ctx.actor.acting_for().is_some());
            let caller = caller.ok_or_else(|| UpstreamError::before(Reason::UserRequired, "no_user"))?;
            if tool.tells_of_user {
                gates::tell_of_user(caller, &self.api.forward, request.headers_mut())?;
            }
        }
        Ok(request)
    }
}
