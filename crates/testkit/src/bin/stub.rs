//! Starts the recording stub and prints its address as the first line.
//!
//! `stub [--port N] [--era both|modern|legacy] [--record full|count]`

use std::io::{self, Write as _};

use procura_testkit::fixture::Eras;
use procura_testkit::stub::{Options, Recording, serve};
use tokio::net::TcpListener;

fn main() -> io::Result<()> {
    let (port, options) = read(std::env::args().skip(1))?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let mut stub = serve(listener, options)?;
        let mut out = io::stdout();
        writeln!(out, "{}", stub.url())?;
        out.flush()?;
        stub.join().await
    })
}

fn read(mut arguments: impl Iterator<Item = String>) -> io::Result<(u16, Options)> {
    let (mut port, mut options) = (0, Options::default());
    while let Some(flag) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        match (flag.as_str(), value.as_str()) {
            ("--port", _) => port = value.parse().map_err(|_| wrong(&value))?,
            ("--era", "both") => options.eras = Eras::Both,
            ("--era", "modern") => options.eras = Eras::Modern,
            ("--era", "legacy") => options.eras = Eras::Legacy,
            ("--record", "full") => options.recording = Recording::Full,
            ("--record", "count") => options.recording = Recording::Count,
            _ => return Err(wrong(&format!("{flag} {value}"))),
        }
    }
    Ok((port, options))
}

fn wrong(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("cannot use the argument {text:?}"))
}
