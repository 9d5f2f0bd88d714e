//! My access: what a person allowed software, with its sessions, and taking it back. Who may read grants sees
//! everybody's on the second tab.

use super::{
    client_access::how,
    desk::{Answer, Desk, go, local, page},
    view::{
        consent::{AccessPage, AccessRow, AccessSession},
        drawer::ApiCall,
        frame::Section,
        visible::visible,
        words::Id,
    },
};
use crate::{
    extract::{Id as PathId, Query},
    form::{Fields, Form},
};
use procura_app::oauth::grants::{self, GrantFilter, NamedGrant, OauthSessionFilter};
use procura_model::{GrantId, OauthSession, PageAsk, Result, Scope, SessionId, page::MAX_LIMIT};
use serde::Deserialize;

/// Which list.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    of: String,
    after: String,
    #[serde(rename = "done")]
    _done: String,
}

/// The list.
pub(super) async fn list(desk: Desk, Query(asked): Query<Asked>) -> Answer {
    let is_all = asked.of == "everybody" && desk.ctx().actor.has(Scope::ReadGrants);
    let back = if is_all { "everybody" } else { "" };
    let account = (!is_all).then_some(desk.person.signed_in.account);
    let after = Some(asked.after).filter(|after| !after.is_empty());
    let ask = PageAsk::new(after.clone(), None);
    let filter = GrantFilter { account, client: None };
    let found = grants::list(desk.app(), desk.ctx(), filter, &ask).await?;
    let mut rows = Vec::with_capacity(found.items.len());
    for grant in found.items {
        rows.push(row(&desk, grant, is_all).await?);
    }
    let path = address(back);
    let joint = if path.contains('?') { '&' } else { '?' };
    page(&AccessPage {
        frame: desk.frame(if is_all { "Access of everybody" } else { "My access" }, Section::None).await?,
        organization: desk.person.signed_in.organization.clone(),
        rows,
        is_all,
        back,
        address: desk.url("/v1/mcp"),
        older: found.next_cursor.map(|cursor| format!("{path}{joint}after={cursor}")),
        newest: after.map(|_| path.clone()),
        calls: calls(&desk),
    })
}

/// The page to which one comes back: one of the two lists, or a client's page.
fn address(back: &str) -> String {
    match back {
        "everybody" => "/access?of=everybody".to_owned(),
        client if client.starts_with("/settings/clients/") => local(client).to_owned(),
        _ => "/access".to_owned(),
    }
}

async fn row(desk: &Desk, found: NamedGrant, is_all: bool) -> Result<AccessRow> {
    let filter = OauthSessionFilter { grant: Some(found.grant.id), ..OauthSessionFilter::default() };
    let ask = PageAsk::new(None, Some(MAX_LIMIT));
    let sessions = grants::sessions(desk.app(), desk.ctx(), filter, &ask).await?.items;
    let is_own = found.grant.account == desk.person.signed_in.account;
    Ok(AccessRow {
        id: Id::of(found.grant.id),
        client: visible(&found.client_name),
        host: found.grant.client.document_url().map(visible),
        agent: (Id::of(found.grant.agent), visible(&found.agent_name)),
        email: is_all.then(|| visible(&found.email)),
        scope: found.grant.scope.to_string(),
        given: desk.past(found.grant.updated_at),
        last_used: sessions.iter().filter_map(|session| session.last_used_at).max().map(|at| desk.past(at)),
        sessions: sessions.iter().map(|session| told(desk, session)).collect(),
        may_revoke: is_own || desk.ctx().actor.has(Scope::RevokeGrants),
    })
}

fn told(desk: &Desk, session: &OauthSession) -> AccessSession {
    AccessSession {
        id: Id::of(session.id),
        how: how(session.kind),
        begun: desk.past(session.created_at),
        last_used: session.last_used_at.map(|at| desk.past(at)),
        ends: desk.when(session.expires_at),
    }
}

fn calls(desk: &Desk) -> Vec<ApiCall> {
    let url = desk.url("/v1/grants");
    vec![
        ApiCall::get("List what people allowed", "read:grants", url.clone()),
        ApiCall::get("List the sessions of clients", "read:grants", desk.url("/v1/oauth-sessions")),
        ApiCall::send("Take one back", "revoke:grants", ("DELETE", format!("{url}/gra_...")), None),
    ]
}

/// Takes one back.
pub(super) async fn revoke(desk: Desk, PathId(id): PathId<GrantId>, sent: Form) -> Answer {
    grants::revoke(desk.app(), desk.ctx(), id).await?;
    go(&back(&sent.fields), "access-revoked")
}

/// Takes back everything that the person allowed.
pub(super) async fn revoke_all(desk: Desk, _sent: Form) -> Answer {
    let revoked = grants::revoke_all(desk.app(), desk.ctx(), desk.person.signed_in.account).await?;
    go("/access", if revoked == 0 { "access-none" } else { "access-revoked-all" })
}

/// Ends one session.
pub(super) async fn end(desk: Desk, PathId(id): PathId<SessionId>, sent: Form) -> Answer {
    grants::revoke_session(desk.app(), desk.ctx(), id).await?;
    go(&back(&sent.fields), "oauth-session-ended")
}

fn back(fields: &Fields) -> String {
    address(fields.text("back"))
}
