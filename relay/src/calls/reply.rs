//! What a client says that the MCP server answered.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::limits;
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

/// Names of the headers of a server that callers may see.
pub(crate) fn passed_names() -> impl Iterator<Item = &'static str> {
    PASSED.iter().copied()
}

/// More headers than a caller's HTTP client may take.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooManyHeaders;

/// The headers that a caller may see, from what a client sent. Anything else, and what no header can hold, is dropped.
pub(crate) fn response_headers<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<HeaderMap, TooManyHeaders> {
    let mut headers = HeaderMap::new();
    let mut bytes = 0;
    for (name, value) in pairs {
        let Some(name) = PASSED.iter().find(|passed| passed.eq_ignore_ascii_case(name)) else {
            continue;
        };
        bytes += name.len() + value.len();
        if headers.len() >= limits::RESPONSE_HEADERS || bytes > limits::RESPONSE_HEADER_BYTES {
            return Err(TooManyHeaders);
        }
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
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
        let headers = response_headers(pairs.into_iter()).unwrap();
        assert_eq!(headers.len(), 2);
        assert_eq!(headers["mcp-session-id"], "s");
        assert_eq!(headers["www-authenticate"], "Bearer");
    }

    #[test]
    fn headers_beyond_what_clients_take_are_refused_and_those_that_do_not_pass_do_not_count() {
        let some = |name: &'static str, count| std::iter::repeat_n((name, "s"), count);
        assert!(response_headers(some("Mcp-Session-Id", 32)).is_ok());
        assert_eq!(response_headers(some("Mcp-Session-Id", 33)), Err(TooManyHeaders));
        assert!(response_headers(some("Set-Cookie", 1000)).is_ok());
        let long = "s".repeat(limits::RESPONSE_HEADER_BYTES);
        let one = [("Mcp-Session-Id", long.as_str())];
        assert_eq!(response_headers(one.into_iter()), Err(TooManyHeaders));
    }
}
