//! What the verifier finds, tried on every byte, line and length of small logs, and on large ones.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod support;

use std::fs;
use std::time::Instant;

use audit_log::{AnchorState, Fault, InitialKey, Note, Report, Verdict, Verifier};
use support::{Host, Scarce, initial, lines, report, report_after, two_runs, verified};

fn line_of(log: &[u8], place: usize) -> u64 {
    1 + log[..place].iter().filter(|byte| **byte == b'\n').count() as u64
}

#[test]
fn a_log_that_nobody_touched_ends_well() {
    let (host, log) = two_runs("untouched");
    let report = report(&[&log], &[]);
    assert_eq!(report.verdict, Verdict::Ended, "{report:?}");
    assert_eq!(
        (report.records, report.commands, report.runs, report.first),
        (12, 9, 2, Some(1))
    );
    assert_eq!(report.last.unwrap().count, 12);
    let notes: Vec<Note> = report.notes.iter().map(|note| note.what).collect();
    assert_eq!(notes, [Note::Killed { number: 6 }]);
    assert!(
        host.secrets()
            .iter()
            .all(|secret| !String::from_utf8_lossy(&log).contains(secret.as_str()))
    );
}

#[test]
fn any_edit_of_one_byte_is_found_at_its_line() {
    let (_host, log) = two_runs("edit");
    let last_break = log.len() - 1;
    for place in 0..log.len() {
        for other in [log[place] ^ 1, log[place] ^ 0x20, b'\n', b'0'] {
            if other == log[place] {
                continue;
            }
            let mut edited = log.clone();
            edited[place] = other;
            let report = report(&[&edited], &[]);
            // Without its line break, the last record counts as cut off.
            if place == last_break {
                assert_ne!(report.verdict, Verdict::Ended);
                continue;
            }
            assert_eq!(report.verdict, Verdict::Faulty, "{place}: {}", other.escape_ascii());
            let first = &report.faults[0];
            assert_eq!(first.line, line_of(&log, place), "{place}: {first}");
        }
    }
}

#[test]
fn any_byte_that_is_added_or_removed_is_found() {
    let (_host, log) = two_runs("add");
    for place in 0..log.len() {
        let mut removed = log.clone();
        removed.remove(place);
        assert_ne!(report(&[&removed], &[]).verdict, Verdict::Ended, "{place}");
        for more in [b' ', b'\n', b'0'] {
            let mut added = log.clone();
            added.insert(place, more);
            assert_eq!(report(&[&added], &[]).verdict, Verdict::Faulty, "{place}: {more}");
        }
    }
}

#[test]
fn any_records_that_are_removed_are_found() {
    let (_host, log) = two_runs("remove");
    let all = lines(&log);
    for first in 0..all.len() {
        for last in first..all.len() {
            let kept = [&all[..first], &all[last + 1..]].concat().concat();
            let found = report(&[&kept], &[]);
            match (first, last + 1 == all.len()) {
                (0, true) => assert_eq!(found.verdict, Verdict::Empty),
                // Nothing behind says that there was more.
                (_, true) => assert_eq!(found.verdict, Verdict::Unended),
                // The second run says what it followed.
                (0, false) if last == 5 => {
                    assert_eq!(found.verdict, Verdict::Partial);
                    assert_eq!(found.notes[0].what, Note::StartsLater { number: 7 });
                }
                _ => {
                    assert_eq!(found.verdict, Verdict::Faulty, "{first} to {last}");
                    assert_eq!(found.faults[0].line, first as u64 + 1);
                }
            }
        }
    }
}

#[test]
fn records_that_change_places_or_stand_twice_are_found() {
    let (_host, log) = two_runs("swap");
    let all = lines(&log);
    for first in 0..all.len() {
        for second in first + 1..all.len() {
            let mut swapped = all.clone();
            swapped.swap(first, second);
            let found = report(&[&swapped.concat()], &[]);
            assert_eq!(found.verdict, Verdict::Faulty, "{first} and {second}");
            // A second run can begin the files; what was before it stands out of order.
            let line = first as u64 + if (first, second) == (0, 6) { 2 } else { 1 };
            assert_eq!(found.faults[0].line, line, "{}", found.faults[0]);
        }
        for place in 0..=all.len() {
            let mut copied = all.clone();
            copied.insert(place, all[first].clone());
            let found = report(&[&copied.concat()], &[]);
            assert_eq!(found.verdict, Verdict::Faulty, "{first} at {place}");
        }
    }
}

