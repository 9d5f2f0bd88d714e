//! What the operator asks of the house at the terminal. Where a server runs, which alone may write to its database, it
//! answers, through files in the data folder; otherwise the command answers itself. Who can write to the data folder
//! may ask.

use super::{Problem, clients, links, serve};
use crate::{
    config::Settings,
    say,
    wire::{self, House},
};
use procura_app::App;
use procura_model::{Error, Result};
use std::{path::Path, process::ExitCode};

/// The file in the data folder by which a running server is asked.
const ASK_FILE: &str = "link.request";
/// The file in which it answers.
const REPLY_FILE: &str = "link.reply";
/// What the first line of an answer is.
const YES: &str = "yes";
const NO: &str = "no";

/// What is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A one-time link.
    Link(links::Wanted),
    /// Something of the clients of the deployment.
    Clients(clients::Wanted),
}

impl Wanted {
    fn written(&self) -> String {
        match self {
            Self::Link(wanted) => format!("link {}", wanted.written()),
            Self::Clients(wanted) => format!("clients {}", wanted.written()),
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text.split_once(' ')? {
            ("link", rest) => Some(Self::Link(links::Wanted::read(rest))),
            ("clients", rest) => clients::Wanted::read(rest).map(Self::Clients),
            _ => None,
        }
    }

    async fn answer(&self, app: &App) -> Result<String> {
        match self {
            Self::Link(wanted) => Ok(wanted.make(app).await?.show().to_owned()),
            Self::Clients(wanted) => wanted.answer(app).await,
        }
    }

    /// Why there is no answer, and the next step.
    fn refusal(&self, error: &Error) -> String {
        let next = match self {
            Self::Link(_) => links::next_step(error),
            Self::Clients(_) => clients::next_step(error),
        };
        format!("{} {next}", error.sentence())
    }
}

/// Asks, and prints the answer.
pub(super) async fn ask(settings: Settings, wanted: &Wanted) -> std::result::Result<ExitCode, Problem> {
    let data_dir = settings.data_dir.clone();
    if !data_dir.is_dir() {
        say::complain(&format!(
            "procura: there is no data folder {}; start the server first, or name its folder with --data-dir",
            data_dir.display()
        ));
        return Ok(ExitCode::FAILURE);
    }
    match wire::build(settings).await {
        Ok(house) => {
            let answer = wanted.answer(&house.app).await;
            serve::close(&house).await;
            match answer {
                Ok(text) => Ok(told(&format!("{YES}\n{text}"))),
                Err(error @ Error::Refused(_)) => Ok(told(&format!("{NO}\n{}", wanted.refusal(&error)))),
                Err(error) => Err(error.into()),
            }
        }
        Err(error) if procura_store::is_in_use(&error) => ask_running_server(&data_dir, wanted).await,
        Err(error) => Err(error.into()),
    }
}

/// Says an answer.
fn told(answer: &str) -> ExitCode {
    match answer.split_once('\n') {
        Some((YES, text)) => {
            say::line(text.trim_end());
            ExitCode::SUCCESS
        }
        Some((_, text)) => {
            say::complain(&format!("procura: {}", text.trim_end()));
            ExitCode::FAILURE
        }
        None => ExitCode::FAILURE,
    }
}

/// Leaves a request in the data folder, which only the operator can write to, and waits for the answer.
async fn ask_running_server(data_dir: &Path, wanted: &Wanted) -> std::result::Result<ExitCode, Problem> {
    let machine = |source| Problem::Machine { doing: "ask the running server".to_owned(), source };
    let (ask, reply) = (data_dir.join(ASK_FILE), data_dir.join(REPLY_FILE));
    let _ = std::fs::remove_file(&reply);
    // Written elsewhere first: nobody must read half of it.
    let draft = data_dir.join("link.draft");
    std::fs::write(&draft, wanted.written()).map_err(machine)?;
    std::fs::rename(&draft, &ask).map_err(machine)?;
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
    for _ in 0..100 {
        ticks.tick().await;
        if let Ok(text) = std::fs::read_to_string(&reply) {
            let _ = std::fs::remove_file(&reply);
            return Ok(told(&text));
        }
    }
    let _ = std::fs::remove_file(&ask);
    say::complain("procura: another process uses the database and did not answer in 10 seconds");
    Ok(ExitCode::FAILURE)
}

/// Answers requests while the server runs.
pub(super) fn answer(house: &House, data_dir: std::path::PathBuf) {
    let app = house.app.clone();
    house.app.jobs.spawn_until_stop(async move {
        let ask = data_dir.join(ASK_FILE);
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(500));
        loop {
            ticks.tick().await;
            let Ok(wanted) = tokio::fs::read_to_string(&ask).await else { continue };
            if tokio::fs::remove_file(&ask).await.is_err() {
                continue;
            }
            let text = match Wanted::read(&wanted) {
                None => {
                    format!("{NO}\nThe running server does not know this command: it is of another version.")
                }
                Some(wanted) => match wanted.answer(&app).await {
                    Ok(text) => format!("{YES}\n{text}"),
                    Err(error) => format!("{NO}\n{}", wanted.refusal(&error)),
                },
            };
            if let Err(error) = write_private(&data_dir, &text) {
                tracing::error!(error = %error, "the answer cannot be handed over");
            }
        }
    });
}

fn write_private(data_dir: &Path, text: &str) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let draft = data_dir.join("link.reply.draft");
    let _ = std::fs::remove_file(&draft);
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    out.write_all(text.as_bytes())?;
    std::fs::rename(&draft, data_dir.join(REPLY_FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let id = || "https://tool.example/client.json".parse().unwrap();
        for wanted in [
            Wanted::Link(links::Wanted::SetUp),
            Wanted::Link(links::Wanted::Owner("ada@example.com".to_owned())),
            Wanted::Clients(clients::Wanted::List),
            Wanted::Clients(clients::Wanted::Disable(id())),
            Wanted::Clients(clients::Wanted::Enable(id())),
        ] {
            assert_eq!(Wanted::read(&wanted.written()), Some(wanted));
        }
        for other in ["", "ada@example.com", "clients", "clients remove cli_x", "clients disable x"] {
            assert_eq!(Wanted::read(other), None, "{other}");
        }
    }
}
