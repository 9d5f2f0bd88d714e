//! What the operator allows beyond the public internet, and denies within it (`decisions.md` 25).
//! An allowed private host is named with organization, port and purpose: no other organization,
//! and no URL that serves another purpose, can use it. Nothing here can open a metadata address.

use crate::{
    ranges::{self, Reach},
    url::{Host, Target},
};
use ipnet::IpNet;
use procura_model::TenantId;
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, str::FromStr};

/// Why something is reached. A rule opens a host for one of these, so that, for example, the
/// address of a webhook can never reach what was opened for a tool server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A tool server or HTTP tool behind the gateway.
    ToolServer,
    /// A key set that verifies users' tokens.
    Jwks,
    /// An identity callback of a business.
    Callback,
    /// A receiver of events.
    Webhook,
    /// A client id metadata document. Loopback is never open to it.
    ClientMetadata,
    /// An identity provider or authorization server: discovery, tokens.
    Identity,
    /// A model endpoint, classifier or other service that the deployment itself uses.
    Model,
    /// `procura check url` and the test button of a form.
    Check,
}

impl Purpose {
    /// Every purpose, with its name in configuration.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::ToolServer, "tool_server"),
        (Self::Jwks, "jwks"),
        (Self::Callback, "callback"),
        (Self::Webhook, "webhook"),
        (Self::ClientMetadata, "client_metadata"),
        (Self::Identity, "identity"),
        (Self::Model, "model"),
        (Self::Check, "check"),
    ];

    /// Whether whoever stands between could pass himself off as somebody: then the host must prove itself.
    pub(crate) const fn needs_tls(self) -> bool {
        match self {
            Self::Jwks | Self::Callback => true,
            Self::ToolServer
            | Self::Webhook
            | Self::ClientMetadata
            | Self::Identity
            | Self::Model
            | Self::Check => false,
        }
    }
}

impl FromStr for Purpose {
    type Err = RulesError;

    fn from_str(text: &str) -> Result<Self, RulesError> {
        let named = Self::ALL.iter().find(|(_, name)| *name == text);
        named.map(|(purpose, _)| *purpose).ok_or(RulesError::Purpose)
    }
}

/// For whom and what for something is reached. Pooled connections are never shared across lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lane {
    /// The organization; none is the deployment itself.
    pub tenant: Option<TenantId>,
    /// The purpose.
    pub purpose: Purpose,
}

impl Lane {
    /// A lane of one organization.
    #[must_use]
    pub fn of(tenant: TenantId, purpose: Purpose) -> Self {
        Self { tenant: Some(tenant), purpose }
    }

    /// A lane of the deployment itself.
    #[must_use]
    pub fn own(purpose: Purpose) -> Self {
        Self { tenant: None, purpose }
    }
}

/// The word for the deployment itself.
const DEPLOYMENT: &str = "deployment";

/// Whose use an allowed host is for: `"*"`, `"deployment"` or an organization's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Every organization and the deployment itself.
    Everyone,
    /// The deployment itself, and no organization.
    Deployment,
    /// One organization.
    Only(TenantId),
}

impl Whom {
    fn covers(self, tenant: Option<TenantId>) -> bool {
        match self {
            Self::Everyone => true,
            Self::Deployment => tenant.is_none(),
            Self::Only(owner) => tenant == Some(owner),
        }
    }
}

impl FromStr for Whom {
    type Err = RulesError;

    fn from_str(text: &str) -> Result<Self, RulesError> {
        if text == "*" {
            return Ok(Self::Everyone);
        }
        if text == DEPLOYMENT {
            return Ok(Self::Deployment);
        }
        text.parse().map(Self::Only).map_err(|_| RulesError::Tenant)
    }
}

impl<'de> Deserialize<'de> for Whom {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Whom {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Everyone => s.serialize_str("*"),
            Self::Deployment => s.serialize_str(DEPLOYMENT),
            Self::Only(tenant) => tenant.serialize(s),
        }
    }
}

/// One host that the operator opens, as the configuration writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedHost {
    /// For whom.
    pub tenant: Whom,
    /// A name or an address, without port.
    pub host: String,
    /// The one port.
    pub port: u16,
    /// The one purpose.
    pub purpose: Purpose,
}

/// A rule that cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The host is not a plain name or address.
    #[error("an allowed host must be a plain host name or IP address, without scheme, port or path")]
    Host,
    /// The port is zero.
    #[error("an allowed host needs a port from 1 to 65535")]
    Port,
    /// A metadata address or name was named.
    #[error("a cloud metadata address can not be allowed for anybody")]
    Metadata,
    /// The address has no use, such as multicast or documentation.
    #[error("this address is neither public, private nor loopback and can not be allowed")]
    Closed,
    /// Loopback was named for client metadata.
    #[error("loopback can not be allowed for client metadata documents")]
    ClientMetadataLoopback,
    /// The purpose is unknown.
    #[error(
        "unknown purpose: use tool_server, jwks, callback, webhook, client_metadata, identity, model or check"
    )]
    Purpose,
    /// The organization is neither `*` nor an id.
    #[error("tenant must be \"*\" or the id of an organization")]
    Tenant,
}

