//! Streams on which a client hears of changes: `subscriptions/listen` in the modern era, `GET` in
//! the legacy one. A client hears only of what it asked for, only of its own organization's servers,
//! and no more once its agent may no longer act.

use crate::{
    call::Caller,
    catalogue::Entry,
    era::{Era, META_SUBSCRIPTION},
    gates, jsonrpc, lists,
    offer::Kind,
    raw::{Elements, Members, Object, array, quote},
    reply::Outlet,
    signals::{Change, What},
    upstream::{Outcall, Params, Upstream},
};
use procura_app::identity::Standing;
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

/// How many resources one stream may watch.
const MAX_WATCHED: usize = 1_000;
/// How often it is looked whether the agent may still act, with the key that it came with.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// How long an upstream may take to begin or end watching.
const WATCH_WITHIN: Duration = Duration::from_secs(10);

/// What a client wants to hear of.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    tools: bool,
    prompts: bool,
    resources: bool,
    uris: HashSet<String>,
}

impl Wanted {
    /// Everything: what a legacy stream carries, but for resources that the session does not watch.
    pub(crate) fn lists() -> Self {
        Self { tools: true, prompts: true, resources: true, uris: HashSet::new() }
    }

    /// Whether resources are to be watched, which is more than to hear that a list changed.
    pub(crate) fn watches(&self) -> bool {
        !self.uris.is_empty()
    }

    /// What `subscriptions/listen` asks for.
    pub(crate) fn parse(params: &str) -> Option<Self> {
        let params = Members::parse(params).ok()?;
        let asked = params.object("notifications")?;
        let is_on = |key: &str| asked.raw(key) == Some("true");
        let uris = asked.raw("resourceSubscriptions").and_then(|raw| Elements::parse(raw).ok());
        let uris = uris.map(|list| {
            let texts = list.0.into_iter().filter_map(|raw| crate::raw::as_text(raw.get()));
            texts.take(MAX_WATCHED).map(std::borrow::Cow::into_owned).collect()
        });
        Some(Self {
            tools: is_on("toolsListChanged"),
            prompts: is_on("promptsListChanged"),
            resources: is_on("resourcesListChanged"),
            uris: uris.unwrap_or_default(),
        })
    }

    /// What of it is honoured, as JSON.
    fn honoured(&self) -> String {
        let mut object = Object::new();
        for (key, is_on) in [
            ("toolsListChanged", self.tools),
            ("promptsListChanged", self.prompts),
            ("resourcesListChanged", self.resources),
        ] {
            if is_on {
                object.raw(key, "true");
            }
        }
        if !self.uris.is_empty() {
            let quoted: Vec<String> = self.uris.iter().map(|uri| quote(uri)).collect();
            object.raw("resourceSubscriptions", &array(quoted.iter().map(String::as_str)));
        }
        object.finish()
    }

    fn wants(&self, caller: &Caller, what: &What) -> bool {
        match what {
            What::Tools => self.tools,
            What::Prompts => self.prompts,
            What::Resources => self.resources,
            What::Updated(uri) => {
                self.uris.contains(&**uri)
                    || caller.session.as_ref().is_some_and(|session| session.watches(uri))
            }
        }
    }
}

/// One stream to a client.
pub(crate) struct Stream {
    /// Whose.
    pub(crate) caller: Arc<Caller>,
    /// What it carries.
    pub(crate) wanted: Wanted,
    /// Where it goes.
    pub(crate) outlet: Outlet,
    /// The id of the modern request that opened it.
    pub(crate) subscription: Option<String>,
    /// Cancelled when the stream must end.
    pub(crate) closed: CancellationToken,
}

/// Carries changes until the client is gone, the stream is closed, or the server stops.
pub(crate) async fn follow(mut stream: Stream) {
    let gateway = Arc::clone(&stream.caller.gateway);
    let mut changes = gateway.catalogue.changes.listen();
    watch_all(&mut stream).await;
    if let Some(id) = &stream.subscription {
        let meta = Object::new().raw(META_SUBSCRIPTION, id).finish();
        let params =
            Object::new().raw("_meta", &meta).raw("notifications", &stream.wanted.honoured()).finish();
        let first = jsonrpc::notification_body("notifications/subscriptions/acknowledged", &params);
        if !stream.outlet.notify(first).await {
            return;
        }
    }
    // The upstreams must be connected for their changes to be heard.
    let _reached = lists::offers(&stream.caller).await;
    let stopping = gateway.app.jobs.stopping();
    let mut standing = Standing::default();
    let mut checks = interval(CHECK_EVERY);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let change = tokio::select! {
            change = changes.recv() => change,
            () = stream.outlet.gone() => return,
            () = stream.closed.cancelled() => break,
            () = stopping.cancelled() => break,
            _ = checks.tick() => {
                if standing.demand(&gateway.app, &stream.caller.ctx).await.is_ok() { continue } else { break }
            }
        };
        match change {
            Ok(change) => stream.tell(&change).await,
            Err(RecvError::Lagged(_)) => stream.tell_all().await,
            Err(RecvError::Closed) => break,
        }
    }
    if let Some(id) = stream.subscription {
        let meta = Object::new().raw(META_SUBSCRIPTION, &id).finish();
        let result = Object::new().text("resultType", "complete").raw("_meta", &meta).finish();
        stream.outlet.answer(200, jsonrpc::result_body(&id, &result)).await;
    }
}

