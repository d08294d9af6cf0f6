//! Request bodies: a few parts that are already in memory, sent without being joined.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// A body of up to three parts. Clones share the bytes, so that every attempt sends the same.
#[derive(Clone, Default)]
pub struct RequestBody {
    parts: [Bytes; 3],
    at: usize,
}

impl fmt::Debug for RequestBody {
    /// Lengths only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.parts.iter().map(Bytes::len)).finish()
    }
}

impl RequestBody {
    /// No body.
    pub fn empty() -> Self {
        Self::default()
    }

    /// One part.
    pub fn full(bytes: Bytes) -> Self {
        Self {
            parts: [bytes, Bytes::new(), Bytes::new()],
            at: 0,
        }
    }

    /// Parts in order.
    pub fn parts(parts: [Bytes; 3]) -> Self {
        Self { parts, at: 0 }
    }

    fn rest(&self) -> &[Bytes] {
        &self.parts[self.at.min(self.parts.len())..]
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        while let Some(part) = self.parts.get(self.at).cloned() {
            self.at += 1;
            if !part.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(part))));
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.rest().iter().all(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest().iter().map(|p| p.len() as u64).sum())
    }
}
