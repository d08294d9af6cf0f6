//! The audit log of the client: files that are opened before the cage is shut, one thread that writes, and the way of records to it.
//!
//! Commands do not wait for the disk. Their records go to the thread through a bounded queue; what the queue or the disk cannot take is
//! dropped and counted, or, under `audit.on_failure: block`, commands are refused before they begin. `docs/audit-log.md` says what that
//! is worth.

#![forbid(unsafe_code)]

mod entry;
mod forward;
mod gate;
mod look;
mod open;
mod thread;

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};

use log::{info, warn};

use crate::dispatch::audit::{Audit, Ended};
use crate::limits::{AUDIT_END_TIMEOUT, AUDIT_QUEUE, AUDIT_RESERVED};
use crate::monitor::{Forwarding, Monitor};
use entry::Entry;
pub use forward::{Forwarder, Gone};
use gate::Gate;
pub(crate) use look::{Look, look};
pub use open::{Error, Opened, could_open};
use open::{Place, Reopened};

/// The running audit log. Clones are the same one.
#[derive(Debug, Clone)]
pub struct AuditLog {
    messages: SyncSender<Message>,
    gate: Arc<Gate>,
    place: Arc<Place>,
    /// Number of the thread.
    thread: u32,
    /// How far records are forwarded, if they are.
    forwarding: Option<Arc<Forwarding>>,
}

/// What the thread receives.
type Message = audit_log::Message<thread::Client>;

/// What it is asked for beside records.
#[derive(Debug)]
enum Request {
    /// The sender of records wants some, or has sent some.
    Forward(forward::Request),
    /// Nothing more is forwarded; to be answered when the position is stored.
    Close(SyncSender<()>),
}

impl AuditLog {
    /// Number of the thread that writes.
    #[must_use]
    pub fn thread(&self) -> u32 {
        self.thread
    }

    /// Tells this monitor of records from now on.
    pub fn report_to(&self, monitor: &Arc<Monitor>) {
        gate::report(&self.gate, Arc::clone(monitor));
    }

    /// Opens the file anew, as after it was renamed (logrotate(8)), and says how that went.
    pub fn reopen(&self) {
        let path = self.place.path();
        match self.place.open() {
            // Records leave room for this; it is lacking only after many signals, while a disk stalls.
            Ok(Reopened { file, reading }) => match self.messages.try_send(Message::Opened(file, reading)) {
                Ok(()) => info!(file:% = path.display(); "audit file opened again"),
                Err(_) => {
                    warn!(file:% = path.display(), action = "send the signal again later"; "audit file not opened again: its thread is stuck or gone")
                }
            },
            Err(error) => warn!(
                file:% = path.display(), error:% = error,
                action = "still writing to the file that is open; let the client's user create the file in a directory that holds logs alone, or have logrotate create it there";
                "audit file not opened again"
            ),
        }
    }

    /// Writes the last record. Waits for it within a bound.
    pub fn end(&self) {
        match self.ask(Message::End) {
            Some(Ok(())) => {}
            Some(Err(_)) => warn!("audit log not ended: its file takes too long"),
            None => warn!("audit log not ended: its thread is stuck or gone"),
        }
    }

    /// How far records are forwarded; `None` when they are not.
    #[must_use]
    pub fn forwarding(&self) -> Option<Arc<Forwarding>> {
        self.forwarding.clone()
    }

    /// Where records that the file has are taken from to be sent elsewhere; `None` when they are not. There is one at a time.
    #[must_use]
    pub fn forwarder(&self) -> Option<(Forwarder, Arc<Forwarding>)> {
        let forwarding = self.forwarding.as_ref()?;
        Some((Forwarder::new(self.messages.clone()), Arc::clone(forwarding)))
    }

    /// Stores how far records were forwarded, after [`Self::end`]. Waits for it within a bound.
    pub fn close(&self) {
        if self.forwarding.is_some() && !matches!(self.ask(|done| Message::Request(Request::Close(done))), Some(Ok(())))
        {
            warn!("position of the forwarded audit log not stored: its file takes too long");
        }
    }

    /// Waits for the thread within a bound; `None` when the message cannot be sent.
    fn ask(&self, message: fn(SyncSender<()>) -> Message) -> Option<Result<(), RecvTimeoutError>> {
        let (done, ended) = mpsc::sync_channel(1);
        self.messages.try_send(message(done)).ok()?;
        Some(match ended.recv_timeout(AUDIT_END_TIMEOUT) {
            Err(RecvTimeoutError::Disconnected) => Ok(()),
            answer => answer,
        })
    }
}

impl Audit for AuditLog {
    fn admits(&self) -> bool {
        self.gate.admits()
    }

    fn record(&self, ended: Ended<'_>) {
        let Some(ticket) = self.gate.ticket(ended.is_admitted) else {
            return;
        };
        let entry = Box::new(Entry::of(&ended, ticket));
        if self.messages.try_send(Message::Record(entry)).is_err() {
            // The queue has room for every ticket, so its thread is gone.
            self.gate.give_back(ticket);
            self.gate.lose(1);
        }
    }

    fn lose(&self, commands: usize) {
        self.gate.lose(commands);
    }
}

/// Messages that the queue has room for: records with and without a reservation, reopened files, the sender's requests, the end.
const MESSAGES: usize = AUDIT_QUEUE + AUDIT_RESERVED + 16;
