use crate::{
    house::{House, START},
    oauth_access, oauth_clients,
    oauth_refresh::{self, RefreshToken, Use},
    oauth_sessions::{self, FoundOauthSession},
};
use procura_model::{
    AgentId, Client, ClientId, ClientKind, Ctx, Digest, Event, EventKind, Reason, SessionId, Time, TokenId,
    oauth::{ActorLink, Claims, OauthSession, ScopeList, SessionKind},
};
use tokio::task::JoinSet;

/// A session of a client as an agent.
async fn session(house: &House, agent: AgentId) -> OauthSession {
    let client = Client {
        id: ClientId::new(START, &house.entropy),
        tenant: Some(house.tenant),
        kind: ClientKind::Manual,
        name: "Night job".to_owned(),
        metadata: serde_json::from_value(serde_json::json!({
            "token_endpoint_auth_method": "client_secret_basic", "grant_types": ["client_credentials"],
        }))
        .unwrap(),
        agent: Some(agent),
        created_at: START,
        updated_at: START,
        used_at: None,
        disabled_at: None,
    };
    let session = OauthSession {
        id: SessionId::new(START, &house.entropy),
        kind: SessionKind::Client,
        grant: None,
        client: client.id.clone(),
        agent,
        account: None,
        subject: client.id.to_string(),
        scope: "read write".parse().unwrap(),
        resources: Vec::new(),
        dpop_jkt: None,
        auth_time: None,
        created_at: START,
        expires_at: START.plus_ms(1_000_000),
        last_used_at: None,
        revoked_at: None,
    };
    house
        .change(START, EventKind::ClientRegistered, async |w| {
            oauth_clients::insert(w, &client).await?;
            oauth_sessions::insert(w, &session).await
        })
        .await;
    session
}

async fn standing(house: &House, session: SessionId) -> FoundOauthSession {
    oauth_sessions::find(&mut house.store.read(&house.ctx()), session).await.unwrap().unwrap()
}

fn claims(house: &House, session: &OauthSession) -> Claims {
    Claims {
        jti: TokenId::new(START, &house.entropy),
        tenant: house.tenant,
        sub: session.subject.clone(),
        client_id: session.client.clone(),
        aud: "https://api.example".to_owned(),
        scope: ScopeList::of(["read"]),
        sid: session.id,
        act: ActorLink { sub: session.agent.to_string(), act: None },
        iat: 1,
        exp: START.as_ms() / 1_000 + 600,
        auth_time: None,
        jkt: None,
        may_act: None,
    }
}

fn link(session: &OauthSession, generation: i64) -> RefreshToken {
    RefreshToken {
        session: session.id,
        client: session.client.clone(),
        generation,
        created_at: START,
        expires_at: START.plus_ms(500_000),
        used_at: None,
    }
}

async fn is_kept(house: &House, digest: &Digest) -> bool {
    house.lobby().oauth_access(digest, START).await.unwrap().is_some()
}

