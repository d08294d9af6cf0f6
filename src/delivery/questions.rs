//! Requests of servers that wait for their callers' answers.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Requests of servers that wait for their callers' answers.
#[derive(Debug, Default)]
pub(super) struct Questions {
    open: Mutex<HashSet<Box<str>>>,
    asked: Notify,
}

impl Questions {
    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Returns when another one was added.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Adds one.
    pub(super) fn add(&self, question: Box<str>) {
        self.lock().insert(question);
        self.asked.notify_one();
    }

    /// Removes those that were answered, or will not be.
    pub(super) fn remove<'a>(&self, questions: impl IntoIterator<Item = &'a Box<str>>) {
        let mut open = self.lock();
        for question in questions {
            open.remove(question);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Box<str>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Key that ties an answer to its question: channel, session, id. Without a session two servers' questions may look alike;
/// then one of them is forgotten early, which costs it the places that are kept for its answer, no more.
pub(super) fn question(channel: &str, session: Option<&str>, id: &str) -> Box<str> {
    format!("{channel} {} {id}", session.unwrap_or_default()).into()
}
