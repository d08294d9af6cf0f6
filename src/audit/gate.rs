//! How many records may wait, and what the monitor is told of them.

use std::sync::{Arc, OnceLock};

use audit_log::{OnFailure, Places, Watch};

use crate::limits::{AUDIT_QUEUE, AUDIT_RESERVED};
use crate::monitor::Monitor;

pub(super) use audit_log::Ticket;

pub(super) type Gate = audit_log::Gate<Watcher>;

pub(super) fn gate(on_failure: OnFailure) -> Gate {
    let places = Places {
        reserved: AUDIT_RESERVED,
        waiting: AUDIT_QUEUE,
    };
    Gate::new(on_failure, places, Watcher::default())
}

/// Tells this monitor from now on, and what was dropped so far.
pub(super) fn report(gate: &Gate, monitor: Arc<Monitor>) {
    monitor.health.audit_begun(gate.blocks());
    let dropped = gate.untold();
    if dropped > 0 {
        monitor.metrics.audit_records_dropped.inc_by(dropped);
        monitor.health.audit_dropped(dropped);
    }
    let monitor = gate.watch().0.get_or_init(|| monitor);
    // After the thread can tell it itself.
    if gate.is_broken() {
        monitor.health.audit_failed();
    }
}

/// Tells the monitor, once there is one.
#[derive(Debug, Default)]
pub(super) struct Watcher(OnceLock<Arc<Monitor>>);

impl Watch for Watcher {
    fn full(&self) {
        if let Some(monitor) = self.0.get() {
            monitor.health.audit_full();
        }
    }

    fn lost(&self, records: u64) {
        if let Some(monitor) = self.0.get() {
            monitor.metrics.audit_records_dropped.inc_by(records);
            monitor.health.audit_dropped(records);
        }
    }

    fn wrote(&self, records: u64) {
        if let Some(monitor) = self.0.get() {
            monitor.health.audit_written(records);
        }
    }

    fn broken(&self, is_broken: bool) {
        if let Some(monitor) = self.0.get() {
            match is_broken {
                true => monitor.health.audit_failed(),
                false => monitor.health.audit_recovered(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocking_log_admits_as_many_commands_as_it_keeps_records_of() {
        let gate = gate(OnFailure::Block);
        assert_eq!((0..=AUDIT_RESERVED).filter(|_| gate.admits()).count(), AUDIT_RESERVED);
    }

    #[test]
    fn a_log_that_drops_admits_everything_and_counts_what_it_drops() {
        let gate = gate(OnFailure::DropAndCount);
        gate.set_broken(true);
        for place in 0..AUDIT_QUEUE + 3 {
            assert!(gate.admits());
            assert_eq!(gate.ticket(true).is_some(), place < AUDIT_QUEUE);
        }
        let monitor = Arc::new(Monitor::of_nothing());
        report(&gate, Arc::clone(&monitor));
        gate.lose(1);
        let counted = monitor.metrics.audit_records_dropped.get();
        assert_eq!((counted, gate.take_untold(), gate.take_untold()), (4, 4, 0));
    }
}
