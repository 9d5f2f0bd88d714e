//! What the command line says, with defaults.

use std::path::PathBuf;
use std::time::Duration;

use crate::Outcome;

/// How to measure, and what.
pub(crate) struct Settings {
    pub(crate) procura: PathBuf,
    pub(crate) connections: usize,
    pub(crate) length: Duration,
    pub(crate) runs: usize,
    pub(crate) data: PathBuf,
    /// Cerbos's own program.
    pub(crate) cerbos: PathBuf,
    /// How many decisions are simulated.
    pub(crate) rows: usize,
    /// The folder of peers that came by npm.
    pub(crate) peers: PathBuf,
    /// Node, which runs them.
    pub(crate) node: PathBuf,
}

impl Settings {
    pub(crate) fn read(arguments: &[String]) -> Outcome<Self> {
        let mut settings = Self {
            procura: PathBuf::from("target/release/procura"),
            connections: 16,
            length: Duration::from_secs(3),
            runs: 5,
            data: std::env::temp_dir().join(format!("procura-bench-{}", std::process::id())),
            cerbos: PathBuf::from("target/peers/node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64"),
            rows: 1_000_000,
            peers: PathBuf::from("target/peers"),
            node: PathBuf::from("node"),
        };
        let mut words = arguments.iter();
        while let Some(flag) = words.next() {
            let value = words.next().ok_or_else(|| format!("{flag} wants a value"))?;
            match flag.as_str() {
                "--procura" => settings.procura = PathBuf::from(value),
                "--connections" => settings.connections = number(flag, value)?,
                "--seconds" => settings.length = Duration::from_secs(number(flag, value)? as u64),
                "--runs" => settings.runs = number(flag, value)?,
                "--data" => settings.data = PathBuf::from(value),
                "--cerbos" => settings.cerbos = PathBuf::from(value),
                "--peers" => settings.peers = PathBuf::from(value),
                "--node" => settings.node = PathBuf::from(value),
                "--rows" => settings.rows = number(flag, value)?,
                _ => return Err(format!("unknown flag {flag}; --help lists them")),
            }
        }
        Ok(settings)
    }
}

fn number(flag: &str, value: &str) -> Outcome<usize> {
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{flag} wants a number above 0, not {value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_change_the_defaults_and_nonsense_is_refused() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let settings = Settings::read(&words("--connections 8 --seconds 10")).unwrap();
        assert_eq!((settings.connections, settings.length), (8, Duration::from_secs(10)));
        assert_eq!(settings.runs, 5);
        assert!(Settings::read(&words("--runs 0")).is_err());
        assert!(Settings::read(&words("--fast 1")).is_err());
        assert!(Settings::read(&words("--runs")).is_err());
    }
}
