//! Metrics in the names of the contract (contract: ops, section 4), with bounded labels and buckets that fit their unit.

mod credentials;
mod flow;
mod forwarding;
mod process;
mod sandbox;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub use process::Figures;

/// Upper bounds in seconds: a poll may be held for minutes.
const SECONDS: [f64; 12] = [0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 600.0];
/// Upper bounds in milliseconds: a tool may think for minutes.
const MILLISECONDS: [f64; 14] = [
    1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 5000.0, 30_000.0, 120_000.0, 600_000.0,
];

/// `error="true|false"`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabel {
    error: &'static str,
}

/// Every `error_kind`.
const POLL_ERROR_KINDS: [&str; 3] = ["auth", "timeout", "other"];

/// `error_kind`: words of this program.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorKindLabel {
    error_kind: &'static str,
}

/// `drop_reason`: words of this program.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DropLabel {
    drop_reason: &'static str,
}

/// `channel` (a configured one), `request_kind` (call, notification), `outcome` (words of the failure vocabulary, or ok).
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CommandLabel {
    channel: Box<str>,
    request_kind: &'static str,
    outcome: &'static str,
}

/// `channel`: a configured one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChannelLabel {
    channel: Box<str>,
}

/// `channel` (a configured one), `event` (words of this program).
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OddEventLabel {
    channel: Box<str>,
    event: &'static str,
}

/// Makes histograms with one set of bounds.
#[derive(Debug, Clone)]
struct Bounds(&'static [f64]);

impl MetricConstructor<Histogram> for Bounds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// Figures that are kept elsewhere, as they are when metrics are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Readings {
    /// `/readyz` answers 200.
    pub ready: bool,
    /// Log lines that could not be written.
    pub lost_lines: u64,
    /// Texts from which a secret was taken out.
    pub redactions: u64,
    /// The process as the system sees it.
    pub process: Option<Figures>,
}

/// Every metric of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Poll requests that ended.
    pub poll_cycles: Counter,
    /// Commands that polls brought.
    pub commands_polled: Counter,
    /// Commands that were queued.
    pub commands_enqueued: Counter,
    /// Commands that wait in the queue.
    pub queue_length: Gauge,
    /// Commands that run.
    pub workers_busy: Gauge,
    /// Commands for channels that have no binding.
    pub unsupported_channel: Counter,
    /// Records of the audit log that could not be written.
    pub audit_records_dropped: Counter,
    /// Requests to the status page whose token was not accepted.
    pub status_page_refusals: Counter,
    log_lines_lost: Counter,
    redactions: Counter,
    liveness: Gauge,
    readiness: Gauge,
    poll_latency: Family<ErrorLabel, Histogram, Bounds>,
    poll_errors: Family<ErrorKindLabel, Counter>,
    poll_last_success: Gauge<f64, AtomicU64>,
    drops: Family<DropLabel, Counter>,
    end_to_end: Family<CommandLabel, Histogram, Bounds>,
    stdio_restarts: Family<ChannelLabel, Counter>,
    stdio_dropped: Family<ChannelLabel, Counter>,
    odd_events: Family<OddEventLabel, Counter>,
    credentials: credentials::Credentials,
    sandbox: sandbox::Sandbox,
    flow: flow::Flow,
    forwarding: forwarding::Shown,
    process: process::Process,
}

