//! Rooms of messages in the memory budget.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::{FIRST, Room, WHOLE, charged};
pub use crate::limits::{LARGE_MESSAGE, ROOM_FIRST, ROOM_FIRST_TOTAL, ROOM_WHOLE_TOTAL, STDIO_MESSAGE_MAX};

/// Bytes that are free and bytes that are owed, of the first step and of the second.
#[must_use]
pub fn balance() -> [(usize, usize); 2] {
    [&FIRST, &WHOLE].map(|pool| (pool.free(), *pool.owed()))
}

/// A message that is being read, and waits for room or has it.
pub struct Reader {
    wait: Pin<Box<dyn Future<Output = Room>>>,
    room: Option<Room>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            wait: Box::pin(std::future::pending()),
            room: Some(Room::default()),
        }
    }
}

impl Reader {
    /// Asks for room for so many bytes of a message of at most `most`.
    pub fn cover(&mut self, size: usize, most: usize) {
        if let Some(mut room) = self.room.take() {
            self.wait = Box::pin(async move {
                room.cover(size, most).await;
                room
            });
        }
        self.poll();
    }

    /// Whether it has the room that it asked for.
    pub fn poll(&mut self) -> bool {
        if self.room.is_none()
            && let Poll::Ready(room) = self.wait.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            self.room = Some(room);
        }
        self.room.is_some()
    }

    /// Whether the room is too small for so many bytes; `None` while it waits.
    #[must_use]
    pub fn is_short_of(&self, size: usize) -> Option<bool> {
        self.room.as_ref().map(|room| room.is_short_of(size))
    }

    /// Ends the message: it is complete.
    pub fn keep(&mut self, message: Bytes) -> Option<Bytes> {
        self.room.as_mut().map(|room| room.keep(message))
    }

    /// Drops the message.
    pub fn clear(&mut self) {
        if let Some(room) = &mut self.room {
            room.clear();
        }
    }
}

/// Charges a copy.
#[must_use]
pub fn charge(message: Bytes) -> Bytes {
    charged(message)
}
