//! Lines that are no records: what a full disk or a crash left of them. The next record says how many there are, and their digest.

use ring::digest::{Context, SHA256};

use crate::key::Tag;

/// Lines that are no records, as the record behind them states them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TornLines {
    /// How many.
    pub lines: u64,
    /// SHA-256 of all their bytes, with line breaks.
    pub digest: Tag,
}

/// Lines that no record accounts for yet.
#[derive(Clone)]
pub(crate) struct Pieces {
    lines: u64,
    digest: Context,
    /// The last one has no line break yet.
    is_open: bool,
}

impl Pieces {
    pub(crate) fn new() -> Self {
        Self {
            lines: 0,
            digest: Context::new(&SHA256),
            is_open: false,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines == 0
    }

    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Adds bytes of such lines.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.lines += u64::from(!self.is_open);
            self.is_open = part.last() != Some(&b'\n');
        }
    }

    /// The last line ends where it is: its file does not go on.
    pub(crate) fn cut(&mut self) {
        self.is_open = false;
    }

    /// As a record states them, once a line break has ended the last one.
    pub(crate) fn stated(&self) -> Option<TornLines> {
        if self.is_empty() {
            return None;
        }
        let mut whole = self.clone();
        if whole.is_open {
            whole.add(b"\n");
        }
        let mut digest = Tag::NONE;
        for (to, from) in digest.0.iter_mut().zip(whole.digest.finish().as_ref()) {
            *to = *from;
        }
        Some(TornLines {
            lines: whole.lines,
            digest,
        })
    }
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pieces({} lines)", self.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_however_their_bytes_come() {
        let mut at_once = Pieces::new();
        at_once.add(b"a\nbc\nd");
        let mut one_by_one = Pieces::new();
        b"a\nbc\nd".iter().for_each(|byte| one_by_one.add(&[*byte]));
        assert_eq!((at_once.lines(), at_once.is_open()), (3, true));
        assert_eq!(at_once.stated(), one_by_one.stated());
        let mut ended = at_once.clone();
        ended.add(b"\n");
        assert_eq!(ended.stated(), at_once.stated());
        assert_eq!((ended.lines(), ended.is_open()), (3, false));
        assert_eq!(Pieces::new().stated(), None);
    }
}
