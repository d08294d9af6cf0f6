//! `POST /v1/tunnels/{id}/response`: one answer to one command.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::payload::{Concerns, ResponsePayload, ResponseType};
use crate::calls::{Call, Expect, NoCall, NotStreamed, Outcome, Reply, Stream, response_headers};
use crate::error::{Code, Refusal};
use crate::ids::{Channel, RequestId, ShardToken, TunnelId};
use crate::json::{Kind, Malformed, answers, check_text, classify, with_id};
use crate::limits;
use crate::relay::Relay;
use crate::server::{Body, BodyError, Held, event, json, read_body};
use crate::share::Holder;

#[cfg(fuzzing)]
pub(crate) mod fuzzing;

/// Serves one response.
pub(crate) async fn response(
    relay: &Arc<Relay>,
    client: Holder,
    tunnel: &TunnelId,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let (head, body) = request.into_parts();
    let token = shard_token(&head.headers)?;
    let body = match read_body(body, limits::RESPONSE_BODY, relay.memory.share(client)).await {
        Ok(body) => body,
        Err(error) => {
            if let BodyError::TooLarge(limit) = error {
                let refusal = Refusal::new(
                    Code::BodyTooLarge,
                    format!("the answer is larger than the {limit} bytes that the relay takes"),
                );
                close(
                    relay,
                    tunnel,
                    &token,
                    refusal.with_status(StatusCode::BAD_GATEWAY).with_rpc(-32603),
                );
            }
            return Err(error.into());
        }
    };
    take(relay, tunnel, &token, body).await?;
    Ok(json(StatusCode::OK, Bytes::from_static(br#"{"status":"ok"}"#)))
}

/// Does what an answer says that was read.
async fn take(relay: &Arc<Relay>, tunnel: &TunnelId, token: &ShardToken, body: Held) -> Result<(), Refusal> {
    match answer(relay, tunnel, token, &body) {
        Ok(Step::Stream(streamed)) => streamed.pass(relay, body).await,
        Ok(Step::Finish(request, caller, terminal)) => {
            let mut reply = terminal.with_body(body);
            if let Some(body) = &mut reply.body
                && !body.pass_to(caller)
            {
                return Err(unread());
            }
            match relay.calls.finish(request, Ok(reply)) {
                true => Ok(()),
                false => Err(not_found()),
            }
        }
        Err(refusal) => {
            if refusal.status == StatusCode::BAD_REQUEST && !Concerns::one_of_several(body.bytes()) {
                let told = Refusal::new(
                    Code::InvalidClientResponse,
                    format!("the tunnel client's answer was refused: {}", refusal.message),
                );
                close(relay, tunnel, token, told);
            }
            Err(refusal)
        }
    }
}

/// What an answer does.
enum Step {
    /// The call goes on.
    Stream(Streaming),
    /// Ends the call; the answer belongs to its caller.
    Finish(RequestId, Holder, Terminal),
}

/// A server's message before the terminal answer.
struct Streaming {
    call: Arc<Call>,
    stream: Stream,
    headers: HeaderMap,
    /// Where it stands in the body.
    message: Range<usize>,
}

/// A terminal answer without its body.
struct Terminal {
    status: StatusCode,
    headers: HeaderMap,
    message: Option<Answer>,
}

/// The JSON-RPC message of a terminal answer.
enum Answer {
    /// Where it stands in the body.
    Part(Range<usize>),
    /// In other words than the body's.
    Anew(Vec<u8>),
}

impl Terminal {
    fn with_body(self, body: Held) -> Reply {
        let Self {
            status,
            headers,
            message,
        } = self;
        Reply {
            status,
            headers,
            body: message.map(|message| match message {
                Answer::Part(range) => body.part(range),
                Answer::Anew(bytes) => body.replace(bytes),
            }),
        }
    }
}

fn answer(relay: &Relay, tunnel: &TunnelId, token: &ShardToken, body: &Held) -> Result<Step, Refusal> {
    let text = check_text(body.bytes()).map_err(malformed)?;
    let payload: ResponsePayload<'_> =
        serde_json::from_str(text).map_err(|error| invalid(format!("not a response payload: {error}")))?;
    let request = RequestId::parse(&payload.request_id).ok_or_else(not_found)?;
    let is_notify = payload.resp_type == ResponseType::JsonrpcNotify;
    let (call, stream) = relay.calls.find(tunnel, request, token).map_err(|error| match error {
        NoCall::Ended if is_notify => caller_gone(),
        NoCall::Ended | NoCall::Unknown => not_found(),
        NoCall::OtherTunnel => Refusal::new(Code::RequestMismatch, "the command belongs to another tunnel"),
    })?;
    if let Some(channel) = payload.channel.as_deref() {
        let channel = Channel::parse(channel).ok_or_else(|| {
            Refusal::new(Code::InvalidChannel, "a channel is 1 to 64 of a-z, 0-9, _ and -").at("channel")
        })?;
        if channel != call.channel {
            return Err(Refusal::new(Code::InvalidChannel, "the command is of another channel").at("channel"));
        }
    }
    let headers = response_headers(payload.resp_headers.pairs()).map_err(|error| invalid(error.to_string()))?;
    let message = payload.resp_json.map(|json| json.get()).filter(|json| *json != "null");
    if is_notify {
        let message = message.ok_or_else(|| invalid("a streamed message needs resp_json"))?;
        return Ok(Step::Stream(Streaming {
            call,
            stream,
            headers,
            message: range_in(text, message),
        }));
    }
    let status = status(payload.resp_code);
    let message = match (&call.expect, payload.resp_type, message) {
        (Expect::Ack, ResponseType::NotifyAck, _)
        | (Expect::Termination, ResponseType::SessionTerminationResponse, _) => None,
        (expect, ResponseType::JsonrpcResponse, Some(message)) => {
            let anew = check_response(expect, status, message)?;
            Some(anew.map_or_else(|| Answer::Part(range_in(text, message)), Answer::Anew))
        }
        (_, ResponseType::JsonrpcResponse, None) => return Err(invalid("a jsonrpc_response needs resp_json")),
        _ => return Err(invalid("a command of this kind is not answered by this resp_type")),
    };
    Ok(Step::Finish(
        request,
        Holder::of_tunnel(&call.key, &call.tunnel),
        Terminal {
            status: if message.is_some() {
                with_message(status)
            } else {
                status
            },
            headers,
            message,
        },
    ))
}

impl Streaming {
    /// Passes the message to the caller.
    async fn pass(self, relay: &Arc<Relay>, body: Held) -> Result<(), Refusal> {
        let Self {
            call,
            stream,
            headers,
            message,
        } = self;
        if !matches!(call.expect, Expect::Response(_)) {
            return Err(invalid("only calls have streamed messages"));
        }
        let message = body.part(message);
        let id = match classify(message.bytes()).map_err(malformed)? {
            Kind::Response { .. } => return Err(invalid("a streamed message is a notification or a request")),
            // A caller that takes JSON only sees the terminal answer alone.
            Kind::Notification if !call.streams => return Ok(()),
            Kind::Notification => None,
            Kind::Call { id, .. } if !call.streams => {
                relay.refuse_to_server(&call, &id, "the caller takes no requests: it accepts no event stream");
                return Ok(());
            }
            Kind::Call { id, .. } if !relay.server_requests.note(&call, &id) => {
                relay.refuse_to_server(&call, &id, "too many requests wait for answers of callers");
                return Ok(());
            }
            Kind::Call { id, .. } => Some(id),
        };
        // Written now, so that what waits for the caller is no larger than it looks, whatever it came in.
        let mut message = event(message);
        let sent = if message.pass_to(Holder::of_tunnel(&call.key, &call.tunnel)) {
            passed(stream.send(message.into_bytes(), headers).await)
        } else {
            Err(unread())
        };
        sent.inspect_err(|_| {
            if let Some(id) = id {
                let (session, key) = (call.session.as_ref(), &call.key);
                relay
                    .server_requests
                    .take(&call.tunnel, &call.channel, session, key, &id);
            }
        })
    }
}

/// Refusal of an answer while its caller has too many unread bytes.
fn unread() -> Refusal {
    let message = "callers with this caller's key have reached their limit of unread answer bytes";
    Refusal::new(Code::Unavailable, message).retry_after(1)
}

fn passed(sent: Result<(), NotStreamed>) -> Result<(), Refusal> {
    sent.map_err(|error| match error {
        NotStreamed::Slow => {
            Refusal::new(Code::RateLimitExceeded, "the caller takes its stream slower than this").retry_after(1)
        }
        NotStreamed::Gone => caller_gone(),
    })
}

/// The terminal message must be a response, and the one to the caller's request.
///
/// Servers that refuse a request before they read it, such as one of an unknown session, answer with their status and
/// an error without an id; it is returned under the caller's, because callers wait for that one.
fn check_response(expect: &Expect, status: StatusCode, message: &str) -> Result<Option<Vec<u8>>, Refusal> {
    let Kind::Response { id, error } = classify(message.as_bytes()).map_err(malformed)? else {
        return Err(invalid("a jsonrpc_response is a JSON-RPC response"));
    };
    match (expect, id) {
        (Expect::Response(asked), Some(id)) if answers(asked, &id) => Ok(None),
        (Expect::Response(_), Some(_)) => Err(invalid("the response has another id than the request")),
        (Expect::Response(asked), None) if status.is_client_error() || status.is_server_error() => {
            Ok(with_id(message, asked))
        }
        (Expect::Response(_), None) => Err(invalid("the response has no id, and its status is no error's")),
        _ if error => Ok(None),
        _ => Err(invalid("the response to what is no call must be an error")),
    }
}

/// The status for the caller. Clients before 1.0 send 0 for an answer that came without one, over stdio; a redirect
/// leads nowhere from here, and what is no status at all cannot be passed on.
fn status(code: i64) -> StatusCode {
    let status = match code {
        0 => return StatusCode::OK,
        200..300 | 400..600 => u16::try_from(code)
            .ok()
            .and_then(|code| StatusCode::from_u16(code).ok()),
        _ => None,
    };
    status.unwrap_or(StatusCode::BAD_GATEWAY)
}

/// A success with a message is 200: after any other, MCP clients expect no message and would wait for it for ever.
fn with_message(status: StatusCode) -> StatusCode {
    if status.is_success() { StatusCode::OK } else { status }
}

/// Where a part of a text stands in it.
fn range_in(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    start..start + part.len()
}

fn shard_token(headers: &HeaderMap) -> Result<ShardToken, Refusal> {
    const NAME: &str = "x-tunnel-shard-token";
    let mut values = headers.get_all(NAME).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(
            Refusal::new(Code::InvalidParameter, "X-Tunnel-Shard-Token must be sent once").at("X-Tunnel-Shard-Token"),
        );
    };
    // One that the relay never made belongs to no command.
    value.to_str().ok().and_then(ShardToken::parse).ok_or_else(not_found)
}

/// Ends the command that the shard token proves to hold.
fn close(relay: &Relay, tunnel: &TunnelId, token: &ShardToken, refusal: Refusal) {
    if relay.calls.find(tunnel, token.request(), token).is_ok() {
        let outcome: Outcome = Err(refusal);
        relay.calls.finish(token.request(), outcome);
    }
}

fn not_found() -> Refusal {
    Refusal::new(
        Code::PendingRequestNotFound,
        "no such command waits for an answer: it was answered, has expired, or never was",
    )
}

/// Nobody waits for the command any more, so its client need not go on with it. Clients take 404 for a message before the
/// answer as delivered and go on: a service may have no stream for it. Said of such messages only: existing clients take 404 for an
/// answer as delivered, and 410 as a failure of theirs. They repeat neither.
fn caller_gone() -> Refusal {
    Refusal::new(
        Code::CallerGone,
        "the caller of this command is gone, or has its answer: nothing more is wanted",
    )
}

fn invalid(reason: impl Into<String>) -> Refusal {
    Refusal::new(Code::InvalidJson, reason)
}

fn malformed(error: Malformed) -> Refusal {
    invalid(error.reason())
}
