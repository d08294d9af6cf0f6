//! Commands of a poll answer (contract: wire, section 5).
//!
//! A bad command spoils neither its neighbours nor the poll: it is answered alone when it can be (contract: wire, section 5).

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;

use super::caller::Caller;
use super::jsonrpc::{self, Kind, Message, Text, Tool};
use super::{duration, methods, session};
use crate::limits::{
    CALLER_REQUEST_ID_MAX, COMMAND_HEADERS_MAX, HEADER_NAME_MAX, HEADER_VALUE_MAX, ID_MAX, POLL_COMMANDS_MAX,
    SHARE_BODY_MIN,
};

/// The channel of a command that names none.
pub const MAIN_CHANNEL: &str = "main";

/// The header that names a request.
const REQUEST_ID: &str = "x-request-id";

/// What is needed to answer a command.
#[derive(Clone, PartialEq, Eq)]
pub struct Route {
    /// The service's name for the command.
    pub request_id: Box<str>,
    /// Says which part of the service waits for the answer; echoed, never logged.
    pub shard_token: Box<str>,
    /// The canonical channel name.
    pub channel: Box<str>,
    /// `X-Request-Id` of the command, sent back as `X-Client-Request-Id`.
    pub client_request_id: Option<Box<str>>,
    /// The caller's own name for its request, from the same header: plain, bounded, and another than `request_id`. It proves nothing.
    pub caller_request_id: Option<Box<str>>,
}

/// The shard token is left out.
impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("request_id", &self.request_id)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// One valid command.
#[derive(Debug)]
pub struct Command {
    /// Where the answer goes.
    pub route: Route,
    /// Headers for the MCP server, in order, unfiltered. They may hold an end user's credentials.
    pub headers: Headers,
    /// Sender, as far as the command shows it.
    pub caller: Caller,
    /// Time for the whole life of the command, from the headers of the poll answer on.
    pub response_timeout: Option<Duration>,
    /// What is to be done.
    pub action: Action,
    /// Bytes of the command as received, including headers.
    pub size: usize,
}

/// Header names and values of a command. `Debug` shows the count only, because values may be credentials.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(Box<str>, Box<str>)>);

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} headers]", self.0.len())
    }
}

impl Headers {
    /// The first value of a header.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| &**v)
    }

    /// Adds the command's name as `X-Request-Id`, so that the MCP server can log it, unless there is one or the name is too odd for it.
    pub fn name_request(&mut self, request_id: &str) {
        if self.value(REQUEST_ID).is_none() && is_plain_request_id(request_id) {
            self.0.push(("X-Request-Id".into(), request_id.into()));
        }
    }
}

/// What a command asks for. Payloads are the JSON-RPC message as it came.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// A request that wants an answer.
    Call {
        /// The message.
        payload: Bytes,
        /// Its method.
        method: Box<str>,
        /// Byte range of its parameters in the message; empty without.
        params: Range<usize>,
        /// Its id as JSON text.
        id: Box<str>,
        /// True for `initialize`.
        initialize: bool,
        /// True for what changes nothing ([`methods::is_repeatable`]).
        repeatable: bool,
    },
    /// A message that wants no answer.
    Notification {
        /// The message.
        payload: Bytes,
        /// Its method.
        method: Box<str>,
    },
    /// A caller's answer to a server's request.
    Answer {
        /// The message.
        payload: Bytes,
        /// The id it answers, as JSON text.
        id: Box<str>,
    },
    /// The end of the session that `Mcp-Session-Id` names.
    SessionTermination,
}

impl Action {
    /// The method of its message.
    pub fn method(&self) -> Option<&str> {
        match self {
            Self::Call { method, .. } | Self::Notification { method, .. } => Some(method),
            Self::Answer { .. } | Self::SessionTermination => None,
        }
    }

    /// The tool of `tools/call`; `None` for another method. Reads the parameters.
    pub fn tool(&self) -> Option<Tool<'_>> {
        let Self::Call {
            payload,
            method,
            params,
            ..
        } = self
        else {
            return None;
        };
        let params = || std::str::from_utf8(payload.get(params.clone())?).ok();
        (&**method == methods::CALL_TOOL).then(|| params().map_or(Tool::Unclear, Tool::of))
    }
}

