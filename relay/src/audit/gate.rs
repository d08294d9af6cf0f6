//! How many records may wait, whether calls may begin, and which requests have a record.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use audit_log::{OnFailure, Places};

use crate::limits::{AUDIT_QUEUE, AUDIT_RESERVED, AUDIT_STRANGERS, SELDOM};

pub(super) use audit_log::Ticket;

/// Counts of records, which the thread shares, and of calls, which it does not need.
#[derive(Debug)]
pub(super) struct Gate {
    records: Arc<audit_log::Gate<()>>,
    calls: Mutex<Calls>,
}

#[derive(Debug, Default)]
struct Calls {
    /// Calls that began and have no record yet.
    running: usize,
    /// The last record was asked for.
    is_closed: bool,
    /// Requests without an accepted key: since when they are counted, and how many were recorded since.
    strangers: Option<(Instant, u32)>,
}

impl Gate {
    pub(super) fn new(on_failure: OnFailure) -> Self {
        let places = Places {
            reserved: AUDIT_RESERVED,
            waiting: AUDIT_QUEUE,
        };
        Self {
            records: Arc::new(audit_log::Gate::new(on_failure, places, ())),
            calls: Mutex::default(),
        }
    }

    /// The thread's part.
    pub(super) fn records(&self) -> Arc<audit_log::Gate<()>> {
        Arc::clone(&self.records)
    }

    /// Whether a call may begin. Counts it as running, and reserves the place of its record.
    pub(super) fn admits(&self) -> bool {
        let may_begin = self.records.admits();
        if may_begin {
            self.calls().running += 1;
        }
        may_begin
    }

    /// A call that was admitted will have no record: it was none.
    pub(super) fn withdraw(&self) {
        self.calls().ended();
        self.records.withdraw();
    }

    /// Passes a record on, if there is a place for it; it is dropped and counted otherwise, or when `send` fails.
    pub(super) fn send(&self, is_admitted: bool, is_stranger: bool, send: impl FnOnce(Ticket) -> bool) {
        let mut calls = self.calls();
        // At the end, running calls were counted.
        if calls.is_closed {
            return;
        }
        if is_admitted {
            calls.ended();
        }
        let Some(ticket) = self.records.ticket(is_admitted) else {
            return;
        };
        let may_be_written = ticket == Ticket::Reserved || !is_stranger || calls.takes_stranger(Instant::now());
        // The queue has room for every ticket; otherwise its thread is gone.
        if !may_be_written || !send(ticket) {
            self.records.lose(1);
            self.records.give_back(ticket);
        }
    }

    /// Asks for the last record, behind all others: what comes later has none. Returns whether that could be asked for.
    pub(super) fn close(&self, send: impl FnOnce() -> bool) -> bool {
        let mut calls = self.calls();
        if !calls.is_closed {
            self.records.lose(calls.running);
        }
        calls.is_closed = true;
        send()
    }

    /// Code that holds the lock does not panic, so a poisoned one is still consistent.
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Calls {
    fn ended(&mut self) {
        self.running = self.running.saturating_sub(1);
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
        gate.records.give_back(Ticket::Reserved);
        assert!(gate.admits());
        gate.withdraw();
        gate.records.set_broken(true);
        assert!(!gate.admits());
    }

    #[test]
    fn a_log_that_drops_admits_everything_and_counts_what_it_drops() {
        let gate = Gate::new(OnFailure::DropAndCount);
        gate.records.set_broken(true);
        for place in 0..AUDIT_QUEUE + 3 {
            assert!(gate.admits());
            assert_eq!(ticket(&gate, true, false).is_some(), place < AUDIT_QUEUE);
        }
        assert_eq!((gate.records.take_untold(), gate.records.take_untold()), (3, 0));
    }

    #[test]
    fn requests_without_a_key_have_few_records_a_second() {
        let mut calls = Calls::default();
        let now = Instant::now();
        let taken = (0..1000).filter(|_| calls.takes_stranger(now)).count();
        assert_eq!(taken, AUDIT_STRANGERS as usize);
        assert!(calls.takes_stranger(now + SELDOM));
    }

    #[test]
    fn at_the_end_calls_that_run_are_counted_and_have_no_record() {
        let gate = Gate::new(OnFailure::DropAndCount);
        assert!(gate.admits() && gate.admits());
        assert!(ticket(&gate, true, false).is_some());
        assert!(gate.close(|| true));
        assert_eq!(ticket(&gate, true, false), None);
        assert_eq!(gate.records.take_untold(), 1);
    }
}
