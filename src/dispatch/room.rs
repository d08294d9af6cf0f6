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
    #![allow(clippy::print_stdout, reason = "tests; audit/proofs.md has their numbers")]

    use std::sync::Mutex;

    use super::*;

    /// The budget belongs to the process: one test at a time.
    static BUDGET: Mutex<()> = Mutex::new(());

    #[test]
    fn a_channel_that_takes_its_share_leaves_the_rest_to_others() {
        let _alone = BUDGET.lock();
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

    /// Every order of six steps on two channels: a quarter, a half, all of the room taken by one of them, or the oldest given back.
    #[test]
    fn every_order_of_commands_keeps_the_room_of_each_channel_and_gives_all_of_it_back() {
        const STEPS: usize = 7;
        let _alone = BUDGET.lock();
        let channels = [ChannelRoom::default(), ChannelRoom::default()];
        let mut orders = 0;
        for code in 0..STEPS.pow(6) {
            let mut held: Vec<(usize, usize, CommandRoom)> = Vec::new();
            for place in 0..6 {
                let step = code / STEPS.pow(place) % STEPS;
                let taken = |channel| {
                    held.iter()
                        .filter(|held| held.0 == channel)
                        .map(|held| held.1)
                        .sum::<usize>()
                };
                let all = taken(0) + taken(1);
                if step == STEPS - 1 {
                    drop((!held.is_empty()).then(|| held.remove(0)));
                    continue;
                }
                let (channel, quarters) = (step % 2, [1, 2, 4][step / 2]);
                let is_alone = taken(channel) == 0;
                let fits = all + quarters <= 4 && (is_alone || taken(channel) + quarters <= 2);
                let room = channels[channel].take(quarters * (ROOM_COMMANDS / 4), 2);
                assert_eq!(room.is_some(), fits, "{code}: {held:?}");
                held.extend(room.map(|room| (channel, quarters, room)));
                let left = ROOM_COMMANDS - held.iter().map(|held| held.1).sum::<usize>() * (ROOM_COMMANDS / 4);
                assert_eq!(COMMANDS.free(), left);
            }
            drop(held);
            assert!(
                COMMANDS.free() == ROOM_COMMANDS
                    && channels.iter().all(|channel| channel.0.load(Ordering::Relaxed) == 0)
            );
            orders += 1;
        }
        println!("room of commands: {orders} orders of 6 steps");
    }
}
