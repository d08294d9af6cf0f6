//! One call whose answer is an event stream: messages in order, resumption, requests of the server.

use std::sync::Arc;

use bytes::Bytes;
use log::{debug, warn};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::message::{Found, elements, look};
use super::odd::{Odd, OddEvents};
use super::{HttpServer, Sender, local_answer, sse};
use crate::backoff::Backoff;
use crate::dispatch::server::Events;
use crate::limits::{
    SIDE_POSTS_MAX, SSE_EVENT_MAX, SSE_RESUME_MAX, SSE_RESUME_PAUSE, SSE_RETRY_MAX, TAIL_MAX, TAIL_TIMEOUT,
};
use crate::mcp::{Call, Outcome};
use crate::memory::Room;
use crate::net::{NetError, Reply};
use crate::wire::failure::{Failure, Source};
use crate::wire::headers::{ResponseHeaders, is_media_type};
use crate::wire::said::Said;

/// The stream of one call.
pub(super) struct Stream<'a, 'e, E> {
    server: &'a HttpServer,
    call: Call<'a>,
    headers: ResponseHeaders,
    events: Option<&'e mut E>,
    parser: sse::Parser,
    /// Room of the event that is being read.
    room: Room,
    resumed: u32,
    odd: OddEvents,
    /// Answers to the server's requests that are under way beside the stream.
    side_posts: Option<Arc<Semaphore>>,
}

/// What became of one message.
enum Step {
    Continue,
    /// The same, and it was no part of the call.
    Skipped,
    Done(Outcome),
}

impl<'a, 'e, E: Events> Stream<'a, 'e, E> {
    pub(super) fn new(
        server: &'a HttpServer,
        call: Call<'a>,
        headers: ResponseHeaders,
        events: Option<&'e mut E>,
    ) -> Self {
        Self {
            server,
            call,
            headers,
            events,
            parser: sse::Parser::default(),
            room: Room::default(),
            resumed: 0,
            odd: OddEvents::default(),
            side_posts: None,
        }
    }

    /// Reads the stream, over as many connections as it takes, to the reply. Only its end without the reply is a failure.
    pub(super) async fn read(mut self, mut reply: Reply) -> Outcome {
        loop {
            let end = match self.read_connection(&mut reply).await {
                Ok(outcome) => {
                    release(reply);
                    return outcome;
                }
                Err(end) => end,
            };
            if matches!(&end, Some(error) if error.is_about_the_body()) {
                return self.unanswered(end);
            }
            match self.resume().await {
                Some(next) => reply = next,
                None => return self.unanswered(end),
            }
        }
    }

    /// Judges an answer that is one JSON document, as an event stream of one event.
    pub(super) async fn whole(mut self, status: u16, payload: Bytes) -> Outcome {
        if payload.trim_ascii().is_empty() {
            return self.failed(Failure::protocol("response_body_missing"));
        }
        match self.message(payload).await {
            Step::Done(Outcome::Reply { headers, payload, .. }) => Outcome::Reply {
                code: status,
                headers,
                payload,
            },
            Step::Done(failed) => failed,
            Step::Continue | Step::Skipped => {
                let failure = self.odd.failure(None, "it holds no answer to this request");
                self.failed(failure)
            }
        }
    }

    /// Reads one connection to its end; `Err(None)` is an orderly end without the reply.
    async fn read_connection(&mut self, reply: &mut Reply) -> Result<Outcome, Option<NetError>> {
        while let Some(chunk) = reply.chunk_by(self.room.until()).await.map_err(Some)? {
            let size = self.parser.pending() + chunk.len();
            if self.room.is_short_of(size) {
                self.room.cover(size.min(SSE_EVENT_MAX), SSE_EVENT_MAX).await;
            }
            self.parser.push(&chunk);
            drop(chunk);
            while let Some(event) = self.parser.next().map_err(|sse::TooLarge| Some(NetError::TooLarge))? {
                if let Step::Done(outcome) = self.event(event).await {
                    return Ok(outcome);
                }
            }
            if self.parser.give_back() {
                // A large event that was not a message needs no more room.
                self.room.clear();
            }
        }
        if let Some(event) = self.parser.finish()
            && let Step::Done(outcome) = self.event(event).await
        {
            return Ok(outcome);
        }
        Err(None)
    }

    async fn event(&mut self, event: sse::Event) -> Step {
        let step = match event {
            sse::Event::Message(data) => {
                let data = self.room.keep(data);
                self.message(data).await
            }
            sse::Event::Other(name) => self.skip(Odd::OtherEvent, &name, None),
        };
        // What is no part of the call does not show that its stream goes on.
        if matches!(step, Step::Continue) {
            self.resumed = 0;
        }
        step
    }

