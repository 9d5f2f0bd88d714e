//! Guarded APIs and trusted issuers.

use super::{
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    view::{
        drawer::ApiCall,
        frame::Section,
        oauth_clients::{GuardedPage, GuardedRow, IssuerRow, Typed},
        words::{Id, Problems},
    },
};
use crate::{
    extract::Id as PathId,
    form::{Fields, Form},
    respond::Failure,
};
use procura_app::oauth::{
    issuers,
    resources::{self, Draft},
};
use procura_model::{
    Error, Guarded, GuardedScope, IssuerId, Reason, ResourceId, Result, Scope, TokenForm,
    oauth::{GuardedSettings, IssuerSettings},
};

/// How long tokens last that are set here, in seconds.
const SECONDS: i64 = 600;

/// All of them, and the forms.
pub(super) async fn list(desk: Desk) -> Answer {
    page(&listed(&desk, Typed::default(), Problems::none()).await?)
}

async fn listed(desk: &Desk, typed: Typed, problems: Problems) -> Result<GuardedPage> {
    let apis = resources::list(desk.app(), desk.ctx()).await?;
    let trusted = issuers::list(desk.app(), desk.ctx()).await?;
    let mut frame = desk.frame("Guarded APIs", Section::Settings).await?;
    frame.problems = problems;
    let issuers = trusted.into_iter().map(|one| IssuerRow {
        id: Id::of(one.id),
        issuer: one.issuer,
        keys: one.settings.jwks_uri,
    });
    Ok(GuardedPage {
        frame,
        apis: apis.into_iter().map(row).collect(),
        issuers: issuers.collect(),
        typed,
        calls: vec![
            ApiCall::get("Read the guarded APIs", "read:clients", desk.url("/v1/resources")),
            ApiCall::get("Read the trusted issuers", "read:clients", desk.url("/v1/issuers")),
        ],
    })
}

fn row(api: Guarded) -> GuardedRow {
    let GuardedSettings { scopes, tokens, token_seconds, dpop_required, agents: _ } = api.settings;
    let words: Vec<String> = scopes.into_iter().map(|scope| scope.name).collect();
    let bound = if dpop_required { ", bound to a key" } else { "" };
    GuardedRow {
        id: Id::of(api.id),
        name: api.name,
        identifier: api.identifier,
        scopes: words.join(" "),
        tokens: format!("{}, {token_seconds} s{bound}", tokens.as_str()),
    }
}

fn typed(fields: &Fields) -> Typed {
    let text = |name: &str| fields.text(name).trim().to_owned();
    Typed {
        name: text("name"),
        identifier: text("identifier"),
        scopes: text("scopes"),
        issuer: text("issuer"),
        jwks_uri: text("jwksUri"),
        tenant: text("tenant"),
    }
}

/// Where a refusal belongs: its sentence begins with the field's name.
fn placed(error: &Error, otherwise: &'static str) -> Problems {
    let starts = |name: &&&str| error.sentence().starts_with(**name);
    let field = ["name", "identifier", "scopes", "issuer", "jwksUri", "tenant"].iter().find(starts);
    Problems::of(error, field.copied().unwrap_or(otherwise))
}

fn is_about(error: &Error) -> bool {
    is_about_the_form(error) || error.reason() == Reason::NameTaken
}

/// Guards an API.
pub(super) async fn add(desk: Desk, form: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let typed = typed(&form.fields);
    let scopes = typed.scopes.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let (name, text) = line.split_once(char::is_whitespace).unwrap_or((line, line));
        GuardedScope { name: name.to_owned(), text: text.trim().to_owned() }
    });
    let tokens = form.fields.text("tokens").parse().unwrap_or(TokenForm::Jwt);
    let settings = GuardedSettings {
        scopes: scopes.collect(),
        tokens,
        token_seconds: SECONDS,
        dpop_required: false,
        agents: None,
    };
    let draft = Draft { name: typed.name.clone(), settings };
    match resources::add(desk.app(), desk.ctx(), &typed.identifier, draft).await {
        Ok(_) => go("/settings/apis", "api-guarded"),
        Err(error) if is_about(&error) => {
            wrong(422, &listed(&desk, typed, placed(&error, "identifier")).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

/// Guards an API no longer.
pub(super) async fn remove(desk: Desk, PathId(id): PathId<ResourceId>, _form: Form) -> Answer {
    resources::remove(desk.app(), desk.ctx(), id).await?;
    go("/settings/apis", "api-unguarded")
}

/// Trusts an issuer.
pub(super) async fn trust(desk: Desk, form: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let typed = typed(&form.fields);
    let settings = IssuerSettings {
        jwks_uri: typed.jwks_uri.clone(),
        agent: None,
        tenant: Some(typed.tenant.trim().to_owned()).filter(|tenant| !tenant.is_empty()),
        clients: Vec::new(),
    };
    match issuers::add(desk.app(), desk.ctx(), &typed.issuer, settings).await {
        Ok(_) => go("/settings/apis", "issuer-trusted"),
        Err(error) if is_about(&error) => wrong(422, &listed(&desk, typed, placed(&error, "issuer")).await?),
        Err(error) => Err(Failure(error)),
    }
}

/// Trusts an issuer no longer.
pub(super) async fn distrust(desk: Desk, PathId(id): PathId<IssuerId>, _form: Form) -> Answer {
    issuers::remove(desk.app(), desk.ctx(), id).await?;
    go("/settings/apis", "issuer-removed")
}
