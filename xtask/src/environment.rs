//! The variables by which tests learn what there is for them. This is the only list of them.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::services::Services;
use crate::tools::Tools;

/// Names and values for the programs that we start.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    pub(crate) variables: Vec<(&'static str, OsString)>,
}

impl Environment {
    pub(crate) fn set(&mut self, name: &'static str, value: impl AsRef<OsStr>) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.as_ref().to_owned()));
    }

    pub(crate) fn value(&self, name: &str) -> Option<&OsStr> {
        self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_os_str())
    }

    fn set_if(&mut self, name: &'static str, value: Option<impl AsRef<OsStr>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    pub(crate) fn services(&mut self, services: &Services) {
        self.set_if("TEST_POSTGRES_URL", services.postgres_url.as_ref());
        self.set_if("TEST_REDIS_URL", services.redis_url.as_ref());
    }

    pub(crate) fn tools(&mut self, tools: &Tools) {
        self.set_if("PROCURA_TEST_NODE", tools.node.as_ref());
        self.set_if("PROCURA_TEST_CLIENTS", tools.clients.as_ref());
        self.set_if("PROCURA_TEST_PYTHON", tools.python.as_ref());
        self.set_if("PROCURA_TEST_CHROMIUM", tools.chromium.as_ref());
    }

    /// The published corpora lie beside the repository, unless the caller has them elsewhere.
    pub(crate) fn corpora(&mut self, root: &Path) {
        let beside = root.join("../shared/data");
        match std::env::var_os("PROCURA_CORPORA") {
            Some(elsewhere) => self.set("PROCURA_CORPORA", elsewhere),
            None if beside.is_dir() => {
                self.set("PROCURA_CORPORA", beside.canonicalize().unwrap_or(beside));
            }
            None => crate::processes::loud("no corpora beside the repository: tests on them will skip"),
        }
    }
}

/// As lines that a shell can take.
pub(crate) fn print_for_shell(environment: &Environment) {
    for (name, value) in &environment.variables {
        println!("export {name}='{}'", value.to_string_lossy());
    }
}
