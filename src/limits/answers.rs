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
