//! Requests that MCP servers have made to callers and that wait for an answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::{Call, Ended};
use crate::ids::{Channel, SessionId, TunnelId};
use crate::json::same_id;
use crate::limits;
use crate::manage::Tunnels;

/// A server's request that was streamed to a caller.
#[derive(Debug)]
pub(crate) struct ServerRequest {
    channel: Channel,
    /// The session of the call it came with: the answer must name the same.
    session: Option<SessionId>,
    /// The key of the caller: nobody else may answer.
    key: Arc<str>,
    /// JSON text.
    id: Box<str>,
    /// The call's deadline.
    until: Instant,
    /// The call's end. The request outlives it for a moment: an answer may come just after the call's own.
    ended: Ended,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct ServerRequests {
    /// Which tunnels may have some.
    tunnels: Arc<Tunnels>,
    open: Mutex<HashMap<TunnelId, Vec<ServerRequest>>>,
}

impl ServerRequests {
    /// None yet.
    pub(crate) fn new(tunnels: Arc<Tunnels>) -> Self {
        Self {
            tunnels,
            open: Mutex::default(),
        }
    }

    /// Notes a request that is about to be streamed; false when the tunnel, or the callers of this key, have too many
    /// open, when the id is too long to be kept, or when the tunnel was removed.
    pub(crate) fn note(&self, call: &Call, id: &str) -> bool {
        if id.len() > limits::RPC_ID {
            return false;
        }
        let now = Instant::now();
        let mut all = self.lock();
        // Looked at under the lock, and the record goes before what is noted here: nothing stays of a removed tunnel.
        if !self.tunnels.exists(&call.tunnel) {
            return false;
        }
        let open = all.entry(call.tunnel.clone()).or_default();
        open.retain(|request| request.waits(now));
        let of_key = open.iter().filter(|request| request.key == call.key).count();
        if open.len() >= limits::SERVER_REQUESTS || of_key >= limits::SERVER_REQUESTS_OF_KEY {
            return false;
        }
        open.push(ServerRequest {
            channel: call.channel.clone(),
            session: call.session.clone(),
            key: call.key.clone(),
            id: id.into(),
            until: call.deadline,
            ended: call.ended.clone(),
        });
        true
    }

    /// Takes the request that a caller answers: each can be answered once.
    pub(crate) fn take(
        &self,
        tunnel: &TunnelId,
        channel: &Channel,
        session: Option<&SessionId>,
        key: &str,
        id: &str,
    ) -> Option<ServerRequest> {
        let now = Instant::now();
        let mut all = self.lock();
        let open = all.get_mut(tunnel)?;
        let answered = open.iter().position(|request| {
            request.waits(now)
                && request.channel == *channel
                && *request.key == *key
                && (request.session.is_none() || request.session.as_ref() == session)
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
        let mut all = self.lock();
        if self.tunnels.exists(tunnel) {
            all.entry(tunnel.clone()).or_default().push(request);
        }
    }

    /// The tunnel was removed.
    pub(crate) fn remove(&self, tunnel: &TunnelId) {
        self.lock().remove(tunnel);
    }

    /// Nothing panics while it holds the lock, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, HashMap<TunnelId, Vec<ServerRequest>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerRequest {
    /// Whether its answer is still of use.
    fn waits(&self, now: Instant) -> bool {
        let over = self
            .ended
            .when()
            .is_some_and(|ended| now.saturating_duration_since(ended) > limits::SERVER_REQUEST_GRACE);
        self.until > now && !over
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::*;
    use crate::auth::Revocation;
    use crate::calls::Expect;
    use crate::ids::{RequestId, ShardToken};

    struct Bench {
        tunnels: Arc<Tunnels>,
        requests: ServerRequests,
        tunnel: TunnelId,
    }

    impl Bench {
        fn new() -> Self {
            let tunnel = TunnelId::random();
            let tunnels = Arc::new(Tunnels::load(None, vec![(tunnel.clone(), "bench".into())]).unwrap());
            Self {
                requests: ServerRequests::new(Arc::clone(&tunnels)),
                tunnels,
                tunnel,
            }
        }

        fn call(&self, key: &str) -> Call {
            Call {
                tunnel: self.tunnel.clone(),
                channel: Channel::main(),
                shard_token: ShardToken::random(RequestId::random()),
                expect: Expect::Response("1".into()),
                streams: true,
                session: None,
                key: key.into(),
                revocation: Revocation::default(),
                headers: "{}".into(),
                deadline: Instant::now() + Duration::from_secs(24 * 3600),
                ended: Ended::default(),
            }
        }

        fn take(&self, key: &str, id: &str) -> Option<ServerRequest> {
            self.requests.take(&self.tunnel, &Channel::main(), None, key, id)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_outlives_its_call_by_a_moment_and_not_until_the_deadline() {
        let bench = Bench::new();
        let call = bench.call("key");
        assert!(bench.requests.note(&call, "1"));
        assert!(bench.requests.note(&call, "2"));
        tokio::time::advance(Duration::from_secs(3600)).await;
        call.ended.now();
        tokio::time::advance(limits::SERVER_REQUEST_GRACE).await;
        assert!(bench.take("key", "1").is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(bench.take("key", "2").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn requests_of_calls_that_are_over_give_their_places_back() {
        let bench = Bench::new();
        let call = bench.call("key");
        while bench.requests.note(&call, "1") {}
        call.ended.now();
        assert!(!bench.requests.note(&bench.call("key"), "2"));
        tokio::time::advance(limits::SERVER_REQUEST_GRACE + Duration::from_millis(1)).await;
        assert!(bench.requests.note(&bench.call("key"), "2"));
        assert_eq!(bench.requests.lock()[&bench.tunnel].len(), 1);
    }

    #[test]
    fn callers_of_one_key_leave_places_to_others() {
        let bench = Bench::new();
        let greedy = bench.call("greedy");
        let noted = (0..limits::SERVER_REQUESTS)
            .take_while(|id| bench.requests.note(&greedy, &id.to_string()))
            .count();
        assert_eq!(noted, limits::SERVER_REQUESTS_OF_KEY);
        assert!(bench.requests.note(&bench.call("other"), "1"));
    }

    #[test]
    fn a_long_id_is_not_kept() {
        let bench = Bench::new();
        let call = bench.call("key");
        assert!(!bench.requests.note(&call, &"1".repeat(limits::RPC_ID + 1)));
        assert!(bench.requests.note(&call, &"1".repeat(limits::RPC_ID)));
    }

    #[test]
    fn nothing_is_kept_of_a_removed_tunnel() {
        let bench = Bench::new();
        let call = bench.call("key");
        assert!(bench.requests.note(&call, "1"));
        let taken = bench.take("key", "1").unwrap();
        bench.tunnels.remove(&bench.tunnel).unwrap();
        bench.requests.remove(&bench.tunnel);
        assert!(!bench.requests.note(&call, "2"));
        bench.requests.put_back(&bench.tunnel, taken);
        assert!(bench.requests.lock().is_empty());
    }
}
