//! Trains the screening model and measures it. Features come from the server's own code; corpora are read where they lie.

mod calibrate;
mod card;
mod corpus;
mod evaluate;
mod letters;
mod loso;
mod prepared;
mod prose;
mod recipe;
mod svm;
mod table;
mod training;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Trains and measures the model that screens texts for prompt injection.
#[derive(Parser)]
#[command(name = "procura-trainer", after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  procura-trainer loso --data train.jsonl --data dev.jsonl
  procura-trainer train --data train.jsonl --data dev.jsonl --check dev.jsonl --out crates/screen/model
  procura-trainer eval --model crates/screen/model/inject.bin --data dev.jsonl

A record is one line of JSON: {\"text\",\"label\":0|1,\"channel\":\"prompt\"|\"tool_result\",\"source\",\"licence\",\"family\",\"lang\",\"obf\"?}";

#[derive(Subcommand)]
enum Command {
    /// Trains on all data and writes inject.bin, MODEL_CARD.md and ATTRIBUTION.md.
    Train {
        /// A file of records; may be given several times.
        #[arg(long, required = true)]
        data: Vec<PathBuf>,
        /// One of the files again: a second model that has not seen it is measured on it for the card.
        #[arg(long)]
        check: Option<PathBuf>,
        /// The folder to write to.
        #[arg(long)]
        out: PathBuf,
        /// The order of samples; the same data and seed give the same file, bit for bit.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Holds out one group of sources at a time and prints what a model without it makes of it.
    Loso {
        /// A file of records; may be given several times.
        #[arg(long, required = true)]
        data: Vec<PathBuf>,
        /// The order of samples.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Prints so many benign texts of each source that the model finds gravest, and as many attacks that it lets pass.
        #[arg(long, default_value_t = 0)]
        show: usize,
    },
    /// Prints recall and false positives by source, rules included.
    Eval {
        /// A file of records; may be given several times.
        #[arg(long, required = true)]
        data: Vec<PathBuf>,
        /// A model file; without it the model that the program carries is asked.
        #[arg(long)]
        model: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Train { data, check, out, seed } => training::train(&data, check.as_deref(), &out, seed),
        Command::Loso { data, seed, show } => training::loso(&data, seed, show),
        Command::Eval { data, model } => evaluate::print(&data, model.as_deref()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("procura-trainer: {problem}");
            ExitCode::FAILURE
        }
    }
}
