//! Component `control-plane`: polls.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::failed::Failed;
use crate::monitor::component::{Brief, Moment, Status};

/// What polls have shown.
#[derive(Debug)]
pub(in super::super) struct ControlPlane {
    /// What readiness goes by.
    pub(in super::super) poll: Poll,
    step: Step,
    /// A poll was answered or held open.
    succeeded: bool,
    waits: Waits,
    last_attempt: Option<Moment>,
    last_success: Option<Moment>,
    last_failure: Option<Moment>,
    /// When the newest of these was recorded. Clocks are set back, so it is not the latest of them.
    observed: Option<Moment>,
    failures: u64,
    failed: Option<Failed>,
}

/// How the last poll ended, for readiness.
#[derive(Debug)]
pub(in super::super) enum Poll {
    /// No poll has been answered or held open yet.
    Pending,
    Good,
    Failing(String),
    Unauthorized(u16),
}

/// What the poll loop does.
#[derive(Debug, Clone, Copy)]
enum Step {
    Starting,
    Polling(Instant),
    Idle,
    Backoff(Moment),
    Backpressured,
    Stopped,
}

/// How long a poll may take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waits {
    /// `control_plane.poll_timeout`.
    pub configured: Duration,
    /// What this poll asks for.
    pub effective: Duration,
    /// Until it is given up.
    pub deadline: Duration,
}

impl ControlPlane {
    pub(in super::super) fn new() -> Self {
        Self {
            poll: Poll::Pending,
            step: Step::Starting,
            succeeded: false,
            waits: Waits::default(),
            last_attempt: None,
            last_success: None,
            last_failure: None,
            observed: None,
            failures: 0,
            failed: None,
        }
    }

    pub(in super::super) fn attempted(&mut self, waits: Waits) {
        self.waits = waits;
        self.step = Step::Polling(Instant::now());
        self.last_attempt = Some(Moment::now());
        self.observed = self.last_attempt;
    }

    /// The service showed a sign of life: an answer, or a poll that it holds.
    pub(in super::super) fn succeeded(&mut self, is_over: bool) {
        self.poll = Poll::Good;
        self.succeeded = true;
        self.last_success = Some(Moment::now());
        self.observed = self.last_success;
        (self.failures, self.failed) = (0, None);
        if is_over {
            self.step = Step::Idle;
        }
    }

    pub(in super::super) fn failed(&mut self, shown: Poll, failed: Failed) {
        self.poll = shown;
        self.last_failure = Some(Moment::now());
        self.observed = self.last_failure;
        self.failures = self.failures.saturating_add(1);
        self.failed = Some(failed);
    }

    /// A pause before the next poll.
    pub(in super::super) fn pauses(&mut self, pause: Duration) {
        let now = std::time::SystemTime::now();
        self.step = Step::Backoff(now.checked_add(pause).unwrap_or(now).into());
    }

    /// The queue has no room for what a poll may bring.
    pub(in super::super) fn waits_for_room(&mut self) {
        self.step = Step::Backpressured;
    }

    pub(in super::super) fn stopped(&mut self) {
        self.step = Step::Stopped;
    }

    pub(in super::super) fn is_starting(&self) -> bool {
        matches!(self.step, Step::Starting)
    }

    pub(in super::super) fn brief(&self) -> Brief {
        let state = match self.step {
            Step::Starting => "starting",
            Step::Polling(_) => "polling",
            Step::Idle => "idle",
            Step::Backoff(_) => "backoff",
            Step::Backpressured => "backpressured",
            Step::Stopped => "stopped",
        };
        let status = match (self.failures, self.succeeded) {
            (1.., _) => Status::Degraded,
            (0, true) => Status::Ok,
            (0, false) => Status::Unknown,
        };
        Brief::new(status, state).because(self.failed.map(|failed| failed.category.as_str()))
    }

    pub(in super::super) fn observed_at(&self) -> Option<Moment> {
        self.observed
    }

    pub(in super::super) fn details(&self) -> impl Serialize {
        Details {
            last_attempt: self.last_attempt,
            last_success: self.last_success,
            last_error: self.last_failure,
            consecutive_failures: self.failures,
            current_poll_age_seconds: match self.step {
                Step::Polling(since) => since.elapsed().as_secs_f64(),
                _ => 0.0,
            },
            configured_wait_seconds: self.waits.configured.as_secs_f64(),
            effective_wait_seconds: self.waits.effective.as_secs_f64(),
            deadline_seconds: self.waits.deadline.as_secs_f64(),
            next_retry: match self.step {
                Step::Backoff(until) => Some(until),
                _ => None,
            },
            failure_category: self.failed.map(|failed| failed.category.as_str()),
            http_status: self.failed.and_then(|failed| failed.http_status),
            failure_hop: self.failed.and_then(|failed| failed.hop),
        }
    }
}

#[derive(Serialize)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_attempt: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_success: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<Moment>,
    consecutive_failures: u64,
    current_poll_age_seconds: f64,
    configured_wait_seconds: f64,
    effective_wait_seconds: f64,
    deadline_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_retry: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_category: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_hop: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn the_newest_fact_counts_also_after_the_clock_was_set_back() {
        let mut control = ControlPlane::new();
        control.attempted(Waits::default());
        let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
        control.last_attempt = Some(tomorrow.into());
        control.succeeded(true);
        assert!(control.last_success.is_some());
        assert_eq!(control.observed_at(), control.last_success);
    }
}