/// One element of a poll answer.
#[derive(Debug)]
pub enum Parsed {
    /// A valid command.
    Command(Command),
    /// A bad command that can be answered.
    Refused {
        /// Where the answer goes.
        route: Route,
        /// Its deadline, as for a valid command.
        response_timeout: Option<Duration>,
        /// True for a bad `session_termination`, which has an answer of its own type.
        termination: bool,
        /// The id of its message, as JSON text, if one could be made out.
        id: Option<Box<str>>,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A bad command that cannot be answered: no request id or no shard token.
    Unanswerable {
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// The poll answer is not `{"commands":[...]}`. Nothing of its content is kept: it may hold credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotACommandList;

impl fmt::Display for NotACommandList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the poll answer is not a list of commands")
    }
}

impl std::error::Error for NotACommandList {}

/// Reads the body of a poll answer. The order is kept.
///
/// # Errors
/// [`NotACommandList`] when the body as a whole is something else, or holds more than [`POLL_COMMANDS_MAX`] elements; a
/// bad element is no error.
pub fn parse_list(body: &Bytes) -> Result<Vec<Parsed>, NotACommandList> {
    struct List(Vec<Parsed>);
    /// Reads the elements one by one: a list of many small ones must not cost many times its size.
    struct Elements<'a>(&'a Bytes);
    impl<'de> serde::de::DeserializeSeed<'de> for Elements<'_> {
        type Value = Vec<Parsed>;
        fn deserialize<D: serde::Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
            d.deserialize_seq(self)
        }
    }
    impl<'de> serde::de::Visitor<'de> for Elements<'_> {
        type Value = Vec<Parsed>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of commands")
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
            let mut commands = Vec::new();
            while let Some(raw) = elements.next_element::<&'de RawValue>()? {
                if commands.len() >= POLL_COMMANDS_MAX {
                    return Err(serde::de::Error::custom("too many commands"));
                }
                commands.push(parse(self.0, raw.get()));
            }
            Ok(commands)
        }
    }
    /// The object around the list; other members are ignored, the list must stand once.
    struct Outer<'a>(&'a Bytes);
    impl<'de> serde::de::Visitor<'de> for Outer<'_> {
        type Value = List;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object with a list of commands")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut members: A) -> Result<List, A::Error> {
            let mut list = None;
            while let Some(name) = members.next_key::<Text<'de>>()? {
                if name.0 != "commands" {
                    members.next_value::<serde::de::IgnoredAny>()?;
                } else if list.replace(members.next_value_seed(Elements(self.0))?).is_some() {
                    return Err(serde::de::Error::duplicate_field("commands"));
                }
            }
            list.map(List)
                .ok_or_else(|| serde::de::Error::missing_field("commands"))
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let List(commands) = serde::Deserializer::deserialize_map(&mut reader, Outer(body)).map_err(|_| NotACommandList)?;
    reader.end().map_err(|_| NotACommandList)?;
    Ok(commands)
}

/// A command as written. Members that may have a wrong type without spoiling the command are kept raw.
#[derive(Deserialize)]
struct AsWritten<'a> {
    #[serde(borrow, default)]
    request_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    shard_token: Option<Text<'a>>,
    #[serde(borrow, default)]
    command_type: Option<&'a RawValue>,
    #[serde(borrow, default)]
    channel: Option<&'a RawValue>,
    #[serde(borrow, default)]
    caller: Option<&'a RawValue>,
    #[serde(borrow, default)]
    headers: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response_timeout: Option<&'a RawValue>,
    #[serde(borrow, default)]
    jsonrpc: Option<&'a RawValue>,
}

fn parse(body: &Bytes, text: &str) -> Parsed {
    let unanswerable = |reason| Parsed::Unanswerable { reason };
    // Serde reads a struct from an array too.
    let object = Some(text).filter(|text| text.starts_with('{'));
    let Some(written) = object.and_then(|text| serde_json::from_str::<AsWritten<'_>>(text).ok()) else {
        return unanswerable("the command is not an object with a string request_id and shard_token");
    };
    let non_empty = |t: Option<Text<'_>>| t.filter(|t| !t.0.is_empty()).map(|t| Box::<str>::from(&*t.0));
    let Some(request_id) = non_empty(written.request_id) else {
        return unanswerable("request_id is missing");
    };
    let Some(shard_token) = non_empty(written.shard_token) else {
        return unanswerable("shard_token is missing");
    };
    // The token travels in a header; one that cannot be sent can have no answer.
    if !shard_token.bytes().all(|b| (0x21..=0x7e).contains(&b) || b == b' ') {
        return unanswerable("shard_token is not a header value");
    }
    let response_timeout = written
        .response_timeout
        .and_then(string)
        .and_then(|t| duration::parse(&t));
    let channel = written.channel.map_or(Some(Box::from(MAIN_CHANNEL)), |raw| {
        if raw.get() == "null" {
            Some(Box::from(MAIN_CHANNEL))
        } else {
            string(raw).and_then(|c| canonical_channel(&c))
        }
    });
    let headers = written.headers.map_or(Some(Headers::default()), parse_headers);
    let caller_request_id = headers
        .as_ref()
        .and_then(|headers| headers.value(REQUEST_ID))
        .filter(|id| is_plain_request_id(id) && **id != *request_id)
        .map(Box::from);
    let route = Route {
        request_id,
        shard_token,
        caller_request_id,
        client_request_id: headers
            .as_ref()
            .and_then(|headers| headers.value(REQUEST_ID))
            .filter(|id| id.len() <= HEADER_VALUE_MAX)
            .map(Box::from),
        channel: channel.clone().unwrap_or_else(|| MAIN_CHANNEL.into()),
    };
    // The published document gives `jsonrpc` as the default type.
    let command_type = written.command_type.map_or(Some("jsonrpc".to_owned()), string);
    let message = written.jsonrpc.map(RawValue::get);
    let refused = |route, reason| Parsed::Refused {
        route,
        response_timeout,
        termination: command_type.as_deref() == Some("session_termination"),
        id: message
            .and_then(jsonrpc::salvage_id)
            .filter(|id| id.len() <= ID_MAX)
            .map(Box::from),
        reason,
    };
    if channel.is_none() {
        return refused(route, "the channel name is not valid");
    }
    let Some(headers) = headers else {
        return refused(route, "headers is not a map of lists of strings, or has too many");
    };
    if headers
        .value("mcp-session-id")
        .is_some_and(|id| session::check(id).is_err())
    {
        return refused(route, "Mcp-Session-Id is longer than 16384 bytes, or not visible ASCII");
    }
    let action = match command_type.as_deref() {
        Some("jsonrpc") => match message.map(|m| action(body, m)) {
            Some(Ok(action)) => action,
            Some(Err(reason)) => return refused(route, reason),
            None => return refused(route, "the command has no jsonrpc message"),
        },
        Some("session_termination") if headers.value("mcp-session-id").is_some_and(|v| !v.is_empty()) => {
            Action::SessionTermination
        }
        Some("session_termination") => return refused(route, "the command has no Mcp-Session-Id header"),
        _ => return refused(route, "the command type is not supported"),
    };
    // A value that is not a string names no caller; the member is optional and does not make a command invalid.
    let name = written.caller.and_then(string);
    Parsed::Command(Command {
        route,
        caller: Caller::new(&headers, name.as_deref()),
        headers,
        response_timeout,
        action,
        size: text.len(),
    })
}

