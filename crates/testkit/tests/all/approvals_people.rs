//! Who answers (APR-1, APR-2): people and never a key, in their role and their organization, each once; as many as must
//! agree; and by a link that only its own approver made, that looking does not use up and that works once.

use futures_util::future::join_all;
use http::{Method, header};
use procura_app::approvals::{Given, Grant};
use procura_model::{ApprovalState, Reason, Role, Scope, time::MINUTE_MS};
use procura_testkit::world::{Buyer, Http, NOON, Person, Reply, Shop, World};
use serde_json::{Value, json};

async fn counter(w: &World) -> (Shop, Buyer) {
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["*"], "approval": "always"})).await;
    (shop, buyer)
}

const YES: Given = Given::Grant(Grant::Once);

async fn state(shop: &Shop, id: &str) -> String {
    shop.approval(id).await.text_at("/state")
}

#[tokio::test]
async fn no_agent_no_key_and_nobody_else_decides() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let (neighbour, stranger) = {
        let other = w.tenant("other").await;
        let stranger = other.owner.clone();
        (other, stranger)
    };
    let id = buyer.verify("pay").send().await.waits();
    let by_key =
        |http: &Http, verb: &str, body: Value| http.post(&format!("/v1/approvals/{id}/{verb}"), &body).send();
    let every = shop.platform_key(&[Scope::ReadApprovals, Scope::WriteAgents, Scope::WritePermissions]).await;
    for http in [&buyer.http, &shop.platform, &every, &neighbour.platform] {
        by_key(http, "grant", json!({})).await.refused(Reason::SelfApproval);
        by_key(http, "grant", json!({"times": 3})).await.refused(Reason::SelfApproval);
        by_key(http, "deny", json!({"block": true})).await.refused(Reason::SelfApproval);
        by_key(http, "links", json!({})).await.refused(Reason::SelfApproval);
    }
    for scopes in [json!(["decide:approvals"]), json!(["verify", "decide:approvals"])] {
        let key = json!({"name": "decider", "scopes": scopes});
        shop.platform.post("/v1/keys", &key).send().await.refused(Reason::FieldInvalid);
        let path = format!("/v1/agents/{}/keys", buyer.id);
        shop.platform.post(&path, &key).send().await.refused(Reason::FieldInvalid);
    }
    for role in [Role::Developer, Role::Auditor] {
        let person = shop.member(role).await;
        assert_eq!(shop.answer(&person, &id, YES).await.unwrap_err(), Reason::RoleMissing, "{role:?}");
        assert_eq!(shop.approval_link(&person, &id).await.unwrap_err(), Reason::RoleMissing, "{role:?}");
    }
    assert_eq!(neighbour.answer(&stranger, &id, YES).await.unwrap_err(), Reason::NotFound);
    assert_eq!(neighbour.approval_link(&stranger, &id).await.unwrap_err(), Reason::NotFound);
    let page = stranger.page(&format!("/approvals/{id}")).await;
    assert_eq!(page.status, 404, "{}", page.text());
    assert_eq!(state(&shop, &id).await, "waiting");
    let approver = shop.member(Role::Approver).await;
    assert_eq!(shop.answer(&approver, &id, YES).await.unwrap().state, ApprovalState::Granted);
}

