//! Guarded APIs: listed, added, changed, with what protects each of them.

use super::{
    desk::{Answer, Desk, go, page, wrong},
    guarded_guide::guides,
    view::{
        drawer::ApiCall,
        frame::Section,
        guarded::{GuardedForm, GuardedList, GuardedPage, GuardedRow, TOKENS},
        words::{Id, Problems, span},
    },
};
use crate::{
    extract::Id as PathId,
    form::{Fields, Form},
    respond::Failure,
};
use procura_app::oauth::resources::{self, Draft};
use procura_model::{
    Error, Guarded, GuardedScope, Json, Reason, ResourceId, Result, Scope, TokenForm, oauth::GuardedSettings,
    time::SECOND_MS,
};

/// Where the guarded APIs are.
const HERE: &str = "/settings/apis";
/// How long tokens last where nobody said, in seconds.
const SECONDS: i64 = 600;
/// How many empty lines for scopes stand under those that there are.
const SPARE: usize = 3;

/// All of them.
pub(super) async fn list(desk: Desk) -> Answer {
    let apis = resources::list(desk.app(), desk.ctx()).await?;
    page(&GuardedList {
        frame: desk.frame("Guarded APIs", Section::Settings).await?,
        rows: apis.into_iter().map(row).collect(),
        calls: vec![ApiCall::get("Read the guarded APIs", "read:clients", desk.url("/v1/resources"))],
    })
}

fn row(api: Guarded) -> GuardedRow {
    let GuardedSettings { scopes, tokens, token_seconds, dpop_required, .. } = api.settings;
    GuardedRow {
        id: Id::of(api.id),
        name: api.name,
        identifier: api.identifier,
        scopes: scopes.len(),
        tokens: token_word(tokens),
        lasts: span(token_seconds.saturating_mul(SECOND_MS)),
        is_bound: dpop_required,
    }
}

const fn token_word(form: TokenForm) -> &'static str {
    match form {
        TokenForm::Jwt => "signed (JWT)",
        TokenForm::Opaque => "opaque",
    }
}

fn written(api: &Guarded) -> GuardedForm {
    let scopes = api.settings.scopes.iter().map(|scope| (scope.name.clone(), scope.text.clone()));
    GuardedForm {
        name: api.name.clone(),
        identifier: api.identifier.clone(),
        scopes: scopes.collect(),
        tokens: match (api.settings.tokens, api.settings.signing_alg) {
            (TokenForm::Opaque, _) => TokenForm::Opaque.as_str(),
            (TokenForm::Jwt, None) => TokenForm::Jwt.as_str(),
            (TokenForm::Jwt, Some(alg)) => alg.as_str(),
        },
        seconds: api.settings.token_seconds.to_string(),
        is_bound: api.settings.dpop_required,
    }
}

fn typed(fields: &Fields) -> GuardedForm {
    let text = |name: &str| fields.text(name).to_owned();
    let pairs = fields.all("scope").map(str::trim).zip(fields.all("says").map(str::trim));
    let scopes = pairs.filter(|(name, says)| !(name.is_empty() && says.is_empty()));
    GuardedForm {
        name: text("name"),
        identifier: text("identifier"),
        scopes: scopes.map(|(name, says)| (name.to_owned(), says.to_owned())).collect(),
        tokens: TOKENS
            .iter()
            .map(|(word, _)| *word)
            .find(|word| *word == fields.text("tokens"))
            .unwrap_or(TokenForm::Jwt.as_str()),
        seconds: text("token_seconds"),
        is_bound: fields.has("bound"),
    }
}

fn draft(form: &GuardedForm) -> Result<Draft, Problems> {
    let token_seconds = form.seconds.parse().map_err(|_| {
        let mut problems = Problems::none();
        problems.add("token_seconds", "The lifetime must be a number of seconds from 60 to 3600.");
        problems
    })?;
    let scope = |(name, text): &(String, String)| GuardedScope { name: name.clone(), text: text.clone() };
    let settings = GuardedSettings {
        scopes: form.scopes.iter().map(scope).collect(),
        tokens: form.tokens.parse().unwrap_or(TokenForm::Jwt),
        token_seconds,
        dpop_required: form.is_bound,
        signing_alg: form.tokens.parse().ok(),
    };
    Ok(Draft { name: form.name.clone(), settings })
}

/// Where a refusal belongs: its sentence begins with the member's name.
fn placed(error: &Error) -> Problems {
    let is_taken = error.reason() == Reason::NameTaken;
    let starts = |(member, _): &&(&str, &str)| error.sentence().starts_with(*member);
    let field = MEMBERS.iter().find(starts).map_or("", |(_, field)| *field);
    if is_taken {
        let mut problems = Problems::none();
        problems.add("identifier", "This identifier is guarded already. Choose another one.");
        return problems;
    }
    Problems::of(error, field)
}

