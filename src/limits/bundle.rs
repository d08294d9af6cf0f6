//! Bounds of a support bundle. All of it is in memory when it is packed.

use super::{KIB, MIB};

/// Bytes at the end of a log file that are read: an hour of a busy tunnel at the level `info`.
pub const BUNDLE_LOG_MAX: usize = 2 * MIB;
/// Lines of the log: empty ones and very short ones cost more than their bytes.
pub const BUNDLE_LINES_MAX: usize = 20_000;
/// Bytes of one file of a bundle: the log as JSON, whose escapes can make it longer, and all that is read of `/metrics`.
pub const BUNDLE_ENTRY_MAX: usize = 6 * MIB;
/// Bytes that are searched for secrets, or packed, in one step. A running process packs on the thread that carries the tunnel, so that
/// a step is what a call waits for at most. Measured with a full log in the release profile: 1.3 ms with 20 known secrets, 2.0 ms with 60,
/// 3.4 ms where one of them is longer than 2 KiB (`BUNDLE_CARRIED`); 0.5 s of a processor for the whole with 20.
pub const BUNDLE_WINDOW: usize = 6 * KIB;
/// The same where what looks like a secret is longer: a private key in JSON in JSON. What does not end within it is left out.
pub const BUNDLE_WINDOW_MAX: usize = 128 * KIB;
/// Bytes after a window that are searched with it, at least: a key, as long as those of most services, in any spelling.
pub const BUNDLE_CARRIED_MIN: usize = 2 * KIB;
/// The same at most, where a known secret is longer: a private key, in JSON and escaped.
pub const BUNDLE_CARRIED: usize = 16 * KIB;
/// How much longer a known secret can be in one of its spellings: JSON in JSON has seven characters for one.
pub const BUNDLE_SPELLINGS: usize = 8;
