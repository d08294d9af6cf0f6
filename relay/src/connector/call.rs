//! A call: queued, waited for, answered as one JSON document or as an event stream.

use std::sync::Arc;

use http::Response;

use super::accept::Accepts;
use super::record::Record;
use super::{Caller, events, refuse};
use crate::calls::{Event, Expect, Reply};
use crate::error::Refusal;
use crate::ids::RequestId;
use crate::limits;
use crate::pending::Pending;
use crate::queue::{Payload, Place};
use crate::relay::{Message, Relay};
use crate::server::{Body, Held, empty, json};

/// What a caller asked.
pub(super) struct Asked {
    /// JSON text.
    pub(super) id: Box<str>,
    /// The method.
    pub(super) method: Box<str>,
    /// The forms of an answer that it takes.
    pub(super) accepts: Accepts,
}

/// Serves a call.
pub(super) async fn serve(
    relay: &Arc<Relay>,
    caller: Caller,
    asked: Asked,
    body: Held,
    record: &mut Record,
) -> Result<Response<Body>, Refusal> {
    let message = Message {
        request: caller.request,
        tunnel: caller.tunnel,
        channel: caller.channel,
        expect: Expect::Response(asked.id.clone()),
        streams: asked.accepts.events(),
        session: caller.session,
        key: caller.key,
        revocation: caller.revocation,
        headers: caller.headers,
        payload: Payload::JsonRpc(body),
        wait: relay.call_timeout,
    };
    let mut pending = relay.submit(message, Place::Back).await?;
    match first(&mut pending, &asked).await {
        None => Ok(events::response(pending, asked.id, None, record.take())),
        Some(Event::Streamed(message)) => {
            record.passed(message.message.len());
            Ok(events::response(pending, asked.id, Some(message), record.take()))
        }
        // A lone answer goes as JSON unless the caller likes streams better: clients bound the size of one event.
        Some(Event::Terminal(outcome)) => {
            let reply = outcome?;
            record.passed(reply.body.as_ref().map_or(0, |body| body.bytes().len()));
            record.answered(reply.status);
            if asked.accepts.prefers_events() && reply.status.is_success() {
                return Ok(events::last(reply));
            }
            Ok(whole(reply))
        }
    }
}

/// What happens first; nothing, when an event stream is to begin before anything happens.
async fn first(pending: &mut Pending, asked: &Asked) -> Option<Event> {
    // The session id of a new session stands in the answer's headers, which a stream would have sent already.
    let may_begin = asked.accepts.events() && &*asked.method != "initialize";
    tokio::select! {
        biased;
        event = pending.next() => Some(event),
        () = tokio::time::sleep(limits::STREAM_AFTER), if may_begin => None,
    }
}

/// An answer as the server gave it.
pub(super) fn whole(reply: Reply) -> Response<Body> {
    let mut response = match reply.body {
        Some(body) => json(reply.status, body),
        None => empty(reply.status),
    };
    response.headers_mut().extend(reply.headers);
    response
}

/// The words for a call that ended without the server's.
pub(super) fn ended(id: &str, request: RequestId, refusal: &Refusal) -> bytes::Bytes {
    refuse::message(Some(id), request, refusal)
}
