//! The second place of records: what the audit file has is sent elsewhere, in order, at least once.
//!
//! The audit file is the queue. The thread that writes it also reads it, through a descriptor of its own, and hands out whole lines, a
//! batch at a time; a task of the event loop sends them and says what became of them. So sending never holds up a record, a slow disk never
//! holds up the event loop, and neither needs a privilege of the other.

mod backlog;
mod feeder;
mod start;

use std::sync::mpsc::{SyncSender, TrySendError};

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::{Message, Request as Asked};
use crate::limits::AUDIT_FORWARD_RETRY;
pub(super) use feeder::Feeder;
pub(super) use start::Source;

/// What became of the last batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing: it was not sent, or there was none.
    Unsent,
    /// The collector's host has it.
    Taken,
    /// The connection broke: the collector may lack it, and some before it.
    Broken,
}

/// The sender wants the next batch, or only says what became of the last one.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) verdict: Verdict,
    /// Where the next batch goes: whole lines, each with its line break.
    pub(super) reply: Option<oneshot::Sender<String>>,
    /// To be answered with nothing when there is nothing.
    pub(super) at_once: bool,
}

/// The sender's end.
#[derive(Debug)]
pub struct Forwarder {
    messages: SyncSender<Message>,
    verdict: Verdict,
}

/// The thread that reads the file is gone.
#[derive(Debug)]
pub struct Gone;

impl Forwarder {
    pub(super) fn new(messages: SyncSender<Message>) -> Self {
        Self {
            messages,
            verdict: Verdict::Unsent,
        }
    }

    /// The next lines to be sent: waits for some, or, `at_once`, gives nothing when there are none. A call that is dropped loses nothing.
    ///
    /// # Errors
    /// [`Gone`].
    pub async fn next(&mut self, at_once: bool) -> Result<String, Gone> {
        loop {
            let (reply, answer) = oneshot::channel();
            let request = Request {
                verdict: self.verdict,
                reply: Some(reply),
                at_once,
            };
            match self.messages.try_send(Message::Request(Asked::Forward(request))) {
                Ok(()) => {
                    self.verdict = Verdict::Unsent;
                    return answer.await.map_err(|_| Gone);
                }
                // Its disk stalls.
                Err(TrySendError::Full(_)) => sleep(AUDIT_FORWARD_RETRY).await,
                Err(TrySendError::Disconnected(_)) => return Err(Gone),
            }
        }
    }

    /// The collector's host has the last lines.
    pub fn taken(&mut self) {
        self.verdict = Verdict::Taken;
    }

    /// The connection broke: what may have been lost with it is handed out again.
    pub fn broken(&mut self) {
        let request = Request {
            verdict: Verdict::Broken,
            reply: None,
            at_once: true,
        };
        self.verdict = match self.messages.try_send(Message::Request(Asked::Forward(request))) {
            Ok(()) => Verdict::Unsent,
            Err(_) => Verdict::Broken,
        };
    }
}
