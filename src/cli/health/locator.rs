//! Where the health listener is: from a URL, the daemon's URL file, or a port.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::str;

use crate::config::HttpUrl;
use crate::limits::{HEALTH_URL_FILE_MAX, UNIX_SOCKET_PATH_MAX};
use crate::secrets::{Disk, Files as _};

/// How the operator names the listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Locator {
    /// `--url`.
    Url(String),
    /// `--url-file`: what the daemon wrote to `health.url_file`.
    UrlFile(PathBuf),
    /// `--port` on the loopback address.
    Port(u16),
}

/// The base URL of a health listener.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// How it is connected to, and the path before `/healthz`.
    pub(super) url: HttpUrl,
    /// The unix socket that is connected to instead of the URL's host.
    pub(super) socket: Option<PathBuf>,
    /// As shown: what the operator gave, without `/healthz` at its end.
    text: String,
}

impl Locator {
    /// The base URL.
    pub(super) fn resolve(&self) -> Result<Base, String> {
        match self {
            Self::Url(text) => Base::parse(text),
            Self::UrlFile(path) => {
                let name = path.display();
                let contents = Disk
                    .read(path, HEALTH_URL_FILE_MAX)
                    .map_err(|error| format!("read {name}: {error}"))?;
                let text = str::from_utf8(&contents).map_err(|_| format!("{name} is no text"))?.trim();
                if text.is_empty() {
                    return Err(format!("{name} is empty"));
                }
                Base::parse(text).map_err(|problem| format!("{name}: {problem}"))
            }
            Self::Port(port) => Base::parse(&format!("http://127.0.0.1:{port}")),
        }
    }
}

impl Base {
    /// Reads `http://`, `https://` or `http+unix://` and the encoded path of a socket.
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_end_matches('/');
        let text = ["/healthz", "/readyz"]
            .iter()
            .find_map(|path| text.strip_suffix(path))
            .unwrap_or(text)
            .trim_end_matches('/');
        if let Some(encoded) = text.strip_prefix("http+unix://") {
            return Self::of_socket(text, encoded);
        }
        let mut url = HttpUrl::parse(text).map_err(|problem| format!("the URL {problem}"))?;
        if url.path_and_query.contains('?') || text.contains('#') {
            return Err("the URL has a query or a fragment; remove it".to_owned());
        }
        url.path_and_query.truncate(url.path_and_query.trim_end_matches('/').len());
        Ok(Self {
            text: format!("{}{}", url.origin(), url.path_and_query),
            url,
            socket: None,
        })
    }

    fn of_socket(text: &str, encoded: &str) -> Result<Self, String> {
        let path = decode_base64url(encoded)
            .filter(|path| path.starts_with(b"/") && path.len() <= UNIX_SOCKET_PATH_MAX && !path.contains(&0))
            .ok_or("the URL does not hold the path of a unix socket; write http+unix:// and the path in base64url")?;
        // Whatever stands in the Host header: the socket decides who is asked.
        let url = HttpUrl::parse("http://localhost").map_err(|problem| problem.to_string())?;
        Ok(Self {
            url: HttpUrl {
                path_and_query: String::new(),
                ..url
            },
            socket: Some(Path::new(OsStr::from_bytes(&path)).to_owned()),
            text: text.to_owned(),
        })
    }

    /// The path to ask for.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.url.path_and_query)
    }

    /// The URL of a path, as shown.
    pub(super) fn shown(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// RFC 4648, section 5, without padding. `None` for anything else, lengths that no encoder gives included.
fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for byte in group {
            bits = bits << 6 | u32::from(sextet(*byte)?);
        }
        bits <<= 6 * (4 - group.len());
        let [_, bytes @ ..] = bits.to_be_bytes();
        let (kept, rest) = bytes.split_at_checked(group.len().checked_sub(1)?)?;
        if kept.is_empty() || rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        decoded.extend_from_slice(kept);
    }
    Some(decoded)
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_probe_path_at_the_end_is_not_part_of_the_base() {
        for (text, base, path) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "/readyz"),
            ("http://127.0.0.1:8080/healthz", "http://127.0.0.1:8080", "/readyz"),
            (" http://h/readyz/ ", "http://h", "/readyz"),
            ("https://h:8443/app/healthz", "https://h:8443/app", "/app/readyz"),
        ] {
            let parsed = Base::parse(text).unwrap();
            assert_eq!(
                (parsed.to_string().as_str(), parsed.path("/readyz").as_str()),
                (base, path)
            );
            assert_eq!(parsed.shown("/metrics"), format!("{base}/metrics"));
        }
    }

    #[test]
    fn a_socket_is_named_in_base64url() {
        let base = Base::parse("http+unix://L3RtcC9hL34_LnNvY2s/healthz").unwrap();
        assert_eq!(base.socket.as_deref(), Some(Path::new("/tmp/a/~?.sock")));
        assert_eq!(base.path("/readyz"), "/readyz");
        assert_eq!(base.shown("/readyz"), "http+unix://L3RtcC9hL34_LnNvY2s/readyz");
    }

    #[test]
    fn what_names_no_listener_is_refused() {
        for text in [
            "",
            "8080",
            "ftp://h",
            "http://user:secret@h",
            "http://h/?token=secret",
            "http://h/#secret",
            "http+unix://",
            "http+unix://L3RtcA==",
            "http+unix://dG1w",
            "http+unix://L",
            "http+unix://L3RtcAB",
            "http+unix:///run/x.sock",
        ] {
            let problem = Base::parse(text).unwrap_err();
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
