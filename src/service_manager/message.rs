//! Datagrams of the protocol, from the newest of each kind that was not sent yet.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::limits::STATUS_MAX;
use crate::telemetry::is_unsafe;

/// What was not sent yet: bounded, however long nobody receives.
#[derive(Debug, Default)]
pub(super) struct Unsent {
    /// Begin of a reload, on the clock of [`monotonic_usec`].
    reloading: Option<u128>,
    ready: bool,
    stopping: bool,
    extend_until: Option<Instant>,
    status: Option<String>,
    alive: bool,
}

/// The next datagram, and what of the unsent it holds.
#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) text: String,
    pub(super) part: Part,
}

/// A part of the unsent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A reload begins: by itself, before the message that it is over.
    Reloading,
    /// Everything else.
    Rest,
}

impl Unsent {
    pub(super) fn ready(&mut self) {
        self.ready = true;
    }

    pub(super) fn reloading(&mut self, since: u128) {
        self.reloading = Some(since);
        // The reload before is over, too, once this one is.
        self.ready = false;
    }

    /// From now on nothing else is of interest.
    pub(super) fn stopping(&mut self) {
        *self = Self {
            stopping: true,
            ..Self::default()
        };
    }

    pub(super) fn extend(&mut self, within: Duration) {
        self.extend_until = Instant::now().checked_add(within);
    }

    pub(super) fn status(&mut self, line: String) {
        self.status = Some(line);
    }

    pub(super) fn alive(&mut self) {
        self.alive = true;
    }

    /// The next datagram; `None` when all is sent.
    pub(super) fn datagram(&self, now: Instant) -> Option<Datagram> {
        if let Some(since) = self.reloading {
            return Some(Datagram {
                text: format!("RELOADING=1\nMONOTONIC_USEC={since}"),
                part: Part::Reloading,
            });
        }
        let mut text = String::new();
        let mut add = |line: std::fmt::Arguments<'_>| {
            let separator = if text.is_empty() { "" } else { "\n" };
            // Writing to a string does not fail.
            let _ = write!(text, "{separator}{line}");
        };
        if self.ready {
            add(format_args!("READY=1"));
        }
        if self.stopping {
            add(format_args!("STOPPING=1"));
        }
        if let Some(until) = self.extend_until {
            let left = until.saturating_duration_since(now).as_micros();
            add(format_args!("EXTEND_TIMEOUT_USEC={left}"));
        }
        if let Some(status) = &self.status {
            add(format_args!("STATUS={status}"));
        }
        if self.alive {
            add(format_args!("WATCHDOG=1"));
        }
        (!text.is_empty()).then_some(Datagram { text, part: Part::Rest })
    }

    /// Forgets what was sent.
    pub(super) fn sent(&mut self, part: Part) {
        match part {
            Part::Reloading => self.reloading = None,
            Part::Rest => {
                *self = Self {
                    reloading: self.reloading,
                    ..Self::default()
                };
            }
        }
    }
}

/// A text as one line: what could end a line or drive a terminal becomes a space, and what is too long is cut.
pub(super) fn status_line(text: &str) -> String {
    const CUT: &str = "...";
    let mut line = String::new();
    // How much of the line remains when the dots take the place of its end.
    let mut kept = 0;
    for character in text.trim().chars() {
        line.push(if is_unsafe(character) { ' ' } else { character });
        if line.len() > STATUS_MAX {
            line.truncate(kept);
            line.push_str(CUT);
            break;
        }
        if line.len() <= STATUS_MAX - CUT.len() {
            kept = line.len();
        }
    }
    line
}

/// `CLOCK_MONOTONIC` in microseconds, by which the service manager tells this reload from an earlier one.
pub(super) fn monotonic_usec() -> u128 {
    let now = clock_gettime(ClockId::Monotonic);
    // The clock begins with the system's start, so it is not negative.
    Duration::try_from(now).unwrap_or_default().as_micros()
}
