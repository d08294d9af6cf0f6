//! The proof, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::probe::By;
use super::{Proof, Row, Verdict};
use crate::config::Mode;

/// Characters of a line.
const WIDTH: usize = 100;
/// Characters of the first column: the longest name.
pub(super) const NAME: usize = 44;
/// Characters of an outcome: the longest names of errors.
const OUTCOME: usize = 15;
/// Characters of what was expected.
const EXPECTED: usize = 9;

impl Verdict {
    /// As it is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Works => "works",
            Self::Open => "open",
            Self::NotTried => "not tried",
            Self::Wrong => "WRONG",
        }
    }
}

/// The layers, the table, the sum. `explain` adds what each attempt is good for.
#[must_use]
pub fn text(proof: &Proof, mode: Mode, explain: bool) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "hardening.mode: {}", mode.as_str());
    for finding in proof.facts.status.findings() {
        let (layer, state) = (finding.layer.as_str(), finding.state.as_str());
        let mut text = format!("  {layer:<12} {state:<10}");
        let indent = text.len();
        for word in finding.detail.split(' ') {
            if text.chars().count() + 1 + word.chars().count() > WIDTH {
                let _ = writeln!(out, "{text}");
                text = " ".repeat(indent);
            }
            text.push(' ');
            text.push_str(word);
        }
        let _ = writeln!(out, "{text}");
    }
    let mut place = None;
    for row in &proof.rows {
        if place != Some(row.probe.place) {
            place = Some(row.probe.place);
            let title = row.probe.place.title();
            let _ = writeln!(out);
            line(&mut out, title, "without", "with", "expected", "");
        }
        let expected = row.probe.expected.shown();
        line(
            &mut out,
            row.probe.name,
            &row.free.shown(),
            &row.caged.shown(),
            &expected,
            &said(row),
        );
        if explain {
            let _ = writeln!(out, "    {}", row.probe.gains);
        }
    }
    let count = |verdict| proof.count(verdict);
    let _ = writeln!(
        out,
        "\n{} refused, {} work as they have to, {} open, {} not tried, {} wrong",
        count(Verdict::Refused),
        count(Verdict::Works),
        count(Verdict::Open),
        count(Verdict::NotTried),
        count(Verdict::Wrong),
    );
    let _ = writeln!(out, "RESULT {}", if proof.holds() { "ok" } else { "fail" });
    out
}

fn line(out: &mut String, name: &str, free: &str, caged: &str, expected: &str, verdict: &str) {
    // Writing to a String cannot fail.
    let text = format!("{name:<NAME$} {free:<OUTCOME$} {caged:<EXPECTED$} {expected:<EXPECTED$} {verdict}");
    let _ = writeln!(out, "{}", text.trim_end());
}

/// The verdict, and what would change it.
fn said(row: &Row) -> String {
    let verdict = row.verdict.as_str();
    match (row.verdict, row.probe.by) {
        (Verdict::Open, By::Landlock(since)) => format!("{verdict}: ABI {since}"),
        (Verdict::Open, _) => format!("{verdict}: seccomp"),
        _ if row.is_refused_anyway() => format!("{verdict} anyway"),
        _ => verdict.to_owned(),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    result: &'static str,
    mode: &'static str,
    landlock: u8,
    layers: &'a crate::sandbox::Status,
    refused: usize,
    probes: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    place: &'static str,
    gains: &'static str,
    without: String,
    with: String,
    expected: String,
    verdict: &'static str,
    /// It is refused so without the cage too.
    anyway: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    landlock_since: Option<u8>,
}

/// All of it.
#[must_use]
pub fn json(proof: &Proof, mode: Mode) -> String {
    let probes = proof.rows.iter().map(|row| Entry {
        name: row.probe.name,
        place: row.probe.place.title(),
        gains: row.probe.gains,
        without: row.free.shown(),
        with: row.caged.shown(),
        expected: row.probe.expected.shown(),
        verdict: row.verdict.as_str(),
        anyway: row.is_refused_anyway(),
        landlock_since: match row.probe.by {
            By::Landlock(since) => Some(since),
            By::Seccomp | By::Process | By::Nobody => None,
        },
    });
    let document = Document {
        result: if proof.holds() { "ok" } else { "fail" },
        mode: mode.as_str(),
        landlock: proof.facts.status.landlock(),
        layers: &proof.facts.status,
        refused: proof.count(Verdict::Refused),
        probes: probes.collect(),
    };
    // Strings and numbers in, a String out: there is nothing that could fail.
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::{Facts, Outcome, attempts};

    #[test]
    fn the_table_has_lines_of_a_hundred_characters_and_says_what_each_is_good_for_when_asked() {
        let rows = attempts::all().map(|probe| Row {
            probe,
            free: Outcome::Refused(libc::EPROTONOSUPPORT),
            caged: Outcome::Signal(libc::SIGABRT),
            verdict: Verdict::Open,
        });
        let proof = Proof {
            facts: Facts::default(),
            rows: rows.collect(),
        };
        let plain = text(&proof, Mode::Enforce, false);
        for line in plain.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        let gains = "    Passwords of this host, to be broken elsewhere.\n";
        assert!(!plain.contains(gains) && text(&proof, Mode::Enforce, true).contains(gains));
    }
}
