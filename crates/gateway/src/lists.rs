//! What a caller may see. One rule serves lists, calls and the console: a thing is listed if some
//! call of it could be allowed ([`gates::could_allow`]). In the list of all servers tools and prompts
//! have full names; resources keep their URIs, and where two servers list the same URI, the server
//! whose name comes first in the alphabet has it; the other's is reached at its own mount.

use crate::{
    Gateway,
    call::{Caller, Stop, fault},
    catalogue::Entry,
    deny::Denial,
    era::{Era, META_SERVER},
    gates,
    health::ToolView,
    jsonrpc::{Failure, code},
    names::READ_MORE,
    offer::{Kind, Offer, Offered},
    raw::{Object, array},
};
use futures_util::future::join_all;
use procura_app::AgentSnapshot;
use procura_model::{AgentId, Ctx, Reason, Result, Scope};
use std::{collections::HashSet, sync::Arc};

/// How long a client may believe a list, in milliseconds; permissions may change it at any time.
const TTL_MS: &str = "5000";

/// Our own tool. It is always listed: clients keep lists, and a handle may come at any time.
const READ_MORE_DEFINITION: &str = r#"{"name":"procura__read_more","title":"Read more of a cut result","description":"Reads, page by page, what Procura left out of a tool result because it was too long. The remark at the end of the cut result names the handle and says until when it is kept.","inputSchema":{"type":"object","properties":{"handle":{"type":"string","description":"The handle that the remark names: out_ and 26 characters."},"page":{"type":"integer","minimum":0,"description":"The page that the remark names; the beginning of the result when absent."}},"required":["handle"],"additionalProperties":false},"annotations":{"readOnlyHint":true,"openWorldHint":false}}"#;

