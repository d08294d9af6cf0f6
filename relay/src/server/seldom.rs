//! Log lines that anybody can provoke, at most one a second.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::limits;

/// Lets one event pass in [`limits::SELDOM`] and counts the others.
#[derive(Debug, Default)]
pub(super) struct Seldom(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// When an event last passed.
    passed: Option<Instant>,
    /// How many did not since then.
    held_back: u64,
}

impl Seldom {
    /// How many events were held back before this one; none: this one is, too.
    pub(super) fn pass(&self) -> Option<u64> {
        // Nothing panics while it holds the lock, so a poisoned one is still consistent.
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.passed.is_some_and(|passed| passed.elapsed() < limits::SELDOM) {
            seen.held_back = seen.held_back.saturating_add(1);
            return None;
        }
        seen.passed = Some(Instant::now());
        Some(std::mem::take(&mut seen.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_event_a_second_passes_and_says_how_many_did_not() {
        let seldom = Seldom::default();
        assert_eq!(seldom.pass(), Some(0));
        assert_eq!((seldom.pass(), seldom.pass()), (None, None));
        tokio::time::advance(limits::SELDOM).await;
        assert_eq!(seldom.pass(), Some(2));
        assert_eq!(seldom.pass(), None);
    }
}
