//! One call whose answer is an event stream: messages in order, resumption, requests of the server.

use std::sync::Arc;

use bytes::Bytes;
use log::{debug, warn};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::{HttpServer, Sender, local_answer, sse};
use crate::control::Notifier;
use crate::control::backoff::Backoff;
use crate::limits::{
    ID_MAX, SIDE_POSTS_MAX, SSE_EVENT_MAX, SSE_RESUME_MAX, SSE_RESUME_PAUSE, SSE_RETRY_MAX, TAIL_MAX, TAIL_TIMEOUT,
};
use crate::mcp::{Call, Outcome};
use crate::memory::Room;
use crate::net::{NetError, Reply};
use crate::wire::failure::{Failure, Source};
use crate::wire::headers::{ResponseHeaders, is_media_type};
use crate::wire::jsonrpc::{Id, Invalid, Kind, Message};

/// The stream of one call.
pub(super) struct Stream<'a, 'n, 'r> {
    server: &'a HttpServer,
    call: Call<'a>,
    headers: ResponseHeaders,
    events: Option<&'n mut Notifier<'r>>,
    parser: sse::Parser,
    /// Room of the event that is being read.
    room: Room,
    resumed: u32,
    /// Answers to the server's requests that are under way beside the stream.
    side_posts: Option<Arc<Semaphore>>,
}

/// What became of one message.
enum Step {
    Continue,
    Done(Outcome),
}

impl<'a, 'n, 'r> Stream<'a, 'n, 'r> {
    pub(super) fn new(
        server: &'a HttpServer,
        call: Call<'a>,
        headers: ResponseHeaders,
        events: Option<&'n mut Notifier<'r>>,
    ) -> Self {
        Self {
            server,
            call,
            headers,
            events,
            parser: sse::Parser::default(),
            room: Room::default(),
            resumed: 0,
            side_posts: None,
        }
    }

    /// Reads the stream, over as many connections as it takes, to the reply.
    pub(super) async fn read(mut self, mut reply: Reply) -> Outcome {
        loop {
            let end = match self.read_connection(&mut reply).await {
                Ok(outcome) => {
                    release(reply);
                    return outcome;
                }
                Err(end) => end,
            };
            // What was the end of the stream is the failure, if it cannot be resumed.
            let failure = match end {
                None => Failure::transport(Source::TransportClosed, "eof"),
                Some(NetError::TooLarge) => return self.failed(NetError::TooLarge.failure()),
                Some(error) => error.failure(),
            };
            match self.resume().await {
                Some(next) => reply = next,
                None => return self.failed(failure),
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
            while let Some(data) = self.parser.next().map_err(|sse::TooLarge| Some(NetError::TooLarge))? {
                self.resumed = 0;
                let data = self.room.keep(data);
                if let Step::Done(outcome) = self.message(data).await {
                    return Ok(outcome);
                }
            }
            if self.parser.give_back() {
                // A large event that was not a message needs no more room.
                self.room.clear();
            }
        }
        if let Some(data) = self.parser.finish() {
            let data = self.room.keep(data);
            if let Step::Done(outcome) = self.message(data).await {
                return Ok(outcome);
            }
        }
        Err(None)
    }

    async fn message(&mut self, data: Bytes) -> Step {
        let parsed = std::str::from_utf8(&data)
            .map_err(|_| Invalid::NotJson)
            .and_then(Message::parse);
        let message = match parsed {
            Ok(message) => message,
            Err(why) => {
                let kind = if why == Invalid::NotJson {
                    "malformed_json"
                } else {
                    "invalid_protocol_response"
                };
                return Step::Done(self.failed(Failure::protocol(kind)));
            }
        };
        match message.kind {
            Kind::Response { id: Some(id), .. } if Id::from_json(self.call.id) == Some(id) => {
                Step::Done(Outcome::Reply {
                    code: 200,
                    headers: std::mem::take(&mut self.headers),
                    payload: data,
                })
            }
            Kind::Response { .. } => Step::Done(self.failed(Failure::protocol("invalid_protocol_response"))),
            Kind::Notification { .. } => {
                self.forward(data).await;
                Step::Continue
            }
            Kind::Call { id, .. } if id.json().len() > ID_MAX => {
                Step::Done(self.failed(Failure::protocol("invalid_protocol_response")))
            }
            Kind::Call { ref method, id } => {
                let (method, id) = (method.clone().into_owned(), id.json().to_owned());
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
        }
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
