//! TLS handshakes, on a thread of their own.
//!
//! A handshake is the most expensive work that a peer without a key can cause. On a separate thread, a flood of
//! handshakes takes at most one thread's share of the processors from the requests of known peers. Their number is that
//! of the anonymous connections.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use crate::credentials::Generation;
use crate::limits;

/// Performs the handshakes of all connections of one listener.
#[derive(Clone)]
pub(super) struct Handshakes {
    credentials: watch::Receiver<Arc<Generation>>,
    thread: Handle,
}

impl Handshakes {
    /// Starts the thread, which lives as long as the process.
    pub(super) fn start(credentials: watch::Receiver<Arc<Generation>>) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let thread = runtime.handle().clone();
        std::thread::Builder::new()
            .name("handshakes".into())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
        Ok(Self { credentials, thread })
    }

    /// Performs a handshake with the certificate in use; dropping the future cancels it.
    pub(super) async fn shake<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let generation = Arc::clone(&self.credentials.borrow());
        // Every generation has one if the first has.
        let tls = generation.tls.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        let shaking = timeout(limits::TLS_HANDSHAKE, tls.acceptor.accept(stream));
        let mut task = Task(self.thread.spawn(shaking));
        let shaken = (&mut task.0).await.map_err(io::Error::other)?;
        shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// A task that ends when its result is no longer awaited.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
