//! The body of a poll answer (`src/wire/command.rs`). Oracle: the contract's rules once more, on a JSON tree of its own.

use bytes::Bytes;
use tunnel_client::limits::{
    COMMAND_HEADERS_MAX, HEADER_NAME_MAX, HEADER_VALUE_MAX, ID_MAX, POLL_COMMANDS_MAX, SESSION_ID_MAX,
};
use tunnel_client::wire::command::{Action, Command, Parsed, Route, parse_list};
use tunnel_client::wire::duration;

use crate::support::json::{self, Fault, Node};
use crate::support::messages::{Kind, kind_of};
use crate::support::pieces::inflated;

/// Letters that a pair of marks stands for: two pairs pass the bound of an id, and eight that of shared bodies.
const LETTERS: usize = 9000;

/// Feeds `data` as the body of a poll answer.
pub fn check(data: &[u8]) {
    let text = inflated(data, 8, LETTERS);
    let body = Bytes::from(text.clone());
    let ours = parse_list(&body);
    let tree = match json::parse(&text) {
        Err(Fault::Deep) => return,
        Err(_) => {
            assert!(ours.is_err(), "it is no JSON");
            return;
        }
        Ok(tree) => tree,
    };
    let Some(elements) = list(&text, &tree) else {
        assert!(ours.is_err(), "it is no list of commands");
        return;
    };
    let ours = ours.expect("it is a list of commands");
    assert_eq!(ours.len(), elements.len());
    for (parsed, element) in ours.iter().zip(elements) {
        command(parsed, element, &text);
    }
}

/// The elements of the only member `commands`.
fn list<'n>(text: &[u8], tree: &'n Node) -> Option<&'n [Node]> {
    let commands = tree.has_readable_names().then(|| tree.one("commands").ok())???;
    let elements = commands.elements()?;
    let is_text = elements
        .iter()
        .all(|element| std::str::from_utf8(element.raw(text)).is_ok());
    (is_text && elements.len() <= POLL_COMMANDS_MAX).then_some(elements)
}

/// A member that is absent where it is `null`.
fn member<'n>(command: &'n Node, name: &str) -> Option<&'n Node> {
    command.one(name).ok().flatten().filter(|node| !node.is_null())
}

fn command(parsed: &Parsed, element: &Node, text: &[u8]) {
    let Some((request_id, shard_token)) = addressed(element) else {
        assert!(
            matches!(parsed, Parsed::Unanswerable { .. }),
            "it cannot be answered: {parsed:?}"
        );
        return;
    };
    let headers = member(element, "headers").map_or(Some(Vec::new()), headers);
    let channel = member(element, "channel").map_or(Some("main".to_owned()), |node| channel(node.text()?));
    let timeout = member(element, "response_timeout")
        .and_then(Node::text)
        .and_then(duration::parse);
    let value = |name: &str| {
        let named = headers
            .iter()
            .flatten()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &**value)
    };
    let kind = member(element, "command_type").map_or(Some("jsonrpc"), Node::text);
    let message = member(element, "jsonrpc");
    let judged = message.map(|message| kind_of(text, message));
    let session = value("mcp-session-id");
    let is_session = |id: &str| id.len() <= SESSION_ID_MAX && id.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t'));
    let short = |span: &std::ops::Range<usize>| span.len() <= ID_MAX;
    let is_good = headers.is_some()
        && channel.is_some()
        && session.is_none_or(is_session)
        && match kind {
            Some("jsonrpc") => match &judged {
                Some(Ok(Kind::Call(_, id) | Kind::Response(Some(id), _))) => short(id),
                Some(Ok(Kind::Notification(_))) => true,
                _ => false,
            },
            Some("session_termination") => session.is_some_and(|id| !id.is_empty()),
            _ => false,
        };
    let route = match parsed {
        Parsed::Unanswerable { reason } => panic!("it can be answered: {reason}"),
        Parsed::Refused {
            route,
            response_timeout,
            termination,
            id,
            reason,
        } => {
            assert!(!is_good, "a good command was refused: {reason}");
            assert_eq!(*response_timeout, timeout);
            assert_eq!(*termination, kind == Some("session_termination"));
            assert_eq!(id.as_deref(), message.and_then(|message| salvaged(message, text)));
            route
        }
        Parsed::Command(command) => {
            assert!(is_good, "a bad command was accepted: {command:?}");
            assert_eq!(command.response_timeout, timeout);
            assert_eq!(command.size, element.span.len());
            let ours = command.headers.0.iter().map(|(name, value)| (&**name, &**value));
            let theirs = headers.iter().flatten().map(|(name, value)| (&**name, &**value));
            assert!(ours.eq(theirs), "the headers are others");
            action(
                command,
                kind,
                message,
                judged.as_ref().and_then(|judged| judged.as_ref().ok()),
                text,
            );
            &command.route
        }
    };
    let expected = Route {
        request_id: request_id.into(),
        shard_token: shard_token.into(),
        channel: channel.unwrap_or_else(|| "main".to_owned()).into(),
        client_request_id: value("x-request-id")
            .filter(|id| id.len() <= HEADER_VALUE_MAX)
            .map(Box::from),
        caller_request_id: value("x-request-id")
            .filter(|id| (1..=128).contains(&id.len()) && *id != request_id)
            .filter(|id| {
                id.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            })
            .map(Box::from),
    };
    assert!(*route == expected, "{route:?} is not {expected:?}");
    let shown = format!("{parsed:?}");
    if shard_token.len() > 8 && request_id != shard_token {
        let elsewhere = String::from_utf8_lossy(element.raw(text)).matches(shard_token).count() > 1;
        assert!(elsewhere || !shown.contains(shard_token), "Debug shows the shard token");
    }
}

