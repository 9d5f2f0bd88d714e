//! The ways in and out: set-up, sign-in with a password or a link, an invitation, sign-out, another
//! organization. A link is only looked at by GET and used up by POST, so that a mail scanner or a
//! preview cannot use it up.

use super::{
    desk::{Answer, Look, go, is_about_the_form, local, page, redirect, wrong},
    view::{
        entry::{DIGEST, InvitationPage, OwnerPage, STORED, SetUpPage, ShownOncePage, SignIn, SignInLink},
        words::Problems,
    },
};
use crate::{
    cookie,
    exchange::Exchange,
    extract::{Query, Visitor},
    form::{Form, OpenForm},
    respond::Failure,
    state::WebState,
};
use axum::{
    Extension,
    extract::{Path, State},
    http::header,
};
use procura_app::{members, onboarding, recovery};
use procura_model::{Reason, Secret, TenantId};
use serde::Deserialize;
use std::sync::Arc;

/// Where to go after the sign-in.
#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
    /// Whether whoever is signed in must prove it again, or somebody else signs in.
    #[serde(default)]
    again: String,
    #[serde(default, rename = "done")]
    _done: String,
}

/// The sign-in.
pub(super) async fn sign_in_page(
    State(web): State<WebState>,
    look: Look,
    Visitor(visitor): Visitor,
    Query(query): Query<Next>,
) -> Answer {
    let next = local(&query.next);
    if visitor.is_some() && query.again.is_empty() {
        return redirect(next);
    }
    page(&SignIn { frame: look.bare(&web.app, "Sign in"), email: String::new(), next: next.to_owned() })
}

/// Signs in with a password.
pub(super) async fn sign_in(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    look: Look,
    form: OpenForm,
) -> Answer {
    let mut fields = form.fields;
    let (email, next) = (fields.text("email").to_owned(), local(fields.text("next")).to_owned());
    let password = password_of(fields.secret("password"));
    match onboarding::sign_in(&web.app, exchange.origin.clone(), &email, password).await {
        Ok(session) => enter(&web, &exchange, &session, redirect(&next)),
        Err(error) if is_about_the_form(&error) => {
            let mut frame = look.bare(&web.app, "Sign in");
            frame.problems = Problems::of(&error, "");
            wrong(error.reason().http(), &SignIn { frame, email, next })
        }
        Err(error) => Err(Failure(error)),
    }
}

fn password_of(given: Option<Secret<String>>) -> Secret<String> {
    given.unwrap_or_else(|| Secret::new(String::new()))
}

/// Hands the session's cookie to the browser.
fn enter(web: &WebState, exchange: &Exchange, session: &onboarding::NewSession, answer: Answer) -> Answer {
    let mut response = answer?;
    let settings = &web.app.settings;
    let header = cookie::signed_in(settings, &session.cookie, session.expires_at, exchange.now);
    response.headers_mut().append(header::SET_COOKIE, header.ok_or(Reason::Internal)?);
    Ok(response)
}

/// The sign-in by link.
pub(super) async fn link_page(State(web): State<WebState>, look: Look, Path(link): Path<String>) -> Answer {
    page(&SignInLink { frame: look.bare(&web.app, "Sign in"), link })
}

/// Signs in by link.
pub(super) async fn link(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    Path(link): Path<String>,
    _form: OpenForm,
) -> Answer {
    let session = onboarding::sign_in_by_link(&web.app, exchange.origin.clone(), &link).await?;
    enter(&web, &exchange, &session, redirect("/"))
}

/// The first start.
pub(super) async fn set_up_page(State(web): State<WebState>, look: Look, Path(link): Path<String>) -> Answer {
    if onboarding::is_set_up(&web.app).await? {
        return Err(Reason::SetupDone.into());
    }
    let frame = look.bare(&web.app, "Set up");
    page(&SetUpPage { frame, link, organization: String::new(), email: String::new() })
}

