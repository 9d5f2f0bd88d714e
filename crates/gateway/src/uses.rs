//! From a request to its target: which server, which of its things, and what of the request is
//! replaced on the way. The gates themselves are in [`crate::call`].

use crate::{
    call::{self, Call, Caller, Stop, Target, refuse_ask},
    deny::{Denial, Shape},
    era::Era,
    gates::{self, Seen},
    jsonrpc::{Failure, code},
    lists,
    offer::{Kind, Offered},
    raw::{Members, Object, array, quote},
    reply::Outlet,
};
use procura_app::{personal::Scrub, results};
use procura_model::{Ask, Json, Reason, ResultId};
use procura_screen::truncate::truncate_text;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How much is recorded of the name of what the caller cannot see.
const MAX_UNSEEN_BYTES: usize = 200;

/// A request that uses something.
pub(crate) struct Use {
    /// Who.
    pub(crate) caller: Arc<Caller>,
    /// The parameters as they came.
    pub(crate) params: String,
    /// Where messages to the caller go.
    pub(crate) outlet: Outlet,
    /// Cancelled when the caller said so.
    pub(crate) cancelled: CancellationToken,
}

/// How a use ended, and how a no is said.
pub(crate) struct Used {
    /// The result, or why there is none.
    pub(crate) result: Result<String, Stop>,
    /// A no is a tool result of this shape; for anything but a tool an error.
    pub(crate) as_tool: Option<Shape>,
}

impl Use {
    fn members(&self) -> Result<Members<'_>, Stop> {
        Members::parse(&self.params).map_err(|_| wrong("`params` holds a member twice."))
    }

    async fn run(self, target: Target) -> Result<String, Stop> {
        let call = Call {
            caller: self.caller,
            target,
            params: self.params,
            outlet: self.outlet,
            cancelled: self.cancelled,
        };
        Box::pin(call::run(&call)).await
    }
}

fn wrong(text: &'static str) -> Stop {
    Stop::Failed(Failure::new(code::INVALID_PARAMS, text))
}

/// `tools/call`.
pub(crate) async fn tool(asked: Use) -> Used {
    let mut shape = Shape::Free;
    let result = call_tool(asked, &mut shape).await;
    Used { result, as_tool: Some(shape) }
}

async fn call_tool(asked: Use, shape: &mut Shape) -> Result<String, Stop> {
    let name =
        asked.members()?.text("name").ok_or_else(|| wrong("`params.name` must be a string."))?.into_owned();
    if lists::is_own(&name) {
        return read_more(&asked).await;
    }
    let Some((entry, tool)) = lists::find(&asked.caller, Kind::Tool, &name).await? else {
        return Err(refuse_unseen(&asked.caller, &name, Reason::ToolUnknown).await);
    };
    if let Some(reason) = hidden(&asked.caller, &tool).await? {
        return Err(refuse_unseen(&asked.caller, &tool.resource, reason).await);
    }
    *shape = if tool.has_output_schema { Shape::Declared } else { Shape::Free };
    let target = Target {
        method: "tools/call",
        action: Kind::Tool.action(),
        resource: tool.resource.clone(),
        name: tool.key.clone(),
        arguments: Some("arguments"),
        replaced: vec![("name", quote(&tool.key))],
        is_fenced: true,
        entry,
    };
    asked.run(target).await
}

/// Why a definition is hidden from the caller's organization, where it is.
async fn hidden(caller: &Caller, each: &Offered) -> Result<Option<Reason>, Stop> {
    if each.suspicion.is_none() {
        return Ok(None);
    }
    let snapshot = gates::agent(&caller.gateway.app, &caller.ctx, caller.agent).await;
    Ok(each.hidden(&snapshot.map_err(|error| call::fault(&caller.ctx, &error))?.settings))
}

/// A call of what the caller cannot see is a decision too. The name is the caller's own word, and may hold a token or what
/// tells who the user is: that is taken out of the whole name before it is cut, because a half is not known again.
async fn refuse_unseen(caller: &Caller, name: &str, reason: Reason) -> Stop {
    let snapshot = match gates::agent(&caller.gateway.app, &caller.ctx, caller.agent).await {
        Ok(snapshot) => snapshot,
        Err(error) => return call::fault(&caller.ctx, &error),
    };
    let visible: String = name.chars().filter(|c| !c.is_control()).collect();
    let scrub = Scrub::in_ctx(&caller.gateway.app, &snapshot.redactor, &caller.ctx);
    let resource = truncate_text(&scrub.resource(&visible, None), MAX_UNSEEN_BYTES).text.into_owned();
    let ask = Ask {
        action: Kind::Tool.action().to_owned(),
        resource: Some(resource),
        user: caller.ctx.actor.acting_for().cloned(),
        ..Ask::default()
    };
    refuse_ask(caller, &ask, reason, &Seen::default()).await
}

/// Our own tool: a result that was cut, a page at a time; the journey fences and records it.
async fn read_more(asked: &Use) -> Result<String, Stop> {
    let (caller, ctx) = (&asked.caller, &asked.caller.ctx);
    let (id, page) = wanted(&asked.members()?)
        .map_err(|text| Stop::Denied(Denial::of_failure(ctx, Reason::ArgumentsInvalid, text)))?;
    let page = results::read(&caller.gateway.app, ctx, id, page).await;
    let page = page.map_err(|error| call::fault(ctx, &error))?;
    let remark = match page.next {
        Some(next) => {
            format!("More follows. Read on with the arguments {{\"handle\":\"{id}\",\"page\":{next}}}.")
        }
        None => "This is the end of what is kept of the result.".to_owned(),
    };
    let block = |text: &str| Object::new().raw("type", "\"text\"").text("text", text).finish();
    let blocks = [block(&page.text), block(&remark)];
    let mut result = Object::with_capacity(page.text.len() + 512);
    if caller.era == Era::Modern {
        result.text("resultType", "complete");
    }
    Ok(result.raw("content", &array(blocks.iter().map(String::as_str))).raw("isError", "false").finish())
}

