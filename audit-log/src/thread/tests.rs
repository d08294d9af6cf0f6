#![allow(clippy::unwrap_used, reason = "tests")]

use std::cell::RefCell;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use super::*;
use crate::gate::{OnFailure, Places};
use crate::key::SessionKey;

/// A program that remembers what it is told.
#[derive(Default)]
struct Told {
    turns: usize,
    said: RefCell<Vec<&'static str>>,
}

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

impl Program for Told {
    type Entry = Entry;
    type Watch = ();
    type Beside = ();
    type Request = Next;

    fn say(&self, notice: Notice<'_>) {
        self.said.borrow_mut().push(notice.message());
    }

    fn moved(&mut self, (): ()) {}

    fn take(&mut self, next: Next) -> Next {
        next
    }

    fn turn(&mut self) {
        self.turns += 1;
    }
}

fn thread(device: &str) -> Thread<Told> {
    let file = OpenOptions::new().append(true).open(device).unwrap();
    let log = AuditLog::plain(file, false, SessionKey::new(&[1; 32]), "test");
    let places = Places {
        reserved: 1024,
        waiting: 1024,
    };
    let gate = Arc::new(Gate::new(OnFailure::Block, places, ()));
    Thread::new(Told::default(), log, gate, 1000)
}

fn entry(gate: &Gate<()>) -> Box<Entry> {
    let is_admitted = gate.admits();
    Box::new(Entry(gate.ticket(is_admitted).unwrap()))
}

fn place(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("audit-thread-{name}-{}", std::process::id()))
}

/// Which lines of a file have this part; and the text, which is removed.
fn lines_with(part: &str, path: &Path) -> (Vec<bool>, String) {
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::remove_file(path).unwrap();
    (text.lines().map(|line| line.contains(part)).collect(), text)
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
    let (events, text) = lines_with("\"dropped\":1", &path);
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
    let (events, text) = lines_with("\"request_id\":\"r1\"", &path);
    assert_eq!(events, [false, false, true], "{text}");
}

#[test]
fn what_is_due_comes_between_batches_and_the_end_is_answered_behind_all_records() {
    let (messages, inbox) = sync_channel(8);
    let (done, ended) = sync_channel(1);
    let path = place("batches");
    let mut thread = thread("/dev/full");
    thread.log.move_to(empty(&path), SystemTime::now());
    let gate = Arc::clone(&thread.gate);
    for message in [
        Message::Record(entry(&gate)),
        Message::Request(Next::Message),
        Message::Request(Next::Turn),
        Message::Record(entry(&gate)),
        Message::Request(Next::End(done)),
    ] {
        messages.send(message).ok().unwrap();
    }
    assert!(thread.run(&inbox));
    assert_eq!(thread.program().turns, 1);
    ended.recv().unwrap();
    let (events, text) = lines_with("\"request_id\":\"r1\"", &path);
    assert_eq!(events, [false, true, true, false], "{text}");
}

#[test]
fn a_thread_that_nobody_can_ask_any_more_ends_and_says_what_it_could_not_write() {
    let (messages, inbox) = sync_channel(8);
    let mut thread = thread("/dev/full");
    messages.send(Message::Record(entry(&thread.gate))).ok().unwrap();
    drop(messages);
    assert!(!thread.run(&inbox));
    let said = thread.program().said.take();
    let expected = [
        "audit log cannot be written",
        "audit log not ended: its file cannot be written",
    ];
    assert_eq!(said, expected);
}
