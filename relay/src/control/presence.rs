//! Which tunnels have a client.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::ids::TunnelId;
use crate::share::is_fair;
use crate::{limits, log};

/// When each tunnel's client was last heard of.
#[derive(Debug, Default)]
pub(crate) struct Presence(Mutex<HashMap<TunnelId, Seen>>);

#[derive(Debug)]
struct Seen {
    /// Polls that are waiting, by key.
    polls: HashMap<Arc<str>, usize>,
    /// Responses that are being received.
    responses: usize,
    last: Instant,
}

impl Seen {
    /// Whether one more poll of a key leaves room for the polls of other keys.
    fn has_room(&self, key: &Arc<str>) -> bool {
        let all: usize = self.polls.values().sum();
        let own = self.polls.get(key).copied().unwrap_or(0);
        limits::POLLS
            .checked_sub(all + 1)
            .is_some_and(|free| is_fair(own + 1, free))
    }
}

/// A poll that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    presence: Arc<Presence>,
    tunnel: TunnelId,
    key: Arc<str>,
}

/// A response that is being received.
#[derive(Debug)]
pub(crate) struct Responding {
    presence: Arc<Presence>,
    tunnel: TunnelId,
}

impl Drop for Responding {
    fn drop(&mut self) {
        if let Some(seen) = self.presence.lock().get_mut(&self.tunnel) {
            // A tunnel that was removed and made anew meanwhile counts none of these.
            seen.responses = seen.responses.saturating_sub(1);
            seen.last = Instant::now();
        }
    }
}

impl Presence {
    /// Registers a poll; `None` when the tunnel, or the clients of this key, have too many. `agent` is the client's own
    /// name.
    pub(crate) fn enter(self: &Arc<Self>, tunnel: &TunnelId, key: &Arc<str>, agent: &str) -> Option<Waiting> {
        let agent: String = agent.chars().take(limits::LOGGED_AGENT).collect();
        let mut all = self.lock();
        let now = Instant::now();
        let seen = all.entry(tunnel.clone()).or_insert_with(|| {
            log::info("tunnel client connected", &[("tunnel", tunnel), ("client", &agent)]);
            Seen {
                polls: HashMap::new(),
                responses: 0,
                last: now,
            }
        });
        if !seen.has_room(key) {
            return None;
        }
        if seen.polls.is_empty() && now.duration_since(seen.last) > limits::CLIENT_SEEN {
            log::info("tunnel client is back", &[("tunnel", tunnel), ("client", &agent)]);
        }
        *seen.polls.entry(Arc::clone(key)).or_default() += 1;
        seen.last = now;
        Some(Waiting {
            presence: Arc::clone(self),
            tunnel: tunnel.clone(),
            key: Arc::clone(key),
        })
    }

    /// The client is sending a response: it is there until that has come, however slow its line is. `None`: the tunnel has
    /// no client that has polled.
    pub(crate) fn responding(self: &Arc<Self>, tunnel: &TunnelId) -> Option<Responding> {
        self.lock().get_mut(tunnel)?.responses += 1;
        Some(Responding {
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
        self.lock().get(tunnel).is_some_and(|seen| {
            !seen.polls.is_empty() || seen.responses > 0 || seen.last.elapsed() <= limits::CLIENT_SEEN
        })
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
            if let Some(polls) = seen.polls.get_mut(&self.key) {
                *polls = polls.saturating_sub(1);
                if *polls == 0 {
                    seen.polls.remove(&self.key);
                }
            }
            seen.last = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_is_there_while_it_sends_a_long_response_and_for_a_while_after() {
        let (presence, tunnel) = (Arc::new(Presence::default()), TunnelId::random());
        assert!(presence.responding(&tunnel).is_none() && !presence.connected(&tunnel));
        drop(presence.enter(&tunnel, &"key".into(), "agent").unwrap());
        let responding = presence.responding(&tunnel).unwrap();
        tokio::time::advance(limits::CLIENT_SEEN * 3).await;
        assert!(presence.connected(&tunnel));
        drop(responding);
        tokio::time::advance(limits::CLIENT_SEEN).await;
        assert!(presence.connected(&tunnel));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!presence.connected(&tunnel));
    }
}
