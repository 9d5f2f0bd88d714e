//! What the commands say to the person at the terminal.

use std::io::Write as _;

/// One line on standard output. A reader that has left, such as `head`, is no fault of ours.
pub(crate) fn line(text: &str) {
    writeln!(std::io::stdout(), "{text}").ok();
}

/// One line on standard error.
#[expect(clippy::print_stderr, reason = "this is how a command complains")]
pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}
