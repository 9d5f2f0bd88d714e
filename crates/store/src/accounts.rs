//! People. An account is one row for all organizations; here it is seen through its membership in one, so an
//! organization reaches its own people alone. Making one and finding one by its address are in the lobby.

use crate::{
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{Account, AccountId, Reason, Result};

statements! {
    BY_ID = "
        SELECT a.account_id, a.email, a.password_hash, a.created_at
          FROM members m
          JOIN accounts a ON a.account_id = m.account_id
         WHERE m.tenant_id = $1
           AND m.account_id = $2";
    SET_PASSWORD = "
        UPDATE accounts
           SET password_hash = $3
         WHERE account_id = $2
           AND EXISTS (SELECT 1 FROM members m WHERE m.tenant_id = $1 AND m.account_id = $2)
     RETURNING account_id";
    /// Every link by which this account could still set another password.
    CLOSE_LINKS = "
        UPDATE links
           SET used_at = $3
         WHERE tenant_id = $1
           AND account_id = $2
           AND purpose = 'owner_password'
           AND used_at IS NULL";
}

/// The account of a member.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn by_id(source: &mut impl Source, account: AccountId) -> Result<Account> {
    let row = source.desk().maybe(&BY_ID, args![account]).await?.ok_or(Reason::NotFound)?;
    read(&row)
}

/// Gives a member another password; links that were made before it open nothing more. The caller revokes the sessions that the old one opened.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn set_password(w: &mut Writer<'_>, account: AccountId, password_hash: &str) -> Result<()> {
    w.desk().maybe(&SET_PASSWORD, args![account, password_hash]).await?.ok_or(Reason::NotFound)?;
    let now = w.now();
    w.desk().run(&CLOSE_LINKS, args![account, now]).await
}

pub(crate) fn read(row: &Row) -> Result<Account> {
    Ok(Account {
        id: row.parse("account_id")?,
        email: row.text("email")?,
        password_hash: row.text("password_hash")?,
        created_at: row.time("created_at")?,
    })
}
