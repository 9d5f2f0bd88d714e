//! The command blocks of the README are run as they stand: every block marked `sh`, in order, in one folder, with the
//! built binary in the place of `cargo run --release --`.

use procura_store::testing::Folder;
use procura_testkit::{
    process::{binary, command, skipped, workspace},
    world::{Http, Seen},
};
use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

/// The blocks of a document that are marked `sh`.
fn blocks(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match (&mut open, line.trim_end()) {
            (None, "```sh") => open = Some(String::new()),
            (Some(_), "```") => found.extend(open.take()),
            (Some(block), line) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, _) => {}
        }
    }
    found
}

/// A shell that runs a block in this folder; what listens, listens on this port.
fn shell(folder: &Path, block: &str, port: u16) -> Command {
    let script = block
        .replace("cargo run --release --", &binary().display().to_string())
        .replace(":8700", &format!(":{port}"));
    let is_one = script.lines().filter(|line| !line.trim().is_empty()).count() == 1;
    let is_plain = is_one && !script.contains(['|', '&', ';']);
    let script = if is_plain { format!("exec {script}") } else { script };
    let cleared = command(folder);
    let mut shell = Command::new("bash");
    for (name, value) in cleared.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.args(["-euo", "pipefail", "-c", &script]).current_dir(folder).stdin(Stdio::null());
    shell.env("PROCURA_LISTEN", format!("127.0.0.1:{port}"));
    shell
}

fn ran(mut shell: Command) -> Output {
    shell.output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_blocks_of_the_readme_do_what_they_say() {
    let Ok(text) = std::fs::read_to_string(workspace().join("README.md")) else {
        return skipped("the README's blocks", "there is no README.md");
    };
    let found = blocks(&text);
    assert!(found.len() >= 3, "the README shows {} blocks marked sh", found.len());
    let folder = Folder::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for block in found {
        if block.contains("xtask") || block.contains(".ci/run") || block.contains("git clone") {
            continue;
        }
        if block.contains("-- serve") {
            serves(shell(folder.path(), &block, port), port, &block).await;
            continue;
        }
        let began = Instant::now();
        let ended = ran(shell(folder.path(), &block, port));
        let said =
            format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(ended.status.success(), "{block} ended with {}:\n{said}", ended.status);
        assert!(!said.trim().is_empty(), "{block} says nothing");
        assert!(began.elapsed() < Duration::from_secs(90), "{block} took {:?}", began.elapsed());
    }
}

/// A block that stays up: it answers within ten seconds.
async fn serves(mut shell: Command, port: u16, block: &str) {
    let mut child = shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let http = Http::new(&format!("http://127.0.0.1:{port}"), Seen::default());
    let began = Instant::now();
    let mut is_ready = false;
    while !is_ready && began.elapsed() < Duration::from_secs(10) {
        is_ready = http.get("/readyz").try_send().await.is_ok_and(|reply| reply.status == 200);
        let _pause = tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>()).await;
    }
    // Ended before anything is judged, so that a failure leaves nothing behind.
    let _dead = child.kill();
    let _gone = child.wait();
    assert!(is_ready, "{block} does not answer on port {port}");
}

#[test]
fn a_block_is_found_by_its_mark() {
    let text = "a\n```sh\necho 1\n```\n```json\n{}\n```\n```sh\necho 2\necho 3\n```\n";
    assert_eq!(blocks(text), ["echo 1\n", "echo 2\necho 3\n"]);
}
