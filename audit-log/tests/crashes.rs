//! What crashes and full disks leave behind, and the start after them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;

use audit_log::{Fault, Note, Verdict};
use support::{Host, Scarce, lines, report, two_runs};

#[test]
fn a_line_that_a_crash_cut_anywhere_is_accounted_for_by_the_next_start() {
    let host = Host::new("crash");
    host.run(|log| (0..3).for_each(|n| log.command(n)));
    let (log, key) = (fs::read(host.file()).unwrap(), fs::read(host.key_file()).unwrap());
    let last = lines(&log).last().unwrap().len();
    for cut in 1..last {
        fs::write(host.file(), &log[..log.len() - cut]).unwrap();
        // The key file knows one record less as well.
        fs::write(host.key_file(), &key).unwrap();
        host.rewind(report(&[&log[..log.len() - last]], &[]).last.unwrap());
        host.run_to_end(|log| log.command(9));
        let found = report(&[&fs::read(host.file()).unwrap()], &[]);
        assert_eq!(found.verdict, Verdict::Ended, "{cut}: {found:?}");
        let notes: Vec<Note> = found.notes.iter().map(|note| note.what).collect();
        match cut {
            // All of the record is there.
            1 => assert_eq!(notes, [Note::Killed { number: 4 }]),
            _ => assert_eq!(notes, [Note::Torn { lines: 1 }, Note::Killed { number: 3 }], "{cut}"),
        }
    }
}

#[test]
fn several_lines_that_were_cut_off_at_the_end_are_no_more_than_torn() {
    let (_host, log) = two_runs("several");
    for (rest, expected) in [
        ("{\"seq\":13,\n{\"se", Verdict::Torn),
        ("{\n{\n{\n{", Verdict::Torn),
        ("{\n{\n{\n{\n{", Verdict::Faulty),
        ("{\n{\n", Verdict::Faulty),
    ] {
        let torn = [&log, rest.as_bytes()].concat();
        assert_eq!(report(&[&torn], &[]).verdict, expected, "{rest}");
    }
}

#[test]
fn a_remnant_that_is_longer_than_any_record_is_accounted_for_by_the_next_start() {
    for length in [8191, 8192, 8193, 20_000] {
        let host = Host::new("zeros");
        host.run(|log| log.command(1));
        let mut log = fs::read(host.file()).unwrap();
        log.resize(log.len() + length, 0);
        assert_eq!(report(&[&log], &[]).verdict, Verdict::Torn, "{length}");
        fs::write(host.file(), log).unwrap();
        host.run_to_end(|log| log.command(2));
        let found = report(&[&fs::read(host.file()).unwrap()], &[]);
        assert_eq!(
            (found.verdict, found.faults_count),
            (Verdict::Ended, 0),
            "{length}: {found:?}"
        );
        assert_eq!(found.notes[0].what, Note::Torn { lines: 1 });
    }
}

#[test]
fn records_that_a_crash_of_the_host_took_are_missing() {
    let host = Host::new("lost");
    host.run(|log| (0..3).for_each(|n| log.command(n)));
    let log = fs::read(host.file()).unwrap();
    let all = lines(&log);
    fs::write(host.file(), all[..2].concat()).unwrap();
    host.run_to_end(|log| log.command(9));
    let found = report(&[&fs::read(host.file()).unwrap()], &[]);
    assert_eq!(found.verdict, Verdict::Faulty);
    assert_eq!(found.faults[0].what, Fault::Missing { first: 3, last: 4 });
    assert_eq!(found.faults_count, 1);
}

#[test]
fn a_file_that_was_exchanged_after_a_kill_is_still_part_of_the_chain() {
    let host = Host::new("exchanged");
    host.run(|log| (0..3).for_each(|n| log.command(n)));
    // Killed before the key file knew of the last two.
    let old = fs::read(host.file()).unwrap();
    host.rewind(report(&[&lines(&old)[..2].concat()], &[]).last.unwrap());
    fs::write(host.file(), "").unwrap();
    host.run_to_end(|log| log.command(9));
    let found = report(&[&old, &fs::read(host.file()).unwrap()], &[]);
    assert_eq!((found.verdict, found.faults_count), (Verdict::Ended, 0), "{found:?}");
    assert_eq!(found.notes[0].what, Note::Unknown { first: 3, last: 4 });
    // The same with a line cut off at the end of the old file, which the next start did not see.
    let torn = &old[..old.len() - 5];
    let found = report(&[torn, &fs::read(host.file()).unwrap()], &[]);
    assert_eq!((found.verdict, found.faults_count), (Verdict::Ended, 0), "{found:?}");
}

#[test]
fn a_forged_line_that_claims_the_last_number_sets_no_number_and_stops_no_start() {
    let host = Host::new("last-number");
    host.run_to_end(|log| log.command(1));
    let mut log = fs::read(host.file()).unwrap();
    let forged = format!(
        "{{\"seq\":{},\"event\":\"end\",\"mac\":\"{}\"}}\n",
        u64::MAX / 2 - 1,
        "0".repeat(64)
    );
    log.extend_from_slice(forged.as_bytes());
    fs::write(host.file(), log).unwrap();
    for number in 2..5 {
        host.run_to_end(|log| log.command(number));
    }
    let found = report(&[&fs::read(host.file()).unwrap()], &[]);
    assert_eq!((found.faults_count, found.faults[0].line), (1, 4), "{found:?}");
    assert_eq!((found.commands, found.last.unwrap().count), (4, 12));
}

#[test]
fn starts_without_a_record_are_told_of() {
    let host = Host::new("silent");
    host.run_to_end(|log| log.command(1));
    for _ in 0..3 {
        host.start_without_a_record();
    }
    host.run_to_end(|log| log.command(2));
    let found = report(&[&fs::read(host.file()).unwrap()], &[]);
    assert_eq!(found.verdict, Verdict::Ended);
    assert_eq!(found.notes[0].what, Note::SilentStarts { starts: 3 });
}

#[test]
fn a_sink_that_may_have_lost_records_is_not_vouched_for_again() {
    let host = Host::new("unsynced");
    let sink = Scarce::new(1 << 20);
    let mut log = host.start_with(sink.clone());
    log.command(1);
    assert!(log.try_anchor());
    log.command(2);
    sink.fail_next_sync();
    assert!(!log.try_anchor());
    // The system says once that it lost something.
    assert!(!log.try_anchor());
    log.command(3);
    assert!(!log.try_anchor());
    log.move_to(sink);
    assert!(log.try_anchor());
}
