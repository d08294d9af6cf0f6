//! Memory of large messages: one budget, however many servers and calls there are.
//!
//! A message below [`LARGE_MESSAGE`] costs nothing here. A longer one gets room before it is read any further, and gives it back
//! when its last copy is dropped, wherever that is: the bytes carry their reservation. A reader that finds no room waits, and so
//! does its peer, because nothing is read meanwhile.
//!
//! Every wait of a reader ends. Room is given in two steps, each at once: first [`ROOM_FIRST`], then all that the message can need. A
//! message with all its room waits only for its peer, for at most [`ROOM_TIMEOUT`], and then for its delivery, which has bounds of
//! its own; so the second step is eventually reached, and with it the first. Both serve in the order of arrival.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore};

use crate::limits::{LARGE_MESSAGE, ROOM_COMMANDS, ROOM_FIRST, ROOM_FIRST_TOTAL, ROOM_TIMEOUT, ROOM_WHOLE_TOTAL};
use crate::sys::allocator::MAPPED_MIN;

// What draws on the budget is what the allocator gives back to the system at once.
const _: () = assert!(LARGE_MESSAGE == MAPPED_MIN);

#[cfg(fuzzing)]
pub(crate) mod fuzzing;

/// Commands that wait or run.
pub static COMMANDS: Pool = Pool::new(ROOM_COMMANDS);
/// Answers of MCP servers, while they are read and until they are delivered: the first step.
static FIRST: Pool = Pool::new(ROOM_FIRST_TOTAL);
/// The second step.
static WHOLE: Pool = Pool::new(ROOM_WHOLE_TOTAL);

/// Bytes that may be taken.
#[derive(Debug)]
pub struct Pool {
    total: usize,
    free: Semaphore,
    /// Bytes that were taken although they were not free.
    owed: Mutex<usize>,
    returned: Notify,
}

/// Bytes of a pool, until it is dropped.
#[derive(Debug)]
pub struct Reservation {
    pool: &'static Pool,
    bytes: usize,
}

impl Pool {
    const fn new(total: usize) -> Self {
        Self {
            total,
            free: Semaphore::const_new(total),
            owed: Mutex::new(0),
            returned: Notify::const_new(),
        }
    }

    /// Waits for its turn and for so many bytes, at most the whole pool.
    async fn wait_for(&'static self, bytes: usize) -> Reservation {
        let wanted = u32::try_from(bytes.min(self.total)).unwrap_or(u32::MAX);
        match self.free.acquire_many(wanted).await {
            Ok(permit) => {
                permit.forget();
                Reservation {
                    pool: self,
                    bytes: wanted as usize,
                }
            }
            // The semaphore is never closed.
            Err(_) => self.take(bytes),
        }
    }

    /// Takes so many bytes, if they are free.
    pub fn try_take(&'static self, bytes: usize) -> Option<Reservation> {
        let permit = self.free.try_acquire_many(u32::try_from(bytes).ok()?).ok()?;
        permit.forget();
        Some(Reservation { pool: self, bytes })
    }

    /// Takes room for bytes that are in memory already: the missing part is owed, and waiting readers wait until it was given back.
    fn take(&'static self, bytes: usize) -> Reservation {
        let mut owed = self.owed();
        *owed += bytes - self.free.forget_permits(bytes);
        Reservation { pool: self, bytes }
    }

    /// Bytes that are free.
    pub fn free(&self) -> usize {
        self.free.available_permits()
    }

    /// Returns after bytes were given back since the last time.
    pub async fn returned(&self) {
        self.returned.notified().await;
    }

    fn give_back(&self, bytes: usize) {
        {
            let mut owed = self.owed();
            let paid = bytes.min(*owed);
            *owed -= paid;
            self.free.add_permits(bytes - paid);
        }
        self.returned.notify_one();
    }

    fn owed(&self) -> MutexGuard<'_, usize> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Gives back all above `bytes`.
    fn shrink_to(&mut self, bytes: usize) {
        if bytes < self.bytes {
            self.pool.give_back(self.bytes - bytes);
            self.bytes = bytes;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.pool.give_back(self.bytes);
    }
}

/// Bytes with a value that must live as long as they do.
struct Carrying<T> {
    bytes: Bytes,
    _carried: T,
}

impl<T> AsRef<[u8]> for Carrying<T> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The same bytes; `carried` is dropped with the last of their clones.
pub fn carrying<T: Send + 'static>(bytes: Bytes, carried: T) -> Bytes {
    Bytes::from_owner(Carrying {
        bytes,
        _carried: carried,
    })
}

/// Charges a copy of an answer, which is in memory already, to the budget.
pub fn charged(bytes: Bytes) -> Bytes {
    if bytes.len() < LARGE_MESSAGE {
        return bytes;
    }
    let pool = if bytes.len() <= ROOM_FIRST { &FIRST } else { &WHOLE };
    let reservation = pool.take(bytes.len());
    carrying(bytes, reservation)
}

