#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use audit_log::Fit;

use super::*;

/// A file that is read, and written by somebody else.
struct Log(PathBuf);

impl Log {
    fn new(name: &str) -> Self {
        let log = Self(std::env::temp_dir().join(format!("audit-backlog-{name}-{}", std::process::id())));
        fs::write(&log.0, "").unwrap();
        log
    }

    fn open(&self) -> File {
        File::open(&self.0).unwrap()
    }

    fn add(&self, text: impl AsRef<[u8]>) {
        let file = OpenOptions::new().append(true).open(&self.0);
        file.unwrap().write_all(text.as_ref()).unwrap();
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.0).unwrap()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn lines(range: std::ops::Range<usize>) -> String {
    range
        .map(|number| format!("{{\"seq\":{number},\"event\":\"command\"}}\n"))
        .collect()
}

fn of(log: &Log, most: u64) -> Backlog {
    Backlog::new(None, Segment::new(log.open(), 0, false), most)
}

/// Everything that is handed out, each batch confirmed; how many lines were unfit.
fn drain(backlog: &mut Backlog) -> (String, u64) {
    let (mut all, mut unfit) = (String::new(), 0);
    loop {
        let batch = backlog.hand_out().unwrap();
        if !batch.is_some {
            return (all, unfit);
        }
        all.push_str(&batch.lines);
        let confirmed = backlog.confirm();
        assert_eq!(confirmed.records, batch.lines.lines().count() as u64);
        unfit += confirmed.unfit;
    }
}

fn count(backlog: &mut Backlog) -> Waiting {
    while backlog.count().unwrap().more {}
    backlog.waiting().unwrap()
}

/// Stores the position until it has reached what was sent.
fn settle(backlog: &mut Backlog) {
    while !backlog.is_settled() {
        backlog.advance();
    }
}

const ALL: u64 = u64::MAX;

#[test]
fn whole_lines_are_handed_out_once_and_counted_until_they_are_confirmed() {
    let log = Log::new("lines");
    let mut backlog = of(&log, ALL);
    assert_eq!(
        (count(&mut backlog), drain(&mut backlog)),
        (Waiting::default(), (String::new(), 0))
    );
    let text = lines(0..5000);
    log.add(&text);
    let waiting = count(&mut backlog);
    assert_eq!(
        waiting,
        Waiting {
            bytes: text.len() as u64,
            records: 5000
        }
    );
    let first = backlog.hand_out().unwrap();
    assert_eq!(first.lines.lines().count(), AUDIT_FORWARD_RECORDS);
    // Not confirmed yet: still waiting, and handed out again to whoever asks again.
    assert_eq!(backlog.waiting().unwrap(), waiting);
    assert_eq!(backlog.hand_out().unwrap(), first);
    backlog.confirm();
    assert_eq!(backlog.waiting().unwrap().records, 5000 - AUDIT_FORWARD_RECORDS as u64);
    log.add("{\"seq\":5000,");
    let (rest, unfit) = drain(&mut backlog);
    assert_eq!((first.lines + &rest, unfit), (text, 0));
    log.add("\"event\":\"end\"}\n");
    assert_eq!(count(&mut backlog).records, 1);
    assert_eq!(drain(&mut backlog).0, "{\"seq\":5000,\"event\":\"end\"}\n");
    assert_eq!(backlog.waiting().unwrap(), Waiting::default());
}

#[test]
fn after_a_broken_connection_everything_since_the_stored_position_is_handed_out_again() {
    let log = Log::new("rewind");
    let mut backlog = of(&log, ALL);
    log.add(lines(0..3));
    drain(&mut backlog);
    assert!(!backlog.advance() && !backlog.is_settled());
    log.add(lines(3..4));
    drain(&mut backlog);
    // Of what is sent, only what was sent before the last step is safe.
    assert!(backlog.advance() && !backlog.is_settled());
    log.add(lines(4..5));
    drain(&mut backlog);
    log.add(lines(5..7));
    count(&mut backlog);
    backlog.hand_out().unwrap();
    backlog.rewind();
    assert_eq!(backlog.waiting().unwrap().records, 4);
    assert_eq!(drain(&mut backlog).0, lines(3..7));
    assert_eq!(backlog.waiting().unwrap(), Waiting::default());
    settle(&mut backlog);
    backlog.rewind();
    assert_eq!(drain(&mut backlog).0, "");
}

#[test]
fn a_rotated_file_is_finished_first_and_the_position_follows() {
    let (first, second) = (Log::new("first"), Log::new("second"));
    let mut backlog = of(&first, ALL);
    first.add(lines(0..2));
    drain(&mut backlog);
    settle(&mut backlog);
    // The last record has lost its line break.
    first.add(lines(2..4).trim_end());
    backlog.hand_out().unwrap();
    assert_eq!(backlog.moved(second.open()), 0);
    second.add(lines(4..6));
    assert_eq!(count(&mut backlog).records, 4);
    // What the sender had when the file was rotated.
    backlog.confirm();
    backlog.advance();
    let position = backlog.position().unwrap();
    assert_eq!(
        (
            position.fit(&first.open()).unwrap(),
            position.fit(&second.open()).unwrap()
        ),
        (Fit::Here, Fit::Elsewhere)
    );
    assert_eq!(drain(&mut backlog).0, lines(3..6));
    // A connection that breaks before the position is stored goes back into the old file.
    backlog.rewind();
    assert_eq!(drain(&mut backlog).0, lines(2..6));
    settle(&mut backlog);
    let position = backlog.position().unwrap();
    assert_eq!(
        (position.fit(&second.open()).unwrap(), position.offset()),
        (Fit::Here, second.text().len() as u64)
    );
    assert!(backlog.old.is_none());
}

#[test]
fn of_two_rotated_files_the_older_is_left_out_and_its_records_are_counted() {
    let (first, second, third) = (Log::new("one"), Log::new("two"), Log::new("three"));
    let mut backlog = of(&first, ALL);
    first.add(lines(0..10));
    backlog.hand_out().unwrap();
    assert_eq!(backlog.moved(second.open()), 0);
    second.add(lines(10..12));
    assert_eq!(backlog.moved(third.open()), 10);
    assert_eq!(backlog.confirm(), Confirmed::default(), "of a file that is gone");
    third.add(lines(12..13));
    assert_eq!(drain(&mut backlog).0, lines(10..13));
}

#[test]
fn of_more_than_may_wait_the_oldest_whole_lines_are_left_out() {
    let log = Log::new("bound");
    let line = lines(10..11).len() as u64;
    for kept in [1, 5, 40] {
        // Half a line more than so many.
        let mut backlog = of(&log, kept * line + line / 2);
        fs::write(&log.0, "").unwrap();
        log.add(lines(10..60));
        let mut lost = 0;
        while let Some(records) = backlog.leave_out().unwrap() {
            lost += records;
        }
        count(&mut backlog);
        assert_eq!((lost, backlog.waiting().unwrap().records), (50 - kept, kept));
        assert_eq!(drain(&mut backlog).0.lines().count() as u64, kept);
        settle(&mut backlog);
        log.add(lines(60..99));
        // What the sender has is left alone.
        backlog.hand_out().unwrap();
        assert_eq!(backlog.leave_out().unwrap(), None);
        backlog.rewind();
        assert_eq!(count(&mut backlog).records, 39);
    }
}

#[test]
fn what_no_audit_log_wrote_is_left_out_and_counted() {
    let log = Log::new("foreign");
    let mut backlog = of(&log, ALL);
    let long = "x".repeat(LINE_MAX + 1);
    let huge = "y".repeat(3 * AUDIT_FORWARD_BATCH + 7);
    log.add(lines(0..1));
    log.add("\u{1b}[2J<1>1 - - - forged\n\0\0\0\nna\u{ef}ve\n");
    log.add(format!("{long}\n{huge}\n{}", lines(1..3)));
    let waiting = count(&mut backlog);
    let (all, unfit) = drain(&mut backlog);
    assert_eq!((all, unfit), (lines(0..3), 5));
    assert_eq!((waiting.records, backlog.waiting().unwrap()), (8, Waiting::default()));
    // The same where more waits than may.
    let mut backlog = of(&log, 40);
    let mut lost = 0;
    while let Some(records) = backlog.leave_out().unwrap() {
        lost += records;
    }
    assert_eq!((lost, drain(&mut backlog)), (7, (lines(2..3), 0)));
}

#[test]
fn a_file_that_was_cut_short_is_read_from_its_beginning() {
    let log = Log::new("cut");
    let mut backlog = of(&log, ALL);
    log.add(lines(0..9));
    count(&mut backlog);
    drain(&mut backlog);
    fs::write(&log.0, lines(9..11)).unwrap();
    let counted = backlog.count().unwrap();
    assert!(counted.was_cut);
    assert_eq!(
        (backlog.waiting().unwrap().records, drain(&mut backlog).0),
        (2, lines(9..11))
    );
}

#[test]
fn the_bound_holds_while_the_sender_has_records_and_those_count_only_once_they_are_not_sent() {
    let log = Log::new("stalled");
    let line = lines(1000..1001).len() as u64;
    for is_sent in [true, false] {
        let mut backlog = of(&log, 5 * line);
        fs::write(&log.0, lines(1000..1004)).unwrap();
        let held = backlog.hand_out().unwrap();
        assert_eq!(held.lines, lines(1000..1004));
        log.add(lines(1004..1009));
        count(&mut backlog);
        assert_eq!(backlog.leave_out().unwrap(), None);
        for added in 1009..1020 {
            log.add(lines(added..added + 1));
            count(&mut backlog);
            assert_eq!(backlog.leave_out().unwrap(), Some(1));
            assert_eq!(
                (backlog.leave_out().unwrap(), backlog.waiting().unwrap().records),
                (None, 5)
            );
        }
        match is_sent {
            true => assert_eq!((backlog.confirm().records, backlog.rewind()), (4, 0)),
            false => assert_eq!((backlog.rewind(), backlog.take_back()), (4, 0)),
        }
        assert_eq!(drain(&mut backlog).0, lines(1015..1020));
        settle(&mut backlog);
        assert_eq!(backlog.waiting().unwrap(), Waiting::default());
    }
}
