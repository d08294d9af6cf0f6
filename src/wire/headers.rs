//! Which headers cross the tunnel, in both directions (contract: wire, section 7; mcp, section 1).

use super::session;
use crate::limits::{ADVICE_HEADERS_MAX, ADVICE_VALUE_MAX};

/// A header of an MCP answer that reaches the caller.
struct Passed {
    /// In the spelling that is sent (Go's canonical one).
    name: &'static str,
    /// It advises. There may be many, and an answer is not worth losing for one: they are bounded by count and length.
    advises: bool,
}

impl Passed {
    const fn told(name: &'static str) -> Self {
        Self { name, advises: false }
    }

    const fn advice(name: &'static str) -> Self {
        Self { name, advises: true }
    }
}

/// Headers of an MCP answer that reach the caller, because the caller must act on them.
///
/// Left out on purpose: `Set-Cookie`, `Strict-Transport-Security`, `Alt-Svc`, `Clear-Site-Data`, `Content-Security-Policy` and what grants
/// access to other sites, because they speak for an origin, and all tunnels of a service share one; `Location`, `Link`,
/// `Content-Location` and `Refresh`, because they name places in the private network; `Allow` and `Accept`, because the service's endpoint
/// has methods and forms of its own; `ETag`, `Cache-Control`, `Vary` and `Age`, because nothing on the way keeps answers to POST; `Server`, `Via`,
/// `X-Powered-By` and identifiers of requests, because no caller acts on them.
const PASSED: [Passed; 20] = [
    // What a script in a browser may read of the rest.
    Passed::told("Access-Control-Expose-Headers"),
    Passed::told("Content-Type"),
    // When a server will stop: the caller's operator has to move.
    Passed::advice("Deprecation"),
    // The next proof of possession must hold it (RFC 9449, section 8.2); without it the same 401 comes for ever.
    Passed::advice("Dpop-Nonce"),
    Passed::told("Last-Event-Id"),
    Passed::told("Mcp-Protocol-Version"),
    Passed::told("Mcp-Session-Id"),
    // How much a caller may still ask for, so that it slows down before it is refused: the drafts of the IETF, old and new, and the form
    // that most services use.
    Passed::advice("Ratelimit"),
    Passed::advice("Ratelimit-Limit"),
    Passed::advice("Ratelimit-Policy"),
    Passed::advice("Ratelimit-Remaining"),
    Passed::advice("Ratelimit-Reset"),
    // When to ask again after 429 and 503 (RFC 9110, section 10.2.3), also in the finer unit that some services add.
    Passed::advice("Retry-After"),
    Passed::advice("Retry-After-Ms"),
    // As `Deprecation` (RFC 8594).
    Passed::advice("Sunset"),
    // How to log in (RFC 9110, section 11.6.1).
    Passed::told("Www-Authenticate"),
    Passed::advice("X-Ratelimit-Limit"),
    Passed::advice("X-Ratelimit-Policy"),
    Passed::advice("X-Ratelimit-Remaining"),
    Passed::advice("X-Ratelimit-Reset"),
];

/// Request headers that frame a message, belong to one connection (RFC 9110, section 7.6.1; RFC 7540, section 3.2.1), or
/// that this client makes itself; they are never forwarded. `Accept-Encoding` is here because the answer has to be read,
/// `Content-Encoding` because the message comes unpacked; `Expect` would stall the body; CGI programs take `Proxy` for the
/// setting `HTTP_PROXY` (CVE-2016-5385).
const NOT_FORWARDED: [&str; 18] = [
    "accept-encoding",
    "close",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a header of a command goes to its MCP server. `named_by_connection`: the command's `Connection` values.
///
/// Only names of letters, digits and hyphens do: servers and gateways that put headers into variables (CGI, WSGI, PHP)
/// replace other characters, so that `X_Tenant` or `X.Tenant` arrives as `X-Tenant`, and `Content_Length` frames.
pub fn is_forwarded(name: &str, named_by_connection: &[&str]) -> bool {
    let is_plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_proxys = name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("proxy-"));
    is_plain && !is_proxys && !is_framing(name) && !is_named(name, named_by_connection)
}

/// Whether a header frames a message or belongs to one connection, however its words are joined.
pub fn is_framing(name: &str) -> bool {
    NOT_FORWARDED.iter().any(|known| is_same_variable(name, known))
}

