//! What all requests share.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;

use crate::audit::AuditLog;
use crate::auth::{Key, Revocation};
use crate::calls::{Call, Calls, Ended, Expect, ServerRequests};
use crate::control::Presence;
use crate::credentials::Credentials;
use crate::error::{Code, Refusal};
use crate::ids::{CallerTag, Channel, RequestId, SessionId, ShardToken, TunnelId};
use crate::json::rpc_error;
use crate::limits;
use crate::manage::Tunnels;
use crate::pending::{Pending, not_connected};
use crate::queue::{Command, Payload, Place, Queue, Refused};
use crate::refusals::Refusals;
use crate::server::{Connection, Memory};

/// The state of one relay.
pub(crate) struct Relay {
    /// Who may do what, and the relay's certificate.
    pub(crate) credentials: Credentials,
    /// The tunnels there are.
    pub(crate) tunnels: Arc<Tunnels>,
    /// Commands that wait for clients.
    pub(crate) queue: Arc<dyn Queue>,
    /// Callers that wait for answers.
    pub(crate) calls: Arc<Calls>,
    /// MCP servers that wait for answers.
    pub(crate) server_requests: ServerRequests,
    /// Which tunnels have a client.
    pub(crate) presence: Arc<Presence>,
    /// The memory for bodies.
    pub(crate) memory: Memory,
    /// Whether the relay is shutting down.
    pub(crate) draining: Draining,
    /// Refused requests, for the log.
    pub(crate) refusals: Refusals,
    /// The audit log, when there is one.
    pub(crate) audit: Option<AuditLog>,
    /// Names by which callers may address the relay, beside its address.
    pub(crate) allowed_hosts: Vec<Box<str>>,
    /// Web origins that may call it, beside its own.
    pub(crate) allowed_origins: Vec<Box<str>>,
    /// How long a call may take.
    pub(crate) call_timeout: Duration,
    /// Connections served at once.
    pub(crate) max_connections: usize,
    /// Bound on connections of one address that have not shown an accepted key; `None`: no limit.
    pub(crate) max_anonymous_per_address: Option<usize>,
}

/// What becomes a command.
pub(crate) struct Message {
    /// The id of the request that it came with, which becomes the command's.
    pub(crate) request: RequestId,
    /// The tunnel.
    pub(crate) tunnel: TunnelId,
    /// The channel.
    pub(crate) channel: Channel,
    /// What ends it.
    pub(crate) expect: Expect,
    /// Whether the caller takes an event stream.
    pub(crate) streams: bool,
    /// The session that the caller named.
    pub(crate) session: Option<SessionId>,
    /// The name of the caller's key.
    pub(crate) key: Arc<str>,
    /// The end of that key.
    pub(crate) revocation: Revocation,
    /// The caller's headers as the wire has them.
    pub(crate) headers: Box<str>,
    /// What is to be done.
    pub(crate) payload: Payload,
    /// How long the caller waits.
    pub(crate) wait: Duration,
}

impl Relay {
    /// Looks up the key with this text, which the connection has now shown.
    pub(crate) fn accept_key(&self, text: &[u8], connection: &Connection) -> Result<Arc<Key>, Refusal> {
        let generation = self.credentials.current();
        let key = generation
            .keys
            .find(text)
            .ok_or_else(|| Refusal::new(Code::InvalidApiKey, "the relay does not know this key"))?;
        connection.show(key)?;
        Ok(Arc::clone(key))
    }

    /// Ends the calls of keys that were removed, and the presence of clients with such keys. Calls that a tunnel's client has taken go on when the client's key was
    /// removed: it may answer them under its next one.
    pub(crate) fn end_revoked_calls(&self) {
        self.calls
            .finish_all(|call| call.revocation.is_revoked(), Revocation::refusal);
        self.presence.keys_revoked();
    }

