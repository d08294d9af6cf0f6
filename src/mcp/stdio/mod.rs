//! MCP over stdio: one child, shared by all callers (MCP "Transports"; spec: mcp, section 2; better 4 and 5).
//!
//! Callers may use the same ids, so ids, progress tokens and what else names a request are made unique on the pipe and
//! restored on the way back; nothing else of a message changes.

mod closed;
mod exposure;
mod frame;
mod inbox;
mod launch;
mod recent;
mod router;
mod splice;
mod supervisor;
mod trial;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use log::debug;
use serde_json::value::RawValue;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

pub(crate) use closed::own_directories;
pub use closed::{Closed, closed_to_new_files};
pub use exposure::{Exposure, exposure, exposures};
pub(crate) use launch::instructions;
pub use launch::specifications;
pub use supervisor::Supervisor;
pub(crate) use trial::{End, Trial, try_start};

use super::{Ack, Call, Outcome};
use crate::control::Notifier;
use crate::limits::{LARGE_MESSAGE, STDIO_BATCH_MAX, STDIO_LINE_LARGE, STDIO_LINES_LARGE, STDIO_READY_WAIT};
use crate::memory;
use crate::wire::caller::Caller;
use crate::wire::failure::{Failure, Source, error_json};
use crate::wire::headers::ResponseHeaders;
use crate::wire::jsonrpc::{INVALID_REQUEST, Invalid, Message};
use crate::wire::spelling::is_exact;
use inbox::{Event, Inbox};
use router::Router;

/// One stdio MCP server. Clones are the same server.
#[derive(Debug, Clone)]
pub struct StdioServer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    channel: Box<str>,
    state: Mutex<State>,
    /// The child became ready, or is given up.
    changed: Notify,
    /// The child does not answer any more.
    hung: Notify,
    /// Write `notifications/initialized` after a successful `initialize`.
    send_initialized: bool,
    /// Bytes of large lines that may wait for the pipe.
    large_lines: Arc<Semaphore>,
    /// Bytes of messages that wait for delivery.
    undelivered: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct State {
    router: Router,
    /// The pipe of the child that runs.
    pipe: Option<mpsc::Sender<Bytes>>,
    /// Calls may use it: an `initialize` that had to be replayed was answered.
    ready: bool,
    /// The last `initialize` that succeeded, as the caller wrote it.
    initialize: Option<Bytes>,
    /// `notifications/initialized` was written by us; the caller's own is only acknowledged.
    initialized_sent: bool,
    /// No child will run any more.
    stopped: bool,
}

const INITIALIZED: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// Reason why a request does not go onto a pipe that callers share.
const UNSUITABLE: &str = "on stdio, members that name a request must stand once and be spelled exactly, and a request must not have the method of a notification";

impl StdioServer {
    /// A server without a child yet; its [`Supervisor`] starts one.
    pub fn new(channel: &str, send_initialized: bool) -> Self {
        Self(Arc::new(Shared {
            channel: channel.into(),
            state: Mutex::default(),
            changed: Notify::new(),
            hung: Notify::new(),
            send_initialized,
            large_lines: Arc::new(Semaphore::new(STDIO_LINES_LARGE)),
            undelivered: Arc::default(),
        }))
    }