impl Metrics {
    /// Metrics of a process with this queue and this many workers.
    pub fn new(queue_capacity: usize, workers: usize) -> Self {
        let mut registry = Registry::default();
        let m = Self {
            poll_cycles: Counter::default(),
            commands_polled: Counter::default(),
            commands_enqueued: Counter::default(),
            queue_length: Gauge::default(),
            workers_busy: Gauge::default(),
            unsupported_channel: Counter::default(),
            audit_records_dropped: Counter::default(),
            status_page_refusals: Counter::default(),
            log_lines_lost: Counter::default(),
            redactions: Counter::default(),
            liveness: Gauge::default(),
            readiness: Gauge::default(),
            poll_latency: Family::new_with_constructor(Bounds(&SECONDS)),
            poll_errors: Family::default(),
            poll_last_success: Gauge::default(),
            drops: Family::default(),
            end_to_end: Family::new_with_constructor(Bounds(&MILLISECONDS)),
            stdio_restarts: Family::default(),
            stdio_dropped: Family::default(),
            odd_events: Family::default(),
            credentials: credentials::Credentials::default(),
            sandbox: sandbox::Sandbox::default(),
            flow: flow::Flow::default(),
            forwarding: forwarding::Shown::default(),
            process: process::Process::default(),
            registry: Registry::default(),
        };
        let capacity = |value: usize| {
            let gauge: Gauge = Gauge::default();
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            gauge
        };
        m.liveness.set(1);
        // The encoder adds `_total` to counters and the unit to names.
        registry.register(
            "log_lines_lost",
            "Log lines that could not be written",
            m.log_lines_lost.clone(),
        );
        registry.register(
            "audit_records_dropped",
            "Records of the audit log that could not be written",
            m.audit_records_dropped.clone(),
        );
        registry.register(
            "status_page_refusals",
            "Requests to the status page whose token was not accepted",
            m.status_page_refusals.clone(),
        );
        registry.register(
            "redactions",
            "Texts from which a secret was taken out",
            m.redactions.clone(),
        );
        registry.register(
            "commands_poll_cycles",
            "Poll requests that ended",
            m.poll_cycles.clone(),
        );
        registry.register(
            "commands_polled",
            "Commands that polls brought",
            m.commands_polled.clone(),
        );
        registry.register(
            "commands_enqueued",
            "Commands that were queued",
            m.commands_enqueued.clone(),
        );
        registry.register_with_unit(
            "commands_poll_latency",
            "Duration of polls",
            Unit::Seconds,
            m.poll_latency.clone(),
        );
        registry.register("commands_poll_errors", "Polls that failed", m.poll_errors.clone());
        registry.register_with_unit(
            "commands_poll_last_successful_timestamp",
            "Unix time of the last answered poll",
            Unit::Seconds,
            m.poll_last_success.clone(),
        );
        registry.register(
            "commands_queue_drops",
            "Commands dropped without an answer",
            m.drops.clone(),
        );
        registry.register(
            "commands_queue_capacity",
            "Places in the queue",
            capacity(queue_capacity),
        );
        registry.register("commands_queue_length", "Commands in the queue", m.queue_length.clone());
        registry.register(
            "dispatcher_worker_pool_capacity",
            "Commands that may run at once",
            capacity(workers),
        );
        registry.register(
            "dispatcher_worker_pool_occupancy",
            "Commands that run",
            m.workers_busy.clone(),
        );
        registry.register_with_unit(
            "command_end_to_end_latency",
            "From the poll answer to the delivered response",
            Unit::Other("milliseconds".to_owned()),
            m.end_to_end.clone(),
        );
        registry.register(
            "command_unsupported_channel",
            "Commands for unbound channels",
            m.unsupported_channel.clone(),
        );
        registry.register(
            "mcp_stdio_restarts",
            "Restarts of stdio servers",
            m.stdio_restarts.clone(),
        );
        registry.register(
            "mcp_stdio_unattributed",
            "Messages of stdio servers that belong to no caller and were dropped",
            m.stdio_dropped.clone(),
        );
        registry.register(
            "mcp_http_odd_events",
            "Events of MCP servers over HTTP that are no part of a call and were skipped",
            m.odd_events.clone(),
        );
        m.credentials.register(&mut registry);
        m.sandbox.register(&mut registry);
        m.flow.register(&mut registry);
        registry.register("liveness", "1 while the process runs", m.liveness.clone());
        registry.register("readiness", "1 while /readyz answers 200", m.readiness.clone());
        Self { registry, ..m }
    }

    /// A poll ended.
    pub fn poll_latency(&self, took: Duration, ok: bool) {
        let error = if ok { "false" } else { "true" };
        self.poll_latency
            .get_or_create(&ErrorLabel { error })
            .observe(took.as_secs_f64());
    }

    /// A poll was answered.
    pub fn poll_succeeded(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.poll_last_success.set(now.as_secs_f64());
    }

    /// A poll failed.
    pub fn poll_error(&self, error_kind: &'static str) {
        self.poll_errors.get_or_create(&ErrorKindLabel { error_kind }).inc();
    }

    /// Polls that failed.
    pub fn poll_errors(&self) -> u64 {
        let of = |error_kind| {
            let counter = self.poll_errors.get(&ErrorKindLabel { error_kind });
            counter.map_or(0, |counter| counter.get())
        };
        POLL_ERROR_KINDS.into_iter().map(of).sum()
    }

