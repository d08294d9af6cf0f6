//! Bounds of what may be configured and logged, each with its reason.
//!
//! They stand apart from [`crate::limits`] only because they bound what an operator writes, not what peers send.

use std::time::Duration;

/// Places in the local queue (spec: config, section 2).
pub(crate) const INFLIGHT_MAX: usize = 10_000;
/// Commands that may run at once; more than the queue can hold would never be used.
pub(crate) const CONCURRENT_MAX: usize = 10_000;
/// Poll timeout and guardrail together (spec: config, section 2).
pub(crate) const POLL_TOTAL_MAX: Duration = Duration::from_secs(600);
/// The guardrail stays below this (spec: config, section 2).
pub(crate) const GUARDRAIL_LIMIT: Duration = Duration::from_secs(60);
/// Every time that may not be zero: the wire counts in whole milliseconds.
pub(crate) const TIME_MIN: Duration = Duration::from_millis(1);
/// Any other time: longer ones are slips, and clock arithmetic stays far from overflow.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// Characters of one duration; the longest sensible one has a dozen.
pub(crate) const DURATION_TEXT_MAX: usize = 64;
/// Bytes of one URL; servers commonly refuse request lines above 8 KiB.
pub(crate) const URL_MAX: usize = 8 * 1024;
/// Bytes of the organization id, which becomes a header.
pub(crate) const ORGANIZATION_ID_MAX: usize = 256;
/// Bytes of an API key, which becomes a header.
pub(crate) const API_KEY_MAX: usize = 4 * 1024;
/// Bytes of a file that holds one secret; the buffer is allocated whole, so that it never moves.
pub(crate) const SECRET_FILE_MAX: usize = 16 * 1024;
/// Channels, each with its own MCP server.
pub(crate) const BINDINGS_MAX: usize = 256;
/// Patterns of passed environment variables; each is tried for each variable at every start of a child.
pub(crate) const PASS_ENV_MAX: usize = 256;
/// Characters of a wrong value that a message repeats.
pub(crate) const ECHO_MAX: usize = 40;

/// Bytes of one message or value in a log line, after scrubbing.
pub(crate) const LOG_TEXT_MAX: usize = 8 * 1024;
/// Fields of one log record; ours have a handful.
pub(crate) const LOG_FIELDS_MAX: usize = 32;
/// What a line buffer keeps between lines.
pub(crate) const LOG_BUFFER_KEEP: usize = 4 * 1024;
/// Secrets known to the scrubber at once: the key in force and those it replaced.
pub(crate) const PROTECTED_MAX: usize = 64;
/// A shorter secret is not searched for: it would blank out ordinary words.
pub(crate) const PROTECTED_LEN_MIN: usize = 6;
