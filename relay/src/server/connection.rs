//! One connection, as its requests see it, and the wrapper around its bytes.
//!
//! hyper does not say when an answer has left the process. The wrapper sits between hyper and TLS: hyper flushes it
//! only when its own buffer is empty, so a flush that succeeds after the body was handed to hyper means that all of it
//! went to the kernel. Only then is a poll's answer counted as delivered; a connection that ends before gives its
//! commands back (their [`Delivery`] is dropped).

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::activity::Activity;
use super::admission::Place;
use super::patience::{Reading, Writing};
use crate::auth::{Key, Revocation};
use crate::control::Delivery;
use crate::error::Refusal;

/// What the requests of a connection share with its bytes.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    /// Commands whose answer was handed to hyper and not flushed yet.
    writing: Mutex<Vec<Delivery>>,
    /// The peer has ended its sending side.
    ended: AtomicBool,
    ended_now: Notify,
    /// While set, hyper does not learn of that end.
    hold_eof: AtomicBool,
    /// Its activity.
    activity: Arc<Activity>,
    /// Its place among all connections; none in tests.
    place: Option<Place>,
    /// The end of the key that it has shown.
    shown: OnceLock<Revocation>,
    /// Bytes that went to the kernel, below TLS.
    written: AtomicU64,
}

impl Connection {
    /// A connection that has a place.
    pub(super) fn new(place: Place) -> Self {
        Self {
            activity: Arc::clone(place.activity()),
            place: Some(place),
            ..Self::default()
        }
    }

    /// Its activity.
    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Records that a request on it has shown an accepted key. Fails when the key has its maximum of connections.
    pub(crate) fn show(&self, key: &Key) -> Result<(), Refusal> {
        self.place.as_ref().map_or(Ok(()), |place| place.show(&key.name))?;
        // The connection counts for the first key.
        self.shown.get_or_init(|| key.revocation.clone());
        // Afterwards: the end of a key closes those connections that have shown it before.
        if key.revocation.is_revoked() {
            self.activity.close();
            return Err(Revocation::refusal());
        }
        Ok(())
    }

    /// Whether the key that it counts for was removed.
    pub(super) fn is_revoked(&self) -> bool {
        self.shown.get().is_some_and(Revocation::is_revoked)
    }

    /// From now until the guard is dropped or an answer is delivered, the end of the peer's sending side does not end
    /// the connection: a client that drains closes its side while its poll waits, and still reads the answer.
    pub(crate) fn hold_eof(self: &Arc<Self>) -> EofHold {
        self.hold_eof.store(true, Ordering::Relaxed);
        EofHold {
            connection: Arc::clone(self),
            until_written: false,
        }
    }

    /// Completes when the peer has ended its sending side. Only the connection's own task may wait for it.
    pub(crate) async fn ended(&self) {
        while !self.has_ended() {
            self.ended_now.notified().await;
        }
    }

    /// Whether the peer has ended its sending side.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// So many bytes went to the kernel.
    pub(super) fn wrote(&self, bytes: usize) {
        self.written
            .fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The body with these commands was handed to hyper.
    pub(crate) fn writing(&self, delivery: Delivery) {
        self.lock().push(delivery);
    }

    fn flushed(&self) -> bool {
        let written = std::mem::take(&mut *self.lock());
        let any = !written.is_empty();
        for delivery in written {
            delivery.commit();
        }
        if any {
            self.hold_eof.store(false, Ordering::Relaxed);
        }
        any
    }

    fn broken(&self) {
        // Dropping gives back.
        drop(std::mem::take(&mut *self.lock()));
    }

    /// Nothing panics while it holds the lock, so a poisoned one is still consistent.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Delivery>> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Connection::hold_eof`].
#[derive(Debug)]
pub(crate) struct EofHold {
    connection: Arc<Connection>,
    until_written: bool,
}

impl EofHold {
    /// The connection that is held.
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Leaves the hold in force until the answer is written.
    pub(crate) fn until_written(mut self) {
        self.until_written = true;
    }
}

impl Drop for EofHold {
    fn drop(&mut self) {
        if !self.until_written {
            self.connection.hold_eof.store(false, Ordering::Relaxed);
        }
    }
}

/// Both ends of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// The relay's own address.
    pub(crate) address: SocketAddr,
    /// Whether the relay speaks TLS.
    pub(crate) tls: bool,
    /// The peer's address.
    pub(crate) peer: SocketAddr,
}

/// What a request came over.
#[derive(Debug)]
pub(crate) struct Via {
    /// Its ends.
    pub(crate) ends: Ends,
    /// The connection.
    pub(crate) connection: Arc<Connection>,
    /// Taken for requests that may wait.
    pub(super) hold: Option<EofHold>,
}

/// The bytes of a connection, above TLS.
pub(crate) struct Watched<S> {
    inner: S,
    connection: Arc<Connection>,
    reading: Reading,
    writing: Writing,
}

impl<S> Watched<S> {
    /// Watches `inner` for `connection`.
    pub(crate) fn new(inner: S, connection: Arc<Connection>) -> Self {
        Self {
            inner,
            connection,
            reading: Reading::default(),
            writing: Writing::default(),
        }
    }

    /// Fails a write whose peer takes less than the least rate.
    fn bound<T>(&mut self, result: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        // A flush through TLS may be pending while the peer takes what is flushed.
        let written = self.connection.written.load(Ordering::Relaxed);
        let known = self.connection.activity.is_known();
        match self.writing.is_late(result.is_pending(), written, known, cx) {
            true => Poll::Ready(Err(late("the peer takes an answer too slowly"))),
            false => result,
        }
    }
}

fn late(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, reason)
}

