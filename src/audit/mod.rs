//! The audit log of the client: files that are opened before the cage is shut, one thread that writes, and the way of records to it.
//!
//! Commands do not wait for the disk. Their records go to the thread through a bounded queue; what the queue or the disk cannot take is
//! dropped and counted, or, under `audit.on_failure: block`, commands are refused before they begin. `docs/audit-log.md` says what that
//! is worth.

#![forbid(unsafe_code)]

mod entry;
mod gate;
mod open;
mod thread;

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};

use log::{info, warn};

use crate::dispatch::audit::{Audit, Ended};
use crate::limits::{AUDIT_END_TIMEOUT, AUDIT_QUEUE, AUDIT_RESERVED};
use crate::monitor::Monitor;
use entry::Entry;
use gate::Gate;
use open::Place;
pub use open::{Error, Opened, could_open};

/// The running audit log. Clones are the same one.
#[derive(Debug, Clone)]
pub struct AuditLog {
    messages: SyncSender<Message>,
    gate: Arc<Gate>,
    place: Arc<Place>,
    /// Number of the thread.
    thread: u32,
}

#[derive(Debug)]
enum Message {
    /// A command has ended.
    Record(Box<Entry>),
    /// The file was opened again.
    Opened(File),
    /// The process ends; to be answered when everything is written.
    End(SyncSender<()>),
}

impl AuditLog {
    /// Number of the thread that writes.
    #[must_use]
    pub fn thread(&self) -> u32 {
        self.thread
    }

    /// Counts dropped records, and shows how the log is, here from now on.
    pub fn report_to(&self, monitor: &Arc<Monitor>) {
        self.gate.report_to(monitor);
    }

    /// Opens the file anew, as after it was renamed (logrotate(8)), and says how that went.
    pub fn reopen(&self) {
        let path = self.place.path();
        match self.place.open() {
            // Records leave room for this; it is lacking only after many signals, while a disk stalls.
            Ok(file) => match self.messages.try_send(Message::Opened(file)) {
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
        let (done, ended) = mpsc::sync_channel(1);
        if self.messages.try_send(Message::End(done)).is_err() {
            warn!("audit log not ended: its thread is stuck or gone");
            return;
        }
        if let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(AUDIT_END_TIMEOUT) {
            warn!("audit log not ended: its file takes too long");
        }
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
            self.gate.drop_one();
        }
    }

    fn lose(&self, commands: usize) {
        self.gate.drop_many(commands);
    }
}

/// Messages that the queue has room for: records with and without a reservation, a reopened file, the end.
const MESSAGES: usize = AUDIT_QUEUE + AUDIT_RESERVED + 8;
