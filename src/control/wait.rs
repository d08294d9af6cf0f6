//! How long the service is asked to hold the next poll (contract: wire, section 4).

use std::time::Duration;

use crate::config;
use crate::limits::PARTIAL_POLL_TIMEOUT;
use crate::monitor::Waits;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait {
    configured: Duration,
    guardrail: Duration,
    /// Of the first poll, until that has been attempted.
    initial: Option<Duration>,
}

impl Wait {
    /// Before the first poll.
    pub(super) fn new(config: &config::ControlPlane) -> Self {
        Self {
            configured: config.poll_timeout,
            guardrail: config.poll_guardrail,
            initial: Some(config.initial_poll_timeout),
        }
    }

    /// The longest time from a request to the head of its answer.
    pub(super) fn longest(&self) -> Duration {
        self.configured.saturating_add(self.guardrail)
    }

    /// Times of a poll that is about to begin; `partial`: it leaves out channels.
    pub(super) fn begin(&mut self, partial: bool) -> Waits {
        let first = self.initial.take().unwrap_or(Duration::MAX);
        let partial = match partial {
            true => PARTIAL_POLL_TIMEOUT,
            false => Duration::MAX,
        };
        Waits {
            configured: self.configured,
            effective: self.configured.min(first).min(partial),
            deadline: self.longest(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(configured: u64, initial: u64) -> Wait {
        Wait {
            configured: Duration::from_secs(configured),
            guardrail: Duration::from_secs(5),
            initial: Some(Duration::from_secs(initial)),
        }
    }

    #[test]
    fn only_the_first_poll_asks_for_the_initial_wait_and_its_deadline_is_that_of_others() {
        for (configured, initial, first) in [(60, 30, 30), (20, 30, 20), (30, 30, 30)] {
            let mut wait = wait(configured, initial);
            for effective in [first, configured, configured] {
                let waits = wait.begin(false);
                assert_eq!(waits.effective, Duration::from_secs(effective));
                assert_eq!(waits.configured, Duration::from_secs(configured));
                assert_eq!(waits.deadline, Duration::from_secs(configured + 5));
            }
        }
    }

    #[test]
    fn a_poll_that_leaves_out_channels_is_short() {
        let mut wait = wait(60, 30);
        assert_eq!(wait.begin(true).effective, PARTIAL_POLL_TIMEOUT);
        assert_eq!(wait.begin(false).effective, Duration::from_secs(60));
        assert_eq!(wait.begin(true).effective, PARTIAL_POLL_TIMEOUT);
    }
}
