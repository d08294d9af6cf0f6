//! What ends the process: one-way switches that tasks wait for, and the signals that throw them.

mod switch;

use std::io;

use tokio::signal::unix::{Signal as UnixSignal, SignalKind, signal};

pub use switch::Signal;

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

/// SIGUSR2 from now on: changes how much is logged.
///
/// # Errors
/// When the system refuses the handler.
pub fn second_user_signal() -> io::Result<UnixSignal> {
    signal(SignalKind::user_defined2())
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
