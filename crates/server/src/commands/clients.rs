//! `procura clients`: the OAuth clients of the deployment, which registered themselves or are named by a document. An
//! organization blocks one for itself; for everybody the operator disables it.

use clap::Subcommand;
use procura_app::{App, oauth::clients::deployment};
use procura_model::{Client, ClientId, Error, PageAsk, Reason, Result};

/// What to do with them.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ClientsCommand {
    /// List the clients that registered themselves or are named by a document.
    List,
    /// Disable one everywhere: it gets no token from its next request on, and what it has ends.
    Disable {
        /// Its client id: cli_.., or the URL of its document.
        client: ClientId,
    },
    /// Let a disabled one ask again; people must let it in anew.
    Enable {
        /// Its client id: cli_.., or the URL of its document.
        client: ClientId,
    },
}

/// What is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of them.
    List,
    /// This one is to get no tokens.
    Disable(ClientId),
    /// This one is to get tokens again.
    Enable(ClientId),
}

impl From<ClientsCommand> for Wanted {
    fn from(command: ClientsCommand) -> Self {
        match command {
            ClientsCommand::List => Self::List,
            ClientsCommand::Disable { client } => Self::Disable(client),
            ClientsCommand::Enable { client } => Self::Enable(client),
        }
    }
}

impl Wanted {
    pub(super) fn written(&self) -> String {
        match self {
            Self::List => "list".to_owned(),
            Self::Disable(client) => format!("disable {client}"),
            Self::Enable(client) => format!("enable {client}"),
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            None if text == "list" => Some(Self::List),
            Some(("disable", client)) => client.parse().ok().map(Self::Disable),
            Some(("enable", client)) => client.parse().ok().map(Self::Enable),
            _ => None,
        }
    }

    pub(super) async fn answer(&self, app: &App) -> Result<String> {
        match self {
            Self::List => list(app).await,
            Self::Disable(client) => {
                let client = deployment::disable_everywhere(app, client).await?;
                Ok(format!("Disabled everywhere: {} ({}).", client.id, client.name))
            }
            Self::Enable(client) => {
                let client = deployment::enable_everywhere(app, client).await?;
                Ok(format!("Enabled: {} ({}). People let it in anew.", client.id, client.name))
            }
        }
    }
}

async fn list(app: &App) -> Result<String> {
    let mut lines = Vec::new();
    let mut ask = PageAsk::default();
    loop {
        let page = deployment::list_all(app, &ask).await?;
        lines.extend(page.items.iter().map(line));
        let Some(next) = page.next_cursor else { break };
        ask = PageAsk::new(Some(next), None);
    }
    if lines.is_empty() {
        return Ok("No client has registered itself or was named by a document.".to_owned());
    }
    Ok(lines.join("\n"))
}

fn line(client: &Client) -> String {
    let state = match (client.disabled_at, client.used_at) {
        (Some(at), _) => format!("disabled {at}"),
        (None, Some(at)) => format!("used {at}"),
        (None, None) => "never used".to_owned(),
    };
    format!("{}  {}  {state}  {}", client.id, client.kind.as_str(), client.name)
}

/// What to do where it could not be done.
pub(super) fn next_step(error: &Error) -> &'static str {
    match error.reason() {
        Reason::NotFound => {
            "See `procura clients list`. A client of an organization is disabled by its own people, under OAuth clients."
        }
        reason => reason.fix(),
    }
}