/// Whether two header names become the same variable of a server that keeps only letters and digits apart.
pub fn is_same_variable(a: &str, b: &str) -> bool {
    let folded = |byte: u8| match byte.to_ascii_lowercase() {
        byte if byte.is_ascii_alphanumeric() => byte,
        _ => b'-',
    };
    a.len() == b.len() && a.bytes().map(folded).eq(b.bytes().map(folded))
}

/// The headers of an answer as they are posted: spelling canonical, order of values kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseHeaders(Vec<(&'static str, String)>);

impl ResponseHeaders {
    /// Filters the headers of an MCP answer.
    pub fn filter<'a, I: Iterator<Item = (&'a str, &'a [u8])>>(headers: impl Fn() -> I) -> Self {
        let connection: Vec<String> = headers()
            .filter(|(name, _)| name.eq_ignore_ascii_case("connection"))
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect();
        let connection: Vec<&str> = connection.iter().map(String::as_str).collect();
        let (mut kept, mut advice) = (Vec::new(), 0);
        for (name, value) in headers() {
            let Some(passed) = PASSED.iter().find(|passed| name.eq_ignore_ascii_case(passed.name)) else {
                continue;
            };
            if value.is_empty() || is_named(name, &connection) {
                continue;
            }
            if passed.advises {
                if advice >= ADVICE_HEADERS_MAX || value.len() > ADVICE_VALUE_MAX {
                    continue;
                }
                advice += 1;
            }
            kept.push((passed.name, String::from_utf8_lossy(value).into_owned()));
        }
        Self(kept)
    }

    /// The same headers, for a JSON message: the content type is JSON whatever it was.
    pub fn as_json(self) -> Self {
        self.with_content_type("application/json")
    }

    /// The same headers, for a message before the reply: the content type is that of a stream, whatever brought the message
    /// (contract: wire, section 7).
    pub fn as_event_stream(self) -> Self {
        self.with_content_type("text/event-stream")
    }

    fn with_content_type(mut self, media_type: &str) -> Self {
        self.0.retain(|(name, _)| *name != "Content-Type");
        self.0.push(("Content-Type", media_type.to_owned()));
        self
    }

    /// The same headers with a session of our own.
    pub fn with_session(mut self, id: String) -> Self {
        self.0.push(("Mcp-Session-Id", id));
        self
    }

    /// The session that the server opened or serves.
    pub fn session_id(&self) -> Option<&str> {
        self.values("Mcp-Session-Id").next()
    }

    /// Why the caller could not send the session back that this answer names, in words that follow "`Mcp-Session-Id`".
    ///
    /// # Errors
    /// The reason of [`session::check`], or that there are several.
    pub fn check_session(&self) -> Result<(), &'static str> {
        let mut sessions = self.values("Mcp-Session-Id");
        let Some(first) = sessions.next() else { return Ok(()) };
        session::check(first)?;
        match sessions.all(|other| other == first) {
            true => Ok(()),
            false => Err("was sent several times, with different values"),
        }
    }

    /// The values of a header that is passed on, by its canonical name.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(known, _)| *known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// True when the answer was an event stream; a terminal reply keeps that content type.
    pub fn is_event_stream(&self) -> bool {
        self.0
            .iter()
            .any(|(name, value)| *name == "Content-Type" && is_media_type(value, "text/event-stream"))
    }

    /// Appends `{"Name":["value"]}`.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut first = true;
        for Passed { name, .. } in PASSED {
            let mut values = self.0.iter().filter(|(n, _)| *n == name).map(|(_, v)| v).peekable();
            if values.peek().is_none() {
                continue;
            }
            if !first {
                out.push(b',');
            }
            first = false;
            write_string(out, name);
            out.extend_from_slice(b":[");
            for (i, value) in values.enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_string(out, value);
            }
            out.push(b']');
        }
        out.push(b'}');
    }

    /// True when there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether a `Content-Type` value names this media type, parameters aside.
pub fn is_media_type(value: &str, media_type: &str) -> bool {
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case(media_type)
}

/// Appends a JSON string.
pub(super) fn write_string(out: &mut Vec<u8>, text: &str) {
    // Writing to a Vec cannot fail, and a string always serialises.
    let _ = serde_json::to_writer(out, text);
}

