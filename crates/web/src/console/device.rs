//! Devices without a browser, as a person meets them (RFC 8628 section 3.3): they type the code that the device shows,
//! read who asks for what, and answer. Codes are tried here, so each try is counted, by address and by person (section
//! 5.1); and the page says how people are tricked with codes (section 5.4).

use super::{
    consent::{
        SEEN, acting, boxes, changed, days, demand_own, frame, is_about_a_code, known, other, private, shown,
        sign_in,
    },
    desk::{Answer, Desk, Look, page, wrong},
    view::{
        consent::{ConsentPage, DeviceDone, DevicePage, Goes, Software},
        visible::visible,
        words::Problems,
    },
};
use crate::{
    exchange::Exchange,
    extract::{Person, Visitor},
    form::{FORM_TOKEN, Fields, LinkForm},
    respond::Failure,
    state::WebState,
};
use axum::{Extension, extract::State};
use procura_app::{
    identity,
    limits::Limit,
    oauth::{
        consent::{self, Allowed},
        device::{self, Waiting},
    },
};
use procura_model::{Error, Reason};
use std::sync::Arc;

/// Where the person's answer goes.
const ANSWER: &str = "/device/answer";

/// Asks for the code.
pub(super) async fn code_page(State(web): State<WebState>, look: Look, Visitor(visitor): Visitor) -> Answer {
    let Some(person) = visitor else { return sign_in("/device", "") };
    let desk = Desk { web, person, look };
    private(page(&typing(&desk, String::new(), Problems::none())))
}

/// Shows who asks.
pub(super) async fn look(
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
    count(&desk, &exchange)?;
    let code = fields.text("user_code");
    match device::look(desk.app(), desk.ctx(), code).await {
        Ok(waiting) => private(page(&view(&desk, &waiting, Problems::none()).await?)),
        Err(error) => again(&desk, code, error),
    }
}

/// Takes the person's answer.
pub(super) async fn answer(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    look: Look,
    person: Person,
    LinkForm { fields }: LinkForm,
) -> Answer {
    let code = fields.text("user_code").to_owned();
    demand_own(&web, &person, &fields, &code)?;
    let desk = Desk { web, person, look };
    count(&desk, &exchange)?;
    let waiting = match device::look(desk.app(), desk.ctx(), &code).await {
        Ok(waiting) => waiting,
        Err(error) => return again(&desk, &code, error),
    };
    if fields.text("answer") == "allow" && fields.text(SEEN) != waiting.seen {
        return private(wrong(409, &view(&desk, &waiting, changed()).await?));
    }
    match decided(&desk, &waiting, &fields).await {
        Ok(Some(is_allowed)) => {
            let frame = frame(&desk, "Device", Problems::none());
            private(page(&DeviceDone { frame, name: visible(&waiting.client.name), is_allowed }))
        }
        Ok(None) => private(page(&view(&desk, &waiting, Problems::none()).await?)),
        Err(error) if error.reason() == Reason::LinkInvalid => again(&desk, &code, error),
        Err(error) if is_about_a_code(&error) => {
            let view = view(&desk, &waiting, Problems::of(&error, "")).await?;
            private(wrong(error.reason().http(), &view))
        }
        Err(error) => Err(Failure(error)),
    }
}

/// Whether the person allowed it; none where they did not say.
async fn decided(desk: &Desk, waiting: &Waiting, fields: &Fields) -> procura_model::Result<Option<bool>> {
    match fields.text("answer") {
        "allow" => {
            let (tenant, acting) = acting(fields)
                .ok_or_else(|| Reason::FieldInvalid.because("Choose the agent as which it may act."))?;
            let allowed = Allowed { tenant, acting, proved_at: desk.person.signed_in.auth_time };
            device::allow(desk.app(), desk.ctx(), waiting, allowed).await.map(|()| Some(true))
        }
        "deny" => device::refuse(desk.app(), desk.ctx(), waiting).await.map(|()| Some(false)),
        _ => Ok(None),
    }
}

fn count(desk: &Desk, exchange: &Exchange) -> Result<(), Failure> {
    exchange.count(&desk.web, Limit::Auth, &exchange.address_key())?;
    exchange.count(&desk.web, Limit::Auth, &format!("device {}", desk.person.signed_in.account))
}

fn typing(desk: &Desk, code: String, problems: Problems) -> DevicePage {
    DevicePage {
        frame: frame(desk, "Connect a device", problems),
        email: desk.person.signed_in.email.clone(),
        code,
    }
}

/// The form again, with what is wrong with the code.
fn again(desk: &Desk, code: &str, error: Error) -> Answer {
    if !is_about_a_code(&error) {
        return Err(Failure(error));
    }
    let mut problems = Problems::none();
    // Once, above the one field that the form has.
    problems.add("", error.sentence());
    private(wrong(422, &typing(desk, code.to_owned(), problems)))
}

async fn view(desk: &Desk, waiting: &Waiting, problems: Problems) -> procura_model::Result<ConsentPage> {
    let client = &waiting.client;
    let (app, ctx) = (desk.app(), desk.ctx());
    let places = consent::places(app, ctx, &client.id, waiting.tenant, &waiting.device.resources).await?;
    let software = Software {
        name: visible(&client.name),
        known: known(desk, client).await?,
        goes: Goes::Device(waiting.code.clone()),
        reach: waiting.reach.clone(),
        days: days(desk, client),
    };
    Ok(ConsentPage {
        frame: frame(desk, "Connect a device", problems),
        software,
        email: desk.person.signed_in.email.clone(),
        other: other("/device"),
        places: boxes(client, places),
        action: ANSWER,
        hidden: vec![
            ("user_code", waiting.code.clone()),
            shown(desk, &waiting.code, &waiting.seen),
            (SEEN, waiting.seen.clone()),
        ],
    })
}
