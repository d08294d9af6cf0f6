//! The head of a caller's request (`relay/src/connector`): headers that travel, the caller's key, accepted forms, `Host` and `Origin`.
//!
//! Oracles: a model of the rules for headers, written from their description; weights of `Accept` by the grammar of RFC 9110; the
//! crate `url` for origins.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use arbitrary::Arbitrary;
use http::{HeaderMap, HeaderName, HeaderValue};
use tunnel_relay::fuzzing::requests::{OWN_KEY, authority, is_same_origin, read};
use url::Url;

/// A request head.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    headers: Vec<(u8, &'a str, &'a [u8])>,
    accept: Vec<Range>,
    origin: &'a str,
    host: &'a str,
    is_tls: bool,
    is_loopback: bool,
}

/// One range of `Accept`.
#[derive(Debug, Clone, Copy, Arbitrary)]
struct Range {
    media: u8,
    /// Thousandths.
    weight: Option<u16>,
    begins_header: bool,
}

const NAMES: [&str; 24] = [
    "authorization",
    "x-tunnel-relay-key",
    "connection",
    "mcp-session-id",
    "mcp-protocol-version",
    "host",
    "content-length",
    "content-type",
    "accept",
    "accept-encoding",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-authenticate",
    "proxy-connection",
    "cookie",
    "x-api-key",
    "x-request-id",
    "user-agent",
    "x-a",
];

/// Headers of one hop, of one body, and what the relay decides.
const HOP: [&str; 15] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
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
    "x-tunnel-relay-key",
];

const MEDIA: [&str; 7] = [
    "application/json",
    "text/event-stream",
    "*/*",
    "application/*",
    "text/*",
    "text/html",
    "Application/JSON",
];

/// The headers of an input; the fuzzer's own names stand among those that matter.
pub fn map(headers: &[(u8, &str, &[u8])]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (index, name, value) in headers.iter().take(64) {
        let known = NAMES.get(usize::from(*index)).copied();
        let Ok(name) = HeaderName::try_from(known.unwrap_or(name)) else {
            continue;
        };
        // A key of the relay's in place of a certain value.
        let value = match *value {
            b"KEY" => OWN_KEY.as_bytes().to_vec(),
            b"BEARER" => format!("Bearer {OWN_KEY}").into_bytes(),
            value => value.to_vec(),
        };
        // hyper takes off blanks around a value.
        if let Ok(value) = HeaderValue::from_bytes(value.trim_ascii()) {
            map.append(name, value);
        }
    }
    map
}

/// Feeds one head.
pub fn check(input: &Input<'_>) {
    headers(&map(&input.headers));
    accept(&input.accept);
    origins(input);
}

fn headers(map: &HeaderMap) {
    let seen = read(map);
    let all = |name: &str| map.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
    let relay_keys = all("x-tunnel-relay-key");
    let bearer = all("authorization").first().copied().and_then(bearer);
    let key = match (&relay_keys[..], bearer) {
        ([key], _) => Some((key.to_vec(), false)),
        ([], Some(key)) => Some((key.to_vec(), true)),
        _ => None,
    };
    assert_eq!(seen.key, key);
    let sessions = all("mcp-session-id");
    let is_visible = |id: &[u8]| id.len() <= 16 * 1024 && id.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    let session = match &sessions[..] {
        [] => Ok(None),
        [id] if is_visible(id) => Ok(Some(String::from_utf8_lossy(id).into_owned())),
        _ => Err(()),
    };
    assert_eq!(seen.session, session);
    let (Some((_, is_bearer)), Some(travel)) = (key, seen.travel) else {
        return;
    };
    let listed: Vec<String> = all("connection")
        .iter()
        .filter(|value| value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')))
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        .collect();
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in map {
        let name = name.as_str();
        let is_named = listed.iter().any(|listed| listed == name) && !name.starts_with("mcp-");
        let is_key = name == "authorization" && (is_bearer || bearer_or_whole(value.as_bytes()) == OWN_KEY.as_bytes());
        let Ok(text) = std::str::from_utf8(value.as_bytes()) else {
            continue;
        };
        if !HOP.contains(&name) && name != "x-request-id" && !is_named && !is_key {
            expected.entry(name.to_owned()).or_default().push(text.to_owned());
        }
    }
    let travelling: BTreeMap<String, Vec<String>> =
        serde_json::from_str(&travel).expect("an object of lists of strings");
    let names: Vec<&String> = travelling.keys().collect();
    for name in &names {
        let parts = name.split('-');
        let is_canonical = |part: &str| part.chars().next().is_none_or(|first| !first.is_ascii_lowercase());
        assert!(parts.clone().all(is_canonical), "{name}");
        assert!(
            !name
                .chars()
                .skip(1)
                .zip(name.chars())
                .any(|(char, before)| before != '-' && char.is_ascii_uppercase())
        );
    }
    let mut travelling: BTreeMap<_, _> = travelling
        .into_iter()
        .map(|(name, values)| (name.to_ascii_lowercase(), values))
        .collect();
    // The request always has one id: the caller's, or the relay's own.
    let id = travelling.remove("x-request-id").expect("an id of the request");
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let callers = match &all("x-request-id")[..] {
        [id] if (1..=128).contains(&id.len()) && id.iter().all(is_plain) => {
            Some(String::from_utf8_lossy(id).into_owned())
        }
        _ => None,
    };
    match (&id[..], callers) {
        ([id], Some(callers)) => assert_eq!(*id, callers),
        ([id], None) => assert!(id.starts_with("req_") && id.len() == 36, "{id}"),
        _ => panic!("several ids: {id:?}"),
    }
    assert_eq!(travelling, expected);
}

/// The key behind `Bearer`.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| key.trim_ascii())
}