fn is_named(name: &str, connection_values: &[&str]) -> bool {
    connection_values
        .iter()
        .flat_map(|v| v.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn filtered(headers: &[(&str, &str)]) -> String {
        let mut out = Vec::new();
        ResponseHeaders::filter(|| headers.iter().map(|(n, v)| (*n, v.as_bytes()))).write_json(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_the_listed_headers_pass_in_canonical_spelling() {
        let json = filtered(&[
            ("RETRY-AFTER", "120"),
            ("RateLimit-Policy", "\"a\";q=1"),
            ("location", "http://10.0.0.1/"),
            ("link", "<http://10.0.0.1/>"),
            ("strict-transport-security", "max-age=1"),
            ("content-type", "application/json"),
            ("MCP-SESSION-ID", "s\"1"),
            ("www-authenticate", "Bearer a"),
            ("WWW-Authenticate", "Basic b"),
            ("set-cookie", "x=1"),
            ("server", "s"),
            ("last-event-id", ""),
        ]);
        assert_eq!(
            json,
            r#"{"Content-Type":["application/json"],"Mcp-Session-Id":["s\"1"],"Ratelimit-Policy":["\"a\";q=1"],"Retry-After":["120"],"Www-Authenticate":["Bearer a","Basic b"]}"#
        );
    }

    #[test]
    fn advice_is_bounded_and_costs_no_other_header() {
        let (long, many) = ("9".repeat(ADVICE_VALUE_MAX + 1), vec![("ratelimit-policy", "p"); 100]);
        let mut headers = vec![("retry-after", &*long), ("mcp-session-id", &*long)];
        headers.extend(many);
        headers.push(("www-authenticate", "Bearer"));
        let json: serde_json::Value = serde_json::from_str(&filtered(&headers)).unwrap();
        assert_eq!(json["Retry-After"], serde_json::Value::Null);
        assert_eq!(json["Mcp-Session-Id"][0], *long);
        assert_eq!(json["Ratelimit-Policy"].as_array().unwrap().len(), ADVICE_HEADERS_MAX);
        assert_eq!(json["Www-Authenticate"][0], "Bearer");
    }

    #[test]
    fn headers_named_by_connection_do_not_pass() {
        assert_eq!(
            filtered(&[("connection", "close, Mcp-Session-Id"), ("mcp-session-id", "s")]),
            "{}"
        );
        assert!(!is_forwarded("X-Hop", &["x-hop"]));
        assert!(!is_forwarded("Transfer-Encoding", &[]));
        assert!(!is_forwarded("Content-Encoding", &[]));
        assert!(is_forwarded("Authorization", &["close"]));
    }

    #[test]
    fn only_names_of_letters_digits_and_hyphens_are_forwarded() {
        for name in [
            "X-Tenant",
            "x1",
            "MCP-Session-Id",
            "Upgrade-Insecure-Requests",
            "Proxied-For",
        ] {
            assert!(is_forwarded(name, &[]), "{name}");
        }
        // Every other character that a header name may have (RFC 9110, section 5.6.2), and those that it may not.
        for joint in "!#$%&'*+.^_`|~ \t:\u{e9}\0".chars() {
            assert!(!is_forwarded(&format!("X{joint}Tenant"), &[]), "{joint:?}");
        }
        assert!(!is_forwarded("", &[]));
    }

    #[test]
    fn framing_names_are_found_in_every_spelling() {
        for name in [
            "HTTP2-Settings",
            "Proxy",
            "PROXY-Features",
            "Keep-Alive",
            "Close",
            "TE",
            "Trailer",
        ] {
            assert!(!is_forwarded(name, &[]), "{name}");
        }
        for name in [
            "Content_Length",
            "transfer.encoding",
            "HTTP2_Settings",
            "Proxy~Authorization",
            "te",
        ] {
            assert!(is_framing(name), "{name}");
        }
        // Header of an operator.
        assert!(!is_framing("Proxy-Auth-Token") && !is_framing("X_Tenant"));
    }

    #[test]
    fn a_connection_header_names_headers_in_any_case_and_place() {
        for value in ["x-hop", "close, X-HOP", " X-Hop ,close", "keep-alive,,x-hop"] {
            assert!(!is_forwarded("X-Hop", &["te", value]), "{value}");
        }
    }

    #[test]
    fn media_types_are_compared_without_parameters() {
        assert!(is_media_type("Text/Event-Stream; charset=utf-8", "text/event-stream"));
        assert!(!is_media_type("application/jsonx", "application/json"));
    }
}
