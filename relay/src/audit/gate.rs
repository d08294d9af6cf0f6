//! How many records may wait, and whether calls may begin.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::OnFailure;
use crate::limits::{AUDIT_QUEUE, AUDIT_RESERVED, AUDIT_STRANGERS, SELDOM};

/// Counts that calls and the thread share.
#[derive(Debug)]
pub(super) struct Gate {
    on_failure: OnFailure,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Calls that began and have no record yet.
    running: usize,
    /// Under `block`: these, and those whose records are not written yet.
    reserved: usize,
    /// Other records that wait.
    waiting: usize,
    /// The file took no more the last time.
    is_broken: bool,
    /// Dropped records that no record tells of yet.
    untold: u64,
    /// The last record was asked for.
    is_closed: bool,
    /// Requests without an accepted key: since when they are counted, and how many were recorded since.
    strangers: Option<(Instant, u32)>,
}

/// A place for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ticket {
    /// Of a call that began with one: its record is kept until it is written.
    Reserved,
    /// Of any other.
    Waiting,
}

impl Gate {
    pub(super) fn new(on_failure: OnFailure) -> Self {
        Self {
            on_failure,
            counts: Mutex::default(),
        }
    }

    /// Whether a call may begin. Counts it as running, and reserves the place of its record.
    pub(super) fn admits(&self) -> bool {
        let mut counts = self.counts();
        if self.on_failure == OnFailure::Block {
            if counts.is_broken || counts.reserved >= AUDIT_RESERVED {
                return false;
            }
            counts.reserved += 1;
        }
        counts.running += 1;
        true
    }

    /// A call that was admitted will have no record: it was none.
    pub(super) fn withdraw(&self) {
        let mut counts = self.counts();
        counts.running = counts.running.saturating_sub(1);
        if self.on_failure == OnFailure::Block {
            counts.reserved = counts.reserved.saturating_sub(1);
        }
    }

    /// Passes a record on, if there is a place for it; it is dropped and counted otherwise, or when `send` fails.
    pub(super) fn send(&self, is_admitted: bool, is_stranger: bool, send: impl FnOnce(Ticket) -> bool) {
        let mut counts = self.counts();
        // At the end, running calls were counted.
        if counts.is_closed {
            return;
        }
        if is_admitted {
            counts.running = counts.running.saturating_sub(1);
        }
        let ticket = if is_admitted && self.on_failure == OnFailure::Block {
            Ticket::Reserved
        } else if counts.waiting >= AUDIT_QUEUE || is_stranger && !counts.takes_stranger(Instant::now()) {
            counts.untold += 1;
            return;
        } else {
            counts.waiting += 1;
            Ticket::Waiting
        };
        // The queue has room for every ticket; otherwise its thread is gone.
        if !send(ticket) {
            counts.untold += 1;
            counts.give_back(ticket);
        }
    }

    /// Asks for the last record, behind all others: what comes later has none. Returns whether that could be asked for.
    pub(super) fn close(&self, send: impl FnOnce() -> bool) -> bool {
        let mut counts = self.counts();
        if !counts.is_closed {
            counts.untold += u64::try_from(counts.running).unwrap_or(u64::MAX);
        }
        counts.is_closed = true;
        send()
    }

    /// The record is written, or dropped.
    pub(super) fn give_back(&self, ticket: Ticket) {
        self.counts().give_back(ticket);
    }

    /// Records are lost.
    pub(super) fn lose(&self, records: usize) {
        self.counts().untold += u64::try_from(records).unwrap_or(u64::MAX);
    }

    /// Takes the number of lost records, to tell of them.
    pub(super) fn take_untold(&self) -> u64 {
        std::mem::take(&mut self.counts().untold)
    }

    /// Whether the file takes no records.
    pub(super) fn set_broken(&self, is_broken: bool) {
        self.counts().is_broken = is_broken;
    }

    /// Code that holds the lock does not panic, so a poisoned one is still consistent.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn give_back(&mut self, ticket: Ticket) {
        let counter = match ticket {
            Ticket::Reserved => &mut self.reserved,
            Ticket::Waiting => &mut self.waiting,
        };
        *counter = counter.saturating_sub(1);
    }

    fn takes_stranger(&mut self, now: Instant) -> bool {
        match &mut self.strangers {
            Some((since, recorded)) if now.saturating_duration_since(*since) < SELDOM => {
                *recorded += 1;
                *recorded <= AUDIT_STRANGERS
            }
            strangers => {
                *strangers = Some((now, 1));
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(gate: &Gate, is_admitted: bool, is_stranger: bool) -> Option<Ticket> {
        let mut given = None;
        gate.send(is_admitted, is_stranger, |ticket| {
            given = Some(ticket);
            true
        });
        given
    }

    #[test]
    fn a_blocking_log_admits_what_it_can_record_and_nothing_while_it_is_broken() {
        let gate = Gate::new(OnFailure::Block);
        assert_eq!((0..=AUDIT_RESERVED).filter(|_| gate.admits()).count(), AUDIT_RESERVED);
        assert_eq!(ticket(&gate, false, false), Some(Ticket::Waiting));
        assert_eq!(ticket(&gate, true, false), Some(Ticket::Reserved));
        assert!(!gate.admits(), "its record is not written");
        gate.give_back(Ticket::Reserved);
        assert!(gate.admits());
        gate.withdraw();
        gate.set_broken(true);
        assert!(!gate.admits());
    }

    #[test]
    fn a_log_that_drops_admits_everything_and_counts_what_it_drops() {
        let gate = Gate::new(OnFailure::DropAndCount);
        gate.set_broken(true);
        for place in 0..AUDIT_QUEUE + 3 {
            assert!(gate.admits());
            assert_eq!(ticket(&gate, true, false).is_some(), place < AUDIT_QUEUE);
        }
        assert_eq!((gate.take_untold(), gate.take_untold()), (3, 0));
    }

    #[test]
    fn requests_without_a_key_have_few_records_a_second() {
        let mut counts = Counts::default();
        let now = Instant::now();
        let taken = (0..1000).filter(|_| counts.takes_stranger(now)).count();
        assert_eq!(taken, AUDIT_STRANGERS as usize);
        assert!(counts.takes_stranger(now + SELDOM));
    }

    #[test]
    fn at_the_end_calls_that_run_are_counted_and_have_no_record() {
        let gate = Gate::new(OnFailure::DropAndCount);
        assert!(gate.admits() && gate.admits());
        assert!(ticket(&gate, true, false).is_some());
        assert!(gate.close(|| true));
        assert_eq!(ticket(&gate, true, false), None);
        assert_eq!(gate.take_untold(), 1);
    }
}
