//! Doors to the framing and the routing of a stdio pipe.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::StdioServer;
use super::frame::{self, Framer};
use super::inbox::{Event, Inbox};
use super::misfit::Misfit;
use super::number;
use crate::wire::caller::Caller;
use crate::wire::command::Headers;
use crate::wire::jsonrpc::{Invalid, Message};

/// A piece of a child's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One JSON object or array.
    Message(Vec<u8>),
    /// Something else.
    Noise(Vec<u8>),
    /// The beginning of a message whose end did not come.
    Unfinished(Vec<u8>),
    /// Too much without the end of a message.
    TooLong,
}

/// Frames of an output that arrives in these pieces. The second value: whether the rest was ended as a whole line.
pub fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, bool) {
    let mut framer = Framer::default();
    let mut found = Vec::new();
    for piece in pieces {
        framer.buffer().extend_from_slice(piece);
        take(&mut framer, &mut found);
    }
    let is_ended = framer.end_line();
    take(&mut framer, &mut found);
    (found, is_ended)
}

fn take(framer: &mut Framer, found: &mut Vec<Frame>) {
    while let Some(frame) = framer.next() {
        found.push(match frame {
            frame::Frame::Message(text) => Frame::Message(text.to_vec()),
            frame::Frame::Noise(text) => Frame::Noise(text.to_vec()),
            frame::Frame::Unfinished(text) => Frame::Unfinished(text.to_vec()),
            frame::Frame::TooLong => Frame::TooLong,
        });
        if found.last() == Some(&Frame::TooLong) {
            return;
        }
    }
}

/// Number that a JSON text names in any notation.
pub fn whole(json: &str) -> Option<u64> {
    number::whole(json)
}

/// What a call receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// A notification.
    Message(Bytes),
    /// A request of the server.
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
    /// An error that names no request.
    Unnamed,
    /// A line that was meant as an answer; its beginning, if it may be shown.
    Suspect(Option<String>),
    /// The end of the child.
    Closed,
}

/// One pipe with its calls.
#[derive(Debug)]
pub struct Pipe {
    server: StdioServer,
    inboxes: BTreeMap<u64, Arc<Inbox>>,
}

impl Default for Pipe {
    fn default() -> Self {
        Self {
            server: StdioServer::new("main", false),
            inboxes: BTreeMap::new(),
        }
    }
}

impl Pipe {
    /// Registers a request of the caller in this session.
    ///
    /// # Errors
    /// When the message must not reach the pipe.
    pub fn open(
        &mut self,
        message: &Message<'_>,
        session: &str,
        server_requests: bool,
    ) -> Result<(u64, Bytes), Invalid> {
        let inbox = Arc::new(Inbox::new(&self.server.0.undelivered));
        let headers = Headers(vec![("mcp-session-id".into(), session.into())]);
        let caller = Caller::new(&headers, None);
        let opened = self
            .server
            .lock()
            .router
            .open(message, Arc::clone(&inbox), server_requests, caller)?;
        self.inboxes.insert(opened.0, inbox);
        Ok(opened)
    }

    /// A request was handed to the pipe.
    pub fn written(&mut self, pipe_id: u64) {
        self.server.lock().router.written(pipe_id);
    }

    /// Ends a call; gives the lines for the child.
    pub fn close(&mut self, pipe_id: u64) -> Vec<Bytes> {
        self.server.lock().router.close(pipe_id)
    }

    /// Cancels a call by its caller's message; gives the line for the child.
    pub fn cancel(&mut self, pipe_id: u64, payload: &Bytes) -> Option<Bytes> {
        self.server.lock().router.cancel(pipe_id, payload)
    }

    /// Answers a request of the child by a caller's message; gives the line for the child.
    pub fn answer(&mut self, payload: &Bytes, wire_id: &str) -> Option<Bytes> {
        self.server.lock().router.answer(payload, wire_id)
    }

    /// Routes a message of the child; gives the line that answers it at once.
    pub fn route(&mut self, message: &Message<'_>) -> Option<Bytes> {
        self.server.lock().router.route(message).ok().flatten()
    }

    /// Judges a line of the child that is no message. True when it was meant as an answer and its call was told.
    pub fn misfit(&mut self, line: &[u8]) -> bool {
        Misfit::of(line).is_some_and(|misfit| self.server.lock().router.misfit(&misfit))
    }

    /// Hands on a line of the child, whatever it is.
    pub fn received(&mut self, line: &[u8]) {
        let _ = self.server.received(line);
    }

    /// What the calls have received since the last time.
    pub fn delivered(&mut self) -> Vec<(u64, Delivered)> {
        let mut all = Vec::new();
        for (pipe_id, inbox) in &self.inboxes {
            while let Poll::Ready(event) = pin!(inbox.next()).poll(&mut Context::from_waker(Waker::noop())) {
                let delivered = match event {
                    Event::Message(payload) => Delivered::Message(payload),
                    Event::Request { payload, wire_id } => Delivered::Request { payload, wire_id },
                    Event::Reply { payload, is_error } => Delivered::Reply { payload, is_error },
                    Event::Unnamed(_) => Delivered::Unnamed,
                    Event::Suspect(suspect) => Delivered::Suspect(suspect.beginning),
                    Event::Closed(_) => Delivered::Closed,
                };
                all.push((*pipe_id, delivered));
            }
        }
        all
    }
}
