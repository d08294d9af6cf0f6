//! MCP over stdio: one child, shared by all callers (MCP "Transports"; spec: mcp, section 2; better 4 and 5).
//!
//! Callers may use the same ids, so ids, progress tokens and what else names a request are made unique on the pipe and
//! restored on the way back; nothing else of a message changes.

mod admission;
mod closed;
mod exposure;
mod frame;
mod handshake;
mod inbox;
mod launch;
mod misfit;
mod number;
mod output;
mod pace;
mod received;
mod recent;
mod router;
mod sessions;
mod shown;
mod splice;
mod supervisor;
mod trial;

use std::future::pending;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use log::{debug, info};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

pub(crate) use closed::own_directories;
pub use closed::{Closed, closed_to_new_files};
pub use exposure::{Exposure, exposure, exposures};
pub(crate) use launch::instructions;
pub use launch::specifications;
pub use supervisor::Supervisor;
pub(crate) use trial::{End, Trial, try_start};

use super::{Ack, Call, Outcome};
use crate::control::Notifier;
use crate::limits::{LARGE_MESSAGE, STDIO_LINE_LARGE, STDIO_LINES_LARGE, STDIO_READY_WAIT, STDIO_SUSPECT_GRACE};
use crate::memory;
use crate::wire::caller::Caller;
use crate::wire::command::Headers;
use crate::wire::failure::{Failure, Source};
use crate::wire::headers::ResponseHeaders;
use crate::wire::jsonrpc::{Invalid, Message};
use crate::wire::spelling::is_exact;
use admission::Refusal;
use handshake::{Handshake, Need};
use inbox::{Event, Inbox};
use router::Router;
use sessions::Sessions;

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
    /// Handshake with the child that runs.
    handshake: Handshake,
    /// Sessions that callers opened. They outlive a child that is initialized again.
    sessions: Sessions,
    /// `notifications/initialized` was written by us; the caller's own is only acknowledged.
    initialized_sent: bool,
    /// No child will run any more.
    stopped: bool,
}