fn action(body: &Bytes, text: &str) -> Result<Action, &'static str> {
    let message = Message::parse(text).map_err(jsonrpc::Invalid::as_str)?;
    if let Kind::Call { id, .. } | Kind::Response { id: Some(id), .. } = &message.kind
        && id.json().len() > ID_MAX
    {
        return Err("the id is too long");
    }
    let payload = if text.len() >= SHARE_BODY_MIN && text.len() >= body.len() / 8 * 7 {
        body.slice_ref(text.as_bytes())
    } else {
        Bytes::copy_from_slice(text.as_bytes())
    };
    let params = message.params_span().unwrap_or_default();
    match message.kind {
        Kind::Call { method, id } => Ok(Action::Call {
            payload,
            params,
            id: id.json().into(),
            initialize: method == "initialize",
            repeatable: methods::is_repeatable(&method),
            method: method.into(),
        }),
        Kind::Notification { method } => Ok(Action::Notification {
            payload,
            method: method.into(),
        }),
        Kind::Response { id: Some(id), .. } => Ok(Action::Answer {
            payload,
            id: id.json().into(),
        }),
        Kind::Response { id: None, .. } => Err("the payload is a response without an id"),
    }
}

/// Whether a text may be logged as a caller's name for its request, and sent to an MCP server.
fn is_plain_request_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=CALLER_REQUEST_ID_MAX).contains(&text.len()) && text.bytes().all(is_plain)
}

fn string(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

/// Trims and lower-cases a channel name and checks it against `^[a-z0-9_-]{1,64}$`; empty means main.
pub fn canonical_channel(name: &str) -> Option<Box<str>> {
    let name = name.trim().to_ascii_lowercase();
    if name.is_empty() {
        return Some(MAIN_CHANNEL.into());
    }
    let valid = name.len() <= 64
        && name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
    valid.then(|| name.into())
}

fn parse_headers(raw: &RawValue) -> Option<Headers> {
    struct Visitor;
    impl<'de> serde::de::Visitor<'de> for Visitor {
        type Value = Headers;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of lists of strings")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
            let mut headers = Vec::new();
            while let Some(name) = map.next_key::<Text<'de>>()? {
                // Each value has a copy of the name. One that no server takes is left out.
                if name.0.len() > HEADER_NAME_MAX {
                    map.next_value::<serde::de::IgnoredAny>()?;
                    continue;
                }
                map.next_value_seed(Values(&name.0, &mut headers))?;
            }
            Ok(Headers(headers))
        }
    }
    /// Adds the values of one name, one by one: a list of many small ones must not cost many times its size.
    struct Values<'a>(&'a str, &'a mut Vec<(Box<str>, Box<str>)>);
    impl<'de> serde::de::DeserializeSeed<'de> for Values<'_> {
        type Value = ();
        fn deserialize<D: serde::Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
            d.deserialize_seq(self)
        }
    }
    impl<'de> serde::de::Visitor<'de> for Values<'_> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of strings")
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
            let Self(name, headers) = self;
            while let Some(value) = values.next_element::<Text<'de>>()? {
                if headers.len() >= COMMAND_HEADERS_MAX {
                    return Err(A::Error::custom("too many headers"));
                }
                headers.push((Box::from(name), Box::from(&*value.0)));
            }
            Ok(())
        }
    }
    if raw.get() == "null" {
        return Some(Headers::default());
    }
    serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_str(raw.get()), Visitor).ok()
}

#[cfg(test)]
mod tests;
