//! The thread that writes records: the words of the log.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::SystemTime;

use audit_log::limits::STACK;
use audit_log::{Command, Head, Next, NoRequest, Notice, Program, Queued, Thread};

use super::entry::Entry;
use super::gate::{Gate, Ticket};
use super::open::Opened;
use super::{AuditLog, MESSAGES};
use crate::log;

impl Opened {
    /// Starts the thread, which writes that a run begins.
    pub(crate) fn start(self) -> Result<AuditLog, String> {
        let (settings, log) = self.begin()?;
        let gate = Arc::new(Gate::new(settings.on_failure));
        let (messages, inbox) = mpsc::sync_channel(MESSAGES);
        let mut thread = Thread::new(Relay, log, gate.records(), settings.anchor_every);
        std::thread::Builder::new()
            .name("audit".to_owned())
            .stack_size(STACK)
            .spawn(move || thread.run(&inbox))
            .map_err(|error| format!("--audit-file: no thread that writes: {error}"))?;
        let path = Arc::new(settings.file);
        Ok(AuditLog { messages, gate, path })
    }
}

/// A record with its place.
pub(super) struct Waiting {
    pub(super) entry: Entry,
    pub(super) ticket: Ticket,
}

impl Queued for Waiting {
    fn ticket(&self) -> Ticket {
        self.ticket
    }

    fn ended(&self) -> SystemTime {
        self.entry.ended
    }

    fn with<T>(&self, act: impl FnOnce(&Command<'_>) -> T) -> T {
        self.entry.with(act)
    }
}

/// What the relay adds to the loop.
pub(super) struct Relay;

impl Program for Relay {
    type Entry = Waiting;
    type Watch = ();
    type Beside = ();
    type Request = NoRequest;

    fn say(&self, notice: Notice<'_>) {
        let message = notice.message();
        match notice {
            Notice::Anchored(Head { count, tag }) => log::info(message, &[("count", &count), ("head", &tag)]),
            Notice::Recovered => log::info(message, &[]),
            Notice::Failed(_, error) => log::warn(message, &[("error", error)]),
            Notice::NotEnded { error, lost } => log::warn(message, &[("error", error), ("lost", &lost)]),
        }
    }

    fn moved(&mut self, (): ()) {}

    fn take(&mut self, request: NoRequest) -> Next {
        match request {}
    }
}
