//! The notify protocol of service managers (sd_notify(3)), as `Type=notify` and `Type=notify-reload` of systemd need it. Without
//! `NOTIFY_SOCKET` nothing here has an effect.
//!
//! A task of its own sends, in order, and waits while the socket is full; nobody else ever does.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram as Blocking};
use std::time::Duration;

use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};
use tokio::net::UnixDatagram;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, timeout};

use crate::{limits, log};

/// What the service manager offers in the environment.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    socket: Option<OsString>,
    watchdog: Option<Duration>,
}

/// The service manager that started this process, if it wants to be notified. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServiceManager(Option<mpsc::Sender<String>>);

/// Sends what a [`ServiceManager`] was told.
pub(crate) struct Sending(Option<JoinHandle<()>>);

impl Offer {
    /// Reads the variables. A value that is wrong counts as unset.
    pub(crate) fn of(environment: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let number = |name: &str| {
            let value = environment(name)?;
            let number = value.to_str().and_then(|text| text.parse::<u64>().ok());
            if number.is_none() {
                log::warn(
                    "variable of the service manager ignored: not a number",
                    &[("variable", &name)],
                );
            }
            Some(number)
        };
        let Some(socket) = environment("NOTIFY_SOCKET") else {
            return Self::default();
        };
        // Zero and the greatest number mean that there is none.
        let time = number("WATCHDOG_USEC")
            .flatten()
            .filter(|&time| time != 0 && time != u64::MAX);
        let is_ours = number("WATCHDOG_PID").is_none_or(|id| id == Some(u64::from(std::process::id())));
        Self {
            socket: Some(socket),
            watchdog: time.filter(|_| is_ours).map(Duration::from_micros),
        }
    }
}

impl ServiceManager {
    /// Connects to the socket that was offered; a socket that cannot be connected to is a warning.
    pub(crate) fn connect(offer: &Offer) -> (Self, Sending) {
        let Some(address) = &offer.socket else {
            return (Self::default(), Sending(None));
        };
        match connect(address) {
            Ok(socket) => {
                let (sender, messages) = mpsc::channel(limits::NOTIFICATIONS);
                let period = offer.watchdog.map(|time| (time / 2).max(limits::WATCHDOG_PERIOD_MIN));
                (
                    Self(Some(sender)),
                    Sending(Some(tokio::spawn(send(socket, messages, period)))),
                )
            }
            Err(error) => {
                let action = "continuing without notifications";
                log::warn(
                    "NOTIFY_SOCKET cannot be connected to",
                    &[("error", &error), ("action", &action)],
                );
                (Self::default(), Sending(None))
            }
        }
    }

    /// The start is complete.
    pub(crate) fn ready(&self) {
        self.reloaded(true);
    }

    /// A reload begins.
    pub(crate) fn reloading(&self) {
        self.tell(format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic_usec()));
    }

    /// The reload is over.
    pub(crate) fn reloaded(&self, accepted: bool) {
        self.tell(format!("READY=1\nSTATUS={}", status(accepted)));
    }

    /// Files that had changed were read again.
    pub(crate) fn read_again(&self, accepted: bool) {
        self.tell(format!("STATUS={}", status(accepted)));
    }

    /// The end begins, and takes no longer than this.
    pub(crate) fn stopping(&self, within: Duration) {
        let time = within.as_micros();
        self.tell(format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={time}\nSTATUS=draining"));
    }

    /// What finds no place in the queue is left out: nobody reads.
    fn tell(&self, message: String) {
        if let Some(sender) = &self.0 {
            let _ = sender.try_send(message);
        }
    }
}

impl Sending {
    /// Waits a moment for the last messages. Every [`ServiceManager`] has to be dropped before.
    pub(crate) async fn finish(self) {
        if let Some(task) = self.0 {
            let _ = timeout(limits::NOTIFY_LAST, task).await;
        }
    }
}

/// How things are, for people; `accepted`: the last reload was.
fn status(accepted: bool) -> &'static str {
    match accepted {
        true => "ready",
        false => "ready; credential reload rejected, the log says why",
    }
}

/// A connected socket that does not block.
fn connect(address: &OsStr) -> io::Result<UnixDatagram> {
    let address = match address.as_bytes() {
        [b'/', ..] => SocketAddr::from_pathname(address)?,
        [b'@', name @ ..] if !name.is_empty() => SocketAddr::from_abstract_name(name)?,
        _ => {
            let wrong = "it is neither an absolute path nor an abstract name, which begins with @";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, wrong));
        }
    };
    let socket = Blocking::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect_addr(&address)?;
    UnixDatagram::from_std(socket)
}

/// Sends until all senders are gone or nobody receives any more. The watchdog's messages show that the runtime runs tasks and keeps time.
async fn send(socket: UnixDatagram, mut messages: mpsc::Receiver<String>, period: Option<Duration>) {
    let mut watchdog = period.map(interval);
    if let Some(watchdog) = &mut watchdog {
        watchdog.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    loop {
        let message = tokio::select! {
            biased;
            message = messages.recv() => message,
            () = due(watchdog.as_mut()) => Some("WATCHDOG=1".to_owned()),
        };
        let Some(message) = message else { return };
        let sent = loop {
            match socket.send(message.as_bytes()).await {
                Err(error) if passes(&error) => sleep(limits::NOTIFY_RETRY).await,
                sent => break sent,
            }
        };
        if let Err(error) = sent {
            let action = "continuing without notifications";
            log::warn(
                "the service manager does not receive notifications any more",
                &[("error", &error), ("action", &action)],
            );
            return;
        }
    }
}

/// Whether it says nothing of the receiver: the kernel has no memory at the moment.
fn passes(error: &io::Error) -> bool {
    let passing = [Errno::NOBUFS, Errno::NOMEM, Errno::INTR];
    Errno::from_io_error(error).is_some_and(|error| passing.contains(&error))
}

async fn due(watchdog: Option<&mut Interval>) {
    match watchdog {
        Some(watchdog) => drop(watchdog.tick().await),
        None => std::future::pending().await,
    }
}

/// `CLOCK_MONOTONIC` in microseconds, by which the service manager tells this reload from an earlier one.
fn monotonic_usec() -> u128 {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::try_from(now).unwrap_or_default().as_micros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_without_memory_is_no_service_manager_that_is_gone() {
        for (error, passing) in [
            (Errno::NOBUFS, true),
            (Errno::NOMEM, true),
            (Errno::CONNREFUSED, false),
            (Errno::PERM, false),
        ] {
            assert_eq!(passes(&error.into()), passing, "{error:?}");
        }
    }
}
