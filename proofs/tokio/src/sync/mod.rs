//! Channels and wake-ups.

pub mod mpsc;
mod notify;
pub mod oneshot;

pub use ::tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
pub use notify::{Notified, Notify};

/// A point where another thread may go on.
pub(crate) fn point() {
    // The model checker chooses the next thread before each use of an atomic.
    let atomic = shuttle::sync::atomic::AtomicBool::new(false);
    atomic.store(true, shuttle::sync::atomic::Ordering::SeqCst);
}
