//! Which tunnels have a client.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::ids::TunnelId;
use crate::{limits, log};

/// When each tunnel's client was last heard of.
#[derive(Debug, Default)]
pub(crate) struct Presence(Mutex<HashMap<TunnelId, Seen>>);

#[derive(Debug)]
struct Seen {
    /// Polls that wait now.
    polls: usize,
    last: Instant,
}

/// A poll that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    presence: Arc<Presence>,
    tunnel: TunnelId,
}

impl Presence {
    /// A poll begins; `None` when the tunnel has too many. `agent` is what the client calls itself.
    pub(crate) fn enter(self: &Arc<Self>, tunnel: &TunnelId, agent: &str) -> Option<Waiting> {
        let mut all = self.lock();
        let now = Instant::now();
        let seen = all.entry(tunnel.clone()).or_insert_with(|| {
            log::info("tunnel client connected", &[("tunnel", tunnel), ("client", &agent)]);
            Seen { polls: 0, last: now }
        });
        if seen.polls >= limits::POLLS {
            return None;
        }
        if seen.polls == 0 && now.duration_since(seen.last) > limits::CLIENT_SEEN {
            log::info("tunnel client is back", &[("tunnel", tunnel), ("client", &agent)]);
        }
        seen.polls += 1;
        seen.last = now;
        Some(Waiting {
            presence: Arc::clone(self),
            tunnel: tunnel.clone(),
        })
    }

    /// The client sent something else than a poll.
    pub(crate) fn heard(&self, tunnel: &TunnelId) {
        if let Some(seen) = self.lock().get_mut(tunnel) {
            seen.last = Instant::now();
        }
    }

    /// Whether the tunnel has a client that takes commands.
    pub(crate) fn connected(&self, tunnel: &TunnelId) -> bool {
        self.lock()
            .get(tunnel)
            .is_some_and(|seen| seen.polls > 0 || seen.last.elapsed() <= limits::CLIENT_SEEN)
    }

    /// The tunnel was removed.
    pub(crate) fn remove(&self, tunnel: &TunnelId) {
        self.lock().remove(tunnel);
    }

    /// Nothing panics while it holds the lock, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, HashMap<TunnelId, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(seen) = self.presence.lock().get_mut(&self.tunnel) {
            seen.polls = seen.polls.saturating_sub(1);
            seen.last = Instant::now();
        }
    }
}
