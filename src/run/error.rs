//! Why the daemon could not start, or had to end.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::audit;
use crate::broker;
use crate::mcp::servers;
use crate::mcp::stdio::Exposure;
use crate::net::{BadHeader, NetworkError};
use crate::ops::{embedded, files, janitor, listener};
use crate::sandbox;
use crate::tls;

/// Why the daemon could not start.
#[derive(Debug)]
pub enum Error {
    /// The broker of stdio servers cannot be started, or is gone.
    Broker(broker::Error),
    /// The log cannot be written.
    Log(io::Error),
    /// Records of the audit log cannot be forwarded.
    Records(io::Error),
    /// The audit log cannot be used.
    Audit(audit::Error),
    /// TLS cannot be set up.
    Tls(Arc<tls::Error>),
    /// The configuration holds what cannot be sent.
    Header(BadHeader),
    /// The health listener cannot be bound.
    Health(listener::BindError),
    /// The embedded MCP stub cannot be bound.
    Stub(embedded::Error),
    /// A file cannot be written.
    File(files::Error),
    /// Nothing would remove the written files.
    Janitor(janitor::Error),
    /// An MCP server cannot be served.
    Server(servers::Error),
    /// The cage of the server of a channel is not possible here.
    ServerCage(String, sandbox::Error),
    /// Another server can replace the program of a server that must not start in that case.
    Exposed(Exposure),
    /// A layer of the sandbox is not in force.
    Sandbox(sandbox::Error),
    /// The system refuses a thread, a signal handler or an event queue.
    System(&'static str, io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker(error) => error.fmt(f),
            Self::Log(error) => write!(f, "the log (log.file, LOG_FILE) cannot be opened: {error}"),
            Self::Records(error) => write!(f, "audit.forward: {error}"),
            Self::Audit(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Header(error) => error.fmt(f),
            Self::Health(error) => error.fmt(f),
            Self::Stub(error) => error.fmt(f),
            Self::File(error) => error.fmt(f),
            Self::Janitor(error) => error.fmt(f),
            Self::Server(error) => error.fmt(f),
            Self::ServerCage(channel, error) => write!(f, "mcp.commands of channel {channel}: {error}"),
            Self::Exposed(exposure) => exposure.fmt(f),
            Self::Sandbox(error) => error.fmt(f),
            Self::System(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// Whether it ended a daemon that had started.
    #[must_use]
    pub fn is_late(&self) -> bool {
        matches!(self, Self::Broker(broker::Error::Lost(_)))
    }
}

impl From<NetworkError> for Error {
    fn from(error: NetworkError) -> Self {
        match error {
            NetworkError::Tls(error) => Self::Tls(Arc::new(error)),
            NetworkError::Thread(error) => Self::System("a thread for name resolution", error),
            NetworkError::Cage(error) => Self::Sandbox(error),
        }
    }
}
