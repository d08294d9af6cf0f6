//! Answers and their bodies.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body::{Frame, SizeHint};
use serde::Serialize;

use super::activity::Serving;
use super::connection::Connection;
use crate::control::Delivery;
use crate::error::{Code, Refusal};
use crate::server::{Held, no_memory};
use crate::share::Share;

/// Content type of every JSON answer.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A source of server-sent events: its next piece and itself, or the end.
pub(crate) type EventSource = Pin<Box<dyn Future<Output = Option<(Bytes, Events)>> + Send>>;

/// What follows a piece.
pub(crate) enum Events {
    /// More.
    Then(EventSource),
    /// Nothing.
    End,
}

/// The body of an answer.
pub(crate) enum Body {
    /// None.
    Empty,
    /// Known bytes.
    Full(Option<Held>),
    /// The commands of a poll, reported as delivered when all was flushed.
    Commands {
        /// The answer, until hyper takes it.
        bytes: Option<Bytes>,
        /// The commands in it.
        delivery: Option<Delivery>,
        /// Where the flush is seen.
        connection: Arc<Connection>,
    },
    /// An event stream.
    Events(Option<EventSource>),
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Full(held) => Poll::Ready(held.take().map(|held| Ok(Frame::data(held.into_bytes())))),
            Self::Commands {
                bytes,
                delivery,
                connection,
            } => {
                if let Some(delivery) = delivery.take() {
                    connection.writing(delivery);
                }
                Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Events(source) => {
                let Some(running) = source else {
                    return Poll::Ready(None);
                };
                let Poll::Ready(piece) = running.as_mut().poll(cx) else {
                    return Poll::Pending;
                };
                *source = None;
                let Some((bytes, rest)) = piece else {
                    return Poll::Ready(None);
                };
                if let Events::Then(next) = rest {
                    *source = Some(next);
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(held) => held.is_none(),
            Self::Commands { bytes, .. } => bytes.is_none(),
            Self::Events(source) => source.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let exact = |length: usize| SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX));
        match self {
            Self::Empty => exact(0),
            Self::Full(held) => exact(held.as_ref().map_or(0, |held| held.bytes().len())),
            Self::Commands { bytes, .. } => exact(bytes.as_ref().map_or(0, Bytes::len)),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

/// Body of an answer; the request counts as served while it exists.
pub(super) struct Served {
    body: Body,
    _serving: Serving,
}

impl Served {
    /// Keeps the request counted as served until hyper has taken all of the body.
    pub(super) fn new(body: Body, serving: Serving) -> Self {
        Self {
            body,
            _serving: serving,
        }
    }
}

impl http_body::Body for Served {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: impl Into<Held>) -> Response<Body> {
    let mut response = bytes_of(status, body);
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// An answer whose content type the caller sets.
pub(crate) fn bytes_of(status: StatusCode, body: impl Into<Held>) -> Response<Body> {
    let mut response = Response::new(Body::Full(Some(body.into())));
    *response.status_mut() = status;
    response
}

/// 200 with a serialised value.
pub(crate) fn api<T: Serialize>(value: &T) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(body) => json(StatusCode::OK, Bytes::from(body)),
        Err(_) => refuse_api(&Refusal::new(Code::Internal, "the answer cannot be written as JSON")),
    }
}

/// The same for an answer that may be long, charged to the requester.
pub(crate) fn api_charged<T: Serialize>(value: &T, share: Share) -> Result<Response<Body>, Refusal> {
    let internal = |_| Refusal::new(Code::Internal, "the answer cannot be written as JSON");
    let body = serde_json::to_vec(value).map_err(internal)?;
    Ok(json(StatusCode::OK, Held::charged(body, share).ok_or_else(no_memory)?))
}

/// A refusal for clients and managers.
pub(crate) fn refuse_api(refusal: &Refusal) -> Response<Body> {
    let mut response = json(refusal.status, Bytes::from(refusal.api_body()));
    refusal_headers(refusal, &mut response);
    response
}

/// `Retry-After` and `Allow`, where a refusal has them.
pub(crate) fn refusal_headers(refusal: &Refusal, response: &mut Response<Body>) {
    if let Some(seconds) = refusal.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    if let Some(allow) = refusal.allow {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    }
}
