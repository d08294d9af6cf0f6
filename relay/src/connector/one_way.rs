//! Messages that have no answer of their own: notifications, and a caller's response to a server's request.

use std::sync::Arc;

use http::{Response, StatusCode};

use super::{Caller, call};
use crate::calls::{Event, Expect};
use crate::error::{Code, Refusal};
use crate::limits;
use crate::queue::{Payload, Place};
use crate::relay::{Message, Relay};
use crate::server::{Body, Held};

/// A notification. The 202 waits until the MCP server took it: callers send what depends on it right after.
pub(super) async fn notification(relay: &Arc<Relay>, caller: Caller, body: Held) -> Result<Response<Body>, Refusal> {
    deliver(relay, caller, body, Place::Back).await
}

/// A caller's response. It must answer a request that a server has made to this caller and that waits.
pub(super) async fn response(
    relay: &Arc<Relay>,
    caller: Caller,
    id: Option<&str>,
    body: Held,
) -> Result<Response<Body>, Refusal> {
    let Caller {
        tunnel,
        channel,
        key,
        session,
        ..
    } = &caller;
    let request = id.and_then(|id| relay.server_requests.take(tunnel, channel, session.as_deref(), key, id));
    let request = request.ok_or_else(|| {
        Refusal::new(
            Code::UnknownServerRequest,
            "no request of a server waits for this response",
        )
    })?;
    let tunnel = tunnel.clone();
    // Before calls: one that the client already has waits for it.
    let delivered = deliver(relay, caller, body, Place::Front).await;
    if matches!(&delivered, Err(refusal) if matches!(refusal.code, Code::QueueFull | Code::ClientNotConnected)) {
        relay.server_requests.put_back(&tunnel, request);
    }
    delivered
}

async fn deliver(relay: &Arc<Relay>, caller: Caller, body: Held, place: Place) -> Result<Response<Body>, Refusal> {
    let message = Message {
        tunnel: caller.tunnel,
        channel: caller.channel,
        expect: Expect::Ack,
        streams: false,
        session: caller.session,
        key: caller.key,
        headers: caller.headers,
        payload: Payload::JsonRpc(body),
        wait: limits::ONE_WAY_WAIT.min(relay.call_timeout),
    };
    let mut pending = relay.submit(message, place).await?;
    loop {
        // Nothing is streamed before an acknowledgement.
        let Event::Terminal(outcome) = pending.next().await else {
            continue;
        };
        let mut reply = outcome?;
        if reply.status.is_success() {
            reply.status = StatusCode::ACCEPTED;
            reply.body = None;
        }
        return Ok(call::whole(reply));
    }
}
