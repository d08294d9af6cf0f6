//! The least rate of a peer: a leaky bucket of time.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits;

/// How long a peer may go on as slowly as it does.
///
/// Each [`limits::LEAST_RATE`] bytes add a second, but it never has more than the
/// grace time: what came fast buys no time for what comes slowly.
#[derive(Debug)]
pub(super) struct Pace {
    grace: Duration,
    /// When its time is over, while it runs.
    until: Instant,
}

impl Pace {
    /// Begins with the whole grace time.
    pub(super) fn new(grace: Duration) -> Self {
        Self {
            grace,
            until: Instant::now() + grace,
        }
    }

    /// So many bytes came or went.
    pub(super) fn progress(&mut self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(1) * bytes / limits::LEAST_RATE;
        self.until = (self.until + earned).min(Instant::now() + self.grace);
    }

    /// When the peer is too slow, unless something comes.
    pub(super) fn until(&self) -> Instant {
        self.until
    }
}