const MEMBERS: [(&str, &str); 4] =
    [("name", "name"), ("identifier", "identifier"), ("scopes", "scopes"), ("tokenSeconds", "token_seconds")];

fn is_about(error: &Error) -> bool {
    matches!(error.reason(), Reason::FieldInvalid | Reason::NameTaken)
}

/// The form of a new one.
pub(super) async fn new_page(desk: Desk) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let form = GuardedForm {
        name: String::new(),
        identifier: String::new(),
        scopes: Vec::new(),
        tokens: TokenForm::Jwt.as_str(),
        seconds: SECONDS.to_string(),
        is_bound: false,
    };
    page(&new_view(&desk, form, Problems::none()).await?)
}

async fn new_view(desk: &Desk, form: GuardedForm, problems: Problems) -> Result<GuardedPage> {
    let mut frame = desk.frame("Guard an API", Section::Settings).await?;
    frame.problems = problems;
    Ok(GuardedPage {
        frame,
        known: None,
        called: String::new(),
        form: with_spare(form),
        action: format!("{HERE}/new"),
        guides: Vec::new(),
        calls: vec![ApiCall::get("Read the guarded APIs", "read:clients", desk.url("/v1/resources"))],
    })
}

/// Room for more.
fn with_spare(mut form: GuardedForm) -> GuardedForm {
    form.scopes.extend(std::iter::repeat_n((String::new(), String::new()), SPARE));
    form
}

/// Guards an API.
pub(super) async fn add(desk: Desk, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let form = typed(&sent.fields);
    let draft = match draft(&form) {
        Ok(draft) => draft,
        Err(problems) => return wrong(422, &new_view(&desk, form, problems).await?),
    };
    match resources::add(desk.app(), desk.ctx(), &form.identifier, draft).await {
        Ok(api) => go(&format!("{HERE}/{}", api.id), "api-guarded"),
        Err(error) if is_about(&error) => {
            wrong(error.reason().http(), &new_view(&desk, form, placed(&error)).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

/// One guarded API.
pub(super) async fn one(desk: Desk, PathId(id): PathId<ResourceId>) -> Answer {
    page(&view(&desk, id, None, Problems::none()).await?)
}

async fn view(
    desk: &Desk,
    id: ResourceId,
    typed: Option<GuardedForm>,
    problems: Problems,
) -> Result<GuardedPage> {
    let api = resources::get(desk.app(), desk.ctx(), id).await?;
    let mut frame = desk.frame(&api.name, Section::Settings).await?;
    frame.problems = problems;
    let url = desk.url(&format!("/v1/resources/{id}"));
    Ok(GuardedPage {
        known: Some((Id::of(id), desk.past(api.updated_at))),
        called: api.name.clone(),
        guides: guides(&desk.app().settings.public_url, &api),
        form: with_spare(typed.unwrap_or_else(|| written(&api))),
        action: format!("{HERE}/{id}"),
        frame,
        calls: vec![
            ApiCall::get("Read this API", "read:clients", url.clone()),
            ApiCall::send("Change it", "write:clients", ("PUT", url), present(&api).as_ref()),
        ],
    })
}

/// What somebody would send to leave it as it is.
fn present(api: &Guarded) -> Option<Json> {
    let GuardedSettings { scopes, tokens, token_seconds, dpop_required, signing_alg } = &api.settings;
    let mut body = serde_json::json!({
        "name": api.name, "scopes": scopes, "tokens": tokens, "tokenSeconds": token_seconds,
        "dpopRequired": dpop_required,
    });
    if let Some(alg) = signing_alg {
        body.as_object_mut()?.insert("signingAlg".to_owned(), alg.as_str().into());
    }
    Json::parse(&body.to_string()).ok()
}

/// Changes a guarded API.
pub(super) async fn change(desk: Desk, PathId(id): PathId<ResourceId>, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let mut form = typed(&sent.fields);
    form.identifier = resources::get(desk.app(), desk.ctx(), id).await?.identifier;
    let draft = match draft(&form) {
        Ok(draft) => draft,
        Err(problems) => return wrong(422, &view(&desk, id, Some(form), problems).await?),
    };
    match resources::change(desk.app(), desk.ctx(), id, draft).await {
        Ok(_) => go(&format!("{HERE}/{id}"), "api-changed-guarded"),
        Err(error) if is_about(&error) => {
            wrong(error.reason().http(), &view(&desk, id, Some(form), placed(&error)).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

/// Guards an API no longer whose name was typed.
pub(super) async fn remove(desk: Desk, PathId(id): PathId<ResourceId>, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteClients)?;
    let api = resources::get(desk.app(), desk.ctx(), id).await?;
    if sent.fields.text("confirm") != api.name.trim() {
        let mut problems = Problems::none();
        problems.add("confirm", "Type the API's name exactly as it stands above.");
        return wrong(422, &view(&desk, id, None, problems).await?);
    }
    resources::remove(desk.app(), desk.ctx(), id).await?;
    go(HERE, "api-unguarded")
}