impl Stream {
    async fn tell(&self, change: &Change) {
        let caller = &self.caller;
        let is_ours = change.tenant == caller.ctx.tenant
            && (change.server.is_empty()
                || caller.server.as_deref().is_none_or(|server| server == &*change.server));
        if is_ours && self.wanted.wants(caller, &change.what) {
            self.send(&change.what).await;
        }
    }

    async fn tell_all(&self) {
        for what in [What::Tools, What::Prompts, What::Resources] {
            if self.wanted.wants(&self.caller, &what) {
                self.send(&what).await;
            }
        }
    }

    async fn send(&self, what: &What) {
        let mut params = Object::new();
        let method = match what {
            What::Tools => "notifications/tools/list_changed",
            What::Prompts => "notifications/prompts/list_changed",
            What::Resources => "notifications/resources/list_changed",
            What::Updated(uri) => {
                params.text("uri", uri);
                "notifications/resources/updated"
            }
        };
        if let Some(id) = &self.subscription {
            params.raw("_meta", &Object::new().raw(META_SUBSCRIPTION, id).finish());
        }
        self.outlet.notify(jsonrpc::notification_body(method, &params.finish())).await;
    }
}

/// Watches the wanted resources at their servers; those that cannot be watched are not honoured.
async fn watch_all(stream: &mut Stream) {
    let mut honoured = HashSet::new();
    for uri in std::mem::take(&mut stream.wanted.uris) {
        if watch(&stream.caller, &uri, Watch::Begin).await {
            honoured.insert(uri);
        }
    }
    stream.wanted.uris = honoured;
}

/// Whether watching begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// It begins.
    Begin,
    /// It ends; other clients may still watch, so the upstream is not told.
    End,
}

/// Watches a resource at its server, if the agent may read it.
pub(crate) async fn watch(caller: &Caller, uri: &str, watch: Watch) -> bool {
    let Ok(entry) = lists::find_resource(caller, uri).await else { return false };
    let Ok(snapshot) = gates::agent(&caller.gateway.app, &caller.ctx, caller.agent).await else {
        return false;
    };
    let resource = format!("{}/{uri}", entry.server.name);
    let action = Kind::Resource.action();
    if !gates::could_allow(&snapshot, &caller.ctx, action, &resource, entry.vendor.as_deref()) {
        return false;
    }
    match watch {
        Watch::End => true,
        Watch::Begin => begin(caller, &entry, uri).await,
    }
}

async fn begin(caller: &Caller, entry: &Entry, uri: &str) -> bool {
    let Ok(credential) = gates::credential(&caller.gateway.app, &caller.ctx, &entry.server) else {
        return false;
    };
    let params = Params::one("uri", uri);
    let outcall = Outcall {
        id: entry.upstream.next_id(),
        method: "resources/subscribe",
        name: None,
        params: &params,
        request: &caller.ctx.request.to_string(),
        credential: credential.as_ref(),
        deadline: Instant::now() + WATCH_WITHIN,
        max_bytes: 64 * 1024,
        notes: None,
        caller: None,
    };
    let Ok(peer) = entry.upstream.peer(&outcall).await else { return false };
    match (&entry.upstream, peer.era) {
        (Upstream::Http(upstream), Era::Modern) => {
            upstream.watch(uri);
            true
        }
        (Upstream::Stdio(_) | Upstream::Api(_), Era::Modern) => false,
        (_, Era::Legacy) => entry.upstream.call(&outcall).await.is_ok_and(|answer| answer.outcome().is_ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_what_of_its_wishes_is_honoured() {
        let wanted = Wanted::parse(
            r#"{"notifications":{"promptsListChanged":true,"toolsListChanged":false,"resourceSubscriptions":["a://b"],"later":true}}"#,
        );
        let honoured = wanted.unwrap().honoured();
        assert_eq!(honoured, r#"{"promptsListChanged":true,"resourceSubscriptions":["a://b"]}"#);
        assert!(Wanted::parse("{}").is_none());
    }
}
