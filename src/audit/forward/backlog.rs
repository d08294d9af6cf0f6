//! The records that wait: in the file that is written, and in the one before it until that is finished.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use audit_log::Position;
use audit_log::limits::LINE_MAX;

use crate::limits::{AUDIT_FORWARD_BATCH, AUDIT_FORWARD_CHUNK, AUDIT_FORWARD_RECORDS, AUDIT_FORWARD_UNSETTLED};

/// Records that wait, in at most two files.
#[derive(Debug)]
pub(super) struct Backlog {
    /// The file before a rotation: nothing is added to it.
    old: Option<Segment>,
    current: Segment,
    /// What the sender has.
    handed: Option<Handed>,
    /// Bytes that may wait.
    most: u64,
}

/// One file.
#[derive(Debug)]
pub(super) struct Segment {
    file: File,
    /// Bytes that were sent, or left out.
    done: u64,
    /// The same at the last step of the stored position.
    mark: u64,
    /// The same a step before, which is what is stored: where to begin again after a broken connection.
    safe: u64,
    /// Records from `safe` to `mark`, and from there to `done`.
    unsafe_records: [u64; 2],
    /// Where records are counted up to.
    known: u64,
    /// Records from `done` to `known`.
    records: u64,
    /// Nothing is added to it.
    is_closed: bool,
    /// `done` is within a line that is longer than any record.
    is_mid_line: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Handed {
    is_old: bool,
    /// The records behind it were left out: it is passed already, and is left out, too, unless it is sent.
    is_passed: bool,
    bytes: u64,
    records: u64,
    unfit: u64,
}

/// Lines to be sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    /// Whole lines of printable ASCII, each with its line break.
    pub(super) lines: String,
    /// Something was read, whether or not any of it is to be sent.
    pub(super) is_some: bool,
}

/// Bytes and records that wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) bytes: u64,
    /// As far as they are counted.
    pub(super) records: u64,
}

/// What was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Confirmed {
    pub(super) records: u64,
    /// Lines among them that no audit log wrote, which were left out.
    pub(super) unfit: u64,
}

/// What a step found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// There is more to count.
    pub(super) more: bool,
    /// A file was cut short where it stands: it is read from its beginning.
    pub(super) was_cut: bool,
}

impl Segment {
    /// A file that was sent up to here.
    pub(super) fn new(file: File, done: u64, is_closed: bool) -> Self {
        Self {
            file,
            done,
            mark: done,
            safe: done,
            unsafe_records: [0; 2],
            known: done,
            records: 0,
            is_closed,
            is_mid_line: false,
        }
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn rest(&self) -> io::Result<u64> {
        Ok(self.length()?.saturating_sub(self.done))
    }

    fn read(&self, at: u64, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; most];
        let mut filled = 0;
        while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.file.read_at(room, at + size(filled)) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn restart(&mut self) {
        (self.done, self.known, self.records, self.is_mid_line) = (0, 0, 0, false);
        self.settle();
    }

    /// What was done up to here will not be done again.
    fn settle(&mut self) {
        (self.mark, self.safe, self.unsafe_records) = (self.done, self.done, [0; 2]);
    }

    fn is_settled(&self) -> bool {
        self.safe == self.done
    }

    /// Everything in it is sent or left out, and will not be sent again.
    fn is_finished(&self) -> bool {
        self.is_settled() && self.rest().is_ok_and(|rest| rest == 0)
    }

    /// Counts some records that are not counted yet.
    fn count(&mut self) -> io::Result<Counted> {
        let length = self.length()?;
        let was_cut = length < self.known;
        if was_cut {
            self.restart();
        }
        if length == self.known {
            return Ok(Counted { more: false, was_cut });
        }
        let most = usize::try_from(length - self.known).unwrap_or(usize::MAX);
        let most = most.min(AUDIT_FORWARD_CHUNK);
        let bytes = self.read(self.known, most)?;
        let is_end = bytes.len() < AUDIT_FORWARD_CHUNK;
        let (end, lines) = whole_lines(&bytes, usize::MAX, self.is_closed && is_end, !is_end);
        self.known += size(end);
        self.records += lines;
        let more = end > 0 && self.known < self.length()?;
        Ok(Counted { more, was_cut })
    }

    /// Moves on. Gives how many of these records were counted before.
    fn pass(&mut self, bytes: u64, records: u64) {
        self.done += bytes;
        if self.done >= self.known {
            (self.known, self.records) = (self.done, 0);
        } else {
            self.records = self.records.saturating_sub(records);
        }
    }

    /// Moves on behind what the sender has.
    fn pass_handed(&mut self, handed: Handed) {
        self.pass(handed.bytes, handed.records);
        // A batch without a line is the beginning, or the middle, of one that is too long.
        self.is_mid_line = handed.records == 0;
    }

    /// Reads the next lines.
    fn next(&mut self) -> io::Result<(Batch, Handed)> {
        let bytes = self.read(self.done, AUDIT_FORWARD_BATCH)?;
        let is_end = bytes.len() < AUDIT_FORWARD_BATCH;
        let (end, records) = whole_lines(&bytes, AUDIT_FORWARD_RECORDS, self.is_closed && is_end, !is_end);
        let taken = bytes.get(..end).unwrap_or_default();
        let mut batch = Batch {
            lines: String::with_capacity(end),
            is_some: end > 0,
        };
        let mut unfit = 0;
        for (index, line) in taken.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let text = line.strip_suffix(b"\n");
            let is_rest = index == 0 && self.is_mid_line;
            match text.unwrap_or(line) {
                // The beginning of a line without an end within reach: what follows is no record either.
                _ if text.is_none() && !(self.is_closed && is_end) => {}
                line if !is_rest && is_fit(line) => {
                    batch.lines.push_str(std::str::from_utf8(line).unwrap_or_default());
                    batch.lines.push('\n');
                }
                _ => unfit += 1,
            }
        }
        let handed = Handed {
            is_old: false,
            is_passed: false,
            bytes: size(end),
            records,
            unfit,
        };
        Ok((batch, handed))
    }

