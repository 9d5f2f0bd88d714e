//! What a client has in the organization: what people allowed it, and its sessions. Who may not read what others
//! allowed sees their own alone.

use super::{
    desk::Desk,
    view::{
        oauth_clients::{AccessBox, GrantRow, SessionRow},
        visible::visible,
        words::Id,
    },
};
use procura_app::oauth::grants::{self, GrantFilter, NamedGrant, OauthSessionFilter};
use procura_model::{AgentId, ClientId, OauthSession, PageAsk, Result, Scope, SessionKind, page::MAX_LIMIT};
use std::collections::BTreeMap;

type Names = BTreeMap<AgentId, String>;

/// Everything that it has here.
pub(super) async fn read(desk: &Desk, id: &ClientId, names: &Names, back: String) -> Result<AccessBox> {
    let ask = PageAsk::new(None, Some(MAX_LIMIT));
    let filter = GrantFilter { account: None, client: Some(id.clone()) };
    let found = grants::list(desk.app(), desk.ctx(), filter, &ask).await?;
    let filter = OauthSessionFilter { client: Some(id.clone()), ..OauthSessionFilter::default() };
    let sessions = grants::sessions(desk.app(), desk.ctx(), filter, &ask).await?;
    let is_cut = found.next_cursor.is_some() || sessions.next_cursor.is_some();
    let shown: Vec<_> = found.items.iter().map(|found| found.grant.id).collect();
    let (of_grants, alone): (Vec<_>, Vec<_>) =
        sessions.items.iter().partition(|session| session.grant.is_some_and(|grant| shown.contains(&grant)));
    let row = |found: NamedGrant| {
        let own = of_grants.iter().filter(|session| session.grant == Some(found.grant.id));
        GrantRow {
            id: Id::of(found.grant.id),
            email: visible(&found.email),
            agent: (Id::of(found.grant.agent), visible(&found.agent_name)),
            scope: found.grant.scope.to_string(),
            given: desk.past(found.grant.updated_at),
            sessions: own.map(|session| told(desk, session, names)).collect(),
            may_revoke: is_own(desk, Some(found.grant.account)),
        }
    };
    Ok(AccessBox {
        grants: found.items.into_iter().map(row).collect(),
        alone: alone.into_iter().map(|session| told(desk, session, names)).collect(),
        is_whole: desk.ctx().actor.has(Scope::ReadGrants),
        is_cut,
        back,
    })
}

fn is_own(desk: &Desk, account: Option<procura_model::AccountId>) -> bool {
    account == Some(desk.person.signed_in.account) || desk.ctx().actor.has(Scope::RevokeGrants)
}

fn told(desk: &Desk, session: &OauthSession, names: &Names) -> SessionRow {
    let name =
        names.get(&session.agent).map(|name| visible(name)).unwrap_or_else(|| Id::of(session.agent).short());
    SessionRow {
        id: Id::of(session.id),
        how: how(session.kind),
        agent: (Id::of(session.agent), name),
        begun: desk.past(session.created_at),
        last_used: session.last_used_at.map(|at| desk.past(at)),
        ends: desk.when(session.expires_at),
        may_end: is_own(desk, session.account),
    }
}

/// How a session began, in words.
pub(super) const fn how(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Code => "by a browser",
        SessionKind::Device => "by a device's code",
        SessionKind::Client => "by the client alone",
        SessionKind::Assertion => "by an identity provider",
        SessionKind::Exchange => "by another token",
    }
}