#[test]
fn a_log_that_was_rebuilt_without_the_key_is_found() {
    let (host, log) = two_runs("rebuild");
    // With a key of the forger's own.
    let found = verified(&InitialKey::new(&[1; 32]), &[&log], &[]);
    assert_eq!((found.verdict, found.records), (Verdict::Faulty, 0));
    // With everything that the host keeps after a start.
    let text = fs::read_to_string(host.key_file()).unwrap();
    for name in ["key=", "sessions="] {
        let digits = text.split(name).nth(1).unwrap().split(' ').next().unwrap();
        let kept = InitialKey::read(format!("tunnel-audit-initial-key-1:{digits}").as_bytes()).unwrap();
        let forger = Host::with_key(&format!("forger-{name}"), &kept);
        forger.run_to_end(|log| (0..9).for_each(|n| log.command(n)));
        let forged = fs::read(forger.file()).unwrap();
        assert_eq!(verified(&kept, &[&forged], &[]).verdict, Verdict::Ended);
        let found = report(&[&forged], &[]);
        assert_eq!((found.verdict, found.records), (Verdict::Faulty, 0), "{name}");
    }
}

#[test]
fn rotated_files_are_one_chain_and_each_can_begin_it() {
    let host = Host::new("rotation");
    host.run_to_end(|log| {
        for file in 0..4 {
            (0..3).for_each(|n| log.command(n));
            if file < 3 {
                log.rotate();
            }
        }
    });
    host.run_to_end(|log| log.command(7));
    let files = host.files();
    let all: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    assert_eq!(all.len(), 4);
    let found = report(&all, &[]);
    assert_eq!(
        (found.verdict, found.commands, found.faults_count),
        (Verdict::Ended, 13, 0),
        "{found:?}"
    );
    for first in 1..4 {
        let found = report(&all[first..], &[]);
        assert_eq!(found.verdict, Verdict::Partial, "{first}: {found:?}");
        assert!(matches!(found.notes[0].what, Note::StartsLater { .. }));
        // The last record of the file before is known.
        let before = report(&all[..first], &[]);
        let last = before.last.unwrap();
        let found = report(&all[first..], &[last]);
        assert_eq!(
            (found.verdict, found.anchors[0].1),
            (Verdict::Partial, AnchorState::Named)
        );
        assert_eq!(report_after(last, &all[first..], &[last]).verdict, Verdict::Ended);
        assert_eq!(before.verdict, Verdict::Unended);
    }
    for (first, second) in [(0, 1), (0, 2), (1, 2), (2, 3)] {
        let mut other = all.clone();
        other.swap(first, second);
        assert_eq!(report(&other, &[]).verdict, Verdict::Faulty, "{first} and {second}");
    }
    for gone in 1..3 {
        let mut other = all.clone();
        other.remove(gone);
        let found = report(&other, &[]);
        assert_eq!(found.verdict, Verdict::Faulty);
        assert!(
            matches!(found.faults[0].what, Fault::Missing { .. }),
            "{:?}",
            found.faults[0]
        );
    }
}

#[test]
fn each_rotated_file_has_a_key_of_its_own() {
    let host = Host::new("rotated-key");
    host.run_to_end(|log| {
        (0..3).for_each(|n| log.command(n));
        log.rotate();
        log.command(3);
        log.rotate();
        log.command(4);
    });
    let files = host.files();
    for (number, file) in files.iter().enumerate().skip(1) {
        let first = String::from_utf8(lines(file)[0].clone()).unwrap();
        assert!(
            first.contains(&format!("\"generation\":{number},\"index\":0,")),
            "{first}"
        );
    }
    let all: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let found = report(&all, &[]);
    assert_eq!(
        (found.verdict, found.runs, found.notes_count),
        (Verdict::Ended, 1, 0),
        "{found:?}"
    );
    // A file that is gone shows, with its records.
    let found = report(&[all[0], all[2]], &[]);
    assert!(matches!(found.faults[0].what, Fault::Missing { .. }), "{found:?}");
}

#[test]
fn a_file_that_was_copied_and_truncated_goes_on_behind_its_copy() {
    let host = Host::new("copytruncate");
    let mut copy = Vec::new();
    host.run_to_end(|log| {
        log.command(1);
        copy = fs::read(host.file()).unwrap();
        fs::OpenOptions::new()
            .write(true)
            .open(host.file())
            .unwrap()
            .set_len(0)
            .unwrap();
        log.command(2);
    });
    let rest = fs::read(host.file()).unwrap();
    assert_eq!(report(&[&copy, &rest], &[]).verdict, Verdict::Ended);
    let alone = report(&[&rest], &[]);
    assert!(matches!(alone.faults[0].what, Fault::NoBeginning { .. }));
}

