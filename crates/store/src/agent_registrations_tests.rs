use super::*;
use crate::{
    api_keys,
    house::{House, START},
};
use procura_model::{
    CredentialId, EventKind,
    oauth::{ApiKey, KeyForm, RegistrationKind},
    time::HOUR_MS,
};

fn registration(house: &House) -> Registration {
    Registration {
        id: RegistrationId::new(START, &house.entropy),
        resource: ResourceId::new(START, &house.entropy),
        kind: RegistrationKind::Anonymous,
        state: RegistrationState::Unclaimed,
        name: "Night job".to_owned(),
        issuer: None,
        subject: None,
        account: None,
        scope: ScopeList::of(["read"]),
        workspaces: vec!["ws_1".to_owned()],
        address: "192.0.2.7".to_owned(),
        generation: 1,
        created_at: START,
        expires_at: START.plus_ms(HOUR_MS),
        claimed_at: None,
        ended_at: None,
    }
}

fn key(house: &House, one: &Registration) -> ApiKey {
    ApiKey {
        id: CredentialId::new(START, &house.entropy),
        resource: one.resource,
        registration: Some(one.id),
        form: KeyForm::Key,
        name: one.name.clone(),
        preview: "pak_abcd..".to_owned(),
        scope: one.scope.clone(),
        workspaces: one.workspaces.clone(),
        created_at: START,
        expires_at: Some(one.expires_at),
        revoked_at: None,
        last_used_at: None,
    }
}

async fn kept(house: &House, claim: &Digest) -> Registration {
    let one = registration(house);
    house.change(START, EventKind::AgentRegistered, async |w| insert(w, &one, Some(claim)).await).await;
    one
}

fn claimed(scope: &str) -> Claim {
    Claim {
        scope: ScopeList::of([scope]),
        workspaces: Vec::new(),
        account: None,
        sealed_claimant: Some(b"sealed".to_vec()),
    }
}

#[tokio::test]
async fn a_registration_is_its_organizations_alone() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    let token = Digest::of(b"clm");
    let one = kept(&house, &token).await;
    let (mut ours, mut theirs) = (house.store.read(&house.ctx()), neighbour.store.read(&neighbour.ctx()));
    assert_eq!(get(&mut ours, one.id).await.unwrap(), one);
    assert_eq!(by_claim_token(&mut ours, &token).await.unwrap(), Some(one.clone()));
    assert_eq!(get(&mut theirs, one.id).await.unwrap_err().reason(), Reason::NotFound);
    assert_eq!(by_claim_token(&mut theirs, &token).await.unwrap(), None);
    assert!(list(&mut theirs, &PageAsk::default()).await.unwrap().items.is_empty());
    assert_eq!(list(&mut ours, &PageAsk::default()).await.unwrap().items, std::slice::from_ref(&one));
    let stolen =
        neighbour.change(START, EventKind::ClaimGranted, async |w| claim(w, one.id, &claimed("write")).await);
    assert_eq!(stolen.await, None);
}

#[tokio::test]
async fn a_registration_is_claimed_once_and_never_after_its_end() {
    let house = House::new().await;
    let one = kept(&house, &Digest::of(b"clm")).await;
    let claiming = async |id| {
        house.change(START, EventKind::ClaimGranted, async |w| claim(w, id, &claimed("write")).await).await
    };
    let first = claiming(one.id).await.unwrap();
    assert_eq!((first.state, first.generation), (RegistrationState::Claimed, 2));
    assert_eq!(first.scope.to_string(), "write");
    assert_eq!(claiming(one.id).await, None);
    let sealed = claimant(&mut house.store.read(&house.ctx()), one.id).await.unwrap();
    assert_eq!(sealed.as_deref(), Some(b"sealed".as_slice()));
    let ended =
        house.change(START, EventKind::RegistrationRevoked, async |w| revoke(w, one.id).await).await.unwrap();
    assert_eq!((ended.state, ended.ended_at), (RegistrationState::Revoked, Some(START)));
    let again = house.change(START, EventKind::RegistrationRevoked, async |w| revoke(w, one.id).await).await;
    assert_eq!(again, None);
    let late = kept(&house, &Digest::of(b"other")).await;
    let expired = house.store.lobby().expire_registrations(START.plus_ms(HOUR_MS)).await.unwrap();
    assert_eq!(expired.len(), 1);
    assert_eq!((expired[0].0, expired[0].1.id), (house.tenant, late.id));
    assert_eq!(claiming(late.id).await, None, "nobody claims what has expired");
}

#[tokio::test]
async fn an_issuer_ends_what_it_vouched_for_and_nothing_else() {
    let house = House::new().await;
    let (one, other) = (kept(&house, &Digest::of(b"1")).await, kept(&house, &Digest::of(b"2")).await);
    house
        .change(START, EventKind::RegistrationClaimed, async |w| {
            bind(w, one.id, "https://idp.example", "ada").await?;
            bind(w, other.id, "https://idp.example", "bob").await
        })
        .await;
    let ended = house
        .change(START, EventKind::RegistrationRevoked, async |w| {
            revoke_of_subject(w, "https://idp.example", "ada").await
        })
        .await;
    assert_eq!(ended.iter().map(|one| one.id).collect::<Vec<_>>(), [one.id]);
    let left = get(&mut house.store.read(&house.ctx()), other.id).await.unwrap();
    assert_eq!(left.state, RegistrationState::Unclaimed);
}

#[tokio::test]
async fn the_keys_of_a_registration_end_together_and_are_none_without_their_api() {
    let house = House::new().await;
    let one = kept(&house, &Digest::of(b"1")).await;
    let (first, second) = (key(&house, &one), key(&house, &one));
    let digests = [Digest::of(b"k1"), Digest::of(b"k2")];
    house
        .change(START, EventKind::ApiKeyCreated, async |w| {
            api_keys::insert(w, &first, &digests[0]).await?;
            api_keys::insert(w, &second, &digests[1]).await
        })
        .await;
    let found = house.store.lobby().api_key(&digests[0]).await.unwrap();
    assert_eq!(found, None, "its API is not guarded");
    let mut reader = house.store.read(&house.ctx());
    assert_eq!(api_keys::get(&mut reader, first.id).await.unwrap(), first);
    let first_page = PageAsk::new(None, Some(1));
    let page = api_keys::list_of_resource(&mut reader, one.resource, &first_page).await.unwrap();
    assert_eq!(page.items.len(), 1);
    let ended = house.change(START, EventKind::RegistrationRevoked, async |w| {
        api_keys::revoke_of_registration(w, one.id).await
    });
    assert_eq!(ended.await.len(), 2);
    let again =
        house.change(START, EventKind::RegistrationRevoked, async |w| api_keys::revoke(w, first.id).await);
    assert_eq!(again.await, None);
}
