//! A person without an account answers by the link that was mailed to them: neither the link nor the code is enough.

use super::*;

/// A page behind a link, as a browser sends its form.
async fn sends(w: &World, link: &str, fields: &[(&str, &str)]) -> Reply {
    let call = w.http.call(http::Method::POST, link).form(fields).header("accept", "text/html");
    call.header("origin", "null").header("sec-fetch-site", "same-origin").send().await
}

async fn begun(w: &World, token: &str, email: &str) -> Reply {
    post(w, CLAIM, json!({"claim_token": token, "email": email})).await
}

#[tokio::test]
async fn a_person_claims_by_mail_and_the_address_is_nowhere_to_be_read() {
    let (w, folder) = mailing().await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({})).await;
    let body = json!({"type": "identity_assertion", "assertion_type": "verified_email",
        "assertion": " Ada.Lovelace@Mail.Example ", "agent_name": "Night job"});
    let one = post(&w, REGISTER, body).await.ok();
    assert_eq!(one.text_at("/registration_type"), "email-verification");
    assert!(one.at("/credential").is_null(), "nothing before a person agrees");
    let mail = mails(&folder, 1).await.remove(0);
    assert!(mail.starts_with("To: ada.lovelace@mail.example\n") && !mail.contains("Night job"), "{mail}");
    let (link, code) = (link(&mail), one.text_at("/claim_attempt/user_code"));
    assert!(!mail.contains(&code), "the code comes from the agent");
    assert_eq!(answers(&shop.owner, &code, &[]).await.status, 422, "nor is the code enough without the mail");
    let looked = w.http.get(&link).header("accept", "text/html").send().await.ok().text();
    assert!(!looked.contains("Analytics") && !looked.contains("Night job"), "the link alone shows nothing");
    let sheet = sends(&w, &link, &[("user_code", &code)]).await.ok().text();
    assert!(sheet.contains("Night job") && sheet.contains("Read analytics."), "{sheet}");
    let none = sends(&w, &link, &[("user_code", &code), ("answer", "allow"), ("scope", "admin")]).await;
    assert_eq!(none.status, 422, "{}", none.text());
    let allow = [("user_code", code.as_str()), ("answer", "allow"), ("scope", "read:data")];
    sends(&w, &link, &allow).await.ok();
    assert_eq!(sends(&w, &link, &allow).await.status, 410, "once");
    let taken = post(&w, COMPLETE, json!({"claim_token": one.text_at("/claim_token")})).await.ok();
    assert_eq!(taken.at("/scopes"), json!(["read:data"]));
    assert_eq!(status(&shop.platform, &taken.text_at("/credential"), json!({})).await, 200);
    for (place, value) in procura_store::testing::every_value(&w.app.store).await {
        let text = String::from_utf8_lossy(&value).to_lowercase();
        assert!(!text.contains("ada.lovelace"), "{place} has the address");
        assert!(!text.contains(&taken.text_at("/credential").to_lowercase()), "{place} has the key");
        assert!(!text.contains(&one.text_at("/claim_token").to_lowercase()), "{place} has the claim token");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn five_wrong_codes_end_an_attempt_and_a_new_one_can_be_asked() {
    let (w, folder) = mailing().await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({})).await;
    let token = anonymous(&w).await.text_at("/claim_token");
    let first = begun(&w, &token, "ada@mail.example").await.ok();
    let url = link(&mails(&folder, 1).await[0]);
    for left in (0..5).rev() {
        let reply =
            sends(&w, &url, &[("user_code", "BBBB-BBBB"), ("answer", "allow"), ("scope", "read:data")]).await;
        assert_eq!(reply.status, 422, "{left}: {}", reply.text());
    }
    let code = first.text_at("/claim_attempt/user_code");
    assert_eq!(sends(&w, &url, &[("user_code", &code)]).await.status, 410, "the right one comes too late");
    refused(&post(&w, COMPLETE, json!({ "claim_token": token })).await, 410, "otp_expired");
    let second = begun(&w, &token, "ada@mail.example").await.ok();
    let both = mails(&folder, 2).await;
    let fresh = both.iter().map(|mail| link(mail)).find(|link| *link != url).unwrap();
    let code = second.text_at("/claim_attempt/user_code");
    sends(&w, &fresh, &[("user_code", &code), ("answer", "deny")]).await.ok();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn somebody_with_a_stolen_claim_token_cannot_turn_the_question_to_another() {
    let (w, folder) = mailing().await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({})).await;
    let token = anonymous(&w).await.text_at("/claim_token");
    let first = begun(&w, &token, "ada@mail.example").await.ok();
    refused(&begun(&w, &token, "mallory@mail.example").await, 409, "claimed_or_in_flight");
    refused(&post(&w, CLAIM, json!({ "claim_token": token })).await, 409, "claimed_or_in_flight");
    let again = begun(&w, &token, "ADA@mail.example").await.ok();
    assert_ne!(first.text_at("/claim_attempt/user_code"), again.text_at("/claim_attempt/user_code"));
    let old = link(&mails(&folder, 1).await[0]);
    mails(&folder, 2).await;
    for _ in 0..8 {
        begun(&w, &token, "ada@mail.example").await.ok();
    }
    let limited = begun(&w, &token, "ada@mail.example").await;
    refused(&limited, 429, "rate_limited");
    let code = first.text_at("/claim_attempt/user_code");
    let superseded =
        sends(&w, &old, &[("user_code", &code), ("answer", "allow"), ("scope", "read:data")]).await;
    assert_ne!(superseded.status, 200, "a code that was replaced claims nothing");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn the_answer_is_the_same_whoever_is_there_and_however_many_mails_they_had() {
    let (w, folder) = mailing().await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({})).await;
    let shape = |reply: &Reply| {
        let document = reply.json();
        let mut names: Vec<_> = document.as_object().unwrap().keys().cloned().collect();
        names.sort();
        (reply.status, names)
    };
    let known = begun(&w, &anonymous(&w).await.text_at("/claim_token"), &shop.owner.email).await;
    let unknown = begun(&w, &anonymous(&w).await.text_at("/claim_token"), "nobody@nowhere.example").await;
    assert_eq!(shape(&known), shape(&unknown));
    for bad in ["", "ada", "ada@mail.example\r\nBcc: all@mail.example", "a@b"] {
        let reply = begun(&w, &anonymous(&w).await.text_at("/claim_token"), bad).await;
        refused(&reply, 400, "invalid_request");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn without_a_mailer_nothing_is_offered_that_needs_one() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({})).await;
    let document = w.http.get("/.well-known/oauth-protected-resource").send().await.ok();
    let types = document.at("/agent_auth/identity_assertion/assertion_types_supported");
    assert_eq!(types, json!([ID_JAG]));
    let reply = begun(&w, &anonymous(&w).await.text_at("/claim_token"), "ada@mail.example").await;
    refused(&reply, 400, "verified_email_not_enabled");
}
