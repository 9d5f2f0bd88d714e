use super::*;
use crate::{
    house::{House, START},
    permissions,
    revocations::Subject,
};
use procura_model::{Effect, Event, EventKind, Permission, PermissionId};
use tokio::task::JoinSet;

fn wanted(approval: &Approval) -> Use<'_> {
    Use {
        agent: approval.agent,
        digest: &approval.digest,
        policy_version: approval.policy_version,
        user: approval.user.as_ref(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_callers_who_use_one_approval_exactly_one_gets_it() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    for round in 0..5 {
        let approval = house.granted_approval(agent, &format!("ask {round}")).await;
        let mut callers = JoinSet::new();
        for _ in 0..64 {
            let (house, approval) = (house.clone(), approval.clone());
            callers.spawn(async move {
                let ctx = house.ctx();
                let mut w = house.store.write(&ctx).await.unwrap();
                let won = consume(&mut w, &wanted(&approval)).await.unwrap()?;
                w.commit(Event::new(EventKind::ApprovalConsumed)).await.unwrap();
                assert_eq!(won.consumed_in, Some(ctx.request));
                Some(won.id)
            });
        }
        let winners: Vec<_> = callers.join_all().await.into_iter().flatten().collect();
        assert_eq!(winners, [approval.id]);
    }
}

#[tokio::test]
async fn the_same_ask_waits_once_and_another_waits_beside_it() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let first = house.new_approval(agent, "ask");
    let again = house.new_approval(agent, "ask");
    let other = house.new_approval(agent, "another ask");
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    assert_eq!(insert(&mut w, &first).await.unwrap(), Opened::New(first.clone()));
    assert_eq!(insert(&mut w, &again).await.unwrap(), Opened::Waiting(first.clone()));
    assert_eq!(insert(&mut w, &other).await.unwrap(), Opened::New(other));
    assert_eq!(count_waiting(&mut w, agent).await.unwrap(), 2);
    assert_eq!(count_all_waiting(&mut w).await.unwrap(), 2);
    assert_eq!(find_latest(&mut w, agent, &first.digest).await.unwrap(), Some(first));
}

#[tokio::test]
async fn an_ask_for_which_it_is_too_late_waits_anew() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let old = house.new_approval(agent, "ask");
    house.change(START, EventKind::ApprovalRequested, async |w| insert(w, &old).await).await;
    let mut new = house.new_approval(agent, "ask");
    new.expires_at = START.plus_ms(120_000);
    let opened =
        house.change(old.expires_at, EventKind::ApprovalRequested, async |w| insert(w, &new).await).await;
    assert_eq!(opened, Opened::New(new));
    let ctx = house.ctx();
    let stored = get(&mut house.store.read(&ctx), old.id).await.unwrap();
    assert_eq!(stored.state, ApprovalState::Expired);
}

#[tokio::test]
async fn an_approval_serves_nobody_to_whom_it_was_not_given() {
    let house = House::new().await;
    let (agent, other) = (house.agent("buyer").await, house.agent("other").await);
    let approval = house.granted_approval(agent, "ask").await;
    let (ada, wrong) = (UserRef("ada".to_owned()), Digest::of(b"another ask"));
    let right = wanted(&approval);
    let cases = [
        Use { agent: other, ..right.clone() },
        Use { digest: &wrong, ..right.clone() },
        Use { policy_version: 2, ..right.clone() },
        Use { user: Some(&ada), ..right.clone() },
    ];
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    for case in cases {
        assert_eq!(consume(&mut w, &case).await.unwrap(), None, "{case:?}");
    }
    drop(w);
    let late = house.ctx_at(approval.expires_at);
    let mut w = house.store.write(&late).await.unwrap();
    assert_eq!(consume(&mut w, &right).await.unwrap(), None);
    drop(w);
    let mut w = house.store.write(&ctx).await.unwrap();
    assert!(consume(&mut w, &right).await.unwrap().is_some());
}