#[tokio::test]
async fn one_agent_cannot_use_what_another_was_granted_whatever_it_says() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let other = shop.agent("other").await;
    shop.permit(&other, json!({"effect": "allow", "actions": ["*"], "approval": "always"})).await;
    let id = buyer.verify("pay").amount("7").currency("USD").send().await.waits();
    shop.answer(&shop.owner, &id, Given::Grant(Grant::Times(9))).await.unwrap();
    let own = other.verify("pay").amount("7").currency("USD").send().await.waits();
    assert_ne!(own, id);
    let as_buyer = other.verify("pay").amount("7").currency("USD").with("agentId", buyer.id.to_string());
    as_buyer.send().await.0.refused(Reason::AgentMismatch);
    let reading = json!({"name": "reading", "scopes": ["verify", "read:approvals"]});
    let path = |agent: &Buyer| format!("/v1/agents/{}/keys", agent.id);
    let key = shop.platform.post(&path(&other), &reading).send().await.ok().text_at("/secret");
    let reader = shop.platform.with_key(&key);
    reader.get(&format!("/v1/approvals/{id}")).send().await.refused(Reason::NotFound);
    reader.get(&format!("/v1/approvals/{id}?wait=5")).send().await.refused(Reason::NotFound);
    assert_eq!(reader.get(&format!("/v1/approvals/{own}")).send().await.ok().text_at("/id"), own);
    let listed = reader.get("/v1/approvals").send().await.ok();
    let ids: Vec<_> = listed.at("/items").as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, [json!(own)], "an agent sees its own alone");
    buyer.verify("pay").amount("7").currency("USD").send().await.allowed();
}

#[tokio::test]
async fn the_owner_of_an_agent_has_no_say_where_the_organization_says_so() {
    let w = World::start().await;
    let (shop, _) = counter(&w).await;
    let made = shop.owner.submit("/agents/new", &[("name", "mine"), ("kind", "assistant")]).await.ok();
    let key = made
        .text()
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .find(|word| word.starts_with("pca_") && word.len() > 40)
        .unwrap()
        .to_owned();
    let agents = shop.platform.get("/v1/agents").send().await.ok();
    let mine =
        agents.at("/items").as_array().unwrap().iter().find(|agent| agent["name"] == "mine").unwrap().clone();
    let path = format!("/v1/agents/{}/permissions", mine["id"].as_str().unwrap());
    shop.platform
        .post(&path, &json!({"effect": "allow", "actions": ["*"], "approval": "always"}))
        .send()
        .await
        .ok();
    let agent = shop.platform.with_key(&key);
    let ask = async |action: &str| {
        agent.post("/v1/verify", &json!({"action": action})).send().await.ok().text_at("/approvalId")
    };
    let first = ask("a").await;
    shop.answer(&shop.owner, &first, YES).await.unwrap();
    shop.platform.patch("/v1/organization", &json!({"ownersMayApprove": false})).send().await.ok();
    let second = ask("b").await;
    for given in [YES, Given::Deny, Given::DenyAndBlock] {
        assert_eq!(shop.answer(&shop.owner, &second, given).await.unwrap_err(), Reason::SelfApproval);
    }
    assert_eq!(shop.approval_link(&shop.owner, &second).await.unwrap_err(), Reason::SelfApproval);
    let page = shop.owner.page(&format!("/approvals/{second}")).await.ok().text();
    assert!(page.contains("You own this agent") && !page.contains("value=\"grant\""), "{page}");
    let refused = shop.owner.submit(&format!("/approvals/{second}/answer"), &[("answer", "grant")]).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    let approver = shop.member(Role::Approver).await;
    let shown = shop.approval(&second).await;
    assert_eq!(shown.at("/eligible"), json!([approver.account.to_string()]), "{}", shown.text());
    shop.answer(&approver, &second, YES).await.unwrap();
    assert_eq!(state(&shop, &second).await, "granted");
}

