//! Component `response-delivery`: posts of responses.

use serde::Serialize;

use super::failed::Failed;
use crate::monitor::component::{Brief, Moment, Status};

/// What posts have shown.
#[derive(Debug, Default)]
pub(in super::super) struct Delivery {
    /// Responses in a row that could not be delivered, for readiness.
    pub(in super::super) failed_in_a_row: u32,
    in_progress: u64,
    disposition: Option<Disposition>,
    /// The last failure, until a response is accepted.
    failed: Option<Failed>,
    last_accepted: Option<Moment>,
    last_completed: Option<Moment>,
    last_failure: Option<Moment>,
    /// When the newest of these was recorded. Clocks are set back, so it is not the latest of them.
    observed: Option<Moment>,
    attempts: u64,
    retries: u64,
    accepted: u64,
    completed: u64,
    /// Responses that could not be delivered.
    pub(in super::super) terminal_failures: u64,
}

/// How the delivery of one response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// The service has it.
    Accepted,
    /// The service did not wait for it any more, which harms nobody.
    Late,
    /// The client gave it up, or its deadline passed before an attempt had failed.
    Canceled,
    /// It could not be delivered.
    Failed,
    /// The service refused this response, which says nothing of others.
    Refused,
}

impl Disposition {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Late => "late",
            Self::Canceled => "canceled",
            Self::Failed | Self::Refused => "failed",
        }
    }
}

impl Delivery {
    pub(in super::super) fn begun(&mut self) {
        self.in_progress += 1;
    }

    /// One attempt begins, the first of a response or a later one.
    pub(in super::super) fn attempted(&mut self, is_first: bool) {
        self.attempts += 1;
        self.retries += u64::from(!is_first);
    }

    /// One attempt failed; another may follow.
    pub(in super::super) fn attempt_failed(&mut self, failed: Failed) {
        self.failed = Some(failed);
        self.last_failure = Some(Moment::now());
        self.observed = self.last_failure;
    }

    pub(in super::super) fn ended(&mut self, disposition: Disposition) {
        let now = Some(Moment::now());
        self.in_progress = self.in_progress.saturating_sub(1);
        self.disposition = Some(disposition);
        self.completed += 1;
        (self.last_completed, self.observed) = (now, now);
        match disposition {
            Disposition::Accepted => {
                self.accepted += 1;
                self.last_accepted = now;
                (self.failed, self.failed_in_a_row) = (None, 0);
            }
            Disposition::Late => (self.failed, self.failed_in_a_row) = (None, 0),
            // It says nothing of the way: a failure that is open stays open.
            Disposition::Canceled => {}
            Disposition::Failed => {
                self.terminal_failures += 1;
                self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
            }
            Disposition::Refused => {
                self.terminal_failures += 1;
                self.failed_in_a_row = 0;
            }
        }
    }

    pub(in super::super) fn brief(&self) -> Brief {
        let disposition = self.disposition.map_or("not_observed", Disposition::as_str);
        let state = if self.in_progress > 0 { "uploading" } else { disposition };
        let is_failed = matches!(self.disposition, Some(Disposition::Failed | Disposition::Refused));
        let status = match (self.failed.is_some() || is_failed, self.completed > 0) {
            (true, _) => Status::Degraded,
            (false, true) => Status::Ok,
            (false, false) => Status::Unknown,
        };
        Brief::new(status, state).because(self.failed.map(|failed| failed.category.as_str()))
    }

    pub(in super::super) fn observed_at(&self) -> Option<Moment> {
        self.observed
    }

    pub(in super::super) fn details(&self) -> impl Serialize {
        Details {
            in_progress: self.in_progress,
            last_accepted: self.last_accepted,
            last_completed: self.last_completed,
            last_failure: self.last_failure,
            disposition: self.disposition.map_or("not_observed", Disposition::as_str),
            failure_category: self.failed.map(|failed| failed.category.as_str()),
            http_status: self.failed.and_then(|failed| failed.http_status),
            attempts: self.attempts,
            retries: self.retries,
            accepted: self.accepted,
            completed: self.completed,
            terminal_failures: self.terminal_failures,
            failure_hop: self.failed.and_then(|failed| failed.hop),
        }
    }
}

#[derive(Serialize)]
struct Details {
    in_progress: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_accepted: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_completed: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<Moment>,
    disposition: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_category: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    attempts: u64,
    retries: u64,
    accepted: u64,
    completed: u64,
    terminal_failures: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_hop: Option<&'static str>,
}
