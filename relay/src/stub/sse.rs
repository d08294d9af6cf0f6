//! A call's messages as an event stream.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use tokio::sync::{mpsc, oneshot};

use super::http::AbortOnDrop;
use super::protocol::{Answer, Misbehaviour};
use crate::server::{Body, EventSource, Events};

/// A call that still runs.
pub(super) struct Running {
    /// What it sends before its answer.
    pub(super) messages: mpsc::Receiver<String>,
    /// Its answer.
    pub(super) answer: oneshot::Receiver<Answer>,
    /// Its task, which ends with the stream.
    pub(super) _task: AbortOnDrop,
}

/// A stream that begins with a message; the answer ends it.
pub(super) fn response(first: String, running: Running) -> Response<Body> {
    let source: EventSource = Box::pin(async move { Some((event(&first), Events::Then(rest(running)))) });
    let mut response = Response::new(Body::Events(Some(source)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn rest(mut running: Running) -> EventSource {
    Box::pin(async move {
        tokio::select! {
            biased;
            Some(message) = running.messages.recv() => Some((event(&message), Events::Then(rest(running)))),
            answer = &mut running.answer => match answer {
                Ok(Answer::Message(message)) => Some((event(&message), Events::End)),
                Ok(Answer::Misbehave(Misbehaviour::Hang)) => std::future::pending().await,
                // Whatever else was asked for, on a stream it is an end without an answer.
                Ok(Answer::Misbehave(_)) | Err(_) => None,
            },
        }
    })
}

/// One event; messages of the stub have one line.
pub(super) fn event(message: &str) -> Bytes {
    format!("event: message\ndata: {message}\n\n").into()
}
