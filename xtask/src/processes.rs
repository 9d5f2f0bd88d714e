//! Running programs and hearing what they say.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;

/// Announces a step, so that a log reads as a list of what was done.
pub(crate) fn step(text: &str) {
    eprintln!("xtask: {text}");
}

/// Something that a person must not overlook, though it does not fail.
pub(crate) fn loud(text: &str) {
    eprintln!("xtask: !!! {text}");
}

/// Runs to the end with our own output; fails if the program does.
pub(crate) fn must(command: &mut Command) -> Outcome<()> {
    let status = command.status().map_err(|error| format!("cannot start {}: {error}", shown(command)))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{} ended with {status}", shown(command)))
}

/// The same, tried three times: registries have bad moments.
pub(crate) fn must_within_three(command: &mut Command) -> Outcome<()> {
    for attempt in 1..3 {
        match must(command) {
            Ok(()) => return Ok(()),
            Err(reason) => loud(&format!("attempt {attempt} of 3: {reason}")),
        }
        std::thread::sleep(std::time::Duration::from_secs(5 * attempt));
    }
    must(command)
}

/// Runs quietly and gives what the program printed; none if it is missing or fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The program's full path, if `PATH` has it.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// `PATH` with one more folder in front.
pub(crate) fn path_with(folder: &Path) -> OsString {
    let mut path = OsString::from(folder);
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    path
}

/// Who we are, as the kernel says it.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|us| us.uid() == 0)
}

/// The cargo that started us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
