//! What one server offers: tools, prompts, resources and templates, each definition kept as the
//! bytes that the server wrote. A definition is text from outside that a model will read, so it is
//! screened when it is fetched: a poisoned one is hidden, and that is recorded. Definitions are read many at once and in
//! the background, so no second opinion is asked about them.

use crate::{
    gates::{self, Channel, Seen},
    names,
    raw::{self, Elements, Members},
    upstream::{Outcall, Params, Upstream, UpstreamError},
};
use procura_app::{App, screening::Stance};
use procura_model::{Reason, TenantSettings};
use std::{borrow::Cow, collections::HashMap, sync::Arc};
use tokio::time::Instant;

/// How many pages of one list are read.
const MAX_PAGES: usize = 64;
/// How many things one list may hold.
const MAX_ITEMS: usize = 5_000;
/// How large one list may be.
const MAX_LIST_BYTES: usize = 8 * 1024 * 1024;

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Tools.
    Tool,
    /// Prompts.
    Prompt,
    /// Resources.
    Resource,
    /// Templates of resources.
    Template,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 4] = [Self::Tool, Self::Prompt, Self::Resource, Self::Template];

    /// The method that lists it.
    pub(crate) const fn method(self) -> &'static str {
        match self {
            Self::Tool => "tools/list",
            Self::Prompt => "prompts/list",
            Self::Resource => "resources/list",
            Self::Template => "resources/templates/list",
        }
    }

    /// The member of the result that holds the list.
    pub(crate) const fn member(self) -> &'static str {
        match self {
            Self::Tool => "tools",
            Self::Prompt => "prompts",
            Self::Resource => "resources",
            Self::Template => "resourceTemplates",
        }
    }

    /// The member of a definition that names it.
    const fn key(self) -> &'static str {
        match self {
            Self::Tool | Self::Prompt => "name",
            Self::Resource => "uri",
            Self::Template => "uriTemplate",
        }
    }

    /// The action that using it is (decision 12).
    pub(crate) const fn action(self) -> &'static str {
        match self {
            Self::Tool => "tool.call",
            Self::Prompt => "prompt.get",
            Self::Resource | Self::Template => "resource.read",
        }
    }

    const fn capability(self) -> &'static str {
        match self {
            Self::Tool => "tools",
            Self::Prompt => "prompts",
            Self::Resource | Self::Template => "resources",
        }
    }
}

/// One thing that is offered.
#[derive(Debug)]
pub(crate) struct Offered {
    /// The server's own name or URI for it.
    pub(crate) key: String,
    /// Its name in the list of all servers; of resources the URI.
    pub(crate) full_name: String,
    /// The definition as it came.
    pub(crate) raw: String,
    /// The same with the full name.
    pub(crate) renamed: String,
    /// The resource of the policy: `{server}/{key}`.
    pub(crate) resource: String,
    /// Whether it declares the structure of its results.
    pub(crate) has_output_schema: bool,
    /// What the screen found in the definition, where it found enough to hide it.
    pub(crate) suspicion: Option<Suspicion>,
}

impl Offered {
    /// Why it is hidden from everybody, where it is: an injection does not hide where descriptions only report.
    pub(crate) fn hidden(&self, settings: &TenantSettings) -> Option<Reason> {
        let reason = self.suspicion.as_ref()?.reason;
        let only_reports = Stance::of(settings, Channel::ToolDescription) == Stance::ReportOnly;
        (reason != Reason::PromptInjection || !only_reports).then_some(reason)
    }
}

/// What the screen found in a definition.
#[derive(Debug, Clone)]
pub(crate) struct Suspicion {
    /// The reason.
    pub(crate) reason: Reason,
    /// How harmful it looks, and by which rules.
    pub(crate) seen: Seen,
}

