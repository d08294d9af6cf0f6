//! Memory of large commands, from the poll that brings them until their last copy is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::{LARGE_MESSAGE, ROOM_COMMAND, ROOM_COMMANDS};
use crate::memory::{COMMANDS, Reservation};

/// Budget that the large commands of one channel take.
#[derive(Debug, Default)]
pub(super) struct ChannelRoom(Arc<AtomicUsize>);

/// Budget that one large command takes, until it is dropped.
#[derive(Debug)]
pub(super) struct CommandRoom {
    channel: Arc<AtomicUsize>,
    bytes: usize,
    _reservation: Reservation,
}

impl ChannelRoom {
    /// Takes room for a large command of this channel, one of `channels`. A channel whose server reads nothing leaves half of all
    /// room to the others.
    pub(super) fn take(&self, bytes: usize, channels: usize) -> Option<CommandRoom> {
        let share = if channels > 1 { ROOM_COMMANDS / 2 } else { ROOM_COMMANDS };
        let taken = self.0.load(Ordering::Relaxed);
        if taken > 0 && taken + bytes > share {
            return None;
        }
        let reservation = COMMANDS.try_take(bytes)?;
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Some(CommandRoom {
            channel: Arc::clone(&self.0),
            bytes,
            _reservation: reservation,
        })
    }
}

impl Drop for CommandRoom {
    fn drop(&mut self) {
        self.channel.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Whether a command of this size needs room.
pub(super) fn is_large(bytes: usize) -> bool {
    bytes >= LARGE_MESSAGE
}

/// Number of large commands that there is room for.
pub(super) fn large_commands() -> usize {
    COMMANDS.free() / ROOM_COMMAND
}

/// Returns when there may be room for more.
pub(super) async fn returned() {
    COMMANDS.returned().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_that_takes_its_share_leaves_the_rest_to_others() {
        let (greedy, other) = (ChannelRoom::default(), ChannelRoom::default());
        let all = large_commands();
        let first = greedy.take(ROOM_COMMANDS / 2, 2);
        assert!(first.is_some() && greedy.take(LARGE_MESSAGE, 2).is_none());
        assert!(large_commands() < all);
        let second = other.take(ROOM_COMMANDS / 4, 2);
        assert!(second.is_some());
        drop(first);
        // The longest possible command, alone.
        drop(second);
        assert!(greedy.take(ROOM_COMMANDS, 2).is_some());
        assert_eq!(large_commands(), all);
    }
}
