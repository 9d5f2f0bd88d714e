//! Subjects and resources for AuthZEN, and which agent's policy judges a type of subjects. A name may hold anything, so pages
//! and forms name an entity by fields, never by a path.

use super::{
    activity::{agent_names, name_of},
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    view::{
        drawer::ApiCall,
        entities::{Entities, EntityForm, EntityPage, EntityRow},
        facts::pretty,
        frame::Section,
        words::Problems,
    },
};
use crate::{
    extract::Query,
    form::{Fields, Form},
    respond::Failure,
};
use procura_app::{
    entities::{self, EntityFilter},
    organization,
};
use procura_model::{AgentId, Entity, EntityKind, EntityName, Error, Json, Reason, Result, Scope};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How many entities a page lists.
const ROWS: i64 = 50;
/// How many characters of the properties a list shows.
const SHOWN_CHARACTERS: usize = 120;

/// Which entities are wanted; empty where all are.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    kind: String,
    #[serde(rename = "type")]
    of_type: String,
    after: String,
    #[serde(rename = "done")]
    _done: String,
}

/// Which entity is wanted.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    kind: String,
    #[serde(rename = "type")]
    of_type: String,
    id: String,
}

/// The entities, and who judges which subjects.
pub(super) async fn list(desk: Desk, Query(asked): Query<Asked>) -> Answer {
    page(&listed(&desk, &asked, blank(), Problems::none()).await?)
}

fn blank() -> EntityForm {
    EntityForm { kind: "subject".to_owned(), properties: "{}".to_owned(), ..EntityForm::default() }
}

async fn listed(desk: &Desk, asked: &Asked, form: EntityForm, problems: Problems) -> Result<Entities> {
    let filter = EntityFilter {
        kind: asked.kind.parse().ok(),
        of_type: Some(asked.of_type.clone()).filter(|of_type| !of_type.is_empty()),
    };
    let place = Some(asked.after.as_str()).filter(|after| !after.is_empty());
    let place = place.map(entities::place_of).transpose()?;
    let found = entities::list(desk.app(), desk.ctx(), &filter, place.as_ref(), ROWS).await?;
    let mut frame = desk.frame("Entities", Section::Policies).await?;
    frame.problems = problems;
    let names = agent_names(desk).await?;
    let subjects = match desk.ctx().actor.has(Scope::ReadOrganization) {
        true => organization::get(desk.app(), desk.ctx()).await?.settings.authzen_subjects,
        false => BTreeMap::new(),
    };
    let judges = subjects.into_iter().map(|(of_type, id)| (of_type, id.to_string(), name_of(&names, id)));
    Ok(Entities {
        frame,
        rows: found.items.iter().map(|entity| row(desk, entity)).collect(),
        newest: place.is_some().then(|| href(asked, "")),
        older: found.next_cursor.map(|cursor| href(asked, &cursor)),
        filter: (asked.kind.clone(), asked.of_type.clone()),
        form,
        judges: judges.collect(),
        agents: names.iter().map(|(id, name)| (id.to_string(), name.clone())).collect(),
        calls: vec![ApiCall::get("List the entities", "read:entities", desk.url("/v1/entities"))],
    })
}

/// The list with its filters, from this place on.
fn href(asked: &Asked, after: &str) -> String {
    let members = [("kind", asked.kind.as_str()), ("type", &asked.of_type), ("after", after)];
    link("/policies/entities", members.into_iter().filter(|(_, value)| !value.is_empty()))
}

fn link<'m>(path: &str, members: impl Iterator<Item = (&'m str, &'m str)>) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
    format!("{path}?{query}")
}

fn row(desk: &Desk, entity: &Entity) -> EntityRow {
    let mut properties = entity.properties.canonical();
    if properties.chars().count() > SHOWN_CHARACTERS {
        properties = properties.chars().take(SHOWN_CHARACTERS).chain(['…']).collect();
    }
    EntityRow {
        href: page_of(entity.kind, &entity.name),
        kind: entity.kind.as_str(),
        of_type: entity.name.of_type.clone(),
        id: entity.name.id.clone(),
        properties,
        updated: desk.past(entity.updated_at),
    }
}

fn page_of(kind: EntityKind, name: &EntityName) -> String {
    let members = [("kind", kind.as_str()), ("type", &name.of_type), ("id", &name.id)];
    link("/policies/entities/one", members.into_iter())
}

