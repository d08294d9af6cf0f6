//! Answers of clients to the calls of one relay.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use super::take;
use crate::auth::{Lines, Revocation};
use crate::calls::{Call, Calls, Ended, Event, Expect, Inbox, ServerRequests, passed_names};
use crate::control::Presence;
use crate::credentials::{Credentials, Sources};
use crate::ids::{Channel, RequestId, ShardToken, TunnelId};
use crate::limits;
use crate::manage::Tunnels;
use crate::queue::MemoryQueue;
use crate::refusals::Refusals;
use crate::relay::{Draining, Relay};
use crate::server::{Held, Memory};
use crate::share::Holder;

/// Bytes of the headers of an answer.
pub const HEADER_BYTES_MAX: usize = limits::RESPONSE_HEADER_BYTES + limits::RESPONSE_ADVICE_BYTES;

/// What a caller waits for.
#[derive(Debug, Clone, Copy)]
pub enum Expecting<'a> {
    /// An answer to the request with this id, as JSON text.
    Response(&'a str),
    /// An acknowledgement.
    Ack,
    /// The end of a session.
    Termination,
}

/// What a caller gets.
#[derive(Debug)]
pub enum Seen {
    /// A message before the answer, as an event.
    Streamed(Bytes),
    /// The answer of the server: status, headers, message.
    Reply(u16, HeaderMap, Option<Bytes>),
    /// Words of the relay's own: status and message.
    Refused(u16, String),
}

/// A relay with one call.
pub struct Bench {
    relay: Arc<Relay>,
    tunnel: TunnelId,
    token: ShardToken,
    inbox: Option<Inbox>,
    runtime: Runtime,
}

impl Bench {
    /// A call on the channel `main`; `streams`: its caller takes events.
    #[must_use]
    pub fn new(expecting: Expecting<'_>, streams: bool) -> Option<Self> {
        let runtime = Builder::new_current_thread().enable_time().build().ok()?;
        let tunnel = TunnelId::random();
        let tunnels = Arc::new(Tunnels::load(None, vec![(tunnel.clone(), "bench".into())]).ok()?);
        let sources = Sources {
            keys_file: None,
            variable: Lines::parse("client read,use 0123456789abcdef-client"),
            tls: None,
            names: Vec::new(),
        };
        let relay = Arc::new(Relay {
            credentials: Credentials::load(sources).ok()?,
            queue: Arc::new(MemoryQueue::new(Arc::clone(&tunnels))),
            calls: Arc::new(Calls::default()),
            server_requests: ServerRequests::new(Arc::clone(&tunnels)),
            tunnels,
            presence: Arc::new(Presence::default()),
            memory: Memory::new(),
            draining: Draining::new(),
            refusals: Refusals::default(),
            audit: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            call_timeout: limits::CALL_TIMEOUT_DEFAULT,
            max_connections: limits::CONNECTIONS_MIN,
            max_anonymous_per_address: None,
        });
        let token = ShardToken::random(RequestId::random());
        let call = Call {
            tunnel: tunnel.clone(),
            channel: Channel::main(),
            shard_token: token,
            expect: match expecting {
                Expecting::Response(id) => Expect::Response(id.into()),
                Expecting::Ack => Expect::Ack,
                Expecting::Termination => Expect::Termination,
            },
            streams,
            session: None,
            key: "caller".into(),
            revocation: Revocation::default(),
            headers: "{}".into(),
            deadline: Instant::now() + Duration::from_secs(3600),
            ended: Ended::default(),
        };
        let inbox = relay.calls.open(call)?;
        Some(Self {
            relay,
            tunnel,
            token,
            inbox: Some(inbox),
            runtime,
        })
    }

    /// `request_id` of the call.
    #[must_use]
    pub fn request(&self) -> String {
        self.token.request().to_string()
    }

    /// Posts a body with the call's token.
    ///
    /// # Errors
    /// Status and message of the refusal.
    pub fn post(&mut self, body: &[u8]) -> Result<(), (u16, String)> {
        let holder = Holder::of_tunnel(&"client".into(), &self.tunnel);
        let held = Held::charged(body.to_vec(), self.relay.memory.share(holder)).ok_or((503, String::new()))?;
        let taken = self
            .runtime
            .block_on(take(&self.relay, &self.tunnel, &self.token, held));
        taken.map_err(|refusal| (refusal.status.as_u16(), refusal.message))
    }

    /// What the caller gets next, if there is something.
    pub fn next(&mut self) -> Option<Seen> {
        let inbox = self.inbox.as_mut()?;
        let event = self.runtime.block_on(async {
            let mut next = pin!(inbox.next());
            poll_fn(|context| match next.as_mut().poll(context) {
                Poll::Ready(event) => Poll::Ready(Some(event)),
                Poll::Pending => Poll::Ready(None),
            })
            .await
        })?;
        Some(match event {
            Event::Streamed(streamed) => Seen::Streamed(streamed.message.clone()),
            Event::Terminal(Ok(reply)) => {
                let body = reply.body.map(Held::into_bytes);
                Seen::Reply(reply.status.as_u16(), reply.headers, body)
            }
            Event::Terminal(Err(refusal)) => Seen::Refused(refusal.status.as_u16(), refusal.message),
        })
    }

    /// The caller leaves.
    pub fn leave(&mut self) {
        self.inbox = None;
    }

    /// Calls that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.relay.calls.len()
    }

    /// What is left of the memory for bodies, in words that are the same for the same amount.
    #[must_use]
    pub fn memory(&self) -> String {
        format!("{:?}", self.relay.memory)
    }
}

/// Names of the headers that callers get.
pub fn header_names() -> impl Iterator<Item = &'static str> {
    passed_names()
}
