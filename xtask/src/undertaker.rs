//! Nothing that we start outlives us.
//!
//! A Ctrl-C, a panic or even `kill -9` must not leave a PostgreSQL behind. Signals cannot be caught with the standard
//! library alone, so the cleaning is done by a small shell beside us, in a process group of its own, that reads a pipe
//! which only we hold. We tell it what we own; when the pipe closes, for whatever reason, it ends those process groups
//! (interrupt, then kill) and removes those folders. It touches nothing that it was not told.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use crate::Outcome;

const SCRIPT: &str = r#"
trap '' INT TERM HUP
groups=''
paths=''
while read -r word value; do
    case $word in
        own) groups="$groups $value" ;;
        ended) groups=$(for group in $groups; do [ "$group" = "$value" ] || printf '%s ' "$group"; done) ;;
        remove) paths="$paths $value" ;;
    esac
done
for group in $groups; do kill -s INT -- "-$group" 2>/dev/null; done
turns=0
while [ "$turns" -lt 100 ]; do
    left=''
    for group in $groups; do kill -s 0 -- "-$group" 2>/dev/null && left=yes; done
    [ -z "$left" ] && break
    sleep 0.1
    turns=$((turns + 1))
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
for path in $paths; do rm -rf -- "$path"; done
"#;

/// The shell beside us, and the pipe that it watches.
pub(crate) struct Undertaker {
    shell: Child,
    pipe: Option<ChildStdin>,
    /// What runs until the end; we must reap it, or it would still answer as a zombie.
    kept: Vec<Child>,
}

impl Undertaker {
    pub(crate) fn start() -> Outcome<Self> {
        let mut shell = Command::new("/bin/sh")
            .arg("-c")
            .arg(SCRIPT)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start /bin/sh: {error}"))?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe, kept: Vec::new() })
    }

    /// Starts a program in a process group of its own, which ends with us.
    pub(crate) fn spawn(&mut self, command: &mut Command) -> Outcome<Child> {
        let child = command
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start {:?}: {error}", command.get_program()))?;
        self.tell("own", &child.id().to_string())?;
        Ok(child)
    }

    /// Starts a program that runs until we end.
    pub(crate) fn keep(&mut self, command: &mut Command) -> Outcome<()> {
        let child = self.spawn(command)?;
        self.kept.push(child);
        Ok(())
    }

    /// Forgets a program that has ended, so that its number is never signalled again.
    pub(crate) fn has_ended(&mut self, child: &Child) -> Outcome<()> {
        self.tell("ended", &child.id().to_string())
    }

    /// A file or folder of ours to remove at the end. Paths with white space are refused: the shell splits at it.
    pub(crate) fn remove_at_end(&mut self, path: &Path) -> Outcome<()> {
        let text = path.to_str().unwrap_or_default();
        if text.is_empty() || text.contains(char::is_whitespace) {
            return Err(format!(
                "the temporary folder {path:?} has white space in its name; set TMPDIR to another"
            ));
        }
        self.tell("remove", text)
    }

    fn tell(&mut self, word: &str, value: &str) -> Outcome<()> {
        let Some(pipe) = self.pipe.as_mut() else {
            return Ok(());
        };
        writeln!(pipe, "{word} {value}").map_err(|error| format!("the undertaker is gone: {error}"))
    }
}

impl Drop for Undertaker {
    fn drop(&mut self) {
        drop(self.pipe.take());
        while let Ok(None) = self.shell.try_wait() {
            for child in &mut self.kept {
                // A failure here means that it is gone already.
                let _ = child.try_wait();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn what_was_started_ends_and_what_was_made_is_removed() {
        let folder = std::env::temp_dir().join(format!("procura-undertaker-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let mut undertaker = Undertaker::start().unwrap();
        undertaker.remove_at_end(&folder).unwrap();
        undertaker.keep(Command::new("sleep").arg("600")).unwrap();
        let sleeper = undertaker.kept[0].id();
        let began = Instant::now();
        drop(undertaker);
        assert!(began.elapsed() < Duration::from_secs(5));
        assert!(!Path::new(&format!("/proc/{sleeper}")).exists());
        assert!(!folder.exists());
    }

    #[test]
    fn a_program_that_ended_is_not_signalled_again() {
        let mut undertaker = Undertaker::start().unwrap();
        let mut sleeper = undertaker.spawn(Command::new("sleep").arg("600")).unwrap();
        undertaker.has_ended(&sleeper).unwrap();
        drop(undertaker);
        assert!(sleeper.try_wait().unwrap().is_none());
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
    }
}