/// Request id and shard token of a command that can be answered.
fn addressed(element: &Node) -> Option<(&str, &str)> {
    const MEMBERS: [&str; 8] = [
        "request_id",
        "shard_token",
        "command_type",
        "channel",
        "caller",
        "headers",
        "response_timeout",
        "jsonrpc",
    ];
    let is_clear = element.has_readable_names() && MEMBERS.iter().all(|name| element.one(name).is_ok());
    element.members().filter(|_| is_clear)?;
    let text = |name| member(element, name)?.text().filter(|text| !text.is_empty());
    let (request_id, shard_token) = (text("request_id")?, text("shard_token")?);
    shard_token
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~'))
        .then_some((request_id, shard_token))
}

/// Trimmed, in lower case, `main` when empty.
fn channel(name: &str) -> Option<String> {
    let name = name.trim().to_ascii_lowercase();
    let is_valid = name.len() <= 64
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b));
    match name.is_empty() {
        true => Some("main".to_owned()),
        false => is_valid.then_some(name),
    }
}

fn headers(node: &Node) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    for (name, values) in node.members()? {
        let name = name.clone()?;
        if name.len() > HEADER_NAME_MAX {
            continue;
        }
        for value in values.elements()? {
            found.push((name.clone(), value.text()?.to_owned()));
        }
    }
    (found.len() <= COMMAND_HEADERS_MAX).then_some(found)
}

/// The id of a message that is none, if it can be read.
fn salvaged<'t>(message: &Node, text: &'t [u8]) -> Option<&'t str> {
    let id = message.has_readable_names().then(|| message.one("id").ok())???;
    let json = std::str::from_utf8(id.raw(text)).ok()?;
    let is_id = matches!(json.as_bytes().first(), Some(b'"' | b'-' | b'0'..=b'9'));
    (is_id && json.len() <= ID_MAX).then_some(json)
}

fn action(command: &Command, kind: Option<&str>, message: Option<&Node>, judged: Option<&Kind>, text: &[u8]) {
    let is_whole = |payload: &Bytes| Some(&payload[..]) == message.map(|message| message.raw(text));
    match (&command.action, kind, judged) {
        (Action::SessionTermination, Some("session_termination"), _) => {}
        (
            Action::Call {
                payload,
                method: taken,
                params,
                id,
                initialize,
                repeatable,
            },
            Some("jsonrpc"),
            Some(Kind::Call(method, span)),
        ) => {
            assert!(is_whole(payload), "the payload is changed");
            assert_eq!(**taken, **method);
            let written = message.and_then(|message| message.one("params").ok().flatten());
            let written = written
                .map(|params| params.raw(text))
                .filter(|params| *params != b"null");
            assert_eq!(&payload[params.clone()], written.unwrap_or_default());
            assert_eq!(id.as_bytes(), &text[span.clone()]);
            assert_eq!(*initialize, method == "initialize");
            assert!(!repeatable || *method == "ping" || method.ends_with("/list") || method == "resources/read");
        }
        (Action::Notification { payload, method }, Some("jsonrpc"), Some(Kind::Notification(known))) => {
            assert!(is_whole(payload), "the payload is changed");
            assert_eq!(**method, **known);
        }
        (Action::Answer { payload, id }, Some("jsonrpc"), Some(Kind::Response(Some(span), _))) => {
            assert!(is_whole(payload), "the payload is changed");
            assert_eq!(id.as_bytes(), &text[span.clone()]);
        }
        (action, ..) => panic!("{action:?} of {kind:?}, {judged:?}"),
    }
}
