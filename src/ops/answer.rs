//! Answers of the listener: a text or a JSON document, a stream, or an archive.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::api::{LogStream, Packing};
use crate::limits::{API_CHUNK, API_EXPORT_MAX, API_STREAM_MAX};

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
    /// Whole once it is made.
    Packing(Packing),
}

impl Body {
    /// A stream, which ends with its places.
    pub(super) fn stream(stream: LogStream, places: Vec<OwnedSemaphorePermit>) -> Self {
        Self {
            content: Content::Stream(Box::new(stream)),
            places,
        }
    }

    /// An archive that is made while its reader waits.
    pub(super) fn packing(packing: Packing, places: Vec<OwnedSemaphorePermit>) -> Self {
        Self {
            content: Content::Packing(packing),
            places,
        }
    }

    /// How long its connection may take for it, where that is longer than for others.
    pub(super) fn patience(&self) -> Option<Duration> {
        match self.content {
            Content::Whole(_) => None,
            Content::Stream(_) => Some(API_STREAM_MAX),
            Content::Packing(_) => Some(API_EXPORT_MAX),
        }
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
        if let Content::Packing(packing) = &mut self.content {
            self.content = Content::Whole(ready!(packing.poll(cx)));
        }
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
            // It became whole above.
            Content::Packing(_) => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.content, Content::Whole(rest) if rest.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(rest) => SizeHint::with_exact(u64::try_from(rest.len()).unwrap_or(u64::MAX)),
            Content::Stream(_) | Content::Packing(_) => SizeHint::default(),
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