impl<S> Drop for Watched<S> {
    fn drop(&mut self) {
        self.connection.broken();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let activity = &this.connection.activity;
        let before = buf.filled().len();
        let ended = match Pin::new(&mut this.inner).poll_read(cx, buf) {
            Poll::Pending if this.reading.is_late(activity, cx) => {
                return Poll::Ready(Err(late("no request came in time")));
            }
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(())) => buf.filled().len() == before && buf.remaining() > 0,
            // TLS without its closing alert: nothing more will come, and nothing that was asked for is cut.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => true,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
        };
        let bytes = buf.filled().len() - before;
        this.reading.progress(activity, bytes);
        if ended {
            this.connection.ended.store(true, Ordering::Relaxed);
            this.connection.ended_now.notify_one();
            if this.connection.hold_eof.load(Ordering::Relaxed) {
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.connection.activity.set_unwritten(true);
        let result = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.bound(result, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.connection.activity.set_unwritten(true);
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.bound(result, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_flush(cx);
        if matches!(result, Poll::Ready(Ok(()))) {
            self.connection.activity.set_unwritten(false);
            self.writing.done();
            if self.connection.flushed() && self.connection.has_ended() {
                // The end was held back: hyper would not check for it again.
                cx.waker().wake_by_ref();
            }
        }
        self.bound(result, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.bound(result, cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter, DuplexStream, duplex};
    use tokio::time::Instant;

    use super::super::counted::Counted;
    use super::*;
    use crate::limits;

    /// Takes so many bytes every second.
    fn reader(theirs: DuplexStream, bytes: usize) -> tokio::task::JoinHandle<()> {
        let mut theirs = theirs;
        tokio::spawn(async move {
            let mut taken = vec![0; bytes];
            while theirs.read_exact(&mut taken).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        })
    }

    fn known() -> Arc<Connection> {
        let connection = Connection::default();
        connection.activity.set_known();
        Arc::new(connection)
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_on_a_slow_line_is_kept_and_one_below_the_least_rate_is_not() {
        for (rate, kept) in [(1024, true), (100, false), (1, false)] {
            let (ours, theirs) = duplex(2048);
            let connection = known();
            let mut watched = Watched::new(Counted::new(ours, Arc::clone(&connection)), connection);
            let _reader = reader(theirs, rate);
            let begun = Instant::now();
            let written = watched.write_all(&vec![0; 100 * 1024]).await;
            assert_eq!(written.is_ok(), kept, "{rate} bytes a second");
            if let Err(error) = written {
                assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                assert!(begun.elapsed() < limits::WRITE_GRACE * 3 / 2);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_peer_of_one_long_flush_is_kept_and_one_that_stops_is_not() {
        for (rate, kept) in [(1024, true), (0, false)] {
            let (ours, theirs) = duplex(1024);
            let connection = known();
            // Holds back its input, as TLS does.
            let counted = Counted::new(ours, Arc::clone(&connection));
            let mut watched = Watched::new(BufWriter::with_capacity(100 * 1024, counted), connection);
            watched.write_all(&vec![0; 99 * 1024]).await.unwrap();
            let reader = (rate > 0).then(|| reader(theirs, rate));
            assert_eq!(watched.flush().await.is_ok(), kept);
            drop(reader);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_event_of_a_stream_may_be_taken_slowly() {
        let (ours, mut theirs) = duplex(16);
        let connection = known();
        let mut watched = Watched::new(Counted::new(ours, Arc::clone(&connection)), connection);
        // Each write waits for a moment, on a line that carries less than the least rate.
        for _ in 0..100 {
            let read = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                theirs.read_exact(&mut [0; 32]).await
            };
            let (written, read) = tokio::join!(watched.write_all(&[0; 32]), read);
            assert!(written.is_ok() && read.is_ok());
            watched.flush().await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_anonymous_connection_has_seconds_and_a_known_one_is_hypers_to_bound() {
        for (known, asked, bound) in [
            (false, false, Some(limits::FIRST_REQUEST_HEAD)),
            (false, true, Some(limits::ANONYMOUS_IDLE)),
            (true, true, None),
        ] {
            let (ours, _theirs) = duplex(16);
            let connection = Arc::new(Connection::default());
            if known {
                connection.activity.set_known();
            }
            if asked {
                drop(connection.activity.serve());
            }
            let mut watched = Watched::new(ours, connection);
            let begun = Instant::now();
            let read = tokio::time::timeout(limits::REQUEST_HEAD, watched.read_u8()).await;
            assert_eq!(read.is_err(), bound.is_none());
            assert_eq!(
                begun.elapsed().as_secs(),
                bound.unwrap_or(limits::REQUEST_HEAD).as_secs()
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_below_the_least_rate_ends_a_known_connection() {
        for (bytes, kept) in [(1024, true), (1, false)] {
            let (ours, mut theirs) = duplex(2048);
            let mut watched = Watched::new(ours, known());
            let writer = tokio::spawn(async move {
                for _ in 0..20 {
                    let _ = theirs.write_all(&vec![b'x'; bytes]).await;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                theirs
            });
            let read = watched.read_exact(&mut vec![0; 20 * bytes]).await;
            assert_eq!(read.is_ok(), kept);
            drop(writer);
        }
    }

    #[tokio::test]
    async fn the_peers_end_is_held_back_until_the_hold_ends() {
        let (ours, theirs) = duplex(16);
        let connection = Arc::new(Connection::default());
        let mut watched = Watched::new(ours, Arc::clone(&connection));
        let hold = connection.hold_eof();
        drop(theirs);
        tokio::select! {
            biased;
            _ = watched.read_u8() => unreachable!("the end was not held back"),
            () = connection.ended() => {}
        }
        drop(hold);
        let error = watched.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
