//! Who belongs to an organization, in which role. An organization keeps at least one owner: the statement that
//! takes an owner away carries that condition, and a lock before it makes two such statements wait for each
//! other, because under READ COMMITTED each would still see the other's owner.

use crate::{
    console_sessions,
    revocations::{self, Subject},
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{AccountId, Member, Reason, Result, Role};

statements! {
    INSERT = "
        INSERT INTO members (tenant_id, account_id, role, joined_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id, account_id) DO NOTHING
     RETURNING account_id";
    LIST = "
        SELECT m.account_id, a.email, m.role, m.joined_at
          FROM members m
          JOIN accounts a ON a.account_id = m.account_id
         WHERE m.tenant_id = $1
         ORDER BY a.email";
    GET = "
        SELECT m.account_id, a.email, m.role, m.joined_at
          FROM members m
          JOIN accounts a ON a.account_id = m.account_id
         WHERE m.tenant_id = $1
           AND m.account_id = $2";
    LOCK = "
        UPDATE tenants
           SET name = name
         WHERE tenant_id = $1";
    SET_ROLE = "
        UPDATE members
           SET role = $3
         WHERE tenant_id = $1
           AND account_id = $2
           AND ($3 = 'owner'
                OR role <> 'owner'
                OR EXISTS (SELECT 1
                             FROM members o
                            WHERE o.tenant_id = $1
                              AND o.role = 'owner'
                              AND o.account_id <> $2))
     RETURNING account_id";
    REMOVE = "
        DELETE FROM members
         WHERE tenant_id = $1
           AND account_id = $2
           AND (role <> 'owner'
                OR EXISTS (SELECT 1
                             FROM members o
                            WHERE o.tenant_id = $1
                              AND o.role = 'owner'
                              AND o.account_id <> $2))
     RETURNING account_id";
}

/// Lets a person in.
///
/// # Errors
/// `NAME_TAKEN` when they are in already, or a fault.
pub async fn insert(w: &mut Writer<'_>, account: AccountId, role: Role) -> Result<()> {
    let now = w.now();
    w.desk()
        .maybe(&INSERT, args![account, role, now])
        .await?
        .ok_or_else(|| Reason::NameTaken.because("This person is a member of the organization already."))?;
    Ok(())
}

/// Every member, by address.
///
/// # Errors
/// A fault.
pub async fn list(source: &mut impl Source) -> Result<Vec<Member>> {
    source.desk().all(&LIST, args![]).await?.iter().map(read).collect()
}

/// One member.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, account: AccountId) -> Result<Member> {
    let row = source.desk().maybe(&GET, args![account]).await?.ok_or(Reason::NotFound)?;
    read(&row)
}

/// Gives a member another role; every node hears of it.
///
/// # Errors
/// `LAST_OWNER`, `NOT_FOUND`, or a fault.
pub async fn set_role(w: &mut Writer<'_>, account: AccountId, role: Role) -> Result<()> {
    w.desk().run(&LOCK, args![]).await?;
    if w.desk().maybe(&SET_ROLE, args![account, role]).await?.is_none() {
        return Err(why_not(w, account).await);
    }
    revocations::insert(w, Subject::Account(account)).await
}

/// Lets a person go, and ends their sessions.
///
/// # Errors
/// `LAST_OWNER`, `NOT_FOUND`, or a fault.
pub async fn remove(w: &mut Writer<'_>, account: AccountId) -> Result<()> {
    w.desk().run(&LOCK, args![]).await?;
    if w.desk().maybe(&REMOVE, args![account]).await?.is_none() {
        return Err(why_not(w, account).await);
    }
    console_sessions::revoke_all_of_account(w, account).await?;
    revocations::insert(w, Subject::Account(account)).await
}

/// The statement changed nothing: there is no such member, or it is the last owner.
async fn why_not(w: &mut Writer<'_>, account: AccountId) -> procura_model::Error {
    match get(w, account).await {
        Ok(_) => Reason::LastOwner.into(),
        Err(error) => error,
    }
}

fn read(row: &Row) -> Result<Member> {
    Ok(Member {
        account: row.parse("account_id")?,
        email: row.text("email")?,
        role: row.parse("role")?,
        joined_at: row.time("joined_at")?,
    })
}

#[cfg(test)]
#[path = "members_tests.rs"]
mod tests;
