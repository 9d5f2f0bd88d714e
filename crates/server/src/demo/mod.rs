//! `procura demo`: the main job in five steps, over real sockets. Procura, a demo tool server and a
//! demo agent run in this process; what happens between them is what happens in production, through
//! the same gates and into the same record. Nothing outside this machine is touched.

mod agent;
mod business;
mod house;
mod story;
mod upstream;

use crate::{
    commands::{Problem, serve::connect},
    config::Overrides,
    say,
};
use std::process::ExitCode;

/// What `procura demo` is told.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  procura demo\n  procura demo --exit --json")]
pub(crate) struct DemoArgs {
    /// End after the story, with status 0 only if every step went as told.
    #[arg(long)]
    exit: bool,
    /// Print each step as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the demo.
pub(crate) async fn run(overrides: &Overrides, args: &DemoArgs) -> Result<ExitCode, Problem> {
    let demo = house::open(overrides).await?;
    if !args.json {
        say::line(&format!("Procura runs at {}, a demo tool server at {}.", demo.url(), demo.upstream_url));
        say::line("A demo agent now asks for five things:\n");
    }
    let told = story::tell(&demo, args.json).await?;
    let link = demo.sign_in_link().await?;
    if args.json {
        say::line(
            &serde_json::json!({
                "console": link.show(), "shop": demo.shop_url, "sandbox": format!("{}/sandbox", demo.url()), "asTold": told,
            })
            .to_string(),
        );
    } else if args.exit {
        say::line(
            "\nIt ends here. To open the traces, run it without --exit: it stays up and prints a link that signs you in.",
        );
    } else {
        say::line(&format!(
            "\nLook at it in the console (this link signs you in once, for 15 minutes):\n  {}",
            link.show()
        ));
    }
    if !args.exit {
        if !args.json {
            say::line(&format!(
                "Try it in the sandbox (no sign-in, nothing real):\n  {}/sandbox\n\
                 A shop with the widget and customers of its own:\n  {}\n\
                 Procura stays up. Connect your own client:  {}\nPress Ctrl-C to end.",
                demo.url(),
                demo.shop_url,
                connect(demo.url())
            ));
        }
        demo.stay().await;
    }
    demo.close().await;
    if !args.json && !told {
        say::complain("procura: the story did not go as told; see the lines marked !!");
    }
    Ok(if told { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
