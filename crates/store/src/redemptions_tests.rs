use super::*;
use crate::{
    agents, credentials,
    house::{House, START},
    lobby::Prune,
};
use procura_model::{AgentStatus, Credential, Digest, Event, EventKind, KeyHolder, Scopes};

const LATER: Time = START.plus_ms(60_000);

async fn key_of(house: &House, agent: AgentId) -> CredentialId {
    let credential = Credential {
        id: CredentialId::new(START, &house.entropy),
        holder: KeyHolder::Agent(agent),
        name: String::new(),
        preview: "pca_abc".to_owned(),
        scopes: Scopes::NONE,
        created_at: START,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    let digest = Digest::of(credential.id.to_string().as_bytes());
    house
        .change(START, EventKind::KeyCreated, async |w| credentials::insert(w, &credential, &digest).await)
        .await;
    credential.id
}

fn redemption(house: &House, agent: AgentId) -> Redemption {
    Redemption {
        receipt: ReceiptId::new(START, &house.entropy),
        kept_until: LATER,
        agent,
        policy_version: 1,
        rules_version: Some(1),
        credential: None,
        session: None,
        reservation: None,
    }
}

async fn tried(house: &House, what: &Redemption) -> Result<()> {
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    redeem(&mut w, what).await?;
    w.commit(Event::new(EventKind::ReceiptRedeemed).about(what.receipt)).await
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the racers end within the test")]
async fn of_many_racers_one_redeems_and_the_rest_are_told() {
    let house = House::new().await;
    let what = redemption(&house, house.agent("buyer").await);
    for _ in 0..3 {
        let what = Redemption { receipt: ReceiptId::new(START, &house.entropy), ..what };
        let racers = (0..32).map(|_| {
            let house = house.clone();
            tokio::spawn(async move { tried(&house, &what).await.map_err(|error| error.reason()) })
        });
        let mut won = 0;
        for racer in racers.collect::<Vec<_>>() {
            match racer.await.unwrap() {
                Ok(()) => won += 1,
                Err(reason) => assert_eq!(reason, Reason::ReceiptRedeemed),
            }
        }
        assert_eq!(won, 1);
    }
}

#[tokio::test]
async fn nothing_is_redeemed_once_what_it_stood_on_has_changed() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let key = key_of(&house, agent).await;
    let right = redemption(&house, agent);
    let entropy = &house.entropy;
    for wrong in [
        Redemption { policy_version: 2, ..right },
        Redemption { rules_version: Some(2), ..right },
        Redemption { rules_version: None, ..right },
        Redemption { agent: AgentId::new(START, entropy), ..right },
        Redemption { credential: Some(CredentialId::new(START, entropy)), ..right },
        Redemption { session: Some(SessionId::new(START, entropy)), ..right },
        Redemption { reservation: Some(ReservationId::new(START, entropy)), ..right },
    ] {
        assert_eq!(tried(&house, &wrong).await.unwrap_err().reason(), Reason::ReceiptStale, "{wrong:?}");
    }
    let seen = async |what: &Redemption| {
        redeemed_at(&mut house.store.read(&house.ctx()), what.receipt, what.reservation).await.unwrap()
    };
    assert_eq!(seen(&right).await, None);
    tried(&house, &Redemption { credential: Some(key), ..right }).await.unwrap();
    assert_eq!(seen(&right).await, Some(house.ctx().now));
    let next = Redemption { receipt: ReceiptId::new(START, entropy), credential: Some(key), ..right };
    house.change(START, EventKind::KeyRevoked, async |w| credentials::revoke(w, key).await).await;
    assert_eq!(tried(&house, &next).await.unwrap_err().reason(), Reason::ReceiptStale);
    let next = Redemption { credential: None, ..next };
    let disable = async |w: &mut Writer<'_>| agents::set_status(w, agent, AgentStatus::Disabled).await;
    house.change(START, EventKind::AgentDisabled, disable).await;
    assert_eq!(tried(&house, &next).await.unwrap_err().reason(), Reason::ReceiptStale);
    let neighbour = house.neighbour().await;
    assert_eq!(tried(&neighbour, &right).await.unwrap_err().reason(), Reason::ReceiptStale);
}

#[tokio::test]
async fn that_it_was_redeemed_is_forgotten_only_after_its_time() {
    let house = House::new().await;
    let what = redemption(&house, house.agent("buyer").await);
    tried(&house, &what).await.unwrap();
    let prune = |expired: Time| Prune { expired, agent_sessions: START, revocations: START, outbox: START };
    house.lobby().prune(prune(LATER.plus_ms(-1))).await.unwrap();
    assert_eq!(tried(&house, &what).await.unwrap_err().reason(), Reason::ReceiptRedeemed);
    house.lobby().prune(prune(LATER)).await.unwrap();
    tried(&house, &what).await.unwrap();
}