/// All that one server offers.
#[derive(Debug)]
pub(crate) struct Offer {
    lists: HashMap<Kind, Vec<Arc<Offered>>>,
    by_key: HashMap<(Kind, String), Arc<Offered>>,
    by_full_name: HashMap<(Kind, String), Arc<Offered>>,
    /// When it was read.
    pub(crate) read_at: Instant,
}

impl Offer {
    fn new(lists: HashMap<Kind, Vec<Arc<Offered>>>) -> Self {
        let (mut by_key, mut by_full_name) = (HashMap::new(), HashMap::new());
        for (kind, list) in &lists {
            for each in list {
                by_key.entry((*kind, each.key.clone())).or_insert_with(|| Arc::clone(each));
                by_full_name.entry((*kind, each.full_name.clone())).or_insert_with(|| Arc::clone(each));
            }
        }
        Self { lists, by_key, by_full_name, read_at: Instant::now() }
    }

    /// One list, in the server's order.
    pub(crate) fn list(&self, kind: Kind) -> &[Arc<Offered>] {
        self.lists.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// What has this own name or URI.
    pub(crate) fn by_key(&self, kind: Kind, key: &str) -> Option<&Arc<Offered>> {
        self.by_key.get(&(kind, key.to_owned()))
    }

    /// What has this name in the list of all servers.
    pub(crate) fn by_full_name(&self, kind: Kind, name: &str) -> Option<&Arc<Offered>> {
        self.by_full_name.get(&(kind, name.to_owned()))
    }

    /// Whether a resource of this URI is listed, or can be made from a listed template.
    pub(crate) fn has_resource(&self, uri: &str) -> bool {
        self.by_key(Kind::Resource, uri).is_some()
            || self.list(Kind::Template).iter().any(|template| template_makes(&template.key, uri))
    }

    /// All in which the screen found something.
    pub(crate) fn suspected(&self) -> impl Iterator<Item = (Kind, &Arc<Offered>)> {
        let all = self.lists.iter().flat_map(|(kind, list)| list.iter().map(move |each| (*kind, each)));
        all.filter(|(_, each)| each.suspicion.is_some())
    }
}

/// Whether a template could have made a URI: its fixed parts stand in it in order, and its variables are not empty.
fn template_makes(template: &str, uri: &str) -> bool {
    let mut rest = uri;
    let mut parts = template.split('{');
    let first = parts.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    for part in parts {
        let Some((_, fixed)) = part.split_once('}') else { return false };
        let from = if fixed.is_empty() { Some(rest.len()) } else { rest.find(fixed) };
        let Some(at) = from.filter(|at| *at > 0 || rest.is_empty() && fixed.is_empty()) else { return false };
        if at == 0 {
            return false;
        }
        rest = rest.get(at + fixed.len()..).unwrap_or_default();
    }
    rest.is_empty()
}

/// How an offer is read.
pub(crate) struct Reading<'r> {
    pub(crate) app: &'r App,
    pub(crate) server: &'r str,
    pub(crate) upstream: &'r Upstream,
    pub(crate) request: &'r str,
    pub(crate) credential: Option<&'r procura_model::Secret<String>>,
    pub(crate) deadline: Instant,
}

/// Reads all lists of a server.
pub(crate) async fn read(reading: &Reading<'_>) -> Result<Offer, UpstreamError> {
    if let Upstream::Api(api) = reading.upstream {
        let tools = api.definitions().filter_map(|each| offered(reading, Kind::Tool, each)).map(Arc::new);
        return Ok(Offer::new(HashMap::from([(Kind::Tool, tools.collect())])));
    }
    let nothing = Params::default();
    let peer = reading.upstream.peer(&outcall(reading, "server/discover", &nothing)).await?;
    let mut lists = HashMap::new();
    for kind in Kind::ALL {
        if peer.has(kind.capability()) {
            match Box::pin(read_list(reading, kind)).await {
                Ok(list) => lists.insert(kind, list),
                // Templates are optional even where resources are offered.
                Err(_) if kind == Kind::Template => None,
                Err(error) => return Err(error),
            };
        }
    }
    Ok(Offer::new(lists))
}

