//! One request on a pipe, from its admission to its answer.

use std::sync::Arc;

use bytes::Bytes;
use log::info;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::admission::Refusal;
use super::handshake::Need;
use super::inbox::{Event, Inbox, Suspect};
use super::observer::Watched;
use super::{INITIALIZED, StdioServer, closed, in_place, until};
use crate::dispatch::server::Events;
use crate::identity::random_id;
use crate::limits::{LARGE_MESSAGE, STDIO_SUSPECT_GRACE};
use crate::mcp::{Call, Outcome};
use crate::wire::failure::Failure;
use crate::wire::headers::ResponseHeaders;
use crate::wire::jsonrpc::{Invalid, Message};
use crate::wire::said::Said;

impl StdioServer {
    /// Writes a request and waits for its answer.
    pub(in crate::mcp) async fn call<E: Events>(&self, call: Call<'_>, events: &mut E) -> Outcome {
        let text = std::str::from_utf8(call.payload).unwrap_or_default();
        let Ok(message) = Message::parse(text) else {
            return self.refused(call.id, Refusal::Ambiguous);
        };
        let need = Need::of(&message);
        // A session that is not open need not wait for the child.
        let admitted = self.lock().admits_session(call.headers, need);
        if let Err(refusal) = admitted {
            return self.refused(call.id, refusal);
        }
        let Some(pipe) = self.pipe().await else {
            return closed("closed_pipe").into();
        };
        let admitted = self.lock().admits(call.headers, need);
        if let Err(refusal) = admitted {
            return self.refused(call.id, refusal);
        }
        // A pipe has no sessions, but its callers do: this id distinguishes the messages of one caller from those of another. It is
        // created before the call, which then already counts as the session's.
        let begins = need == Need::Begins;
        let session = if begins { random_id() } else { None };
        let place = self.place_of(call.payload).await;
        let Ok((open, line)) = self.open(&call, &message, session.as_deref()) else {
            return self.refused(call.id, Refusal::Ambiguous);
        };
        let Ok(room) = pipe.reserve().await else {
            return closed("closed_pipe").into();
        };
        let ticket = {
            let mut state = self.lock();
            if !state.is_current(&pipe) {
                return closed("closed_pipe").into();
            }
            // Another `initialize` may have come first, or a child that was not initialized.
            if let Err(refusal) = state.admits(call.headers, need) {
                return self.refused(call.id, refusal);
            }
            state.router.written(open.pipe_id);
            if begins {
                state.handshake.begun(open.pipe_id);
            }
            room.send(in_place(line, call.payload, place));
            self.observe_request(&message)
        };
        let mut watched = Watched::new(self, ticket, &call);
        let headers = ResponseHeaders::default();
        let mut told = false;
        let mut suspect: Option<(Instant, Suspect)> = None;
        loop {
            let grace = suspect.as_ref().map(|(until, _)| *until);
            let event = tokio::select! {
                biased;
                event = open.inbox.next() => event,
                () = until(grace) => {
                    self.lock().router.answered_wrongly(open.pipe_id);
                    return suspect.map_or_else(|| closed("eof"), |(_, suspect)| suspect.into()).into();
                }
                payload = call.cancelled.wait(), if !told => {
                    told = true;
                    let large = self.place_of(payload).await;
                    // The place first: what is noted as told must be told. A pipe that closed shows as the end of the call.
                    if let Ok(place) = pipe.reserve().await
                        && let Some(line) = self.lock().router.cancel(open.pipe_id, payload)
                    {
                        place.send(in_place(line, payload, large));
                    }
                    continue;
                }
            };
            match event {
                Event::Message(payload) => {
                    events.send(payload, &headers).await;
                }
                Event::Request { payload, wire_id } => {
                    if !events.send_request(payload, &wire_id, &headers).await {
                        self.refuse(&wire_id);
                    }
                }
                Event::Reply { payload, is_error } => {
                    watched.answered(&payload, is_error);
                    let mut headers = headers.as_json();
                    if begins && !is_error {
                        if self.succeeded(&open, call.payload, &pipe).await.is_none() {
                            return closed("closed_pipe").into();
                        }
                        if let Some(id) = session {
                            self.lock().sessions.open(&id, call.caller.holder());
                            headers = headers.with_session(id);
                        }
                    }
                    return Outcome::Reply {
                        code: 200,
                        headers,
                        payload,
                    };
                }
                Event::Suspect(found) => {
                    suspect.get_or_insert_with(|| (Instant::now() + STDIO_SUSPECT_GRACE, found));
                }
                Event::Unnamed(said) => return Failure::unnamed().saying(said).into(),
                Event::Closed(why) => {
                    watched.forget();
                    return why.into();
                }
            }
        }
    }

