//! `procura serve`.

use super::{Problem, desk};
use crate::{
    config::Settings,
    say,
    wire::{self, House},
};
use procura_app::{oauth::keys, onboarding};
use procura_model::Result;
use procura_web::WebState;
use std::{net::SocketAddr, process::ExitCode};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

pub(super) async fn run(settings: Settings) -> std::result::Result<ExitCode, Problem> {
    let listen = settings.listen;
    let listener = bind(listen).await?;
    let data_dir = settings.data_dir.clone();
    let house = wire::build(settings).await?;
    greet(&house, listen).await?;
    desk::answer(&house, data_dir);
    let stop = house.app.jobs.stopping();
    let signalled = house.app.jobs.stopping();
    house.app.jobs.spawn(async move {
        terminated().await;
        signalled.cancel();
    });
    // So that whoever fetches the keys finds one; where none can be made now, the first who asks makes it.
    if let Err(error) = keys::published(&house.app, house.app.now()).await {
        tracing::warn!(%error, "the keys of access tokens could not be made ready");
    }
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
    if let Some(opinion) = &house.app.settings.second_opinion {
        say::line(&format!("  screens   {}", opinion.in_words()));
    }
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
