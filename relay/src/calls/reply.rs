//! What a client says that the MCP server answered.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::server::Held;

/// A terminal answer for a caller.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The server's status.
    pub(crate) status: StatusCode,
    /// The server's headers, filtered.
    pub(crate) headers: HeaderMap,
    /// The JSON-RPC message, none for an acknowledgement.
    pub(crate) body: Option<Held>,
}

/// Headers of a server that callers may see (contract: wire, section 7). `Content-Type` is on that list but stays out
/// here: the relay decides the form of its answer itself.
const PASSED: [&str; 5] = [
    "access-control-expose-headers",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "www-authenticate",
];

/// The headers that a caller may see, from what a client sent. Anything else, and what no header can hold, is dropped.
pub(crate) fn response_headers<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = name.to_ascii_lowercase();
        if !PASSED.contains(&name.as_str()) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listed_headers_pass() {
        let pairs = [
            ("MCP-Session-ID", "s"),
            ("Set-Cookie", "c"),
            ("Content-Type", "text/html"),
            ("www-authenticate", "Bearer"),
            ("Last-Event-Id", "a\nb"),
        ];
        let headers = response_headers(pairs.into_iter());
        assert_eq!(headers.len(), 2);
        assert_eq!(headers["mcp-session-id"], "s");
        assert_eq!(headers["www-authenticate"], "Bearer");
    }
}
