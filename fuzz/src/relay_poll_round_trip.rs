//! Poll answers as the relay writes them, read by the client (`relay/src/control/poll.rs`, `src/wire/command.rs`).
//!
//! Oracle: what the relay took from a caller, the client understands as the same: payload bytes, kind, id, headers, names.

use std::time::Duration;

use arbitrary::Arbitrary;
use bytes::Bytes;
use http::HeaderMap;
use tunnel_client::wire::command::{Action, Parsed, parse_list};
use tunnel_relay::fuzzing::messages::{Class, classify};
use tunnel_relay::fuzzing::polls::{COMMANDS_MAX, Written, query, write};
use tunnel_relay::fuzzing::requests::read;

use crate::relay_request::map;

/// Requests of callers, and the query of a poll.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    requests: Vec<Request<'a>>,
    query: &'a str,
}

#[derive(Debug, Arbitrary)]
struct Request<'a> {
    channel: &'a str,
    headers: Vec<(u8, &'a str, &'a [u8])>,
    body: Body<'a>,
    wait: u32,
}

#[derive(Debug, Arbitrary)]
enum Body<'a> {
    /// Any bytes.
    Raw(&'a [u8]),
    /// A request with these members behind the others.
    Call(&'a str, &'a str),
    Notification(&'a str, &'a str),
    Answer(&'a str),
    Termination,
}

impl Body<'_> {
    fn bytes(&self) -> Option<Bytes> {
        Some(match self {
            Self::Raw(bytes) => Bytes::copy_from_slice(bytes),
            Self::Call(id, more) => format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call"{more}}}"#).into(),
            Self::Notification(method, more) => format!(r#"{{"jsonrpc":"2.0","method":"{method}"{more}}}"#).into(),
            Self::Answer(id) => format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#).into(),
            Self::Termination => return None,
        })
    }
}

/// What was written for one request.
struct Sent {
    written: Written,
    channel: String,
    headers: HeaderMap,
    message: Option<(Bytes, Class)>,
    wait: Duration,
}

/// Feeds one poll.
pub fn check(input: &Input<'_>) {
    let (mut body, mut sent) = (br#"{"commands":["#.to_vec(), Vec::new());
    for request in input.requests.iter().take(COMMANDS_MAX) {
        let one = put(request, &mut body);
        if one.is_some() {
            body.push(b',');
        }
        sent.extend(one);
    }
    if body.last() == Some(&b',') {
        body.pop();
    }
    body.extend_from_slice(b"]}");
    let parsed = parse_list(&Bytes::from(body)).expect("a list of commands");
    assert_eq!(parsed.len(), sent.len());
    for (parsed, sent) in parsed.iter().zip(&sent) {
        compare(parsed, sent);
    }
    if let Some((channels, limit, _)) = query(Some(input.query)) {
        assert!((1..=COMMANDS_MAX).contains(&limit) && channels.len() <= input.query.split('&').count());
    }
}

fn put(request: &Request<'_>, body: &mut Vec<u8>) -> Option<Sent> {
    let mut headers = map(&request.headers);
    headers.remove("x-tunnel-relay-key");
    headers.append("x-tunnel-relay-key", "key".parse().ok()?);
    // What the relay refuses is no command.
    let session = read(&headers).session.ok()?;
    let message = request.body.bytes();
    let message = match message {
        None if session.is_none_or(|id| id.is_empty()) => return None,
        None => None,
        Some(bytes) => match classify(&bytes) {
            Class::NotJson | Class::NotMessage | Class::Response { id: None, .. } => return None,
            class => Some((bytes, class)),
        },
    };
    let channel = if request.channel.is_empty() {
        "main"
    } else {
        request.channel
    };
    let wait = Duration::from_millis(request.wait.into());
    let bytes = message.as_ref().map(|(bytes, _)| bytes.clone());
    let written = write(channel, &headers, bytes, wait, body)?;
    Some(Sent {
        written,
        channel: channel.to_owned(),
        headers,
        message,
        wait,
    })
}

fn compare(parsed: &Parsed, sent: &Sent) {
    let Parsed::Command(command) = parsed else {
        panic!("refused by the client: {parsed:?}");
    };
    assert_eq!(*command.route.request_id, *sent.written.request);
    assert_eq!(*command.route.shard_token, *sent.written.shard_token);
    assert_eq!(*command.route.channel, *sent.channel);
    assert!(command.response_timeout.is_some_and(|timeout| timeout <= sent.wait));
    // The relay names the request to the server: by the caller's name, or by its own.
    let named = command.headers.value("x-request-id").expect("a name of the request");
    assert!(
        named == sent.written.request || command.route.caller_request_id.as_deref() == Some(named),
        "{named}"
    );
    for (name, value) in command
        .headers
        .0
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("x-request-id"))
    {
        let mut values = sent.headers.get_all(&**name).iter();
        assert!(values.any(|known| known.as_bytes() == value.as_bytes()), "{name}");
    }
    let session = sent.headers.get("mcp-session-id").map(|id| id.as_bytes());
    assert_eq!(command.headers.value("mcp-session-id").map(str::as_bytes), session);
    match (&command.action, &sent.message) {
        (Action::SessionTermination, None) => {}
        (Action::Call { payload, id, .. }, Some((bytes, Class::Call { id: taken, .. }))) => {
            assert_eq!((trimmed(payload), &**id), (trimmed(bytes), taken.as_str()));
        }
        (Action::Notification { payload, .. }, Some((bytes, Class::Notification))) => {
            assert_eq!(trimmed(payload), trimmed(bytes));
        }
        (Action::Answer { payload, id }, Some((bytes, Class::Response { id: taken, .. }))) => {
            assert_eq!((trimmed(payload), Some(&**id)), (trimmed(bytes), taken.as_deref()));
        }
        (action, sent) => panic!("{action:?} for {sent:?}"),
    }
}

/// Without blanks around it, which the client leaves out.
fn trimmed(bytes: &Bytes) -> &[u8] {
    bytes.trim_ascii()
}