#[tokio::test]
async fn as_many_people_must_agree_as_must_and_one_no_is_a_no() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let rule = json!({"effect": "allow", "actions": ["pay.*"], "approval": "always", "quorum": 2});
    shop.permit(&buyer, rule).await;
    let (admin, approver) = (shop.member(Role::Admin).await, shop.member(Role::Approver).await);
    let id = buyer.verify("pay.a").send().await.waits();
    let half = shop.answer(&approver, &id, Given::Grant(Grant::Times(5))).await.unwrap();
    assert_eq!((half.state, half.agreed, half.quorum), (ApprovalState::Waiting, 1, 2));
    assert_eq!(shop.answer(&approver, &id, YES).await.unwrap_err(), Reason::ApprovalAnswered);
    assert_eq!(shop.answer(&approver, &id, Given::Deny).await.unwrap_err(), Reason::ApprovalAnswered);
    assert_eq!(buyer.verify("pay.a").send().await.waits(), id, "one of two is none");
    let whole = shop.answer(&admin, &id, Given::Grant(Grant::Times(5))).await.unwrap();
    assert_eq!((whole.state, whole.max_uses), (ApprovalState::Granted, Some(5)));
    let shown = shop.approval(&id).await;
    let people = [approver.account.to_string(), admin.account.to_string()];
    for place in ["/answers/0", "/answers/1"] {
        assert!(people.contains(&shown.text_at(&format!("{place}/accountId"))), "{}", shown.text());
        let said = (shown.at(&format!("{place}/method")), shown.at(&format!("{place}/terms/times")));
        assert_eq!(said, (json!("session"), json!(5)));
    }

    let id = buyer.verify("pay.b").send().await.waits();
    shop.answer(&approver, &id, Given::Grant(Grant::Times(5))).await.unwrap();
    let less = shop.answer(&admin, &id, Given::Grant(Grant::Until(NOON.plus_ms(MINUTE_MS)))).await.unwrap();
    assert_eq!(less.max_uses, Some(1), "what both granted is one call");

    let id = buyer.verify("pay.c").send().await.waits();
    shop.answer(&approver, &id, YES).await.unwrap();
    shop.answer(&admin, &id, Given::Deny).await.unwrap();
    buyer.verify("pay.c").send().await.denied(Reason::ApprovalDenied);
    assert_eq!(shop.answer(&shop.owner, &id, YES).await.unwrap_err(), Reason::ApprovalClosed);

    let id = buyer.verify("pay.d").send().await.waits();
    let text = json!({"effect": "allow", "actions": ["pay.d"], "expiresAt": NOON.plus_ms(MINUTE_MS)});
    let pattern = Given::Grant(Grant::Pattern(Box::new(serde_json::from_value(text).unwrap())));
    assert_eq!(shop.answer(&admin, &id, pattern).await.unwrap_err(), Reason::FieldInvalid);

    let id = buyer.verify("pay.e").send().await.waits();
    let at_once = [&shop.owner, &admin, &approver].map(|person| shop.answer(person, &id, YES));
    let answers = join_all(at_once).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2, "{answers:?}");
    assert_eq!(shop.approval(&id).await.at("/agreed"), json!(2));
}

#[tokio::test]
async fn the_organization_says_how_many_where_a_permission_does_not() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    for wrong in [0, 11] {
        let change = json!({"approvalQuorum": wrong});
        shop.platform.patch("/v1/organization", &change).send().await.refused(Reason::FieldInvalid);
    }
    let before = buyer.verify("a").send().await.waits();
    let changed = shop.platform.patch("/v1/organization", &json!({"approvalQuorum": 2})).send().await.ok();
    assert_eq!(changed.at("/settings/approvalQuorum"), json!(2));
    let after = buyer.verify("b").send().await.waits();
    assert_eq!(shop.approval(&before).await.at("/quorum"), json!(1));
    assert_eq!(shop.approval(&after).await.at("/quorum"), json!(2));
    shop.answer(&shop.owner, &after, YES).await.unwrap();
    assert_eq!(buyer.verify("b").send().await.waits(), after);
    shop.answer(&shop.member(Role::Approver).await, &after, YES).await.unwrap();
    buyer.verify("b").send().await.allowed();
}

