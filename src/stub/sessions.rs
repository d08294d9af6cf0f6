//! Sessions of callers that initialize.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::identity::random_id;
use crate::limits::{STUB_SESSION_IDLE, STUB_SESSIONS};

/// Open sessions, the one that was used last at the end.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<VecDeque<(String, Instant)>>);

impl Sessions {
    /// Opens one; gives its id. `None` without randomness.
    pub(super) fn open(&self, now: Instant) -> Option<String> {
        let id = random_id()?;
        let mut open = self.lock();
        if open.len() >= STUB_SESSIONS {
            open.pop_front();
        }
        open.push_back((id.clone(), now));
        Some(id)
    }

    /// Whether a session is open; if so, it was used now.
    pub(super) fn uses(&self, id: &str, now: Instant) -> bool {
        let is_fresh = |used: Instant| now.saturating_duration_since(used) < STUB_SESSION_IDLE;
        match self.take(id) {
            Some((id, used)) if is_fresh(used) => {
                self.lock().push_back((id, now));
                true
            }
            _ => false,
        }
    }

    /// Ends a session; false if there is none.
    pub(super) fn end(&self, id: &str) -> bool {
        self.take(id).is_some()
    }

    fn take(&self, id: &str) -> Option<(String, Instant)> {
        let mut open = self.lock();
        let place = open.iter().position(|(known, _)| known == id)?;
        open.remove(place)
    }

    /// Nothing panics while it holds the lock, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, VecDeque<(String, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::Duration;

    use super::*;

    #[test]
    fn the_session_that_was_used_longest_ago_gives_way() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let ids: Vec<String> = (0..STUB_SESSIONS).map(|_| sessions.open(now).unwrap()).collect();
        assert!(sessions.uses(&ids[0], now));
        let newest = sessions.open(now).unwrap();
        assert!(!sessions.uses(&ids[1], now));
        for id in [&ids[0], &ids[2], &newest] {
            assert!(sessions.uses(id, now), "{id}");
        }
        assert_eq!(sessions.lock().len(), STUB_SESSIONS);
    }

    #[test]
    fn an_idle_session_ends_and_one_in_use_goes_on() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let (used, idle) = (sessions.open(start).unwrap(), sessions.open(start).unwrap());
        let later = start + STUB_SESSION_IDLE / 2;
        assert!(sessions.uses(&used, later));
        let end = start + STUB_SESSION_IDLE;
        assert!(sessions.uses(&used, end));
        assert!(!sessions.uses(&idle, end));
        assert!(!sessions.uses(&idle, start + Duration::from_secs(1)));
    }

    #[test]
    fn a_session_ends_once() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let id = sessions.open(now).unwrap();
        assert!(!sessions.end(&id.to_uppercase().replace(|c: char| c.is_ascii_digit(), "z")));
        assert!(sessions.end(&id));
        assert!(!sessions.end(&id));
        assert!(!sessions.uses(&id, now));
    }
}
