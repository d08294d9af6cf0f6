//! The MCP server that flags of `run` ask for in this process. It is no setting: no variable and no file can turn it on
//! (contract: cli, section 13).

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::socket_path;
use crate::limits::STUB_TEXT_MAX;

/// What the embedded MCP stub is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// How it keeps callers apart.
    pub mode: EmbeddedMode,
    /// Where it listens.
    pub place: EmbeddedPlace,
    /// Name in its answers: not blank, no control characters.
    pub name: String,
    /// Version in its answers, likewise.
    pub version: String,
}

/// How the embedded MCP stub keeps callers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddedMode {
    /// A session for each caller that initializes, none for self-contained requests.
    Stateful,
    /// No sessions at all.
    Stateless,
}

impl EmbeddedMode {
    /// The flag that asks for it, without dashes.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Stateful => "embedded-mcp-stub",
            Self::Stateless => "embedded-stateless-mcp-stub",
        }
    }
}

/// Where the embedded MCP stub listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbeddedPlace {
    /// A loopback address; port 0 lets the kernel choose.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

impl EmbeddedPlace {
    /// Reads `HOST:PORT`.
    ///
    /// # Errors
    /// The end of a sentence about the flag.
    pub fn listen_addr(text: &OsStr) -> Result<Self, String> {
        let text = text.to_str().map(str::trim).unwrap_or_default();
        let by_name = text
            .rsplit_once(':')
            .filter(|(host, _)| host.eq_ignore_ascii_case("localhost"));
        let is_number = |port: &&str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let addr = match by_name {
            Some((_, port)) => Some(port)
                .filter(is_number)
                .and_then(|port| port.parse().ok())
                .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            None => text.parse().ok(),
        };
        let addr = addr.ok_or("is no IP address with a port; write one such as 127.0.0.1:0")?;
        if !addr.ip().to_canonical().is_loopback() {
            return Err(
                "is an address that other hosts reach, and the stub answers everybody; write a loopback address such as 127.0.0.1:0"
                    .to_owned(),
            );
        }
        Ok(Self::Tcp(addr))
    }

    /// Reads the path of a unix socket.
    ///
    /// # Errors
    /// The end of a sentence about the flag.
    pub fn unix_socket(path: &OsStr) -> Result<Self, String> {
        let path = socket_path(PathBuf::from(path))?;
        let absolute = std::path::absolute(path).map_err(|error| format!("is no path: {error}"))?;
        Ok(Self::Unix(absolute))
    }
}

/// Reads a name or a version of the stub.
///
/// # Errors
/// The end of a sentence about the flag.
pub fn embedded_text(text: &OsStr) -> Result<String, String> {
    let text = text.to_str().map(str::trim).ok_or("is not UTF-8 text")?;
    if text.is_empty() || text.chars().count() > STUB_TEXT_MAX || text.chars().any(char::is_control) {
        return Err(format!(
            "has to be 1 to {STUB_TEXT_MAX} characters without control characters"
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn only_loopback_addresses_are_taken() {
        for (text, bound) in [
            ("127.0.0.1:0", "127.0.0.1:0"),
            (" 127.9.9.9:80 ", "127.9.9.9:80"),
            ("LocalHost:3000", "127.0.0.1:3000"),
            ("[::1]:3000", "[::1]:3000"),
            ("[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1"),
        ] {
            let place = EmbeddedPlace::listen_addr(OsStr::new(text)).unwrap();
            assert_eq!(place, EmbeddedPlace::Tcp(bound.parse().unwrap()), "{text}");
        }
        for (text, gist) in [
            ("0.0.0.0:0", "other hosts reach"),
            ("192.0.2.1:80", "other hosts reach"),
            ("[::]:0", "other hosts reach"),
            ("[::ffff:192.0.2.1]:1", "other hosts reach"),
            ("", "no IP address"),
            (":0", "no IP address"),
            ("127.0.0.1", "no IP address"),
            ("localhost:", "no IP address"),
            ("localhost:+1", "no IP address"),
            ("localhost:65536", "no IP address"),
            ("host.example:1", "no IP address"),
        ] {
            let error = EmbeddedPlace::listen_addr(OsStr::new(text)).unwrap_err();
            assert!(error.contains(gist), "{text}: {error}");
        }
    }

    #[test]
    fn texts_are_bounded_and_hold_no_control_characters() {
        assert_eq!(embedded_text(OsStr::new(" démo ")).unwrap(), "démo");
        assert!(embedded_text(OsStr::new(&"é".repeat(STUB_TEXT_MAX))).is_ok());
        for text in ["", " ", "a\u{1b}[31m", "a\nb", &"x".repeat(STUB_TEXT_MAX + 1)] {
            assert!(embedded_text(OsStr::new(text)).is_err(), "{text:?}");
        }
    }
}
