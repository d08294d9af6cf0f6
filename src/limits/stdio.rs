//! Bounds of MCP over stdio.

use std::time::Duration;

use super::{KIB, MIB};

/// One message from a child.
pub const STDIO_MESSAGE_MAX: usize = 64 * MIB;
/// What is asked of the pipe with one read.
pub const STDIO_READ: usize = 16 * KIB;
/// Most bytes that one read takes from the pipe: the capacity of a pipe (pipe(7)).
pub const STDIO_READ_MAX: usize = 64 * KIB;
/// Capacity that the buffer of a pipe keeps between messages.
pub const STDIO_BUFFER_KEEP: usize = 64 * KIB;
/// Messages that may wait for the pipe to the child; callers wait behind it.
pub const STDIO_WRITE_QUEUE: usize = 64;
/// Messages coalesced into one write.
pub const STDIO_WRITE_BATCH: usize = 32;
/// Messages of this size or more are written by themselves, without a copy.
pub const STDIO_LINE_LARGE: usize = 64 * KIB;
/// Bytes of such messages that may wait for the pipe to one child. A longer one waits until the pipe has no other.
pub const STDIO_LINES_LARGE: usize = 4 * MIB;
/// Server messages that may wait for the delivery of one call's notifications.
pub const STDIO_INBOX_MESSAGES: usize = 1024;
/// Bytes of such messages of all calls of one server.
pub const STDIO_INBOX_BYTES: usize = 8 * MIB;
/// Messages that a child may write as one array.
pub const STDIO_BATCH_MAX: usize = 1000;
/// Time after an unanswered call, and after any message of another caller, in which the child's output may still belong to it:
/// longer than tools that report after their answer take, short enough for a pipe with few callers.
pub const STDIO_AFTERMATH: Duration = Duration::from_secs(30);
/// Such calls that are remembered; older ones are forgotten first.
pub const STDIO_AFTERMATH_MAX: usize = 1024;
/// Calls in a row without an answer, while the child wrote nothing for [`STDIO_SILENCE`]: it is taken for hung and
/// restarted.
pub const STDIO_HUNG_CALLS: usize = 16;
/// See [`STDIO_HUNG_CALLS`].
pub const STDIO_SILENCE: Duration = Duration::from_secs(60);
/// Calls in a row without an answer, while the child wrote nothing for [`STDIO_SILENT_TIME`]: health says so. As many as probes of a
/// silent server over HTTP.
pub const STDIO_SILENT_CALLS: usize = 3;
/// See [`STDIO_SILENT_CALLS`]: a server that does one thing at a time may be busy.
pub const STDIO_SILENT_TIME: Duration = Duration::from_secs(5);
/// A child's own requests that wait for a caller's answer.
pub const STDIO_SERVER_REQUESTS_MAX: usize = 1024;
/// Sessions that may be open on one stdio server, each some 130 bytes; beyond this, the caller with most loses the one that it used least
/// recently. Callers open one each time they connect, and few end theirs.
pub const STDIO_SESSIONS_MAX: usize = 4096;
/// Characters of an id or token of ours as a server returns it: a number of 20 digits in any notation.
pub const STDIO_NUMBER_MAX: usize = 64;
/// Characters of a child's line that messages show: enough to recognize it.
pub const STDIO_SHOWN_MAX: usize = 80;
/// Bytes of a line that are looked at for these, so that a secret that begins among them is recognized.
pub const STDIO_SHOWN_READ: usize = 4 * KIB;
/// How long a call waits for its answer after a line that was meant as one and is none: some servers print their answers twice.
pub const STDIO_SUSPECT_GRACE: Duration = Duration::from_millis(200);
/// How long a whole message waits for its line end, which some servers leave out.
pub const STDIO_LINE_END_WAIT: Duration = Duration::from_secs(1);
/// Warnings of one kind about one server that are logged within [`SERVER_WARNINGS_TIME`].
pub const SERVER_WARNINGS: u32 = 10;
/// See [`SERVER_WARNINGS`].
pub const SERVER_WARNINGS_TIME: Duration = Duration::from_secs(60);
/// Bytes of a child's output that are processed before others have their turn: a few milliseconds of parsing.
pub const STDIO_TURN: usize = 64 * KIB;
/// How long a call waits for a child that is being restarted.
pub const STDIO_READY_WAIT: Duration = Duration::from_secs(20);
/// Answer to the `initialize` that is replayed to a restarted child.
pub const STDIO_REPLAY_TIMEOUT: Duration = Duration::from_secs(15);
/// First and last pause before a restart.
pub const STDIO_RESTART_MIN: Duration = Duration::from_millis(100);
/// See [`STDIO_RESTART_MIN`].
pub const STDIO_RESTART_MAX: Duration = Duration::from_secs(30);
/// A child that lived this long ends a crash loop.
pub const STDIO_STABLE: Duration = Duration::from_secs(30);
/// Quick exits in a row that make a crash loop.
pub const STDIO_CRASH_LOOP: u32 = 3;
/// After a child ended, what it had written is read for at most this long.
pub const STDIO_LAST_WORDS: Duration = Duration::from_secs(1);
/// Between closing a child's stdin and SIGTERM, and between SIGTERM and SIGKILL.
pub const STDIO_STOP_STEP: Duration = Duration::from_secs(2);

/// Parameters of a request that is observed (contract: ops, section 10).
pub const OBSERVED_PARAMS_MAX: usize = 8 * KIB;
/// An answer that is observed (contract: ops, section 10).
pub const OBSERVED_RESULT_MAX: usize = MIB;
/// A cursor of `tools/list`, of which a hash is kept (contract: ops, section 10).
pub const OBSERVED_CURSOR_MAX: usize = 4 * KIB;
/// Pages of `tools/list` that are followed (contract: ops, section 10).
pub const OBSERVED_PAGES_MAX: usize = 32;
/// Names of tools that are kept (contract: ops, section 10).
pub const OBSERVED_NAMES_MAX: usize = 256;
/// One of them (contract: ops, section 10).
pub const OBSERVED_NAME_MAX: usize = 128;
/// All of them as JSON (contract: ops, section 10).
pub const OBSERVED_NAMES_BYTES: usize = 16 * KIB;
/// Versions of MCP of a server (contract: ops, section 10).
pub const OBSERVED_VERSIONS_MAX: usize = 32;
/// A name or version that a server gives itself (contract: ops, section 10).
pub const OBSERVED_TEXT_MAX: usize = 256;