    /// Seconds since a poll was answered; `None` before the first.
    pub fn last_poll_age(&self) -> Option<f64> {
        let last = self.poll_last_success.get();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (last > 0.0).then(|| (now.as_secs_f64() - last).max(0.0))
    }

    /// A command was dropped without an answer.
    pub fn dropped(&self, drop_reason: &'static str) {
        self.drops.get_or_create(&DropLabel { drop_reason }).inc();
    }

    /// A command was answered.
    pub fn answered(&self, channel: &str, request_kind: &'static str, outcome: &'static str, took: Duration) {
        self.end_to_end
            .get_or_create(&CommandLabel {
                channel: channel.into(),
                request_kind,
                outcome,
            })
            .observe(took.as_secs_f64() * 1e3);
    }

    /// A stdio server was restarted.
    pub fn stdio_restarted(&self, channel: &str) {
        self.stdio_restarts
            .get_or_create(&ChannelLabel {
                channel: channel.into(),
            })
            .inc();
    }

    /// A message of a stdio server belonged to no caller.
    pub fn stdio_unattributed(&self, channel: &str) {
        self.stdio_dropped
            .get_or_create(&ChannelLabel {
                channel: channel.into(),
            })
            .inc();
    }

    /// An MCP server over HTTP sent what is no part of a call.
    pub fn odd_event(&self, channel: &str, event: &'static str) {
        let channel = channel.into();
        self.odd_events.get_or_create(&OddEventLabel { channel, event }).inc();
    }

    /// Adds what is known of the build and of the process.
    pub fn describe(&mut self, build: Vec<(&'static str, &'static str)>, has_process: bool) {
        self.registry.register("build", "The program", Info::new(build));
        if has_process {
            self.process.register(&mut self.registry);
        }
    }

    /// The text of `/metrics` (OpenMetrics 1.0).
    pub fn render(&self, readings: &Readings) -> String {
        self.readiness.set(i64::from(readings.ready));
        let set = |counter: &Counter, count| counter.inner().store(count, Ordering::Relaxed);
        set(&self.log_lines_lost, readings.lost_lines);
        set(&self.redactions, readings.redactions);
        self.flow.show();
        self.forwarding.show();
        if let Some(figures) = &readings.process {
            self.process.show(figures);
        }
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Connections;

    #[test]
    fn names_of_the_contract_are_rendered() {
        let mut metrics = Metrics::new(20, 10);
        metrics.describe(vec![("version", "1.2.3")], true);
        metrics.count_connections(Connections::default());
        metrics.poll_succeeded();
        metrics.poll_latency(Duration::from_millis(3), true);
        metrics.poll_error("timeout");
        metrics.dropped("invalid_command");
        metrics.answered("main", "call", "ok", Duration::from_millis(7));
        metrics.begun("main", Duration::from_millis(2));
        let text = metrics.render(&Readings {
            ready: true,
            process: Some(Figures {
                cpu_seconds: 1.5,
                open_descriptors: 9,
                ..Figures::default()
            }),
            ..Readings::default()
        });
        for want in [
            "commands_poll_last_successful_timestamp_seconds ",
            "commands_poll_latency_seconds_bucket{",
            "commands_poll_errors_total{error_kind=\"timeout\"} 1",
            "commands_queue_drops_total{drop_reason=\"invalid_command\"} 1",
            "command_end_to_end_latency_milliseconds_bucket{",
            "commands_queue_capacity 20",
            "dispatcher_worker_pool_capacity 10",
            "commands_queue_wait_seconds_bucket{",
            "commands_in_flight{channel=\"main\"} 1",
            "connections_opened_total{peer=\"control_plane\"} 0",
            "connections_reused_total{peer=\"mcp\"} 0",
            "build_info{version=\"1.2.3\"} 1",
            "process_cpu_seconds_total 1.5",
            "process_resident_memory_bytes 0",
            "process_open_fds 9",
            "redactions_total 0",
            "status_page_refusals_total 0",
            "liveness 1",
            "audit_records_dropped_total ",
            "log_lines_lost_total ",
            "readiness 1",
        ] {
            assert!(text.contains(want), "{want} is not in\n{text}");
        }
    }
}
