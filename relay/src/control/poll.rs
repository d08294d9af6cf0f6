//! `GET /v1/tunnels/{id}/poll`: waits for commands, wakes at once.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use tokio::time::Instant;

use super::Delivery;
use crate::auth::Key;
use crate::clock::rfc3339;
use crate::error::{Code, Refusal};
use crate::ids::{Channel, TunnelId};
use crate::limits;
use crate::queue::{Ask, Command, Payload};
use crate::relay::Relay;
use crate::server::{Body, Connection, EofHold, empty};

#[cfg(fuzzing)]
pub(crate) mod fuzzing;

/// Says that a server's requests may be posted, to be answered by the caller.
const CAPABILITIES: (&str, HeaderValue) = (
    "x-tunnel-service-capabilities",
    HeaderValue::from_static("server-requests-v1"),
);

/// What a poll asks for, checked.
#[derive(Debug)]
pub(crate) struct PollQuery {
    ask: Ask,
    wait: Duration,
}

impl PollQuery {
    /// Reads `limit`, `timeout_ms` and the repeated `channel`; what else stands there is for newer relays.
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, Refusal> {
        let mut limit = limits::POLL_COMMANDS;
        let mut wait = limits::POLL_WAIT_DEFAULT;
        let mut channels = Vec::new();
        let bad = |message: &str, param| Refusal::new(Code::InvalidParameter, message).at(param);
        for (name, value) in query
            .unwrap_or_default()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
        {
            match name {
                "limit" => {
                    limit = value
                        .parse()
                        .ok()
                        .filter(|limit| (1..=limits::POLL_COMMANDS).contains(limit))
                        .ok_or_else(|| bad("limit is a number from 1 to 25", "limit"))?;
                }
                "timeout_ms" => {
                    let ms: u64 = value
                        .parse()
                        .ok()
                        .filter(|ms| *ms >= 1)
                        .ok_or_else(|| bad("timeout_ms is a number from 1", "timeout_ms"))?;
                    wait = Duration::from_millis(ms).min(limits::POLL_WAIT);
                }
                "channel" => {
                    let channel = Channel::parse(value).ok_or_else(|| {
                        Refusal::new(Code::InvalidChannel, "a channel is 1 to 64 of a-z, 0-9, _ and -").at("channel")
                    })?;
                    if channels.len() >= limits::POLL_CHANNELS {
                        return Err(bad("a poll names at most 32 channels", "channel"));
                    }
                    channels.push(channel);
                }
                _ => {}
            }
        }
        Ok(Self {
            ask: Ask {
                channels,
                limit,
                bytes: limits::POLL_BYTES,
            },
            wait,
        })
    }
}

/// Serves one poll.
pub(crate) async fn poll(
    relay: &Relay,
    key: &Key,
    tunnel: &TunnelId,
    query: PollQuery,
    headers: &HeaderMap,
    hold: EofHold,
) -> Result<Response<Body>, Refusal> {
    let agent = headers
        .get("user-agent")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("unnamed");
    let waiting = relay.presence.enter(tunnel, key, agent).ok_or_else(|| {
        Refusal::new(Code::RateLimitExceeded, "too many polls of this tunnel wait already").retry_after(1)
    })?;
    let connection = Arc::clone(hold.connection());
    let delivery = tokio::select! {
        biased;
        () = connection.ended() => None,
        () = relay.draining.begun() => return Err(relay.draining.refusal()),
        delivery = take(relay, tunnel, &query.ask) => Some(delivery?),
        () = tokio::time::sleep(query.wait) => None,
    };
    // A client that left may have done so unseen, because its command woke us first: let the connection look. If it
    // is gone, this future is dropped here, and the commands go back.
    if delivery.is_some() {
        tokio::task::yield_now().await;
    }
    let mut response = match delivery.filter(|_| !connection.has_ended()) {
        None => empty(StatusCode::NO_CONTENT),
        Some(delivery) => {
            hold.until_written();
            commands(delivery.by(waiting), &connection)
        }
    };
    response.headers_mut().insert(CAPABILITIES.0, CAPABILITIES.1);
    if connection.has_ended() {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// Waits for commands.
async fn take(relay: &Relay, tunnel: &TunnelId, ask: &Ask) -> Result<Delivery, Refusal> {
    let leases = relay.queue.take(tunnel, ask).await;
    let leases = leases.map_err(|_| Refusal::new(Code::TunnelNotFound, "the tunnel was removed"))?;
    Ok(Delivery::new(Arc::clone(&relay.queue), tunnel.clone(), leases))
}

fn commands(delivery: Delivery, connection: &Arc<Connection>) -> Response<Body> {
    let bytes = Some(written(&delivery));
    let body = Body::Commands {
        bytes,
        delivery: Some(delivery),
        connection: Arc::clone(connection),
    };
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The answer's body. Payloads are copied as they came.
fn written(delivery: &Delivery) -> Bytes {
    let size: usize = delivery.leases().iter().map(|lease| lease.command.size()).sum();
    let mut body = Vec::with_capacity(size + 64);
    body.extend_from_slice(br#"{"commands":["#);
    for (index, lease) in delivery.leases().iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        write_command(&lease.command, &mut body);
    }
    body.extend_from_slice(b"]}");
    body.into()
}

fn write_command(command: &Command, body: &mut Vec<u8>) {
    let Command {
        request,
        shard_token,
        channel,
        created_at,
        deadline,
        caller,
        headers,
        payload,
        key: _,
    } = command;
    let remaining = deadline.saturating_duration_since(Instant::now()).as_millis();
    let (channel, created_at) = (channel.as_str(), rfc3339(*created_at));
    let mut text = String::with_capacity(headers.len() + 320);
    // All of these are made of characters that JSON strings hold as they are; the headers are JSON already.
    let _ = write!(
        text,
        r#"{{"request_id":"{request}","shard_token":"{shard_token}","channel":"{channel}","created_at":"{created_at}","response_timeout":"{remaining}ms","caller":"{caller}","headers":{headers},"command_type":"#
    );
    body.extend_from_slice(text.as_bytes());
    match payload {
        Payload::JsonRpc(message) => {
            body.extend_from_slice(br#""jsonrpc","jsonrpc":"#);
            body.extend_from_slice(message.bytes());
            body.push(b'}');
        }
        Payload::SessionTermination => body.extend_from_slice(br#""session_termination"}"#),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_query_is_read_with_defaults_caps_and_repeated_channels() {
        let query = PollQuery::parse(Some("limit=3&timeout_ms=999999999&channel=main&channel=b&new=x")).unwrap();
        assert_eq!(query.ask.limit, 3);
        assert_eq!(query.wait, limits::POLL_WAIT);
        assert_eq!(query.ask.channels, [Channel::main(), Channel::parse("b").unwrap()]);
        let query = PollQuery::parse(None).unwrap();
        assert_eq!((query.ask.limit, query.ask.channels.len()), (25, 0));
    }

    #[test]
    fn what_is_out_of_range_is_refused_by_name() {
        for (query, param) in [
            ("limit=0", "limit"),
            ("limit=26", "limit"),
            ("limit=x", "limit"),
            ("timeout_ms=0", "timeout_ms"),
            ("timeout_ms=-1", "timeout_ms"),
            ("channel=A", "channel"),
            ("channel=", "channel"),
        ] {
            assert_eq!(PollQuery::parse(Some(query)).unwrap_err().param, Some(param), "{query}");
        }
    }
}
