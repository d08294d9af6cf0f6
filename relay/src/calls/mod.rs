//! Callers that wait: one entry for each command, from the moment it is accepted to its one terminal answer.

mod inbox;
mod reply;
mod requests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::Instant;

pub(crate) use inbox::{Event, Inbox, Streamed};
pub(crate) use reply::{Reply, passed_names, response_headers};
pub(crate) use requests::{ServerRequest, ServerRequests};

use crate::auth::Revocation;
use crate::error::Refusal;
use crate::ids::{Channel, RequestId, SessionId, ShardToken, TunnelId};
use crate::limits;
use crate::share::{Holder, Pool, Share};

/// How a call ends: with the client's answer, or with the relay's own words.
pub(crate) type Outcome = Result<Reply, Refusal>;

/// What a command is, as far as its answer is concerned.
#[derive(Debug, Clone)]
pub(crate) enum Expect {
    /// A JSON-RPC response with this id (JSON text).
    Response(Box<str>),
    /// An acknowledgement: the command was a notification, or a caller's response.
    Ack,
    /// The end of a session.
    Termination,
}

/// What the answering side must know of a call.
#[derive(Debug)]
pub(crate) struct Call {
    /// The tunnel.
    pub(crate) tunnel: TunnelId,
    /// The channel.
    pub(crate) channel: Channel,
    /// What its answers must prove.
    pub(crate) shard_token: ShardToken,
    /// What ends it.
    pub(crate) expect: Expect,
    /// Whether the caller takes an event stream.
    pub(crate) streams: bool,
    /// The session that the caller named.
    pub(crate) session: Option<SessionId>,
    /// The name of the caller's key.
    pub(crate) key: Arc<str>,
    /// The end of that key.
    pub(crate) revocation: Revocation,
    /// The caller's headers as the wire has them, for what the relay itself must tell the server.
    pub(crate) headers: Box<str>,
    /// When the caller stops waiting.
    pub(crate) deadline: Instant,
    /// Whether it has ended, for what outlives it.
    pub(crate) ended: Ended,
}

/// When a call ended; clones tell of the same call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ended(Arc<OnceLock<Instant>>);

impl Ended {
    fn now(&self) {
        // A call is taken out of the register once; were it twice, the first time would count.
        let _ = self.0.set(Instant::now());
    }

    fn when(&self) -> Option<Instant> {
        self.0.get().copied()
    }
}

/// All callers that wait.
#[derive(Debug)]
pub(crate) struct Calls {
    open: Mutex<Open>,
    places: Pool,
}

#[derive(Debug, Default)]
struct Open {
    entries: HashMap<RequestId, Entry>,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            open: Mutex::default(),
            places: Pool::new(limits::CALLS),
        }
    }
}

#[derive(Debug)]
struct Entry {
    call: Arc<Call>,
    terminal: oneshot::Sender<Outcome>,
    stream: Stream,
    /// Place of the call, given back with the entry.
    _place: Share,
}

/// The way of a streamed message to its caller.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    messages: mpsc::Sender<Streamed>,
    room: Arc<Semaphore>,
}

/// Why an answer finds no caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoCall {
    /// Nobody waits: answered, expired, left by its caller, or it never existed.
    Ended,
    /// The shard token is another's.
    Unknown,
    /// The command belongs to another tunnel.
    OtherTunnel,
}

/// Why a streamed message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotStreamed {
    /// The caller is slower than the server.
    Slow,
    /// The caller is gone.
    Gone,
}

impl Calls {
    /// Registers a call; `None` when its key or its tunnel has too many.
    pub(crate) fn open(self: &Arc<Self>, call: Call) -> Option<Inbox> {
        let mut place = self.places.share(Holder::of_tunnel(&call.key, &call.tunnel));
        if !place.grow(1) {
            return None;
        }
        let (terminal, outcome) = oneshot::channel();
        let (messages, streamed) = mpsc::channel(limits::STREAM_MESSAGES);
        let stream = Stream {
            messages,
            room: Arc::new(Semaphore::new(limits::STREAM_BYTES)),
        };
        let (request, deadline) = (call.shard_token.request(), call.deadline);
        self.lock().entries.insert(
            request,
            Entry {
                call: Arc::new(call),
                terminal,
                stream,
                _place: place,
            },
        );
        Some(Inbox::new(Arc::clone(self), request, streamed, outcome, deadline))
    }

    /// The call that an answer belongs to.
    pub(crate) fn find(
        &self,
        tunnel: &TunnelId,
        request: RequestId,
        token: &ShardToken,
    ) -> Result<(Arc<Call>, Stream), NoCall> {
        if token.request() != request {
            return Err(NoCall::Unknown);
        }
        let open = self.lock();
        let entry = open.entries.get(&request).ok_or(NoCall::Ended)?;
        if entry.call.tunnel != *tunnel {
            return Err(NoCall::OtherTunnel);
        }
        if !entry.call.shard_token.matches(token) {
            return Err(NoCall::Unknown);
        }
        Ok((Arc::clone(&entry.call), entry.stream.clone()))
    }

    /// Ends a call; false if it had ended before.
    pub(crate) fn finish(&self, request: RequestId, outcome: Outcome) -> bool {
        let Some(entry) = self.lock().remove(&request) else {
            return false;
        };
        entry.terminal.send(outcome).is_ok()
    }

    /// Ends all calls of a tunnel, or of all tunnels, for which `choose` says so.
    pub(crate) fn finish_all(&self, choose: impl Fn(&Call) -> bool, refusal: impl Fn() -> Refusal) {
        let ended: Vec<Entry> = {
            let mut open = self.lock();
            let requests: Vec<RequestId> = open
                .entries
                .iter()
                .filter(|(_, entry)| choose(&entry.call))
                .map(|(request, _)| *request)
                .collect();
            requests.iter().filter_map(|request| open.remove(request)).collect()
        };
        for entry in ended {
            // A caller that left meanwhile needs no answer.
            let _ = entry.terminal.send(Err(refusal()));
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().entries.len()
    }

    fn forget(&self, request: RequestId) {
        self.lock().remove(&request);
    }

    /// Nothing panics while it holds the lock, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn remove(&mut self, request: &RequestId) -> Option<Entry> {
        let entry = self.entries.remove(request)?;
        entry.call.ended.now();
        Some(entry)
    }
}

impl Stream {
    /// Passes a message to the caller, waiting a bounded time for room.
    pub(crate) async fn send(&self, message: Bytes, headers: http::HeaderMap) -> Result<(), NotStreamed> {
        let size = message.len().min(limits::STREAM_BYTES);
        // STREAM_BYTES is far below u32::MAX.
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let work = async {
            let room = Arc::clone(&self.room)
                .acquire_many_owned(size)
                .await
                .map_err(|_| NotStreamed::Gone)?;
            let place = self.messages.reserve().await.map_err(|_| NotStreamed::Gone)?;
            place.send(Streamed {
                message,
                headers,
                _room: room,
            });
            Ok(())
        };
        tokio::select! {
            sent = work => sent,
            () = self.messages.closed() => Err(NotStreamed::Gone),
            () = tokio::time::sleep(limits::STREAM_WAIT) => Err(NotStreamed::Slow),
        }
    }
}
