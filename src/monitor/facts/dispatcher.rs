//! Component `dispatcher`: commands that run.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;

use crate::limits::HEALTH_AGES_MAX;
use crate::monitor::component::{Brief, Moment, Status};

/// What the workers have done.
#[derive(Debug, Default)]
pub(in super::super) struct Dispatcher {
    pub(in super::super) pool_limit: usize,
    active: usize,
    /// When commands that run have begun, by number. Those beyond the bound are left out.
    begun: BTreeMap<u64, Instant>,
    last_number: u64,
    last_start: Option<Moment>,
    last_completion: Option<Moment>,
    /// When the newest of these was recorded. Clocks are set back, so it is not the latest of them.
    observed: Option<Moment>,
    completed: u64,
    failures: u64,
    timeouts: u64,
    /// Cancelled, or refused before they began.
    cancelled: u64,
    last: Option<Finished>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// The MCP server answered.
    Done,
    /// There was no answer of the server to pass on.
    Failed,
    /// Its time was up.
    TimedOut,
    /// Its caller, or the end of the process, cancelled it, or it was refused before it began.
    Cancelled,
}

/// What the whole process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Phase {
    Starting,
    Running,
    Draining,
    Stopped,
}

impl Dispatcher {
    /// A command begins; gives its number.
    pub(in super::super) fn begun(&mut self) -> u64 {
        self.active += 1;
        self.last_number += 1;
        self.last_start = Some(Moment::now());
        self.observed = self.last_start;
        if self.begun.len() < HEALTH_AGES_MAX {
            self.begun.insert(self.last_number, Instant::now());
        }
        self.last_number
    }

    pub(in super::super) fn ended(&mut self, number: u64, work: Finished) {
        self.active = self.active.saturating_sub(1);
        self.begun.remove(&number);
        self.last_completion = Some(Moment::now());
        self.observed = self.last_completion;
        self.completed += 1;
        match work {
            Finished::Done => {}
            // A cancelled command says nothing of the work.
            Finished::Cancelled => {
                self.cancelled += 1;
                return;
            }
            Finished::Failed => self.failures += 1,
            Finished::TimedOut => {
                self.failures += 1;
                self.timeouts += 1;
            }
        }
        self.last = Some(work);
    }

    pub(in super::super) fn is_limited(&self) -> bool {
        self.begun.len() < self.active
    }

    pub(in super::super) fn brief(&self, phase: Phase) -> Brief {
        let (state, starting) = match phase {
            Phase::Starting => ("starting", true),
            Phase::Running => ("accepting", false),
            Phase::Draining => ("draining", false),
            Phase::Stopped => ("stopped", false),
        };
        let (status, reason) = match self.last {
            Some(Finished::Failed) => (Status::Degraded, Some("operation_failed")),
            Some(Finished::TimedOut) => (Status::Degraded, Some("operation_timed_out")),
            _ if starting => (Status::Unknown, None),
            _ => (Status::Ok, None),
        };
        Brief::new(status, state).because(reason)
    }

    /// Commands that ended: answered by their server, failed, not performed.
    pub(in super::super) fn ends(&self) -> [u64; 3] {
        let answered = self.completed - self.failures - self.cancelled;
        [answered, self.failures, self.cancelled]
    }

    /// Commands that run.
    pub(in super::super) fn active(&self) -> usize {
        self.active
    }

    pub(in super::super) fn observed_at(&self) -> Option<Moment> {
        self.observed
    }

    pub(in super::super) fn details(&self, phase: Phase) -> impl Serialize {
        let oldest = self.begun.values().next();
        Details {
            active: self.active,
            pool_limit: self.pool_limit,
            last_start: self.last_start,
            last_completion: self.last_completion,
            oldest_active_age_seconds: oldest.map_or(0.0, |since| since.elapsed().as_secs_f64()),
            completed: self.completed,
            failures: self.failures,
            timeouts: self.timeouts,
            accepting: phase == Phase::Running,
        }
    }
}

#[derive(Serialize)]
struct Details {
    active: usize,
    pool_limit: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_start: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_completion: Option<Moment>,
    oldest_active_age_seconds: f64,
    completed: u64,
    failures: u64,
    timeouts: u64,
    accepting: bool,
}
