//! One command that runs, for metrics and the component `dispatcher`.

use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;

use super::Monitor;
use super::facts::Finished;

/// A command that runs. Dropped, it has ended.
#[derive(Debug)]
pub struct Running<'a> {
    monitor: &'a Monitor,
    /// Commands of its channel that run.
    in_flight: Gauge,
    number: u64,
    work: Finished,
}

impl Monitor {
    /// A command of a channel begins, after so long in the queue. `channel` is a configured one, or `none`.
    pub fn begun(&self, channel: &str, waited: Duration) -> Running<'_> {
        Running {
            monitor: self,
            in_flight: self.metrics.begun(channel, waited),
            number: self.health.work_begun(),
            work: Finished::Cancelled,
        }
    }
}

impl Running<'_> {
    /// It ends like this.
    pub fn ended(mut self, work: Finished) {
        self.work = work;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.in_flight.dec();
        self.monitor.health.work_ended(self.number, self.work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::metrics::Readings;
    use crate::monitor::{Health, Metrics, Progress};

    #[test]
    fn a_command_is_in_flight_until_it_ends_or_is_dropped() {
        let monitor = Monitor {
            health: Health::new([].into_iter()),
            metrics: Metrics::new(1, 1),
            progress: Progress::default(),
        };
        let in_flight = |count: usize| {
            let text = monitor.metrics.render(&Readings::default());
            let line = format!("commands_in_flight{{channel=\"main\"}} {count}\n");
            assert!(text.contains(&line), "{line} in {text}");
        };
        let (one, other) = (
            monitor.begun("main", Duration::ZERO),
            monitor.begun("main", Duration::ZERO),
        );
        in_flight(2);
        one.ended(Finished::Done);
        in_flight(1);
        drop(other);
        in_flight(0);
    }
}
