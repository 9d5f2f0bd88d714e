//! The commands that train.

use std::path::{Path, PathBuf};

use procura_screen::inject::Scanner;
use procura_screen::inject::model::{Calibration, Half, Model, Side};

use crate::corpus::{self, FOLDS, Record};
use crate::loso::{self, Outcome};
use crate::prepared::{Lessons, Prepared};
use crate::recipe::{self, Settings};
use crate::{card, evaluate, prose, table};

/// Both sides, one source held out at a time.
pub(crate) struct Held {
    /// The names of the groups.
    pub(crate) groups: Vec<String>,
    /// Prompts and arguments.
    pub(crate) inside: Outcome,
    /// Results and descriptions.
    pub(crate) outside: Outcome,
}

/// A model, and what the training showed.
pub(crate) struct Trained {
    /// The model.
    pub(crate) model: Model,
    /// What its thresholds rest on.
    pub(crate) held: Held,
}

/// Trains and writes everything.
pub(crate) fn train(data: &[PathBuf], check: Option<&Path>, out: &Path, seed: u64) -> Result<(), String> {
    // Before the long work: what cannot be written must not be found out after it.
    std::fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    let records = with_prose(corpus::read(data)?, seed);
    let trained = train_on(&records, seed)?;
    let checked = check.map(|file| check_on(data, file, seed)).transpose()?;
    let file = trained.model.write();
    let model = Model::read(&file).map_err(|error| error.to_string())?;
    let write = |name: &str, content: &[u8]| {
        std::fs::write(out.join(name), content)
            .map_err(|error| format!("{}: {error}", out.join(name).display()))
    };
    write("inject.bin", &file)?;
    write(
        "MODEL_CARD.md",
        card::card(&trained, &model.version, &records, checked.as_ref(), file.len()).as_bytes(),
    )?;
    write("ATTRIBUTION.md", card::attribution(&records).as_bytes())?;
    println!("{}", card::tables(&trained.held));
    println!("model {} of {} bytes in {}", model.version, file.len(), out.display());
    Ok(())
}

/// Prints what a model makes of sources that it has not seen, and so many texts of each where it errs most.
pub(crate) fn loso(data: &[PathBuf], seed: u64, show: usize) -> Result<(), String> {
    let records = with_prose(corpus::read(data)?, seed);
    let (lessons, groups) = lessons(&records)?;
    let held = hold_out(&lessons, &groups, seed)?;
    println!("{}", card::tables(&held));
    if show > 0 {
        for outcome in [&held.inside, &held.outside] {
            println!("{}", table::errors(outcome, &held.groups, &records, show));
        }
    }
    Ok(())
}

/// Our own prose is learned from beside every corpus.
fn with_prose(mut records: Vec<Record>, seed: u64) -> Vec<Record> {
    records.extend(prose::records(seed));
    records
}

/// Trains without a file and judges the file.
fn check_on(data: &[PathBuf], file: &Path, seed: u64) -> Result<evaluate::Report, String> {
    let others: Vec<&PathBuf> = data.iter().filter(|other| other.as_path() != file).collect();
    if others.is_empty() || others.len() == data.len() {
        return Err(format!("--check {} must be one of several files of --data", file.display()));
    }
    eprintln!("once more, without {}", file.display());
    let trained = train_on(&with_prose(corpus::read(&others)?, seed), seed)?;
    let scanner = Scanner::with_model(trained.model).map_err(|error| error.to_string())?;
    Ok(evaluate::judge(&corpus::read(&[file])?, &scanner))
}

fn lessons(records: &[Record]) -> Result<(Lessons, Vec<String>), String> {
    let scanner = Scanner::rules_only().map_err(|error| error.to_string())?;
    let lessons = Lessons::new(records, &scanner, |at, of| eprint!("\rfeatures {at} of {of}  "));
    eprintln!("\rfeatures of {} texts  ", lessons.all.len());
    let groups = lessons.groups.clone();
    Ok((lessons, groups))
}

fn hold_out(lessons: &Lessons, groups: &[String], seed: u64) -> Result<Held, String> {
    let side = |side, name: &str| {
        let progress = |fold| eprint!("\r{name}: holding out {} of {FOLDS}  ", fold + 1);
        let outcome = loso::hold_out(lessons, side, &Settings::of(side), seed, progress)?;
        eprintln!();
        Ok::<_, String>(outcome)
    };
    Ok(Held {
        groups: groups.to_vec(),
        inside: side(Side::Inside, "prompts")?,
        outside: side(Side::Outside, "tool results")?,
    })
}

fn train_on(records: &[Record], seed: u64) -> Result<Trained, String> {
    let (lessons, groups) = lessons(records)?;
    let whole = |side| -> Half {
        let seen: Vec<&Prepared> = lessons.all.iter().collect();
        recipe::train(&seen, side, &Settings::of(side), seed)
    };
    let (mut inside, mut outside) = (whole(Side::Inside), whole(Side::Outside));
    let held = hold_out(&lessons, &groups, seed)?;
    loso::share(&mut inside, &held.inside.shares);
    loso::share(&mut outside, &held.outside.shares);
    let (prompt, result) = (held.inside.calibration, held.outside.calibration);
    let calibrations: [Calibration; 4] = [prompt, prompt, result, result];
    let model = Model { inside, outside, calibrations, version: String::new() };
    Ok(Trained { model, held })
}

/// The table of a side, for the card.
pub(crate) fn side_table(held: &Held, side: Side) -> String {
    match side {
        Side::Inside => table::table(&held.inside, &held.groups),
        Side::Outside => table::table(&held.outside, &held.groups),
    }
}
