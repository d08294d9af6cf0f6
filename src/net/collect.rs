//! Whole bodies of answers, within bounds.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use tokio::time::timeout_at;

use super::error::NetError;
use super::pool::Reply;
use crate::memory::Room;

impl Reply {
    /// The same, before that moment.
    ///
    /// # Errors
    /// As [`Self::chunk`]; [`NetError::Timeout`] when the moment passes.
    pub async fn chunk_by(&mut self, moment: Option<Instant>) -> Result<Option<Bytes>, NetError> {
        match moment {
            None => self.chunk().await,
            Some(moment) => timeout_at(moment.into(), self.chunk())
                .await
                .unwrap_or(Err(NetError::Timeout)),
        }
    }

    /// The whole body, which is not copied when it came in one piece.
    ///
    /// # Errors
    /// [`NetError::TooLarge`] above `max` bytes, of which no more are kept; otherwise when the connection breaks.
    pub async fn collect(&mut self, max: usize) -> Result<Bytes, NetError> {
        self.collect_in(max, None).await
    }

    /// The same within the budget for large answers; the bytes carry their part of it.
    ///
    /// # Errors
    /// The errors of [`Self::collect`], and [`NetError::Timeout`] when the peer makes others wait for the room of its answer.
    pub async fn collect_in_room(&mut self, max: usize) -> Result<Bytes, NetError> {
        let mut room = Room::default();
        let whole = self.collect_in(max, Some(&mut room)).await?;
        Ok(room.keep(whole))
    }

    async fn collect_in(&mut self, max: usize, mut room: Option<&mut Room>) -> Result<Bytes, NetError> {
        let announced = usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > max {
            return Err(NetError::TooLarge);
        }
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        if first.len() > max {
            return Err(NetError::TooLarge);
        }
        let is_packed = self.unpacker.is_some();
        if self.body.is_end_stream() && !is_packed {
            return Ok(first);
        }
        // Of a packed body this is another size.
        let announced = if is_packed { 0 } else { announced };
        if let Some(room) = &mut room {
            room.cover(announced, announced).await;
        }
        let mut whole = BytesMut::with_capacity(announced.max(2 * first.len()));
        whole.extend_from_slice(&first);
        drop(first);
        while let Some(data) = self.chunk_by(room.as_ref().and_then(|room| room.until())).await? {
            let size = whole.len() + data.len();
            if size > max {
                return Err(NetError::TooLarge);
            }
            if let Some(room) = &mut room {
                room.cover(size, max).await;
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    }
}
