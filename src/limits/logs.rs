//! Bounds of the log and of its redaction.

use std::time::Duration;

use super::{BINDINGS_MAX, EXTRA_HEADERS_MAX};

/// How often a text is searched for what looks like a secret; the second search finds nothing but in texts made to be hard.
pub const SCRUB_PASSES: usize = 4;
/// Bytes of a URL in which its user information is looked for past the place where it should have ended.
pub const USERINFO_MAX: usize = 512;
/// Bytes of a value that tell whether it is a secret: a token shows within a line, and an identifier with its URL as well. What is one is
/// taken out to its end; what is not costs no more than this, however often its name stands there.
pub const VALUE_LOOK: usize = 1024;
/// Bytes after `-----BEGIN` in which the end of the label is looked for; the longest in use have about 30.
pub const PEM_LABEL_MAX: usize = 64;
/// Bytes of one message or value in a log line, after scrubbing.
pub const LOG_TEXT_MAX: usize = 8 * 1024;
/// Fields of one log record; ours have a handful.
pub const LOG_FIELDS_MAX: usize = 32;
/// Files in a directory of logs that are looked at; one that holds more is not known to hold logs alone.
pub const LOG_DIRECTORY_MAX: usize = 4096;
/// How often it is told on standard error that the log cannot be written; a disk can be full and not full many times a second.
pub const LOG_LOSS_REMINDER: Duration = Duration::from_secs(60);
/// Bytes of records that wait because the reader of the log takes nothing: some minutes at info.
pub const LOG_QUEUE_BYTES: usize = 256 * 1024;
/// Records that wait; short ones cost more than their bytes.
pub const LOG_QUEUE_RECORDS: usize = 2048;
/// Time between attempts to write what waits.
pub const LOG_RETRY: Duration = Duration::from_millis(200);
/// Time between attempts to say that lines were lost, while nothing waits: a disk is full for longer than a reader is slow.
pub const LOG_LOSS_RETRY: Duration = Duration::from_secs(1);
/// How long the end of the process waits for a reader that takes nothing.
pub const LOG_LAST_WAIT: Duration = Duration::from_millis(500);
/// The same for a log server, which may have to be connected to first.
pub const LOG_SERVER_LAST_WAIT: Duration = Duration::from_secs(2);
/// How long a log server, or a socket of this host, may take nothing of the log or of the audit log before that counts as broken.
pub const LOG_SERVER_STALL: Duration = Duration::from_secs(30);
/// Bytes that a log server may send over one connection: it has nothing to say, but may greet.
pub const LOG_SERVER_UNEXPECTED: usize = 4 * 1024;
/// Pauses between attempts to reach a log server; the longest for a socket of this host, which is back soon after a restart.
pub const LOG_SERVER_PAUSE: Duration = Duration::from_secs(1);
/// The longest of these pauses.
pub const LOG_SERVER_PAUSE_MAX: Duration = Duration::from_secs(30);
/// Bytes that are handed to a log server in one write.
pub const LOG_BATCH_BYTES: usize = 16 * 1024;
/// What a pipe takes at once when it has room (`PIPE_BUF`, pipe(7)).
pub const PIPE_WRITE_MAX: usize = 4096;
/// Bytes of the fields of one record for journald; with the message it stays far below the size of a datagram (`net.core.wmem_default`, 208 KiB).
pub const JOURNAL_FIELDS_MAX: usize = 48 * 1024;
/// Bytes of the message of one record for journald, whose own bound for a line is 48 KiB.
pub const JOURNAL_TEXT_MAX: usize = 48 * 1024;
/// Characters of a field's name; journald drops longer ones.
pub const JOURNAL_NAME_MAX: usize = 64;
/// Bytes of header and structured data of a syslog message; servers take 8 KiB in all by default (rsyslog).
pub const SYSLOG_FIELDS_MAX: usize = 4 * 1024;
/// Bytes of the text of a syslog message.
pub const SYSLOG_TEXT_MAX: usize = 3 * 1024 + 512;
/// Characters of a parameter's name (RFC 5424, section 6).
pub const SYSLOG_NAME_MAX: usize = 32;
/// Characters of a host's name (RFC 5424, section 6).
pub const SYSLOG_HOSTNAME_MAX: usize = 255;
/// What a line buffer keeps between lines.
pub const LOG_BUFFER_KEEP: usize = 4 * 1024;
/// Secrets known to the scrubber at once: the extra headers of three settings, twice where a scheme stands before the
/// credentials, a few variables of each stdio server, proxies' credentials, and keys, those in force and those they replaced.
pub const PROTECTED_MAX: usize = 3 * 2 * EXTRA_HEADERS_MAX + 8 * BINDINGS_MAX + 128;
/// Layers of escapes that the search for secrets removes: JSON in JSON in a URL.
pub const SCRUB_ROUNDS: usize = 3;
/// A shorter secret is not searched for: it would blank out ordinary words.
pub const PROTECTED_LEN_MIN: usize = 6;
/// A shorter line of a secret of several lines is not searched for alone: brackets and names of members are no secrets.
pub const PROTECTED_LINE_MIN: usize = 16;
/// Lines of a secret that are searched for alone: those of a PEM file with a key of RSA and its headers.
pub const PROTECTED_LINES_MAX: usize = 64;
