//! What the verifier found, in words for an auditor.

use std::fmt;

use super::Place;
use super::anchors::{AnchorState, Anchors};
use crate::key::Head;
use crate::limits::{FAULTS_MAX, NOTES_MAX};
use crate::line::{Event, Line};

/// The files differ from what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Lines that no writer made, and that no record accounts for.
    NotARecord {
        /// How many, from this one on.
        lines: u64,
    },
    /// The seal of a record does not fit.
    Altered {
        /// Number that it bears.
        number: u64,
    },
    /// Records were removed.
    Missing {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// A record stands where it was not written: a second time, or out of order.
    Repeated {
        /// Number that it bears.
        number: u64,
    },
    /// The first file begins in the middle.
    NoBeginning {
        /// Number of the record.
        number: u64,
    },
    /// A run followed a record that is not there.
    Detached {
        /// Number of that record.
        number: u64,
    },
    /// A record accounts for torn lines that are not there.
    TornLinesGone,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotARecord { lines: 1 } => f.write_str("this line is not a record"),
            Self::NotARecord { lines } => write!(f, "this line and the {} after it are not records", lines - 1),
            Self::Altered { number } => write!(
                f,
                "record {number} was altered, or made without the key: its seal does not fit"
            ),
            Self::Missing { first, last } if first == last => write!(f, "record {first} is missing before this line"),
            Self::Missing { first, last } => write!(f, "records {first} to {last} are missing before this line"),
            Self::Repeated { number } => write!(f, "record {number} is out of order, or stands here a second time"),
            Self::NoBeginning { number } => write!(
                f,
                "record {number} follows one that is in none of the files; name the file before this one as well"
            ),
            Self::Detached { number } => write!(
                f,
                "the client began after a record {number} that is not the one in these files"
            ),
            Self::TornLinesGone => f.write_str("this record accounts for torn lines that are not there"),
        }
    }
}

/// What is no fault, and worth knowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The files begin with a later record than the first.
    StartsLater {
        /// Number of that record.
        number: u64,
    },
    /// A run of the client ended without its last record.
    Killed {
        /// Its last record.
        number: u64,
    },
    /// Starts of the client left no record.
    SilentStarts {
        /// How many.
        starts: u64,
    },
    /// A run of the client did not know the last records of the one before it.
    Unknown {
        /// The first of these records.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// Records that could not be written.
    Dropped {
        /// How many.
        records: u64,
    },
    /// Lines that were cut off, and that a record accounts for.
    Torn {
        /// How many.
        lines: u64,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::StartsLater { number } => write!(
                f,
                "the files begin with record {number}; earlier ones were not verified, and may have been removed unless the one \
                 before is known from an earlier verification"
            ),
            Self::Killed { number } => write!(
                f,
                "the client ended without a word after record {number}; records behind it may have been removed \
                 unless an anchor names a later one"
            ),
            Self::SilentStarts { starts } => write!(
                f,
                "{starts} earlier starts of the client left no record here: it ended at once, or they were removed"
            ),
            Self::Unknown { first, last } => write!(
                f,
                "records {first} to {last} are genuine, and their numbers are used again: the client was killed, and its file \
                 exchanged before the next start"
            ),
            Self::Dropped { records } => write!(f, "{records} records could not be written before this one"),
            Self::Torn { lines: 1 } => f.write_str("this line was cut off by a crash or a full disk"),
            Self::Torn { lines } => write!(f, "{lines} lines from here were cut off by crashes or a full disk"),
        }
    }
}

/// Something with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<T> {
    /// Name of the file.
    pub file: String,
    /// Number of the line, from 1.
    pub line: u64,
    /// What is there.
    pub what: T,
}

