//! Kept connections to one peer, driven by hyper (HTTP/1.1).
//!
//! A connection goes back when its answer was read to the end, and is taken again last in, first out, so that the ones
//! that are not needed grow old and are closed.

mod reply;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::body::RequestBody;
use super::connect::{Connector, HalfClose};
use super::error::NetError;
use super::generation::Generation;
use super::reuse::{Ages, Reuse};
use super::sealed::{Authorization, Seal, Sealed};
use crate::limits::{CONNECTION_BUFFER_MAX, IDLE_LOOK, KEPT_DISTRUST, KEPT_READY_TIMEOUT};
use reply::Lease;

pub use reply::Reply;

/// Connections to one peer. Clones share them.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    connector: Connector,
    patience: Patience,
    idle: Mutex<Vec<Idle>>,
    /// Until when no connection counts as recent, because the peer closed one that did.
    distrusted: Mutex<Option<Instant>>,
    watched: Option<Mutex<Watched>>,
}

/// How long a pool waits.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// An idle connection is kept for this long, or as long as its peer says if that is less.
    pub keep: Duration,
    /// Without a word of its peer it counts as recent for this long.
    pub recent: Duration,
    /// From the request to the head of its answer; `None`: as long as the caller waits.
    pub first_byte: Option<Duration>,
    /// Silence inside an answer; `None`: as long as the caller waits.
    pub silence: Option<Duration>,
}

impl Patience {
    /// For callers that bound their exchanges themselves.
    #[must_use]
    pub const fn keeping(keep: Duration) -> Self {
        Self {
            keep,
            recent: keep,
            first_byte: None,
            silence: None,
        }
    }
}

/// Where the one request of a [`Pool::watched`] is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// There is none, or it has no open connection yet.
    #[default]
    Unsent,
    /// It was handed to an open connection and has no answer yet.
    Waiting,
    /// The head of its answer has come.
    Answering,
}

#[derive(Debug, Default)]
struct Watched {
    phase: Phase,
    /// Ends the sending side of the connection.
    half_close: Option<HalfClose>,
    /// It was ended: nothing is sent any more.
    closed: bool,
}

/// An open connection, and the generation it was made with: a later one retires it, and its requests carry the key of the
/// generation whose certificate was shown.
#[derive(Debug)]
struct Open {
    sender: SendRequest<RequestBody>,
    /// What the next request carries as `Authorization`.
    seal: Seal,
    generation: Arc<Generation>,
}

#[derive(Debug)]
struct Idle {
    open: Open,
    since: Instant,
    ages: Ages,
}

/// A request that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendError {
    /// Why.
    pub error: NetError,
    /// False when not one byte of the request was written: it can be repeated without doubt.
    pub written: bool,
    /// True when the peer had kept the connection from an earlier request, and closed it without a byte of an answer.
    pub stale: bool,
}

impl SendError {
    fn unsent(error: NetError) -> Self {
        Self {
            error,
            written: false,
            stale: false,
        }
    }

    fn sent(error: NetError) -> Self {
        Self {
            error,
            written: true,
            stale: false,
        }
    }
}

impl Pool {
    /// Connections through `connector`.
    pub fn new(connector: Connector, patience: Patience) -> Self {
        Self::build(connector, patience, None)
    }

    /// The same for one request at a time, which can be watched and whose connection can be half-closed.
    pub fn watched(connector: Connector, patience: Patience) -> Self {
        Self::build(connector, patience, Some(Mutex::default()))
    }

    fn build(connector: Connector, patience: Patience, watched: Option<Mutex<Watched>>) -> Self {
        Self(Arc::new(Shared {
            connector,
            patience,
            idle: Mutex::new(Vec::new()),
            distrusted: Mutex::new(None),
            watched,
        }))
    }

    /// Sends a request with an origin-form URI and returns once the head of the answer is there. A kept connection that
    /// turns out closed before anything was written is replaced. Its `Authorization` is kept out of the buffers of connections.
    ///
    /// # Errors
    /// [`SendError`] tells whether the peer may have seen the request.
    pub fn send(&self, request: Request<RequestBody>, reuse: Reuse) -> impl Future<Output = Result<Reply, SendError>> {
        self.send_within(self.0.patience.first_byte, request, reuse)
    }

