use super::*;
use crate::approval_answers;
use crate::{
    house::{House, START},
    permissions,
    revocations::Subject,
};
use procura_model::{
    AnswerMethod, AnswerWord, ApprovalAnswer, Effect, Entropy, Event, EventKind, Permission,
};
use tokio::task::JoinSet;

fn wanted(approval: &Approval) -> Use<'_> {
    Use {
        agent: approval.agent,
        digest: &approval.digest,
        policy_version: approval.policy_version,
        user: approval.user.as_ref(),
        task: None,
        permission: approval.permission,
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
        Use { permission: Some(PermissionId::new(START, &house.entropy)), ..right.clone() },
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
    for closed in [agree(&mut w, approval.id).await, deny(&mut w, approval.id, by).await] {
        assert_eq!(closed.unwrap_err().reason(), Reason::ApprovalClosed);
    }
    drop(w);
    let denied =
        house.change(START, EventKind::ApprovalDenied, async |w| deny(w, approval.id, by).await).await;
    assert_eq!(
        (denied.state, denied.decided_by, denied.decided_at),
        (ApprovalState::Denied, Some(by), Some(START))
    );
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    let terms = House::once(&approval);
    for closed in [
        agree(&mut w, approval.id).await,
        grant(&mut w, approval.id, &terms, by).await,
        deny(&mut w, approval.id, by).await,
        cancel(&mut w, approval.id).await,
    ] {
        assert_eq!(closed.unwrap_err().reason(), Reason::ApprovalClosed);
    }
    let unknown = ApprovalId::new(START, &house.entropy);
    assert_eq!(cancel(&mut w, unknown).await.unwrap_err().reason(), Reason::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_agree_at_once_each_counts_and_too_few_grant_nothing() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let approval = Approval { quorum: 8, ..house.new_approval(agent, "ask") };
    house.change(START, EventKind::ApprovalRequested, async |w| insert(w, &approval).await).await;
    let mut people = JoinSet::new();
    for _ in 0..8 {
        let (house, approval) = (house.clone(), approval.clone());
        people.spawn(async move {
            let by = AccountId::new(START, &house.entropy);
            let ctx = house.ctx();
            let mut w = house.store.write(&ctx).await.unwrap();
            let counted = agree(&mut w, approval.id).await.unwrap().agreed;
            if let Err(error) = grant(&mut w, approval.id, &House::once(&approval), by).await {
                assert_eq!(error.reason(), Reason::ApprovalClosed);
                assert!(counted < 8);
            } else {
                assert_eq!(counted, 8);
            }
            w.commit(Event::new(EventKind::ApprovalAnswered)).await.unwrap();
            counted
        });
    }
    let mut counted = people.join_all().await;
    counted.sort_unstable();
    assert_eq!(counted, (1..=8).collect::<Vec<_>>());
    let ctx = house.ctx();
    let stored = get(&mut house.store.read(&ctx), approval.id).await.unwrap();
    assert_eq!((stored.state, stored.agreed), (ApprovalState::Granted, 8));
}

#[tokio::test]
async fn nobody_answers_twice() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let approval = Approval { quorum: 2, ..house.new_approval(agent, "ask") };
    house.change(START, EventKind::ApprovalRequested, async |w| insert(w, &approval).await).await;
    let answer = |word: AnswerWord| ApprovalAnswer {
        account: AccountId::new(START, &Entropy::seeded(1)),
        word,
        terms: None,
        method: AnswerMethod::Session,
        at: START,
    };
    let said = answer(AnswerWord::Grant);
    house
        .change(START, EventKind::ApprovalAnswered, async |w| {
            approval_answers::insert(w, approval.id, &said).await
        })
        .await;
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    let again = approval_answers::insert(&mut w, approval.id, &answer(AnswerWord::Deny)).await;
    assert_eq!(again.unwrap_err().reason(), Reason::ApprovalAnswered);
    drop(w);
    let listed = approval_answers::list(&mut house.store.read(&ctx), approval.id).await.unwrap();
    assert_eq!(listed, [said]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_callers_as_many_get_it_as_it_is_good_for() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let approval = house.new_approval(agent, "ask");
    let by = AccountId::new(START, &house.entropy);
    let terms = Terms { scope: ApprovalScope::Times, max_uses: Some(5), ..House::once(&approval) };
    house
        .change(START, EventKind::ApprovalGranted, async |w| {
            insert(w, &approval).await?;
            agree(w, approval.id).await?;
            grant(w, approval.id, &terms, by).await
        })
        .await;
    let mut callers = JoinSet::new();
    for _ in 0..64 {
        let (house, approval) = (house.clone(), approval.clone());
        callers.spawn(async move {
            let ctx = house.ctx();
            let mut w = house.store.write(&ctx).await.unwrap();
            let won = consume(&mut w, &wanted(&approval)).await.unwrap()?;
            w.commit(Event::new(EventKind::ApprovalConsumed)).await.unwrap();
            Some(won.uses)
        });
    }
    let mut uses: Vec<_> = callers.join_all().await.into_iter().flatten().collect();
    uses.sort_unstable();
    assert_eq!(uses, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_grant_for_a_task_serves_that_task_alone() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let by = AccountId::new(START, &house.entropy);
    for (words, task) in [("in a task", Some("task:a")), ("in none", None)] {
        let approval = Approval { task: task.map(str::to_owned), ..house.new_approval(agent, words) };
        let terms = Terms { scope: ApprovalScope::Task, max_uses: None, ..House::once(&approval) };
        house
            .change(START, EventKind::ApprovalGranted, async |w| {
                insert(w, &approval).await?;
                agree(w, approval.id).await?;
                grant(w, approval.id, &terms, by).await
            })
            .await;
        let ctx = house.ctx();
        let mut w = house.store.write(&ctx).await.unwrap();
        for other in [None, Some("task:b"), Some("a"), Some("")] {
            let used = Use { task: other, ..wanted(&approval) };
            assert_eq!(find_usable(&mut w, &used).await.unwrap(), None, "{words} {other:?}");
            assert_eq!(consume(&mut w, &used).await.unwrap(), None, "{words} {other:?}");
        }
        let own = Use { task: Some("task:a"), ..wanted(&approval) };
        for turn in 1..=3 {
            let found = find_usable(&mut w, &own).await.unwrap();
            assert_eq!(found.map(|found| found.uses), task.map(|_| turn - 1), "{words}");
            let used = consume(&mut w, &own).await.unwrap();
            assert_eq!(
                used.map(|used| (used.uses, used.state)),
                task.map(|_| (turn, ApprovalState::Granted))
            );
        }
    }
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
            let page = list(&mut reader, None, state, &PageAsk::new(after, Some(2))).await.unwrap();
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