    /// Leaves out at least so many bytes of whole lines, or as many as are read at once. Gives their number.
    fn leave_out(&mut self, bytes: u64) -> io::Result<u64> {
        let wanted = usize::try_from(bytes).unwrap_or(usize::MAX);
        let chunk = self.read(self.done, wanted.saturating_add(LINE_MAX).min(AUDIT_FORWARD_CHUNK))?;
        let is_end = self.done + size(chunk.len()) >= self.length()?;
        let upto = chunk
            .iter()
            .enumerate()
            .skip(wanted.saturating_sub(1))
            .find(|(_, byte)| **byte == b'\n')
            .map_or(chunk.len(), |(at, _)| at + 1);
        let part = chunk.get(..upto).unwrap_or_default();
        let (end, lines) = whole_lines(part, usize::MAX, self.is_closed && is_end, !is_end);
        self.pass(size(end), lines);
        self.is_mid_line = part
            .get(..end)
            .and_then(<[u8]>::last)
            .is_some_and(|last| *last != b'\n');
        self.settle();
        Ok(lines)
    }
}

impl Backlog {
    pub(super) fn new(old: Option<Segment>, current: Segment, most: u64) -> Self {
        Self {
            old,
            current,
            handed: None,
            most,
        }
    }

    pub(super) fn waiting(&self) -> io::Result<Waiting> {
        let mut waiting = Waiting::default();
        for segment in self.old.iter().chain([&self.current]) {
            waiting.bytes += segment.rest()?;
            waiting.records += segment.records;
        }
        Ok(waiting)
    }

    /// Counts some of what is not counted yet.
    pub(super) fn count(&mut self) -> io::Result<Counted> {
        let mut counted = Counted::default();
        for segment in self.old.iter_mut().chain([&mut self.current]) {
            let found = segment.count()?;
            counted.more |= found.more;
            counted.was_cut |= found.was_cut;
        }
        if counted.was_cut {
            self.handed = None;
        }
        Ok(counted)
    }

    /// With another batch, more might be sent twice than may.
    pub(super) fn is_unsettled(&self) -> bool {
        let segments = self.old.iter().chain([&self.current]);
        let records: u64 = segments.flat_map(|segment| segment.unsafe_records).sum();
        records + size(AUDIT_FORWARD_RECORDS) > AUDIT_FORWARD_UNSETTLED
    }

    /// The next lines to be sent, the oldest first. The sender has nothing else then.
    pub(super) fn hand_out(&mut self) -> io::Result<Batch> {
        self.handed = None;
        let is_old = match &self.old {
            Some(old) => old.rest()? > 0,
            None => false,
        };
        let segment = match (&mut self.old, is_old) {
            (Some(old), true) => old,
            _ => &mut self.current,
        };
        let (batch, handed) = segment.next()?;
        if batch.is_some {
            self.handed = Some(Handed { is_old, ..handed });
        }
        Ok(batch)
    }

    /// What was handed out was sent.
    pub(super) fn confirm(&mut self) -> Confirmed {
        let Some(handed) = self.handed.take() else {
            return Confirmed::default();
        };
        if !handed.is_passed {
            let Some(segment) = self.holder(handed) else {
                return Confirmed::default();
            };
            segment.pass_handed(handed);
            segment.unsafe_records[1] += handed.records;
        }
        Confirmed {
            records: handed.records - handed.unfit,
            unfit: handed.unfit,
        }
    }

