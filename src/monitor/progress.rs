//! Whether the poll loop turns: each of its steps says beforehand how long it may take.
//!
//! A step that waits for somebody else, such as a poll that the service holds open, is bounded by the settings, and its end in failure
//! is progress too. So an outage stops nothing here, however long; only a loop that does not come to the end of a step is stuck.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::limits::STEP_SLACK;

/// The step that the poll loop is in, and later the drain.
#[derive(Debug)]
pub struct Progress {
    step: Mutex<Step>,
    begun: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Step {
    /// When it counts as stuck; `None`: before the first, or never.
    until: Option<Instant>,
    draining: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            step: Mutex::default(),
            begun: watch::Sender::new(false),
        }
    }
}

impl Progress {
    /// The poll loop takes a step, which ends within this.
    pub fn step(&self, bound: Duration) {
        {
            let mut step = self.lock();
            if !step.draining {
                step.until = deadline(bound);
            }
        }
        self.begun.send_if_modified(|begun| !std::mem::replace(begun, true));
    }

    /// The drain takes a step, which ends within this. What is left of the poll loop is part of it.
    pub fn drain(&self, bound: Duration) {
        *self.lock() = Step {
            until: deadline(bound),
            draining: true,
        };
    }

    /// Returns once the poll loop has taken its first step.
    pub async fn begun(&self) {
        // The sender lives as long as this.
        let _ = self.begun.subscribe().wait_for(|begun| *begun).await;
    }

    /// Whether the step has not taken longer than it may.
    pub fn is_turning(&self) -> bool {
        self.lock().until.is_none_or(|until| Instant::now() <= until)
    }

    /// As if the step had taken longer than it may.
    #[cfg(test)]
    pub(crate) fn overrun(&self) {
        self.lock().until = Instant::now().checked_sub(Duration::from_secs(1));
    }

    fn lock(&self) -> MutexGuard<'_, Step> {
        self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bound beyond all clocks is none.
fn deadline(bound: Duration) -> Option<Instant> {
    Instant::now().checked_add(bound.saturating_add(STEP_SLACK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_may_take_its_bound_and_a_little_more_and_the_drain_is_the_last() {
        let progress = Progress::default();
        assert!(progress.is_turning(), "nothing is bounded before the first step");
        progress.step(Duration::ZERO);
        assert!(progress.is_turning());
        progress.overrun();
        assert!(!progress.is_turning());
        progress.step(Duration::MAX);
        assert!(progress.is_turning());
        progress.drain(Duration::from_secs(25));
        progress.overrun();
        progress.step(Duration::from_secs(25));
        assert!(
            !progress.is_turning(),
            "what is left of the poll loop is part of the drain"
        );
    }
}
