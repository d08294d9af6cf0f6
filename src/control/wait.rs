//! How long the service is asked to hold the next poll (contract: wire, section 4).

use std::time::Duration;

use super::client::ControlError;
use crate::config;
use crate::limits::{LEARNT_WAIT_MIN, PARTIAL_POLL_TIMEOUT, POLL_HELD_OPEN};
use crate::monitor::Waits;
use crate::net::NetError;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait {
    configured: Duration,
    guardrail: Duration,
    /// What polls through a proxy ask for; never more than `configured`, and never again more than it was.
    usual: Duration,
    is_proxied: bool,
    /// Of the first poll, until that has been attempted.
    initial: Option<Duration>,
}

impl Wait {
    /// Before the first poll.
    pub(super) fn new(config: &config::ControlPlane) -> Self {
        Self {
            configured: config.poll_timeout,
            usual: config.poll_timeout,
            is_proxied: config.proxy.is_some(),
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
            effective: self.usual.min(first).min(partial),
            deadline: self.usual.saturating_add(self.guardrail),
        }
    }

    /// A poll failed after `took`. Returns the shorter wait of later ones, if a proxy cut it off.
    ///
    /// Proxies end what they take for idle. One such end may be that of a proxy that restarts, so it takes no more than half of the
    /// wait; several come close to the time after which the proxy cuts.
    pub(super) fn failed(&mut self, error: &ControlError, took: Duration) -> Option<Duration> {
        if !self.is_proxied || !is_cut_off(error, took) {
            return None;
        }
        let below = took.min(self.usual) / 10 * 9;
        let shorter = below.max(self.usual / 2).max(LEARNT_WAIT_MIN);
        if shorter >= self.usual {
            return None;
        }
        self.usual = shorter;
        Some(shorter)
    }
}

/// Whether the connection ended after the request and before the head of an answer. A kept one that ends at once was closed because
/// it was idle between polls, which says nothing about a poll.
fn is_cut_off(error: &ControlError, took: Duration) -> bool {
    match error {
        ControlError::Net {
            error: NetError::Eof,
            written: true,
            stale,
        } => !stale || took >= POLL_HELD_OPEN,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::api_error::{ApiError, ErrorStatus};

    fn wait(configured: u64, initial: u64) -> Wait {
        Wait {
            configured: Duration::from_secs(configured),
            usual: Duration::from_secs(configured),
            is_proxied: true,
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

    const CUT_OFF: ControlError = net(NetError::Eof, true, false);

    const fn net(error: NetError, written: bool, stale: bool) -> ControlError {
        ControlError::Net { error, written, stale }
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_poll_that_a_proxy_cut_off_is_followed_by_shorter_ones() {
        for (configured, took, shorter) in [
            (30, 20.0, 18.0),
            // At most half of the wait at once.
            (30, 1.0, 15.0),
            // After the wait and before the deadline.
            (30, 32.0, 27.0),
            (9, 0.0, 5.0),
        ] {
            let mut wait = wait(configured, 600);
            assert_eq!(wait.failed(&CUT_OFF, seconds(took)), Some(seconds(shorter)));
            let waits = wait.begin(false);
            assert_eq!(waits.effective, seconds(shorter));
            assert_eq!(waits.deadline, seconds(shorter + 5.0));
            assert_eq!(waits.configured, Duration::from_secs(configured));
        }
    }

    #[test]
    fn the_wait_only_decreases_and_not_below_five_seconds_or_what_is_configured() {
        for configured in [1, 4, 5, 6, 30, 595] {
            let mut wait = wait(configured, 600);
            let mut before = Duration::from_secs(configured);
            for _ in 0..100 {
                let learnt = wait.failed(&CUT_OFF, seconds(0.5));
                let usual = wait.begin(false).effective;
                assert_eq!(learnt.is_some(), usual < before);
                assert!(usual <= before);
                before = usual;
            }
            assert_eq!(before, Duration::from_secs(configured).min(LEARNT_WAIT_MIN));
        }
    }

    #[test]
    fn it_comes_to_rest_below_the_time_after_which_the_proxy_cuts() {
        for limit in [6.0, 10.0, 20.0, 60.0, 300.0] {
            let mut wait = wait(595, 600);
            let mut cuts = 0;
            while wait.begin(false).effective >= seconds(limit) {
                assert!(wait.failed(&CUT_OFF, seconds(limit)).is_some());
                cuts += 1;
            }
            assert!(cuts <= 8, "{cuts} polls cut off after {limit} s");
            assert!(wait.begin(false).effective >= seconds(limit / 2.0).max(LEARNT_WAIT_MIN));
        }
    }

    #[test]
    fn no_other_end_of_a_poll_says_anything_about_the_proxy() {
        let refused = ControlError::Status(ErrorStatus {
            status: 504,
            error: ApiError::default(),
            retry_after: None,
            request_id: None,
        });
        for (error, took) in [
            (net(NetError::Timeout, true, false), 35.0),
            (net(NetError::UnexpectedEof, true, false), 20.0),
            (net(NetError::Reset, true, false), 20.0),
            (net(NetError::Eof, false, false), 0.1),
            (net(NetError::Proxy(None), false, false), 0.1),
            // The proxy closed a connection that it had kept.
            (net(NetError::Eof, true, true), 0.1),
            (refused, 20.0),
        ] {
            assert_eq!(wait(30, 30).failed(&error, seconds(took)), None, "{error:?}");
        }
        let kept = net(NetError::Eof, true, true);
        assert_eq!(wait(30, 30).failed(&kept, seconds(20.0)), Some(seconds(18.0)));
        let mut direct = Wait {
            is_proxied: false,
            ..wait(30, 30)
        };
        assert_eq!(direct.failed(&CUT_OFF, seconds(20.0)), None);
    }
}
