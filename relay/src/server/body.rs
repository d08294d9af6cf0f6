//! Reading request bodies: bounded in size, time, and in what all of them hold together.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
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

/// A body in memory, with its share of the limit.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
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
}

impl From<Bytes> for Held {
    /// A message of the relay's own.
    fn from(bytes: Bytes) -> Self {
        Self { bytes, _share: None }
    }
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
    if matches!(read, Err(BodyError::TooLarge(_))) {
        // Bounded in time, too; whatever becomes of it, the sender is told.
        let _ = timeout(limits::REQUEST_BODY, discard(body)).await;
    }
    read
}

async fn read(body: &mut Incoming, limit: usize, memory: &Memory) -> Result<Held, BodyError> {
    let mut bytes = Vec::new();
    let mut share: Option<OwnedSemaphorePermit> = None;
    let mut units = 0;
    while let Some(frame) = timeout(limits::REQUEST_BODY_PAUSE, body.frame())
        .await
        .map_err(|_| BodyError::Late)?
    {
        // Trailers carry nothing that counts here.
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > limit {
            return Err(BodyError::TooLarge(limit));
        }
        let needed = (bytes.len() + data.len()).div_ceil(UNIT);
        if needed > units {
            let more = u32::try_from(needed - units).unwrap_or(u32::MAX);
            let permit = Arc::clone(&memory.0)
                .try_acquire_many_owned(more)
                .map_err(|_| BodyError::NoMemory)?;
            match &mut share {
                Some(share) => share.merge(permit),
                none => *none = Some(permit),
            }
            units = needed;
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Held {
        bytes: bytes.into(),
        _share: share,
    })
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
