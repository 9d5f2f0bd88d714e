//! One approval behind a one-time link, for a phone (APR-2). GET looks and POST answers: whatever fetches links ahead of
//! people uses nothing up. The link speaks for the one person who made it, to the one approval it was made for; nobody is
//! signed in by it. Its secret stands in the path alone, which is recorded as its template and told to no other page.

use super::{
    approval_sheet::{Choice, Typed, choice, sheet},
    desk::{Answer, Look, is_about_the_form, page, wrong},
    view::{approvals::ApprovePage, words::Problems},
};
use crate::{exchange::Exchange, extract::LinkVisit, form::LinkForm, respond::Failure, state::WebState};
use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderValue, header},
};
use procura_app::{
    approvals::{self, Given, OpenedLink},
    limits::Limit,
};
use procura_model::{Approval, ApprovalState, Ctx, Error, Reason, Result};
use std::sync::Arc;

/// Looks.
pub(super) async fn look(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    look: Look,
    _visit: LinkVisit,
    Path(secret): Path<String>,
) -> Answer {
    let (opened, ctx) = open(&web, &exchange, &secret).await?;
    let asked = Asked { web: &web, ctx: &ctx, look: &look, opened: &opened };
    quiet(page(&asked.view(Typed::nothing(action(&secret)), Problems::none(), None).await?))
}

/// Answers.
pub(super) async fn answer(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    look: Look,
    Path(secret): Path<String>,
    sent: LinkForm,
) -> Answer {
    let (opened, ctx) = open(&web, &exchange, &secret).await?;
    let asked = Asked { web: &web, ctx: &ctx, look: &look, opened: &opened };
    let mut typed = Typed::nothing(action(&secret));
    typed.pattern = Some(sent.fields.text("pattern").replace("\r\n", "\n")).filter(|text| !text.is_empty());
    match choice(&sent.fields, ctx.now) {
        Ok(Choice::Given(given)) => asked.give(given, typed).await,
        Ok(Choice::Preview(pattern)) => {
            match approvals::preview(&web.app, &ctx, opened.approval(), (*pattern).clone()).await {
                Ok(seen) => typed.preview = Some((*pattern, seen)),
                Err(error) => return asked.again(typed, error).await,
            }
            quiet(page(&asked.view(typed, Problems::none(), None).await?))
        }
        Ok(Choice::Look) => quiet(page(&asked.view(typed, Problems::none(), None).await?)),
        Err(error) => asked.again(typed, error).await,
    }
}

fn action(secret: &str) -> String {
    format!("/approve/{secret}")
}

/// Whose link it is. Guessing is bounded by address, as every try of a secret is.
async fn open(
    web: &WebState,
    exchange: &Exchange,
    secret: &str,
) -> std::result::Result<(OpenedLink, Arc<Ctx>), Failure> {
    exchange.count(web, Limit::Auth, &exchange.address_key())?;
    let opened = approvals::open_link(&web.app, secret).await?;
    let ctx = exchange.enter(web, opened.identified.clone());
    Ok((opened, ctx))
}

/// Nobody behind a link on the page is told where it stood.
fn quiet(answer: Answer) -> Answer {
    let mut response = answer?;
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// Somebody with a link.
struct Asked<'a> {
    web: &'a WebState,
    ctx: &'a Ctx,
    look: &'a Look,
    opened: &'a OpenedLink,
}

impl Asked<'_> {
    async fn view(
        &self,
        typed: Typed,
        problems: Problems,
        done: Option<&'static str>,
    ) -> Result<ApprovePage> {
        let app = &self.web.app;
        let detail = approvals::detail(app, self.ctx, self.opened.approval()).await?;
        let as_whom = detail
            .people
            .iter()
            .find(|person| self.ctx.actor.id() == person.member.account.to_string())
            .map_or_else(|| self.ctx.actor.id(), |person| person.member.email.clone());
        let mut frame = self.look.bare(app, "Approval");
        frame.problems = problems;
        let mut sheet = sheet(app, self.ctx, detail, typed).await?;
        if done.is_some() {
            // The link is used up: no form that would be sent in vain.
            sheet.answer = None;
        }
        Ok(ApprovePage { frame, sheet, as_whom, done })
    }

    async fn give(&self, given: Given, typed: Typed) -> Answer {
        let action = typed.action.clone();
        match approvals::answer_by_link(&self.web.app, self.ctx, self.opened, given).await {
            Ok(approval) => {
                let done = Some(told(&approval));
                quiet(page(&self.view(Typed::nothing(action), Problems::none(), done).await?))
            }
            Err(error) => self.again(typed, error).await,
        }
    }

    /// The page again, with what is wrong; or an error's page.
    async fn again(&self, typed: Typed, error: Error) -> Answer {
        if !is_about_the_form(&error) {
            return Err(Failure(error));
        }
        let field =
            if typed.pattern.is_some() && error.reason() == Reason::FieldInvalid { "pattern" } else { "" };
        let problems = Problems::of(&error, field);
        quiet(wrong(error.reason().http(), &self.view(typed, problems, None).await?))
    }
}

fn told(approval: &Approval) -> &'static str {
    match approval.state {
        ApprovalState::Granted => {
            "Granted. The agent may now send the same call again. You can close this page."
        }
        ApprovalState::Denied => "Denied. The agent is told so when it asks again. You can close this page.",
        _ => "You have agreed. Others must agree too. You can close this page.",
    }
}
