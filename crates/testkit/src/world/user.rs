//! End users of an organization's product, as its agents meet them: a method by which they are verified, and sessions.

use super::{Buyer, Reply, Shop, World};
use crate::business::{Answer, Host};
use procura_egress::{AllowedHost, Purpose, Rules, Whom};
use serde_json::{Value, json};

impl World {
    /// A host of a business on the loopback, opened for this purpose.
    pub async fn host(&self, purpose: Purpose, answer: Answer) -> Host {
        let host = Host::start(answer).await;
        self.allow_url_for(purpose, &host.url("/"));
        host
    }

    /// Opens the host of this URL for a purpose, as the operator's file would.
    #[expect(clippy::expect_used, reason = "a test without its rules has nothing to say")]
    pub fn allow_url_for(&self, purpose: Purpose, url: &str) {
        let url = url::Url::parse(url).expect("a URL");
        let port = url.port_or_known_default().expect("a port");
        let host = url.host_str().expect("a host").to_owned();
        let mut allowed = self.allowed.lock();
        allowed.push(AllowedHost { tenant: Whom::Everyone, host, port, purpose });
        self.app.egress.set_rules(Rules::new(&allowed, Vec::new()).expect("rules of a test"));
    }
}

impl Shop {
    /// Sets how the users of an agent are verified.
    pub async fn user_auth(&self, agent: &Buyer, settings: &Value) -> Reply {
        self.platform.put(&format!("/v1/agents/{}/user-auth", agent.id), settings).send().await
    }

    /// Users of this agent are verified by JWT against this key set: issuer `https://id.shop.example`, audience
    /// `shop-agents`.
    pub async fn user_jwt(&self, agent: &Buyer, jwks_url: &str) {
        let jwt =
            json!({"jwksUrl": jwks_url, "issuer": "https://id.shop.example", "audience": "shop-agents"});
        self.user_auth(agent, &json!({"method": {"jwt": jwt}})).await.ok();
    }

    /// Users of this agent are verified by signed session token; gives the secret.
    pub async fn user_signed_token(&self, agent: &Buyer) -> String {
        self.user_auth(agent, &json!({"method": {"signedToken": {}}})).await.ok();
        self.user_secret(agent, &json!({})).await.ok().text_at("/secret")
    }

    /// Users of this agent are verified by this callback; gives the secret that signs it.
    pub async fn user_callback(&self, agent: &Buyer, url: &str) -> String {
        self.user_auth(agent, &json!({"method": {"callback": {"url": url}}})).await.ok();
        self.user_secret(agent, &json!({})).await.ok().text_at("/secret")
    }

    /// Sets or replaces the secret of the agent's method.
    pub async fn user_secret(&self, agent: &Buyer, ask: &Value) -> Reply {
        self.platform.post(&format!("/v1/agents/{}/user-auth/secrets", agent.id), ask).send().await
    }
}

impl Buyer {
    /// Shows a user's token and asks for a session.
    pub async fn open_session(&self, token: &str) -> Reply {
        self.http.call(http::Method::POST, "/v1/sessions").header("x-user-auth-token", token).send().await
    }

    /// The same agent, acting in the session that this reply opened.
    #[must_use]
    #[track_caller]
    pub fn acting_in(&self, opened: &Reply) -> Self {
        let name = http::HeaderName::from_static("x-procura-session");
        Self { http: self.http.with(name, &opened.text_at("/sessionToken")), ..self.clone() }
    }
}
