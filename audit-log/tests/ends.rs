//! What is removed at the beginning and at the end of a log, with anchors and without.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;

use audit_log::{AnchorState, Head, Tag, Verdict};
use support::{Host, lines, report, report_after, two_runs};

#[test]
fn a_log_that_was_cut_anywhere_has_no_end_and_is_shorter_than_its_anchor() {
    let (_host, log) = two_runs("cut");
    let all = report(&[&log], &[]);
    let anchor = all.last.unwrap();
    assert_eq!(report(&[&log], &[anchor]).anchors, [(anchor, AnchorState::Found)]);
    for length in 0..log.len() {
        let cut = &log[..length];
        let whole = cut.is_empty() || cut.ends_with(b"\n");
        let found = report(&[cut], &[]);
        let expected = match (length, whole) {
            (0, _) => Verdict::Empty,
            (_, true) => Verdict::Unended,
            (_, false) => Verdict::Torn,
        };
        assert_eq!(found.verdict, expected, "{length}");
        // Of the last record nothing but its line break is missing.
        let is_whole = length + 1 == log.len();
        let expected = if is_whole { Verdict::Torn } else { Verdict::Short };
        assert_eq!(report(&[cut], &[anchor]).verdict, expected, "{length}");
    }
    let other = Head {
        tag: Tag::read("0".repeat(64).as_bytes()).unwrap(),
        ..anchor
    };
    let found = report(&[&log], &[other]);
    assert_eq!(
        (found.verdict, found.anchors[0].1),
        (Verdict::Faulty, AnchorState::Differs)
    );
}

#[test]
fn an_anchor_below_the_cut_does_not_hide_it_and_one_above_shows_it() {
    let (_host, log) = two_runs("anchors");
    let all = lines(&log);
    let heads: Vec<Head> = (1..=all.len())
        .map(|kept| report(&[&all[..kept].concat()], &[]).last.unwrap())
        .collect();
    for kept in 1..=all.len() {
        for anchor in &heads {
            let found = report(&[&all[..kept].concat()], &[*anchor]);
            let is_short = anchor.count > kept as u64;
            assert_eq!(found.verdict == Verdict::Short, is_short, "{kept}, {anchor}");
        }
    }
}

/// Three runs that ended in order, as lines.
fn three_runs(name: &str) -> Vec<Vec<u8>> {
    let host = Host::new(name);
    for _ in 0..3 {
        host.run_to_end(|log| (0..2).for_each(|n| log.command(n)));
    }
    lines(&fs::read(host.file()).unwrap())
}

fn head_of(lines: &[Vec<u8>]) -> Head {
    report(&[&lines.concat()], &[]).last.unwrap()
}

#[test]
fn runs_that_are_removed_in_front_leave_a_part_unless_the_auditor_knows_the_record_before() {
    let all = three_runs("front");
    for removed in [4, 8] {
        let rest = all[removed..].concat();
        assert_eq!(report(&[&rest], &[]).verdict, Verdict::Partial);
        for known in 1..all.len() {
            let anchor = head_of(&all[..known]);
            let found = report(&[&rest], &[anchor]);
            assert_eq!(found.verdict, Verdict::Partial, "{known}");
            let (state, verdict) = match known {
                _ if known < removed => (AnchorState::Earlier, Verdict::Partial),
                _ if known == removed => (AnchorState::Named, Verdict::Ended),
                _ => (AnchorState::Found, Verdict::Ended),
            };
            assert_eq!(found.anchors[0].1, state, "{known}");
            assert_eq!(report_after(anchor, &[&rest], &[]).verdict, verdict, "{known}");
        }
        // Another record before.
        let other = Head {
            count: removed as u64,
            ..head_of(&all[..1])
        };
        assert_eq!(report_after(other, &[&rest], &[]).verdict, Verdict::Faulty);
    }
}

#[test]
fn runs_that_are_removed_behind_an_end_show_by_an_anchor_alone() {
    let all = three_runs("behind");
    let anchor = head_of(&all);
    for kept in [4, 8] {
        let rest = all[..kept].concat();
        assert_eq!(report(&[&rest], &[]).verdict, Verdict::Ended);
        assert_eq!(report(&[&rest], &[head_of(&all[..kept])]).verdict, Verdict::Ended);
        assert_eq!(report(&[&rest], &[anchor]).verdict, Verdict::Short);
    }
}
