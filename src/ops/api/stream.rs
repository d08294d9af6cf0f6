//! `/api/logs/stream` (contract: status, section 7).

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::json::without_markup;
use super::logs::event;
use crate::limits::{API_CHUNK, API_STREAM_MAX, API_STREAM_PING};
use crate::ops::answer::{Answer, Body};
use crate::telemetry::log::Kept;

type Next = Pin<Box<dyn Future<Output = (Reading, Option<Bytes>)> + Send>>;

/// Log lines as they are written, for one reader.
pub(in crate::ops) struct LogStream(Next);

/// How far the reader is.
struct Reading {
    kept: Arc<Kept>,
    /// Number of the last line that it has.
    last: u64,
    end: Instant,
    is_open: bool,
}

impl fmt::Debug for LogStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogStream")
    }
}

impl LogStream {
    /// Lines after the one of this number.
    fn after(kept: Arc<Kept>, last: u64) -> Self {
        let reading = Reading {
            kept,
            last,
            end: Instant::now() + API_STREAM_MAX,
            is_open: false,
        };
        Self(Box::pin(reading.next()))
    }

    /// The next piece; `None` when the time of the stream is up. Not to be polled after that.
    pub(in crate::ops) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let (reading, piece) = ready!(self.0.as_mut().poll(cx));
        self.0 = match piece {
            Some(_) => Box::pin(reading.next()),
            None => Box::pin(std::future::pending()),
        };
        Poll::Ready(piece)
    }
}

impl Reading {
    async fn next(mut self) -> (Self, Option<Bytes>) {
        if !self.is_open {
            // Readers learn that they are heard before there is a line.
            self.is_open = true;
            return (self, Some(Bytes::from_static(b": open\n\n")));
        }
        let ping = (Instant::now() + API_STREAM_PING).min(self.end);
        let kept = Arc::clone(&self.kept);
        loop {
            let added = kept.added();
            if Instant::now() >= self.end {
                return (self, None);
            }
            if let Some(piece) = self.piece() {
                return (self, Some(piece));
            }
            if timeout_at(ping, added).await.is_err() {
                let is_over = Instant::now() >= self.end;
                let piece = (!is_over).then(|| Bytes::from_static(b": ping\n\n"));
                return (self, piece);
            }
        }
    }

    /// The lines that were added since, as many as go into one piece, and before them how many are gone.
    fn piece(&mut self) -> Option<Bytes> {
        let batch = self.kept.after(self.last, API_CHUNK);
        let mut text = String::new();
        if batch.lost > 0 {
            text.push_str(&format!("event: lost\ndata: {{\"count\":{}}}\n\n", batch.lost));
        }
        for (number, members) in &batch.lines {
            let event = without_markup(&event(*number, members));
            text.push_str(&format!("event: log\nid: {number}\ndata: {event}\n\n"));
            self.last = *number;
        }
        (!text.is_empty()).then(|| text.into())
    }
}

/// A stream for a reader that has read so far.
pub(super) fn answer(kept: &Arc<Kept>, headers: &HeaderMap, places: Vec<OwnedSemaphorePermit>) -> Answer {
    let newest = kept.newest();
    let last = headers.get(HeaderName::from_static("last-event-id"));
    let last = last.and_then(|last| last.to_str().ok()?.parse().ok());
    // A number that no line had yet is another process's.
    let last = last.filter(|last| *last <= newest).unwrap_or(newest);
    let stream = LogStream::after(Arc::clone(kept), last);
    let mut answer = Response::new(Body::stream(stream, places));
    *answer.status_mut() = StatusCode::OK;
    for (name, value) in [
        (CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONNECTION, "close"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stream_has_pings_in_silence_and_an_end() {
        let mut stream = LogStream::after(Arc::default(), 0);
        let begun = Instant::now();
        let mut pings = 0;
        while let Some(piece) = poll_fn(|cx| stream.poll_next(cx)).await {
            pings += usize::from(*piece == *b": ping\n\n");
        }
        assert_eq!(begun.elapsed(), API_STREAM_MAX);
        assert_eq!(pings, 119);
    }

    #[tokio::test]
    async fn lines_come_in_their_order_after_the_one_that_the_reader_has() {
        let kept = Arc::new(Kept::default());
        for line in ["\"a\":1}", "\"a\":\"<\"}"] {
            kept.push(line);
        }
        let mut stream = LogStream::after(Arc::clone(&kept), 1);
        let mut next = async || poll_fn(|cx| stream.poll_next(cx)).await.unwrap();
        assert_eq!(next().await, ": open\n\n");
        assert_eq!(
            next().await,
            "event: log\nid: 2\ndata: {\"seq\":2,\"a\":\"\\u003c\"}\n\n"
        );
        let (piece, ()) = tokio::join!(next(), async { kept.push("}") });
        assert_eq!(piece, "event: log\nid: 3\ndata: {\"seq\":3,}\n\n");
    }
}
