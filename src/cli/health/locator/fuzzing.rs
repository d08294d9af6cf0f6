//! URL files of health listeners.

use std::path::PathBuf;

use super::Base;
pub use crate::limits::UNIX_SOCKET_PATH_MAX;

/// A listener.
#[derive(Debug, PartialEq, Eq)]
pub struct Listener {
    /// As it is shown.
    pub text: String,
    /// Host in the form of a URL, and port.
    pub host: (String, u16),
    /// The socket that is connected to instead.
    pub socket: Option<PathBuf>,
    /// Encrypted.
    pub tls: bool,
    /// What is asked for.
    pub path: String,
}

/// Reads the text of a file, or a URL that an operator gives.
#[must_use]
pub fn locate(text: &str, is_file: bool) -> Option<Listener> {
    let base = if is_file {
        Base::written(text)
    } else {
        Base::parse(text)
    }
    .ok()?;
    Some(Listener {
        text: base.to_string(),
        host: (base.url.host.clone(), base.url.port),
        path: base.path("/healthz"),
        tls: base.url.tls,
        socket: base.socket,
    })
}
