//! `procura-bench`: how fast Procura is, said as a ratio against bare programs measured in the same minutes.
//!
//! A number of requests per second says more about a machine than about a program. So every run starts the bare ceilings
//! (one axum handler; the same with a durable insert; one reverse proxy) beside the server under test, loads them in turns, and
//! reports CPU time for each request, which is steadier than throughput. Every server is a process of its own.

mod ceilings;
mod cerbos;
mod committer;
mod constant_time;
mod flat;
mod http;
mod load;
mod measure;
mod oauth;
mod process;
mod redact;
mod revoke;
mod runs;
mod screen;
mod seed;
mod settings;
mod simulate;
mod specimens;
mod table;
mod texts;
mod tokens;
mod users;

use std::process::ExitCode;

use settings::Settings;

const HELP: &str = "\
Measures Procura against bare ceilings, in turns, on this machine.

USAGE
    cargo run --release -p procura-bench -- COMMAND [FLAGS]

COMMANDS
    ceilings    only the bare programs: what this machine can do
    verify      POST /v1/verify with a durable record, against a bare durable insert
    gateway     tools/call with every gate and a 4 KB result, against a bare reverse proxy
    start       start to first answer with 10,000 keys, idle memory, size of the binary
    users       verifying users' tokens, each method's pure part against the signature check alone
    revoke      how soon 500 open streams of a user end when the user is revoked
    cerbos      the eight decisions of AuthZEN's certification: verify and evaluation, recorded, against Cerbos, not recorded
    oauth       tokens, introspection and refresh, against bare programs and oidc-provider
    flat        verify with 10 to 10,000 permissions in the organization, and of one agent
    simulate    replaying 1,000,000 recorded decisions
    screen      the injection scanner by size and kind of text, one thread
    redact      taking secrets out of texts, ordinary and hostile: MB/s of one thread
    constant-time  whether the time of a signature check tells how far a guess was right; 10^6 samples each
    all         everything that needs a server

FLAGS
    --procura PATH       the binary under test                     (target/release/procura)
    --connections N      keep-alive connections of the load        (16)
    --seconds N          length of one run                         (3)
    --runs N             runs of each subject, taken in turns      (5)
    --data DIR           where databases go                        (a folder below the temporary one)
    --cerbos PATH        Cerbos's program; `npm install --prefix target/peers cerbos` brings it
                         (target/peers/node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64)
    --peers DIR          where npm put oidc-provider; `npm install --prefix target/peers oidc-provider`
                                                                   (target/peers)
    --node PATH          Node, which runs it                       (node)
    --rows N             how many decisions are simulated          (1000000)

EXAMPLE
    cargo build --release && cargo run --release -p procura-bench -- all --seconds 10
";

/// What went wrong, in a sentence.
pub(crate) type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("procura-bench: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Outcome<()> {
    let Some((command, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(());
    };
    match command.as_str() {
        // The bench starts itself under these names; nobody else needs them.
        "serve" => ceilings::serve(rest),
        "ceilings" => runs::ceilings(&Settings::read(rest)?),
        "verify" => runs::verify(&Settings::read(rest)?),
        "gateway" => runs::gateway(&Settings::read(rest)?),
        "start" => runs::start(&Settings::read(rest)?),
        "users" => users::users(&Settings::read(rest)?),
        "revoke" => revoke::revoke(&Settings::read(rest)?),
        "cerbos" => cerbos::cerbos(&Settings::read(rest)?),
        "oauth" => oauth::oauth(&Settings::read(rest)?),
        "flat" => flat::flat(&Settings::read(rest)?),
        "simulate" => simulate::simulate(&Settings::read(rest)?),
        "screen" => screen::screen(),
        "redact" => redact::redact(),
        "constant-time" => constant_time::constant_time(),
        "all" => runs::all(&Settings::read(rest)?),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no command `{other}`; --help lists them")),
    }
}