/// The handle and the page that are asked for.
fn wanted(members: &Members<'_>) -> std::result::Result<(ResultId, usize), &'static str> {
    let arguments =
        Json::parse(members.raw("arguments").unwrap_or("{}")).map_err(|_| Reason::ArgumentsInvalid.text())?;
    let handle = arguments.member("handle").and_then(Json::as_text).and_then(|text| text.parse().ok());
    let handle = handle.ok_or("`handle` must be the one that the remark of a cut result names, out_..")?;
    let page = match arguments.member("page") {
        None => Some(0),
        Some(Json::Number(text)) => text.parse().ok(),
        Some(_) => None,
    };
    Ok((handle, page.ok_or("`page` must be the number that the remark names.")?))
}

/// `prompts/get`.
pub(crate) async fn prompt(asked: Use) -> Result<String, Stop> {
    let name =
        asked.members()?.text("name").ok_or_else(|| wrong("`params.name` must be a string."))?.into_owned();
    let found = lists::find(&asked.caller, Kind::Prompt, &name).await?;
    let no_prompt = || wrong("There is no such prompt for this agent.");
    let (entry, prompt) = found.ok_or_else(no_prompt)?;
    if hidden(&asked.caller, &prompt).await?.is_some() {
        return Err(no_prompt());
    }
    let target = Target {
        method: "prompts/get",
        action: Kind::Prompt.action(),
        resource: prompt.resource.clone(),
        name: prompt.key.clone(),
        arguments: Some("arguments"),
        replaced: vec![("name", quote(&prompt.key))],
        is_fenced: false,
        entry,
    };
    asked.run(target).await
}

/// `resources/read`.
pub(crate) async fn resource(asked: Use) -> Result<String, Stop> {
    let uri =
        asked.members()?.text("uri").ok_or_else(|| wrong("`params.uri` must be a string."))?.into_owned();
    let entry = lists::find_resource(&asked.caller, &uri).await?;
    let era = asked.caller.era;
    let target = Target {
        method: "resources/read",
        action: Kind::Resource.action(),
        resource: format!("{}/{uri}", entry.server.name),
        name: uri,
        arguments: None,
        replaced: Vec::new(),
        is_fenced: false,
        entry,
    };
    asked.run(target).await.map(|result| if era == Era::Modern { private(&result) } else { result })
}

/// What a caller may read is its own matter: nobody else may be served from a cache of it.
fn private(result: &str) -> String {
    let Ok(members) = Members::parse(result) else { return result.to_owned() };
    let mut written = Object::with_capacity(result.len() + 48);
    for (key, value) in members.0.iter().filter(|(key, _)| !matches!(&**key, "ttlMs" | "cacheScope")) {
        written.raw(key, value.get());
    }
    written.raw("ttlMs", "0").text("cacheScope", "private").finish()
}

/// `completion/complete`.
pub(crate) async fn completion(asked: Use) -> Result<String, Stop> {
    let members = asked.members()?;
    let reference = members.object("ref").ok_or_else(|| wrong("`params.ref` must be an object."))?;
    let (entry, key, replaced) = match reference.text("type").as_deref() {
        Some("ref/prompt") => {
            let name = reference.text("name").ok_or_else(|| wrong("`params.ref.name` must be a string."))?;
            let (entry, prompt) = lists::find(&asked.caller, Kind::Prompt, &name)
                .await?
                .ok_or_else(|| wrong("There is no such prompt for this agent."))?;
            let own = Object::new().text("type", "ref/prompt").text("name", &prompt.key).finish();
            (entry, prompt.key.clone(), vec![("ref", own)])
        }
        Some("ref/resource") => {
            let uri = reference
                .text("uri")
                .ok_or_else(|| wrong("`params.ref.uri` must be a string."))?
                .into_owned();
            let own = Object::new().text("type", "ref/resource").text("uri", &uri).finish();
            (find_template(&asked.caller, &uri).await?, uri, vec![("ref", own)])
        }
        _ => return Err(wrong("`params.ref.type` must be ref/prompt or ref/resource.")),
    };
    drop(members);
    let target = Target {
        method: "completion/complete",
        action: "completion",
        resource: format!("{}/{key}", entry.server.name),
        name: String::new(),
        arguments: Some("argument"),
        replaced,
        is_fenced: false,
        entry,
    };
    asked.run(target).await
}

/// The server that lists this template or resource.
async fn find_template(caller: &Caller, uri: &str) -> Result<Arc<crate::catalogue::Entry>, Stop> {
    let offers = lists::offers(caller).await?;
    let listed = offers.into_iter().find(|(_, offer)| {
        let lists = |kind| offer.as_ref().is_ok_and(|offer| offer.by_key(kind, uri).is_some());
        lists(Kind::Template) || lists(Kind::Resource)
    });
    listed.map(|(entry, _)| entry).ok_or_else(|| wrong("There is no such resource for this agent."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_never_shared_by_a_cache() {
        let result = private(r#"{"contents":[1.0],"cacheScope":"public","ttlMs":60000,"x":2}"#);
        assert_eq!(result, r#"{"contents":[1.0],"x":2,"ttlMs":0,"cacheScope":"private"}"#);
    }
}
