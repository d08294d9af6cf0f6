//! How many records may wait, and whether commands may begin.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::config::OnFailure;
use crate::limits::{AUDIT_QUEUE, AUDIT_RESERVED};
use crate::monitor::Monitor;

/// Counters that both threads share.
#[derive(Debug)]
pub(super) struct Gate {
    on_failure: OnFailure,
    /// Commands that run with a reservation, and their records until they are written.
    reserved: AtomicUsize,
    /// Other records that wait.
    waiting: AtomicUsize,
    /// The file took no more the last time.
    is_broken: AtomicBool,
    /// Dropped records that no record tells of yet.
    untold: AtomicU64,
    monitor: OnceLock<Arc<Monitor>>,
}

/// A place for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ticket {
    /// Of a command that began with one: its record is kept until it is written.
    Reserved,
    /// Of any other.
    Waiting,
}

impl Gate {
    pub(super) fn new(on_failure: OnFailure) -> Self {
        Self {
            on_failure,
            reserved: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            is_broken: AtomicBool::new(false),
            untold: AtomicU64::new(0),
            monitor: OnceLock::new(),
        }
    }

    /// Counts dropped records here, those so far as well, and shows whether the file takes records.
    pub(super) fn report_to(&self, monitor: &Arc<Monitor>) {
        let untold = self.untold.load(Ordering::Relaxed);
        monitor.metrics.audit_records_dropped.inc_by(untold);
        let _ = self.monitor.set(Arc::clone(monitor));
        self.show();
    }

    fn show(&self) {
        if let Some(monitor) = self.monitor.get() {
            let blocks = self.on_failure == OnFailure::Block;
            monitor.health.audit(self.is_broken.load(Ordering::Relaxed), blocks);
        }
    }

    /// Whether a command may begin. Reserves the place of its record.
    pub(super) fn admits(&self) -> bool {
        match self.on_failure {
            OnFailure::DropAndCount => true,
            OnFailure::Block => !self.is_broken.load(Ordering::Relaxed) && take(&self.reserved, AUDIT_RESERVED),
        }
    }

    /// The place of a record; `None` when it is dropped.
    pub(super) fn ticket(&self, is_admitted: bool) -> Option<Ticket> {
        if self.on_failure == OnFailure::Block && is_admitted {
            return Some(Ticket::Reserved);
        }
        if take(&self.waiting, AUDIT_QUEUE) {
            return Some(Ticket::Waiting);
        }
        self.drop_one();
        None
    }

    /// The record is written, or dropped.
    pub(super) fn give_back(&self, ticket: Ticket) {
        let counter = match ticket {
            Ticket::Reserved => &self.reserved,
            Ticket::Waiting => &self.waiting,
        };
        counter.fetch_sub(1, Ordering::Relaxed);
    }

    /// A record is lost.
    pub(super) fn drop_one(&self) {
        self.drop_many(1);
    }

    /// Records are lost.
    pub(super) fn drop_many(&self, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.untold.fetch_add(records, Ordering::Relaxed);
        if let Some(monitor) = self.monitor.get() {
            monitor.metrics.audit_records_dropped.inc_by(records);
        }
    }

    /// Takes the number of dropped records, to tell of them.
    pub(super) fn take_untold(&self) -> u64 {
        self.untold.swap(0, Ordering::Relaxed)
    }

    /// Whether the file takes no records.
    pub(super) fn set_broken(&self, is_broken: bool) {
        if self.is_broken.swap(is_broken, Ordering::Relaxed) != is_broken {
            self.show();
        }
    }
}

/// Adds one, unless there are `most`.
fn take(counter: &AtomicUsize, most: usize) -> bool {
    let before = counter.fetch_add(1, Ordering::Relaxed);
    if before >= most {
        counter.fetch_sub(1, Ordering::Relaxed);
    }
    before < most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{Health, Metrics, Progress};

    #[test]
    fn a_blocking_log_admits_what_it_can_record_and_nothing_while_it_is_broken() {
        let gate = Gate::new(OnFailure::Block);
        assert_eq!((0..=AUDIT_RESERVED).filter(|_| gate.admits()).count(), AUDIT_RESERVED);
        // Records of those that were refused have places of their own.
        assert_eq!(gate.ticket(false), Some(Ticket::Waiting));
        assert_eq!(gate.ticket(true), Some(Ticket::Reserved));
        gate.give_back(Ticket::Reserved);
        gate.set_broken(true);
        assert!(!gate.admits());
        gate.set_broken(false);
        assert!(gate.admits() && !gate.admits());
    }

    #[test]
    fn a_log_that_drops_admits_everything_and_counts_what_it_drops() {
        let gate = Gate::new(OnFailure::DropAndCount);
        gate.set_broken(true);
        for place in 0..AUDIT_QUEUE + 3 {
            assert!(gate.admits());
            assert_eq!(gate.ticket(true).is_some(), place < AUDIT_QUEUE);
        }
        let monitor = Arc::new(Monitor {
            health: Health::new(std::iter::empty()),
            metrics: Metrics::new(1, 1),
            progress: Progress::default(),
        });
        gate.report_to(&monitor);
        gate.drop_one();
        let counter = &monitor.metrics.audit_records_dropped;
        assert_eq!((counter.get(), gate.take_untold(), gate.take_untold()), (4, 4, 0));
    }
}
