//! A client's posted answers to one call (`relay/src/control/response.rs`, `calls`).
//!
//! Oracles: the client's own rule for what answers a request; a model of the call, which ends once; the memory for bodies, which is
//! free again at the end; what the client writes is taken.

use arbitrary::Arbitrary;
use bytes::Bytes;
use serde_json::value::RawValue;
use tunnel_client::wire::answer::{Verdict, judge};
use tunnel_client::wire::headers::ResponseHeaders;
use tunnel_client::wire::jsonrpc::{Kind, Message};
use tunnel_client::wire::response::{Response, ResponseType};
use tunnel_relay::fuzzing::answers::{Bench, Expecting, HEADER_BYTES_MAX, Seen, header_names};

/// A call and what its client posts.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    call: Call,
    streams: bool,
    posts: Vec<Post<'a>>,
    leaves_before: Option<u8>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Call {
    Response(u8),
    Ack,
    Termination,
}

#[derive(Debug, Arbitrary)]
enum Post<'a> {
    /// Any bytes.
    Raw(&'a [u8]),
    /// Bytes in the place of the message of an answer that is well-formed otherwise.
    Message(u8, &'a str),
    /// What the client writes.
    Written {
        kind: Form,
        code: u16,
        headers: Vec<(u8, &'a [u8])>,
        payload: Option<Payload>,
    },
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Form {
    Answer,
    Notify,
    Ack,
    Termination,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Payload {
    Result(u8),
    Error(u8),
    ErrorWithoutId,
    Notification,
    Request(u8),
}

const IDS: [&str; 8] = ["1", "\"1\"", "1.0", "2", "\"a\"", "\"\\u0061\"", "-7", "1e0"];
const NAMES: [&str; 10] = [
    "mcp-session-id",
    "www-authenticate",
    "retry-after",
    "content-type",
    "set-cookie",
    "ratelimit-policy",
    "dpop-nonce",
    "mcp-protocol-version",
    "last-event-id",
    "connection",
];

fn id(index: u8) -> &'static str {
    IDS[usize::from(index) % IDS.len()]
}

impl Payload {
    fn text(self) -> String {
        match self {
            Self::Result(of) => format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{}}}}"#, id(of)),
            Self::Error(of) => format!(
                r#"{{"jsonrpc":"2.0","id":{},"error":{{"code":1,"message":"m"}}}}"#,
                id(of)
            ),
            Self::ErrorWithoutId => r#"{"jsonrpc":"2.0","error":{"code":1,"message":"m"}}"#.to_owned(),
            Self::Notification => "{\"jsonrpc\":\"2.0\",\r\n\"method\":\"notifications/x\"}".to_owned(),
            Self::Request(of) => format!(r#"{{"jsonrpc":"2.0","id":{},"method":"ping"}}"#, id(of)),
        }
    }
}

/// Feeds one call.
pub fn check(input: &Input<'_>) {
    let asked = match input.call {
        Call::Response(of) => Some(id(of)),
        Call::Ack | Call::Termination => None,
    };
    let expecting = match input.call {
        Call::Response(of) => Expecting::Response(id(of)),
        Call::Ack => Expecting::Ack,
        Call::Termination => Expecting::Termination,
    };
    let mut bench = Bench::new(expecting, input.streams).expect("a call");
    let memory = bench.memory();
    let mut is_over = false;
    for (number, post) in input.posts.iter().take(12).enumerate() {
        if input.leaves_before.is_some_and(|at| usize::from(at) == number) {
            bench.leave();
            is_over = true;
        }
        let body = post.body(&bench.request());
        let outcome = bench.post(&body);
        if is_over {
            let (status, _) = outcome.as_ref().expect_err("nobody waits");
            assert!(matches!(status, 400 | 404 | 410), "{status}");
        }
        let mut seen = Vec::new();
        while let Some(event) = bench.next() {
            let is_last = !matches!(event, Seen::Streamed(_));
            seen.push(event);
            if is_last {
                break;
            }
        }
        let is_seen_over = seen.iter().any(|event| !matches!(event, Seen::Streamed(_)));
        assert!(!(is_over && is_seen_over), "a call ends once");
        for event in &seen {
            judge_event(event, &body, asked, input.streams, outcome.is_ok());
        }
        if let (
            Post::Written {
                kind, code, payload, ..
            },
            false,
        ) = (post, is_over)
        {
            must_take(*kind, *code, *payload, input, asked, &outcome);
        }
        is_over |= is_seen_over;
        if is_seen_over {
            bench.leave();
        }
        assert_eq!(bench.waiting(), usize::from(!is_over), "a call is kept until it ends");
    }
    bench.leave();
    assert_eq!(bench.memory(), memory, "the memory for bodies is given back");
}

impl Post<'_> {
    fn body(&self, request: &str) -> Vec<u8> {
        match self {
            Self::Raw(bytes) => bytes.to_vec(),
            Self::Message(kind, message) => {
                let kind = [
                    "jsonrpc_response",
                    "jsonrpc_notify",
                    "notify_ack",
                    "session_termination_response",
                ][usize::from(*kind) % 4];
                format!(r#"{{"request_id":"{request}","resp_code":200,"resp_type":"{kind}","resp_json":{message}}}"#)
                    .into()
            }
            Self::Written {
                kind,
                code,
                headers,
                payload,
            } => {
                let pairs = || {
                    headers
                        .iter()
                        .map(|(name, value)| (NAMES[usize::from(*name) % NAMES.len()], *value))
                };
                let response = Response {
                    kind: match kind {
                        Form::Answer => ResponseType::JsonRpcResponse,
                        Form::Notify => ResponseType::JsonRpcNotify,
                        Form::Ack => ResponseType::NotifyAck,
                        Form::Termination => ResponseType::SessionTermination,
                    },
                    code: code % 1000,
                    headers: ResponseHeaders::filter(pairs),
                    payload: payload.map(|payload| Bytes::from(payload.text())),
                };
                response.body(request, "main").concat()
            }
        }
    }
}

fn judge_event(event: &Seen, body: &[u8], asked: Option<&str>, streams: bool, was_taken: bool) {
    match event {
        Seen::Streamed(message) => {
            assert!(streams && asked.is_some());
            let data = event_data(message);
            let message = Message::parse(&data).expect("a message");
            assert!(matches!(message.kind, Kind::Call { .. } | Kind::Notification { .. }));
        }
        Seen::Reply(status, headers, message) => {
            assert!(was_taken);
            assert!(matches!(status, 200..300 | 400..600), "{status}");
            let bytes: usize = headers
                .iter()
                .map(|(name, value)| name.as_str().len() + value.len())
                .sum();
            assert!(bytes <= HEADER_BYTES_MAX);
            assert!(headers.keys().all(|name| header_names().any(|known| name == known)));
            assert!(headers.get_all("mcp-session-id").iter().count() <= 1);
            let Some(message) = message else {
                assert!(asked.is_none());
                return;
            };
            assert!(!(201..300).contains(status), "callers expect no message with {status}");
            let text = std::str::from_utf8(message).expect("text");
            let parsed = Message::parse(text).expect("a message");
            match asked {
                Some(asked) => assert!(
                    matches!(judge(&parsed, asked), Verdict::Result | Verdict::Error),
                    "{text}"
                ),
                None => assert!(matches!(parsed.kind, Kind::Response { is_error: true, .. })),
            }
            // As it was written, or an error that had no id.
            let is_part = body.windows(message.len()).any(|part| part == &message[..]);
            assert!(is_part || parsed.error().is_some_and(|error| contains(body, error)));
        }
        Seen::Refused(status, _) => assert!(!was_taken && matches!(status, 502 | 400), "{status}"),
    }
}

fn contains(body: &[u8], raw: &RawValue) -> bool {
    let raw = raw.get().as_bytes();
    body.windows(raw.len()).any(|part| part == raw)
}

/// The data of an event, by the rules of event streams.
fn event_data(event: &[u8]) -> String {
    let text = std::str::from_utf8(event).expect("text");
    let text = text.strip_suffix("\n\n").expect("an end");
    assert!(!text.contains("\n\n") && !text.contains('\r'));
    let lines = text.split('\n').filter_map(|line| line.strip_prefix("data:"));
    lines
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What the client writes as an answer to this very request must be taken.
fn must_take(
    kind: Form,
    code: u16,
    payload: Option<Payload>,
    input: &Input<'_>,
    asked: Option<&str>,
    outcome: &Result<(), (u16, String)>,
) {
    let refused_headers = outcome
        .as_ref()
        .is_err_and(|(_, message)| message.contains("resp_headers") || message.contains("Mcp-Session-Id"));
    if refused_headers {
        return;
    }
    let fits = match (kind, input.call, payload) {
        (Form::Answer, Call::Response(_), Some(payload)) => {
            let text = payload.text();
            let verdict = Message::parse(&text)
                .ok()
                .zip(asked)
                .map(|(message, asked)| judge(&message, asked));
            match verdict {
                Some(Verdict::Result | Verdict::Error) => true,
                Some(Verdict::Unnamed) => !matches!(code % 1000, 0 | 200..300),
                _ => false,
            }
        }
        (Form::Ack, Call::Ack, _) | (Form::Termination, Call::Termination, _) => true,
        (Form::Notify, Call::Response(_), Some(Payload::Notification | Payload::Request(_))) => true,
        (Form::Answer, Call::Ack | Call::Termination, Some(Payload::Error(_) | Payload::ErrorWithoutId)) => true,
        _ => false,
    };
    assert_eq!(outcome.is_ok(), fits, "{kind:?} {code} {payload:?}: {outcome:?}");
}
