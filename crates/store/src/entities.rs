//! Subjects and resources for AuthZEN. They are named by the organization itself, so a name that was put twice is the
//! same entity with newer properties.

use crate::{
    row::{Row, wrong},
    tx::{Source, Writer},
};
use procura_model::{Entity, EntityKind, EntityName, Json, PageAsk, Result};

statements! {
    PUT = "
        INSERT INTO entities (tenant_id, kind, entity_type, entity_id, properties, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6)
        ON CONFLICT (tenant_id, kind, entity_type, entity_id)
        DO UPDATE SET properties = excluded.properties,
                      updated_at = excluded.updated_at";
    GET = "
        SELECT *
          FROM entities
         WHERE tenant_id = $1
           AND kind = $2
           AND entity_type = $3
           AND entity_id = $4";
    PAIR = "
        SELECT *
          FROM entities
         WHERE tenant_id = $1
           AND kind = 'subject'
           AND entity_type = $2
           AND entity_id = $3
         UNION ALL
        SELECT *
          FROM entities
         WHERE tenant_id = $1
           AND kind = 'resource'
           AND entity_type = $4
           AND entity_id = $5";
    OF_TYPE = "
        SELECT *
          FROM entities
         WHERE tenant_id = $1
           AND kind = $2
           AND entity_type = $3
           AND (CAST($4 AS TEXT) IS NULL OR entity_id > $4)
         ORDER BY entity_id
         LIMIT $5";
    LIST = "
        SELECT *
          FROM entities
         WHERE tenant_id = $1
           AND (CAST($2 AS TEXT) IS NULL OR kind = $2)
           AND (CAST($3 AS TEXT) IS NULL OR entity_type = $3)
           AND (CAST($4 AS TEXT) IS NULL OR (kind, entity_type, entity_id) > ($4, $5, $6))
         ORDER BY kind, entity_type, entity_id
         LIMIT $7";
    REMOVE = "
        DELETE FROM entities
         WHERE tenant_id = $1
           AND kind = $2
           AND entity_type = $3
           AND entity_id = $4
     RETURNING entity_id";
}

/// Which entities a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityFilter {
    /// Of this kind alone.
    pub kind: Option<EntityKind>,
    /// Of this type alone.
    pub of_type: Option<String>,
}

/// After which entity a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityPlace {
    /// Its kind.
    pub kind: EntityKind,
    /// Its name.
    pub name: EntityName,
}

/// The subject and the resource of one question, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// What is known of the subject.
    pub subject: Option<Json>,
    /// What is known of the resource.
    pub resource: Option<Json>,
}

/// Adds an entity, or replaces what is known of it. `properties` must be an object.
///
/// # Errors
/// A fault.
pub async fn put(w: &mut Writer<'_>, kind: EntityKind, name: &EntityName, properties: &Json) -> Result<()> {
    let now = w.now();
    let args = args![kind.as_str(), &name.of_type, &name.id, properties.canonical(), now];
    w.desk().run(&PUT, args).await
}

/// One entity, where it is known.
///
/// # Errors
/// A fault.
pub async fn get(source: &mut impl Source, kind: EntityKind, name: &EntityName) -> Result<Option<Entity>> {
    if !can_be_stored(name) {
        return Ok(None);
    }
    let args = args![kind.as_str(), &name.of_type, &name.id];
    source.desk().maybe(&GET, args).await?.as_ref().map(read).transpose()
}

/// What is known of a subject and of a resource, in one reading.
///
/// # Errors
/// A fault.
pub async fn pair(source: &mut impl Source, subject: &EntityName, resource: &EntityName) -> Result<Pair> {
    let args = args![&subject.of_type, &subject.id, &resource.of_type, &resource.id];
    let mut pair = Pair::default();
    for entity in source.desk().all(&PAIR, args).await?.iter().map(read) {
        let entity = entity?;
        match entity.kind {
            EntityKind::Subject if can_be_stored(subject) => pair.subject = Some(entity.properties),
            EntityKind::Resource if can_be_stored(resource) => pair.resource = Some(entity.properties),
            EntityKind::Subject | EntityKind::Resource => {}
        }
    }
    Ok(pair)
}

/// Entities of one kind and type by id, those after `after`.
///
/// # Errors
/// A fault.
pub async fn of_type(
    source: &mut impl Source,
    kind: EntityKind,
    of_type: &str,
    page: &PageAsk,
) -> Result<Vec<Entity>> {
    if of_type.contains('\0') {
        return Ok(Vec::new());
    }
    let args = args![kind.as_str(), of_type, page.after.as_deref(), page.limit];
    source.desk().all(&OF_TYPE, args).await?.iter().map(read).collect()
}

/// Entities by kind, type and id, those after `after`; one more than `limit`, where there is one.
///
/// # Errors
/// A fault.
pub async fn list(
    source: &mut impl Source,
    filter: &EntityFilter,
    after: Option<&EntityPlace>,
    limit: i64,
) -> Result<Vec<Entity>> {
    let args = args![
        filter.kind.map(EntityKind::as_str),
        filter.of_type.as_deref(),
        after.map(|place| place.kind.as_str()),
        after.map(|place| place.name.of_type.as_str()),
        after.map(|place| place.name.id.as_str()),
        limit.saturating_add(1),
    ];
    source.desk().all(&LIST, args).await?.iter().map(read).collect()
}

/// Forgets an entity; says whether it was known.
///
/// # Errors
/// A fault.
pub async fn remove(w: &mut Writer<'_>, kind: EntityKind, name: &EntityName) -> Result<bool> {
    if !can_be_stored(name) {
        return Ok(false);
    }
    let args = args![kind.as_str(), &name.of_type, &name.id];
    Ok(w.desk().count(&REMOVE, args).await? > 0)
}

/// A name with a NUL in it is stored nowhere, and must not find what is stored under the character that stands for
/// a NUL in the database.
fn can_be_stored(name: &EntityName) -> bool {
    !name.of_type.contains('\0') && !name.id.contains('\0')
}

fn read(row: &Row) -> Result<Entity> {
    let properties: Json = row.json("properties")?;
    if !matches!(properties, Json::Map(_)) {
        return Err(wrong("properties"));
    }
    Ok(Entity {
        kind: row.parse("kind")?,
        name: EntityName { of_type: row.text("entity_type")?, id: row.text("entity_id")? },
        properties,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

#[cfg(test)]
#[path = "entities_tests.rs"]
mod tests;
