//! The end of a file that the log goes on in: its last record, and what a crash left behind it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use crate::key::Head;
use crate::limits::{AHEAD_MAX, TAIL_MAX, TAIL_PIECES_MAX};
use crate::line::Line;
use crate::torn::Pieces;

/// The end of a file.
#[derive(Debug)]
pub struct Tail {
    pub(crate) head: Option<Head>,
    /// The last record has no line break yet.
    pub(crate) is_unbroken: bool,
    pub(crate) pieces: Pieces,
}

impl Tail {
    /// Of a file without a record.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            head: None,
            is_unbroken: false,
            pieces: Pieces::new(),
        }
    }

    /// Reads the end of a file; its seals are for the verifier. `None` when there are lines that no chain made.
    ///
    /// # Errors
    ///
    /// [`io::Error`].
    pub fn read(file: &mut File) -> io::Result<Option<Self>> {
        let length = file.seek(SeekFrom::End(0))?;
        let start = length.saturating_sub(TAIL_MAX as u64);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::with_capacity(TAIL_MAX);
        file.take(TAIL_MAX as u64).read_to_end(&mut bytes)?;
        Ok(Self::of(&bytes, start == 0))
    }

    /// The last record, as it states itself.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        self.head
    }

    /// The record to go on from, where the key file knows of one: the last one in the file, unless that is older, or so much later that no
    /// writer of this chain made it.
    pub(crate) fn head_after(&self, known: Head) -> Head {
        let is_near = |head: &Head| (known.count..=known.count + AHEAD_MAX).contains(&head.count);
        self.head.filter(is_near).unwrap_or(known)
    }

    /// Whether a file ends within a line.
    ///
    /// # Errors
    ///
    /// [`io::Error`].
    pub fn is_mid_line(file: &mut File) -> io::Result<bool> {
        if file.seek(SeekFrom::End(0))? == 0 {
            return Ok(false);
        }
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        Ok(last != *b"\n")
    }

    /// Reads it from bytes; `is_whole`: the file has no others.
    fn of(bytes: &[u8], is_whole: bool) -> Option<Self> {
        let mut end = bytes.len();
        loop {
            // The line that ends here, with its line break.
            let upto = bytes.get(..end)?;
            let start = match upto.split_last() {
                None => 0,
                Some((_, before)) => before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1),
            };
            let line = upto.get(start..)?;
            let record = line.strip_suffix(b"\n");
            let is_unbroken = record.is_none();
            let head = Line::parse(record.unwrap_or(line)).map(|line| Head {
                count: line.number,
                tag: line.seal,
            });
            if head.is_some() || (start == 0 && (is_whole || line.is_empty())) {
                // Without a record, the file as a whole is what was left.
                let rest = if head.is_some() { end } else { 0 };
                let mut pieces = Pieces::new();
                pieces.add(bytes.get(rest..)?);
                let is_known = head.is_some() || is_whole;
                return (is_known && pieces.lines() <= TAIL_PIECES_MAX).then_some(Self {
                    head,
                    is_unbroken: is_unbroken && head.is_some(),
                    pieces,
                });
            }
            if start == 0 {
                return None;
            }
            end = start;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::key::Tag;

    fn record(number: u64) -> String {
        format!(
            "{{\"seq\":{number},\"event\":\"command\",\"mac\":\"{}\"}}\n",
            Tag([2; 32])
        )
    }

    #[test]
    fn the_last_record_and_what_is_behind_it_are_found() {
        let (first, second) = (record(1), record(2));
        for (rest, lines, is_open) in [
            ("", 0, false),
            ("{\"seq\":3,\"ev", 1, true),
            ("x\n", 1, false),
            ("x\ny", 2, true),
        ] {
            let bytes = format!("{first}{second}{rest}");
            for is_whole in [true, false] {
                let tail = Tail::of(bytes.as_bytes(), is_whole).unwrap();
                assert_eq!(tail.head.unwrap().count, 2);
                assert_eq!((tail.pieces.lines(), tail.pieces.is_open()), (lines, is_open), "{rest}");
            }
        }
        // All of a record but its line break is a record.
        let tail = Tail::of(format!("{first}{}", second.trim_end()).as_bytes(), true).unwrap();
        assert_eq!(
            (tail.head.unwrap().count, tail.is_unbroken, tail.pieces.lines()),
            (2, true, 0)
        );
    }

    #[test]
    fn a_file_without_a_record_is_empty_torn_or_of_another_kind() {
        assert!(Tail::of(b"", true).unwrap().head.is_none());
        assert_eq!(Tail::of(b"{\"seq\":1,\"ev", true).unwrap().pieces.lines(), 1);
        assert!(Tail::of(b"a\nb\nc\nd\ne\nf\n", true).is_none());
        assert!(Tail::of(b"b\nc\n", false).is_none());
    }
}
