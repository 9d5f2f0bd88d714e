//! Subjects and resources for AuthZEN: what its searches look through, and what is known of them.

use crate::{
    body::Body,
    extract::{Caller, Query},
    operation::{Done, List, Reading, Reply, Writing, page_ask},
    schema::JsonValue,
    state::WebState,
};
use axum::{
    Json,
    extract::{FromRequestParts, RawPathParams, State},
    http::request::Parts,
};
use procura_app::entities::{self, EntityFilter};
use procura_model::{Entity, EntityKind, EntityName, Json as Value, Reason, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, put, remove))
}

/// A subject or a resource.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Entity, example = json!({
    "kind": "resource",
    "type": "record",
    "id": "101",
    "properties": { "owner": "alice", "department": "Legal" },
    "createdAt": "2027-01-01T00:00:00Z",
    "updatedAt": "2027-01-01T00:00:00Z",
}))]
pub(crate) struct EntityView {
    /// Whether it acts (`subject`) or is acted on (`resource`).
    #[schema(value_type = String, pattern = "^(subject|resource)$")]
    kind: EntityKind,
    /// Its type.
    #[serde(rename = "type")]
    of_type: String,
    /// Its id, unique within kind and type.
    id: String,
    /// What is known of it: an object.
    #[schema(value_type = JsonValue)]
    properties: Value,
    /// When it was first told.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was last told.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<Entity> for EntityView {
    fn from(entity: Entity) -> Self {
        Self {
            kind: entity.kind,
            of_type: entity.name.of_type,
            id: entity.name.id,
            properties: entity.properties,
            created_at: entity.created_at,
            updated_at: entity.updated_at,
        }
    }
}

/// What is known of an entity.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = EntityProperties, example = json!({ "properties": { "owner": "alice" } }))]
pub(crate) struct EntityBody {
    /// An object of at most 16,384 bytes; it replaces what was known.
    #[schema(value_type = JsonValue)]
    properties: Value,
}

/// Which entities are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntityQuery {
    /// Only of this kind: `subject` or `resource`.
    #[param(value_type = Option<String>, nullable = false)]
    kind: Option<EntityKind>,
    /// Only of this type.
    #[serde(rename = "type")]
    #[param(nullable = false)]
    of_type: Option<String>,
    /// The `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// How many rows; 50 when absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// The entity that a path names. A kind that there is not names nothing here: 404.
pub(crate) struct Named(EntityKind, EntityName);

impl FromRequestParts<WebState> for Named {
    type Rejection = crate::respond::Failure;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Reply<Self> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Reason::NotFound)?;
        let word =
            |name: &str| params.iter().find(|(known, _)| *known == name).map(|(_, text)| text.to_owned());
        let kind = word("kind").and_then(|kind| kind.parse().ok()).ok_or(Reason::NotFound)?;
        let name = EntityName {
            of_type: word("entityType").ok_or(Reason::NotFound)?,
            id: word("entityId").ok_or(Reason::NotFound)?,
        };
        Ok(Self(kind, name))
    }
}

/// List entities
///
/// By kind, type and id.
#[utoipa::path(
    get, path = "/v1/entities", operation_id = "listEntities", tag = "AuthZEN", params(EntityQuery),
    responses((status = 200, description = "The entities.", body = List<EntityView>), Reading),
    security(("bearer" = ["read:entities"]), ("apiKey" = ["read:entities"])),
)]
pub(crate) async fn list(
    State(web): State<WebState>,
    caller: Caller,
    Query(query): Query<EntityQuery>,
) -> Reply<Json<List<EntityView>>> {
    let page = page_ask(None, query.limit)?;
    let after = query.cursor.as_deref().map(entities::place_of).transpose()?;
    let filter = EntityFilter { kind: query.kind, of_type: query.of_type };
    let found = entities::list(&web.app, &caller.ctx, &filter, after.as_ref(), page.limit).await?;
    Ok(List::page(found, EntityView::from))
}

/// Get an entity
#[utoipa::path(
    get, path = "/v1/entities/{kind}/{entityType}/{entityId}", operation_id = "getEntity", tag = "AuthZEN",
    params(
        ("kind" = String, Path, description = "`subject` or `resource`."),
        ("entityType" = String, Path, description = "The entity's type."),
        ("entityId" = String, Path, description = "The entity's id."),
    ),
    responses((status = 200, description = "The entity.", body = EntityView), Reading),
    security(("bearer" = ["read:entities"]), ("apiKey" = ["read:entities"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Named(kind, name): Named,
) -> Reply<Json<EntityView>> {
    Ok(Json(entities::get(&web.app, &caller.ctx, kind, &name).await?.into()))
}

/// Put an entity
///
/// Adds it, or replaces what is known of it. Its name is the organization's own: another organization's entity of the
/// same name is another one.
#[utoipa::path(
    put, path = "/v1/entities/{kind}/{entityType}/{entityId}", operation_id = "putEntity", tag = "AuthZEN",
    params(
        ("kind" = String, Path, description = "`subject` or `resource`."),
        ("entityType" = String, Path, description = "The entity's type: 1 to 128 bytes."),
        ("entityId" = String, Path, description = "The entity's id: 1 to 512 bytes."),
    ),
    request_body = EntityBody,
    responses((status = 204, description = "It is known."), Writing),
    security(("bearer" = ["write:entities"]), ("apiKey" = ["write:entities"])),
)]
pub(crate) async fn put(
    State(web): State<WebState>,
    caller: Caller,
    Named(kind, name): Named,
    Body(body): Body<EntityBody>,
) -> Reply<Done> {
    entities::put(&web.app, &caller.ctx, kind, &name, &body.properties).await?;
    Ok(Done)
}

/// Remove an entity
#[utoipa::path(
    delete, path = "/v1/entities/{kind}/{entityType}/{entityId}", operation_id = "removeEntity", tag = "AuthZEN",
    params(
        ("kind" = String, Path, description = "`subject` or `resource`."),
        ("entityType" = String, Path, description = "The entity's type."),
        ("entityId" = String, Path, description = "The entity's id."),
    ),
    responses((status = 204, description = "It is no longer known."), Writing),
    security(("bearer" = ["write:entities"]), ("apiKey" = ["write:entities"])),
)]
pub(crate) async fn remove(
    State(web): State<WebState>,
    caller: Caller,
    Named(kind, name): Named,
) -> Reply<Done> {
    entities::remove(&web.app, &caller.ctx, kind, &name).await?;
    Ok(Done)
}
