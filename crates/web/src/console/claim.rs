//! A person is asked to answer for an agent (AGT-2): they type the code that the agent shows, read who asks, for what and
//! from where, untick what is too much, and say yes or no. A member of the API's organization does it signed in; anybody
//! else by the link that was mailed to them, which alone shows nothing. Codes are tried here, so each try is counted.
//! Looking changes nothing, and the page tells nobody where it stood.

use super::{
    consent::{frame, private, sign_in},
    desk::{Answer, Desk, Look, page, wrong},
    view::{
        claim::{ClaimCode, ClaimDone, ClaimPage, Ticked},
        frame::Frame,
        visible::visible,
        words::{Problems, When},
    },
};
use crate::{
    exchange::Exchange,
    extract::{LinkVisit, Person, Visitor},
    form::{FORM_TOKEN, Fields, LinkForm},
    respond::Failure,
    state::WebState,
};
use axum::{
    Extension,
    extract::{Path, State},
};
use procura_app::{
    agent_auth::person::{self, By, Waiting},
    identity,
    limits::Limit,
    oauth,
};
use procura_model::{
    Ctx, Error, Reason,
    oauth::{RegistrationKind, ScopeList},
};
use std::sync::Arc;

/// Where members of the organization type their codes.
const HERE: &str = "/claim";

/// Asks a member for the code.
pub(super) async fn member_page(
    State(web): State<WebState>,
    look: Look,
    Visitor(visitor): Visitor,
) -> Answer {
    let Some(person) = visitor else { return sign_in(HERE, "") };
    let desk = Desk { web, person, look };
    private(page(&Asked::of(&desk).typing("", Problems::none())))
}

/// Shows a member who asks, or takes their answer.
pub(super) async fn member(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    look: Look,
    person: Person,
    LinkForm { fields }: LinkForm,
) -> Answer {
    if !identity::form_token_is_right(&web.app, &person.signed_in.session, fields.text(FORM_TOKEN)) {
        return Err(Reason::FormStale.into());
    }
    let desk = Desk { web, person, look };
    exchange.count(&desk.web, Limit::Auth, &exchange.address_key())?;
    exchange.count(&desk.web, Limit::Auth, &format!("claim {}", desk.person.signed_in.account))?;
    Asked::of(&desk).answer(&fields).await
}

/// Asks whoever has a link for the code.
pub(super) async fn link_page(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    look: Look,
    _visit: LinkVisit,
    Path(link): Path<String>,
) -> Answer {
    let ctx = nobody(&web, &exchange).await?;
    person::peek(&web.app, &link, &ctx).await?;
    let asked = Asked::by_link(&web, &ctx, &look, &link);
    private(page(&asked.typing("", Problems::none())))
}

/// Shows whoever has a link who asks, or takes their answer.
pub(super) async fn link(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    look: Look,
    Path(link): Path<String>,
    LinkForm { fields }: LinkForm,
) -> Answer {
    let ctx = nobody(&web, &exchange).await?;
    Asked::by_link(&web, &ctx, &look, &link).answer(&fields).await
}

/// Nobody yet, with a secret to try.
async fn nobody(web: &WebState, exchange: &Exchange) -> Result<Ctx, Failure> {
    exchange.count(web, Limit::Auth, &exchange.address_key())?;
    Ok(oauth::arriving(&web.app, exchange.request, exchange.now, exchange.origin.clone()).await?)
}

/// A person who is asked, however they came.
struct Asked<'a> {
    web: &'a WebState,
    ctx: &'a Ctx,
    by: By<'a>,
    action: String,
    as_whom: Option<String>,
    frame: Box<dyn Fn(Problems) -> Frame + Send + Sync + 'a>,
}

impl<'a> Asked<'a> {
    fn of(desk: &'a Desk) -> Self {
        Self {
            web: &desk.web,
            ctx: desk.ctx(),
            by: By::Member,
            action: HERE.to_owned(),
            as_whom: Some(desk.person.signed_in.email.clone()),
            frame: Box::new(|problems| frame(desk, "Claim an agent", problems)),
        }
    }

    fn by_link(web: &'a WebState, ctx: &'a Ctx, look: &'a Look, link: &'a str) -> Self {
        Self {
            web,
            ctx,
            by: By::Link(link),
            action: format!("{HERE}/{link}"),
            as_whom: None,
            frame: Box::new(|problems| Frame { problems, ..look.bare(&web.app, "Claim an agent") }),
        }
    }

    fn typing(&self, code: &str, problems: Problems) -> ClaimCode {
        ClaimCode {
            frame: (self.frame)(problems),
            action: self.action.clone(),
            as_whom: self.as_whom.clone(),
            code: code.to_owned(),
        }
    }

    async fn answer(&self, fields: &Fields) -> Answer {
        let code = fields.text("user_code");
        let chosen = ScopeList::of(fields.all("scope"));
        let app = &self.web.app;
        let (done, is_allowed) = match fields.text("answer") {
            "allow" => (person::allow(app, self.ctx, self.by, code, &chosen).await, true),
            "deny" => (person::refuse(app, self.ctx, self.by, code).await, false),
            _ => {
                return match person::look(app, self.ctx, self.by, code).await {
                    Ok(waiting) => private(page(&self.sheet(&waiting, None, Problems::none()))),
                    Err(error) => self.again(code, error),
                };
            }
        };
        match done {
            Ok(waiting) => private(page(&ClaimDone {
                frame: (self.frame)(Problems::none()),
                name: called(&waiting),
                api: waiting.place.api.name.clone(),
                is_allowed,
            })),
            Err(error) if error.reason() == Reason::FieldInvalid => {
                let waiting = person::look(app, self.ctx, self.by, code).await?;
                let problems = Problems::of(&error, "");
                private(wrong(422, &self.sheet(&waiting, Some(&chosen), problems)))
            }
            Err(error) => self.again(code, error),
        }
    }

    /// The form again, with what is wrong with the code. A link that is over has no form.
    fn again(&self, code: &str, error: Error) -> Answer {
        if error.reason() != Reason::LinkInvalid || error.sentence() == Reason::LinkInvalid.text() {
            return Err(Failure(error));
        }
        let mut problems = Problems::none();
        problems.add("user_code", error.sentence());
        private(wrong(422, &self.typing(code, problems)))
    }

    fn sheet(&self, waiting: &Waiting, chosen: Option<&ScopeList>, problems: Problems) -> ClaimPage {
        let Waiting { place, registration, attempt, reach, code } = waiting;
        let ticked = |name: &str| chosen.is_none_or(|chosen| chosen.contains(name));
        let ago = |at| When { at, now: self.ctx.now };
        ClaimPage {
            frame: (self.frame)(problems),
            action: self.action.clone(),
            as_whom: self.as_whom.clone(),
            code: code.clone(),
            name: called(waiting),
            has_name: !registration.name.is_empty(),
            api: place.api.name.clone(),
            identifier: place.api.identifier.clone(),
            has_key: registration.kind == RegistrationKind::Anonymous,
            registered: ago(registration.created_at),
            registered_from: registration.address.clone(),
            asked: ago(attempt.created_at),
            asked_from: attempt.address.clone(),
            days: place.access.key_days,
            reach: reach
                .iter()
                .map(|scope| Ticked {
                    name: scope.name.clone(),
                    text: scope.text.clone(),
                    is_ticked: ticked(&scope.name),
                })
                .collect(),
        }
    }
}

/// What the agent calls itself, or that it did not say.
fn called(waiting: &Waiting) -> String {
    match waiting.registration.name.as_str() {
        "" => "An agent without a name".to_owned(),
        name => visible(name),
    }
}
