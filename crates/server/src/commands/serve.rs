//! `procura serve`, and `procura setup-link`.

use super::Problem;
use crate::{
    config::Settings,
    say,
    wire::{self, House},
};
use procura_app::onboarding;
use procura_model::Result;
use procura_web::WebState;
use std::{net::SocketAddr, process::ExitCode};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// The file in the data folder by which `procura setup-link` asks a running server.
const ASK_FILE: &str = "setup-link.request";

pub(super) async fn run(settings: Settings) -> std::result::Result<ExitCode, Problem> {
    let listen = settings.listen;
    let listener = bind(listen).await?;
    let data_dir = settings.data_dir.clone();
    let house = wire::build(settings).await?;
    greet(&house, listen).await?;
    answer_setup_requests(&house, data_dir);
    let stop = house.app.jobs.stopping();
    let signalled = house.app.jobs.stopping();
    house.app.jobs.spawn(async move {
        terminated().await;
        signalled.cancel();
    });
    let state = WebState::new(house.app.clone(), house.gateway.clone());
    procura_web::serve(listener, state, stop.cancelled_owned()).await?;
    close(&house).await;
    Ok(ExitCode::SUCCESS)
}

/// Listens; a port that is taken is said with what to do.
pub(crate) async fn bind(listen: SocketAddr) -> std::result::Result<TcpListener, Problem> {
    TcpListener::bind(listen).await.map_err(|source| Problem::Machine {
        doing: format!(
            "cannot listen on {listen} (is it in use? choose another with --listen 127.0.0.1:PORT)"
        ),
        source,
    })
}

/// Lets everything come to its end.
pub(crate) async fn close(house: &House) {
    house.gateway.shutdown().await;
    house.app.jobs.shutdown().await;
    // Last uses that were only noted so far.
    procura_app::jobs::upkeep(&house.app).await;
    house.app.store.close().await;
}

pub(crate) async fn terminated() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

async fn greet(house: &House, listen: SocketAddr) -> Result<()> {
    let url = &house.app.settings.public_url;
    say::line(&format!("Procura listens on {listen}"));
    say::line(&format!("  console   {url}/"));
    say::line(&format!("  MCP       {url}/v1/mcp"));
    say::line(&format!("  API       {url}/openapi.json"));
    for warning in &house.warnings {
        say::line(warning);
    }
    if onboarding::is_set_up(&house.app).await? {
        say::line(&format!("Next: {}", connect(url)));
        return Ok(());
    }
    let link = onboarding::setup_link(&house.app).await?;
    say::line("");
    say::line("There is no owner yet. Open this link once, within 24 hours, to become the owner:");
    say::line(&format!("  {}", link.show()));
    say::line(&format!("Next: open the link, then run: {}", connect(url)));
    Ok(())
}

/// The command that prints a client's snippet for this server; the URL is said where it is not the
/// one that `connect` takes by itself, because flags and environment of this process are not known there.
pub(crate) fn connect(url: &str) -> String {
    if url == "http://127.0.0.1:8700" {
        return "procura connect claude-code".to_owned();
    }
    format!("procura connect claude-code --public-url {url}")
}

/// Prints a new set-up link: by the running server where there is one, which alone may write to its
/// database, or directly.
pub(super) async fn setup_link(settings: Settings) -> std::result::Result<ExitCode, Problem> {
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
            let link = onboarding::setup_link(&house.app).await;
            close(&house).await;
            say::line(link?.show());
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if procura_store::is_in_use(&error) => ask_running_server(&data_dir).await,
        Err(error) => Err(error.into()),
    }
}

/// Leaves a request in the data folder, which only the operator can write to, and waits for the answer.
async fn ask_running_server(data_dir: &std::path::Path) -> std::result::Result<ExitCode, Problem> {
    let machine = |source| Problem::Machine { doing: "ask the running server".to_owned(), source };
    let (ask, reply) = (data_dir.join(ASK_FILE), data_dir.join("setup-link.reply"));
    let _ = std::fs::remove_file(&reply);
    std::fs::write(&ask, "").map_err(machine)?;
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
    for _ in 0..100 {
        ticks.tick().await;
        if let Ok(text) = std::fs::read_to_string(&reply)
            && text.ends_with('\n')
        {
            let _ = std::fs::remove_file(&reply);
            let is_link = text.starts_with("http");
            if is_link {
                say::line(text.trim())
            } else {
                say::complain(&format!("procura: {}", text.trim()))
            }
            return Ok(if is_link { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    let _ = std::fs::remove_file(&ask);
    say::complain("procura: another process uses the database and did not answer in 10 seconds");
    Ok(ExitCode::FAILURE)
}

/// Answers `procura setup-link` while the server runs.
fn answer_setup_requests(house: &House, data_dir: std::path::PathBuf) {
    let app = house.app.clone();
    house.app.jobs.spawn_until_stop(async move {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(500));
        loop {
            ticks.tick().await;
            if tokio::fs::remove_file(data_dir.join(ASK_FILE)).await.is_err() {
                continue;
            }
            let text = match onboarding::setup_link(&app).await {
                Ok(link) => format!("{}\n", link.show()),
                Err(error) => format!("{}\n", error.sentence()),
            };
            if let Err(error) = write_private(&data_dir.join("setup-link.reply"), &text) {
                tracing::error!(error = %error, "the set-up link cannot be handed over");
            }
        }
    });
}

fn write_private(file: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    out.write_all(text.as_bytes())
}