fn outcall<'a>(reading: &'a Reading<'_>, method: &'a str, params: &'a Params<'a>) -> Outcall<'a> {
    Outcall {
        id: reading.upstream.next_id(),
        method,
        name: None,
        params,
        request: reading.request,
        credential: reading.credential,
        deadline: reading.deadline,
        max_bytes: MAX_LIST_BYTES,
        notes: None,
        caller: None,
    }
}

async fn read_list(reading: &Reading<'_>, kind: Kind) -> Result<Vec<Arc<Offered>>, UpstreamError> {
    let mut list: Vec<Arc<Offered>> = Vec::new();
    let mut cursor: Option<String> = None;
    let mut bytes = 0_usize;
    for _ in 0..MAX_PAGES {
        let params = cursor.as_deref().map_or_else(Params::default, |cursor| Params::one("cursor", cursor));
        let answer = reading.upstream.call(&outcall(reading, kind.method(), &params)).await?;
        let Ok(result) = answer.outcome() else {
            return Err(UpstreamError::after(Reason::UpstreamInvalid, "list_refused")
                .saying(format!("The tool server answered {} with an error.", kind.method())));
        };
        bytes = bytes.saturating_add(answer.bytes);
        let page = Members::parse(result)
            .ok()
            .and_then(|page| Some((page.raw(kind.member())?, page.text("nextCursor"))));
        let Some((items, next)) = page else { return Err(malformed(kind)) };
        for item in Elements::parse(items).map_err(|_| malformed(kind))?.0 {
            if let Some(offered) = offered(reading, kind, item.get())
                && !list.iter().any(|other| other.key == offered.key)
            {
                list.push(Arc::new(offered));
            }
        }
        cursor = next.map(Cow::into_owned);
        if cursor.is_none() || list.len() > MAX_ITEMS || bytes > MAX_LIST_BYTES {
            break;
        }
    }
    list.truncate(MAX_ITEMS);
    Ok(list)
}

fn malformed(kind: Kind) -> UpstreamError {
    UpstreamError::after(Reason::UpstreamInvalid, "bad_list")
        .saying(format!("The tool server's answer to {} holds no list.", kind.method()))
}

/// Reads one definition; one without a usable name is left out.
fn offered(reading: &Reading<'_>, kind: Kind, definition: &str) -> Option<Offered> {
    let members = Members::parse(definition).ok()?;
    let key = members.text(kind.key())?.into_owned();
    if key.is_empty() || key.len() > 1_024 {
        return None;
    }
    let named = matches!(kind, Kind::Tool | Kind::Prompt);
    let full_name = if named { names::full_name(reading.server, &key) } else { key.clone() };
    let renamed = if named {
        let range = raw::span(definition, members.raw(kind.key())?)?;
        raw::splice(definition, &[(range, raw::quote(&full_name))])?
    } else {
        definition.to_owned()
    };
    let screened = gates::scan(reading.app, definition, Channel::ToolDescription).passed();
    let suspicion = screened.err().map(|(reason, seen)| Suspicion { reason, seen });
    Some(Offered {
        resource: format!("{}/{key}", reading.server),
        has_output_schema: members.raw("outputSchema").is_some_and(|raw| raw != "null"),
        raw: definition.to_owned(),
        key,
        full_name,
        renamed,
        suspicion,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_makes_only_its_own_uris() {
        for (template, uri, makes) in [
            ("test://template/{id}/data", "test://template/123/data", true),
            ("test://template/{id}/data", "test://template//data", false),
            ("test://template/{id}/data", "test://template/123", false),
            ("file:///{+path}", "file:///a/b", true),
            ("file:///{+path}", "file:///", false),
            ("fixed://x", "fixed://x", true),
            ("fixed://x", "fixed://xy", false),
            ("broken://{x", "broken://1", false),
        ] {
            assert_eq!(template_makes(template, uri), makes, "{template} {uri}");
        }
    }
}
