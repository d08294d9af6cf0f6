//! The caller's end of a call.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;

use super::{Calls, Outcome};
use crate::error::{Code, Refusal};
use crate::ids::RequestId;

/// A server's message on its way to the caller, before the terminal answer.
#[derive(Debug)]
pub(crate) struct Streamed {
    /// JSON-RPC, as the server wrote it, in an event; with its share of the memory for bodies.
    pub(crate) message: Bytes,
    /// Headers of the server's answer, filtered.
    pub(crate) headers: HeaderMap,
    /// Its share of what may wait; given back when the caller took it.
    pub(super) _room: OwnedSemaphorePermit,
}

/// What happens to a call.
#[derive(Debug)]
pub(crate) enum Event {
    /// The server sent a notification, or a request of its own.
    Streamed(Streamed),
    /// The end.
    Terminal(Outcome),
}

/// Receives what happens to one call. Dropping it takes the call out of the register.
#[derive(Debug)]
pub(crate) struct Inbox {
    calls: Arc<Calls>,
    request: RequestId,
    streamed: mpsc::Receiver<Streamed>,
    outcome: oneshot::Receiver<Outcome>,
    /// The outcome, once it came, until the messages before it are taken.
    ended: Option<Outcome>,
    deadline: Instant,
}

impl Inbox {
    pub(super) fn new(
        calls: Arc<Calls>,
        request: RequestId,
        streamed: mpsc::Receiver<Streamed>,
        outcome: oneshot::Receiver<Outcome>,
        deadline: Instant,
    ) -> Self {
        Self {
            calls,
            request,
            streamed,
            outcome,
            ended: None,
            deadline,
        }
    }

    /// Which call.
    pub(crate) fn request(&self) -> RequestId {
        self.request
    }

    /// The next event; at the deadline the terminal one. Messages come in order and before the end. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Event {
        loop {
            if self.ended.is_some() {
                // The client posts one after the other, so what came before the end is here already.
                if let Ok(message) = self.streamed.try_recv() {
                    return Event::Streamed(message);
                }
                if let Some(outcome) = self.ended.take() {
                    return Event::Terminal(outcome);
                }
            }
            tokio::select! {
                biased;
                // First: a stream that never falls silent must end, too.
                () = tokio::time::sleep_until(self.deadline) => {
                    let late = Refusal::new(Code::Timeout, "no answer came from the tunnel in time");
                    return Event::Terminal(Err(late));
                }
                Some(message) = self.streamed.recv() => return Event::Streamed(message),
                outcome = &mut self.outcome => {
                    let lost = || Refusal::new(Code::Internal, "the relay lost the call");
                    self.ended = Some(outcome.unwrap_or_else(|_| Err(lost())));
                }
            }
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.calls.forget(self.request);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_is_never_silent_ends_at_its_deadline() {
        let (sender, streamed) = mpsc::channel(4);
        let (_terminal, outcome) = oneshot::channel();
        let room = Arc::new(tokio::sync::Semaphore::new(4));
        let deadline = Instant::now() + std::time::Duration::from_secs(1);
        let request = RequestId::random();
        let mut inbox = Inbox::new(Arc::default(), request, streamed, outcome, deadline);
        for _ in 0..2 {
            let share = Arc::clone(&room).try_acquire_owned();
            let message = share.map(|share| Streamed {
                message: Bytes::new(),
                headers: HeaderMap::new(),
                _room: share,
            });
            assert!(message.is_ok_and(|message| sender.try_send(message).is_ok()));
        }
        assert!(matches!(inbox.next().await, Event::Streamed(_)));
        tokio::time::advance(std::time::Duration::from_secs(2)).await;
        assert!(matches!(inbox.next().await, Event::Terminal(Err(_))));
    }
}
