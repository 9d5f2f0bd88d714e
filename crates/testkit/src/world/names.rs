//! The names that a world's way out can resolve: those that the test points somewhere, and no other.

use parking_lot::Mutex;
use procura_egress::Resolver;
use std::{collections::HashMap, net::IpAddr, sync::Arc};

/// Names and their addresses.
#[derive(Clone, Debug, Default)]
pub struct Names(Arc<Mutex<HashMap<String, Vec<IpAddr>>>>);

impl Names {
    /// Points a name at an address.
    pub fn point(&self, name: &str, address: impl Into<IpAddr>) {
        self.0.lock().insert(name.to_owned(), vec![address.into()]);
    }

    pub(super) fn resolver(&self) -> Resolver {
        let names = self.clone();
        Resolver::fixed(move |name| names.0.lock().get(name).cloned().unwrap_or_default())
    }
}
