//! What every handler can reach. Cloned per request, so it holds nothing but shared pointers.

use ipnet::IpNet;
use procura_app::App;
use procura_gateway::Gateway;
use std::{net::IpAddr, sync::Arc};

/// The state of the web server.
#[derive(Clone)]
pub struct WebState {
    /// The journeys and what they need.
    pub app: Arc<App>,
    /// The tools.
    pub gateway: Arc<Gateway>,
    proxies: Arc<[IpNet]>,
}

impl WebState {
    /// The state over these two; the trusted proxies are read from the settings once.
    #[must_use]
    pub fn new(app: Arc<App>, gateway: Arc<Gateway>) -> Self {
        let proxies = app.settings.trusted_proxies.iter().filter_map(|text| network(text)).collect();
        Self { app, gateway, proxies }
    }

    /// Whether this peer's word about who is behind it is believed (decisions 22).
    #[must_use]
    pub fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&address))
    }
}

/// A network such as `10.0.0.0/8`, or one address. What is neither trusts nobody.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_by_network_or_by_address() {
        assert_eq!(network("10.0.0.0/8"), Some("10.0.0.0/8".parse().unwrap()));
        assert_eq!(network("::1"), Some("::1/128".parse().unwrap()));
        assert_eq!(network("everybody"), None);
    }
}
