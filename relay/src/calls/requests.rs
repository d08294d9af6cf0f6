//! Requests that MCP servers have made to callers and that wait for an answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::Call;
use crate::ids::{Channel, TunnelId};
use crate::json::same_id;
use crate::limits;

/// A server's request that was streamed to a caller.
#[derive(Debug)]
pub(crate) struct ServerRequest {
    channel: Channel,
    /// The session of the call it came with: the answer must name the same.
    session: Option<Box<str>>,
    /// The key of the caller: nobody else may answer.
    key: Box<str>,
    /// JSON text.
    id: Box<str>,
    /// The call's deadline. It outlives the call itself: an answer may come just after the call's own.
    until: Instant,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct ServerRequests(Mutex<HashMap<TunnelId, Vec<ServerRequest>>>);

impl ServerRequests {
    /// Notes a request that is about to be streamed; false when a tunnel has too many open.
    pub(crate) fn note(&self, call: &Call, id: &str) -> bool {
        let now = Instant::now();
        let mut all = self.lock();
        let open = all.entry(call.tunnel.clone()).or_default();
        open.retain(|request| request.until > now);
        if open.len() >= limits::SERVER_REQUESTS {
            return false;
        }
        open.push(ServerRequest {
            channel: call.channel.clone(),
            session: call.session.clone(),
            key: call.key.clone(),
            id: id.into(),
            until: call.deadline,
        });
        true
    }

    /// Takes the request that a caller answers: each can be answered once.
    pub(crate) fn take(
        &self,
        tunnel: &TunnelId,
        channel: &Channel,
        session: Option<&str>,
        key: &str,
        id: &str,
    ) -> Option<ServerRequest> {
        let now = Instant::now();
        let mut all = self.lock();
        let open = all.get_mut(tunnel)?;
        let answered = open.iter().position(|request| {
            request.until > now
                && request.channel == *channel
                && *request.key == *key
                && (request.session.is_none() || request.session.as_deref() == session)
                && same_id(&request.id, id)
        })?;
        let request = open.swap_remove(answered);
        if open.is_empty() {
            all.remove(tunnel);
        }
        Some(request)
    }

    /// Puts a request back whose answer could not be queued, so that the caller can try again.
    pub(crate) fn put_back(&self, tunnel: &TunnelId, request: ServerRequest) {
        self.lock().entry(tunnel.clone()).or_default().push(request);
    }

    /// The tunnel was removed.
    pub(crate) fn remove(&self, tunnel: &TunnelId) {
        self.lock().remove(tunnel);
    }

    /// Nothing panics while it holds the lock, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, HashMap<TunnelId, Vec<ServerRequest>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
