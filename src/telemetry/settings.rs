//! The settings of the log.

use std::path::PathBuf;

/// Where and how log lines are written.
#[derive(Debug, Clone)]
pub struct Log {
    /// The lowest level that is written.
    pub level: log::LevelFilter,
    /// The form of a line.
    pub format: LogFormat,
    /// A file to append to (0600), instead of the format's default stream.
    pub file: Option<PathBuf>,
    /// Where else they go, instead of a stream or a file.
    pub target: LogTarget,
}

/// Where log records go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// A standard stream, or a file.
    Stream,
    /// journald(8), by its own protocol.
    Journal,
    /// A syslog server of this host that takes datagrams at this path.
    Syslog {
        /// Number of the facility (RFC 5424, section 6.2.1).
        facility: u8,
        /// The socket.
        socket: PathBuf,
    },
    /// A syslog server that a connection leads to; the configuration says which.
    SyslogServer {
        /// Number of the facility (RFC 5424, section 6.2.1).
        facility: u8,
        /// Its address, for people.
        shown: String,
    },
}

/// The form of a log line and its default stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `2026/11/23 01:02:03 LEVEL message k=v`, to stderr.
    Plain,
    /// `time=... level=... msg=... k=v`, to stdout.
    StructText,
    /// One JSON object a line, to stdout.
    Json,
}
