//! One-way switches that tasks wait for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A switch that is thrown once. Clones are the same switch.
#[derive(Debug, Clone, Default)]
pub struct Signal(Arc<State>);

#[derive(Debug, Default)]
struct State {
    set: AtomicBool,
    waiters: Notify,
}

impl Signal {
    /// Throws the switch.
    pub fn set(&self) {
        self.0.set.store(true, Ordering::Release);
        self.0.waiters.notify_waiters();
    }

    /// Whether it was thrown.
    pub fn is_set(&self) -> bool {
        self.0.set.load(Ordering::Acquire)
    }

    /// Returns once it is thrown.
    pub async fn wait(&self) {
        let waiter = self.0.waiters.notified();
        tokio::pin!(waiter);
        // Registered before the look at the flag: a switch thrown in between is not missed.
        waiter.as_mut().enable();
        if !self.is_set() {
            waiter.await;
        }
    }
}
