//! One-time links: an approver opens one on another device and answers there without signing in (APR-2). A link is made
//! by that person, for that person, for one approval. Looking at it never uses it up, so that whatever fetches links
//! ahead of people does no harm; answering does, in the same transaction.

use super::{answer::Answering, eligible, event_of, terms::Given};
use crate::{App, Identified, onboarding::link_digest};
use procura_crypto::{TokenKind, token};
use procura_model::{
    Actor, AnswerMethod, Approval, ApprovalId, ApprovalState, Ctx, EventKind, Reason, Result, Scope,
    SessionId, ShownOnce, Time, time::MINUTE_MS,
};
use procura_store::{
    approval_links::{self, ApprovalLink},
    approvals as rows,
};

/// How long a link works.
const LINK_TTL_MS: i64 = 15 * MINUTE_MS;

/// A link on its one way out.
#[derive(Debug)]
pub struct LinkShown {
    /// The whole address.
    pub url: ShownOnce,
    /// Until when it works.
    pub expires_at: Time,
}

/// What a link that was shown stands for.
#[derive(Clone, Debug)]
pub struct OpenedLink {
    /// As whom it speaks.
    pub identified: Identified,
    link: ApprovalLink,
}

impl OpenedLink {
    /// To which approval it is.
    #[must_use]
    pub const fn approval(&self) -> ApprovalId {
        self.link.approval
    }
}

/// Makes a link for the person who is signed in, to one waiting approval.
///
/// # Errors
/// `APPROVAL_NOT_ELIGIBLE` for anything but a person who may answer it, `APPROVAL_CLOSED` when it no longer waits.
pub async fn make_link(app: &App, ctx: &Ctx, id: ApprovalId) -> Result<LinkShown> {
    ctx.actor.require(Scope::DecideApprovals)?;
    let mut writer = app.store.write(ctx).await?;
    let approval = rows::get(&mut writer, id).await?;
    let account = eligible::demand(&mut writer, ctx, &approval).await?;
    if approval.state != ApprovalState::Waiting || approval.expires_at <= ctx.now {
        return Err(Reason::ApprovalClosed.into());
    }
    let minted = token::mint(TokenKind::Link, &app.entropy);
    let expires_at = ctx.now.plus_ms(LINK_TTL_MS).min(approval.expires_at);
    let link = ApprovalLink { digest: minted.digest, approval: id, account };
    approval_links::insert(&mut writer, &link, expires_at).await?;
    writer.commit(event_of(EventKind::LinkMade, &approval)).await?;
    let url = format!("{}/approve/{}", app.settings.public_url, minted.secret.show());
    Ok(LinkShown { url: ShownOnce::new(url), expires_at })
}

/// Looks at a link without using it.
///
/// # Errors
/// `LINK_INVALID` when it is unknown, used or too old, or its person has left.
pub async fn open_link(app: &App, secret: &str) -> Result<OpenedLink> {
    let digest = link_digest(secret)?;
    let now = app.now();
    let opened = app.store.lobby().peek_approval_link(&digest, now).await?.ok_or(Reason::LinkInvalid)?;
    // Nobody is signed in by a link: the session is one that no cookie opens.
    let session = SessionId::new(now, &app.entropy);
    let actor = Actor::Account { account: opened.link.account, role: opened.role, session };
    Ok(OpenedLink { identified: Identified { tenant: opened.tenant, actor }, link: opened.link })
}

/// Answers by a link, which is used up with it. `ctx` is that of the link's own person.
///
/// # Errors
/// `LINK_INVALID`, and as [`super::answer()`]; a refused answer leaves the link as it was.
pub async fn answer_by_link(app: &App, ctx: &Ctx, opened: &OpenedLink, given: Given) -> Result<Approval> {
    if ctx.tenant != opened.identified.tenant || ctx.actor != opened.identified.actor {
        return Err(Reason::LinkInvalid.into());
    }
    let mut writer = app.store.write(ctx).await?;
    if !approval_links::consume(&mut writer, &opened.link).await? {
        return Err(Reason::LinkInvalid.into());
    }
    let asked = rows::get(&mut writer, opened.link.approval).await?;
    let events = vec![event_of(EventKind::LinkUsed, &asked)];
    Answering { app, ctx, writer, method: AnswerMethod::Link, events }.settle(asked.id, given).await
}
