//! The syslog server that log records are sent to over a connection.

use super::Identity;
use crate::config::values::HttpUrl;

/// A syslog server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogServer {
    /// Host, port, and whether TLS is spoken; the scheme stands for syslog's own.
    pub url: HttpUrl,
    /// The client certificate that it is shown.
    pub identity: Option<Identity>,
}

impl LogServer {
    /// The address as the configuration writes it.
    #[must_use]
    pub fn shown(&self) -> String {
        let scheme = if self.url.tls { "tls" } else { "tcp" };
        match self.url.host.contains(':') {
            true => format!("{scheme}://[{}]:{}", self.url.host, self.url.port),
            false => format!("{scheme}://{}:{}", self.url.host, self.url.port),
        }
    }
}
