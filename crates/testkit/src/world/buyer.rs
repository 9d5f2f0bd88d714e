//! An agent of a world, by its key.

use super::{Called, Http, Mcp, Reply, Shop};
use procura_model::{AgentId, Reason, RequestId};
use serde_json::{Value, json};

/// An agent with its key.
#[derive(Clone)]
pub struct Buyer {
    /// The agent.
    pub id: AgentId,
    /// Its key.
    pub key: String,
    /// The id of its key.
    pub key_id: String,
    /// A client with its key.
    pub http: Http,
}

impl Buyer {
    pub(super) fn new(shop: &Shop, id: AgentId, key: &str, key_id: &str) -> Self {
        Self { id, key: key.to_owned(), key_id: key_id.to_owned(), http: shop.platform.with_key(key) }
    }

    /// Begins a question.
    pub fn verify(&self, action: &str) -> VerifyAsk {
        VerifyAsk { http: self.http.clone(), body: json!({"action": action}) }
    }

    /// The gateway in front of all servers, as this agent sees it.
    #[must_use]
    pub fn mcp(&self) -> Mcp {
        Mcp::new(self.http.clone(), "/v1/mcp")
    }

    /// The gateway in front of one server.
    #[must_use]
    pub fn mcp_of(&self, server: &str) -> Mcp {
        Mcp::new(self.http.clone(), &format!("/v1/mcp/{server}"))
    }

    /// Calls a tool by its full name.
    pub async fn call_tool(&self, name: &str, arguments: Value) -> Called {
        self.mcp().call_tool(name, &arguments).await
    }

    /// The names of the tools that it is shown.
    pub async fn tools(&self) -> Vec<String> {
        self.mcp().tools().await
    }
}

/// A question that was not asked yet.
#[must_use]
pub struct VerifyAsk {
    http: Http,
    body: Value,
}

impl VerifyAsk {
    /// With this field.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        if let Some(members) = self.body.as_object_mut() {
            members.insert(field.to_owned(), value.into());
        }
        self
    }

    /// For this much.
    pub fn amount(self, amount: &str) -> Self {
        self.with("amount", amount)
    }

    /// In this currency.
    pub fn currency(self, currency: &str) -> Self {
        self.with("currency", currency)
    }

    /// With this vendor.
    pub fn vendor(self, vendor: &str) -> Self {
        self.with("vendor", vendor)
    }

    /// On this resource.
    pub fn resource(self, resource: &str) -> Self {
        self.with("resource", resource)
    }

    /// With these arguments.
    pub fn args(self, args: Value) -> Self {
        self.with("args", args)
    }

    /// Asks.
    pub async fn send(self) -> Verified {
        Verified(self.http.post("/v1/verify", &self.body).send().await)
    }
}

/// The answer to a question.
#[derive(Clone, Debug)]
pub struct Verified(pub Reply);

impl Verified {
    /// Demands a yes.
    #[track_caller]
    pub fn allowed(self) -> Self {
        assert_eq!(self.0.status, 200, "{}", self.0.text());
        assert_eq!(self.0.at("/allowed"), json!(true), "{}", self.0.text());
        assert_eq!(self.0.at("/decision"), json!("allow"), "{}", self.0.text());
        self
    }

    /// Demands a no for this reason.
    #[track_caller]
    pub fn denied(self, reason: Reason) -> Self {
        assert_eq!(self.0.status, 200, "{}", self.0.text());
        assert_eq!(self.0.at("/allowed"), json!(false), "{}", self.0.text());
        assert_eq!(self.0.at("/decision"), json!("deny"), "{}", self.0.text());
        assert_eq!(self.0.at("/code"), json!(reason.code()), "{}", self.0.text());
        assert!(!self.0.text_at("/reason").is_empty() && !self.0.text_at("/fix").is_empty());
        self
    }

    /// Demands that it waits for a person; gives the approval's id.
    #[track_caller]
    pub fn waits(self) -> String {
        assert_eq!(self.0.at("/decision"), json!("needs_approval"), "{}", self.0.text());
        assert_eq!(self.0.at("/allowed"), json!(false), "{}", self.0.text());
        self.0.text_at("/approvalId")
    }

    /// The request's id, which answer and header agree on.
    #[must_use]
    #[track_caller]
    pub fn request_id(&self) -> RequestId {
        let id = self.0.request_id();
        assert_eq!(self.0.text_at("/requestId"), id.to_string());
        id
    }
}
