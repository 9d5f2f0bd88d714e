//! The one step that every way out begins with, with or without a socket behind it: may the lane
//! ask for this host, what are its addresses, and may it connect to **every** one of them? One bad
//! address among good ones refuses the whole name, because the good ones may be bait.

use crate::{
    dns::Resolver,
    error::EgressError,
    guard::{self, Judged, Refused},
    rules::{Lane, Rules},
    url::Target,
};

/// The addresses that may be handed to the connector, in the resolver's order; never empty.
pub(crate) async fn approach(
    target: &Target,
    lane: Lane,
    rules: &Rules,
    resolver: &Resolver,
) -> Result<Vec<Judged>, EgressError> {
    guard::admit(target, lane, rules)?;
    let addresses = resolver.lookup(target.host()).await?;
    if addresses.is_empty() {
        return Err(EgressError::Dns(None));
    }
    let judged: Result<Vec<Judged>, Refused> =
        addresses.into_iter().map(|address| guard::judge(address, target, lane, rules)).collect();
    Ok(judged?)
}
