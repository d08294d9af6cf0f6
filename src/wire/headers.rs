//! Which headers cross the tunnel, in both directions (spec: wire, section 7).

/// Headers of an MCP answer that reach the caller, in the spelling that is sent.
const PASSED: [&str; 6] = [
    "Access-Control-Expose-Headers",
    "Content-Type",
    "Last-Event-Id",
    "Mcp-Protocol-Version",
    "Mcp-Session-Id",
    "Www-Authenticate",
];

/// Request headers that belong to one connection (RFC 9110, section 7.6.1) or that this client makes itself; they are
/// never forwarded. `Accept-Encoding` is here because the answer has to be read, `Content-Encoding` because the message
/// comes unpacked; `Expect` would stall the body.
const NOT_FORWARDED: [&str; 15] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a header of a command, or of the configuration, goes to its peer. `named_by_connection`: the command's `Connection` values.
pub fn is_forwarded(name: &str, named_by_connection: &[&str]) -> bool {
    !NOT_FORWARDED.iter().any(|n| name.eq_ignore_ascii_case(n)) && !is_named(name, named_by_connection)
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
        let mut kept = Vec::new();
        for (name, value) in headers() {
            let Some(canonical) = PASSED.iter().find(|p| name.eq_ignore_ascii_case(p)) else {
                continue;
            };
            if value.is_empty() || is_named(name, &connection) {
                continue;
            }
            kept.push((*canonical, String::from_utf8_lossy(value).into_owned()));
        }
        Self(kept)
    }

    /// The same headers, for a JSON message: the content type is JSON whatever it was.
    pub fn as_json(mut self) -> Self {
        self.0.retain(|(name, _)| *name != "Content-Type");
        self.0.push(("Content-Type", "application/json".to_owned()));
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
        for name in PASSED {
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
    fn only_the_six_headers_pass_in_canonical_spelling() {
        let json = filtered(&[
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
            r#"{"Content-Type":["application/json"],"Mcp-Session-Id":["s\"1"],"Www-Authenticate":["Bearer a","Basic b"]}"#
        );
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
    fn media_types_are_compared_without_parameters() {
        assert!(is_media_type("Text/Event-Stream; charset=utf-8", "text/event-stream"));
        assert!(!is_media_type("application/jsonx", "application/json"));
    }
}
