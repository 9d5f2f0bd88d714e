use super::*;
use crate::{
    house::{House, START},
    lobby_oauth_clients::Registered,
};
use procura_model::{ClientAuth, ClientKind, Digest, EventKind, GrantType, Time, time::MINUTE_MS};

fn client(house: &House, kind: ClientKind, id: Option<&str>) -> Client {
    let id = id.map_or_else(|| ClientId::new(START, &house.entropy), |id| id.parse().unwrap());
    Client {
        id,
        tenant: (kind == ClientKind::Manual).then_some(house.tenant),
        kind,
        name: "Night job".to_owned(),
        metadata: ClientMetadata {
            redirect_uris: vec!["https://a.example/cb".to_owned()],
            token_endpoint_auth_method: ClientAuth::Basic,
            grant_types: vec![GrantType::AuthorizationCode],
            client_uri: None,
            logo_uri: None,
            scope: None,
            contacts: Vec::new(),
            tos_uri: None,
            policy_uri: None,
            jwks_uri: None,
            jwks: None,
            software_id: None,
            software_version: None,
            application_type: None,
            dpop_bound_access_tokens: false,
            require_pushed_authorization_requests: false,
        },
        agent: None,
        created_at: START,
        updated_at: START,
        used_at: None,
        disabled_at: None,
    }
}

fn secret(house: &House, preview: &str) -> NewClientSecret {
    let id = ClientSecretId::new(START, &house.entropy);
    let secret = ClientSecret { id, preview: preview.to_owned(), created_at: START, expires_at: None };
    NewClientSecret { secret, sealed_hash: preview.as_bytes().to_vec() }
}

async fn made(house: &House) -> Client {
    let client = client(house, ClientKind::Manual, None);
    house.change(START, EventKind::ClientRegistered, async |w| insert(w, &client).await).await;
    client
}

#[tokio::test]
async fn a_client_is_its_organizations_alone() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    let client = made(&house).await;
    assert_eq!(get(&mut house.store.read(&house.ctx()), &client.id).await.unwrap(), client);
    let mut theirs = neighbour.store.read(&neighbour.ctx());
    assert_eq!(get(&mut theirs, &client.id).await.unwrap_err().reason(), Reason::NotFound);
    assert!(list(&mut theirs, &PageAsk::default()).await.unwrap().items.is_empty());
    assert!(secrets(&mut theirs, &client.id).await.unwrap().is_empty());
    let ctx = neighbour.ctx();
    let mut w = neighbour.store.write(&ctx).await.unwrap();
    assert_eq!(disable(&mut w, &client.id).await.unwrap(), None);
    let refused = [
        remove(&mut w, &client.id).await.map(drop),
        insert_secret(&mut w, &client.id, &secret(&house, "pcc_aaaa..")).await,
    ];
    let changed = update(&mut w, &client, "Mine", &client.metadata, None).await;
    drop(w);
    assert_eq!(changed.unwrap_err().reason(), Reason::StateChanged);
    assert!(refused.into_iter().all(|one| one.unwrap_err().reason() == Reason::NotFound));
    assert_eq!(house.lobby().oauth_client(&client.id).await.unwrap(), Some(client));
}

/// What was found out from a client that is no more as it was found is not written.
#[tokio::test]
async fn of_two_changes_of_one_client_the_second_is_told_so_also_at_one_moment() {
    let house = House::new().await;
    let before = made(&house).await;
    let put = async |before: &Client, name: &str| {
        let ctx = house.ctx();
        let mut w = house.store.write(&ctx).await?;
        let now = update(&mut w, before, name, &before.metadata, None).await?;
        w.commit(procura_model::Event::new(EventKind::ClientChanged)).await?;
        Ok::<_, procura_model::Error>(now)
    };
    let first = put(&before, "First").await.unwrap();
    assert_eq!(put(&before, "Second").await.unwrap_err().reason(), Reason::StateChanged);
    assert_eq!(get(&mut house.store.read(&house.ctx()), &before.id).await.unwrap(), first);
    assert_eq!(put(&first, "Second").await.unwrap().name, "Second");
}

#[tokio::test]
async fn disabling_and_removing_tell_every_node() {
    let house = House::new().await;
    let client = made(&house).await;
    house.change(START, EventKind::ClientDisabled, async |w| disable(w, &client.id).await).await.unwrap();
    let again = house.change(START, EventKind::ClientDisabled, async |w| disable(w, &client.id).await).await;
    assert_eq!(again, None);
    let found = house.lobby().oauth_client(&client.id).await.unwrap().unwrap();
    assert_eq!(found.disabled_at, Some(START));
    house.change(START, EventKind::ClientEnabled, async |w| enable(w, &client.id).await).await.unwrap();
    house.change(START, EventKind::ClientRemoved, async |w| remove(w, &client.id).await).await;
    assert_eq!(house.lobby().oauth_client(&client.id).await.unwrap(), None);
    assert!(list(&mut house.store.read(&house.ctx()), &PageAsk::default()).await.unwrap().items.is_empty());
    assert_eq!(house.revoked().await, vec![Subject::Client(client.id); 3]);
}

