//! Bounds of the embedded MCP stub (contract: cli, section 13).

use std::time::Duration;

use super::KIB;

/// Connections that are served at once; the rest waits in the kernel's queue. Each carries one request, which takes microseconds.
pub const STUB_CONNECTIONS: usize = 16;
/// The head of a request must arrive within this, so that silent connections keep out a call for no longer.
pub const STUB_HEADER_TIMEOUT: Duration = Duration::from_secs(2);
/// One connection, from its head to the last byte of its answer.
pub const STUB_TIMEOUT: Duration = Duration::from_secs(10);
/// The body of a request. A demo sends sentences; messages of this size do not draw on the budget of large ones.
pub const STUB_BODY_MAX: usize = 128 * KIB;
/// Sessions that are open; the one that was used longest ago gives way to a new one. Each takes some 80 bytes.
pub const STUB_SESSIONS: usize = 64;
/// A session that nobody used for this long has ended: callers that leave do not always say so.
pub const STUB_SESSION_IDLE: Duration = Duration::from_secs(60 * 60);
/// Characters of the stub's name, and of its version: they are part of most answers.
pub const STUB_TEXT_MAX: usize = 128;
