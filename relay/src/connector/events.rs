//! Server-sent events towards a caller.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::call::ended;
use super::record::Record;
use crate::calls::{Event, Reply, Streamed};
use crate::limits;
use crate::pending::Pending;
use crate::server::{Body, EventSource, Events, bytes_of, event};

/// A stream that begins with a message, or with silence, and ends with the terminal answer.
pub(super) fn response(pending: Pending, id: Box<str>, first: Option<Streamed>, record: Record) -> Response<Body> {
    let mut headers = HeaderMap::new();
    let source = match first {
        Some(first) => {
            headers = first.headers;
            let bytes = first.message;
            Box::pin(async move { Some((bytes, Events::Then(rest(pending, id, record)))) })
        }
        // Something to see at once, so that nobody on the way takes the silence for a hang.
        None => Box::pin(async move { Some((Bytes::from_static(COMMENT), Events::Then(rest(pending, id, record)))) })
            as EventSource,
    };
    let mut response = Response::new(Body::Events(Some(source)));
    response.headers_mut().extend(headers);
    stream_headers(&mut response);
    response
}

/// A terminal answer alone, for a caller that takes nothing but streams.
pub(super) fn last(reply: Reply) -> Response<Body> {
    let last = reply.body.map_or_else(|| Bytes::new().into(), event);
    let mut response = bytes_of(StatusCode::OK, last);
    response.headers_mut().extend(reply.headers);
    stream_headers(&mut response);
    response
}

const COMMENT: &[u8] = b": keep-alive\n\n";

fn stream_headers(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies of the nginx family hold streams back otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
}

fn rest(mut pending: Pending, id: Box<str>, mut record: Record) -> EventSource {
    Box::pin(async move {
        let happened = tokio::select! {
            biased;
            event = pending.next() => Some(event),
            () = tokio::time::sleep(limits::KEEP_ALIVE) => None,
        };
        Some(match happened {
            None => (Bytes::from_static(COMMENT), Events::Then(rest(pending, id, record))),
            Some(Event::Streamed(message)) => {
                record.passed(message.message.len());
                (message.message, Events::Then(rest(pending, id, record)))
            }
            Some(Event::Terminal(Ok(reply))) => {
                record.passed(reply.body.as_ref().map_or(0, |body| body.bytes().len()));
                record.answered(reply.status);
                let body = reply.body.map_or_else(Bytes::new, |body| event(body).into_bytes());
                (body, Events::End)
            }
            Some(Event::Terminal(Err(refusal))) => {
                record.refused(&refusal);
                let request = pending.inbox.request();
                (event(ended(&id, request, &refusal).into()).into_bytes(), Events::End)
            }
        })
    })
}
