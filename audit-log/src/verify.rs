//! The verifier: goes through the files of a chain in their order, with the initial key, and says where they differ from what was written.

mod anchors;
mod report;

use std::collections::VecDeque;
use std::io::{self, BufRead, Read as _};

use crate::key::{Head, InitialKey, Key, Tag};
use crate::limits::{INDEX_MAX, LINE_MAX, OVERLAP_MAX, STEPS_MAX, TAIL_PIECES_MAX};
use crate::line::{Event, Line, Opening};
use crate::torn::Pieces;
pub use anchors::AnchorState;
use anchors::Anchors;
use report::Findings;
pub use report::{Fault, Finding, Note, Report, Verdict};

/// Verifies the files of one chain.
#[derive(Debug)]
pub struct Verifier {
    /// Key of the installation before the run `generation`.
    root: Key,
    generation: u64,
    chain: Option<Chain>,
    anchors: Anchors,
    /// Lines that are no records and that no record has accounted for, with the place of the first.
    pieces: Option<(Pieces, Place)>,
    findings: Findings,
    place: Place,
    /// The last line is a record without its line break.
    is_unbroken: bool,
    /// Steps that are left for lines that cannot be believed.
    steps: u64,
    /// Those for first records of a file.
    index_steps: u64,
}

/// Where the chain is.
#[derive(Debug)]
struct Chain {
    /// Key of the next record.
    key: Key,
    generation: u64,
    index: u64,
    head: Head,
    event: Event,
    /// The last records of this run, for a run that knows less of it than was written.
    recent: VecDeque<Head>,
}

/// A line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Place {
    /// Number of the file, from 0.
    file: usize,
    /// Number of the line, from 1.
    line: u64,
}

impl Verifier {
    /// A verifier that begins at the first record of the installation, or at any file that begins with a record of its place. An anchor
    /// is the last record of some moment, as a second place has it.
    #[must_use]
    pub fn new(initial: &InitialKey, anchors: Vec<Head>) -> Self {
        Self {
            root: initial.0.copy(),
            generation: 0,
            chain: None,
            anchors: Anchors::new(anchors),
            pieces: None,
            findings: Findings::default(),
            place: Place::default(),
            is_unbroken: false,
            steps: STEPS_MAX,
            index_steps: INDEX_MAX,
        }
    }

    /// Lets the files begin after this record, the last one of those that were verified before. Otherwise, files that begin with a later
    /// record than the first are partial.
    #[must_use]
    pub fn after(mut self, start: Head) -> Self {
        self.anchors.start_after(start);
        self
    }

