//! The status page.

use secrecy::SecretString;

/// What the status page may show, and to whom.
#[derive(Debug, Clone)]
pub struct Page {
    /// Asked for over TCP always, and over a unix socket if there is one. There is one unless the listener is a unix socket.
    pub token: Option<SecretString>,
    /// Peers on other hosts may ask.
    pub allow_remote: bool,
    /// Log lines that are kept for it.
    pub log_lines: usize,
}
