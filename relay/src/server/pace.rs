//! The least rate of a peer: a leaky bucket of time.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits;

/// Time that a peer may continue at its present rate.
///
/// Each [`limits::LEAST_RATE`] bytes add a second, up to the grace time: fast bytes buy no time for later slow ones.
#[derive(Debug)]
pub(super) struct Pace {
    grace: Duration,
    /// Moment when its time is over, while it runs.
    until: Instant,
}

impl Pace {
    /// Starts with the whole grace time.
    pub(super) fn new(grace: Duration) -> Self {
        Self {
            grace,
            until: Instant::now() + grace,
        }
    }

    /// Records that so many bytes came or went.
    pub(super) fn progress(&mut self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(1) * bytes / limits::LEAST_RATE;
        self.until = (self.until + earned).min(Instant::now() + self.grace);
    }

    /// Moment at which the peer is too slow, unless bytes come.
    pub(super) fn until(&self) -> Instant {
        self.until
    }
}