#[tokio::test]
async fn somebody_whose_role_was_taken_a_moment_ago_has_no_say() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let approver = shop.member(Role::Approver).await;
    let id = buyer.verify("pay").send().await.waits();
    let link = shop.approval_link(&approver, &id).await.unwrap();
    let member = format!("/settings/members/{}", approver.account);
    shop.owner.submit(&format!("{member}/role"), &[("role", "auditor")]).await;
    // The context is the one of before: what the session remembers is not what counts.
    assert_eq!(shop.answer(&approver, &id, YES).await.unwrap_err(), Reason::RoleMissing);
    let by_link = post(&w.http, &link, &[("answer", "grant")]).await;
    assert_eq!(by_link.code(), Some(Reason::RoleMissing), "{}", by_link.text());
    shop.owner.submit(&format!("{member}/remove"), &[("confirm", approver.email.as_str())]).await;
    assert_eq!(look(&w.http, &link).await.status, 410);
    assert_eq!(shop.answer(&approver, &id, YES).await.unwrap_err(), Reason::RoleMissing);
    assert_eq!(state(&shop, &id).await, "waiting");
}

/// A browser on a phone, where nobody is signed in.
async fn look(http: &Http, link: &str) -> Reply {
    http.get(link).header("accept", "text/html").send().await
}

/// As a browser sends the form of a page that tells nobody where it stood.
async fn post(http: &Http, link: &str, fields: &[(&str, &str)]) -> Reply {
    http.call(Method::POST, link)
        .form(fields)
        .header("origin", "null")
        .header("sec-fetch-site", "same-origin")
        .send()
        .await
}

#[tokio::test]
async fn a_link_shows_without_being_used_and_answers_once() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let approver = shop.member(Role::Approver).await;
    let id = buyer.verify("pay").amount("742").currency("USD").send().await.waits();
    let link = shop.approval_link(&approver, &id).await.unwrap();
    let phone = &w.http;
    for _ in 0..20 {
        let page = look(phone, &link).await.ok();
        let text = page.text();
        assert!(text.contains("742.00 USD") && text.contains(&approver.email), "{text}");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.headers.get(header::SET_COOKIE).is_none(), "nobody is signed in by it");
        phone.call(Method::HEAD, &link).send().await;
    }
    for purpose in ["sec-purpose", "purpose", "x-moz"] {
        phone.get(&link).header(purpose, "prefetch").send().await.ok();
    }
    let preview = post(phone, &link, &[("answer", "look")]).await.ok();
    assert!(preview.text().contains("value=\"grant\""));
    assert_eq!(state(&shop, &id).await, "waiting");
    let foreign = phone
        .call(Method::POST, &link)
        .form(&[("answer", "grant")])
        .header("origin", "https://evil.example")
        .send()
        .await;
    foreign.refused(Reason::OriginRefused);
    let foreign = phone
        .call(Method::POST, &link)
        .form(&[("answer", "grant")])
        .header("origin", "null")
        .header("sec-fetch-site", "cross-site")
        .send()
        .await;
    foreign.refused(Reason::OriginRefused);
    let at_once =
        join_all((0..16).map(|_| post(phone, &link, &[("answer", "grant"), ("scope", "once")]))).await;
    assert_eq!(at_once.iter().filter(|reply| reply.status == 200).count(), 1, "a link works once");
    for late in at_once.iter().filter(|reply| reply.status != 200) {
        assert!(matches!(late.code(), Some(Reason::LinkInvalid)) || late.status == 409, "{}", late.text());
    }
    assert_eq!(look(phone, &link).await.status, 410);
    let shown = shop.approval(&id).await;
    assert_eq!(
        (shown.text_at("/state"), shown.text_at("/decidedBy")),
        ("granted".into(), approver.account.to_string())
    );
    assert_eq!(shown.at("/answers/0/method"), json!("link"));
    buyer.verify("pay").amount("742").currency("USD").send().await.allowed();
}

