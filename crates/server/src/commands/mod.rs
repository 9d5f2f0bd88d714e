//! One file per command; this one chooses.

pub(crate) mod check;
pub(crate) mod clients;
mod config;
pub(crate) mod connect;
mod desk;
mod links;
pub(crate) mod serve;

use crate::{
    Command,
    config::{ConfigError, Overrides, Settings},
    demo, say, telemetry,
};
use procura_model::Error;
use std::{path::Path, process::ExitCode};

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The configuration cannot be used.
    #[error("the configuration cannot be used: {0}")]
    Config(#[from] ConfigError),
    /// A journey refused or broke.
    #[error("{}", describe(.0))]
    House(Error),
    /// The machine refused.
    #[error("{doing}: {source}")]
    Machine {
        /// What was being done.
        doing: String,
        /// What the machine said.
        source: std::io::Error,
    },
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::House(error)
    }
}

/// At the terminal of the operator a fault may say everything.
fn describe(error: &Error) -> String {
    match error {
        Error::Refused(refusal) => {
            format!("{} [{}]\n  next: {}", refusal.sentence(), refusal.reason.code(), refusal.reason.fix())
        }
        Error::Fault(fault) => format!("{fault:?}"),
    }
}

/// Runs one command.
pub(crate) async fn run(
    command: Command,
    file: Option<&Path>,
    overrides: &Overrides,
) -> Result<ExitCode, Problem> {
    match command {
        Command::Serve => {
            let settings = Settings::load(file, overrides)?;
            telemetry::start(&settings.log);
            serve::run(settings).await
        }
        Command::Demo(args) => {
            telemetry::start("warn");
            demo::run(overrides, &args).await
        }
        Command::Config => config::run(file, overrides),
        Command::SetupLink => {
            desk::ask(Settings::load(file, overrides)?, &desk::Wanted::Link(links::Wanted::SetUp)).await
        }
        Command::OwnerLink { email } => {
            let wanted = desk::Wanted::Link(links::Wanted::Owner(email));
            desk::ask(Settings::load(file, overrides)?, &wanted).await
        }
        Command::Clients { command } => {
            desk::ask(Settings::load(file, overrides)?, &desk::Wanted::Clients(command.into())).await
        }
        Command::Connect(args) => connect::run(&Settings::load(file, overrides)?, &args),
        Command::Check(args) => check::run(args, file, overrides).await,
        Command::Openapi => {
            say::line(procura_web::openapi::document().trim_end());
            Ok(ExitCode::SUCCESS)
        }
        Command::Errors => {
            say::line(procura_web::errors_markdown().trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}
