//! What a client says that the MCP server answered.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::ids::SessionId;
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

/// A header of a server that callers may see.
struct Passed {
    name: &'static str,
    /// An answer is refused rather than delivered without it. What only advises is left out where there is no room.
    needed: bool,
}

impl Passed {
    const fn needed(name: &'static str) -> Self {
        Self { name, needed: true }
    }

    const fn advice(name: &'static str) -> Self {
        Self { name, needed: false }
    }
}

/// Headers of a server that callers may see (contract: wire, section 7), because they must act on them. `Content-Type` is on that list but
/// stays out here: the relay decides the form of its answer itself. Whatever speaks for an origin (`Set-Cookie`, `Alt-Svc`,
/// `Strict-Transport-Security`) stays out, because all tunnels of the relay share one.
const PASSED: [Passed; 19] = [
    Passed::needed("access-control-expose-headers"),
    Passed::needed("last-event-id"),
    Passed::needed("mcp-protocol-version"),
    Passed::needed("mcp-session-id"),
    Passed::needed("www-authenticate"),
    // When the server will stop (RFC 9745, RFC 8594).
    Passed::advice("deprecation"),
    Passed::advice("sunset"),
    // For the caller's next proof of possession (RFC 9449, section 8.2).
    Passed::advice("dpop-nonce"),
    // When to ask again, and how much.
    Passed::advice("retry-after"),
    Passed::advice("retry-after-ms"),
    Passed::advice("ratelimit"),
    Passed::advice("ratelimit-limit"),
    Passed::advice("ratelimit-policy"),
    Passed::advice("ratelimit-remaining"),
    Passed::advice("ratelimit-reset"),
    Passed::advice("x-ratelimit-limit"),
    Passed::advice("x-ratelimit-policy"),
    Passed::advice("x-ratelimit-remaining"),
    Passed::advice("x-ratelimit-reset"),
];

/// Names of the headers of a server that callers may see.
pub(crate) fn passed_names() -> impl Iterator<Item = &'static str> {
    PASSED.iter().map(|passed| passed.name)
}

/// Why a caller cannot be given an answer's headers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadHeaders {
    /// More than its HTTP client may take.
    TooMany,
    /// A session id that it could not send back, and what is wrong with it.
    Session(String),
    /// Different session ids.
    Sessions,
}

impl fmt::Display for BadHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => f.write_str("resp_headers holds more than a caller takes"),
            Self::Session(why) => write!(
                f,
                "the MCP server's Mcp-Session-Id {why}, so that no caller could send it back"
            ),
            Self::Sessions => f.write_str("the MCP server sent several Mcp-Session-Id"),
        }
    }
}

/// The headers that a caller may see, from what a client sent. Anything else, and what no header can hold, is dropped.
pub(crate) fn response_headers<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<HeaderMap, BadHeaders> {
    let mut headers = HeaderMap::new();
    let (mut count, mut bytes, mut advice) = (0, 0, 0);
    for (name, value) in pairs {
        let Some(Passed { name, needed }) = PASSED.iter().find(|passed| passed.name.eq_ignore_ascii_case(name)) else {
            continue;
        };
        if *name == "mcp-session-id" {
            SessionId::parse(value.as_bytes()).map_err(BadHeaders::Session)?;
            match headers.get(*name) {
                Some(first) if first.as_bytes() == value.as_bytes() => continue,
                Some(_) => return Err(BadHeaders::Sessions),
                None => {}
            }
        }
        let size = name.len() + value.len();
        if *needed {
            (count, bytes) = (count + 1, bytes + size);
            if count > limits::RESPONSE_HEADERS || bytes > limits::RESPONSE_HEADER_BYTES {
                return Err(BadHeaders::TooMany);
            }
        } else if advice + size > limits::RESPONSE_ADVICE_BYTES {
            continue;
        } else {
            advice += size;
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
    fn advice_passes_where_there_is_room_and_costs_no_answer() {
        let pairs = [
            ("Retry-After", "7"),
            ("Location", "http://10.0.0.1/"),
            ("X-Ratelimit-Remaining", "0"),
        ];
        let headers = response_headers(pairs.into_iter()).unwrap();
        assert_eq!(
            (headers.len(), &headers["retry-after"]),
            (2, &HeaderValue::from_static("7"))
        );
        let long = "9".repeat(limits::RESPONSE_HEADER_BYTES);
        let pairs = [("Retry-After", long.as_str()), ("Mcp-Session-Id", "s")];
        let headers = response_headers(pairs.into_iter()).unwrap();
        assert_eq!((headers.len(), headers.contains_key("retry-after")), (1, false));
        let many = std::iter::repeat_n(("Ratelimit-Policy", "p"), 1000);
        let needed = std::iter::repeat_n(("Www-Authenticate", "s"), limits::RESPONSE_HEADERS);
        let headers = response_headers(many.chain(needed)).unwrap();
        assert_eq!(
            headers.get_all("www-authenticate").iter().count(),
            limits::RESPONSE_HEADERS
        );
        assert!(headers.get_all("ratelimit-policy").iter().count() < 200);
    }

    #[test]
    fn headers_beyond_what_clients_take_are_refused_and_those_that_do_not_pass_do_not_count() {
        let some = |name: &'static str, count| std::iter::repeat_n((name, "s"), count);
        assert!(response_headers(some("Www-Authenticate", 32)).is_ok());
        assert_eq!(response_headers(some("Www-Authenticate", 33)), Err(BadHeaders::TooMany));
        assert!(response_headers(some("Set-Cookie", 1000)).is_ok());
        let long = "s".repeat(limits::RESPONSE_HEADER_BYTES);
        let one = [("Www-Authenticate", long.as_str())];
        assert_eq!(response_headers(one.into_iter()), Err(BadHeaders::TooMany));
    }

    #[test]
    fn a_session_that_a_caller_cannot_send_back_is_refused() {
        let sessions = |ids: &[&str]| response_headers(ids.iter().map(|id| ("Mcp-Session-Id", *id)));
        let longest = "s".repeat(limits::SESSION_ID);
        assert_eq!(sessions(&[&longest]).unwrap()["mcp-session-id"], longest);
        assert_eq!(sessions(&["a", "a"]).unwrap().len(), 1);
        assert_eq!(sessions(&["a", "b"]), Err(BadHeaders::Sessions));
        for odd in [&*format!("{longest}s"), "\u{e9}", "a\nb"] {
            assert!(matches!(sessions(&[odd]), Err(BadHeaders::Session(_))), "{odd}");
        }
    }
}
