//! Bounds of the status page and of `/api` (contract: status, section 2).

use std::time::Duration;

use super::{KIB, MIB};

/// Characters of the token that are not `=`: 16 random ones of 64 have 96 bits (contract: status, section 1).
pub const PAGE_TOKEN_MIN: usize = 16;
/// Characters of the token; every client of HTTP sends as many in a header (contract: status, section 1).
pub const PAGE_TOKEN_MAX: usize = 256;
/// Answers of `/api` that are in flight: a page asks for four things at once (contract: status, section 2).
pub const API_ANSWERS: usize = 8;
/// Streams among them, so that half of the places are left for questions (contract: status, section 2).
pub const API_STREAMS: usize = 4;
/// Support bundles among them (contract: status, section 10). One takes some 5 MiB while a full log is packed, and half a second of
/// the thread that carries the tunnel, in steps of `BUNDLE_WINDOW`.
pub const API_EXPORTS: usize = 1;
/// A connection with a support bundle, after the time of any connection: packing takes seconds on a slow machine, and an archive of a
/// hundred kilobytes passes any line within this (contract: status, section 10).
pub const API_EXPORT_MAX: Duration = Duration::from_secs(60);
/// Age of the lines in a support bundle for a request that names none (contract: status, section 10).
pub const EXPORT_MINUTES: usize = 30;
/// The same at most: a day (contract: status, section 10).
pub const EXPORT_MINUTES_MAX: usize = 1440;
/// One JSON answer (contract: status, section 2).
pub const API_BODY_MAX: usize = 256 * KIB;
/// Bytes of an answer that are handed to the connection at once; the rest holds its place until they are taken.
pub const API_CHUNK: usize = 16 * KIB;
/// How long a reader of an answer may take nothing (contract: status, section 2).
pub const ANSWER_STALL: Duration = Duration::from_secs(10);
/// One stream of log lines (contract: status, section 2).
pub const API_STREAM_MAX: Duration = Duration::from_secs(30 * 60);
/// Silence after which a stream sends a comment, so that neither end takes the other for gone (contract: status, section 7).
pub const API_STREAM_PING: Duration = Duration::from_secs(15);
/// The body of a request that changes the level of the log (contract: status, section 8).
pub const API_REQUEST_MAX: usize = KIB;
/// How long such a body may take to arrive: as long as the head of a request.
pub const API_REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// The query of a request; the longest that is accepted has twelve characters.
pub const API_QUERY_MAX: usize = 64;
/// Time between two log lines about requests without a valid token: anybody on this host can provoke them (contract: status, section 2).
pub const REFUSALS_LINE_INTERVAL: Duration = Duration::from_secs(10);
/// Text of the log lines that are kept, with [`KEPT_LINE_COST`] for each (contract: status, section 6).
pub const KEPT_LINES_BYTES: usize = MIB;
/// What a kept line costs beside its text: its place, and the allocator's own.
pub const KEPT_LINE_COST: usize = 48;
/// Lines of one answer (contract: status, section 6).
pub const API_LINES_MAX: usize = 5000;
/// Lines of an answer to a request that names no number (contract: status, section 6).
pub const API_LINES: usize = 200;
/// Calls that are kept (contract: status, section 5).
pub const RECENT_CALLS: usize = 100;
/// Calls of an answer to a request that names no number (contract: status, section 5).
pub const API_CALLS: usize = 50;
/// Characters of a name in a kept call; those of methods and tools have some twenty.
pub const RECENT_NAME_MAX: usize = 64;
/// Characters of a request's id in a kept call.
pub const RECENT_ID_MAX: usize = 128;
/// Warnings of the configuration that `/api/status` repeats.
pub const API_WARNINGS_MAX: usize = 50;
/// Reading one answer for `tunnel-client status`.
pub const STATUS_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of `/proc/net/tcp` that are looked through for the owner of a listener: some 25,000 sockets.
pub const SOCKET_TABLE_MAX: u64 = 4 * 1024 * 1024;
/// Time between two looks of `tunnel-client status --watch`.
pub const WATCH_INTERVAL: Duration = Duration::from_secs(2);
/// Calls that `tunnel-client status` shows.
pub const STATUS_CALLS: usize = 5;
/// Columns of `tunnel-client status`.
pub const STATUS_COLUMNS: usize = 80;