    /// Writes a request and waits for its answer.
    pub(super) async fn call(&self, call: Call<'_>, events: &mut Notifier<'_>) -> Outcome {
        let Some(pipe) = self.pipe().await else {
            return closed("closed_pipe").into();
        };
        // A pipe has no sessions, but its callers do: this id distinguishes the messages of one caller from those of another. It is
        // created before the call, which then already counts as the session's.
        let session = if call.initialize { random_hex() } else { None };
        let place = self.place_of(call.payload).await;
        let Ok((open, line)) = self.open(&call, session.as_deref()) else {
            let payload = error_json(Some(call.id), INVALID_REQUEST, UNSUITABLE, None).into();
            let headers = ResponseHeaders::default();
            return Outcome::Reply {
                code: 400,
                headers,
                payload,
            };
        };
        if pipe.send(in_place(line, call.payload, place)).await.is_err() {
            return closed("closed_pipe").into();
        }
        open.written();
        let headers = ResponseHeaders::default().as_json();
        let mut told = false;
        loop {
            let event = tokio::select! {
                biased;
                event = open.inbox.next() => event,
                payload = call.cancelled.wait(), if !told => {
                    told = true;
                    let large = self.place_of(payload).await;
                    // The place first: what is noted as told must be told. A pipe that closed shows as the end of the call.
                    if let Ok(place) = pipe.reserve().await
                        && let Some(line) = self.lock().router.cancel(open.pipe_id, payload)
                    {
                        place.send(in_place(line, payload, large));
                    }
                    continue;
                }
            };
            match event {
                Event::Message(payload) => {
                    events.send(payload, &headers).await;
                }
                Event::Request { payload, wire_id } => {
                    if !events.send_request(payload, &wire_id, &headers).await {
                        self.refuse(&wire_id);
                    }
                }
                Event::Reply { payload, is_error } => {
                    let mut headers = headers;
                    if call.initialize && !is_error {
                        self.initialized(call.payload, &pipe).await;
                        if let Some(id) = session {
                            headers = headers.with_session(id);
                        }
                    }
                    return Outcome::Reply {
                        code: 200,
                        headers,
                        payload,
                    };
                }
                Event::Invalid => return Failure::protocol("invalid_protocol_response").into(),
                Event::Closed(why) => return why.into(),
            }
        }
    }

    /// Writes a notification. A cancellation is written by the call that it cancels, under the id it has on the pipe.
    pub(super) async fn notify(&self, payload: &Bytes, method: &str, caller: Caller) -> Ack {
        let Some(pipe) = self.pipe().await else {
            return closed("closed_pipe").into();
        };
        let line = match method {
            "notifications/initialized" if self.lock().initialized_sent => None,
            "notifications/cancelled" => None,
            _ if !std::str::from_utf8(payload).is_ok_and(is_exact) => return Ack::of(400),
            _ => Some(splice::one_line(payload)),
        };
        let Some(line) = line else { return Ack::of(202) };
        let place = self.place_of(payload).await;
        // The child may answer it with a request (`notifications/roots/list_changed`), which no other caller must receive.
        self.lock().router.served(caller);
        match pipe.send(in_place(line, payload, place)).await {
            Ok(()) => Ack::of(202),
            Err(_) => closed("closed_pipe").into(),
        }
    }

    /// Writes a caller's answer to a request of the server.
    pub(super) async fn answer(&self, payload: &Bytes, id: &str) -> Ack {
        let pipe = self.lock().pipe.clone();
        let Some(pipe) = pipe else {
            return closed("closed_pipe").into();
        };
        // The places come first: a question that is dropped while its answer waits would never be answered.
        let large = self.place_of(payload).await;
        let Ok(place) = pipe.reserve().await else {
            return closed("closed_pipe").into();
        };
        match self.lock().router.answer(payload, id) {
            Some(line) => {
                place.send(in_place(line, payload, large));
                Ack::of(202)
            }
            // Nobody asked, the child that asked is gone, or it was answered already.
            None => Ack::of(404),
        }
    }

    /// The pipe, once the child is ready to be called.
    async fn pipe(&self) -> Option<mpsc::Sender<Bytes>> {
        timeout(STDIO_READY_WAIT, async {
            loop {
                let changed = self.0.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                {
                    let state = self.lock();
                    if state.stopped {
                        return None;
                    }
                    if let Some(pipe) = state.pipe.as_ref().filter(|_| state.ready) {
                        return Some(pipe.clone());
                    }
                }
                changed.await;
            }
        })
        .await
        .ok()
        .flatten()
    }

    /// Waits until a message of this size may wait for the pipe. Messages of ordinary size are bounded by the pipe's queue only.
    async fn place_of(&self, payload: &Bytes) -> Option<OwnedSemaphorePermit> {
        if payload.len() < STDIO_LINE_LARGE {
            return None;
        }
        let bytes = u32::try_from(payload.len().min(STDIO_LINES_LARGE)).unwrap_or(u32::MAX);
        Arc::clone(&self.0.large_lines).acquire_many_owned(bytes).await.ok()
    }