#[tokio::test]
async fn a_link_is_for_its_approver_its_question_and_its_time() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let (approver, admin) = (shop.member(Role::Approver).await, shop.member(Role::Admin).await);
    let (first, second) = (buyer.verify("a").send().await.waits(), buyer.verify("b").send().await.waits());
    let link = shop.approval_link(&approver, &first).await.unwrap();

    // Whoever is signed in beside it: the link speaks for the person who made it, to its own approval.
    let in_browser = |person: &Person| person.browser.clone();
    let page = look(&in_browser(&admin), &link).await.ok().text();
    assert!(page.contains(&approver.email) && !page.contains(&admin.email), "{page}");
    post(&in_browser(&admin), &link, &[("answer", "deny")]).await.ok();
    assert_eq!(
        (state(&shop, &first).await, state(&shop, &second).await),
        ("denied".into(), "waiting".into())
    );
    assert_eq!(shop.approval(&first).await.text_at("/decidedBy"), approver.account.to_string());

    let link = shop.approval_link(&approver, &second).await.unwrap();
    shop.answer(&admin, &second, YES).await.unwrap();
    let closed = post(&w.http, &link, &[("answer", "deny")]).await;
    assert_eq!(closed.status, 409, "{}", closed.text());
    assert_eq!(state(&shop, &second).await, "granted", "after the decision a link decides nothing");
    assert_eq!(shop.approval_link(&approver, &second).await.unwrap_err(), Reason::ApprovalClosed);
    let after = look(&w.http, &link).await.ok().text();
    assert!(after.contains("Granted") && !after.contains("value=\"grant\""), "{after}");

    let third = buyer.verify("c").send().await.waits();
    let link = shop.approval_link(&approver, &third).await.unwrap();
    w.advance_ms(15 * MINUTE_MS - 1);
    look(&w.http, &link).await.ok();
    w.advance_ms(1);
    assert_eq!(look(&w.http, &link).await.status, 410);
    post(&w.http, &link, &[("answer", "grant")]).await.refused(Reason::LinkInvalid);
    w.settle().await;
    assert_eq!(state(&shop, &third).await, "waiting");
    for wrong in
        ["/approve/pcl_0", "/approve/x", "/approve/pcs_0000000000000000000000000000000000000000000000000"]
    {
        assert_eq!(look(&w.http, wrong).await.status, 410, "{wrong}");
        post(&w.http, wrong, &[("answer", "grant")]).await.refused(Reason::LinkInvalid);
    }
}

#[tokio::test]
async fn a_link_leaves_no_trace_of_its_secret() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let id = buyer.verify("pay").send().await.waits();
    let link = shop.approval_link(&shop.owner, &id).await.unwrap();
    let secret = link.rsplit('/').next().unwrap().to_owned();
    let seen = look(&w.http, &link).await.ok();
    let answered = post(&w.http, &link, &[("answer", "grant")]).await.ok();
    for request in [seen.request_id(), answered.request_id()] {
        let trace = shop.trace(request).await.ok().text();
        assert!(!trace.contains(&secret) && trace.contains("/approve/{link}"), "{trace}");
        assert!(trace.contains(&shop.owner.account.to_string()), "it says who: {trace}");
    }
    let trace = shop.trace(answered.request_id()).await.ok().text();
    assert!(trace.contains("link.used") && trace.contains("approval.granted"), "{trace}");
    assert!(!answered.text().contains(&secret), "the answered page has no form to send again");
    let made = shop
        .owner
        .submit(&format!("/approvals/{}/link", buyer.verify("b").send().await.waits()), &[])
        .await
        .ok();
    assert!(made.text().contains("/approve/pcl_"));
}

#[tokio::test]
async fn who_has_left_no_longer_counts_among_those_who_agreed() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["*"], "approval": "always", "quorum": 2}))
        .await;
    let (one, two) = (shop.member(Role::Approver).await, shop.member(Role::Admin).await);
    let id = buyer.verify("pay").send().await.waits();
    shop.answer(&one, &id, YES).await.unwrap();
    let gone = format!("/settings/members/{}/remove", one.account);
    shop.owner.submit(&gone, &[("confirm", one.email.as_str())]).await;
    shop.answer(&two, &id, YES).await.unwrap();
    assert_eq!(state(&shop, &id).await, "waiting");
    assert_eq!(buyer.verify("pay").send().await.waits(), id);
    shop.answer(&shop.owner, &id, YES).await.unwrap();
    buyer.verify("pay").send().await.allowed();
}
