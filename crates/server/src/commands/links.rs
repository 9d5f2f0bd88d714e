//! `procura setup-link` and `procura owner-link`: one-time links on the terminal of the operator, for the first owner and
//! for an owner who lost the password. They are made by the running server where there is one, which alone may write to
//! its database, or directly. Who can write to the data folder may ask.

use super::{Problem, serve};
use crate::{
    config::Settings,
    say,
    wire::{self, House},
};
use procura_app::{App, onboarding, recovery};
use procura_model::{Error, Reason, Result, ShownOnce};
use std::{path::Path, process::ExitCode};

/// The file in the data folder by which a running server is asked: the address of an owner, or nothing for set-up.
const ASK_FILE: &str = "link.request";
/// The file in which it answers: the link, or why there is none.
const REPLY_FILE: &str = "link.reply";

/// Which link is wanted.
#[derive(Debug)]
pub(super) enum Wanted {
    /// For the first owner.
    SetUp,
    /// For the owner of this address.
    Owner(String),
}

impl Wanted {
    fn written(&self) -> &str {
        match self {
            Self::SetUp => "",
            Self::Owner(email) => email.trim(),
        }
    }

    fn read(text: &str) -> Self {
        if text.is_empty() { Self::SetUp } else { Self::Owner(text.to_owned()) }
    }

    async fn make(&self, app: &App) -> Result<ShownOnce> {
        match self {
            Self::SetUp => onboarding::setup_link(app).await,
            Self::Owner(email) => recovery::owner_link(app, email).await,
        }
    }
}

/// Why there is no link, and the next step.
fn refusal(error: &Error) -> String {
    let next = match error.reason() {
        Reason::SetupDone => "If the owner lost the password: procura owner-link EMAIL",
        Reason::NotFound => {
            "Name the address of an owner; others are invited anew by an owner, under Settings."
        }
        reason => reason.fix(),
    };
    format!("{} {next}", error.sentence())
}

/// Prints a link.
pub(super) async fn print(settings: Settings, wanted: &Wanted) -> std::result::Result<ExitCode, Problem> {
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
            let link = wanted.make(&house.app).await;
            serve::close(&house).await;
            match link {
                Ok(link) => Ok(told(link.show())),
                Err(error @ Error::Refused(_)) => Ok(told(&refusal(&error))),
                Err(error) => Err(error.into()),
            }
        }
        Err(error) if procura_store::is_in_use(&error) => ask_running_server(&data_dir, wanted).await,
        Err(error) => Err(error.into()),
    }
}

/// Says a link, or why there is none.
fn told(text: &str) -> ExitCode {
    if text.starts_with("http") {
        say::line(text);
        ExitCode::SUCCESS
    } else {
        say::complain(&format!("procura: {text}"));
        ExitCode::FAILURE
    }
}

/// Leaves a request in the data folder, which only the operator can write to, and waits for the answer.
async fn ask_running_server(data_dir: &Path, wanted: &Wanted) -> std::result::Result<ExitCode, Problem> {
    let machine = |source| Problem::Machine { doing: "ask the running server".to_owned(), source };
    let (ask, reply) = (data_dir.join(ASK_FILE), data_dir.join(REPLY_FILE));
    let _ = std::fs::remove_file(&reply);
    // Written elsewhere first: the server must not read half of it.
    let draft = data_dir.join("link.draft");
    std::fs::write(&draft, wanted.written()).map_err(machine)?;
    std::fs::rename(&draft, &ask).map_err(machine)?;
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
    for _ in 0..100 {
        ticks.tick().await;
        if let Ok(text) = std::fs::read_to_string(&reply)
            && text.ends_with('\n')
        {
            let _ = std::fs::remove_file(&reply);
            return Ok(told(text.trim()));
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
            let text = match Wanted::read(&wanted).make(&app).await {
                Ok(link) => format!("{}\n", link.show()),
                Err(error) => format!("{}\n", refusal(&error)),
            };
            if let Err(error) = write_private(&data_dir.join(REPLY_FILE), &text) {
                tracing::error!(error = %error, "the link cannot be handed over");
            }
        }
    });
}

fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    out.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_was_written_and_a_refusal_names_the_next_step() {
        for wanted in [Wanted::SetUp, Wanted::Owner("ada@example.com".to_owned())] {
            assert_eq!(format!("{:?}", Wanted::read(wanted.written())), format!("{wanted:?}"));
        }
        assert!(refusal(&Reason::SetupDone.into()).contains("procura owner-link"));
    }
}
