//! MCP over stdio: one child, shared by all callers (MCP "Transports"; contract: mcp, section 5; mcp, section 7).
//!
//! Callers may use the same ids, so ids, progress tokens and what else names a request are made unique on the pipe and
//! restored on the way back; nothing else of a message changes.

mod admission;
mod call;
mod closed;
mod exposure;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
mod handshake;
mod inbox;
mod launch;
mod misfit;
mod number;
mod observer;
mod output;
mod received;
mod recent;
mod router;
mod sessions;
mod shown;
mod splice;
mod supervisor;
mod trial;

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use log::debug;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

pub(crate) use closed::own_directories;
pub use closed::{Closed, closed_to_new_files};
pub use exposure::{Exposure, exposure, exposures};
pub use launch::specifications;
pub(crate) use launch::{instructions, specification};
#[cfg(fuzzing)]
pub(crate) use router::fuzzing as router_fuzzing;
pub use supervisor::Supervisor;
pub(crate) use trial::{End, Trial, try_start};

use super::Ack;
use crate::limits::{STDIO_LINE_LARGE, STDIO_LINES_LARGE, STDIO_READY_WAIT};
use crate::memory;
use crate::monitor::Monitor;
use crate::wire::caller::Caller;
use crate::wire::command::Headers;
use crate::wire::failure::{Failure, Source};
use crate::wire::spelling::is_exact;
use handshake::{Handshake, Need};
use observer::Observer;
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
    /// What the answers of its children have shown.
    observer: Mutex<Observer>,
    /// Health says that the child leaves calls unanswered.
    is_silent: AtomicBool,
    /// Who is told of it; nobody, where nobody wants to know.
    monitor: OnceLock<Arc<Monitor>>,
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
            observer: Mutex::default(),
            is_silent: AtomicBool::new(false),
            monitor: OnceLock::new(),
        }))
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

    fn observer(&self) -> MutexGuard<'_, Observer> {
        self.0.observer.lock().unwrap_or_else(PoisonError::into_inner)
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

fn closed(kind: &'static str) -> Failure {
    Failure::transport(Source::TransportClosed, kind)
}
