//! Commands on their way, and the connections that they take.

use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::{Bounds, ChannelLabel};
use crate::monitor::Connections;

/// Upper bounds in seconds: a command that finds a free worker waits for less than a millisecond.
const WAIT_SECONDS: [f64; 9] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0];

/// `peer`: `control_plane` or `mcp`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PeerLabel {
    peer: &'static str,
}

/// Metrics of commands and connections.
#[derive(Debug)]
pub(super) struct Flow {
    queue_wait: Family<ChannelLabel, Histogram, Bounds>,
    in_flight: Family<ChannelLabel, Gauge>,
    opened: Family<PeerLabel, Counter>,
    reused: Family<PeerLabel, Counter>,
    connections: OnceLock<Connections>,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            queue_wait: Family::new_with_constructor(Bounds(&WAIT_SECONDS)),
            in_flight: Family::default(),
            opened: Family::default(),
            reused: Family::default(),
            connections: OnceLock::new(),
        }
    }
}

impl Flow {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "commands_queue_wait",
            "Time that commands waited for a worker",
            Unit::Seconds,
            self.queue_wait.clone(),
        );
        registry.register(
            "commands_in_flight",
            "Commands that run, by channel",
            self.in_flight.clone(),
        );
        registry.register(
            "connections_opened",
            "Connections that were opened",
            self.opened.clone(),
        );
        registry.register(
            "connections_reused",
            "Requests that a kept connection carried",
            self.reused.clone(),
        );
    }

    pub(super) fn show(&self) {
        for (peer, tally) in self.connections.get().iter().flat_map(|all| all.kinds()) {
            let (opened, reused) = tally.counts();
            let set = |family: &Family<PeerLabel, Counter>, count| {
                let counter = family.get_or_create(&PeerLabel { peer });
                counter.inner().store(count, Ordering::Relaxed);
            };
            set(&self.opened, opened);
            set(&self.reused, reused);
        }
    }
}

impl super::Metrics {
    /// The counts of connections that are shown.
    pub fn count_connections(&self, connections: Connections) {
        let _ = self.flow.connections.set(connections);
    }

    /// Commands of a channel that run.
    pub fn in_flight(&self, channel: &str) -> i64 {
        let channel = ChannelLabel {
            channel: channel.into(),
        };
        self.flow.in_flight.get(&channel).map_or(0, |gauge| gauge.get())
    }

    /// A command of a channel left the queue. Gives the gauge that it is counted in until it ends.
    pub(in super::super) fn begun(&self, channel: &str, waited: Duration) -> Gauge {
        let channel = ChannelLabel {
            channel: channel.into(),
        };
        let wait = self.flow.queue_wait.get_or_create(&channel);
        wait.observe(waited.as_secs_f64());
        drop(wait);
        let in_flight = self.flow.in_flight.get_or_create_owned(&channel);
        in_flight.inc();
        in_flight
    }
}
