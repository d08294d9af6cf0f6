//! Reading request bodies: bounded in size, time, and in what all of them hold together.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::{Code, Refusal};
use crate::limits;

/// The memory for bodies of one relay.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Arc<Semaphore>);

impl Memory {
    /// All of it free.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(limits::BODIES / UNIT)))
    }
}

/// What a permit stands for: small enough not to waste memory on small bodies.
const UNIT: usize = 1024;

/// Bytes in memory, with their share of the limit. The share lasts as long as the bytes do, wherever they go.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: Bytes,
    /// None for the relay's own words.
    share: Option<OwnedSemaphorePermit>,
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

    /// Makes the share large enough for so many bytes; false when the relay holds as much as it can.
    pub(crate) fn enlarge(&mut self, size: usize) -> bool {
        let Some(share) = &mut self.share else { return true };
        let missing = size.div_ceil(UNIT).saturating_sub(share.num_permits());
        if missing == 0 {
            return true;
        }
        let Some(more) = acquire(share.semaphore(), missing) else {
            return false;
        };
        share.merge(more);
        true
    }

    /// Other bytes instead of these; what they do not need of the share is free again.
    pub(crate) fn replace(self, bytes: Vec<u8>) -> Self {
        let Self { bytes: old, mut share } = self;
        drop(old);
        if let Some(share) = &mut share {
            release(share, bytes.capacity());
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

fn acquire(memory: &Arc<Semaphore>, units: usize) -> Option<OwnedSemaphorePermit> {
    let units = u32::try_from(units).ok()?;
    Arc::clone(memory).try_acquire_many_owned(units).ok()
}

/// Gives back what a share holds beyond so many bytes.
fn release(share: &mut OwnedSemaphorePermit, size: usize) {
    let surplus = share.num_permits().saturating_sub(size.div_ceil(UNIT));
    drop(share.split(surplus));
}

/// Why there is no body.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// Longer than the limit, in bytes.
    TooLarge(usize),
    /// Not complete in time.
    Late,
    /// The relay holds as much as it can.
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
            BodyError::Late => Self::new(Code::BodyTimeout, "the body did not arrive in time"),
            BodyError::NoMemory => {
                Self::new(Code::Unavailable, "the relay holds as many bodies as it can; try again").retry_after(1)
            }
            BodyError::Broken => Self::new(Code::InvalidJson, "the body did not arrive whole"),
        }
    }
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read_body(body: Incoming, limit: usize, memory: &Memory) -> Result<Held, BodyError> {
    let mut body = body;
    let read = timeout(limits::REQUEST_BODY, read(&mut body, limit, memory))
        .await
        .unwrap_or(Err(BodyError::Late));
    if matches!(read, Err(BodyError::TooLarge(_) | BodyError::NoMemory)) {
        // Bounded in time, too; whatever becomes of it, the sender is told.
        let _ = timeout(limits::REQUEST_BODY, discard(body)).await;
    }
    read
}

async fn read(body: &mut Incoming, limit: usize, memory: &Memory) -> Result<Held, BodyError> {
    // As long as the sender says, or as it may be.
    let most = body
        .size_hint()
        .exact()
        .and_then(|exact| usize::try_from(exact).ok())
        .map_or(limit, |exact| exact.min(limit));
    let mut buffer = Buffer::new(memory)?;
    while let Some(frame) = timeout(limits::REQUEST_BODY_PAUSE, body.frame())
        .await
        .map_err(|_| BodyError::Late)?
    {
        // Trailers carry nothing that counts here.
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
            continue;
        };
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
    share: OwnedSemaphorePermit,
}

impl Buffer {
    fn new(memory: &Memory) -> Result<Self, BodyError> {
        Ok(Self {
            bytes: Vec::new(),
            share: acquire(&memory.0, 0).ok_or(BodyError::NoMemory)?,
        })
    }

    /// Appends a piece. Room grows by doubling, up to `most`: a sender gets no memory for what it only announces.
    fn append(&mut self, data: &[u8], most: usize) -> Result<(), BodyError> {
        let needed = self.bytes.len() + data.len();
        if needed > self.bytes.capacity() {
            let room = (self.bytes.capacity() * 2).min(most).max(needed);
            let missing = room.div_ceil(UNIT).saturating_sub(self.share.num_permits());
            let more = acquire(self.share.semaphore(), missing).ok_or(BodyError::NoMemory)?;
            self.share.merge(more);
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    /// The body, without the room that it did not need.
    fn finish(self) -> Held {
        let Self { mut bytes, mut share } = self;
        bytes.shrink_to_fit();
        release(&mut share, bytes.capacity());
        Held {
            bytes: bytes.into(),
            share: Some(share),
        }
    }
}

/// Reads on without keeping anything, so that the sender gets to read the refusal.
async fn discard(mut body: Incoming) {
    let mut discarded = 0;
    while discarded < limits::DISCARD {
        match timeout(limits::REQUEST_BODY_PAUSE, body.frame()).await {
            Ok(Some(Ok(frame))) => discarded += frame.data_ref().map_or(0, Bytes::len),
            Ok(Some(Err(_)) | None) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ALL: usize = limits::BODIES / UNIT;

    fn held(memory: &Memory, size: usize) -> Held {
        let mut buffer = Buffer::new(memory).unwrap();
        for piece in vec![b'x'; size].chunks(1000) {
            buffer.append(piece, limits::RESPONSE_BODY).unwrap();
        }
        buffer.finish()
    }

    #[test]
    fn the_share_lasts_as_long_as_the_last_piece_of_the_bytes() {
        let memory = Memory::new();
        let bytes = held(&memory, 100 * UNIT).into_bytes();
        assert_eq!(memory.0.available_permits(), ALL - 100);
        let piece = bytes.slice(..1);
        drop(bytes);
        assert_eq!(memory.0.available_permits(), ALL - 100);
        drop(piece);
        assert_eq!(memory.0.available_permits(), ALL);
    }

    #[test]
    fn a_body_has_no_room_that_it_does_not_need_and_all_it_has_is_counted() {
        let memory = Memory::new();
        let held = held(&memory, 65 * UNIT + 1);
        assert_eq!(memory.0.available_permits(), ALL - 66);
        let bytes: Vec<u8> = held.bytes.into();
        assert_eq!(bytes.capacity(), 65 * UNIT + 1);
    }

    #[test]
    fn what_replaces_a_body_has_a_share_of_its_own_size() {
        let memory = Memory::new();
        let mut held = held(&memory, 100 * UNIT).part(0..10);
        assert!(!held.enlarge(limits::BODIES + 1));
        assert!(held.enlarge(200 * UNIT));
        assert_eq!(memory.0.available_permits(), ALL - 200);
        let held = held.replace(vec![0; 10]);
        assert_eq!(memory.0.available_permits(), ALL - 1);
        drop(held);
        assert_eq!(memory.0.available_permits(), ALL);
    }

    #[test]
    fn no_body_is_taken_beyond_the_limit_of_all() {
        let memory = Memory::new();
        let _all = acquire(&memory.0, ALL - 1).unwrap();
        let mut buffer = Buffer::new(&memory).unwrap();
        assert!(buffer.append(&[0; UNIT], UNIT).is_ok());
        assert!(matches!(buffer.append(&[0; 1], UNIT + 1), Err(BodyError::NoMemory)));
    }
}
