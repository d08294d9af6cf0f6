//! One response on its way to the control plane, for the component `response-delivery`.

use super::Monitor;
use super::facts::{Disposition, Failed};

/// A delivery that runs. Dropped, it has ended.
#[derive(Debug)]
pub struct Upload<'a> {
    monitor: &'a Monitor,
    attempts: u32,
    has_failed: bool,
    disposition: Disposition,
}

impl Monitor {
    /// The delivery of a response begins.
    pub fn upload(&self) -> Upload<'_> {
        self.health.delivery_begun();
        Upload {
            monitor: self,
            attempts: 0,
            has_failed: false,
            disposition: Disposition::Canceled,
        }
    }
}

impl Upload<'_> {
    /// An attempt of it begins.
    pub fn attempted(&mut self) {
        self.monitor.health.delivery_attempted(self.attempts == 0);
        self.attempts = self.attempts.saturating_add(1);
    }

    /// An attempt of it failed; another may follow.
    pub fn attempt_failed(&mut self, failed: Failed) {
        self.has_failed = true;
        self.monitor.health.delivery_attempt_failed(failed);
    }

    /// Its deadline passed. After attempts that failed it could not be delivered; without one, nothing was learnt of the way.
    pub fn expired(self) {
        let disposition = match self.has_failed {
            true => Disposition::Failed,
            false => Disposition::Canceled,
        };
        self.ended(disposition);
    }

    /// It ends like this.
    pub fn ended(mut self, disposition: Disposition) {
        self.disposition = disposition;
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        self.monitor.health.delivery_ended(self.disposition);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::limits::DELIVERY_FAILURES_UNREADY;
    use crate::monitor::{Health, Metrics, Progress};

    fn monitor() -> Monitor {
        Monitor {
            health: Health::new([].into_iter()),
            metrics: Metrics::new(1, 1),
            progress: Progress::default(),
        }
    }

    fn state(monitor: &Monitor) -> &'static str {
        monitor.health.component("response-delivery").unwrap().brief.state
    }

    #[test]
    fn a_delivery_that_is_dropped_has_ended_as_cancelled() {
        let monitor = monitor();
        let mut upload = monitor.upload();
        upload.attempted();
        assert_eq!(state(&monitor), "uploading");
        drop(upload);
        assert_eq!(state(&monitor), "canceled");
        monitor.upload().ended(Disposition::Accepted);
        assert_eq!(state(&monitor), "accepted");
    }

    #[test]
    fn deliveries_that_fail_until_their_deadline_are_failures_in_a_row() {
        let monitor = monitor();
        monitor.health.poll_succeeded();
        monitor.upload().expired();
        assert_eq!(state(&monitor), "canceled", "nothing is known of the way");
        for _ in 0..DELIVERY_FAILURES_UNREADY {
            assert!(monitor.health.readiness().ready);
            let mut upload = monitor.upload();
            upload.attempted();
            upload.attempt_failed(Failed::with_status(503));
            upload.expired();
        }
        let text = monitor.health.readiness().text;
        assert!(text.starts_with("responses cannot be delivered"), "{text}");
    }
}
