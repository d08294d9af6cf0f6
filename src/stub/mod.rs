//! The embedded MCP stub: a small MCP server in this process, for a first try of a tunnel (contract: cli, section 13).
//!
//! It is reached over HTTP as every other MCP server is. It asks nobody who they are, so it listens on this host only.

#![forbid(unsafe_code)]

mod discovery;
mod http;
mod protocol;
mod sessions;
mod tools;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::net::{TcpListener, UnixListener};

use sessions::Sessions;

/// A bound listener.
#[derive(Debug)]
pub enum Listener {
    /// TCP, at a loopback address.
    Tcp(TcpListener),
    /// A unix socket.
    Unix(UnixListener),
}

/// The names that a stub goes by.
#[derive(Debug, Clone)]
pub struct About {
    /// Name in answers.
    pub name: String,
    /// Version in answers.
    pub version: String,
    /// Scheme, host and port of its URLs.
    pub origin: String,
}

/// The server.
#[derive(Debug)]
pub struct Stub {
    about: About,
    /// `None`: there are none, whatever callers send.
    sessions: Option<Sessions>,
}

impl Stub {
    /// A stub that nobody has called. `is_stateless`: it opens no sessions.
    #[must_use]
    pub fn new(about: About, is_stateless: bool) -> Self {
        Self {
            about,
            sessions: (!is_stateless).then(Sessions::default),
        }
    }

    /// Serves until it is dropped.
    pub async fn serve(self, listener: Listener) {
        http::serve(&Arc::new(self), &listener).await;
    }
}
