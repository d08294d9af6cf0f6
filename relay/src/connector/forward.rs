//! Which of a caller's headers travel, and where its key stands.

use http::header::{AUTHORIZATION, CONNECTION};
use http::{HeaderMap, HeaderName};

use super::Names;
use crate::auth::Keys;
use crate::error::{Code, Refusal};
use crate::json::quote;

/// Carries the relay's key when `Authorization` is for the MCP server.
const RELAY_KEY: HeaderName = HeaderName::from_static("x-tunnel-relay-key");

/// Where the key stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// `Authorization: Bearer`, which is then the relay's alone.
    Authorization,
    /// `X-Tunnel-Relay-Key`.
    RelayKey,
}

/// Names the request to the MCP server.
const REQUEST_ID: &str = "x-request-id";

/// Headers that end here: of this hop (RFC 9110, 7.6.1), of this body, of this address, and what the relay decides.
///
/// `accept` is answered by the relay: the MCP server is asked for both forms, as every server expects, and the caller
/// gets the one it takes. `accept-encoding` is not passed because answers travel inside JSON. `x-request-id` is made anew of [`Names`].
const ENDS_HERE: [&str; 16] = [
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "accept",
    "accept-encoding",
    "x-tunnel-relay-key",
    REQUEST_ID,
];

/// The caller's key.
pub(crate) fn key(headers: &HeaderMap) -> Result<(&[u8], KeySource), Refusal> {
    let mut keys = headers.get_all(RELAY_KEY).iter();
    match (keys.next(), keys.next()) {
        (Some(key), None) => return Ok((key.as_bytes(), KeySource::RelayKey)),
        (Some(_), Some(_)) => {
            let message = "X-Tunnel-Relay-Key must be sent once";
            return Err(Refusal::new(Code::InvalidParameter, message).at("X-Tunnel-Relay-Key"));
        }
        (None, _) => {}
    }
    bearer(headers)
        .map(|key| (key, KeySource::Authorization))
        .ok_or_else(|| {
            Refusal::new(
                Code::InvalidApiKey,
                "no key: send the relay's key as Authorization: Bearer, or as X-Tunnel-Relay-Key",
            )
        })
}

/// The key in `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    token(headers.get(AUTHORIZATION)?.as_bytes())
}

fn token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
}

