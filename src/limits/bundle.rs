//! Bounds of a support bundle. All of it is in memory when it is packed.

use super::{KIB, MIB};

/// Bytes at the end of a log file that are read: an hour of a busy tunnel at the level `info`.
pub const BUNDLE_LOG_MAX: usize = 2 * MIB;
/// Lines of the log: empty ones and very short ones cost more than their bytes.
pub const BUNDLE_LINES_MAX: usize = 20_000;
/// Bytes of one file of a bundle: the log as JSON, whose escapes can make it longer, and all that is read of `/metrics`.
pub const BUNDLE_ENTRY_MAX: usize = 6 * MIB;
/// Bytes that are searched for secrets at once. The search takes many times their memory.
pub const BUNDLE_WINDOW: usize = 128 * KIB;
/// Bytes at the end of such a window that are searched again with the next one: a private key, in JSON and escaped.
pub const BUNDLE_CARRIED: usize = 16 * KIB;
