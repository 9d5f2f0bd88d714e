//! Starts the conformance upstream and prints its address as the first line.
//!
//! `fixture [--port N] [--era both|modern|legacy] [--key-header 'Name: value']`

use std::io::{self, Write as _};

use axum::http::{HeaderName, HeaderValue};
use procura_testkit::fixture::{Eras, Options, serve_with};
use tokio::net::TcpListener;

fn main() -> io::Result<()> {
    let (port, options) = read(std::env::args().skip(1))?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let mut out = io::stdout();
        writeln!(out, "http://{}/mcp", listener.local_addr()?)?;
        out.flush()?;
        serve_with(listener, options).await?
    })
}

fn read(mut arguments: impl Iterator<Item = String>) -> io::Result<(u16, Options)> {
    let (mut port, mut options) = (0, Options::default());
    while let Some(flag) = arguments.next() {
        let value = arguments.next().ok_or_else(|| wrong(&flag))?;
        match flag.as_str() {
            "--port" => port = value.parse().map_err(|_| wrong(&value))?,
            "--era" => options.eras = era(&value)?,
            "--key-header" => options.required_header = Some(key_header(&value)?),
            _ => return Err(wrong(&flag)),
        }
    }
    Ok((port, options))
}

fn era(value: &str) -> io::Result<Eras> {
    match value {
        "both" => Ok(Eras::Both),
        "modern" => Ok(Eras::Modern),
        "legacy" => Ok(Eras::Legacy),
        _ => Err(wrong(value)),
    }
}

fn key_header(value: &str) -> io::Result<(HeaderName, HeaderValue)> {
    let (name, value) = value.split_once(':').ok_or_else(|| wrong(value))?;
    let name = name.trim().parse().map_err(|_| wrong(name))?;
    let value = HeaderValue::from_str(value.trim()).map_err(|_| wrong(value))?;
    Ok((name, value))
}

fn wrong(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("cannot use the argument {text:?}"))
}
