//! An agent registers. Nobody has to be asked, so everything that anybody may do a thousand times is bounded: by address,
//! by network and by organization, counted in the transaction that registers, and where it cannot be counted it is
//! refused. What an agent that nobody answers for gets is small, and ends by itself.

use super::{Place, Shown, assertion, claim, mint};
use crate::{App, settings::PerHour};
use procura_crypto::{Minted, TokenKind, token};
use procura_model::{
    Ctx, Digest, Event, EventKind, Reason, RegistrationId, Result, ShownOnce,
    oauth::{KeyForm, Registration, RegistrationKind, RegistrationState, ScopeList},
    time::HOUR_MS,
};
use procura_store::{Writer, agent_registrations, registration_counts};
use std::net::IpAddr;

/// How long a name may be, in characters.
const MAX_NAME: usize = 80;

/// How an agent registers.
#[derive(Clone, Copy, Debug)]
pub enum Ask<'a> {
    /// It says nothing of itself.
    Anonymous,
    /// An issuer vouches for it by this ID-JAG.
    Assertion(&'a str),
    /// A person at this address is to answer for it.
    Email(&'a str),
}

/// An agent that registered.
#[derive(Debug)]
pub struct Registered {
    /// The registration.
    pub registration: Registration,
    /// Its key; none where a person must agree first.
    pub key: Option<Shown>,
    /// What it asks to be claimed with; none where it is claimed.
    pub claim_token: Option<ShownOnce>,
    /// The first try to have it claimed, where it named whom to ask.
    pub begun: Option<claim::Begun>,
}

/// Registers an agent; `name` is what it calls itself. One that is to hold a key gets it; one that is to hold an assertion
/// gets that from [`super::identity::of`].
///
/// # Errors
/// `AGENT_*`, `RATE_LIMITED`, or a fault.
pub async fn register(
    app: &App,
    ctx: &Ctx,
    place: &Place,
    (ask, form): (Ask<'_>, KeyForm),
    name: &str,
) -> Result<Registered> {
    let ctx = &ctx.in_tenant(place.tenant);
    let name = named(name)?;
    match ask {
        Ask::Anonymous if !place.access.anonymous => Err(Reason::AgentAnonymousOff.into()),
        Ask::Anonymous => unclaimed(app, ctx, place, (RegistrationKind::Anonymous, name, form), None).await,
        Ask::Email(_) if !place.takes_email(app) => Err(Reason::AgentEmailOff.into()),
        Ask::Email(address) => {
            unclaimed(app, ctx, place, (RegistrationKind::Email, name, form), Some(address)).await
        }
        Ask::Assertion(shown) => asserted(app, ctx, place, (name, form), shown).await,
    }
}

/// What an agent calls itself is shown to people: one line, without what turns it around.
fn named(name: &str) -> Result<String> {
    let name = name.trim();
    if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Reason::AgentRequestInvalid.because("agent_name has at most 80 characters."));
    }
    Ok(name.to_owned())
}

async fn unclaimed(
    app: &App,
    ctx: &Ctx,
    place: &Place,
    (kind, name, form): (RegistrationKind, String, KeyForm),
    address: Option<&str>,
) -> Result<Registered> {
    let scope = match kind {
        RegistrationKind::Anonymous => place.unclaimed(),
        RegistrationKind::Email | RegistrationKind::Assertion => ScopeList::default(),
    };
    let address = address.map(claim::address).transpose()?;
    let Minted { secret, digest, .. } = token::mint(TokenKind::ClaimToken, &app.entropy);
    let one = Registration {
        expires_at: ctx.now.plus_ms(place.access.unclaimed_hours.saturating_mul(HOUR_MS)),
        ..fresh(app, ctx, place, (kind, name, scope))
    };
    let mut writer = app.store.write(ctx).await?;
    demand_room(app, ctx, &mut writer, ("unclaimed", app.settings.registrations.unclaimed)).await?;
    agent_registrations::insert(&mut writer, &one, Some(&digest)).await?;
    let key = match (kind, form) {
        (RegistrationKind::Anonymous, KeyForm::Key) => {
            Some(mint::key(app, ctx, &mut writer, (place, &one, form)).await?)
        }
        (RegistrationKind::Anonymous, KeyForm::Token)
        | (RegistrationKind::Email | RegistrationKind::Assertion, _) => None,
    };
    let mut events = vec![registered(&one)];
    let begun = match address {
        Some(address) => {
            let begun = claim::open(app, ctx, &mut writer, (&one, Some(&address))).await?;
            events.push(claim::requested(&begun));
            Some(begun)
        }
        None => None,
    };
    writer.commit_all(events).await?;
    let begun = begun.map(|begun| begun.sent(app, place));
    Ok(Registered { registration: one, key, claim_token: Some(secret), begun })
}

async fn asserted(
    app: &App,
    ctx: &Ctx,
    place: &Place,
    (name, form): (String, KeyForm),
    shown: &str,
) -> Result<Registered> {
    let vouched = assertion::judge(app, ctx, place, shown).await?;
    let one = Registration {
        state: RegistrationState::Claimed,
        issuer: Some(vouched.issuer.clone()),
        subject: Some(vouched.subject.clone()),
        workspaces: vouched.workspaces.clone(),
        claimed_at: Some(ctx.now),
        ..fresh(app, ctx, place, (RegistrationKind::Assertion, name, vouched.scope.clone()))
    };
    let mut writer = app.store.write(ctx).await?;
    demand_room(app, ctx, &mut writer, ("asserted", app.settings.registrations.asserted)).await?;
    if let Err(replayed) = use_up(&mut writer, &vouched).await? {
        return Err(writer.refuse(replayed, Reason::AgentAssertionReplayed).await);
    }
    agent_registrations::insert(&mut writer, &one, None).await?;
    let key = match form {
        KeyForm::Key => Some(mint::key(app, ctx, &mut writer, (place, &one, form)).await?),
        KeyForm::Token => None,
    };
    writer.commit(registered(&one)).await?;
    Ok(Registered { registration: one, key, claim_token: None, begun: None })
}