/// Makes the first organization, and shows its first platform key once.
pub(super) async fn set_up(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    look: Look,
    Path(link): Path<String>,
    form: OpenForm,
) -> Answer {
    let mut fields = form.fields;
    let (organization, email) = (fields.text("organization").to_owned(), fields.text("email").to_owned());
    let password = password_of(fields.secret("password"));
    let ask = onboarding::SetUp { organization: organization.clone(), email: email.clone(), password };
    let (session, key) = match onboarding::set_up(&web.app, exchange.origin.clone(), &link, ask).await {
        Ok(made) => made,
        Err(error) if is_about_the_form(&error) && error.reason() != Reason::SetupDone => {
            let mut frame = look.bare(&web.app, "Set up");
            frame.problems = Problems::of(&error, "organization");
            return wrong(error.reason().http(), &SetUpPage { frame, link, organization, email });
        }
        Err(error) => return Err(Failure(error)),
    };
    let shown = page(&ShownOncePage {
        frame: look.bare(&web.app, "Your first platform key"),
        heading: "Your first platform key",
        says: "The organization is made, and you are signed in. This key is for your own servers; it is shown this once.",
        secret: key.secret.show(),
        kept: DIGEST,
        done: STORED,
        next: "/",
    });
    enter(&web, &exchange, &session, shown)
}

/// The new password of an owner, by a link that the operator printed.
pub(super) async fn owner_page(State(web): State<WebState>, look: Look, Path(link): Path<String>) -> Answer {
    page(&owner_view(&web, &look, link).await?)
}

async fn owner_view(web: &WebState, look: &Look, link: String) -> Result<OwnerPage, Failure> {
    let email = recovery::peek(&web.app, &link).await?;
    Ok(OwnerPage { frame: look.bare(&web.app, "A new password"), link, email })
}

/// Sets it, and signs the owner in.
pub(super) async fn owner(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    look: Look,
    Path(link): Path<String>,
    form: OpenForm,
) -> Answer {
    let mut fields = form.fields;
    let password = password_of(fields.secret("password"));
    match recovery::set_password(&web.app, exchange.origin.clone(), &link, password).await {
        Ok(session) => enter(&web, &exchange, &session, redirect("/")),
        Err(error) if is_about_the_form(&error) => {
            let mut view = owner_view(&web, &look, link).await?;
            view.frame.problems = Problems::of(&error, "password");
            wrong(error.reason().http(), &view)
        }
        Err(error) => Err(Failure(error)),
    }
}

/// An invitation.
pub(super) async fn invitation_page(
    State(web): State<WebState>,
    look: Look,
    Path(link): Path<String>,
) -> Answer {
    page(&invitation_view(&web, &look, link).await?)
}

async fn invitation_view(web: &WebState, look: &Look, link: String) -> Result<InvitationPage, Failure> {
    let seen = members::peek_invitation(&web.app, &link).await?;
    Ok(InvitationPage {
        frame: look.bare(&web.app, "Join"),
        link,
        organization: seen.organization,
        email: seen.email,
        role: seen.role,
        has_account: seen.has_account,
    })
}

/// Accepts an invitation.
pub(super) async fn invitation(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    look: Look,
    Path(link): Path<String>,
    form: OpenForm,
) -> Answer {
    let mut fields = form.fields;
    let password = password_of(fields.secret("password"));
    match members::accept_invitation(&web.app, exchange.origin.clone(), &link, password).await {
        Ok(session) => enter(&web, &exchange, &session, redirect("/")),
        Err(error) if is_about_the_form(&error) => {
            let mut view = invitation_view(&web, &look, link).await?;
            view.frame.problems = Problems::of(&error, "password");
            wrong(error.reason().http(), &view)
        }
        Err(error) => Err(Failure(error)),
    }
}

/// Signs out.
pub(super) async fn sign_out(State(web): State<WebState>, form: Form) -> Answer {
    onboarding::sign_out(&web.app, &form.person.ctx).await?;
    let mut response = go("/sign-in", "signed-out")?;
    let header = cookie::signed_out(&web.app.settings).ok_or(Reason::Internal)?;
    response.headers_mut().append(header::SET_COOKIE, header);
    Ok(response)
}

/// Goes on in another organization of the same person.
pub(super) async fn switch(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    form: Form,
) -> Answer {
    let tenant: TenantId = form.fields.text("organization").parse().map_err(|_| Reason::NotFound)?;
    let session = onboarding::switch_organization(&web.app, &form.person.ctx, tenant).await?;
    enter(&web, &exchange, &session, redirect("/"))
}
