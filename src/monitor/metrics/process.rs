//! The process as the system sees it, under the names that Prometheus clients use.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// Figures of one moment. What the system does not show is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// Time on processors, in seconds.
    pub cpu_seconds: f64,
    /// Memory in use, in bytes.
    pub resident_bytes: u64,
    /// Address space, in bytes.
    pub virtual_bytes: u64,
    /// Descriptors in use.
    pub open_descriptors: u64,
    /// Descriptors that there may be.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
    /// Unix time of the start, in seconds.
    pub start_seconds: f64,
}

/// Metrics of the process; registered with the first figures, so that there are none where the system shows nothing.
#[derive(Debug, Default)]
pub(super) struct Process {
    cpu: Counter<f64, AtomicU64>,
    resident: Gauge,
    address_space: Gauge,
    open_descriptors: Gauge,
    descriptors: Gauge,
    threads: Gauge,
    start: Gauge<f64, AtomicU64>,
}

impl Process {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit("process_cpu", "Time on processors", Unit::Seconds, self.cpu.clone());
        registry.register_with_unit(
            "process_resident_memory",
            "Memory in use",
            Unit::Bytes,
            self.resident.clone(),
        );
        registry.register_with_unit(
            "process_virtual_memory",
            "Address space",
            Unit::Bytes,
            self.address_space.clone(),
        );
        registry.register(
            "process_open_fds",
            "File descriptors in use",
            self.open_descriptors.clone(),
        );
        registry.register(
            "process_max_fds",
            "File descriptors that there may be",
            self.descriptors.clone(),
        );
        registry.register("process_threads", "Threads", self.threads.clone());
        registry.register_with_unit(
            "process_start_time",
            "Unix time of the start",
            Unit::Seconds,
            self.start.clone(),
        );
    }

    pub(super) fn show(&self, figures: &Figures) {
        let set = |gauge: &Gauge, value: u64| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        // The system counts, so this sets what a counter would add up to.
        let bits = figures.cpu_seconds.to_bits();
        self.cpu.inner().store(bits, Ordering::Relaxed);
        set(&self.resident, figures.resident_bytes);
        set(&self.address_space, figures.virtual_bytes);
        set(&self.open_descriptors, figures.open_descriptors);
        set(&self.descriptors, figures.descriptors);
        set(&self.threads, figures.threads);
        self.start.set(figures.start_seconds);
    }
}