    /// Registers a call and returns its line for the pipe. `session`: the session that an `initialize` will open.
    fn open(&self, call: &Call<'_>, session: Option<&str>) -> Result<(OpenCall<'_>, Bytes), Invalid> {
        let text = std::str::from_utf8(call.payload).map_err(|_| Invalid::NotJson)?;
        let message = Message::parse(text)?;
        let inbox = Arc::new(Inbox::new(&self.0.undelivered));
        let caller = session.map_or(call.caller, |id| call.caller.with_session(id));
        let (pipe_id, line) = self
            .lock()
            .router
            .open(&message, Arc::clone(&inbox), call.server_requests, caller)?;
        Ok((
            OpenCall {
                server: self,
                pipe_id,
                inbox,
            },
            line,
        ))
    }

    /// Remembers what a restarted child must be told.
    async fn initialized(&self, payload: &Bytes, pipe: &mpsc::Sender<Bytes>) {
        // A large one is not kept: it would take room from commands permanently. Real ones have a few hundred bytes.
        self.lock().initialize = Some(payload.clone()).filter(|payload| payload.len() < LARGE_MESSAGE);
        if self.0.send_initialized && pipe.send(Bytes::from_static(INITIALIZED)).await.is_ok() {
            self.lock().initialized_sent = true;
        }
    }

    /// Tells the child that nobody will answer its request.
    fn refuse(&self, wire_id: &str) {
        let mut state = self.lock();
        if let Some(line) = state.router.refuse(wire_id) {
            state.write_aside(line, &self.0.channel);
        }
    }

    /// What the child wrote.
    fn received(&self, text: &str) -> Result<(), router::Unattributed> {
        let message = match Message::parse(text) {
            Ok(message) => message,
            Err(_) if text.trim_ascii_start().starts_with('[') => return self.received_batch(text),
            Err(_) => return Err(router::Unattributed("it is no JSON-RPC message")),
        };
        let mut state = self.lock();
        if let Some(line) = state.router.route(&message)? {
            debug!(channel = &*self.0.channel; "a request of the MCP server was answered for the caller");
            state.write_aside(line, &self.0.channel);
        }
        Ok(())
    }

    /// Servers of 2025-03-26 may write several messages as one array.
    fn received_batch(&self, text: &str) -> Result<(), router::Unattributed> {
        struct Batch<'a>(&'a StdioServer);
        impl<'de> serde::de::Visitor<'de> for Batch<'_> {
            type Value = Result<(), router::Unattributed>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of messages")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
                let mut result = Ok(());
                let mut count = 0;
                while let Some(part) = parts.next_element::<&'de RawValue>()? {
                    count += 1;
                    // A batch in a batch is no message; it is not unrolled.
                    let step = if count > STDIO_BATCH_MAX || part.get().starts_with('[') {
                        Err(router::Unattributed("it is no JSON-RPC message"))
                    } else {
                        self.0.received(part.get())
                    };
                    result = result.and(step);
                }
                Ok(result)
            }
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        serde::Deserializer::deserialize_seq(&mut reader, Batch(self))
            .unwrap_or(Err(router::Unattributed("it is no JSON-RPC message")))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Writes a line of ours without waiting: whoever reads from the child must never wait for it to read.
    fn write_aside(&self, line: Bytes, channel: &str) {
        // Longer questions repeat an id that is of no use, and their number would be unbounded.
        let fits = line.len() < STDIO_LINE_LARGE;
        if !fits || self.pipe.as_ref().is_none_or(|pipe| pipe.try_send(line).is_err()) {
            debug!(channel; "the MCP server does not read; a message to it was dropped");
        }
    }
}

/// A line that gives back its place, and the room of the message it was made from, when it was written or is dropped.
fn in_place(line: Bytes, payload: &Bytes, place: Option<OwnedSemaphorePermit>) -> Bytes {
    match place {
        Some(place) => memory::carrying(line, (payload.clone(), place)),
        None => line,
    }
}

/// 128 random bits; `None` when the system has none to give.
fn random_hex() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

fn closed(kind: &'static str) -> Failure {
    Failure::transport(Source::TransportClosed, kind)
}

/// A call on the pipe. Dropped before its answer, it is retired: a late answer is nobody's.
struct OpenCall<'a> {
    server: &'a StdioServer,
    pipe_id: u64,
    inbox: Arc<Inbox>,
}

impl OpenCall<'_> {
    fn written(&self) {
        self.server.lock().router.written(self.pipe_id);
    }
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        let mut state = self.server.lock();
        for line in state.router.close(self.pipe_id) {
            state.write_aside(line, &self.server.0.channel);
        }
        if state.router.is_hung() {
            self.server.0.hung.notify_one();
        }
    }
}
