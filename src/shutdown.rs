//! What ends the process: one-way switches that tasks wait for, and the signals that throw them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{Signal as UnixSignal, SignalKind, signal};
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

/// SIGTERM and SIGINT, which end the process.
#[derive(Debug)]
pub struct Interrupts {
    terminate: UnixSignal,
    interrupt: UnixSignal,
}

/// SIGHUP.
pub type Hangup = UnixSignal;

/// SIGHUP from now on, which ends the process no more.
///
/// # Errors
/// When the system refuses the handler.
pub fn hangup() -> io::Result<Hangup> {
    signal(SignalKind::hangup())
}

/// SIGUSR1 from now on, which ends the process no more: many daemons open their log again.
///
/// # Errors
/// When the system refuses the handler.
pub fn user_signal() -> io::Result<UnixSignal> {
    signal(SignalKind::user_defined1())
}

impl Interrupts {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next of them.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
