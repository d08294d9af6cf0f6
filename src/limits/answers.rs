//! Bounds of what is read in answers of MCP servers over HTTP beside the answer itself.

use super::STDIO_BATCH_MAX;

/// Characters of an MCP server's own words in an error for its caller: a sentence, not a page.
pub const SERVER_TEXT_MAX: usize = 500;
/// Messages that a server may send as one array; as many as on a pipe.
pub const HTTP_BATCH_MAX: usize = STDIO_BATCH_MAX;
/// Events of one call that are no part of it (heartbeats as data, answers to others): one every ten seconds for a day.
pub const ODD_EVENTS_MAX: u32 = 10_000;
/// Bytes of the name of an odd event in a log line.
pub const ODD_NAME_MAX: usize = 40;

/// How many times its packed size an answer may have once [`UNPACK_FREE`] is passed. JSON has 5 to 20 times, a log that repeats
/// itself a hundred; deflate can reach a thousand.
pub const UNPACK_RATIO_MAX: u64 = 256;
/// Bytes that are unpacked before their ratio counts: short answers may repeat themselves.
pub const UNPACK_FREE: u64 = 1 << 20;
/// Members of a gzip body: each may hold one event, and takes work as tens of KiB do even if it is empty.
pub const UNPACK_MEMBERS_MAX: u32 = 10_000;
/// Packed bytes that are unpacked at once: they can become a thousand times as many.
pub const UNPACK_STEP: usize = 512;

/// Bytes of a session id, from a server to its caller and back: some servers put a signed state into it. As many as
/// `tunnel-relay` takes.
pub const SESSION_ID_MAX: usize = 16 * 1024;

/// Characters of a caller's name for its request, as it is logged: enough for a UUID, a trace id, or several of them. A longer one is
/// forwarded and not logged.
pub const CALLER_REQUEST_ID_MAX: usize = 128;
