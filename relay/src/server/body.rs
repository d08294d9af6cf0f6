//! Reading request bodies: bounded in size, time, and in what all of them hold together.

use std::ops::Range;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tokio::time::{timeout, timeout_at};

use super::pace::Pace;
use crate::error::{Code, Refusal};
use crate::limits;
use crate::share::{Holder, Pool, Share};

/// The memory for bodies of one relay.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Pool);

impl Memory {
    /// All of it free.
    pub(crate) fn new() -> Self {
        Self(Pool::new(limits::BODIES))
    }

    /// Memory that is charged to a holder.
    pub(crate) fn share(&self, holder: Holder) -> Share {
        self.0.share(holder)
    }
}

/// Bytes in memory, with their share of the limit. The share lasts as long as the bytes do, wherever they go.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: Bytes,
    /// None for the relay's own words.
    share: Option<Share>,
}

impl Held {
    /// A part of the body, keeping the whole body's share.
    pub(crate) fn part(self, range: Range<usize>) -> Self {
        Self {
            bytes: self.bytes.slice(range),
            ..self
        }
    }

    /// What was read.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The bytes for somebody who does not know of shares; the last copy of them gives the share back.
    pub(crate) fn into_bytes(self) -> Bytes {
        match self.share {
            None => self.bytes,
            Some(_) => Bytes::from_owner(self),
        }
    }

    /// Charges bytes that the relay made for a holder; `None` when they are more than the holder may have.
    pub(crate) fn charged(bytes: Vec<u8>, share: Share) -> Option<Self> {
        let mut share = share;
        share.grow(bytes.capacity()).then(|| Self {
            bytes: bytes.into(),
            share: Some(share),
        })
    }

    /// Grows the share to so many bytes; false when that is more than its holder may have.
    pub(crate) fn enlarge(&mut self, size: usize) -> bool {
        self.share.as_mut().is_none_or(|share| share.grow(size))
    }

    /// Charges the bytes to another holder; false when that is more than it may have.
    pub(crate) fn pass_to(&mut self, holder: Holder) -> bool {
        self.share.as_mut().is_none_or(|share| share.pass_to(holder))
    }

    /// Other bytes instead of these; what they do not need of the share is free again.
    pub(crate) fn replace(self, bytes: Vec<u8>) -> Self {
        let Self { bytes: old, mut share } = self;
        drop(old);
        if let Some(share) = &mut share {
            share.shrink(bytes.capacity());
        }
        Self {
            bytes: bytes.into(),
            share,
        }
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Bytes> for Held {
    /// A message of the relay's own.
    fn from(bytes: Bytes) -> Self {
        Self { bytes, share: None }
    }
}

/// Why there is no body.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// Longer than the limit, in bytes.
    TooLarge(usize),
    /// The body is slower than the least rate, or incomplete after its time.
    Late,
    /// The sender's key or tunnel holds its maximum.
    NoMemory,
    /// The connection broke, or the framing is wrong.
    Broken,
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(limit) => {
                Self::new(Code::BodyTooLarge, format!("the body is larger than {limit} bytes"))
            }
            BodyError::Late => Self::new(
                Code::BodyTimeout,
                "the body did not arrive in time: it is too slow or too long",
            ),
            BodyError::NoMemory => no_memory(),
            BodyError::Broken => Self::new(Code::InvalidJson, "the body did not arrive whole"),
        }
    }
}

/// Refusal of bytes beyond the bound of a key or a tunnel.
pub(crate) fn no_memory() -> Refusal {
    let message = "this key or tunnel has reached its limit of body bytes; try again when some requests are done";
    Refusal::new(Code::Unavailable, message).retry_after(1)
}

/// Reads a body of at most `limit` bytes and charges the received bytes to the share.
pub(crate) async fn read_body<B>(body: B, limit: usize, share: Share) -> Result<Held, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut body = body;
    let read = timeout(limits::REQUEST_BODY, read(&mut body, limit, share))
        .await
        .unwrap_or(Err(BodyError::Late));
    if matches!(read, Err(BodyError::TooLarge(_) | BodyError::NoMemory)) {
        // Bounded in time, too; whatever becomes of it, the sender is told.
        let _ = timeout(limits::REQUEST_BODY, discard(body)).await;
    }
    read
}

async fn read<B>(body: &mut B, limit: usize, share: Share) -> Result<Held, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    // As long as the sender says, or as it may be.
    let most = body
        .size_hint()
        .exact()
        .and_then(|exact| usize::try_from(exact).ok())
        .map_or(limit, |exact| exact.min(limit));
    let mut buffer = Buffer::new(share);
    let mut pace = Pace::new(limits::BODY_GRACE);
    while let Some(frame) = timeout_at(pace.until(), body.frame())
        .await
        .map_err(|_| BodyError::Late)?
    {
        // Trailers carry nothing that counts here.
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
            continue;
        };
        pace.progress(data.len());
        if buffer.bytes.len() + data.len() > limit {
            return Err(BodyError::TooLarge(limit));
        }
        buffer.append(&data, most)?;
    }
    Ok(buffer.finish())
}

/// A body that grows. Its share is that of its capacity, not of what is in it.
struct Buffer {
    bytes: Vec<u8>,
    share: Share,
}

impl Buffer {
    fn new(share: Share) -> Self {
        Self {
            bytes: Vec::new(),
            share,
        }
    }

