//! A real process that is killed while it writes.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use audit_log::{Note, Verdict};
use support::{Host, report};

const DIRECTORY: &str = "AUDIT_LOG_TEST_DIRECTORY";

#[test]
#[ignore = "the process that the next test starts and kills"]
fn writes_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let host = std::mem::ManuallyDrop::new(Host::at(Path::new(&directory)));
    let mut log = host.start();
    for number in 0.. {
        log.command(number);
        if number % 16 == 0 {
            log.note();
        }
    }
}

#[test]
fn a_kill_while_records_are_written_leaves_a_prefix_that_is_reported_as_such() {
    let host = Host::new("killed");
    let mut written = 0;
    for round in 1..=5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_killed", "--ignored"])
            .env(DIRECTORY, host.directory())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while fs::metadata(host.file()).map_or(0, |file| file.len()) < written + 20_000 * round {
            assert!(Instant::now() < deadline, "the process does not write");
            thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let log = fs::read(host.file()).unwrap();
        written = log.len() as u64;
        let found = report(&[&log], &[]);
        assert!(matches!(found.verdict, Verdict::Unended | Verdict::Torn), "{found:?}");
        assert_eq!((found.faults_count, found.runs), (0, round));
    }
    host.run_to_end(|log| log.command(1));
    let found = report(&[&fs::read(host.file()).unwrap()], &[]);
    assert_eq!((found.verdict, found.faults_count), (Verdict::Ended, 0), "{found:?}");
    let killed = found
        .notes
        .iter()
        .filter(|note| matches!(note.what, Note::Killed { .. }));
    assert_eq!(killed.count(), 5);
}