fn digest(of: impl std::fmt::Display) -> Digest {
    Digest::of(of.to_string().as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_share_a_commit_are_kept_with_their_records_and_a_bad_one_alone_is_refused() {
    let house = House::new().await;
    let session = session(&house, house.agent("assistant").await).await;
    let taken = digest("taken");
    let first = house.ctx();
    let event = Event::new(EventKind::TokenIssued);
    oauth_access::keep(&house.store, &first, (&taken, &claims(&house, &session)), &event).await.unwrap();
    let mut calls = JoinSet::new();
    for number in 0..200 {
        let (house, claims) = (house.clone(), claims(&house, &session));
        calls.spawn(async move {
            let ctx = house.ctx();
            let own = if number % 40 == 0 { taken } else { digest(number) };
            let event = Event::new(EventKind::TokenIssued);
            // Records without a token are in the same batches.
            house.store.record(&house.ctx(), vec![Event::new(EventKind::TokenRefused)]).await.unwrap();
            let answer = oauth_access::keep(&house.store, &ctx, (&own, &claims), &event).await;
            (number, ctx, own, answer)
        });
    }
    while let Some(call) = calls.join_next().await {
        let (number, ctx, own, answer) = call.unwrap();
        if number % 40 == 0 {
            assert_eq!(answer.unwrap_err().reason(), Reason::RecordUnavailable);
            assert!(house.chain(&ctx).await.is_empty());
        } else {
            answer.unwrap();
            assert_eq!(house.chain(&ctx).await, [EventKind::TokenIssued]);
            assert!(is_kept(&house, &own).await);
        }
    }
}

struct Turn {
    ctx: Ctx,
    access: Digest,
    next: Digest,
    done: bool,
}

/// One request with a refresh token of the first generation.
async fn turn(house: &House, standing: &FoundOauthSession, shown: &Digest, name: &str) -> Turn {
    let ctx = house.ctx_at(START.plus_ms(1));
    let (access, next) = (digest(format!("{name} access")), digest(format!("{name} next")));
    let claims = claims(house, &standing.session);
    let used = Use {
        shown,
        request: &digest("request"),
        reply: Some(b"sealed"),
        standing,
        next: (&next, &link(&standing.session, 2)),
        access: Some((&access, &claims)),
    };
    let event = Event::new(EventKind::TokenRefreshed);
    let done = oauth_refresh::rotate(&house.store, &ctx, &used, &event).await.unwrap();
    Turn { ctx, access, next, done }
}

async fn has_link(house: &House, digest: &Digest) -> bool {
    house.lobby().oauth_refresh(digest).await.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_who_use_a_refresh_token_in_shared_commits_one_does_and_the_others_leave_nothing() {
    let house = House::new().await;
    let agent = house.agent("assistant").await;
    let (one, other) = (session(&house, agent).await, session(&house, house.agent("b").await).await);
    let tokens =
        [(digest("one"), standing(&house, one.id).await), (digest("two"), standing(&house, other.id).await)];
    for (digest, standing) in &tokens {
        house
            .change(START, EventKind::TokenIssued, async |w| {
                oauth_refresh::insert(w, digest, &link(&standing.session, 1)).await
            })
            .await;
    }
    let mut calls = JoinSet::new();
    for number in 0..64 {
        let (house, tokens) = (house.clone(), tokens.clone());
        calls.spawn(async move {
            let (shown, standing) = &tokens[number % 2];
            (number % 2, turn(&house, standing, shown, &number.to_string()).await)
        });
    }
    let mut winners = [0, 0];
    while let Some(call) = calls.join_next().await {
        let (of, turn) = call.unwrap();
        winners[of] += usize::from(turn.done);
        let wanted: &[EventKind] = if turn.done { &[EventKind::TokenRefreshed] } else { &[] };
        assert_eq!(house.chain(&turn.ctx).await, wanted);
        assert_eq!(turn.ctx.records(), i64::from(turn.done), "a place that nothing took is free");
        assert_eq!(is_kept(&house, &turn.access).await, turn.done);
        assert_eq!(has_link(&house, &turn.next).await, turn.done);
    }
    assert_eq!(winners, [1, 1]);
    for (digest, _) in &tokens {
        let used = house.lobby().oauth_refresh(digest).await.unwrap().unwrap();
        assert_eq!(used.row.used_at, Some(START.plus_ms(1)));
    }
}

#[tokio::test]
async fn a_refresh_token_of_a_session_that_is_not_as_it_was_seen_is_not_used() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    let session = session(&house, house.agent("assistant").await).await;
    let shown = digest("shown");
    house
        .change(START, EventKind::TokenIssued, async |w| {
            oauth_refresh::insert(w, &shown, &link(&session, 1)).await
        })
        .await;
    let seen = standing(&house, session.id).await;
    let other = |change: fn(&mut FoundOauthSession)| {
        let mut other = seen.clone();
        change(&mut other);
        other
    };
    for (name, seen) in [
        ("scope", other(|seen| seen.session.scope = ScopeList::of(["read"]))),
        ("role", other(|seen| seen.role = Some(procura_model::Role::Owner))),
        ("client", other(|seen| seen.session.client = "cli_00000000000000000000000000".parse().unwrap())),
        ("session", other(|seen| seen.session.id = "ses_00000000000000000000000000".parse().unwrap())),
    ] {
        assert!(!turn(&house, &seen, &shown, name).await.done, "{name}");
    }
    assert!(!turn(&neighbour, &seen, &shown, "neighbour").await.done);
    assert!(!turn(&house, &seen, &digest("another"), "another").await.done);
    let late = house.ctx_at(START.plus_ms(500_000));
    let used = Use {
        shown: &shown,
        request: &digest("request"),
        reply: None,
        standing: &seen,
        next: (&digest("late"), &link(&session, 2)),
        access: None,
    };
    let event = Event::new(EventKind::TokenRefreshed);
    assert!(!oauth_refresh::rotate(&house.store, &late, &used, &event).await.unwrap(), "its time is over");
    let row = house.lobby().oauth_refresh(&shown).await.unwrap().unwrap().row;
    assert_eq!(row.used_at.map(Time::as_ms), None);
    assert!(turn(&house, &seen, &shown, "as it was").await.done);
    assert!(!turn(&house, &seen, &shown, "again").await.done);
}
