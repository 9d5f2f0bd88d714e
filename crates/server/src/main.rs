//! The `procura` binary: commands, configuration, wiring.

mod commands;
mod config;
mod demo;
mod say;
mod telemetry;
mod wire;

use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// One server between AI agents and everything they touch.
#[derive(Parser)]
#[command(
    name = "procura",
    version,
    after_help = "Examples:\n  procura demo                    see the whole story in a minute\n  procura serve                   run it here, with no configuration\n  procura connect claude-code     the snippet for your client\n  procura check url http://169.254.169.254/"
)]
struct Cli {
    /// The configuration file; procura.toml in this folder where absent.
    #[arg(long, global = true, env = "PROCURA_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    overrides: config::Overrides,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve,
    /// Show the main job with a demo agent and a demo tool server, over real sockets.
    Demo(demo::DemoArgs),
    /// Print the configuration in force and where each value comes from.
    Config,
    /// Print a new one-time link for the first owner, while there is none.
    SetupLink,
    /// Print a one-time link by which an owner who lost the password sets a new one.
    OwnerLink {
        /// The address with which the owner signs in.
        email: String,
    },
    /// Look after the OAuth clients that registered themselves or are named by a document.
    Clients {
        #[command(subcommand)]
        command: commands::clients::ClientsCommand,
    },
    /// Print the snippet that connects a client.
    Connect(commands::connect::ConnectArgs),
    /// Run one gate offline, the same code as the server's.
    Check(commands::check::CheckArgs),
    /// Print the OpenAPI document.
    Openapi,
    /// Print the table of error codes as Markdown.
    Errors,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say::complain(&format!("procura: cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(commands::run(cli.command, cli.config.as_deref(), &cli.overrides)) {
        Ok(code) => code,
        Err(problem) => {
            say::complain(&format!("procura: {problem}"));
            ExitCode::FAILURE
        }
    }
}