impl<T: fmt::Display> fmt::Display for Finding<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// The whole in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every record is genuine, and the last one says that the client ended. Later runs may have been removed as a whole: only an anchor
    /// that names the last record shows that there were none.
    Ended,
    /// Every record is genuine; the client runs, or was killed, or the end was removed.
    Unended,
    /// Every whole record is genuine; the last line was cut off.
    Torn,
    /// The files end before an anchor.
    Short,
    /// Every record is genuine; the files begin with a later record than the first, and the auditor named none that they may follow.
    Partial,
    /// The files differ from what was written.
    Faulty,
    /// There is no record.
    Empty,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The whole in one word.
    pub verdict: Verdict,
    /// Records whose seals fit.
    pub records: u64,
    /// Those of them that are about commands.
    pub commands: u64,
    /// Records that could not be written, as those say that could.
    pub dropped: u64,
    /// Runs of the client that begin in these files.
    pub runs: u64,
    /// Number of the first record.
    pub first: Option<u64>,
    /// The last record.
    pub last: Option<Head>,
    /// The first faults.
    pub faults: Vec<Finding<Fault>>,
    /// How many there are in all.
    pub faults_count: u64,
    /// The first notes.
    pub notes: Vec<Finding<Note>>,
    /// How many there are in all.
    pub notes_count: u64,
    /// What became of each anchor.
    pub anchors: Vec<(Head, AnchorState)>,
}

/// What is found while files are read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    files: Vec<String>,
    faults: Vec<(Place, Fault)>,
    faults_count: u64,
    notes: Vec<(Place, Note)>,
    notes_count: u64,
    records: u64,
    commands: u64,
    dropped: u64,
    runs: u64,
    first: Option<u64>,
}

impl Findings {
    pub(super) fn add_file(&mut self, name: &str) -> usize {
        self.files.push(name.to_owned());
        self.files.len() - 1
    }

    pub(super) fn fault(&mut self, place: Place, what: Fault) {
        self.faults_count += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push((place, what));
        }
    }

    pub(super) fn note(&mut self, place: Place, what: Note) {
        self.notes_count += 1;
        if self.notes.len() < NOTES_MAX {
            self.notes.push((place, what));
        }
    }

    /// Findings in the order of their places: some show only later.
    fn placed<T>(&self, mut findings: Vec<(Place, T)>) -> Vec<Finding<T>> {
        findings.sort_by_key(|(place, _)| (place.file, place.line));
        let named = |(place, what): (Place, T)| Finding {
            file: self.files.get(place.file).cloned().unwrap_or_default(),
            line: place.line,
            what,
        };
        findings.into_iter().map(named).collect()
    }

    /// A record that was verified.
    pub(super) fn count(&mut self, place: Place, line: &Line<'_>) {
        self.records += 1;
        self.first.get_or_insert(line.number);
        match line.event {
            Event::Command => self.commands += 1,
            Event::Begin => self.runs += 1,
            Event::Gap if line.dropped > 0 => {
                self.dropped = self.dropped.saturating_add(line.dropped);
                self.note(place, Note::Dropped { records: line.dropped });
            }
            Event::Gap | Event::Continue | Event::Rotated | Event::End => {}
        }
    }

    pub(super) fn report(mut self, last: Option<(Head, Event)>, is_torn: bool, anchors: Anchors) -> Report {
        let is_partial = self.first.is_some_and(|first| first > 1) && !anchors.is_start_there();
        let anchors = anchors.states(self.first, last.map(|(head, _)| head.count));
        let is = |state: AnchorState| anchors.iter().any(|(_, found)| *found == state);
        let verdict = if self.faults_count > 0 || is(AnchorState::Differs) || is(AnchorState::Unverified) {
            Verdict::Faulty
        } else if is(AnchorState::Beyond) {
            Verdict::Short
        } else if is_partial {
            Verdict::Partial
        } else if is_torn {
            Verdict::Torn
        } else {
            match last {
                None => Verdict::Empty,
                Some((_, Event::End)) => Verdict::Ended,
                Some(_) => Verdict::Unended,
            }
        };
        let (faults, notes) = (std::mem::take(&mut self.faults), std::mem::take(&mut self.notes));
        Report {
            verdict,
            records: self.records,
            commands: self.commands,
            dropped: self.dropped,
            runs: self.runs,
            first: self.first,
            last: last.map(|(head, _)| head),
            faults: self.placed(faults),
            faults_count: self.faults_count,
            notes: self.placed(notes),
            notes_count: self.notes_count,
            anchors,
        }
    }
}