const INITIALIZED: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

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
        let text = std::str::from_utf8(call.payload).unwrap_or_default();
        let Ok(message) = Message::parse(text) else {
            return self.refused(call.id, Refusal::Ambiguous);
        };
        let need = Need::of(&message);
        // A session that is not open need not wait for the child.
        let admitted = self.lock().admits_session(call.headers, need);
        if let Err(refusal) = admitted {
            return self.refused(call.id, refusal);
        }
        let Some(pipe) = self.pipe().await else {
            return closed("closed_pipe").into();
        };
        let admitted = self.lock().admits(call.headers, need);
        if let Err(refusal) = admitted {
            return self.refused(call.id, refusal);
        }
        // A pipe has no sessions, but its callers do: this id distinguishes the messages of one caller from those of another. It is
        // created before the call, which then already counts as the session's.
        let begins = need == Need::Begins;
        let session = if begins { random_hex() } else { None };
        let place = self.place_of(call.payload).await;
        let Ok((open, line)) = self.open(&call, &message, session.as_deref()) else {
            return self.refused(call.id, Refusal::Ambiguous);
        };
        let Ok(room) = pipe.reserve().await else {
            return closed("closed_pipe").into();
        };
        {
            let mut state = self.lock();
            if !state.is_current(&pipe) {
                return closed("closed_pipe").into();
            }
            // Another `initialize` may have come first, or a child that was not initialized.
            if let Err(refusal) = state.admits(call.headers, need) {
                return self.refused(call.id, refusal);
            }
            state.router.written(open.pipe_id);
            if begins {
                state.handshake.begun(open.pipe_id);
            }
            room.send(in_place(line, call.payload, place));
        }
        let streamed = ResponseHeaders::default();
        let mut told = false;
        let mut suspect: Option<(Instant, Box<str>)> = None;
        loop {
            let grace = suspect.as_ref().map(|(until, _)| *until);
            let event = tokio::select! {
                biased;
                event = open.inbox.next() => event,
                () = until(grace) => {
                    let what = suspect.map(|(_, what)| what).unwrap_or_default();
                    self.lock().router.answered_wrongly(open.pipe_id);
                    return Failure::protocol("invalid_protocol_response").because(what).into();
                }
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
                    events.send(payload, &streamed).await;
                }
                Event::Request { payload, wire_id } => {
                    if !events.send_request(payload, &wire_id, &streamed).await {
                        self.refuse(&wire_id);
                    }
                }
                Event::Reply { payload, is_error } => {
                    let mut headers = ResponseHeaders::default().as_json();
                    if begins && !is_error {
                        if self.succeeded(&open, call.payload, &pipe).await.is_none() {
                            return closed("closed_pipe").into();
                        }
                        if let Some(id) = session {
                            self.lock().sessions.open(&id);
                            headers = headers.with_session(id);
                        }
                    }
                    return Outcome::Reply {
                        code: 200,
                        headers,
                        payload,
                    };
                }
                Event::Suspect(what) => {
                    suspect.get_or_insert_with(|| (Instant::now() + STDIO_SUSPECT_GRACE, what));
                }
                Event::Closed(why) => return why.into(),
            }
        }
    }

    /// Writes a notification. A cancellation is written by the call that it cancels, under the id it has on the pipe.
    pub(super) async fn notify(&self, payload: &Bytes, method: &str, headers: &Headers, caller: Caller) -> Ack {
        if let Some(refused) = self.refuses_session(headers) {
            return refused;
        }
        let Some(pipe) = self.pipe().await else {
            return closed("closed_pipe").into();
        };
        let ends_handshake = method == "notifications/initialized";
        let line = match method {
            _ if ends_handshake && self.lock().initialized_sent => None,
            "notifications/cancelled" => None,
            _ if !std::str::from_utf8(payload).is_ok_and(is_exact) => return Ack::of(400),
            _ => Some(splice::one_line(payload)),
        };
        let Some(line) = line else { return Ack::of(200) };
        let place = self.place_of(payload).await;
        let Ok(room) = pipe.reserve().await else {
            return closed("closed_pipe").into();
        };
        // The session may have ended with its child meanwhile.
        if let Some(refused) = self.refuses_session(headers) {
            return refused;
        }
        let mut state = self.lock();
        if !state.is_current(&pipe) {
            return closed("closed_pipe").into();
        }
        if ends_handshake {
            state.handshake.initialized();
        }
        // The child may answer it with a request (`notifications/roots/list_changed`), which no other caller must receive.
        state.router.served(caller);
        room.send(in_place(line, payload, place));
        Ack::of(200)
    }

    /// Writes a caller's answer to a request of the server.
    pub(super) async fn answer(&self, payload: &Bytes, id: &str, headers: &Headers) -> Ack {
        if let Some(refused) = self.refuses_session(headers) {
            return refused;
        }
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
                Ack::of(200)
            }
            // Nobody asked, the child that asked is gone, or it was answered already.
            None => Ack::of(404),
        }
    }

    /// The refusal of a message without an answer, when it names a session that is not open.
    fn refuses_session(&self, headers: &Headers) -> Option<Ack> {
        let refusal = self.lock().admits_session(headers, Need::Nothing).err()?;
        debug!(channel = &*self.0.channel; "a message names a session that is not open here; it was dropped");
        Some(Ack::of(refusal.code()))
    }

    /// The answer to a request that is not written.
    fn refused(&self, id: &str, refusal: Refusal) -> Outcome {
        info!(channel = &*self.0.channel, resp_code = refusal.code(); "{}", refusal.phrase());
        Outcome::Reply {
            code: refusal.code(),
            headers: ResponseHeaders::default(),
            payload: refusal.to_json(id).into(),
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
    fn open(
        &self,
        call: &Call<'_>,
        message: &Message<'_>,
        session: Option<&str>,
    ) -> Result<(OpenCall<'_>, Bytes), Invalid> {
        let inbox = Arc::new(Inbox::new(&self.0.undelivered));
        let caller = session.map_or(call.caller, |id| call.caller.with_session(id));
        let (pipe_id, line) = self
            .lock()
            .router
            .open(message, Arc::clone(&inbox), call.server_requests, caller)?;
        Ok((
            OpenCall {
                server: self,
                pipe_id,
                inbox,
            },
            line,
        ))
    }

    /// An `initialize` succeeded: records it, remembers what a restarted child must be told, and completes the handshake if that is
    /// wanted. `None` when the child is gone.
    async fn succeeded(&self, open: &OpenCall<'_>, payload: &Bytes, pipe: &mpsc::Sender<Bytes>) -> Option<()> {
        {
            let mut state = self.lock();
            if state.is_current(pipe) {
                state.handshake.succeeded(open.pipe_id);
            }
            // A large one is not kept: it would take room from commands permanently. Real ones have a few hundred bytes.
            state.initialize = Some(payload.clone()).filter(|payload| payload.len() < LARGE_MESSAGE);
        }
        if !self.0.send_initialized {
            return Some(());
        }
        let room = pipe.reserve().await.ok()?;
        let mut state = self.lock();
        if !state.is_current(pipe) {
            return None;
        }
        room.send(Bytes::from_static(INITIALIZED));
        state.handshake.initialized();
        state.initialized_sent = true;
        Some(())
    }

    /// Tells the child that nobody will answer its request.
    fn refuse(&self, wire_id: &str) {
        let mut state = self.lock();
        if let Some(line) = state.router.refuse(wire_id) {
            state.write_aside(line, &self.0.channel);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// True when this is the pipe of the child that runs.
    fn is_current(&self, pipe: &mpsc::Sender<Bytes>) -> bool {
        self.pipe.as_ref().is_some_and(|current| current.same_channel(pipe))
    }

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

/// Waits for the end of a grace period, if there is one.
async fn until(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => pending().await,
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
