//! Tool servers. Those of `procura.toml` are written at start and changed only there; a change of one of them
//! through the API finds no row.

use crate::{
    revocations::{self, Subject},
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{Doing as _, Reason, Result, ServerId, ServerSettings, ToolServer, Transport};

statements! {
    INSERT = "
        INSERT INTO servers
               (tenant_id, server_id, name, transport, settings, sealed_credential, enabled, from_file, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE, $8)
        ON CONFLICT (tenant_id, name) DO NOTHING
     RETURNING server_id";
    UPDATE = "
        UPDATE servers
           SET name = $3, transport = $4, settings = $5, sealed_credential = $6, enabled = $7
         WHERE tenant_id = $1
           AND server_id = $2
           AND NOT from_file
     RETURNING server_id";
    REMOVE = "
        DELETE FROM servers
         WHERE tenant_id = $1
           AND server_id = $2
           AND NOT from_file
     RETURNING *";
    LIST = "
        SELECT *
          FROM servers
         WHERE tenant_id = $1
         ORDER BY name";
    GET = "
        SELECT *
          FROM servers
         WHERE tenant_id = $1
           AND server_id = $2";
    IS_THERE = "
        SELECT server_id
          FROM servers
         WHERE tenant_id = $1
           AND name = $2";
    UPSERT_FROM_FILE = "
        INSERT INTO servers
               (tenant_id, server_id, name, transport, settings, sealed_credential, enabled, from_file, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE, $8)
        ON CONFLICT (tenant_id, name)
        DO UPDATE SET transport = excluded.transport,
                      settings = excluded.settings,
                      sealed_credential = excluded.sealed_credential,
                      enabled = excluded.enabled,
                      from_file = TRUE
     RETURNING *";
    LIST_ENABLED_FROM_FILE = "
        SELECT server_id, name
          FROM servers
         WHERE tenant_id = $1
           AND from_file
           AND enabled";
    DISABLE_FROM_FILE = "
        UPDATE servers
           SET enabled = FALSE
         WHERE tenant_id = $1
           AND server_id = $2
           AND from_file";
}

/// Adds a tool server.
///
/// # Errors
/// `NAME_TAKEN`, or a fault.
pub async fn insert(w: &mut Writer<'_>, server: &ToolServer) -> Result<()> {
    let (transport, settings) = documents(server)?;
    let args = args![
        server.id,
        &server.name,
        transport,
        settings,
        server.sealed_credential.as_deref(),
        server.enabled,
        server.created_at,
    ];
    w.desk().maybe(&INSERT, args).await?.ok_or(Reason::NameTaken)?;
    changed(w, server.id).await
}

/// Changes everything about a tool server but its id and origin; every node hears of it.
///
/// # Errors
/// `NAME_TAKEN`, `NOT_FOUND` (also for one of the file), or a fault.
pub async fn update(w: &mut Writer<'_>, server: &ToolServer) -> Result<()> {
    let (transport, settings) = documents(server)?;
    let args = args![
        server.id,
        &server.name,
        transport,
        settings,
        server.sealed_credential.as_deref(),
        server.enabled,
    ];
    w.desk().maybe(&UPDATE, args).await?.ok_or(Reason::NotFound)?;
    changed(w, server.id).await
}

/// Removes a tool server; every node hears of it.
///
/// # Errors
/// `NOT_FOUND` (also for one of the file), or a fault.
pub async fn remove(w: &mut Writer<'_>, server: ServerId) -> Result<ToolServer> {
    let row = w.desk().maybe(&REMOVE, args![server]).await?.ok_or(Reason::NotFound)?;
    changed(w, server).await?;
    read(&row)
}

/// Every tool server, by name.
///
/// # Errors
/// A fault.
pub async fn list(source: &mut impl Source) -> Result<Vec<ToolServer>> {
    source.desk().all(&LIST, args![]).await?.iter().map(read).collect()
}

/// One tool server.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, server: ServerId) -> Result<ToolServer> {
    let row = source.desk().maybe(&GET, args![server]).await?.ok_or(Reason::NotFound)?;
    read(&row)
}

/// Whether there is a tool server of this name, enabled or not.
///
/// # Errors
/// A fault.
pub async fn is_there(source: &mut impl Source, name: &str) -> Result<bool> {
    Ok(source.desk().maybe(&IS_THERE, args![name]).await?.is_some())
}

/// Writes a server of the configuration file, by its name, and answers it as it is stored: a server of that
/// name keeps its id.
///
/// # Errors
/// A fault.
pub async fn upsert_from_file(w: &mut Writer<'_>, server: &ToolServer) -> Result<ToolServer> {
    let (transport, settings) = documents(server)?;
    let args = args![
        server.id,
        &server.name,
        transport,
        settings,
        server.sealed_credential.as_deref(),
        server.enabled,
        server.created_at,
    ];
    let stored = read(&w.desk().one(&UPSERT_FROM_FILE, args).await?)?;
    changed(w, stored.id).await?;
    Ok(stored)
}

/// Disables the servers that were in the configuration file once and are not in it now, and says which.
///
/// # Errors
/// A fault.
pub async fn disable_missing_from_file(w: &mut Writer<'_>, names: &[String]) -> Result<Vec<ServerId>> {
    let mut disabled = Vec::new();
    for row in w.desk().all(&LIST_ENABLED_FROM_FILE, args![]).await? {
        if names.contains(&row.text("name")?) {
            continue;
        }
        let server: ServerId = row.parse("server_id")?;
        w.desk().run(&DISABLE_FROM_FILE, args![server]).await?;
        changed(w, server).await?;
        disabled.push(server);
    }
    Ok(disabled)
}

async fn changed(w: &mut Writer<'_>, server: ServerId) -> Result<()> {
    revocations::insert(w, Subject::Server(server)).await
}

fn documents(server: &ToolServer) -> Result<(String, String)> {
    let transport = serde_json::to_string(&server.transport).doing("write a tool server's transport")?;
    let settings = serde_json::to_string(&server.settings).doing("write a tool server's settings")?;
    Ok((transport, settings))
}

fn read(row: &Row) -> Result<ToolServer> {
    let transport: Transport = row.json("transport")?;
    let settings: ServerSettings = row.json("settings")?;
    Ok(ToolServer {
        id: row.parse("server_id")?,
        name: row.text("name")?,
        transport,
        settings,
        sealed_credential: row.maybe_bytes("sealed_credential")?,
        enabled: row.bool("enabled")?,
        from_file: row.bool("from_file")?,
        created_at: row.time("created_at")?,
    })
}

#[cfg(test)]
#[path = "servers_tests.rs"]
mod tests;