/// The headers that travel, as the JSON object of the wire: name to list of values, names as Go writes them, because
/// clients may look them up so. No key of the relay's own travels, wherever it stands. `X-Request-Id` is the caller's if it has a usable
/// one, and the relay's otherwise.
pub(crate) fn headers(headers: &HeaderMap, source: KeySource, keys: &Keys, names: &Names) -> Box<str> {
    let is_ours = |value: &[u8]| keys.find(token(value).unwrap_or(value.trim_ascii())).is_some();
    let listed: Vec<String> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let id = match &names.callers {
        Some(id) => id.to_string(),
        None => names.own.to_string(),
    };
    // Neither kind of id has a character that JSON escapes.
    let mut object = format!(r#"{{"X-Request-Id":["{id}"]"#);
    for name in headers.keys() {
        let text = name.as_str();
        let ends = ENDS_HERE.contains(&text)
            // What MCP needs is nobody's to take away: the client would drop a session's end that names none.
            || (!text.starts_with("mcp-") && listed.iter().any(|listed| listed == text))
            || (source == KeySource::Authorization && name == AUTHORIZATION);
        if ends {
            continue;
        }
        // A value that is no text cannot stand in JSON.
        let values: Vec<String> = headers
            .get_all(name)
            .iter()
            .filter(|value| name != AUTHORIZATION || !is_ours(value.as_bytes()))
            .filter_map(|value| std::str::from_utf8(value.as_bytes()).ok())
            .map(quote)
            .collect();
        if values.is_empty() {
            continue;
        }
        object.push_str(&format!(",\"{}\":[{}]", canonical(text), values.join(",")));
    }
    object.push('}');
    object.into()
}

/// `mcp-session-id` as `Mcp-Session-Id`. Header names need no escaping in JSON.
fn canonical(name: &str) -> String {
    let mut first = true;
    name.chars()
        .map(|c| {
            let c = if first { c.to_ascii_uppercase() } else { c };
            first = c == '-';
            c
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::ids::{CallerRequestId, RequestId};

    const OWN_KEY: &str = "0123456789abcdef-own";

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        headers
    }

    /// The headers that travel, and the request's id among them.
    fn named(pairs: &[(&str, &str)], own: RequestId) -> (serde_json::Value, String) {
        let map = map(pairs);
        let keys = Keys::of(&format!("caller connect {OWN_KEY}")).unwrap();
        let callers = CallerRequestId::of(&map);
        let travelled = headers(&map, key(&map).unwrap().1, &keys, &Names { own, callers });
        let mut travelled: serde_json::Value = serde_json::from_str(&travelled).unwrap();
        let id = travelled.as_object_mut().unwrap().remove("X-Request-Id").unwrap();
        assert_eq!(id.as_array().map(Vec::len), Some(1));
        (travelled, id[0].as_str().unwrap().to_owned())
    }

    fn travelled(pairs: &[(&str, &str)]) -> serde_json::Value {
        named(pairs, RequestId::random()).0
    }

    #[test]
    fn the_server_gets_the_callers_id_of_the_request_or_else_the_relays() {
        let own = RequestId::random();
        let key = ("x-tunnel-relay-key", "k");
        let id = |values: &[&str]| {
            let ids = values.iter().map(|value| ("x-request-id", *value));
            named(&ids.chain([key]).collect::<Vec<_>>(), own).1
        };
        assert_eq!(id(&["ticket-7.a_B"]), "ticket-7.a_B");
        for odd in [&[] as &[&str], &["a b"], &["a\"b"], &["a", "b"]] {
            assert_eq!(id(odd), own.to_string(), "{odd:?}");
        }
    }

    #[test]
    fn end_to_end_headers_travel_under_their_canonical_names() {
        let headers = travelled(&[
            ("authorization", "Bearer k"),
            ("mcp-session-id", "s"),
            ("x-a", "1"),
            ("x-a", "\"2\""),
            ("mcp-protocol-version", "2025-11-25"),
        ]);
        let expected =
            serde_json::json!({"Mcp-Session-Id": ["s"], "X-A": ["1", "\"2\""], "Mcp-Protocol-Version": ["2025-11-25"]});
        assert_eq!(headers, expected);
    }

    #[test]
    fn the_callers_own_authorization_travels_only_when_the_key_stands_elsewhere() {
        let headers = travelled(&[("authorization", "Bearer mine"), ("x-tunnel-relay-key", "k")]);
        assert_eq!(headers, serde_json::json!({"Authorization": ["Bearer mine"]}));
        assert_eq!(travelled(&[("authorization", "bearer k")]), serde_json::json!({}));
    }

    #[test]
    fn a_key_of_the_relays_own_does_not_travel_wherever_it_stands() {
        for value in [
            format!("Bearer {OWN_KEY}"),
            format!("bearer  {OWN_KEY}"),
            OWN_KEY.into(),
        ] {
            let pairs = [("authorization", value.as_str()), ("x-tunnel-relay-key", OWN_KEY)];
            assert_eq!(travelled(&pairs), serde_json::json!({}), "{value}");
        }
    }

    #[test]
    fn two_relay_keys_are_refused() {
        let pairs = [("x-tunnel-relay-key", "a"), ("x-tunnel-relay-key", "b")];
        assert_eq!(key(&map(&pairs)).unwrap_err().code, Code::InvalidParameter);
    }

    #[test]
    fn a_connection_header_cannot_take_away_what_mcp_needs() {
        let headers = travelled(&[
            ("x-tunnel-relay-key", "k"),
            ("connection", "Mcp-Session-Id"),
            ("mcp-session-id", "s"),
        ]);
        assert_eq!(headers, serde_json::json!({"Mcp-Session-Id": ["s"]}));
    }

    #[test]
    fn headers_of_the_hop_and_those_it_names_end_here() {
        let headers = travelled(&[
            ("x-tunnel-relay-key", "k"),
            ("host", "h"),
            ("connection", "keep-alive, X-Secret"),
            ("x-secret", "1"),
            ("te", "trailers"),
            ("accept-encoding", "gzip"),
            ("content-length", "5"),
            ("content-type", "application/json"),
        ]);
        assert_eq!(headers, serde_json::json!({"Content-Type": ["application/json"]}));
    }

    #[test]
    fn a_request_without_a_key_is_refused() {
        assert!(key(&map(&[("authorization", "Basic k")])).is_err());
        assert!(key(&map(&[])).is_err());
    }
}
