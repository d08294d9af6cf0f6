#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use super::*;
use crate::gate::{OnFailure, Places};
use crate::key::SessionKey;

/// A program that adds nothing.
struct Plain;

/// A record of the request `r1`.
struct Entry(Ticket);

impl Queued for Entry {
    fn ticket(&self) -> Ticket {
        self.0
    }

    fn ended(&self) -> SystemTime {
        SystemTime::now()
    }

    fn with<T>(&self, act: impl FnOnce(&Command<'_>) -> T) -> T {
        act(&Command {
            request_id: Some("r1"),
            outcome: "ok",
            ..Command::default()
        })
    }
}

impl Program for Plain {
    type Entry = Entry;
    type Watch = ();
    type Beside = ();
    type Request = NoRequest;

    const PAUSE: Option<Duration> = None;

    fn say(&self, _event: Notice<'_>) {}

    fn moved(&mut self, (): ()) {}

    fn take(&mut self, request: NoRequest) -> Next {
        match request {}
    }
}

fn thread(device: &str) -> Thread<Plain> {
    let file = OpenOptions::new().append(true).open(device).unwrap();
    let log = AuditLog::plain(file, false, SessionKey::new(&[1; 32]), "test");
    let places = Places {
        reserved: 1024,
        waiting: 1024,
    };
    Thread::new(Plain, log, Arc::new(Gate::new(OnFailure::Block, places, ())), 1000)
}

fn entry(gate: &Gate<()>) -> Box<Entry> {
    let is_admitted = gate.admits();
    Box::new(Entry(gate.ticket(is_admitted).unwrap()))
}

fn place(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("audit-thread-{name}-{}", std::process::id()))
}

fn empty(path: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(path).unwrap()
}

/// A device of which the system cannot say that anything reached a disk.
#[test]
fn a_file_that_the_disk_may_have_lost_blocks_until_another_one_takes_its_place() {
    let mut thread = thread("/dev/null");
    let gate = Arc::clone(&thread.gate);
    thread.record(entry(&gate));
    thread.anchor();
    assert!(!gate.admits());
    // Records can be written, which makes up for nothing.
    thread.retry(Instant::now() + RETRY);
    assert!(thread.catch_up() && !gate.admits());
    let path = place("doubtful");
    thread.moved(empty(&path), ());
    assert!(gate.admits());
    std::fs::remove_file(path).unwrap();
}

#[test]
fn records_that_are_given_up_at_the_end_are_counted_before_it() {
    let mut thread = thread("/dev/full");
    let gate = Arc::clone(&thread.gate);
    thread.record(entry(&gate));
    assert!(!gate.admits());
    assert_eq!(thread.give_up_kept(), 1);
    // Room comes between this and the end.
    let path = place("given-up");
    thread.log.move_to(empty(&path), SystemTime::now());
    thread.end();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    let events: Vec<_> = text.lines().map(|line| line.contains("\"dropped\":1")).collect();
    assert_eq!(events, [false, true, false], "{text}");
}

#[test]
fn records_of_refused_commands_do_not_put_off_the_next_try() {
    let mut thread = thread("/dev/full");
    let gate = Arc::clone(&thread.gate);
    thread.record(entry(&gate));
    let next = thread.next_try.unwrap();
    assert!(!gate.admits());
    thread.record(entry(&gate));
    assert_eq!((thread.next_try, thread.kept.len()), (Some(next), 1));
    // Room comes.
    let path = place("room");
    thread.log.move_to(empty(&path), SystemTime::now());
    thread.retry(next);
    assert!(gate.admits());
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    let events: Vec<_> = text
        .lines()
        .map(|line| line.contains("\"request_id\":\"r1\""))
        .collect();
    assert_eq!(events, [false, false, true], "{text}");
}
