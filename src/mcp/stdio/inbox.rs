//! What the child wrote for one call, until the call's task takes it.
//!
//! The reader of the pipe never waits for a call: one whose notifications are delivered slowly loses some of them, its
//! reply it never loses.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::limits::{STDIO_INBOX_BYTES, STDIO_INBOX_MESSAGES};
use crate::memory;
use crate::wire::failure::Failure;
use crate::wire::said::Said;

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
    /// The child wrote an error that names no request, and can mean this one only: its words.
    Unnamed(Option<Said>),
    /// The child wrote something that was meant as the answer to this call, and is none.
    Suspect(Suspect),
    /// The child is gone, or is not understood any more: why.
    Closed(Failure),
}

/// Something that was meant as an answer.
#[derive(Debug)]
pub(super) struct Suspect {
    /// What is wrong with it.
    pub(super) why: &'static str,
    /// How it begins, if the caller may see that.
    pub(super) beginning: Option<String>,
}

/// A bounded queue of events.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    queue: Mutex<VecDeque<Event>>,
    arrived: Notify,
    /// Bytes of messages before a reply, in all queues of one server.
    undelivered: Arc<AtomicUsize>,
}

impl Inbox {
    /// Queue of a call of the server that counts here.
    pub(super) fn new(undelivered: &Arc<AtomicUsize>) -> Self {
        Self {
            queue: Mutex::default(),
            arrived: Notify::new(),
            undelivered: Arc::clone(undelivered),
        }
    }

    /// Adds an event. False when there is no room, which only messages before the reply need.
    pub(super) fn push(&self, event: Event) -> bool {
        let size = event.size();
        {
            let mut queue = self.lock();
            let optional = matches!(event, Event::Message(_) | Event::Request { .. } | Event::Suspect(_));
            let undelivered = self.undelivered.load(Ordering::Relaxed);
            if optional && (queue.len() >= STDIO_INBOX_MESSAGES || undelivered + size > STDIO_INBOX_BYTES) {
                return false;
            }
            self.undelivered.fetch_add(size, Ordering::Relaxed);
            queue.push_back(event.charged());
        }
        self.arrived.notify_one();
        true
    }

    /// The next event.
    pub(super) async fn next(&self) -> Event {
        loop {
            {
                let mut queue = self.lock();
                if let Some(event) = queue.pop_front() {
                    self.undelivered.fetch_sub(event.size(), Ordering::Relaxed);
                    return event;
                }
            }
            self.arrived.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let left: usize = self.lock().iter().map(Event::size).sum();
        self.undelivered.fetch_sub(left, Ordering::Relaxed);
    }
}

impl Event {
    /// Its payload is a copy, which is charged to the budget.
    fn charged(mut self) -> Self {
        if let Self::Message(payload) | Self::Request { payload, .. } | Self::Reply { payload, .. } = &mut self {
            *payload = memory::charged(std::mem::take(payload));
        }
        self
    }

    fn size(&self) -> usize {
        match self {
            Self::Message(payload) | Self::Request { payload, .. } => payload.len(),
            Self::Reply { .. } | Self::Unnamed(_) | Self::Suspect(_) | Self::Closed(_) => 0,
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
        assert!(inbox.push(Event::Closed(Failure::timeout())));
    }

    #[test]
    fn undelivered_messages_of_all_calls_of_a_server_are_bounded_together() {
        let undelivered = Arc::default();
        let (first, second) = (Inbox::new(&undelivered), Inbox::new(&undelivered));
        let half = || Event::Message(Bytes::from(vec![b' '; STDIO_INBOX_BYTES / 2]));
        assert!(first.push(half()) && second.push(half()));
        assert!(!first.push(half()) && !second.push(half()));
        drop(first);
        assert!(second.push(half()));
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let taken = runtime.map(|runtime| runtime.block_on(second.next()).size()).ok();
        assert_eq!(taken, Some(STDIO_INBOX_BYTES / 2));
        assert!(second.push(half()));
    }
}
