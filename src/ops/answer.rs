//! Answers of the listener: a text or a JSON document, or a stream.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::api::LogStream;
use crate::limits::API_CHUNK;

/// Media type of texts.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// An answer.
pub(super) type Answer = Response<Body>;

/// An answer in the place of the one that was asked for.
pub(super) type Refused = Box<Answer>;

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Body {
    content: Content,
    /// The places that it takes, until the last of it is handed to the connection or its reader is gone.
    places: Vec<OwnedSemaphorePermit>,
}

#[derive(Debug)]
enum Content {
    Whole(Bytes),
    Stream(Box<LogStream>),
}

impl Body {
    /// A stream, which ends with its places.
    pub(super) fn stream(stream: LogStream, places: Vec<OwnedSemaphorePermit>) -> Self {
        Self {
            content: Content::Stream(Box::new(stream)),
            places,
        }
    }

    /// Whether it is a stream.
    pub(super) fn is_stream(&self) -> bool {
        matches!(self.content, Content::Stream(_))
    }

    /// The same with a place.
    pub(super) fn holding(mut self, place: OwnedSemaphorePermit) -> Self {
        self.places.push(place);
        self
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self {
            content: Content::Whole(bytes),
            places: Vec::new(),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.content {
            Content::Whole(rest) if rest.is_empty() => Poll::Ready(None),
            // A piece at a time: the connection takes the next one when it has room.
            Content::Whole(rest) => {
                let piece = rest.split_to(rest.len().min(API_CHUNK));
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Content::Stream(stream) => {
                let piece = stream.poll_next(cx);
                piece.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.content, Content::Whole(rest) if rest.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(rest) => SizeHint::with_exact(u64::try_from(rest.len()).unwrap_or(u64::MAX)),
            Content::Stream(_) => SizeHint::default(),
        }
    }
}

/// An answer that nobody keeps.
pub(super) fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Body::from(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// The same with the methods that are allowed.
pub(super) fn allow(methods: &'static str, mut refused: Answer) -> Answer {
    let headers = refused.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(methods));
    refused
}

/// The last answer of its connection.
pub(super) fn last(mut answer: Answer) -> Answer {
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}