/// Uses an assertion up; the event of a replay where it was used before.
pub(super) async fn use_up(
    writer: &mut Writer<'_>,
    vouched: &assertion::Vouched,
) -> Result<std::result::Result<(), Event>> {
    if writer.lobby().see_once(&vouched.jag.code, vouched.jag.expires_at).await? {
        return Ok(Ok(()));
    }
    let facts = serde_json::json!({ "issuer": vouched.issuer });
    let mut event = Event::new(EventKind::AssertionReplayed).with_facts(&facts);
    event.reason = Some(Reason::AgentAssertionReplayed);
    Ok(Err(event))
}

fn fresh(
    app: &App,
    ctx: &Ctx,
    place: &Place,
    (kind, name, scope): (RegistrationKind, String, ScopeList),
) -> Registration {
    Registration {
        id: RegistrationId::new(ctx.now, &app.entropy),
        resource: place.api.id,
        kind,
        state: RegistrationState::Unclaimed,
        name,
        issuer: None,
        subject: None,
        account: None,
        scope,
        workspaces: Vec::new(),
        address: from(ctx),
        generation: 1,
        created_at: ctx.now,
        expires_at: ctx.now,
        claimed_at: None,
        ended_at: None,
    }
}

/// From where a request came, for the person who is asked.
pub(super) fn from(ctx: &Ctx) -> String {
    ctx.origin.ip.map(|ip| ip.to_canonical().to_string()).unwrap_or_default()
}

fn registered(one: &Registration) -> Event {
    let facts = serde_json::json!({ "resource": one.resource, "kind": one.kind, "issuer": one.issuer });
    Event::new(EventKind::AgentRegistered).about(one.id).with_facts(&facts)
}

/// Counts one more registration of this kind everywhere where it is bounded, the widest first, so that two at once wait
/// for each other in one order.
async fn demand_room(
    app: &App,
    ctx: &Ctx,
    writer: &mut Writer<'_>,
    (kind, most): (&str, PerHour),
) -> Result<()> {
    let [address, network] = places(ctx.origin.ip).map(|place| app.seals.address_code(&place));
    let buckets = [
        (format!("{kind} organization"), most.organization, "at this organization"),
        (format!("{kind} network {network}"), most.network, "from this network"),
        (format!("{kind} address {address}"), most.address, "from this address"),
    ];
    for (bucket, limit, whence) in buckets {
        if !registration_counts::take(writer, &bucket, limit).await? {
            return Err(limited(ctx, &format!("Too many agents registered {whence} in this hour.")));
        }
    }
    Ok(())
}

pub(super) fn limited(ctx: &Ctx, sentence: &str) -> procura_model::Error {
    let left_ms = HOUR_MS - ctx.now.as_ms().rem_euclid(HOUR_MS);
    procura_model::Error::Refused(procura_model::Refusal {
        reason: Reason::RateLimited,
        detail: Some(sentence.to_owned().into()),
        retry_after_seconds: u64::try_from(left_ms / 1_000 + 1).ok(),
    })
}

/// The address (of IPv6 the block that one site has), and the network around it. Whoever has no address shares one.
fn places(ip: Option<IpAddr>) -> [String; 2] {
    match ip.map(|ip| ip.to_canonical()) {
        None => ["nowhere".to_owned(), "nowhere".to_owned()],
        Some(IpAddr::V4(ip)) => {
            let [a, b, c, _] = ip.octets();
            [ip.to_string(), format!("{a}.{b}.{c}.0/24")]
        }
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            [format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"), format!("{a:x}:{b:x}:{c:x}::/48")]
        }
    }
}

/// The digest of a claim token.
///
/// # Errors
/// `AGENT_CLAIM_TOKEN_INVALID` where it cannot be one.
pub(super) fn claim_digest(shown: &str) -> Result<Digest> {
    match token::parse(shown) {
        Ok(parsed) if parsed.kind == TokenKind::ClaimToken => Ok(parsed.digest),
        _ => Err(Reason::AgentClaimInvalid.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_one_address_and_its_neighbours_are_one_network() {
        let of = |text: &str| places(Some(text.parse().unwrap()));
        assert_eq!(of("192.0.2.7"), ["192.0.2.7", "192.0.2.0/24"]);
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_eq!(of("2001:db8:1:2::1")[1], of("2001:db8:1:ffff::1")[1]);
        assert_ne!(of("2001:db8:1:2::1")[0], of("2001:db8:1:3::1")[0]);
        assert_eq!(places(None)[0], "nowhere");
    }

    #[test]
    fn what_an_agent_calls_itself_is_one_short_line() {
        assert_eq!(named(" Night job ").unwrap(), "Night job");
        for bad in ["a\nb", "a\u{7}", &"x".repeat(81)] {
            assert_eq!(named(bad).unwrap_err().reason(), Reason::AgentRequestInvalid);
        }
    }
}