    /// The same with a bound of its own from the request to the head of its answer.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_within(
        &self,
        first_byte: Option<Duration>,
        mut request: Request<RequestBody>,
        reuse: Reuse,
    ) -> Result<Reply, SendError> {
        let mut watch = Watch::begin(&self.0);
        let own = Authorization::take(request.headers_mut());
        loop {
            watch.set(Phase::Unsent);
            let kept = self.take_idle(reuse);
            let reused = kept.is_some();
            let mut open = match kept {
                Some((open, age)) => {
                    if age > IDLE_LOOK {
                        // Lets the event loop look at its sockets.
                        yield_now().await;
                    }
                    open
                }
                None => self.open().await.map_err(SendError::unsent)?,
            };
            // A kept connection is ready at once, unless its peer never read the last request to the end.
            match timeout(KEPT_READY_TIMEOUT, open.sender.ready()).await {
                Ok(Ok(())) => {}
                Err(_) | Ok(Err(_)) if reused => continue,
                Err(_) => return Err(SendError::unsent(NetError::Timeout)),
                Ok(Err(error)) => {
                    let error = self.0.connector.judge(NetError::from_hyper(&error, false));
                    return Err(SendError::unsent(error));
                }
            }
            if watch.is_closed() {
                return Err(SendError::unsent(NetError::Closed));
            }
            self.0
                .connector
                .may_forward(&open.generation)
                .map_err(|demand| SendError::unsent(NetError::ProxyDemand(demand)))?;
            watch.set(Phase::Waiting);
            self.0.connector.prepare(&mut request, &open.generation);
            let authorization = self.0.connector.key(&open.generation).or_else(|| own.clone());
            if let Some(authorization) = &authorization {
                authorization.hold_place(request.headers_mut());
            }
            open.seal.arm(authorization);
            let answer = within(first_byte, open.sender.try_send_request(request)).await;
            let Some(answer) = answer else {
                return Err(SendError::sent(NetError::NoFirstByte(self.0.connector.waited())));
            };
            match answer {
                Ok(response) => {
                    if reused {
                        self.0.connector.tally().reused();
                    }
                    if let Some(demand) = self.0.connector.demanded(&response, &open.generation) {
                        return Err(SendError::sent(NetError::ProxyDemand(demand)));
                    }
                    watch.set(Phase::Answering);
                    let (head, body) = response.into_parts();
                    let (is_forwarded, patience) = (self.0.connector.is_forwarded(), &self.0.patience);
                    let lease = Lease {
                        pool: Arc::clone(&self.0),
                        open,
                        ages: Ages::after(head.version, &head.headers, is_forwarded, patience),
                        unfinished: Instant::now(),
                    };
                    let mut reply = Reply {
                        status: head.status.as_u16(),
                        headers: head.headers,
                        body,
                        unpacker: None,
                        lease: Some(lease),
                    };
                    reply.release_if_done();
                    return Ok(reply);
                }
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) if reused => request = unsent,
                    unsent => {
                        let error = self.0.connector.judge(NetError::from_hyper(failed.error(), false));
                        let stale = reused && error.is_closed() && !open.seal.has_read();
                        if stale {
                            self.0.distrust();
                        }
                        return Err(SendError {
                            error,
                            written: unsent.is_none(),
                            stale,
                        });
                    }
                },
            }
        }
    }

    /// Ends the sending side of the connection of a [`Pool::watched`], for good.
    pub fn half_close(&self) {
        let Some(watched) = &self.0.watched else { return };
        let mut watched = lock(watched);
        watched.closed = true;
        if let Some(handle) = watched.half_close.take() {
            handle.close();
        }
    }

    /// Where the request of a [`Pool::watched`] is.
    pub fn phase(&self) -> Phase {
        self.0.watched.as_ref().map(|w| lock(w).phase).unwrap_or_default()
    }

    /// The way to the peer.
    pub fn connector(&self) -> &Connector {
        &self.0.connector
    }

    /// Connects and closes again: whether somebody is there.
    ///
    /// # Errors
    /// [`NetError`] of the step that failed.
    pub async fn reach(&self) -> Result<(), NetError> {
        let generation = self.0.connector.live().current();
        self.0.connector.connect(&generation).await.map(drop)
    }

    /// Closes connections that have been idle for too long, and those of a generation that is no longer in force.
    pub fn sweep(&self) {
        let generation = self.0.connector.live().number();
        lock(&self.0.idle).retain(|idle| self.0.is_good(idle, generation));
    }

    async fn open(&self) -> Result<Open, NetError> {
        let generation = self.0.connector.live().current();
        let stream = self.0.connector.connect(&generation).await?;
        self.0.connector.tally().opened();
        if let Some(watched) = &self.0.watched {
            lock(watched).half_close = Some(self.0.connector.half_close(&stream));
        }
        let seal = Seal::default();
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(CONNECTION_BUFFER_MAX)
            .handshake(TokioIo::new(Sealed::new(stream, seal.clone())))
            .await
            .map_err(|e| NetError::from_hyper(&e, false))?;
        // Errors of the connection reach whoever waits for its answer; it ends when its sender is dropped.
        tokio::spawn(connection);
        Ok(Open {
            sender,
            seal,
            generation,
        })
    }

    /// The connection that was used last among those that are recent enough, and its age. When none is, the one that is opened instead
    /// will do for every request: the old ones are closed rather than kept beside it.
    fn take_idle(&self, reuse: Reuse) -> Option<(Open, Duration)> {
        if reuse == Reuse::Never {
            return None;
        }
        let mut idle = lock(&self.0.idle);
        let generation = self.0.connector.live().number();
        idle.retain(|idle| self.0.is_good(idle, generation));
        let is_distrusted = self.0.is_distrusted();
        let will_do = |idle: &Idle| reuse == Reuse::Any || (!is_distrusted && idle.since.elapsed() < idle.ages.recent);
        let Some(at) = idle.iter().rposition(will_do) else {
            idle.clear();
            return None;
        };
        let taken = idle.remove(at);
        Some((taken.open, taken.since.elapsed()))
    }
}