    /// The file that something was handed out of.
    fn holder(&mut self, handed: Handed) -> Option<&mut Segment> {
        match handed.is_old {
            true => self.old.as_mut(),
            false => Some(&mut self.current),
        }
    }

    /// What was handed out was not sent. Gives the number of records that are left out with it.
    pub(super) fn take_back(&mut self) -> u64 {
        let passed = self.handed.take().filter(|handed| handed.is_passed);
        passed.map_or(0, |handed| handed.records)
    }

    /// Some of what was sent behind the stored position may not have arrived. Gives the number of records that are left out.
    pub(super) fn rewind(&mut self) -> u64 {
        let lost = self.take_back();
        for segment in self.old.iter_mut().chain([&mut self.current]) {
            if segment.done > segment.safe {
                segment.done = segment.safe;
                segment.records += segment.unsafe_records.iter().sum::<u64>();
                segment.is_mid_line = false;
                segment.settle();
            }
        }
        lost
    }

    /// Leaves out the oldest records where more wait than may, behind those that the sender has: it may be at them for long. Gives their
    /// number, if any are left out.
    pub(super) fn leave_out(&mut self) -> io::Result<Option<u64>> {
        let handed = self.handed.filter(|handed| !handed.is_passed);
        let waiting = self.waiting()?.bytes;
        let waiting = waiting.saturating_sub(handed.map_or(0, |handed| handed.bytes));
        if waiting <= self.most {
            return Ok(None);
        }
        let excess = waiting - self.most;
        if let Some(handed) = handed {
            if let Some(segment) = self.holder(handed) {
                segment.pass_handed(handed);
                segment.settle();
            }
            self.handed = Some(Handed {
                is_passed: true,
                ..handed
            });
        }
        let is_old = match &self.old {
            Some(old) => old.rest()? > 0,
            None => false,
        };
        let segment = match (&mut self.old, is_old) {
            (Some(old), true) => old,
            _ => &mut self.current,
        };
        let before = segment.done;
        let records = segment.leave_out(excess)?;
        Ok((segment.done > before).then_some(records))
    }

    /// The log goes on in another file. Gives the number of records that are left out, because one file before it is all that is kept.
    pub(super) fn moved(&mut self, file: File) -> u64 {
        let lost = self.old.take().map_or(0, |mut old| {
            while old.count().is_ok_and(|counted| counted.more) {}
            old.records
        });
        self.handed = match self.handed {
            Some(handed) if handed.is_passed || !handed.is_old => Some(Handed { is_old: true, ..handed }),
            _ => None,
        };
        let mut old = std::mem::replace(&mut self.current, Segment::new(file, 0, false));
        old.is_closed = true;
        self.old = Some(old);
        lost
    }

    /// Moves the place on that is stored: to where it was when this was called before, so that what is sent has some time to arrive. Gives
    /// whether records are behind it now that were not.
    pub(super) fn advance(&mut self) -> bool {
        let mut is_moved = false;
        for segment in self.old.iter_mut().chain([&mut self.current]) {
            is_moved |= segment.unsafe_records[0] > 0;
            segment.safe = std::mem::replace(&mut segment.mark, segment.done);
            segment.unsafe_records = [segment.unsafe_records[1], 0];
        }
        if self.old.as_ref().is_some_and(Segment::is_finished) {
            self.old = None;
        }
        is_moved
    }

    /// That place has reached what was sent.
    pub(super) fn is_settled(&self) -> bool {
        self.old.is_none() && self.current.is_settled()
    }

    /// The place that is to be stored.
    pub(super) fn position(&self) -> io::Result<Position> {
        let segment = match &self.old {
            Some(old) if !old.is_finished() => old,
            _ => &self.current,
        };
        Position::of(&segment.file, segment.safe)
    }
}

/// The end of the last of at most so many whole lines, and their number. `is_last`: what is behind the last line break is a line, too;
/// `is_long`: without any line break, all of it is part of a line that is too long.
fn whole_lines(bytes: &[u8], most: usize, is_last: bool, is_long: bool) -> (usize, u64) {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let (mut end, mut count) = (0, 0);
    for line in lines.by_ref().take(most) {
        let is_whole = line.ends_with(b"\n") || is_last;
        if !is_whole {
            break;
        }
        end += line.len();
        count += 1;
    }
    match end {
        0 if is_long => (bytes.len(), 0),
        _ => (end, count),
    }
}

/// Whether a line can be one of an audit log: those are ASCII, and what others put into the file must not reach a terminal, or pass for a
/// frame of its own.
fn is_fit(line: &[u8]) -> bool {
    line.len() <= LINE_MAX && line.iter().all(|byte| (b' '..=b'~').contains(byte))
}

fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