    /// Queues a message for the tunnel's client.
    pub(crate) async fn submit(&self, message: Message, place: Place) -> Result<Pending, Refusal> {
        let Message {
            request,
            tunnel,
            channel,
            expect,
            streams,
            session,
            key,
            revocation,
            headers,
            payload,
            wait,
        } = message;
        if self.draining.has_begun() {
            return Err(self.draining.refusal());
        }
        if !self.presence.connected(&tunnel) {
            return Err(not_connected());
        }
        let shard_token = ShardToken::random(request);
        let deadline = Instant::now() + wait;
        let command = Command {
            request,
            shard_token,
            key: Arc::clone(&key),
            channel: channel.clone(),
            created_at: SystemTime::now(),
            deadline,
            caller: CallerTag::new(&tunnel, &key),
            headers: headers.clone(),
            payload,
        };
        let call = Call {
            tunnel: tunnel.clone(),
            channel,
            shard_token,
            expect,
            streams,
            session,
            key,
            revocation: revocation.clone(),
            headers,
            deadline,
            ended: Ended::default(),
        };
        let full = || Refusal::new(Code::QueueFull, "too many requests wait for this tunnel's client").retry_after(1);
        // Entered before it is queued: the answer may come at once.
        let inbox = self.calls.open(call).ok_or_else(full)?;
        // After it was entered: calls that are entered later are not among those that a removed key ends.
        if revocation.is_revoked() {
            return Err(Revocation::refusal());
        }
        let pending = Pending {
            inbox,
            queue: Arc::clone(&self.queue),
            presence: Arc::clone(&self.presence),
            tunnel,
            wait,
        };
        match self.queue.push(&pending.tunnel, command, place).await {
            Ok(()) => Ok(pending),
            Err(Refused::Full) => Err(full()),
            Err(Refused::Gone) => Err(Refusal::new(Code::TunnelNotFound, "the tunnel was removed")),
        }
    }

    /// Tells an MCP server that its request will not reach the caller, so that it does not wait for ever.
    pub(crate) fn refuse_to_server(self: &Arc<Self>, call: &Call, id: &str, reason: &str) {
        let request = RequestId::random();
        let refusal = rpc_error(Some(id), -32601, reason, "server_request_refused", request);
        let message = Message {
            request,
            tunnel: call.tunnel.clone(),
            channel: call.channel.clone(),
            expect: Expect::Ack,
            streams: false,
            session: call.session.clone(),
            key: Arc::clone(&call.key),
            revocation: call.revocation.clone(),
            headers: call.headers.clone(),
            payload: Payload::JsonRpc(refusal.into()),
            wait: limits::ONE_WAY_WAIT.min(self.call_timeout),
        };
        let relay = Arc::clone(self);
        // Bounded by the call limit and the deadline; nobody waits for it.
        tokio::spawn(async move {
            if let Ok(mut pending) = relay.submit(message, Place::Front).await {
                pending.next().await;
            }
        });
    }

    /// Ends everything that a tunnel has under way.
    pub(crate) fn tunnel_removed(&self, tunnel: &TunnelId) {
        self.queue.remove(tunnel);
        self.server_requests.remove(tunnel);
        self.presence.remove(tunnel);
        self.calls.finish_all(
            |call| call.tunnel == *tunnel,
            || Refusal::new(Code::TunnelNotFound, "the tunnel was removed"),
        );
    }
}

/// Whether the relay is shutting down.
pub(crate) struct Draining(watch::Sender<bool>);

impl Draining {
    /// Not yet.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// From now on.
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Whether it has begun.
    pub(crate) fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Completes when it begins.
    pub(crate) async fn begun(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }

    /// What whoever comes now is told, and whose command no client has: it may be sent again.
    pub(crate) fn refusal(&self) -> Refusal {
        Refusal::new(Code::Unavailable, "the relay is shutting down").retry_after(5)
    }

    /// What those are told whose command a client has or may have: no invitation to send it again.
    pub(crate) fn too_late(&self) -> Refusal {
        Refusal::new(
            Code::Unavailable,
            "the relay shut down before the answer came; a tunnel client may have carried the request out",
        )
    }
}
