//! Server-sent events towards a caller.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::call::ended;
use crate::calls::{Event, Reply, Streamed};
use crate::limits;
use crate::relay::Pending;
use crate::server::{Body, EventSource, Events, bytes_of};

/// A stream that begins with a message, or with silence, and ends with the terminal answer.
pub(super) fn response(pending: Pending, id: Box<str>, first: Option<Streamed>) -> Response<Body> {
    let mut headers = HeaderMap::new();
    let source = match first {
        Some(first) => {
            headers = first.headers;
            let bytes = event(&first.message);
            Box::pin(async move { Some((bytes, Events::Then(rest(pending, id)))) })
        }
        // Something to see at once, so that nobody on the way takes the silence for a hang.
        None => {
            Box::pin(async move { Some((Bytes::from_static(COMMENT), Events::Then(rest(pending, id)))) }) as EventSource
        }
    };
    let mut response = Response::new(Body::Events(Some(source)));
    response.headers_mut().extend(headers);
    stream_headers(&mut response);
    response
}

/// A terminal answer alone, for a caller that takes nothing but streams.
pub(super) fn last(reply: Reply) -> Response<Body> {
    let bytes = reply.body.map_or_else(Bytes::new, |body| event(body.bytes()));
    let mut response = bytes_of(StatusCode::OK, bytes);
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

fn rest(mut pending: Pending, id: Box<str>) -> EventSource {
    Box::pin(async move {
        let happened = tokio::select! {
            biased;
            event = pending.next() => Some(event),
            () = tokio::time::sleep(limits::KEEP_ALIVE) => None,
        };
        Some(match happened {
            None => (Bytes::from_static(COMMENT), Events::Then(rest(pending, id))),
            Some(Event::Streamed(message)) => (event(&message.message), Events::Then(rest(pending, id))),
            Some(Event::Terminal(Ok(reply))) => (
                reply.body.map_or_else(Bytes::new, |body| event(body.bytes())),
                Events::End,
            ),
            Some(Event::Terminal(Err(refusal))) => (event(&ended(&id, &refusal)), Events::End),
        })
    })
}

/// One event. Line breaks inside the JSON (between its tokens) must not end a data field.
fn event(message: &[u8]) -> Bytes {
    let mut event = Vec::with_capacity(message.len() + 32);
    event.extend_from_slice(b"event: message\n");
    for line in message
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter(|line| !line.is_empty())
    {
        event.extend_from_slice(b"data: ");
        event.extend_from_slice(line);
        event.push(b'\n');
    }
    event.push(b'\n');
    event.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_several_lines_stays_one_event() {
        assert_eq!(&event(b"{\"a\":1}")[..], b"event: message\ndata: {\"a\":1}\n\n");
        assert_eq!(
            &event(b"{\r\n\"a\":\n1}")[..],
            b"event: message\ndata: {\ndata: \"a\":\ndata: 1}\n\n"
        );
    }
}
