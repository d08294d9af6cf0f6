//! Every bound of the audit log, each with its reason.

use std::time::Duration;

/// Bytes of a line without its line break. The fields below, escaped as JSON at worst (six bytes for one), and the rest fit.
pub const LINE_MAX: usize = 8192;

/// Bytes of a request id. Services use 64 at most; what is longer is cut.
pub const REQUEST_ID_MAX: usize = 256;

/// Bytes of a method or of the name of a tool. MCP 2025-11-25 recommends at most 128 characters; what is longer is cut.
pub const NAME_MAX: usize = 128;

/// Bytes of the name of a caller's key: as many as the relay takes.
pub const KEY_NAME_MAX: usize = 64;

/// Bytes of a tunnel's id, which is `tunnel_` and 32 characters.
pub const TUNNEL_MAX: usize = 64;

/// Bytes at the end of a file that are read for its last record: some lines, and what a crash may have left behind them.
pub const TAIL_MAX: usize = 8 * LINE_MAX;

/// Lines at the end of a file that are no records, and are still taken for remains of a crash.
pub const TAIL_PIECES_MAX: u64 = 4;

/// Records at the end of a file that its key file may not know of: after a crash of the host, those since the last anchor. The client anchors
/// after a million at most. A line that claims to be farther ahead was made by somebody else, and must not set the numbers from then on.
pub const AHEAD_MAX: u64 = 2_000_000;

/// Steps that the verifier takes, over all files, on the word of lines whose seals do not fit or cannot be tried: records that are missing,
/// starts that left none. Steps take a microsecond each, and a hostile file must not keep an auditor waiting.
pub const STEPS_MAX: u64 = 1_000_000;

/// Steps to the first record of a file that goes on with the key of the file before it, which a client does only when its key file cannot
/// be written at a rotation: records of files before it. About a minute, and also the bound of all attempts that fail.
pub const INDEX_MAX: u64 = 50_000_000;

/// Records at the end of one run that the next may not know of. The client's queue holds fewer.
pub const OVERLAP_MAX: usize = 4096;

/// Faults that are reported one by one; more are counted.
pub const FAULTS_MAX: usize = 20;

/// Notes that are reported one by one; more are counted.
pub const NOTES_MAX: usize = 100;

/// Bytes at the beginning of a file, and before a place in it, by which it is recognised: the first line of a file has its time and its seal.
pub const FINGERPRINT_MAX: usize = 512;

/// How soon it is tried again to write to a file that took no more: an operator who made room sees it at once.
pub const RETRY: Duration = Duration::from_secs(1);

/// How long records may be without an anchor: what somebody who takes the host can cut off unseen is at most this old.
pub const ANCHOR_DELAY: Duration = Duration::from_secs(60);

/// Messages taken before the key file is updated: a restart after a kill finds the rest at the end of the audit file.
pub const BATCH: usize = 256;

/// How often the program's log tells that the audit log cannot be written.
pub const REMINDER: Duration = Duration::from_secs(60);

/// Stack of the thread that writes: formatting and HMAC, a few KiB.
pub const STACK: usize = 256 * 1024;
