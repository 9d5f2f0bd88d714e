//! A server under test: a process of its own, its CPU time, its memory, and its end.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Outcome;

/// Linux counts CPU time for programs in hundredths of a second, whatever the kernel's own tick is.
const TICK_MICROS: u64 = 10_000;

/// Ends with its value.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts this very program as one of the ceilings; it says where it listens.
    pub(crate) fn ceiling(words: &[&str]) -> Outcome<Self> {
        let us = std::env::current_exe().map_err(|error| format!("where are we? {error}"))?;
        // The pipe is how the child learns that we are gone, also after kill -9.
        let mut child = Command::new(us)
            .arg("serve")
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start a ceiling: {error}"))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .map_err(|error| format!("a ceiling said nothing: {error}"))?;
        }
        let address = line.trim().strip_prefix("listening ").and_then(|address| address.parse().ok());
        match address {
            Some(address) => Ok(Self { child, address }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("the ceiling {words:?} did not start"))
            }
        }
    }

    /// Starts Procura on a free port; whether it answers is asked separately.
    pub(crate) fn procura(binary: &Path, data: &Path) -> Outcome<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .map_err(|error| format!("no free port: {error}"))?;
        let log =
            std::fs::File::create(data.join("serve.log")).map_err(|error| format!("no log: {error}"))?;
        let errors = log.try_clone().map_err(|error| format!("no log: {error}"))?;
        let child = Command::new(binary)
            .arg("serve")
            .arg("--data-dir")
            .arg(data)
            .arg("--listen")
            .arg(address.to_string())
            .current_dir(data)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", binary.display()))?;
        Ok(Self { child, address })
    }

    /// Starts another program that listens there; whether it answers is asked separately.
    pub(crate) fn other(command: &mut Command, address: SocketAddr, log: &Path) -> Outcome<Self> {
        let name = command.get_program().display().to_string();
        let file = std::fs::File::create(log).map_err(|error| format!("no log: {error}"))?;
        let errors = file.try_clone().map_err(|error| format!("no log: {error}"))?;
        let child = command.stdin(Stdio::null()).stdout(file).stderr(errors).spawn();
        Ok(Self { child: child.map_err(|error| format!("cannot start {name}: {error}"))?, address })
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// User and system time so far, all threads, of the program and of everything that it started.
    pub(crate) fn cpu_micros(&self) -> Outcome<u64> {
        let own = cpu_micros_of(&self.child.id().to_string())?;
        let children = descendants(self.child.id());
        // One that has just ended is counted no more.
        Ok(own + children.iter().filter_map(|id| cpu_micros_of(&id.to_string()).ok()).sum::<u64>())
    }

    /// Resident memory now.
    pub(crate) fn resident_bytes(&self) -> Outcome<u64> {
        self.memory("VmRSS:")
    }

    /// The most resident memory that it had at once.
    pub(crate) fn most_resident_bytes(&self) -> Outcome<u64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> Outcome<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|value| value.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
            .map(|kilobytes| kilobytes * 1024)
            .ok_or_else(|| format!("{path} has no {name}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The bench's own user and system time so far, all threads.
pub(crate) fn own_cpu_micros() -> Outcome<u64> {
    cpu_micros_of("self")
}

fn cpu_micros_of(process: &str) -> Outcome<u64> {
    let path = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    cpu_ticks(&text).map(|ticks| ticks * TICK_MICROS).ok_or_else(|| format!("cannot read {path}"))
}

/// Everything that a process started, and what that started.
fn descendants(root: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let parents: Vec<(u32, u32)> = ids.filter_map(|id| Some((id, parent_of(id)?))).collect();
    let mut found = vec![root];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
        at += 1;
    }
    found.split_off(1)
}

fn parent_of(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

/// Fields 14 and 15; the name before them is in parentheses and may hold spaces.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_child_started_belongs_to_it() {
        let mut child = Command::new("sh").args(["-c", "sleep 5 & wait"]).spawn().unwrap();
        let began = std::time::Instant::now();
        while descendants(std::process::id()).len() < 2 && began.elapsed().as_secs() < 4 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let (ours, of_child) = (descendants(std::process::id()), descendants(child.id()));
        for id in &of_child {
            let _ = Command::new("kill").arg(id.to_string()).status();
        }
        let _ = child.kill();
        let _ = child.wait();
        assert_eq!(of_child.len(), 1, "{of_child:?}");
        assert!(ours.contains(&child.id()) && of_child.iter().all(|id| ours.contains(id)));
    }

    #[test]
    fn cpu_time_is_read_past_a_name_with_spaces() {
        let stat = "42 (a b) c) S 1 42 42 0 -1 4194560 100 0 0 0 7 5 0 0 20 0 1 0 100 1000 10";
        assert_eq!(cpu_ticks(stat), Some(12));
        assert_eq!(cpu_ticks("nonsense"), None);
    }
}
