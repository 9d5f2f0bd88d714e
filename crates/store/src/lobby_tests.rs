use super::*;
use crate::{
    agents, credentials,
    house::{House, START},
    outbox,
    revocations::Subject,
    tx::Source as _,
};
use procura_model::{AgentId, CredentialId, Event, EventKind, InvitationId, KeyHolder, Scope, Scopes};
use std::collections::HashSet;
use tokio::task::JoinSet;

fn link(words: &str) -> NewLink {
    NewLink {
        digest: Digest::of(words.as_bytes()),
        purpose: LinkPurpose::Setup,
        tenant: None,
        account: None,
        created_at: START,
        expires_at: START.plus_ms(60_000),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_people_who_open_one_link_exactly_one_gets_in() {
    let house = House::new().await;
    for round in 0..5 {
        let link = link(&format!("link {round}"));
        house.lobby().insert_link(&link).await.unwrap();
        let mut people = JoinSet::new();
        for _ in 0..64 {
            let (house, digest) = (house.clone(), link.digest);
            people.spawn(async move {
                house.lobby().consume_link(&digest, LinkPurpose::Setup, START).await.unwrap()
            });
        }
        let inside = people.join_all().await.into_iter().flatten().count();
        assert_eq!(inside, 1);
    }
}

#[tokio::test]
async fn a_link_serves_its_own_purpose_in_its_own_time() {
    let house = House::new().await;
    let link = link("link");
    house.lobby().insert_link(&link).await.unwrap();
    let mut lobby = house.lobby();
    for (purpose, now) in [(LinkPurpose::SignIn, START), (LinkPurpose::Setup, link.expires_at)] {
        assert_eq!(lobby.peek_link(&link.digest, purpose, now).await.unwrap(), None);
        assert_eq!(lobby.consume_link(&link.digest, purpose, now).await.unwrap(), None);
    }
    assert!(lobby.peek_link(&link.digest, LinkPurpose::Setup, START).await.unwrap().is_some());
}

#[tokio::test]
async fn a_link_that_is_used_in_a_change_which_fails_can_be_used_again() {
    let house = House::new().await;
    let link = link("link");
    house.lobby().insert_link(&link).await.unwrap();
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    assert!(w.lobby().consume_link(&link.digest, LinkPurpose::Setup, START).await.unwrap().is_some());
    drop(w);
    let opened = house.lobby().consume_link(&link.digest, LinkPurpose::Setup, START).await.unwrap();
    assert_eq!(opened, Some(OpenedLink { tenant: None, account: None }));
}

#[tokio::test]
async fn an_invitation_is_seen_before_it_is_used_and_used_once() {
    let house = House::new().await;
    let invitation = Invitation {
        id: InvitationId::new(START, &house.entropy),
        tenant: house.tenant,
        email: "ada@example.com".to_owned(),
        role: Role::Auditor,
        expires_at: START.plus_ms(60_000),
    };
    let digest = Digest::of(b"invitation");
    house
        .change(START, EventKind::MemberInvited, async |w| {
            invitations::insert(w, &invitation, &digest, "operator").await
        })
        .await;
    let mut lobby = house.lobby();
    assert_eq!(lobby.peek_invitation(&digest, START).await.unwrap(), Some(invitation.clone()));
    assert_eq!(lobby.peek_invitation(&digest, invitation.expires_at).await.unwrap(), None);
    assert_eq!(lobby.consume_invitation(&digest, START).await.unwrap(), Some(invitation.clone()));
    assert_eq!(lobby.consume_invitation(&digest, START).await.unwrap(), None);
    let ctx = house.ctx();
    assert!(invitations::list_open(&mut house.store.read(&ctx)).await.unwrap().is_empty());
    let mut w = house.store.write(&ctx).await.unwrap();
    let error = invitations::revoke(&mut w, invitation.id).await.unwrap_err();
    assert_eq!(error.reason(), Reason::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_leased_to_one_job_at_a_time_and_again_when_the_lease_ends() {
    let house = House::new().await;
    for number in 0..100 {
        house.agent(&format!("agent {number}")).await;
    }
    let mut jobs = JoinSet::new();
    for _ in 0..16 {
        let house = house.clone();
        jobs.spawn(async move {
            let mut leased = Vec::new();
            for _ in 0..8 {
                leased.extend(house.lobby().lease_outbox(20, START, 1_000).await.unwrap());
            }
            leased
        });
    }
    let leased: Vec<_> = jobs.join_all().await.into_iter().flatten().collect();
    let different: HashSet<_> = leased.iter().map(|event| event.event).collect();
    assert_eq!((leased.len(), different.len()), (100, 100));

    let ctx = house.ctx();
    let mut unaudited = house.store.unaudited(&ctx);
    outbox::delivered(&mut unaudited, leased[0].event).await.unwrap();
    outbox::dead(&mut unaudited, leased[1].event).await.unwrap();
    outbox::retry_at(&mut unaudited, leased[2].event, START.plus_ms(5_000)).await.unwrap();
    let again = house.lobby().lease_outbox(200, START.plus_ms(1_000), 1_000).await.unwrap();
    assert_eq!(again.len(), 97);
    assert!(again.iter().all(|event| event.attempt == 2));
    let last = house.lobby().lease_outbox(200, START.plus_ms(5_000), 1_000).await.unwrap();
    assert_eq!(last.len(), 98);
}

#[tokio::test]
async fn a_key_is_found_by_its_digest_alive_or_dead() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let digest = Digest::of(b"key");
    let key = Credential {
        id: CredentialId::new(START, &house.entropy),
        holder: KeyHolder::Agent(agent),
        name: "first".to_owned(),
        preview: "pca_abcd".to_owned(),
        scopes: Scopes::of(&[Scope::Verify, Scope::Tools]),
        created_at: START,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    house.change(START, EventKind::KeyCreated, async |w| credentials::insert(w, &key, &digest).await).await;
    let found = house.lobby().credential_by_digest(&digest).await.unwrap();
    assert_eq!(found, Some(FoundCredential { tenant: house.tenant, credential: key.clone() }));
    assert_eq!(house.lobby().credential_by_digest(&Digest::of(b"other")).await.unwrap(), None);

    // A rotation with overlap: the old key ends soon, never later than before.
    let soon = START.plus_ms(1_000);
    house.change(START, EventKind::KeyRotated, async |w| credentials::expire_at(w, key.id, soon).await).await;
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    let error = credentials::expire_at(&mut w, key.id, soon.plus_ms(1)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::NotFound);
    drop(w);

    house.change(START, EventKind::KeyRevoked, async |w| credentials::revoke(w, key.id).await).await;
    let found = house.lobby().credential_by_digest(&digest).await.unwrap().unwrap();
    assert_eq!((found.credential.expires_at, found.credential.revoked_at), (Some(soon), Some(START)));
    assert_eq!(house.revoked().await, vec![Subject::Credential(key.id); 2]);
    let mut reader = house.store.read(&ctx);
    assert_eq!(credentials::list_of_agent(&mut reader, agent).await.unwrap().len(), 1);
    assert!(credentials::list_of_platform(&mut reader).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_node_sees_revocations_that_were_committed_late() {
    let house = House::new().await;
    assert_eq!(house.lobby().last_revocation().await.unwrap(), 0);
    let agent = house.agent("buyer").await;
    let version = house
        .change(START, EventKind::PermissionChanged, async |w| agents::bump_policy(w, agent).await)
        .await;
    assert_eq!(version, 2);
    let last = house.lobby().last_revocation().await.unwrap();
    assert!(last > 0);
    // A number below the highest one may be committed later, so what is near is read again ...
    let seen = house.lobby().revocations_since(last, START.plus_ms(120_000)).await.unwrap();
    assert_eq!(seen.iter().map(|row| row.subject.clone()).collect::<Vec<_>>(), [Subject::Agent(agent)]);
    // ... and what is neither near nor new is not.
    let seen = house.lobby().revocations_since(last + 1_000, START.plus_ms(120_000)).await.unwrap();
    assert!(seen.is_empty());
    let seen = house.lobby().revocations_since(last + 1_000, START.plus_ms(59_999)).await.unwrap();
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn an_address_has_one_account_and_an_account_many_organizations() {
    let house = House::new().await;
    let account = house.member("ada@example.com", Role::Owner).await;
    let neighbour = house.neighbour().await;
    neighbour
        .change(START, EventKind::MemberJoined, async |w| {
            crate::members::insert(w, account, Role::Auditor).await
        })
        .await;
    let stored = house.lobby().account_by_email("ada@example.com").await.unwrap().unwrap();
    assert_eq!(stored.id, account);
    assert_eq!(house.lobby().account_by_id(account).await.unwrap(), Some(stored.clone()));
    let twin = Account { id: AccountId::new(START, &house.entropy), ..stored };
    let error = house.lobby().insert_account(&twin).await.unwrap_err();
    assert_eq!(error.reason(), Reason::NameTaken);
    let roles: HashSet<_> = house
        .lobby()
        .memberships(account)
        .await
        .unwrap()
        .into_iter()
        .map(|membership| (membership.tenant, membership.role))
        .collect();
    let wanted = HashSet::from([(house.tenant, Role::Owner), (neighbour.tenant, Role::Auditor)]);
    assert_eq!(roles, wanted);

    let ctx = neighbour.ctx();
    let mut w = neighbour.store.write(&ctx).await.unwrap();
    crate::accounts::set_password(&mut w, account, "another hash").await.unwrap();
    assert_eq!(crate::accounts::by_id(&mut w, account).await.unwrap().password_hash, "another hash");
    let stranger = AccountId::new(START, &house.entropy);
    let error = crate::accounts::set_password(&mut w, stranger, "hash").await.unwrap_err();
    assert_eq!(error.reason(), Reason::NotFound);
    assert_eq!(w.tenant(), neighbour.tenant);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_is_set_once_is_set_by_one() {
    let house = House::new().await;
    let mut nodes = JoinSet::new();
    for number in 0..16 {
        let house = house.clone();
        nodes.spawn(async move {
            house.lobby().claim_meta("deployment", &number.to_string()).await.unwrap().then_some(number)
        });
    }
    let winners: Vec<_> = nodes.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let stored = house.lobby().meta("deployment").await.unwrap();
    assert_eq!(stored, Some(winners[0].to_string()));
    house.lobby().set_meta("deployment", "other").await.unwrap();
    assert_eq!(house.lobby().meta("deployment").await.unwrap().as_deref(), Some("other"));
    assert_eq!(house.lobby().meta("nothing").await.unwrap(), None);
}

#[tokio::test]
async fn the_set_up_is_done_when_somebody_owns_an_organization() {
    let house = House::new().await;
    assert!(!house.lobby().has_owner().await.unwrap());
    house.member("ada@example.com", Role::Admin).await;
    assert!(!house.lobby().has_owner().await.unwrap());
    house.member("bob@example.com", Role::Owner).await;
    assert!(house.lobby().has_owner().await.unwrap());
    let tenants = house.lobby().tenants().await.unwrap();
    assert_eq!(tenants.iter().map(|tenant| tenant.id).collect::<Vec<_>>(), [house.tenant]);
}

#[tokio::test]
async fn pruning_takes_what_is_over_and_leaves_the_record() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let link = link("link");
    house.lobby().insert_link(&link).await.unwrap();
    let ctx = house.ctx();
    house.store.record(&ctx, vec![Event::new(EventKind::Decision).of_agent(agent)]).await.unwrap();
    let prune = |expired| Prune { expired, agent_sessions: START, revocations: START, outbox: START };
    house.lobby().prune(prune(START)).await.unwrap();
    assert!(house.lobby().peek_link(&link.digest, link.purpose, START).await.unwrap().is_some());
    assert_eq!(house.lobby().lease_outbox(9, START, 0).await.unwrap().len(), 1);
    let end = START.plus_ms(60_000);
    house
        .lobby()
        .prune(Prune { expired: end, agent_sessions: end, revocations: end, outbox: end })
        .await
        .unwrap();
    assert!(house.lobby().peek_link(&link.digest, link.purpose, START).await.unwrap().is_none());
    assert!(house.lobby().lease_outbox(9, START, 0).await.unwrap().is_empty());
    assert_eq!(house.chain(&ctx).await, [EventKind::Decision]);
}

#[tokio::test]
async fn a_key_of_an_agent_that_does_not_exist_is_a_fault_and_no_row() {
    let house = House::new().await;
    let ctx = house.ctx();
    let key = Credential {
        id: CredentialId::new(START, &house.entropy),
        holder: KeyHolder::Agent(AgentId::new(START, &house.entropy)),
        name: String::new(),
        preview: String::new(),
        scopes: Scopes::NONE,
        created_at: START,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    let mut w = house.store.write(&ctx).await.unwrap();
    let error = credentials::insert(&mut w, &key, &Digest::of(b"key")).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Internal);
    assert!(format!("{error:?}").contains("credentials::INSERT"), "{error:?}");
}
