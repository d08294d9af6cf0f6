//! Activity of a connection, for the code that may close it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// State of one connection that decides whether, and when, it is closed.
#[derive(Debug)]
pub(crate) struct Activity {
    /// Whether a request on it has shown an accepted key.
    known: AtomicBool,
    /// Requests whose answer hyper has not taken completely.
    serving: AtomicUsize,
    /// Whether written bytes wait for the kernel.
    unwritten: AtomicBool,
    /// Request heads received.
    heads: AtomicU64,
    /// Time when it was accepted, completed its handshake, or was last served.
    quiet_since: Mutex<Instant>,
    closing: Notify,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            known: AtomicBool::new(false),
            serving: AtomicUsize::new(0),
            unwritten: AtomicBool::new(false),
            heads: AtomicU64::new(0),
            quiet_since: Mutex::new(Instant::now()),
            closing: Notify::new(),
        }
    }
}

impl Activity {
    /// Whether an accepted key was shown.
    pub(super) fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    /// Records that an accepted key was shown.
    pub(super) fn set_known(&self) {
        self.known.store(true, Ordering::Relaxed);
    }

    /// Whether a request is served.
    pub(super) fn is_serving(&self) -> bool {
        self.serving.load(Ordering::Relaxed) > 0
    }

    /// Whether written bytes wait for the peer.
    pub(super) fn set_unwritten(&self, unwritten: bool) {
        self.unwritten.store(unwritten, Ordering::Relaxed);
    }

    /// Request heads received so far.
    pub(super) fn heads(&self) -> u64 {
        self.heads.load(Ordering::Relaxed)
    }

    /// Records a request head; the request counts as served until the guard is dropped.
    pub(super) fn serve(self: &Arc<Self>) -> Serving {
        self.heads.fetch_add(1, Ordering::Relaxed);
        self.serving.fetch_add(1, Ordering::Relaxed);
        Serving(Arc::clone(self))
    }

    /// Starts the idle time.
    pub(super) fn quiet(&self) {
        *self.quiet_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Time since when nothing is served, whether or not the peer has read the answers.
    pub(super) fn quiet_since(&self) -> Instant {
        *self.quiet_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since when the connection is idle; `None` while a request is served or its answer waits for the peer.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let busy = self.is_serving() || self.unwritten.load(Ordering::Relaxed);
        (!busy).then(|| self.quiet_since())
    }

    /// Asks the connection to end.
    pub(super) fn close(&self) {
        self.closing.notify_one();
    }

    /// Completes when the end was requested.
    pub(super) async fn closing(&self) {
        self.closing.notified().await;
    }
}

/// A request that is being served.
#[derive(Debug)]
pub(crate) struct Serving(Arc<Activity>);

impl Drop for Serving {
    fn drop(&mut self) {
        // This order matters: the connection never counts as idle since a time before it was served.
        self.0.quiet();
        self.0.serving.fetch_sub(1, Ordering::Relaxed);
    }
}