#[tokio::test]
async fn a_secret_holds_until_it_is_revoked_or_over() {
    let house = House::new().await;
    let client = made(&house).await;
    let (first, second) = (secret(&house, "pcc_aaaa.."), secret(&house, "pcc_bbbb.."));
    house
        .change(START, EventKind::ClientSecretMade, async |w| {
            insert_secret(w, &client.id, &first).await?;
            insert_secret(w, &client.id, &second).await
        })
        .await;
    let holds = async |preview: &str, at: Time| {
        house.lobby().oauth_client_secrets(&client.id, preview, at).await.unwrap().len()
    };
    assert_eq!((holds("pcc_aaaa..", START).await, holds("pcc_cccc..", START).await), (1, 0));
    let end = START.plus_ms(MINUTE_MS);
    house
        .change(START, EventKind::ClientSecretMade, async |w| {
            shorten_secrets(w, &client.id, second.secret.id, end).await
        })
        .await;
    assert_eq!((holds("pcc_aaaa..", end.plus_ms(-1)).await, holds("pcc_aaaa..", end).await), (1, 0));
    assert_eq!(holds("pcc_bbbb..", end).await, 1);
    house
        .change(START, EventKind::ClientSecretRevoked, async |w| {
            revoke_secret(w, &client.id, second.secret.id).await
        })
        .await;
    assert_eq!(holds("pcc_bbbb..", START).await, 0);
    assert_eq!(secrets(&mut house.store.read(&house.ctx()), &client.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_registration_is_found_again_by_place_and_words_and_pruned_when_nobody_lets_it_in() {
    let house = House::new().await;
    let client = client(&house, ClientKind::Registered, None);
    let digest = Digest::of(b"words");
    let by = Registered { from: "here", fingerprint: Some(digest) };
    assert!(house.lobby().insert_oauth_client(&client, &by).await.unwrap());
    let mut alike = client.clone();
    alike.id = ClientId::new(START, &house.entropy);
    assert!(!house.lobby().insert_oauth_client(&alike, &by).await.unwrap(), "two alike from one place");
    let by = Registered { from: "there", fingerprint: Some(digest) };
    assert!(house.lobby().insert_oauth_client(&alike, &by).await.unwrap());
    let found = house.lobby().oauth_client_alike("here", &digest).await.unwrap();
    assert_eq!(found.map(|found| found.id), Some(client.id.clone()));
    assert_eq!(house.lobby().oauth_clients_unused("here").await.unwrap(), 1);
    house.lobby().insert_oauth_client_secret(&client.id, &secret(&house, "pcc_aaaa..")).await.unwrap();
    // To name its id is no use: nobody has let it in.
    house.lobby().touch_oauth_client(&client.id, START).await.unwrap();
    assert_eq!(house.lobby().oauth_clients_unused("here").await.unwrap(), 1);
    house.lobby().prune_oauth_clients(START.plus_ms(-1)).await.unwrap();
    assert!(house.lobby().oauth_client(&client.id).await.unwrap().is_some());
    house.lobby().prune_oauth_clients(START).await.unwrap();
    assert_eq!(house.lobby().oauth_client(&client.id).await.unwrap(), None);
    let manual = made(&house).await;
    house.lobby().prune_oauth_clients(START).await.unwrap();
    house.lobby().touch_oauth_client(&manual.id, START).await.unwrap();
    let used = house.lobby().oauth_client(&manual.id).await.unwrap().unwrap().used_at;
    assert_eq!(used, Some(START), "what a person made stays");
}

#[tokio::test]
async fn a_document_is_one_row_that_follows_it() {
    let house = House::new().await;
    let mut client = client(&house, ClientKind::Document, Some("https://client.example/meta.json"));
    house.lobby().put_oauth_document(&client, "there").await.unwrap();
    client.name = "Another".to_owned();
    client.updated_at = START.plus_ms(5);
    let put = house.lobby().put_oauth_document(&client, "there").await.unwrap();
    assert_eq!((put.name.as_str(), put.created_at, put.updated_at), ("Another", START, START.plus_ms(5)));
    // A neighbour cannot remove what is nobody's.
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    assert_eq!(remove(&mut w, &client.id).await.unwrap_err().reason(), Reason::NotFound);
}

#[tokio::test]
async fn what_may_be_seen_once_is_seen_once() {
    let house = House::new().await;
    let digest = Digest::of(b"jti");
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let house = house.clone();
        tries.spawn(async move { house.lobby().see_once(&digest, START.plus_ms(10)).await.unwrap() });
    }
    let seen = tries.join_all().await;
    assert_eq!(seen.into_iter().filter(|first| *first).count(), 1);
    assert!(house.lobby().see_once(&Digest::of(b"other"), START).await.unwrap());
    house.lobby().prune_oauth_seen(START.plus_ms(9)).await.unwrap();
    assert!(!house.lobby().see_once(&digest, START).await.unwrap(), "pruned before its time");
    house.lobby().prune_oauth_seen(START.plus_ms(10)).await.unwrap();
    assert!(house.lobby().see_once(&digest, START).await.unwrap());
}