/// Who we say we are.
pub(crate) const SERVER: &str =
    concat!(r#"{"name":"procura","title":"Procura","version":""#, env!("CARGO_PKG_VERSION"), "\"}");

/// The servers of a mount, with what they offer; those that do not answer say why.
type Offers = Vec<(Arc<Entry>, std::result::Result<Arc<Offer>, crate::upstream::UpstreamError>)>;

/// The servers of the caller's mount.
pub(crate) async fn entries(caller: &Caller) -> std::result::Result<Vec<Arc<Entry>>, Stop> {
    let servers = caller.gateway.catalogue.servers(&caller.gateway.app, &caller.ctx).await;
    let servers = servers.map_err(|error| fault(&caller.ctx, &error))?;
    let serves = |entry: &&Arc<Entry>| entry.server.settings.serves(caller.agent);
    Ok(match &caller.server {
        Some(name) => servers.entries.get(name).filter(serves).map(Arc::clone).into_iter().collect(),
        None => servers.entries.values().filter(serves).map(Arc::clone).collect(),
    })
}

/// What the servers of the caller's mount offer; all are asked at once.
pub(crate) async fn offers(caller: &Caller) -> std::result::Result<Offers, Stop> {
    let entries = entries(caller).await?;
    Ok(join_all(entries.into_iter().map(|entry| async move {
        let offer = entry.offer(&caller.gateway).await;
        (entry, offer)
    }))
    .await)
}

/// Whether the agent sees this.
pub(crate) fn is_seen(
    snapshot: &AgentSnapshot,
    ctx: &Ctx,
    entry: &Entry,
    kind: Kind,
    each: &Offered,
) -> bool {
    let is_for_nobody = ctx.actor.agent().is_some() && ctx.actor.acting_for().is_none();
    each.hidden(&snapshot.settings).is_none()
        && !(is_for_nobody && kind == Kind::Tool && entry.upstream.needs_user(&each.key))
        && gates::could_allow(snapshot, ctx, kind.action(), &each.resource, entry.vendor.as_deref())
}

/// Answers a list.
pub(crate) async fn list(caller: &Caller, kind: Kind) -> std::result::Result<String, Stop> {
    let ctx = &caller.ctx;
    let snapshot =
        gates::agent(&caller.gateway.app, ctx, caller.agent).await.map_err(|error| fault(ctx, &error))?;
    let offers = offers(caller).await?;
    if let (Some(_), [(_, Err(error))]) = (&caller.server, offers.as_slice()) {
        return Err(Stop::Denied(Denial::of_failure(ctx, error.reason, error.sentence())));
    }
    let mut seen = HashSet::new();
    let mut definitions: Vec<&str> = Vec::new();
    for (entry, offer) in &offers {
        let Ok(offer) = offer else { continue };
        for each in offer.list(kind) {
            if is_seen(&snapshot, ctx, entry, kind, each) && seen.insert(each.full_name.as_str()) {
                definitions.push(if caller.server.is_some() { &each.raw } else { &each.renamed });
            }
        }
    }
    if kind == Kind::Tool {
        definitions.push(READ_MORE_DEFINITION);
    }
    let list = array(definitions.into_iter());
    let mut result = Object::with_capacity(list.len() + 256);
    result.raw(kind.member(), &list);
    Ok(finished(caller.era, &mut result))
}

/// Ends a result of our own that may be kept for a while.
pub(crate) fn finished(era: Era, result: &mut Object) -> String {
    if era == Era::Modern {
        result.text("resultType", "complete").raw("ttlMs", TTL_MS).text("cacheScope", "private");
        result.raw("_meta", &Object::new().raw(META_SERVER, SERVER).finish());
    }
    result.finish()
}

/// The tool or prompt of this name in the caller's mount.
pub(crate) async fn find(
    caller: &Caller,
    kind: Kind,
    name: &str,
) -> std::result::Result<Option<(Arc<Entry>, Arc<Offered>)>, Stop> {
    let servers = caller.gateway.catalogue.servers(&caller.gateway.app, &caller.ctx).await;
    let servers = servers.map_err(|error| fault(&caller.ctx, &error))?;
    let server = caller.server.as_deref().or_else(|| crate::names::server_of(name));
    let entry = server.and_then(|server| servers.entries.get(server));
    let Some(entry) = entry.filter(|entry| entry.server.settings.serves(caller.agent)) else {
        return Ok(None);
    };
    let look = |offer: &Offer| match caller.server {
        Some(_) => offer.by_key(kind, name).map(Arc::clone),
        None => offer.by_full_name(kind, name).map(Arc::clone),
    };
    // The hot path: what is known is enough, however old.
    if let Some(found) = entry.known_offer().as_deref().and_then(look) {
        return Ok(Some((Arc::clone(entry), found)));
    }
    match entry.offer(&caller.gateway).await {
        Ok(offer) => Ok(look(&offer).map(|found| (Arc::clone(entry), found))),
        Err(error) => Err(Stop::Denied(Denial::of_failure(&caller.ctx, error.reason, error.sentence()))),
    }
}

/// The server that has this resource in the caller's mount.
pub(crate) async fn find_resource(caller: &Caller, uri: &str) -> std::result::Result<Arc<Entry>, Stop> {
    if caller.server.is_some() {
        return entries(caller).await?.into_iter().next().ok_or_else(|| no_resource(uri));
    }
    let offers = offers(caller).await?;
    let listed =
        offers.into_iter().find(|(_, offer)| offer.as_ref().is_ok_and(|offer| offer.has_resource(uri)));
    listed.map(|(entry, _)| entry).ok_or_else(|| no_resource(uri))
}

/// There is no such resource (`standards/mcp.md`, A3).
fn no_resource(uri: &str) -> Stop {
    let data = Object::new().text("uri", uri).finish();
    Stop::Failed(
        Failure::new(code::INVALID_PARAMS, "There is no such resource for this agent.").with_data(data),
    )
}

/// Our own tool of this name, if it is one.
pub(crate) fn is_own(name: &str) -> bool {
    name == READ_MORE
}

impl Gateway {
    /// The tools that an agent could be allowed to call, by the very rule that its own list follows.
    ///
    /// # Errors
    /// The scope is missing, the agent is unknown, or the store cannot say.
    pub async fn tools_for(self: &Arc<Self>, ctx: &Ctx, agent: AgentId) -> Result<Vec<ToolView>> {
        if ctx.actor.agent() != Some(agent) {
            ctx.actor.require(Scope::ReadServers)?;
        }
        let snapshot = gates::agent(&self.app, ctx, agent).await?;
        let servers = self.catalogue.servers(&self.app, ctx).await?;
        let mut tools = Vec::new();
        for entry in servers.entries.values().filter(|entry| entry.server.settings.serves(agent)) {
            let Some(offer) = entry.known_offer() else { continue };
            let seen =
                offer.list(Kind::Tool).iter().filter(|tool| is_seen(&snapshot, ctx, entry, Kind::Tool, tool));
            tools.extend(seen.map(|tool| ToolView::of(tool, &snapshot.settings)));
        }
        Ok(tools)
    }

    /// Whether the organization has a server of this name.
    pub(crate) async fn has_server(&self, ctx: &Ctx, name: &str) -> Result<()> {
        let servers = self.catalogue.servers(&self.app, ctx).await?;
        let serves =
            |entry: &Arc<Entry>| ctx.actor.agent().is_none_or(|agent| entry.server.settings.serves(agent));
        if servers.entries.get(name).is_some_and(serves) { Ok(()) } else { Err(Reason::NotFound.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::Members;

    #[test]
    fn our_own_definitions_are_json() {
        assert_eq!(Members::parse(READ_MORE_DEFINITION).unwrap().text("name").as_deref(), Some(READ_MORE));
        assert!(Members::parse(SERVER).is_ok() && is_own(READ_MORE) && !is_own("shop__echo"));
    }

    #[test]
    fn only_modern_lists_carry_cache_hints() {
        let list = |era| finished(era, Object::new().raw("tools", "[]"));
        assert_eq!(list(Era::Legacy), r#"{"tools":[]}"#);
        let modern = list(Era::Modern);
        assert!(modern.contains(r#""ttlMs":5000"#) && modern.contains(r#""cacheScope":"private""#));
        assert!(modern.contains(r#""resultType":"complete""#) && modern.contains(META_SERVER));
    }
}