    /// Appends a piece. Room grows by doubling, up to `most`: a sender gets no memory for what it only announces.
    fn append(&mut self, data: &[u8], most: usize) -> Result<(), BodyError> {
        let needed = self.bytes.len() + data.len();
        if needed > self.bytes.capacity() {
            let room = (self.bytes.capacity() * 2).min(most).max(needed);
            if !self.share.grow(room) {
                return Err(BodyError::NoMemory);
            }
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    /// The body, without the room that it did not need.
    fn finish(self) -> Held {
        let Self { mut bytes, mut share } = self;
        bytes.shrink_to_fit();
        share.shrink(bytes.capacity());
        Held {
            bytes: bytes.into(),
            share: Some(share),
        }
    }
}

/// Reads on without keeping anything, so that the sender gets to read the refusal.
async fn discard<B>(mut body: B)
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut discarded = 0;
    let mut pace = Pace::new(limits::BODY_GRACE);
    while discarded < limits::DISCARD {
        match timeout_at(pace.until(), body.frame()).await {
            Ok(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                pace.progress(bytes);
                discarded += bytes;
            }
            Ok(Some(Err(_)) | None) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::future::Future as _;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use hyper::body::Frame;
    use tokio::time::{Instant, Sleep};

    use super::*;

    const KIB: usize = 1024;

    fn share(memory: &Memory) -> Share {
        memory.share(Holder {
            key: "key".into(),
            tunnel: None,
        })
    }

    fn held(memory: &Memory, size: usize) -> Held {
        let mut buffer = Buffer::new(share(memory));
        for piece in vec![b'x'; size].chunks(1000) {
            buffer.append(piece, limits::RESPONSE_BODY).unwrap();
        }
        buffer.finish()
    }

    fn in_use(memory: &Memory) -> usize {
        limits::BODIES - memory.0.free()
    }

    #[test]
    fn the_share_lasts_as_long_as_the_last_piece_of_the_bytes() {
        let memory = Memory::new();
        let bytes = held(&memory, 100 * KIB).into_bytes();
        assert_eq!(in_use(&memory), 100 * KIB);
        let piece = bytes.slice(..1);
        drop(bytes);
        assert_eq!(in_use(&memory), 100 * KIB);
        drop(piece);
        assert_eq!(in_use(&memory), 0);
    }

    #[test]
    fn a_body_has_no_room_that_it_does_not_need_and_all_it_has_is_counted() {
        let memory = Memory::new();
        let held = held(&memory, 65 * KIB + 1);
        assert_eq!(in_use(&memory), 65 * KIB + 1);
        let bytes: Vec<u8> = held.bytes.into();
        assert_eq!(bytes.capacity(), 65 * KIB + 1);
    }

    #[test]
    fn what_replaces_a_body_has_a_share_of_its_own_size() {
        let memory = Memory::new();
        let mut held = held(&memory, 100 * KIB).part(0..10);
        assert!(!held.enlarge(limits::BODIES + 1));
        assert!(held.enlarge(200 * KIB));
        assert_eq!(in_use(&memory), 200 * KIB);
        let held = held.replace(vec![0; 10]);
        assert_eq!(in_use(&memory), 10);
        drop(held);
        assert_eq!(in_use(&memory), 0);
    }

    #[test]
    fn no_body_is_taken_beyond_the_share_of_its_key() {
        let memory = Memory::new();
        let mut most = share(&memory);
        assert!(most.grow(limits::BODIES / 2 - 1));
        let mut buffer = Buffer::new(share(&memory));
        assert!(buffer.append(&[0; 1], 1).is_ok());
        assert!(matches!(buffer.append(&[0; 1], 2), Err(BodyError::NoMemory)));
    }

    /// A body in pieces, with this time between them.
    struct Pieces {
        left: VecDeque<(usize, Duration)>,
        next: Pin<Box<Sleep>>,
    }

    impl Pieces {
        fn new(pieces: impl IntoIterator<Item = (usize, Duration)>) -> Self {
            let left: VecDeque<_> = pieces.into_iter().collect();
            let first = left.front().map_or(Duration::ZERO, |(_, pause)| *pause);
            Self {
                left,
                next: Box::pin(tokio::time::sleep(first)),
            }
        }
    }

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let Some((size, _)) = self.left.front().copied() else {
                return Poll::Ready(None);
            };
            if self.next.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.left.pop_front();
            if let Some((_, pause)) = self.left.front().copied() {
                self.next.as_mut().reset(Instant::now() + pause);
            }
            Poll::Ready(Some(Ok(Frame::data(vec![b'x'; size].into()))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_on_a_slow_line_is_read_and_one_below_the_least_rate_is_refused() {
        let memory = Memory::new();
        let second = Duration::from_secs(1);
        let read = |pieces: Vec<_>| read_body(Pieces::new(pieces), limits::CALLER_BODY, share(&memory));
        // 1 KiB a second, evenly and in bursts.
        assert!(read(vec![(KIB, second); 200]).await.is_ok());
        assert!(read(vec![(12 * KIB, second * 12); 20]).await.is_ok());
        assert!(matches!(read(vec![(100, second); 200]).await, Err(BodyError::Late)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_fast_buys_no_time_for_what_comes_slowly() {
        let memory = Memory::new();
        let begun = Instant::now();
        let pieces = Pieces::new([(3 * 1024 * KIB, Duration::ZERO), (1, limits::BODY_GRACE * 2)]);
        let read = read_body(pieces, limits::CALLER_BODY, share(&memory)).await;
        assert!(matches!(read, Err(BodyError::Late)));
        assert_eq!(begun.elapsed().as_secs(), limits::BODY_GRACE.as_secs());
        assert_eq!(in_use(&memory), 0);
    }
}