/// Room of one message that is being read.
#[derive(Debug)]
pub struct Room {
    covers: usize,
    held: Option<(Reservation, Instant)>,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            covers: LARGE_MESSAGE,
            held: None,
        }
    }
}

impl Room {
    /// Whether a message of this size needs more room.
    #[inline]
    pub fn is_short_of(&self, size: usize) -> bool {
        size > self.covers
    }

    /// Waits for room for `size` bytes of a message that has at most `most` bytes when it is complete.
    pub async fn cover(&mut self, size: usize, most: usize) {
        if !self.is_short_of(size) {
            return;
        }
        let (pool, bytes) = match (size, most) {
            (_, ..=ROOM_FIRST) => (&FIRST, most),
            (..=ROOM_FIRST, _) => (&FIRST, ROOM_FIRST),
            _ => (&WHOLE, most),
        };
        // It keeps the room of the bytes that are in memory.
        let reservation = pool.wait_for(bytes).await;
        self.covers = bytes;
        self.held = Some((reservation, Instant::now() + ROOM_TIMEOUT));
    }

    /// Deadline for the complete message, if it has room of the budget.
    pub fn until(&self) -> Option<Instant> {
        self.held.as_ref().map(|(_, until)| *until)
    }

    /// Ends a complete message: it carries the room that it needs, and the rest is free. The next one begins.
    pub fn keep(&mut self, message: Bytes) -> Bytes {
        match std::mem::take(self).held {
            Some((mut reservation, _)) => {
                reservation.shrink_to(message.len());
                carrying(message, reservation)
            }
            None => message,
        }
    }

    /// Drops the message without keeping any of it. The next one begins.
    pub fn clear(&mut self) {
        if self.held.is_some() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod exhaustive;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::Duration;

    use tokio::task::JoinSet;

    use super::*;
    use crate::limits::STDIO_MESSAGE_MAX;

    /// A message of this size that grows by 64 KiB at a time and stays for a while once it is complete.
    async fn read(size: usize) -> usize {
        let mut room = Room::default();
        for read in (0..=size).step_by(64 * 1024) {
            room.cover(read, STDIO_MESSAGE_MAX).await;
            tokio::task::yield_now().await;
        }
        let message = room.keep(Bytes::new());
        tokio::task::yield_now().await;
        drop(message);
        size
    }

    /// The pools belong to the process, so all of it is one test.
    #[test]
    fn messages_that_are_more_than_all_room_wait_for_one_another_and_all_are_read() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            // Small ones take nothing.
            let mut small = Room::default();
            small.cover(LARGE_MESSAGE, STDIO_MESSAGE_MAX).await;
            assert_eq!((FIRST.free(), small.until()), (ROOM_FIRST_TOTAL, None));

            // More than either step has room for, in the order in which each could otherwise hold a part that another needs.
            let mut messages = JoinSet::new();
            for number in 0..100 {
                messages.spawn(read(if number % 3 == 0 {
                    ROOM_FIRST / 2
                } else {
                    8 * ROOM_FIRST
                }));
            }
            let all = tokio::time::timeout(Duration::from_secs(60), messages.join_all())
                .await
                .unwrap();
            assert_eq!(all.len(), 100);
            assert_eq!((FIRST.free(), WHOLE.free()), (ROOM_FIRST_TOTAL, ROOM_WHOLE_TOTAL));

            // Waiting readers can be cancelled, and then hold up no other.
            let mut holders = [Room::default(), Room::default()];
            for holder in &mut holders {
                holder.cover(ROOM_FIRST + 1, STDIO_MESSAGE_MAX).await;
            }
            let mut waiting = Room::default();
            let wait = waiting.cover(ROOM_FIRST + 1, STDIO_MESSAGE_MAX);
            assert!(tokio::time::timeout(Duration::from_millis(20), wait).await.is_err());
            drop(holders);
            assert_eq!(WHOLE.free(), ROOM_WHOLE_TOTAL);

            // A complete message keeps its room, in each of its clones; a copy is owed until it is dropped.
            let mut room = Room::default();
            room.cover(ROOM_FIRST + 1, STDIO_MESSAGE_MAX).await;
            let message = room.keep(Bytes::from(vec![0; ROOM_FIRST + 1]));
            let part = message.slice(1..2);
            drop(message);
            assert_eq!(WHOLE.free(), ROOM_WHOLE_TOTAL - ROOM_FIRST - 1);
            let copies: Vec<_> = (0..100)
                .map(|_| charged(Bytes::from(vec![0; ROOM_FIRST + 1])))
                .collect();
            assert_eq!(WHOLE.free(), 0);
            drop(part);
            drop(copies);
            assert_eq!((WHOLE.free(), *WHOLE.owed()), (ROOM_WHOLE_TOTAL, 0));
        });
    }
}
