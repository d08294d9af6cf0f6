//! The notify protocol of service managers (sd_notify(3)), as `Type=notify` and `Type=notify-reload` of systemd need it: what this
//! process is about, and that it lives. Without `NOTIFY_SOCKET` nothing here has an effect.
//!
//! The socket is opened and connected before the cage is shut, because a caged process can make none. Sending never blocks. What
//! finds no room is kept, the newest of each kind, and sent again; a socket that is gone is not used any more.

#![forbid(unsafe_code)]

mod address;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod message;
mod offer;
mod socket;
#[cfg(test)]
mod tests;

use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use log::{debug, warn};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::limits::NOTIFY_RETRY;
use message::{Unsent, status_line};
pub use offer::Offer;
pub(crate) use offer::is_variable;
use socket::{Sent, Socket};

/// The service manager that started this process, if it wants to be notified. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct ServiceManager(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    socket: Socket,
    watchdog: Option<Duration>,
    state: Mutex<State>,
    /// Something found no room.
    left: Notify,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    unsent: Unsent,
    /// The status that it was told last, so that only changes are sent.
    status: String,
    /// Nobody receives any more.
    gone: bool,
}

/// What the service manager knows this process to do.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Starting,
    Running,
    Stopping,
}

impl ServiceManager {
    /// Connects to the socket that was offered. To be called before the cage is shut, with the rights of whoever started the process.
    #[must_use]
    pub fn connect(offer: Offer) -> Self {
        let Some(address) = offer.address else {
            return Self::default();
        };
        match Socket::connect(&address) {
            Ok(socket) => Self(Some(Arc::new(Shared {
                socket,
                watchdog: offer.watchdog,
                state: Mutex::default(),
                left: Notify::new(),
            }))),
            Err(error) => {
                warn!(error:% = error, action = "continuing without notifications";
                    "NOTIFY_SOCKET cannot be connected to");
                Self::default()
            }
        }
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// The descriptor of the socket, whose use the filter of system calls restricts.
    #[must_use]
    pub fn descriptor(&self) -> Option<RawFd> {
        self.0.as_ref().map(|shared| shared.socket.descriptor())
    }

    /// How often [`Self::alive`] is due; `None`: never.
    #[must_use]
    pub fn watchdog(&self) -> Option<Duration> {
        self.0.as_ref().and_then(|shared| shared.watchdog)
    }

    /// The start is complete.
    pub fn ready(&self, status: &str) {
        self.change(|state| {
            if state.phase == Phase::Starting {
                state.phase = Phase::Running;
                state.unsent.ready();
                state.tell(status);
            }
        });
    }

    /// A reload begins. Before the start is complete there is nothing to reload, and afterwards nothing is reloaded any more.
    pub fn reloading(&self) {
        self.change(|state| {
            if state.phase == Phase::Running {
                state.unsent.reloading(message::monotonic_usec());
            }
        });
    }

    /// The reload is over, whether or not it was accepted.
    pub fn reloaded(&self, status: &str) {
        self.change(|state| {
            if state.phase == Phase::Running {
                state.unsent.ready();
                state.tell(status);
            }
        });
    }

    /// The end begins; the service manager is to wait for that long at least.
    pub fn stopping(&self, within: Duration, status: &str) {
        self.change(|state| {
            state.phase = Phase::Stopping;
            state.unsent.stopping();
            state.unsent.extend(within);
            state.tell(status);
        });
    }

    /// What is going on takes that long at most, from now on.
    pub fn extend(&self, within: Duration) {
        self.change(|state| state.unsent.extend(within));
    }

    /// How things are, for people. Sent when it is news.
    pub fn status(&self, status: &str) {
        self.change(|state| state.tell(status));
    }

    /// The watchdog's message.
    pub fn alive(&self) {
        self.change(|state| state.unsent.alive());
    }

    /// Sends again what found no room. Never returns.
    pub async fn resend(&self) {
        let Some(shared) = &self.0 else {
            return std::future::pending().await;
        };
        loop {
            shared.left.notified().await;
            sleep(NOTIFY_RETRY).await;
            shared.send(&mut shared.lock());
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        if let Some(shared) = &self.0 {
            let mut state = shared.lock();
            change(&mut state);
            shared.send(&mut state);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends all that is unsent, as far as there is room.
    fn send(&self, state: &mut State) {
        while !state.gone
            && let Some(datagram) = state.unsent.datagram(Instant::now())
        {
            match self.socket.send(datagram.text.as_bytes()) {
                Sent::Taken => state.unsent.sent(datagram.part),
                Sent::Full => {
                    debug!("the service manager's socket is full; sending again");
                    self.left.notify_one();
                    return;
                }
                Sent::Gone(error) => {
                    state.gone = true;
                    warn!(error:% = error, action = "continuing without notifications";
                        "the service manager does not receive notifications any more");
                }
            }
        }
    }
}

impl State {
    fn tell(&mut self, status: &str) {
        let line = status_line(status);
        if line != self.status {
            self.unsent.status(line.clone());
            self.status = line;
        }
    }
}
