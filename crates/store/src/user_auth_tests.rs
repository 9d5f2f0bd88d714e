use super::*;
use crate::{
    agents,
    house::{House, START},
    lobby_users::FoundUserAuth,
};
use procura_model::{AgentStatus, EventKind, Reason};

async fn set(house: &House, agent: AgentId, method: UserAuthMethod, settings: &str) -> UserAuth {
    house.change(START, EventKind::UserAuthChanged, async |w| put(w, agent, method, settings).await).await
}

#[tokio::test]
async fn an_agent_has_one_method_and_every_change_is_heard_of() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let ctx = house.ctx();
    assert_eq!(get(&mut house.store.read(&ctx), agent).await.unwrap(), None);
    let first = set(&house, agent, UserAuthMethod::Jwt, "{\"a\":1}").await;
    let second = house
        .change(START.plus_ms(7), EventKind::UserAuthChanged, async |w| {
            assert_eq!(hold(w, agent).await?, Some(first.clone()));
            put(w, agent, UserAuthMethod::Callback, "{}").await
        })
        .await;
    let wanted = UserAuth {
        agent,
        method: UserAuthMethod::Callback,
        settings: "{}".to_owned(),
        created_at: START,
        updated_at: START.plus_ms(7),
    };
    assert_eq!(second, wanted);
    assert_eq!(get(&mut house.store.read(&ctx), agent).await.unwrap(), Some(wanted.clone()));
    let neighbour = house.neighbour().await;
    let ctx = neighbour.ctx();
    assert_eq!(get(&mut neighbour.store.read(&ctx), agent).await.unwrap(), None);
    let taken = house.change(START, EventKind::UserAuthChanged, async |w| remove(w, agent).await).await;
    assert_eq!(taken, Some(wanted));
    let again = house.change(START, EventKind::UserAuthChanged, async |w| remove(w, agent).await).await;
    assert_eq!(again, None);
    assert_eq!(house.revoked().await, vec![Subject::Agent(agent); 3]);
}

#[tokio::test]
async fn a_list_says_of_each_agent_whether_a_secret_lives() {
    use crate::secrets::{self, SecretOf, SecretPurpose, StoredSecret};
    let house = House::new().await;
    let (with, without) = (house.agent("with").await, house.agent("without").await);
    house.agent("none").await;
    for agent in [with, without] {
        set(&house, agent, UserAuthMethod::SignedToken, "{}").await;
    }
    let of = SecretOf { purpose: SecretPurpose::UserToken, agent: with };
    let id = procura_model::SecretId::new(START, &house.entropy);
    let secret = StoredSecret { id, of, sealed: vec![1], created_at: START, retires_at: None };
    house.change(START, EventKind::SecretReplaced, async |w| secrets::insert(w, &secret).await).await;
    let until = START.plus_ms(5);
    house.change(START, EventKind::SecretReplaced, async |w| secrets::retire(w, of, id, until).await).await;
    let listed = async |now| {
        let ctx = house.ctx_at(now);
        let mut all = list(&mut house.store.read(&ctx)).await.unwrap();
        all.sort_by_key(|(auth, _)| auth.agent);
        all.into_iter().map(|(auth, has_secret)| (auth.agent, has_secret)).collect::<Vec<_>>()
    };
    let mut wanted = [(with, true), (without, false)];
    wanted.sort_unstable();
    assert_eq!(listed(START).await, wanted);
    assert!(listed(until).await.iter().all(|(_, has_secret)| !has_secret));
    let neighbour = house.neighbour().await;
    assert!(list(&mut neighbour.store.read(&neighbour.ctx())).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_page_finds_an_agent_that_may_act_without_knowing_whose_it_is() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    assert_eq!(house.lobby().user_auth_of_agent(agent).await.unwrap(), None);
    set(&house, agent, UserAuthMethod::SignedToken, "{\"b\":2}").await;
    let found = FoundUserAuth { tenant: house.tenant, settings: "{\"b\":2}".to_owned() };
    assert_eq!(house.lobby().user_auth_of_agent(agent).await.unwrap(), Some(found));
    house
        .change(START, EventKind::AgentDisabled, async |w| {
            agents::set_status(w, agent, AgentStatus::Disabled).await
        })
        .await;
    assert_eq!(house.lobby().user_auth_of_agent(agent).await.unwrap(), None);
}

#[tokio::test]
async fn a_method_is_set_for_an_agent_that_exists() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    let agent = house.agent("buyer").await;
    let ctx = neighbour.ctx();
    let mut w = neighbour.store.write(&ctx).await.unwrap();
    let error = put(&mut w, agent, UserAuthMethod::Jwt, "{}").await.unwrap_err();
    assert_eq!(error.reason(), Reason::Internal);
}
