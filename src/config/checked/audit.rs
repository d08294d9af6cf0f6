//! The audit log.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use audit_log::OnFailure;

use super::{LogServer, LogTarget};

/// Where records of commands go, and what happens when they cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// File that records are appended to.
    pub file: PathBuf,
    /// Key file of the chain; without one, records are not sealed.
    pub key_file: Option<PathBuf>,
    /// What happens while records cannot be written.
    pub on_failure: OnFailure,
    /// Records between two anchors.
    pub anchor_every: usize,
    /// The second place of records.
    pub forward: Option<Forward>,
}

impl Audit {
    /// The syslog server that records are forwarded to, when a connection leads to it.
    #[must_use]
    pub fn server(&self) -> Option<&LogServer> {
        self.forward.as_ref()?.server.as_ref()
    }
}

/// Where records are forwarded to, once the file has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Any but [`LogTarget::Stream`].
    pub target: LogTarget,
    /// The server of [`LogTarget::SyslogServer`].
    pub server: Option<LogServer>,
    /// Bytes of records that may wait in the file; of more, the oldest are not forwarded.
    pub backlog: u64,
    /// File that remembers how far records were forwarded.
    pub position: PathBuf,
}

impl Forward {
    /// The file of the position of an audit file: beside it, under its name.
    #[must_use]
    pub fn position_of(file: &Path) -> PathBuf {
        beside(file, ".forwarded")
    }

    /// The name that a rotation usually gives an audit file (logrotate(8)).
    #[must_use]
    pub fn rotated(file: &Path) -> PathBuf {
        beside(file, ".1")
    }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}
