//! The URL file of a health listener, and URLs that an operator gives (`src/cli/health/locator.rs`, `src/ops/unix_url.rs`).
//!
//! Oracles: a file, which another user may have written, leads to nothing but `/healthz` of the place that it names; the crate `url`
//! finds the same place; a socket's path survives being written.

use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use tunnel_client::fuzzing::processes::locator::{UNIX_SOCKET_PATH_MAX, locate};
use tunnel_client::ops::unix_url;
use url::{Host, Url};

/// Feeds `data` as the text of a file, as a URL, and as a socket's path.
pub fn check(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        file(text.trim());
        url(text);
    }
    path(data);
}

fn file(text: &str) {
    let Some(listener) = locate(text, true) else { return };
    assert!(!listener.tls);
    assert_eq!(listener.path, "/healthz");
    match &listener.socket {
        Some(socket) => assert_eq!(unix_url::encode(socket), text.trim_end_matches('/')),
        None => {
            let (host, port) = (listener.host.0.as_str(), listener.host.1);
            let host = if host.contains(':') {
                format!("[{host}]")
            } else {
                host.to_owned()
            };
            let text = text.trim_end_matches('/');
            let is_default = port == 80 && text == format!("http://{host}");
            assert!(is_default || text == format!("http://{host}:{port}"), "{text}");
        }
    }
}

fn url(text: &str) {
    let Some(listener) = locate(text, false) else { return };
    if let Some(socket) = &listener.socket {
        let bytes = socket.as_os_str().as_bytes();
        assert!(socket.is_absolute() && bytes.len() <= UNIX_SOCKET_PATH_MAX && !bytes.contains(&0));
        assert_eq!(listener.path, "/healthz");
        return;
    }
    // What another reader refuses is connected to by nobody else.
    let Ok(theirs) = Url::parse(text.trim()) else { return };
    assert_eq!(theirs.scheme(), if listener.tls { "https" } else { "http" });
    assert!(
        theirs.username().is_empty()
            && theirs.password().is_none()
            && theirs.query().is_none()
            && theirs.fragment().is_none()
    );
    assert_eq!(theirs.port_or_known_default(), Some(listener.host.1));
    let host = listener.host.0.as_str();
    match theirs.host() {
        Some(Host::Domain(name)) => assert_eq!(host.trim_end_matches('.'), name.trim_end_matches('.')),
        Some(Host::Ipv6(address)) => assert_eq!(host.parse(), Ok(address)),
        // Short forms, which the resolver reads likewise, stay names.
        Some(Host::Ipv4(address)) => {
            assert!(host.parse::<Ipv4Addr>().is_ok_and(|own| own == address) || host.parse::<Ipv4Addr>().is_err())
        }
        None => panic!("no host in {text}"),
    }
}

fn path(bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let path = Path::new(OsStr::from_bytes(bytes));
    let url = unix_url::encode(path);
    assert_eq!(unix_url::decode(&url).as_deref(), Some(path));
    let digits = url.strip_prefix(unix_url::SCHEME).expect("a URL");
    assert!(
        digits
            .bytes()
            .all(|digit| digit.is_ascii_alphanumeric() || matches!(digit, b'-' | b'_'))
    );
    assert_eq!(digits.len(), (bytes.len() * 4).div_ceil(3));
}