fn bearer_or_whole(value: &[u8]) -> &[u8] {
    bearer(value).unwrap_or(value.trim_ascii())
}

fn accept(ranges: &[Range]) {
    let mut map = HeaderMap::new();
    let mut texts: Vec<String> = Vec::new();
    for range in ranges {
        let media = MEDIA[usize::from(range.media) % MEDIA.len()];
        let text = match range.weight {
            None => media.to_owned(),
            Some(weight) => format!("{media}; q={}", f64::from(weight % 1001) / 1000.0),
        };
        match texts.last_mut().filter(|_| !range.begins_header) {
            Some(last) => *last += &format!(", {text}"),
            None => texts.push(text),
        }
    }
    for text in texts {
        map.append("accept", text.parse().expect("plain text"));
    }
    // Of each form the greatest weight, and the first place that has it.
    let best = |forms: [&str; 3]| {
        let ranges = ranges.iter().enumerate().filter_map(|(place, range)| {
            let media = MEDIA[usize::from(range.media) % MEDIA.len()].to_ascii_lowercase();
            let weight = range.weight.map_or(1000, |weight| weight % 1001);
            (forms.contains(&&*media) && weight > 0).then_some((weight, usize::MAX - place))
        });
        ranges.max()
    };
    let json = best(["application/json", "application/*", "*/*"]);
    let events = best(["text/event-stream", "text/*", "*/*"]);
    let expected = match (json, events) {
        _ if ranges.is_empty() => Some((true, true, false)),
        (None, None) => None,
        (json, events) => Some((events.is_some(), json.is_some(), events > json)),
    };
    assert_eq!(read(&map).accepts, expected, "{map:?}");
}

/// An origin is taken for the relay's own only when another reader finds the same scheme, host and port in it.
fn origins(input: &Input<'_>) {
    if let Some((host, port)) = authority(input.host) {
        let again = port.map_or(host.to_owned(), |port| format!("{host}:{port}"));
        assert_eq!(authority(&again), Some((host, port)));
        let written = input.host[host.len()..].strip_prefix(':').unwrap_or_default();
        assert!(written.bytes().all(|digit| digit.is_ascii_digit()), "{}", input.host);
        assert!(!host.contains(['/', '@', '?', '#', '\\', ' ', '%']));
    }
    let address = if input.is_loopback {
        Ipv4Addr::LOCALHOST
    } else {
        Ipv4Addr::new(192, 0, 2, 7)
    };
    let address = SocketAddr::from((address, 8443));
    if is_same_origin(input.origin, input.host, address, input.is_tls) != Some(true) {
        return;
    }
    let origin = Url::parse(input.origin);
    let scheme = input.origin.split(':').next().unwrap_or_default();
    assert!(input.is_loopback || (scheme == "https") == input.is_tls);
    let host = Url::parse(&format!("{scheme}://{}", input.host));
    // What another reader refuses reaches no page.
    if let (Ok(origin), Ok(host)) = (origin, host) {
        assert_eq!(origin.origin(), host.origin());
    }
}
