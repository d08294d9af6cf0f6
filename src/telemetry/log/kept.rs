//! The last records of the log, kept in memory for the status page (contract: status, section 6).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::limits::{KEPT_LINE_COST, KEPT_LINES_BYTES};

/// Records in their order, each with a number. Old ones go when there are too many, or too much text.
#[derive(Debug)]
pub(crate) struct Kept {
    lines: Mutex<Lines>,
    most: usize,
    added: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    /// Members of a JSON object each, without braces at their beginning.
    all: VecDeque<Box<str>>,
    bytes: usize,
    /// The number of the next one; the first has 1.
    next: u64,
}

/// Some records, one after the other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Number and members of each.
    pub(crate) lines: Vec<(u64, Box<str>)>,
    /// Records that were asked for and are gone.
    pub(crate) lost: u64,
    /// There are records that found no room, before these.
    pub(crate) is_cut: bool,
}

#[cfg(test)]
impl Default for Kept {
    fn default() -> Self {
        Self::new(100)
    }
}

impl Kept {
    /// Keeps so many.
    pub(super) fn new(most: usize) -> Self {
        Self {
            lines: Mutex::new(Lines {
                next: 1,
                ..Lines::default()
            }),
            most,
            added: Notify::new(),
        }
    }

    /// Adds one, which is without secrets already.
    pub(crate) fn push(&self, line: &str) {
        let line: Box<str> = line.into();
        let mut old = VecDeque::new();
        let mut lines = self.lock();
        lines.bytes += line.len() + KEPT_LINE_COST;
        lines.all.push_back(line);
        lines.next += 1;
        while lines.all.len() > self.most || lines.bytes > KEPT_LINES_BYTES {
            let Some(first) = lines.all.pop_front() else { break };
            lines.bytes -= first.len() + KEPT_LINE_COST;
            old.push_back(first);
        }
        drop(lines);
        self.added.notify_waiters();
    }

    /// How many it keeps at most.
    pub(crate) fn capacity(&self) -> usize {
        self.most
    }

    /// Number of the newest one, or 0.
    pub(crate) fn newest(&self) -> u64 {
        self.lock().next - 1
    }

    /// The last `most`, of no more than so many bytes.
    pub(crate) fn last(&self, most: usize, bytes: usize) -> Batch {
        let lines = self.lock();
        let mut batch = Batch::default();
        let (mut room, mut number) = (bytes, lines.next);
        for line in lines.all.iter().rev().take(most) {
            let Some(left) = room.checked_sub(line.len() + KEPT_LINE_COST) else {
                batch.is_cut = true;
                break;
            };
            (room, number) = (left, number - 1);
            batch.lines.push((number, line.clone()));
        }
        drop(lines);
        batch.lines.reverse();
        batch
    }

    /// Those after the one of this number, the first of them, of no more than so many bytes, and at least one.
    pub(crate) fn after(&self, number: u64, bytes: usize) -> Batch {
        let lines = self.lock();
        let first = lines.next - u64::try_from(lines.all.len()).unwrap_or(u64::MAX).min(lines.next);
        let from = number.saturating_add(1).min(lines.next);
        let mut batch = Batch {
            lost: first.saturating_sub(from),
            ..Batch::default()
        };
        let skipped = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        let mut room = bytes;
        for (line, number) in lines.all.iter().skip(skipped).zip(from.max(first)..) {
            let left = room.checked_sub(line.len() + KEPT_LINE_COST);
            if left.is_none() && !batch.lines.is_empty() {
                break;
            }
            room = left.unwrap_or_default();
            batch.lines.push((number, line.clone()));
        }
        batch
    }

    /// Returns when one was added after this was called. Who adds one does not wait for that.
    pub(crate) fn added(&self) -> Notified<'_> {
        self.added.notified()
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(most: usize, lines: std::ops::Range<usize>) -> Kept {
        let kept = Kept::new(most);
        lines.for_each(|line| kept.push(&line.to_string()));
        kept
    }

    fn numbers(batch: &Batch) -> Vec<(u64, &str)> {
        batch.lines.iter().map(|(number, line)| (*number, &**line)).collect()
    }

    #[test]
    fn the_last_lines_keep_their_numbers() {
        let kept = kept(3, 0..5);
        assert_eq!(numbers(&kept.last(10, 1000)), [(3, "2"), (4, "3"), (5, "4")]);
        assert_eq!(numbers(&kept.last(1, 1000)), [(5, "4")]);
        assert_eq!(kept.newest(), 5);
        let cut = kept.last(10, 2 * (KEPT_LINE_COST + 1));
        assert_eq!((numbers(&cut), cut.is_cut), (vec![(4, "3"), (5, "4")], true));
    }

    #[test]
    fn who_reads_too_slowly_is_told_how_many_lines_are_gone() {
        let kept = kept(3, 0..5);
        for (after, lost, first) in [
            (0, 2, Some(3)),
            (1, 1, Some(3)),
            (2, 0, Some(3)),
            (4, 0, Some(5)),
            (5, 0, None),
            (99, 0, None),
        ] {
            let batch = kept.after(after, 1000);
            assert_eq!(
                (batch.lost, batch.lines.first().map(|line| line.0)),
                (lost, first),
                "{after}"
            );
        }
        assert_eq!(numbers(&kept.after(0, 1)), [(3, "2")]);
        assert_eq!(Kept::new(3).after(0, 1000), Batch::default());
        assert_eq!(Kept::new(3).last(3, 1000), Batch::default());
    }

    #[test]
    fn the_text_is_bounded_however_many_lines_may_be_kept() {
        let kept = Kept::new(100_000);
        let line = "x".repeat(8 * 1024);
        for _ in 0..1000 {
            kept.push(&line);
        }
        let lines = kept.lock();
        assert!(
            lines.bytes <= KEPT_LINES_BYTES && lines.all.len() > 100,
            "{}",
            lines.all.len()
        );
    }
}
