//! How long a poll must be held open to count as a success before its answer.
//!
//! A service that holds a poll has taken it. But one that is slow to refuse holds polls too, so a poll has to be held for longer
//! than earlier refusals of the same outage took.

use std::time::Duration;

use crate::limits::POLL_HELD_OPEN;

/// See the module.
#[derive(Debug)]
pub(super) struct Held {
    needed: Duration,
}

impl Default for Held {
    fn default() -> Self {
        Self { needed: POLL_HELD_OPEN }
    }
}

impl Held {
    /// Time after which a poll that is held open counts as a success.
    pub(super) fn needed(&self) -> Duration {
        self.needed
    }

    /// The service took `took` to refuse a poll, or never answered it in that time.
    pub(super) fn refused(&mut self, took: Duration) {
        self.needed = self.needed.max(took.saturating_mul(2));
    }

    /// A poll was answered: the outage is over.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_refuses_slowly_must_hold_a_poll_for_longer_than_that() {
        let mut held = Held::default();
        held.refused(Duration::from_millis(3));
        assert_eq!(held.needed(), POLL_HELD_OPEN);
        held.refused(Duration::from_secs(10));
        held.refused(Duration::from_millis(3));
        assert_eq!(held.needed(), Duration::from_secs(20));
        held.answered();
        assert_eq!(held.needed(), POLL_HELD_OPEN);
    }
}
