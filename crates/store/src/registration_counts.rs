//! How often something was done from somewhere in an hour. Kept in rows, so that every node counts the same and a restart
//! forgives nothing; counted in the transaction that does it, so that what does not happen is not counted.

use crate::tx::{Source as _, Writer};
use procura_model::{Result, time::HOUR_MS};

statements! {
    /// One more, if the limit leaves room: of many at once no more pass.
    TAKE = "
        INSERT INTO registration_counts (tenant_id, bucket, hour, used)
        VALUES ($1, $2, $3, 1)
        ON CONFLICT (tenant_id, bucket, hour)
        DO UPDATE SET used = registration_counts.used + 1
         WHERE registration_counts.used < $4
     RETURNING used";
}

/// Counts one more of `bucket` in this hour, and says whether the limit left room for it.
///
/// # Errors
/// A fault: then it must be refused.
pub async fn take(w: &mut Writer<'_>, bucket: &str, limit: i64) -> Result<bool> {
    let hour = w.now().as_ms().div_euclid(HOUR_MS);
    Ok(limit > 0 && w.desk().maybe(&TAKE, args![bucket, hour, limit]).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::{House, START};
    use procura_model::EventKind;

    #[tokio::test]
    async fn a_count_is_its_organizations_and_its_hours_and_stops_at_its_limit() {
        let house = House::new().await;
        let neighbour = house.neighbour().await;
        let count = async |house: &House, bucket: &str, hours: i64| {
            let at = START.plus_ms(hours * HOUR_MS);
            house.change(at, EventKind::AgentRegistered, async |w| take(w, bucket, 2).await).await
        };
        assert!(count(&house, "a", 0).await && count(&house, "a", 0).await);
        assert!(!count(&house, "a", 0).await);
        assert!(count(&house, "b", 0).await && count(&neighbour, "a", 0).await);
        assert!(count(&house, "a", 1).await, "the next hour");
        let none = house.change(START, EventKind::AgentRegistered, async |w| take(w, "c", 0).await).await;
        assert!(!none, "a limit of nothing lets nobody through");
    }

    #[tokio::test]
    async fn what_does_not_happen_is_not_counted() {
        let house = House::new().await;
        let ctx = house.ctx();
        let mut dropped = house.store.write(&ctx).await.unwrap();
        assert!(take(&mut dropped, "a", 1).await.unwrap());
        drop(dropped);
        assert!(house.change(START, EventKind::AgentRegistered, async |w| take(w, "a", 1).await).await);
    }
}