    /// The answer to a request that is not written.
    fn refused(&self, id: &str, refusal: Refusal) -> Outcome {
        info!(channel = &*self.0.channel, resp_code = refusal.code(); "{}", refusal.phrase());
        Outcome::Reply {
            code: refusal.code(),
            headers: ResponseHeaders::default(),
            payload: refusal.to_json(id).into(),
        }
    }

    /// Registers a call and returns its line for the pipe. `session`: the session that an `initialize` will open.
    fn open(
        &self,
        call: &Call<'_>,
        message: &Message<'_>,
        session: Option<&str>,
    ) -> Result<(OpenCall<'_>, Bytes), Invalid> {
        let inbox = Arc::new(Inbox::new(&self.0.undelivered));
        let caller = session.map_or(call.caller, |id| call.caller.with_session(id));
        let (pipe_id, line) = self
            .lock()
            .router
            .open(message, Arc::clone(&inbox), call.server_requests, caller)?;
        Ok((
            OpenCall {
                server: self,
                pipe_id,
                inbox,
            },
            line,
        ))
    }

    /// An `initialize` succeeded: records it, remembers what a restarted child must be told, and completes the handshake if that is
    /// wanted. `None` when the child is gone.
    async fn succeeded(&self, open: &OpenCall<'_>, payload: &Bytes, pipe: &mpsc::Sender<Bytes>) -> Option<()> {
        {
            let mut state = self.lock();
            if state.is_current(pipe) {
                state.handshake.succeeded(open.pipe_id);
            }
            // A large one is not kept: it would take room from commands permanently. Real ones have a few hundred bytes.
            state.initialize = Some(payload.clone()).filter(|payload| payload.len() < LARGE_MESSAGE);
        }
        if !self.0.send_initialized {
            return Some(());
        }
        let room = pipe.reserve().await.ok()?;
        let mut state = self.lock();
        if !state.is_current(pipe) {
            return None;
        }
        room.send(Bytes::from_static(INITIALIZED));
        state.handshake.initialized();
        state.initialized_sent = true;
        Some(())
    }

    /// Tells the child that nobody will answer its request.
    fn refuse(&self, wire_id: &str) {
        let mut state = self.lock();
        if let Some(line) = state.router.refuse(wire_id) {
            state.write_aside(line, &self.0.channel);
        }
    }
}

impl From<Suspect> for Failure {
    fn from(suspect: Suspect) -> Self {
        let failure = Self::protocol("invalid_protocol_response").because(suspect.why);
        let Some(beginning) = suspect.beginning else {
            return failure;
        };
        // Operators read it in any case, as they read other lines of the child; callers as its own words.
        Self {
            reason: Some(format!("{}: {beginning}", suspect.why)),
            ..failure.saying(Said::beginning(&beginning))
        }
    }
}

/// A call on the pipe. Dropped before its answer, it is retired: a late answer is nobody's.
struct OpenCall<'a> {
    server: &'a StdioServer,
    pipe_id: u64,
    inbox: Arc<Inbox>,
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        let mut state = self.server.lock();
        for line in state.router.close(self.pipe_id) {
            state.write_aside(line, &self.server.0.channel);
        }
        let (is_hung, is_silent) = (state.router.is_hung(), state.router.is_silent());
        drop(state);
        if is_hung {
            self.server.0.hung.notify_one();
        }
        if is_silent {
            self.server.shown_silent(true);
        }
    }
}
