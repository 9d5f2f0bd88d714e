//! What the commands say to the person at the terminal.

/// One line on standard output.
#[expect(clippy::print_stdout, reason = "this is how a command answers")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// One line on standard error.
#[expect(clippy::print_stderr, reason = "this is how a command complains")]
pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}
