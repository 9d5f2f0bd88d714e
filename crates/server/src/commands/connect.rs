//! `procura connect <client>`: the snippet for a client, with the live URL.

use super::Problem;
use crate::{config::Settings, say};
use procura_web::snippets::{Client, snippet};
use std::process::ExitCode;

/// What `procura connect` is told.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  procura connect claude-code\n  procura connect curl --key pca_...\n\nThe key is made in the console under Agents; without --key the snippet holds a placeholder."
)]
pub(crate) struct ConnectArgs {
    /// The client: claude-code, claude-desktop, cursor, vscode, codex, curl, python or typescript.
    client: String,
    /// The agent's key; it is put into the snippet as it stands.
    #[arg(long)]
    key: Option<String>,
}

pub(super) fn run(settings: &Settings, args: &ConnectArgs) -> Result<ExitCode, Problem> {
    let Some(client) = Client::ALL.into_iter().find(|client| client.as_str() == args.client) else {
        let known: Vec<_> = Client::ALL.iter().map(|client| client.as_str()).collect();
        say::complain(&format!(
            "procura: there is no client {}; known are: {}",
            args.client,
            known.join(", ")
        ));
        return Ok(ExitCode::from(2));
    };
    say::line(&snippet(client, &settings.app.public_url, args.key.as_deref()));
    Ok(ExitCode::SUCCESS)
}
