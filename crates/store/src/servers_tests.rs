use super::*;
use crate::house::{House, START};
use procura_model::{EventKind, TenantSettings};

fn server(house: &House, name: &str) -> ToolServer {
    ToolServer {
        id: ServerId::new(START, &house.entropy),
        name: name.to_owned(),
        transport: Transport::Http { url: "https://tools.example.com/mcp".to_owned() },
        settings: ServerSettings::default(),
        sealed_credential: Some(vec![0, 1, 2]),
        enabled: true,
        from_file: false,
        created_at: START,
    }
}

#[tokio::test]
async fn a_server_of_the_file_keeps_its_id_and_changes_only_there() {
    let house = House::new().await;
    let first = server(&house, "shop");
    let again = ToolServer { sealed_credential: None, ..server(&house, "shop") };
    let stored = house
        .change(START, EventKind::ServerAdded, async |w| {
            upsert_from_file(w, &first).await?;
            upsert_from_file(w, &again).await
        })
        .await;
    assert_eq!(stored, ToolServer { id: first.id, from_file: true, ..again });
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    for refused in [update(&mut w, &stored).await.err(), remove(&mut w, stored.id).await.err()] {
        assert_eq!(refused.unwrap().reason(), Reason::NotFound);
    }
    drop(w);
    let disable = async |names: &[String]| {
        house
            .change(START, EventKind::ServerChanged, async |w| disable_missing_from_file(w, names).await)
            .await
    };
    assert_eq!(disable(&["shop".to_owned()]).await, []);
    assert_eq!(disable(&[]).await, [first.id]);
    assert_eq!(disable(&[]).await, []);
    let ctx = house.ctx();
    assert!(!get(&mut house.store.read(&ctx), first.id).await.unwrap().enabled);
}

#[tokio::test]
async fn a_server_is_added_changed_and_removed_and_every_node_hears_of_it() {
    let house = House::new().await;
    let mut shop = server(&house, "shop");
    house.change(START, EventKind::ServerAdded, async |w| insert(w, &shop).await).await;
    let ctx = house.ctx();
    assert_eq!(list(&mut house.store.read(&ctx)).await.unwrap(), [shop.clone()]);
    let mut w = house.store.write(&ctx).await.unwrap();
    let error = insert(&mut w, &server(&house, "shop")).await.unwrap_err();
    assert_eq!(error.reason(), Reason::NameTaken);
    drop(w);
    shop.name = "store".to_owned();
    shop.enabled = false;
    house.change(START, EventKind::ServerChanged, async |w| update(w, &shop).await).await;
    assert_eq!(get(&mut house.store.read(&ctx), shop.id).await.unwrap(), shop);
    house.change(START, EventKind::ServerRemoved, async |w| remove(w, shop.id).await).await;
    assert!(list(&mut house.store.read(&ctx)).await.unwrap().is_empty());
    assert_eq!(house.revoked().await, vec![Subject::Server(shop.id); 3]);
}

#[tokio::test]
async fn the_settings_of_an_organization_are_read_back_as_they_were_written() {
    let house = House::new().await;
    let settings = TenantSettings { store_metadata: false, approval_ttl_ms: 7, ..TenantSettings::default() };
    house
        .change(START, EventKind::OrganizationChanged, async |w| {
            crate::tenants::rename(w, "Store").await?;
            crate::tenants::update_settings(w, &settings).await
        })
        .await;
    let ctx = house.ctx();
    let tenant = crate::tenants::get(&mut house.store.read(&ctx)).await.unwrap();
    assert_eq!((tenant.name.as_str(), tenant.settings), ("Store", settings));
    assert_eq!(house.revoked().await, [Subject::Tenant]);
}
