//! What the child wrote for one call, until the call's task takes it.
//!
//! The reader of the pipe never waits for a call: one whose notifications are delivered slowly loses some of them, its
//! reply it never loses.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::limits::{STDIO_INBOX_BYTES, STDIO_INBOX_MESSAGES};
use crate::wire::failure::Failure;

/// Something for a call.
#[derive(Debug)]
pub(super) enum Event {
    /// A notification.
    Message(Bytes),
    /// A request of the server, under the id that the caller will answer.
    Request {
        /// The message.
        payload: Bytes,
        /// Its id on the wire.
        wire_id: Box<str>,
    },
    /// The answer.
    Reply {
        /// The message.
        payload: Bytes,
        /// True for a JSON-RPC error.
        is_error: bool,
    },
    /// The child answered with an id that nobody used, and only this call can be meant.
    Invalid,
    /// The child is gone, or is not understood any more: why.
    Closed(Failure),
}

/// A bounded queue of events.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    queue: Mutex<Queue>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Event>,
    bytes: usize,
}

impl Inbox {
    /// Adds an event. False when there is no room, which only messages before the reply need.
    pub(super) fn push(&self, event: Event) -> bool {
        let size = event.size();
        {
            let mut queue = self.lock();
            let optional = matches!(event, Event::Message(_) | Event::Request { .. });
            if optional && (queue.events.len() >= STDIO_INBOX_MESSAGES || queue.bytes + size > STDIO_INBOX_BYTES) {
                return false;
            }
            queue.bytes += size;
            queue.events.push_back(event);
        }
        self.arrived.notify_one();
        true
    }

    /// The next event.
    pub(super) async fn next(&self) -> Event {
        loop {
            {
                let mut queue = self.lock();
                if let Some(event) = queue.events.pop_front() {
                    queue.bytes -= event.size();
                    return event;
                }
            }
            self.arrived.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Event {
    fn size(&self) -> usize {
        match self {
            Self::Message(payload) | Self::Request { payload, .. } => payload.len(),
            Self::Reply { .. } | Self::Invalid | Self::Closed(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_call_loses_notifications_but_never_its_reply() {
        let inbox = Inbox::default();
        let message = || Event::Message(Bytes::from_static(b"{}"));
        for _ in 0..STDIO_INBOX_MESSAGES {
            assert!(inbox.push(message()));
        }
        assert!(!inbox.push(message()));
        assert!(inbox.push(Event::Reply {
            payload: Bytes::new(),
            is_error: false
        }));
        assert!(inbox.push(Event::Invalid));
    }
}
