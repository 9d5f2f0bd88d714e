//! The clients of the deployment that an organization keeps out: nobody there may let them in, and what they had there
//! has ended. A client need not be known yet to be kept out.

use crate::{
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{BlockId, ClientId, Page, PageAsk, Reason, Result, Time};

statements! {
    INSERT = "
        INSERT INTO oauth_client_blocks (tenant_id, block_id, client_id, created_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id, client_id) DO NOTHING
     RETURNING block_id";
    REMOVE = "
        DELETE FROM oauth_client_blocks
         WHERE tenant_id = $1
           AND block_id = $2
     RETURNING *";
    GET = "
        SELECT *
          FROM oauth_client_blocks
         WHERE tenant_id = $1
           AND block_id = $2";
    OF_CLIENT = "
        SELECT *
          FROM oauth_client_blocks
         WHERE tenant_id = $1
           AND client_id = $2";
    LIST = "
        SELECT *
          FROM oauth_client_blocks
         WHERE tenant_id = $1
           AND (CAST($2 AS TEXT) IS NULL OR block_id < $2)
         ORDER BY block_id DESC
         LIMIT $3";
}

/// A client that an organization keeps out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its id.
    pub id: BlockId,
    /// The client.
    pub client: ClientId,
    /// Since when.
    pub created_at: Time,
}

/// Keeps a client out. What it has in the organization the caller ends; the client itself is as it was, so that no
/// organization makes the nodes forget what is another's.
///
/// # Errors
/// `NAME_TAKEN` where it is kept out already, or a fault.
pub async fn insert(w: &mut Writer<'_>, block: &Block) -> Result<()> {
    let args = args![block.id, &block.client, block.created_at];
    w.desk()
        .maybe(&INSERT, args)
        .await?
        .ok_or_else(|| Reason::NameTaken.because("The client is blocked already."))?;
    Ok(())
}

/// Lets a client be let in again and says which it was.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn remove(w: &mut Writer<'_>, id: BlockId) -> Result<Block> {
    read(&w.desk().maybe(&REMOVE, args![id]).await?.ok_or(Reason::NotFound)?)
}

/// One block.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, id: BlockId) -> Result<Block> {
    read(&source.desk().maybe(&GET, args![id]).await?.ok_or(Reason::NotFound)?)
}

/// The block of this client, where the organization keeps it out.
///
/// # Errors
/// A fault.
pub async fn of_client(source: &mut impl Source, client: &ClientId) -> Result<Option<Block>> {
    source.desk().maybe(&OF_CLIENT, args![client]).await?.as_ref().map(read).transpose()
}

/// The clients that the organization keeps out, newest first; the cursor is a block's id.
///
/// # Errors
/// A fault.
pub async fn list(source: &mut impl Source, ask: &PageAsk) -> Result<Page<Block>> {
    let args = args![ask.after.as_deref(), ask.limit.saturating_add(1)];
    let blocks = source.desk().all(&LIST, args).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(blocks, ask, |block| block.id.to_string()))
}

fn read(row: &Row) -> Result<Block> {
    Ok(Block {
        id: row.parse("block_id")?,
        client: row.parse("client_id")?,
        created_at: row.time("created_at")?,
    })
}