impl Shared {
    /// Whether an idle connection may be used again.
    fn is_good(&self, idle: &Idle, generation: u64) -> bool {
        let Open {
            sender,
            generation: own,
            ..
        } = &idle.open;
        let (is_closed, age) = (sender.is_closed(), idle.since.elapsed());
        if is_closed && age < idle.ages.recent {
            self.distrust();
        }
        own.number() == generation && !is_closed && age < idle.ages.keep
    }

    /// The peer closes connections earlier than it says, or than silent peers do.
    fn distrust(&self) {
        *lock(&self.distrusted) = Instant::now().checked_add(KEPT_DISTRUST);
    }

    fn is_distrusted(&self) -> bool {
        lock(&self.distrusted).is_some_and(|until| Instant::now() < until)
    }
}

/// What comes of a future in that time.
async fn within<T>(limit: Option<Duration>, future: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => timeout(limit, future).await.ok(),
        None => Some(future.await),
    }
}

/// Keeps the phase true, also when the request is given up.
struct Watch<'a>(Option<&'a Mutex<Watched>>, Phase);

impl<'a> Watch<'a> {
    fn begin(shared: &'a Shared) -> Self {
        let mut watch = Self(shared.watched.as_ref(), Phase::Unsent);
        watch.set(Phase::Unsent);
        watch
    }

    fn is_closed(&self) -> bool {
        self.0.is_some_and(|watched| lock(watched).closed)
    }

    fn set(&mut self, phase: Phase) {
        self.1 = phase;
        if let Some(watched) = self.0 {
            lock(watched).phase = phase;
        }
    }
}

impl Watched {
    /// There is no connection any more, and the duplicate of its socket must not keep it open.
    fn forget(&mut self) {
        self.phase = Phase::Unsent;
        self.half_close = None;
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if let (Some(watched), false) = (self.0, self.1 == Phase::Answering) {
            lock(watched).forget();
        }
    }
}

/// A panic ends the process (release profile), so a poisoned lock is never seen there; in tests its data is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