    /// Verifies the next file of the chain.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn file(&mut self, name: &str, mut file: impl BufRead) -> io::Result<()> {
        self.place = Place {
            file: self.findings.add_file(name),
            line: 0,
        };
        let mut line = Vec::with_capacity(LINE_MAX);
        loop {
            line.clear();
            let read = file.by_ref().take(LINE_MAX as u64 + 1).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(());
            }
            self.place.line += 1;
            // The line break of a record at the end of a file that was truncated where it stands.
            let is_break = std::mem::take(&mut self.is_unbroken) && self.place.line == 1 && line == b"\n";
            match line.strip_suffix(b"\n") {
                _ if is_break => {}
                Some(whole) => match Line::parse(whole) {
                    Some(record) => self.record(&record),
                    None => self.piece(&line),
                },
                None if read > LINE_MAX => {
                    self.piece(&line);
                    self.rest_of_piece(&mut file)?;
                }
                None => match Line::parse(&line) {
                    Some(record) => {
                        self.record(&record);
                        self.is_unbroken = true;
                    }
                    None => self.piece(&line),
                },
            }
        }
    }

    /// What was found in all files.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let is_cut = self
            .pieces
            .as_ref()
            .is_some_and(|(pieces, _)| pieces.is_open() && pieces.lines() <= TAIL_PIECES_MAX);
        // As many as the next start accounts for: a full disk cuts off one line after the other.
        if !is_cut {
            self.give_up_pieces();
        }
        let is_torn = self.is_unbroken || self.pieces.take().is_some();
        let chain = self.chain.as_ref();
        self.findings
            .report(chain.map(|chain| (chain.head, chain.event)), is_torn, self.anchors)
    }

    fn piece(&mut self, bytes: &[u8]) {
        let (pieces, _) = self.pieces.get_or_insert_with(|| (Pieces::new(), self.place));
        // The end of a file ends its last line, unless it was truncated where it stands: then the writer's line break comes next.
        if bytes != b"\n" {
            pieces.cut();
        }
        pieces.add(bytes);
    }

    /// Reads on to the end of a line that is too long: what a crash of the host left can be any number of zeros.
    fn rest_of_piece(&mut self, file: &mut impl BufRead) -> io::Result<()> {
        let Some((pieces, _)) = &mut self.pieces else {
            return Ok(());
        };
        while pieces.is_open() {
            let buffer = file.fill_buf()?;
            let end = buffer
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(buffer.len(), |at| at + 1);
            if end == 0 {
                break;
            }
            pieces.add(buffer.get(..end).unwrap_or_default());
            file.consume(end);
        }
        Ok(())
    }

    fn give_up_pieces(&mut self) {
        if let Some((pieces, place)) = self.pieces.take() {
            self.findings.fault(place, Fault::NotARecord { lines: pieces.lines() });
        }
    }

    fn fault(&mut self, fault: Fault) {
        self.findings.fault(self.place, fault);
    }

    fn note(&mut self, note: Note) {
        self.findings.note(self.place, note);
    }

    fn record(&mut self, line: &Line<'_>) {
        let verified = match (line.event, line.opening) {
            (Event::Begin, Some(opening)) => self.begin(line, &opening),
            (Event::Continue, Some(opening)) if opening.index == 0 => self.begin(line, &opening),
            (Event::Continue, Some(opening)) if self.chain.is_none() => self.join(line, &opening),
            _ => self.next(line),
        };
        self.account(line, verified);
        if verified {
            self.findings.count(self.place, line);
        }
    }

    /// Compares the lines that are no records with what a record says of them.
    fn account(&mut self, line: &Line<'_>, verified: bool) {
        let found = self.pieces.as_ref().and_then(|(pieces, _)| pieces.stated());
        match (line.torn.filter(|_| verified), found) {
            (None, None) => {}
            (Some(stated), Some(found)) if stated == found => {
                if let Some((_, place)) = self.pieces.take() {
                    self.findings.note(place, Note::Torn { lines: stated.lines });
                }
            }
            // The file was exchanged before the next start, which could not see it.
            (None, Some(_)) if verified && line.event == Event::Begin && self.is_cut_by_end_of_file() => {
                if let Some((_, place)) = self.pieces.take() {
                    self.findings.note(place, Note::Torn { lines: 1 });
                }
            }
            (Some(_), None) => self.fault(Fault::TornLinesGone),
            _ => self.give_up_pieces(),
        }
    }

    fn is_cut_by_end_of_file(&self) -> bool {
        self.pieces
            .as_ref()
            .is_some_and(|(pieces, place)| pieces.lines() == 1 && pieces.is_open() && place.file < self.place.file)
    }

    /// A run of the program begins, or a file of it with a key of its own.
    fn begin(&mut self, line: &Line<'_>, opening: &Opening) -> bool {
        let skipped = match opening.generation.checked_sub(self.generation) {
            None => {
                self.fault(Fault::Repeated { number: line.number });
                return false;
            }
            Some(skipped) if !take(&mut self.steps, skipped) => {
                self.fault(Fault::Altered { number: line.number });
                return false;
            }
            Some(skipped) => skipped,
        };
        let mut root = self.root.copy();
        for _ in 0..skipped {
            root.next_generation();
        }
        let mut key = root.of_generation();
        let is_sealed = opening.index == 0
            && line.number == opening.before.count + 1
            && key.seal(opening.before.tag, line.body) == line.seal;
        if is_sealed {
            self.steps += skipped;
            if skipped > 0 && (self.chain.is_some() || opening.before.count == 0) {
                self.note(Note::SilentStarts { starts: skipped });
            }
            self.follow(opening.before, line.event);
            self.anchors.name(opening.before);
            self.anchors.see(line.head());
        } else {
            self.fault(Fault::Altered { number: line.number });
            if skipped > 0 {
                // Which run it is cannot be believed either; a later run can be verified again.
                self.chain = None;
                return false;
            }
        }
        root.next_generation();
        key.next_record();
        (self.root, self.generation) = (root, opening.generation + 1);
        self.chain = Some(Chain::at(key, opening, line));
        is_sealed
    }

    /// Compares what a run, or a file, knew of the one before it with what is there.
    fn follow(&mut self, before: Head, opening: Event) {
        let Some(chain) = &self.chain else {
            if before.count > 0 {
                self.note(Note::StartsLater {
                    number: before.count + 1,
                });
            }
            return;
        };
        let (head, event) = (chain.head, chain.event);
        if before == head {
            if event != Event::End && opening == Event::Begin {
                self.note(Note::Killed { number: head.count });
            }
        } else if before.count > head.count {
            self.fault(Fault::Missing {
                first: head.count + 1,
                last: before.count,
            });
        } else if opening == Event::Begin && chain.recent.contains(&before) {
            self.note(Note::Unknown {
                first: before.count + 1,
                last: head.count,
            });
        } else {
            self.fault(Fault::Detached { number: before.count });
        }
    }

    /// The first file of several begins in the middle of a run, with the key of the file before it.
    fn join(&mut self, line: &Line<'_>, opening: &Opening) -> bool {
        let runs = opening.generation.checked_sub(self.generation);
        let is_near = |runs: &u64| take(&mut self.steps, *runs) && take(&mut self.index_steps, opening.index);
        let Some(runs) = runs.filter(is_near) else {
            self.fault(Fault::Altered { number: line.number });
            return false;
        };
        let mut root = self.root.copy();
        for _ in 0..runs {
            root.next_generation();
        }
        let mut key = root.of_generation();
        for _ in 0..opening.index {
            key.next_record();
        }
        let is_sealed = line.number == opening.before.count + 1 && key.seal(opening.before.tag, line.body) == line.seal;
        if !is_sealed {
            self.fault(Fault::Altered { number: line.number });
            return false;
        }
        self.steps += runs;
        self.index_steps += opening.index;
        root.next_generation();
        key.next_record();
        self.follow(opening.before, line.event);
        (self.root, self.generation) = (root, opening.generation + 1);
        self.chain = Some(Chain::at(key, opening, line));
        self.anchors.name(opening.before);
        self.anchors.see(line.head());
        true
    }

    /// A record that follows another.
    fn next(&mut self, line: &Line<'_>) -> bool {
        let Some(chain) = &mut self.chain else {
            self.fault(Fault::NoBeginning { number: line.number });
            return false;
        };
        let expected = chain.head.count + 1;
        let Some(missing) = line.number.checked_sub(expected) else {
            self.fault(Fault::Repeated { number: line.number });
            return false;
        };
        if !take(&mut self.steps, missing) {
            self.fault(Fault::Altered { number: line.number });
            return false;
        }
        let is_ended = chain.event == Event::End;
        let is_placed = line.opening.is_none_or(|opening| {
            opening.before == chain.head && opening.generation == chain.generation && opening.index == chain.index
        });
        let is_sealed = missing == 0 && chain.key.seal(chain.head.tag, line.body) == line.seal;
        for _ in 0..=missing {
            chain.key.next_record();
        }
        chain.index += missing + 1;
        // What is behind is verified with the seal that is written here: if this record is genuine, so is the next one.
        chain.add(line);
        if missing > 0 {
            self.fault(Fault::Missing {
                first: expected,
                last: line.number - 1,
            });
        } else if !is_sealed || !is_placed || is_ended {
            self.fault(Fault::Altered { number: line.number });
        } else {
            self.anchors.see(line.head());
            return true;
        }
        false
    }
}