/// One entity.
pub(super) async fn one(desk: Desk, Query(named): Query<Named>) -> Answer {
    let kind = named.kind.parse().map_err(|_| Reason::NotFound)?;
    let name = EntityName { of_type: named.of_type, id: named.id };
    page(&edited(&desk, kind, &name, None, Problems::none()).await?)
}

async fn edited(
    desk: &Desk,
    kind: EntityKind,
    name: &EntityName,
    typed: Option<String>,
    problems: Problems,
) -> Result<EntityPage> {
    let entity = entities::get(desk.app(), desk.ctx(), kind, name).await?;
    let mut frame = desk.frame("Entity", Section::Policies).await?;
    frame.problems = problems;
    let encoded =
        |word: &str| form_urlencoded::byte_serialize(word.as_bytes()).collect::<String>().replace('+', "%20");
    let path = format!("/v1/entities/{}/{}/{}", kind.as_str(), encoded(&name.of_type), encoded(&name.id));
    Ok(EntityPage {
        frame,
        form: EntityForm {
            kind: kind.as_str().to_owned(),
            of_type: name.of_type.clone(),
            id: name.id.clone(),
            properties: typed.unwrap_or_else(|| pretty(&entity.properties)),
        },
        created: desk.past(entity.created_at),
        updated: desk.past(entity.updated_at),
        calls: vec![ApiCall::get("Read this entity", "read:entities", desk.url(&path))],
    })
}

fn typed(fields: &Fields) -> EntityForm {
    let text = |name: &str| fields.text(name).to_owned();
    EntityForm { kind: text("kind"), of_type: text("type"), id: text("id"), properties: text("properties") }
}

/// Saves what is typed.
async fn saved(desk: &Desk, form: &EntityForm) -> Result<()> {
    let (kind, name) = named(form)?;
    let properties = Json::parse(&form.properties)
        .map_err(|_| Reason::FieldInvalid.because("properties cannot be read as JSON."))?;
    entities::put(desk.app(), desk.ctx(), kind, &name, &properties).await
}

fn named(form: &EntityForm) -> Result<(EntityKind, EntityName)> {
    let kind = form.kind.parse().map_err(|_| Reason::FieldInvalid)?;
    Ok((kind, EntityName { of_type: form.of_type.clone(), id: form.id.clone() }))
}

/// Where a refusal belongs: its sentence begins with the field's name.
fn placed(error: &Error) -> Problems {
    let fields = ["type", "id", "properties"];
    let field = fields.into_iter().find(|field| error.sentence().starts_with(field));
    Problems::of(error, field.unwrap_or_default())
}

/// Adds an entity.
pub(super) async fn add(desk: Desk, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteEntities)?;
    let form = typed(&sent.fields);
    match saved(&desk, &form).await {
        Ok(()) => go("/policies/entities", "saved"),
        Err(error) if is_about_the_form(&error) => {
            wrong(422, &listed(&desk, &Asked::default(), form, placed(&error)).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

/// Replaces what is known of an entity.
pub(super) async fn change(desk: Desk, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteEntities)?;
    let form = typed(&sent.fields);
    let (kind, name) = named(&form)?;
    match saved(&desk, &form).await {
        Ok(()) => go("/policies/entities", "saved"),
        Err(error) if is_about_the_form(&error) => {
            wrong(422, &edited(&desk, kind, &name, Some(form.properties), placed(&error)).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

/// Forgets an entity.
pub(super) async fn remove(desk: Desk, sent: Form) -> Answer {
    let (kind, name) = named(&typed(&sent.fields))?;
    entities::remove(desk.app(), desk.ctx(), kind, &name).await?;
    go("/policies/entities", "entity-removed")
}

/// Names the agent whose policy judges a type of subjects; nobody does where none is named.
pub(super) async fn judge(desk: Desk, sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteOrganization)?;
    let of_type = sent.fields.text("subject_type").to_owned();
    let agent: Option<AgentId> = match sent.fields.text("agent") {
        "" => None,
        named => Some(named.parse().map_err(|_| Reason::FieldInvalid)?),
    };
    let tenant = organization::get(desk.app(), desk.ctx()).await?;
    let mut settings = tenant.settings;
    match agent {
        Some(agent) => settings.authzen_subjects.insert(of_type, agent),
        None => settings.authzen_subjects.remove(&of_type),
    };
    match organization::change(desk.app(), desk.ctx(), &tenant.name, settings).await {
        Ok(_) => go("/policies/entities", "saved"),
        Err(error) if is_about_the_form(&error) => {
            let problems = Problems::of(&error, "subject_type");
            wrong(422, &listed(&desk, &Asked::default(), blank(), problems).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}