    /// Judges one event's data, or a whole document: a message, or an array of messages (MCP 2025-03-26).
    async fn message(&mut self, data: Bytes) -> Step {
        let found = look(&data, self.call.id);
        if !matches!(found, Found::Array) {
            return self.one(found, data).await;
        }
        let Some(elements) = elements(&data) else {
            return self.skip(Odd::NotAMessage, "an array of too many", None);
        };
        let mut step = Step::Skipped;
        for element in elements {
            let found = look(&element, self.call.id);
            match self.one(found, element).await {
                Step::Done(outcome) => return Step::Done(outcome),
                Step::Continue => step = Step::Continue,
                Step::Skipped => {}
            }
        }
        step
    }

    async fn one(&mut self, found: Found, data: Bytes) -> Step {
        match found {
            Found::Answer => Step::Done(Outcome::Reply {
                code: 200,
                headers: std::mem::take(&mut self.headers),
                payload: data,
            }),
            Found::Notification => {
                self.forward(data).await;
                Step::Continue
            }
            Found::Request { method, id } => {
                if !self.call.server_requests || !self.forward_request(data, &id).await {
                    debug!(channel = &*self.server.0.channel; "a request of the MCP server was answered for the caller");
                    let sender = self.sender();
                    let side_posts = self
                        .side_posts
                        .get_or_insert_with(|| Arc::new(Semaphore::new(SIDE_POSTS_MAX)));
                    self.server.answer_aside(sender, local_answer(&method, &id), side_posts);
                }
                Step::Continue
            }
            Found::Odd { odd, form, said } => self.skip(odd, &form, said),
            // An array in an array.
            Found::Array => self.skip(Odd::NotAMessage, "an array", None),
        }
    }

    /// Goes on after what is no part of the call. `form`: what it was, without its content.
    fn skip(&mut self, odd: Odd, form: &str, said: Option<Said>) -> Step {
        let channel = &*self.server.0.channel;
        self.server.0.warned.log(channel, odd, form);
        if let Some(events) = &self.events {
            events.skipped(odd.label());
        }
        if self.odd.add(odd, said) {
            return Step::Skipped;
        }
        let failure = self.odd.failure(None, "too much came that is no part of it");
        Step::Done(self.failed(failure))
    }

    /// The failure of a stream that ended without the reply.
    fn unanswered(&mut self, end: Option<NetError>) -> Outcome {
        const WITHOUT: &str = "its stream ended without the answer";
        let failure = match end {
            // What came is more to the point than the end.
            None if self.odd.any() => self.odd.failure(None, WITHOUT),
            None => Failure::transport(Source::TransportClosed, "eof").because(WITHOUT),
            Some(error) => self.odd.failure(Some(error.failure()), ""),
        };
        self.failed(failure)
    }

    /// Sender of what belongs to the call.
    fn sender(&self) -> Sender<'a> {
        Sender::new(self.call.headers, self.call.caller)
    }

    async fn forward(&mut self, data: Bytes) -> bool {
        match &mut self.events {
            Some(events) => events.send(data, &self.headers).await,
            None => false,
        }
    }

    async fn forward_request(&mut self, data: Bytes, id: &str) -> bool {
        match &mut self.events {
            Some(events) => events.send_request(data, id, &self.headers).await,
            None => false,
        }
    }

    /// Opens the next connection of a stream that gave event ids.
    async fn resume(&mut self) -> Option<Reply> {
        let id = self.parser.last_id()?.to_owned();
        let mut backoff = Backoff::new(SSE_RESUME_PAUSE, SSE_RETRY_MAX).growing(1.5);
        self.parser.restart();
        self.room.clear();
        while self.resumed < SSE_RESUME_MAX {
            self.resumed += 1;
            sleep(self.parser.retry().unwrap_or_else(|| backoff.next_pause())).await;
            match self.server.resume(self.sender(), &id).await {
                Ok(reply) => {
                    let stream = is_media_type(reply.header("content-type").unwrap_or_default(), "text/event-stream");
                    match reply.status {
                        200..=299 if stream => return Some(reply),
                        // The server may not be back yet; every other status is its last word.
                        500..=599 | 429 => {}
                        status => {
                            warn!(channel = &*self.server.0.channel, status_code = status;
                                "the MCP server does not resume its event stream");
                            return None;
                        }
                    }
                }
                // Its last word, and already logged.
                Err(NetError::Redirected(_)) => return None,
                Err(error) => debug!(channel = &*self.server.0.channel, error:% = error; "event stream not resumed"),
            }
        }
        None
    }

    fn failed(&mut self, failure: Failure) -> Outcome {
        Outcome::Failed {
            failure,
            headers: std::mem::take(&mut self.headers),
        }
    }
}

/// Reads the rest of a stream whose reply has come, so that its connection can be used again. Nobody waits for it.
fn release(mut reply: Reply) {
    tokio::spawn(async move {
        let _ = timeout(TAIL_TIMEOUT, reply.collect(TAIL_MAX)).await;
    });
}
