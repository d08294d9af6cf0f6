//! The state of one walk: what was found so far, who is told, and how long it may take.

use std::time::{Duration, Instant};

use super::report::Check;

/// Collects checks in the order of the way.
pub(super) struct Walk<'a> {
    checks: Vec<Check>,
    progress: &'a mut dyn FnMut(&str),
    unseen_names: &'a [String],
    started: Instant,
}

impl<'a> Walk<'a> {
    /// Nothing is checked yet. `progress` is told which check begins; `unseen_names` are sources of host names that this
    /// binary does not ask.
    pub(super) fn new(unseen_names: &'a [String], progress: &'a mut dyn FnMut(&str)) -> Self {
        Self {
            checks: Vec::new(),
            progress,
            unseen_names,
            started: Instant::now(),
        }
    }

    /// A check begins that may take a while.
    pub(super) fn begin(&mut self, id: &str) {
        (self.progress)(id);
    }

    pub(super) fn add(&mut self, check: Check) {
        self.checks.push(check);
    }

    pub(super) fn add_all(&mut self, checks: impl IntoIterator<Item = Check>) {
        self.checks.extend(checks);
    }

    pub(super) fn unseen_names(&self) -> &'a [String] {
        self.unseen_names
    }

    /// Whether the walk has taken longer than this.
    pub(super) fn is_past(&self, bound: Duration) -> bool {
        self.started.elapsed() > bound
    }

    pub(super) fn into_checks(self) -> Vec<Check> {
        self.checks
    }
}
