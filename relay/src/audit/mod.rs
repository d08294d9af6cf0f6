//! The audit log of the relay: one record for each call that ends, written by a thread of its own.
//!
//! Calls do not wait for the disk. What the bounded queue or the disk cannot take is dropped and counted, or, under
//! `--audit-on-failure block`, calls are refused before they begin. `docs/audit-log.md` says what that is worth.

mod entry;
mod gate;
mod open;
mod thread;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};

use crate::error::{Code, Refusal};
use crate::files::Place;
use crate::{limits, log};

pub(crate) use audit_log::OnFailure;
pub(crate) use entry::{Entry, Outcome};
use gate::Gate;
pub(crate) use open::{Opened, make_key};
use thread::Waiting;

/// What the command line says.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Where records go.
    pub(crate) file: PathBuf,
    /// The key file of the chain; none: records are not sealed.
    pub(crate) key_file: Option<PathBuf>,
    /// What happens to calls when records cannot be written.
    pub(crate) on_failure: OnFailure,
    /// Records between two anchors.
    pub(crate) anchor_every: u64,
}

/// The running audit log. Clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct AuditLog {
    messages: SyncSender<Message>,
    gate: Arc<Gate>,
    path: Arc<PathBuf>,
}

/// A call that may be performed, and will have a record.
#[derive(Debug)]
pub(crate) struct Admission(Option<Arc<Gate>>);

/// What the thread receives.
type Message = audit_log::Message<thread::Relay>;

/// Messages that the queue has room for: records with and without a reservation, a reopened file, the end.
const MESSAGES: usize = limits::AUDIT_QUEUE + limits::AUDIT_RESERVED + 8;

impl AuditLog {
    /// Lets a call begin, or says why it must not.
    pub(crate) fn admit(&self) -> Result<Admission, Refusal> {
        if self.gate.admits() {
            return Ok(Admission(Some(Arc::clone(&self.gate))));
        }
        let message = "the relay cannot write its audit log, and performs nothing without a record";
        Err(Refusal::new(Code::Unavailable, message).retry_after(1))
    }

    /// Records a request that ended. Without an admission, it was not performed.
    pub(crate) fn record(&self, entry: Entry, admission: Option<Admission>) {
        let is_stranger = entry.about.key.is_none();
        let is_admitted = admission.map(Admission::spend).is_some();
        self.gate.send(is_admitted, is_stranger, |ticket| {
            let message = Message::Record(Box::new(Waiting { entry, ticket }));
            self.messages.try_send(message).is_ok()
        });
    }

    /// Opens the file anew, as after it was renamed (logrotate(8)), and says how that went.
    pub(crate) fn reopen(&self) {
        let file = self.path.display();
        match Place::of(&self.path).and_then(|place| place.append()) {
            Ok(opened) => match self.messages.try_send(Message::Opened(opened, ())) {
                Ok(()) => log::info("audit file opened again", &[("file", &file)]),
                // Records leave room for this; it is lacking only after many signals, while a disk stalls.
                Err(_) => log::warn(
                    "audit file not opened again: its thread is stuck or gone",
                    &[("file", &file), ("action", &"send the signal again later")],
                ),
            },
            Err(error) => log::warn(
                "audit file not opened again",
                &[
                    ("file", &file),
                    ("error", &error),
                    (
                        "action",
                        &"still writing to the file that is open; correct its directory and send SIGHUP again",
                    ),
                ],
            ),
        }
    }

    /// Writes the last record. Waits for it within a bound. Calls that are still running have no record: they are counted.
    pub(crate) fn end(&self) {
        let (done, ended) = mpsc::sync_channel(1);
        if !self.gate.close(|| self.messages.try_send(Message::End(done)).is_ok()) {
            log::warn("audit log not ended: its thread is stuck or gone", &[]);
            return;
        }
        if let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(limits::AUDIT_END) {
            log::warn("audit log not ended: its file takes too long", &[]);
        }
    }
}

impl Admission {
    /// The record takes its place.
    fn spend(mut self) {
        self.0 = None;
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if let Some(gate) = self.0.take() {
            gate.withdraw();
        }
    }
}
