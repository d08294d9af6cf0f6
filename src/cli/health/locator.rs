//! Where the health listener is: from a URL, the daemon's URL file, or a port.

use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::str;

use crate::config::HttpUrl;
use crate::limits::{HEALTH_URL_FILE_MAX, UNIX_SOCKET_PATH_MAX};
use crate::ops::unix_url;
use crate::secrets::{self, Guard};

#[cfg(fuzzing)]
pub(crate) mod fuzzing;

/// How the operator names the listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Locator {
    /// `--url`.
    Url(String),
    /// `--url-file`: what the daemon wrote to `health.url_file`.
    UrlFile(PathBuf),
    /// `--port` on the loopback address.
    Port(u16),
}

/// The base URL of a health listener.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Base {
    /// How it is connected to, and the path before `/healthz`.
    pub(in crate::cli) url: HttpUrl,
    /// The unix socket that is connected to instead of the URL's host.
    pub(in crate::cli) socket: Option<PathBuf>,
    /// As shown: what the operator gave, without `/healthz` at its end.
    text: String,
}

impl Locator {
    /// The listener on a unix socket.
    pub(in crate::cli) fn socket(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        Ok(Self::Url(unix_url::encode(&path)))
    }

    /// The base URL.
    pub(in crate::cli) fn resolve(&self) -> Result<Base, String> {
        match self {
            Self::Url(text) => Base::parse(text),
            Self::UrlFile(path) => {
                let name = path.display();
                let contents = secrets::read(path, HEALTH_URL_FILE_MAX, Guard::Report)
                    .map_err(|error| format!("read {name}: {error}"))?;
                let text = str::from_utf8(&contents)
                    .map_err(|_| format!("{name} is no text"))?
                    .trim();
                if text.is_empty() {
                    return Err(format!("{name} is empty"));
                }
                Base::written(text).map_err(|problem| format!("{name}: {problem}"))
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
        if text.starts_with(unix_url::SCHEME) {
            return Self::of_socket(text);
        }
        let mut url = HttpUrl::parse(text).map_err(|problem| format!("the URL {problem}"))?;
        if url.path_and_query.contains('?') || text.contains('#') {
            return Err("the URL has a query or a fragment; remove it".to_owned());
        }
        url.path_and_query
            .truncate(url.path_and_query.trim_end_matches('/').len());
        Ok(Self {
            text: format!("{}{}", url.origin(), url.path_and_query),
            url,
            socket: None,
        })
    }

    /// Parses the content that a daemon writes: `http://HOST:PORT` or `http+unix://` and the encoded path. It accepts no other URL,
    /// because the file may belong to another user, who must not choose which URL this user requests.
    fn written(text: &str) -> Result<Self, String> {
        let base = Self::parse(text)?;
        if base.url.tls || !base.url.path_and_query.is_empty() || text.trim_end_matches('/') != base.text {
            return Err("it does not hold what the daemon writes, http://HOST:PORT or http+unix://PATH; give the URL with --url".to_owned());
        }
        Ok(base)
    }

    fn of_socket(text: &str) -> Result<Self, String> {
        let is_socket_path = |path: &PathBuf| {
            let bytes = path.as_os_str().as_bytes();
            path.is_absolute() && bytes.len() <= UNIX_SOCKET_PATH_MAX && !bytes.contains(&0)
        };
        let path = unix_url::decode(text)
            .filter(is_socket_path)
            .ok_or("the URL does not hold the path of a unix socket; write http+unix:// and the path in base64url")?;
        // Whatever stands in the Host header: the socket decides who is asked.
        let url = HttpUrl::parse("http://localhost").map_err(|problem| problem.to_string())?;
        Ok(Self {
            url: HttpUrl {
                path_and_query: String::new(),
                ..url
            },
            socket: Some(path),
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
    fn a_url_file_holds_no_other_url_than_a_daemon_writes() {
        for text in [
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost:8080",
            "http+unix://L3RtcC9hL34_LnNvY2s",
        ] {
            assert_eq!(Base::written(text).unwrap().to_string(), text);
        }
        for text in [
            "https://h:8443",
            "http://h:1/admin",
            "http://h:1/admin/healthz",
            "http://h:1/healthz",
            "http://h:1?x",
        ] {
            assert!(Base::written(text).is_err(), "{text}");
        }
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
            "http+unix:///run/x.sock",
        ] {
            let problem = Base::parse(text).unwrap_err();
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