impl Chain {
    fn at(key: Key, opening: &Opening, line: &Line<'_>) -> Self {
        let mut chain = Self {
            key,
            generation: opening.generation,
            index: opening.index + 1,
            head: opening.before,
            event: line.event,
            recent: VecDeque::from([opening.before]),
        };
        chain.add(line);
        chain
    }

    fn add(&mut self, line: &Line<'_>) {
        self.head = line.head();
        self.event = line.event;
        if self.recent.len() >= OVERLAP_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(self.head);
    }
}

impl Line<'_> {
    fn head(&self) -> Head {
        let (count, tag): (u64, Tag) = (self.number, self.seal);
        Head { count, tag }
    }
}

/// Takes steps from those that are left, if there are as many.
fn take(left: &mut u64, steps: u64) -> bool {
    let rest = left.checked_sub(steps);
    *left = rest.unwrap_or(*left);
    rest.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bound in itself: what lines that cannot be believed may cost, over all files.
    #[test]
    fn steps_for_lines_that_cannot_be_believed_come_out_of_one_budget() {
        let key = InitialKey::new(&[1; 32]);
        let mut verifier = Verifier::new(&key, Vec::new());
        verifier.steps = 90;
        let (zeros, far) = ("0".repeat(64), 60);
        let line = format!(
            "{{\"seq\":1,\"event\":\"begin\",\"generation\":{far},\"index\":0,\"before_count\":0,\"before_head\":\"{zeros}\",\
             \"mac\":\"{zeros}\"}}\n"
        );
        for file in 0..3 {
            assert!(verifier.file("far", line.as_bytes()).is_ok());
            // The second attempt is not made.
            assert_eq!(verifier.steps, 90 - far, "{file}");
        }
        assert_eq!(verifier.finish().faults_count, 3);
    }
}