#[derive(Debug, Clone)]
struct Allowed {
    whom: Whom,
    host: Host,
    port: u16,
    purpose: Purpose,
}

/// The operator's rules, checked. The default opens nothing but the public internet.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    allowed: Vec<Allowed>,
    denied: Vec<IpNet>,
}

impl Rules {
    /// Checks and keeps the rules; `denied` closes further blocks, for everybody.
    pub fn new(allowed: &[AllowedHost], denied: Vec<IpNet>) -> Result<Self, RulesError> {
        let allowed = allowed.iter().map(Allowed::checked).collect::<Result<_, _>>()?;
        Ok(Self { allowed, denied })
    }

    /// Whether the operator opened this host and port for this lane.
    #[must_use]
    pub fn opens(&self, target: &Target, lane: Lane) -> bool {
        self.allowed.iter().any(|rule| {
            rule.purpose == lane.purpose
                && rule.port == target.port()
                && rule.host == *target.host()
                && rule.whom.covers(lane.tenant)
        })
    }

    /// Whether the operator closed this address.
    #[must_use]
    pub fn denies(&self, address: IpAddr) -> bool {
        let embedded = ranges::embedded(address);
        self.denied.iter().any(|block| {
            block.contains(&address) || embedded.is_some_and(|inner| block.contains(&IpAddr::V4(inner)))
        })
    }
}

impl Allowed {
    fn checked(raw: &AllowedHost) -> Result<Self, RulesError> {
        let host = Host::parse(raw.host.trim()).map_err(|_| RulesError::Host)?;
        if raw.port == 0 {
            return Err(RulesError::Port);
        }
        if host.is_metadata_name() {
            return Err(RulesError::Metadata);
        }
        let reach = host.address().map(|address| ranges::verdict(address).reach);
        match reach {
            Some(Reach::Metadata) => return Err(RulesError::Metadata),
            Some(Reach::Closed) => return Err(RulesError::Closed),
            Some(Reach::Global | Reach::Private | Reach::Loopback) | None => {}
        }
        let is_loopback = reach == Some(Reach::Loopback) || host.is_localhost();
        if is_loopback && raw.purpose == Purpose::ClientMetadata {
            return Err(RulesError::ClientMetadataLoopback);
        }
        Ok(Self { whom: raw.tenant, host, port: raw.port, purpose: raw.purpose })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(host: &str, purpose: Purpose) -> AllowedHost {
        AllowedHost { tenant: Whom::Everyone, host: host.to_owned(), port: 8080, purpose }
    }

    #[test]
    fn a_rule_names_a_plain_host_that_may_be_opened() {
        let refused = |host, purpose| Rules::new(&[rule(host, purpose)], vec![]).err();
        assert_eq!(refused("tools.internal", Purpose::ToolServer), None);
        assert_eq!(refused("::1", Purpose::ToolServer), None);
        assert_eq!(refused("169.254.169.254", Purpose::ToolServer), Some(RulesError::Metadata));
        assert_eq!(refused("metadata.google.internal", Purpose::ToolServer), Some(RulesError::Metadata));
        assert_eq!(refused("224.0.0.1", Purpose::ToolServer), Some(RulesError::Closed));
        assert_eq!(refused("http://x.internal", Purpose::ToolServer), Some(RulesError::Host));
        assert_eq!(refused("127.1", Purpose::ToolServer), Some(RulesError::Host));
        for host in ["127.0.0.1", "localhost", "::1"] {
            let error = refused(host, Purpose::ClientMetadata);
            assert_eq!(error, Some(RulesError::ClientMetadataLoopback), "{host}");
        }
    }

    #[test]
    fn what_is_opened_for_the_deployment_is_opened_for_no_organization() {
        let tenant = TenantId::new(procura_model::Time::from_ms(1), &procura_model::Entropy::seeded(1));
        assert!(Whom::Deployment.covers(None) && !Whom::Deployment.covers(Some(tenant)));
        assert!(Whom::Everyone.covers(None) && Whom::Only(tenant).covers(Some(tenant)));
        assert!(!Whom::Only(tenant).covers(None));
        for whom in [Whom::Everyone, Whom::Deployment, Whom::Only(tenant)] {
            let word = serde_json::to_value(whom).unwrap();
            assert_eq!(word.as_str().unwrap().parse(), Ok(whom));
        }
    }

    #[test]
    fn every_purpose_reads_back_from_its_name() {
        for (purpose, name) in Purpose::ALL {
            assert_eq!(name.parse::<Purpose>(), Ok(*purpose));
            assert_eq!(serde_json::to_value(purpose).unwrap(), *name);
        }
    }
}
