//! Subjects and resources that an organization tells us of: the candidates of AuthZEN's searches, and what is known of
//! them when a question does not say it. What is told here widens and narrows decisions, so every change is recorded.

use crate::App;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_model::{
    Ctx, Digest, Entity, EntityKind, EntityName, Event, EventKind, Json, Page, Reason, Result, Scope,
    entity::{MAX_ID_BYTES, MAX_PROPERTIES_BYTES, MAX_TYPE_BYTES},
};
use procura_store::entities as rows;
pub use procura_store::entities::{EntityFilter, EntityPlace};

/// Adds an entity, or replaces what is known of it.
///
/// # Errors
/// `FIELD_INVALID` naming what is wrong with the name or the properties.
pub async fn put(app: &App, ctx: &Ctx, kind: EntityKind, name: &EntityName, properties: &Json) -> Result<()> {
    ctx.actor.require(Scope::WriteEntities)?;
    checked_word("type", &name.of_type, MAX_TYPE_BYTES)?;
    checked_word("id", &name.id, MAX_ID_BYTES)?;
    if !matches!(properties, Json::Map(_)) || properties.canonical().len() > MAX_PROPERTIES_BYTES {
        return Err(Reason::FieldInvalid
            .because(format!("properties must be an object of at most {MAX_PROPERTIES_BYTES} bytes.")));
    }
    let mut writer = app.store.write(ctx).await?;
    rows::put(&mut writer, kind, name, properties).await?;
    let digest = Digest::of(properties.canonical().as_bytes()).hex();
    writer.commit(event(EventKind::EntityChanged, kind, name, Some(digest))).await
}

/// One entity.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn get(app: &App, ctx: &Ctx, kind: EntityKind, name: &EntityName) -> Result<Entity> {
    ctx.actor.require(Scope::ReadEntities)?;
    let mut reader = app.store.read(ctx);
    Ok(rows::get(&mut reader, kind, name).await?.ok_or(Reason::NotFound)?)
}

/// Entities by kind, type and id.
///
/// # Errors
/// `FIELD_INVALID` for a cursor that is none of ours.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    filter: &EntityFilter,
    after: Option<&EntityPlace>,
    limit: i64,
) -> Result<Page<Entity>> {
    ctx.actor.require(Scope::ReadEntities)?;
    let mut reader = app.store.read(ctx);
    let mut items = rows::list(&mut reader, filter, after, limit).await?;
    let limit = usize::try_from(limit).unwrap_or(1);
    let is_more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = if is_more { items.last().map(cursor_of) } else { None };
    Ok(Page { items, next_cursor })
}

/// Forgets an entity.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn remove(app: &App, ctx: &Ctx, kind: EntityKind, name: &EntityName) -> Result<()> {
    ctx.actor.require(Scope::WriteEntities)?;
    let mut writer = app.store.write(ctx).await?;
    if !rows::remove(&mut writer, kind, name).await? {
        return Err(Reason::NotFound.into());
    }
    writer.commit(event(EventKind::EntityRemoved, kind, name, None)).await
}

fn cursor_of(entity: &Entity) -> String {
    let words = [entity.kind.as_str(), &entity.name.of_type, &entity.name.id];
    URL_SAFE_NO_PAD.encode(Json::List(words.map(|word| Json::Text(word.to_owned())).to_vec()).canonical())
}

/// The place that a cursor of [`list`] names.
///
/// # Errors
/// `FIELD_INVALID` when it is none of ours.
pub fn place_of(cursor: &str) -> Result<EntityPlace> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let Json::List(words) = Json::parse(&text).ok()? else { return None };
        let [kind, of_type, id] = words.as_slice() else { return None };
        let name = EntityName { of_type: of_type.as_text()?.to_owned(), id: id.as_text()?.to_owned() };
        Some(EntityPlace { kind: kind.as_text()?.parse().ok()?, name })
    };
    read().ok_or_else(|| Reason::FieldInvalid.because("cursor is not one that this list gave."))
}

/// Names are ours to compare: what cannot be seen, or not be stored as it is, is refused.
fn checked_word(field: &str, word: &str, most: usize) -> Result<()> {
    if (1..=most).contains(&word.len()) && !word.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Reason::FieldInvalid
        .because(format!("{field} must have 1 to {most} bytes and no control characters.")))
}

/// An id may name a person, so the record has the digests of name and properties.
fn event(kind: EventKind, of: EntityKind, name: &EntityName, properties: Option<String>) -> Event {
    let id = Digest::of(name.id.as_bytes()).hex();
    let facts = serde_json::json!({
        "kind": of.as_str(), "type": name.of_type, "idDigest": id, "propertiesDigest": properties,
    });
    Event::new(kind).about(of.as_str()).with_facts(&facts)
}