#[tokio::test]
async fn an_approval_is_answered_once_and_in_time() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let by = AccountId::new(START, &house.entropy);
    let approval = house.new_approval(agent, "ask");
    house.change(START, EventKind::ApprovalRequested, async |w| insert(w, &approval).await).await;
    let late = house.ctx_at(approval.expires_at);
    let mut w = house.store.write(&late).await.unwrap();
    let error = decide(&mut w, approval.id, Answer::Grant, by).await.unwrap_err();
    assert_eq!(error.reason(), Reason::ApprovalClosed);
    drop(w);
    let denied = house
        .change(START, EventKind::ApprovalDenied, async |w| decide(w, approval.id, Answer::Deny, by).await)
        .await;
    assert_eq!(
        (denied.state, denied.decided_by, denied.decided_at),
        (ApprovalState::Denied, Some(by), Some(START))
    );
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    for closed in [decide(&mut w, approval.id, Answer::Grant, by).await, cancel(&mut w, approval.id).await] {
        assert_eq!(closed.unwrap_err().reason(), Reason::ApprovalClosed);
    }
    let unknown = ApprovalId::new(START, &house.entropy);
    assert_eq!(cancel(&mut w, unknown).await.unwrap_err().reason(), Reason::NotFound);
}

#[tokio::test]
async fn a_changed_permission_makes_what_was_granted_under_the_old_ones_stale() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let granted = house.granted_approval(agent, "ask").await;
    let permission = Permission {
        id: Some(PermissionId::new(START, &house.entropy)),
        effect: Effect::Block,
        actions: vec!["*".to_owned()],
        resources: vec!["*".to_owned()],
        vendors: Vec::new(),
        conditions: Vec::new(),
        max_amount: None,
        schedule: None,
        not_before: None,
        expires_at: None,
        approval: procura_model::ApprovalRule::Never,
        window: None,
        quorum: None,
        shadow: false,
        user: None,
    };
    let version = house
        .change(START, EventKind::PermissionCreated, async |w| {
            permissions::insert(w, agent, &permission).await
        })
        .await;
    assert_eq!(version, 2);
    let ctx = house.ctx();
    let mut reader = house.store.read(&ctx);
    assert_eq!(get(&mut reader, granted.id).await.unwrap().state, ApprovalState::Stale);
    assert_eq!(
        permissions::list_of_agent(&mut reader, agent).await.unwrap(),
        std::slice::from_ref(&permission)
    );
    assert_eq!(house.revoked().await, [Subject::Agent(agent)]);

    let version = house
        .change(START, EventKind::PermissionChanged, async |w| {
            permissions::update(w, &Permission { effect: Effect::Allow, ..permission.clone() }).await
        })
        .await;
    assert_eq!(version, 3);
    let id = permission.id.unwrap();
    let version =
        house.change(START, EventKind::PermissionRemoved, async |w| permissions::remove(w, id).await).await;
    assert_eq!(version, 4);
    assert_eq!(house.revoked().await.len(), 3);
    let error = permissions::get(&mut reader, id).await.unwrap_err();
    assert_eq!(error.reason(), Reason::NotFound);
}

#[tokio::test]
async fn lists_page_by_state_and_over_all() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    for number in 0..3 {
        house.granted_approval(agent, &format!("granted {number}")).await;
        let waiting = house.new_approval(agent, &format!("waiting {number}"));
        house.change(START, EventKind::ApprovalRequested, async |w| insert(w, &waiting).await).await;
    }
    let ctx = house.ctx();
    let mut reader = house.store.read(&ctx);
    for (state, wanted) in [(None, 6), (Some(ApprovalState::Waiting), 3), (Some(ApprovalState::Denied), 0)] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = list(&mut reader, state, &PageAsk::new(after, Some(2))).await.unwrap();
            seen.extend(page.items.into_iter().map(|approval| approval.id));
            after = page.next_cursor;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), wanted, "{state:?}");
        assert!(seen.is_sorted_by(|newer, older| newer > older));
    }
}

#[tokio::test]
async fn what_nobody_answered_or_used_in_time_expires() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let granted = house.granted_approval(agent, "ask").await;
    assert!(house.lobby().expire_approvals(START).await.unwrap().is_empty());
    let expired = house.lobby().expire_approvals(granted.expires_at).await.unwrap();
    assert_eq!(expired.len(), 1);
    assert_eq!((expired[0].tenant, expired[0].approval), (house.tenant, granted.id));
}
