//! One command that runs, for metrics and the component `dispatcher`.

use std::time::Duration;

use super::Monitor;
use super::facts::Finished;

/// A command that runs. Dropped, it has ended.
#[derive(Debug)]
pub struct Running<'a> {
    monitor: &'a Monitor,
    channel: &'a str,
    number: u64,
    work: Finished,
}

impl Monitor {
    /// A command of a channel begins, after so long in the queue. `channel` is a configured one, or `none`.
    pub fn begun<'a>(&'a self, channel: &'a str, waited: Duration) -> Running<'a> {
        self.metrics.begun(channel, waited);
        Running {
            monitor: self,
            channel,
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
        self.monitor.metrics.ended(self.channel);
        self.monitor.health.work_ended(self.number, self.work);
    }
}
