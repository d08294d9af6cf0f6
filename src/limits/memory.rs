//! Bounds on the memory of messages.
//!
//! Most memory that messages take at once, whatever servers and callers do, with the default of 64 calls at once and N stdio
//! servers: one poll answer (128 MiB), queued and running commands (128 MiB, on stdio channels with their copies on pipes twice
//! that), answers that are read or wait for delivery (64 MiB and 128 MiB, and one being passed on, 64 MiB), undelivered
//! notifications (8 MiB for each stdio server), lines on pipes (8 MiB for each stdio server), cookies (1 MiB for each HTTP server),
//! and everything below LARGE_MESSAGE (a command and an answer for each place: 112 MiB). Messages of ordinary size take some hundred
//! KiB in all.

use std::time::Duration;

use super::{KIB, MIB, POLL_BODY_MAX, STDIO_MESSAGE_MAX};

/// Messages of at least this size draw on the budget (`memory.rs`). Smaller ones are bounded by their number; the allocator gives
/// larger ones mappings of their own, which go back to the system at once.
pub const LARGE_MESSAGE: usize = 256 * KIB;
/// First reservation of a large message of unknown length: most end within this.
pub const ROOM_FIRST: usize = 2 * MIB;
/// Room for messages up to [`ROOM_FIRST`]: 32 at once, one for each possible stdio server (31).
pub const ROOM_FIRST_TOTAL: usize = 64 * MIB;
/// Room for longer messages: two of the longest at once.
pub const ROOM_WHOLE_TOTAL: usize = 2 * STDIO_MESSAGE_MAX;
/// Time within which a message with room must be complete. A message that takes longer is dropped, because others wait for its
/// room. 64 MiB take 9 Mbit/s.
pub const ROOM_TIMEOUT: Duration = Duration::from_secs(60);
/// Large commands that wait or run: a whole poll answer of them.
pub const ROOM_COMMANDS: usize = POLL_BODY_MAX;
/// One large command of the size that the service accepts. Polls ask for no more of them than there is room for.
pub const ROOM_COMMAND: usize = 5 * MIB;