#[test]
fn a_full_disk_whose_file_was_truncated_where_it_stands_is_one_chain_with_its_copy() {
    for room in 300..1000 {
        let host = Host::new("truncated");
        let sink = Scarce::new(room);
        let mut log = host.start_with(sink.clone());
        for number in 0..4 {
            log.try_command(number);
        }
        let copy = sink.truncate();
        sink.give(1 << 20);
        log.command(4);
        log.end();
        let found = report(&[&copy, &sink.written()], &[]);
        assert_eq!(
            (found.verdict, found.commands + found.dropped),
            (Verdict::Ended, 5),
            "{room}: {found:?}"
        );
    }
}

#[test]
fn a_disk_that_is_full_again_and_again_costs_records_that_are_counted() {
    for room in [0, 1, 50, 200, 299, 300, 301, 302, 400, 555, 900] {
        let host = Host::new(&format!("full-{room}"));
        let sink = Scarce::new(room);
        let mut dropped = 0;
        {
            let mut log = host.start_with(sink.clone());
            for n in 0..40 {
                if n % 7 == 3 {
                    sink.give(room + n * 13 % 401);
                }
                dropped += u64::from(!log.try_command(n as u64));
            }
            sink.give(1 << 20);
            log.end();
        }
        let found = report(&[&sink.written()], &[]);
        assert_eq!(found.verdict, Verdict::Ended, "{room}: {found:?}");
        assert_eq!((found.commands + found.dropped, found.dropped), (40, dropped), "{room}");
    }
}

#[test]
fn a_hundred_thousand_records_are_verified() {
    let host = Host::new("many");
    let started = Instant::now();
    host.run_to_end(|log| (0..100_000).for_each(|n| log.command(n)));
    let written = started.elapsed();
    let log = fs::read(host.file()).unwrap();
    let started = Instant::now();
    let found = report(&[&log], &[]);
    eprintln!(
        "100,000 records: {} bytes, written in {written:?}, verified in {:?}",
        log.len(),
        started.elapsed()
    );
    assert_eq!((found.verdict, found.commands), (Verdict::Ended, 100_000));
    // One byte, anywhere in it.
    for place in [17, log.len() / 3, log.len() - 200] {
        let mut edited = log.clone();
        edited[place] ^= 1;
        let found = report(&[&edited], &[]);
        assert_eq!(found.verdict, Verdict::Faulty);
        assert_eq!(found.faults[0].line, line_of(&log, place));
    }
}

#[test]
fn lines_of_any_length_and_content_are_no_records() {
    let (_host, log) = two_runs("foreign");
    for foreign in [
        vec![b'x'; 100_000],
        vec![0xff; 10],
        b"{}".to_vec(),
        b"{\"seq\":5,\"event\":\"command\"}".to_vec(),
    ] {
        for end in [&b"\n"[..], b""] {
            let grown = [&log, &foreign[..], end].concat();
            let found: Report = report(&[&grown], &[]);
            let expected = match end.is_empty() {
                true => Verdict::Torn,
                false => Verdict::Faulty,
            };
            assert_eq!(found.verdict, expected);
            if end.is_empty() {
                continue;
            }
            let between = [&foreign[..], end, &log].concat();
            let found = report(&[&between], &[]);
            assert_eq!((found.verdict, found.records), (Verdict::Faulty, 12));
        }
    }
}

#[test]
#[ignore = "a million steps, for the slow tests: the bound of what a hostile file costs"]
fn lines_that_claim_to_be_far_away_take_no_more_steps_than_their_bound() {
    let (_host, log) = two_runs("far");
    let text = String::from_utf8(log).unwrap();
    let first = text.lines().next().unwrap();
    let far =
        |name: &str, from: u64, to: u64| first.replacen(&format!("\"{name}\":{from}"), &format!("\"{name}\":{to}"), 1);
    let mut hostile = text.clone();
    for number in 1..2000 {
        hostile += &(far("generation", 0, 900_000 + number) + "\n");
        hostile += &(far("seq", 1, 900_000 * number) + "\n");
        hostile += &(far("seq", 1, 900_000 * number).replacen("\"begin\"", "\"command\"", 1) + "\n");
    }
    // Without a bound this would be some billion steps.
    let found = report(&[hostile.as_bytes()], &[]);
    assert_eq!((found.verdict, found.records), (Verdict::Faulty, 12));
    assert_eq!(found.faults_count, 3 * 1999);
}

#[test]
fn nothing_verifies_nothing() {
    assert_eq!(Verifier::new(&initial(), Vec::new()).finish().verdict, Verdict::Empty);
}
