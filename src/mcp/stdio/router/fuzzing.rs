//! Attribution and admission on the pipe of one stdio server.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::mcp::stdio::State;
use crate::mcp::stdio::admission::Refusal;
use crate::mcp::stdio::handshake::Need;
use crate::mcp::stdio::inbox::{Event, Inbox};
use crate::wire::caller::Caller;
use crate::wire::command::Headers;
use crate::wire::failure::Failure;
use crate::wire::jsonrpc::Message;

/// Something for a call.
#[derive(Debug)]
pub enum Got {
    /// A notification.
    Notification(Bytes),
    /// A request of the server, and its id for the caller.
    Request(Bytes, String),
    /// The answer.
    Answer(Bytes),
    /// An error that names no request.
    Unnamed,
    /// The beginning of a wrong answer, as far as it is shown.
    Suspect(Option<String>),
    /// The server is gone.
    Closed,
}

/// What becomes of a line of the server.
#[derive(Debug)]
pub enum Routed {
    /// A call gets it.
    Taken,
    /// It is answered at once.
    Answered(Bytes),
    /// Nobody gets it.
    Dropped,
    /// It is no message.
    NoMessage,
}

/// The state of one server.
#[derive(Debug, Default)]
pub struct Pipe {
    state: State,
    undelivered: Arc<AtomicUsize>,
}

/// The receiving end of one call.
#[derive(Debug)]
pub struct Receiver(Arc<Inbox>);

/// A caller with this session and this name.
#[must_use]
pub fn caller(session: Option<&str>, name: Option<&str>) -> Caller {
    Caller::new(&headers(session.as_slice()), name)
}

fn headers(sessions: &[&str]) -> Headers {
    let named = sessions.iter().map(|id| ("Mcp-Session-Id".into(), (*id).into()));
    Headers(named.collect())
}

impl Pipe {
    /// Opens a call with this request; gives its id on the pipe and its line.
    pub fn open(&mut self, request: &str, asks: bool, caller: Caller) -> Option<(u64, Bytes, Receiver)> {
        let message = Message::parse(request).ok()?;
        let inbox = Arc::new(Inbox::new(&self.undelivered));
        let (id, line) = self
            .state
            .router
            .open(&message, Arc::clone(&inbox), asks, caller)
            .ok()?;
        Some((id, line, Receiver(inbox)))
    }

    /// The request was written.
    pub fn written(&mut self, id: u64) {
        self.state.router.written(id);
    }

    /// A notification of this caller was written.
    pub fn notified(&mut self, caller: Caller) {
        self.state.router.served(caller);
    }

    /// The call ends; gives the lines for the server.
    pub fn close(&mut self, id: u64) -> Vec<Bytes> {
        self.state.router.close(id)
    }

    /// The caller cancels the call.
    pub fn cancel(&mut self, id: u64, notification: &Bytes) -> Option<Bytes> {
        self.state.router.cancel(id, notification)
    }

    /// A caller answers a request of the server.
    pub fn answer(&mut self, answer: &Bytes, wire_id: &str) -> Option<Bytes> {
        self.state.router.answer(answer, wire_id)
    }

    /// A request of the server cannot be delivered.
    pub fn refuse(&mut self, wire_id: &str) -> Option<Bytes> {
        self.state.router.refuse(wire_id)
    }

    /// The server wrote a line.
    pub fn route(&mut self, line: &str) -> Routed {
        let Ok(message) = Message::parse(line) else {
            return Routed::NoMessage;
        };
        match self.state.router.route(&message) {
            Ok(None) => Routed::Taken,
            Ok(Some(answer)) => Routed::Answered(answer),
            Err(_) => Routed::Dropped,
        }
    }

    /// The server is gone.
    pub fn end(&mut self) {
        self.state.router.close_all(&Failure::timeout());
    }

    /// Bytes that wait for delivery.
    #[must_use]
    pub fn undelivered(&self) -> usize {
        self.undelivered.load(Ordering::Relaxed)
    }

    /// Opens a session of the caller with this name.
    pub fn open_session(&mut self, id: &str, name: &str) {
        self.state.sessions.open(id, caller(None, Some(name)).holder());
    }

    /// Ends all sessions.
    pub fn end_sessions(&mut self) {
        self.state.sessions.end_all();
    }

    /// An `initialize` was written, or succeeded.
    pub fn initialize(&mut self, id: u64, has_succeeded: bool) {
        match has_succeeded {
            true => self.state.handshake.succeeded(id),
            false => self.state.handshake.begun(id),
        }
    }

    /// `notifications/initialized` was written.
    pub fn initialized(&mut self) {
        self.state.handshake.initialized();
    }

    /// The status of the refusal of a request that names these sessions; `None` for a request that is admitted.
    ///
    /// # Errors
    /// The text is no message.
    pub fn refusal(&mut self, request: &str, sessions: &[&str]) -> Result<Option<u16>, ()> {
        let message = Message::parse(request).map_err(|_| ())?;
        let admitted = self.state.admits(&headers(sessions), Need::of(&message));
        Ok(admitted.err().map(Refusal::code))
    }
}

impl Receiver {
    /// What came first, if something came.
    pub fn next(&self) -> Option<Got> {
        let next = pin!(self.0.next()).poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(event) = next else { return None };
        Some(match event {
            Event::Message(message) => Got::Notification(message),
            Event::Request { payload, wire_id } => Got::Request(payload, wire_id.into()),
            Event::Reply { payload, .. } => Got::Answer(payload),
            Event::Unnamed(_) => Got::Unnamed,
            Event::Suspect(suspect) => Got::Suspect(suspect.beginning),
            Event::Closed(_) => Got::Closed,
        })
    }
}
