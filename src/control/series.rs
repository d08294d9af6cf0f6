//! State that one poll leaves to the next.

use std::time::Duration;

use http::HeaderValue;
use log::{Level, info};

use super::client::ControlError;
use super::correction::Correction;
use super::held::Held;
use super::routing::{Attempt, Ended, Routing};
use super::told::Told;
use super::verdict::{Failure, Kind, Verdict};
use super::wait::Wait;
use crate::backoff::Backoff;
use crate::limits::{AUTH_RETRY_MAX, AUTH_RETRY_MIN};
use crate::monitor::Waits;

/// State that one poll leaves to the next.
#[derive(Debug)]
pub(super) struct Series {
    /// Pauses after failures.
    backoff: Backoff,
    /// Pauses after refusals: 401, 403, 404.
    refused: Backoff,
    told: Told,
    held: Held,
    wait: Wait,
    routing: Routing,
    /// The last poll that ended had failed.
    failing: bool,
    /// A failure came since the last sign of success, be that an answer or a poll held open.
    outage: bool,
}

impl Series {
    /// Before the first poll.
    pub(super) fn new(wait: Wait) -> Self {
        Self {
            backoff: Backoff::default(),
            refused: Backoff::new(AUTH_RETRY_MIN, AUTH_RETRY_MAX),
            told: Told::default(),
            held: Held::default(),
            wait,
            routing: Routing::default(),
            failing: false,
            outage: false,
        }
    }

    /// Times of a poll that is about to begin; `partial`: it leaves out channels.
    pub(super) fn begin(&mut self, partial: bool) -> Waits {
        self.wait.begin(partial)
    }

    /// The token of a poll that is about to begin, and what tells its end from that of others.
    pub(super) fn route(&self) -> (Option<HeaderValue>, Attempt) {
        (self.routing.header(), self.routing.attempt())
    }

    /// A poll ended with this verdict, and perhaps with a correction.
    pub(super) fn routed(&mut self, attempt: Attempt, verdict: &Verdict, correction: Option<&Correction>) {
        self.routing.ended(attempt, Ended::of(verdict, correction));
    }

    /// A poll failed after `took`. Returns the shorter wait of later ones, if it was cut off by a proxy.
    pub(super) fn cut_off(&mut self, error: &ControlError, took: Duration) -> Option<Duration> {
        self.wait.failed(error, took)
    }

    /// Time after which a poll that is held open counts as a success.
    pub(super) fn sign_of_life(&self) -> Duration {
        self.held.needed()
    }

    /// A poll was answered. Returns the pause before the next one if the answer was empty and came `at_once`.
    pub(super) fn answered(&mut self, is_empty: bool, at_once: bool) -> Option<Duration> {
        self.refused.reset();
        self.held.answered();
        self.failing = false;
        self.recovered();
        if is_empty && at_once {
            return Some(self.backoff.next_pause());
        }
        self.backoff.reset();
        None
    }

    /// A poll was answered, or held open for long enough: an outage ends here, and the next failure is news.
    ///
    /// A poll held open changes neither the pauses nor how long the next one must be held: a service slow to refuse may have held it.
    pub(super) fn recovered(&mut self) {
        self.told.forget();
        if std::mem::take(&mut self.outage) {
            info!("poller recovered; polling operational");
        }
    }

    /// A poll took this long to fail; returns the pause before the next one, and how loud to tell of it.
    pub(super) fn failed(&mut self, failure: &Failure, took: Duration) -> (Duration, Level) {
        self.outage = true;
        let repeated = std::mem::replace(&mut self.failing, true);
        if failure.kind.is_refusal(repeated) {
            self.held.refused(took);
        }
        let pauses = match failure.kind {
            Kind::Unauthorized => &mut self.refused,
            Kind::TimedOut | Kind::Unanswered | Kind::Undecodable | Kind::Refused => &mut self.backoff,
        };
        let pause = pauses.next_pause().max(failure.retry_after);
        (pause, self.told.level(failure.cause.key()))
    }

    /// Other credentials are active: what was refused may be granted.
    pub(super) fn renewed(&mut self) {
        self.backoff.reset();
        self.refused.reset();
    }
}
