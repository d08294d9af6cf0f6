//! The answer to a request, and the connection that it is read from.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as _;
use hyper::body::Incoming;

use super::{Idle, Open, Shared, lock, within};
use crate::net::error::NetError;
use crate::net::reuse::Ages;
use crate::net::unpack::Unpacker;

/// A connection while an answer is read from it.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) pool: Arc<Shared>,
    pub(super) open: Open,
    /// How long the other end will take another request; `None` when it will not.
    pub(super) ages: Option<Ages>,
    /// When the answer was last known not to be complete. The other end may have been idle since then: what it wrote can wait here for
    /// long to be read.
    pub(super) unfinished: Instant,
}

impl Lease {
    fn give_back(self) {
        let Some(ages) = self.ages else { return };
        if self.open.generation.number() == self.pool.connector.live().number() {
            lock(&self.pool.idle).push(Idle {
                open: self.open,
                since: self.unfinished,
                ages,
            });
        }
    }
}

/// The answer to a request. Dropped before its end, it takes its connection along.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header fields.
    pub headers: HeaderMap,
    pub(in crate::net) body: Incoming,
    pub(in crate::net) unpacker: Option<Unpacker>,
    pub(super) lease: Option<Lease>,
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(watched) = self.lease.as_ref().and_then(|lease| lease.pool.watched.as_ref()) {
            lock(watched).forget();
        }
    }
}

impl Reply {
    /// The first value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// Whether there is no more of the body.
    pub fn is_empty(&self) -> bool {
        self.body.is_end_stream()
    }

    /// Has the body unpacked, if it is packed, from here on.
    #[must_use]
    pub fn unpacked(mut self) -> Self {
        self.unpacker = Unpacker::of(&self.headers);
        self
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// [`NetError`] when the connection breaks first, or the body cannot be unpacked.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, NetError> {
        loop {
            let Some(unpacker) = &mut self.unpacker else {
                return self.piece().await;
            };
            if let Some(unpacked) = unpacker.next()? {
                return Ok(Some(unpacked));
            }
            let piece = self.piece().await?;
            match (piece, &mut self.unpacker) {
                (Some(piece), Some(unpacker)) => unpacker.push(piece),
                (None, Some(unpacker)) => return unpacker.finish().map(|()| None),
                (piece, None) => return Ok(piece),
            }
        }
    }

    /// The next piece of the body as it came.
    async fn piece(&mut self) -> Result<Option<Bytes>, NetError> {
        let silence = self.lease.as_ref().and_then(|lease| lease.pool.patience.silence);
        loop {
            let mut has_waited = false;
            let frame = poll_fn(|cx| {
                let frame = Pin::new(&mut self.body).poll_frame(cx);
                has_waited |= frame.is_pending();
                frame
            });
            let Some(frame) = within(silence, frame).await else {
                // Without a connection there is nothing to wait for.
                let waited = self.lease.as_ref().map(|lease| lease.pool.connector.waited());
                return Err(waited.map_or(NetError::Timeout, NetError::Silence));
            };
            if let (true, Some(lease)) = (has_waited, &mut self.lease) {
                lease.unfinished = Instant::now();
            }
            match frame {
                Some(Ok(frame)) => {
                    // Trailers carry nothing that MCP knows.
                    if let Ok(data) = frame.into_data() {
                        self.release_if_done();
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => return Err(NetError::from_hyper(&error, true)),
                None => {
                    self.release();
                    return Ok(None);
                }
            }
        }
    }

    pub(super) fn release_if_done(&mut self) {
        if self.body.is_end_stream() {
            self.release();
        }
    }

    fn release(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}
