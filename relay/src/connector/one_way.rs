//! Messages that have no answer of their own: notifications, and a caller's response to a server's request.

use std::sync::Arc;

use http::{Response, StatusCode};

use super::{Caller, call};
use crate::calls::{Event, Expect, ServerRequest};
use crate::error::{Code, Refusal};
use crate::limits;
use crate::queue::{Payload, Place};
use crate::relay::{Message, Relay};
use crate::server::{Body, Held};

/// A notification. The 202 waits until the MCP server took it: callers send what depends on it right after.
pub(super) async fn notification(relay: &Arc<Relay>, caller: Caller, body: Held) -> Result<Response<Body>, Refusal> {
    accepted(relay, caller, body, None).await
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
    let request = id.and_then(|id| relay.server_requests.take(tunnel, channel, session.as_ref(), key, id));
    let request = request.ok_or_else(|| {
        Refusal::new(
            Code::UnknownServerRequest,
            "no request of a server waits for this response",
        )
    })?;
    accepted(relay, caller, body, Some(request)).await
}

/// Delivers a message whether or not its sender stays to hear of it: a notification is often the last thing that is sent
/// on a connection, and an answer whose request was taken for it cannot be sent again.
///
/// No such task outlives its wait; submitting bounds their number, as it does for calls.
async fn accepted(
    relay: &Arc<Relay>,
    caller: Caller,
    body: Held,
    answered: Option<ServerRequest>,
) -> Result<Response<Body>, Refusal> {
    let relay = Arc::clone(relay);
    let delivery = tokio::spawn(async move {
        let Some(request) = answered else {
            return deliver(&relay, caller, body, Place::Back).await;
        };
        let tunnel = caller.tunnel.clone();
        // Before calls: one that the client already has waits for it.
        let delivered = deliver(&relay, caller, body, Place::Front).await;
        if delivered.as_ref().is_err_and(not_taken) {
            relay.server_requests.put_back(&tunnel, request);
        }
        delivered
    });
    let lost = |_| Err(Refusal::new(Code::Internal, "the relay lost the message"));
    delivery.await.unwrap_or_else(lost)
}

/// Whether no client got the message, so that its sender may try again. (Of a relay that shuts down nothing is kept.)
fn not_taken(refusal: &Refusal) -> bool {
    matches!(
        refusal.code,
        Code::QueueFull | Code::ClientNotConnected | Code::Unavailable
    )
}

async fn deliver(relay: &Relay, caller: Caller, body: Held, place: Place) -> Result<Response<Body>, Refusal> {
    let message = Message {
        request: caller.request,
        tunnel: caller.tunnel,
        channel: caller.channel,
        expect: Expect::Ack,
        streams: false,
        session: caller.session,
        key: caller.key,
        revocation: caller.revocation,
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
