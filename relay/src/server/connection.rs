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
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

use crate::control::Delivery;
use crate::limits;

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
    /// A request's head has come.
    asked: AtomicBool,
    /// Bytes that went to the kernel, below TLS.
    written: AtomicU64,
}

impl Connection {
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

    /// A request's head has come.
    pub(super) fn asked(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether one ever has.
    pub(super) fn has_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
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

/// The relay's end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local {
    /// The relay's own address.
    pub(crate) address: SocketAddr,
    /// Whether it speaks TLS.
    pub(crate) tls: bool,
}

/// What a request came over.
#[derive(Debug)]
pub(super) struct Via {
    /// The relay's end.
    pub(super) local: Local,
    /// The connection.
    pub(super) connection: Arc<Connection>,
    /// Taken for requests that may wait.
    pub(super) hold: Option<EofHold>,
}

/// The bytes of a connection, above TLS.
pub(crate) struct Watched<S> {
    inner: S,
    connection: Arc<Connection>,
    /// Runs while the peer takes nothing.
    stall: Option<Stall>,
}

/// A write that waits.
struct Stall {
    /// What had been written when it began.
    written: u64,
    timer: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    /// Watches `inner` for `connection`.
    pub(crate) fn new(inner: S, connection: Arc<Connection>) -> Self {
        Self {
            inner,
            connection,
            stall: None,
        }
    }

    /// Lets a pending write fail when the peer has taken nothing for too long.
    fn bound<T>(&mut self, result: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stall = None;
            return result;
        }
        // A flush through TLS may be pending while the peer takes what is flushed.
        let written = self.connection.written.load(Ordering::Relaxed);
        let end = || Instant::now() + limits::WRITE_STALL;
        let stall = self.stall.get_or_insert_with(|| Stall {
            written,
            timer: Box::pin(tokio::time::sleep_until(end())),
        });
        if stall.written != written {
            stall.written = written;
            stall.timer.as_mut().reset(end());
        }
        match stall.timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer takes nothing"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S> Drop for Watched<S> {
    fn drop(&mut self) {
        self.connection.broken();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let ended = match Pin::new(&mut self.inner).poll_read(cx, buf) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(())) => buf.filled().len() == before && buf.remaining() > 0,
            // TLS without its closing alert: nothing more will come, and nothing that was asked for is cut.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => true,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
        };
        if ended {
            self.connection.ended.store(true, Ordering::Relaxed);
            self.connection.ended_now.notify_one();
            if self.connection.hold_eof.load(Ordering::Relaxed) {
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.bound(result, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.bound(result, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_flush(cx);
        if matches!(result, Poll::Ready(Ok(()))) && self.connection.flushed() && self.connection.has_ended() {
            // The end that was held back: hyper would not look for it again.
            cx.waker().wake_by_ref();
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
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter, duplex};

    use super::super::counted::Counted;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_ends_the_connection_and_one_that_is_slow_does_not() {
        let (ours, mut theirs) = duplex(16);
        let mut watched = Watched::new(ours, Arc::default());
        watched.write_all(&[0; 16]).await.unwrap();
        // Always a little before it is too late.
        let reader = tokio::spawn(async move {
            for _ in 0..3 {
                tokio::time::sleep(limits::WRITE_STALL * 9 / 10).await;
                theirs.read_exact(&mut [0; 8]).await.unwrap();
            }
            theirs
        });
        watched.write_all(&[0; 24]).await.unwrap();
        let _theirs = reader.await.unwrap();
        let begun = Instant::now();
        let error = watched.write_all(&[0; 16]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed().as_secs(), limits::WRITE_STALL.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_peer_of_one_long_flush_is_kept_and_one_that_stops_is_not() {
        let (ours, mut theirs) = duplex(16);
        let connection = Arc::new(Connection::default());
        // Holds back what it is given, as TLS does.
        let buffered = BufWriter::with_capacity(64, Counted::new(ours, Arc::clone(&connection)));
        let mut watched = Watched::new(buffered, connection);
        watched.write_all(&[0; 56]).await.unwrap();
        let reader = tokio::spawn(async move {
            for _ in 0..6 {
                tokio::time::sleep(limits::WRITE_STALL * 9 / 10).await;
                theirs.read_exact(&mut [0; 8]).await.unwrap();
            }
            theirs
        });
        watched.flush().await.unwrap();
        let _theirs = reader.await.unwrap();
        watched.write_all(&[0; 56]).await.unwrap();
        assert_eq!(watched.flush().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
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
