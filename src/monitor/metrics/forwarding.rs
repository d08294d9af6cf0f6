//! The forwarding of the audit log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::UNIX_EPOCH;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::monitor::Forwarding;

/// Metrics of a process that forwards its audit log.
#[derive(Debug, Default)]
pub(super) struct Shown {
    waiting_records: Gauge,
    waiting_bytes: Gauge,
    left_out: Counter,
    last_success: Gauge<f64, AtomicU64>,
    facts: OnceLock<Arc<Forwarding>>,
}

impl Shown {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "audit_forward_waiting_records",
            "Records of the audit log that were not forwarded yet",
            self.waiting_records.clone(),
        );
        registry.register_with_unit(
            "audit_forward_waiting",
            "Bytes of these records",
            Unit::Bytes,
            self.waiting_bytes.clone(),
        );
        registry.register(
            "audit_records_unforwarded",
            "Records of the audit log that were left out of forwarding",
            self.left_out.clone(),
        );
        registry.register_with_unit(
            "audit_forward_last_success_timestamp",
            "Unix time at which the collector last took records",
            Unit::Seconds,
            self.last_success.clone(),
        );
    }

    pub(super) fn show(&self) {
        let Some(facts) = self.facts.get().map(|forwarding| forwarding.facts()) else {
            return;
        };
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.waiting_records.set(gauge(facts.waiting_records));
        self.waiting_bytes.set(gauge(facts.waiting_bytes));
        self.left_out.inner().store(facts.left_out, Ordering::Relaxed);
        let moment = facts
            .last_success
            .and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
        self.last_success.set(moment.unwrap_or_default().as_secs_f64());
    }
}

impl super::Metrics {
    /// Shows the forwarding of the audit log, which there is only when it is configured.
    pub fn show_forwarding(&mut self, forwarding: Arc<Forwarding>) {
        if self.forwarding.facts.set(forwarding).is_ok() {
            self.forwarding.register(&mut self.registry);
        }
    }
}
