//! Which tunnels have a client.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::auth::{Key, Revocation};
use crate::ids::TunnelId;
use crate::share::is_fair;
use crate::{limits, log};

/// When each tunnel's clients were last heard of.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    tunnels: Mutex<HashMap<TunnelId, Seen>>,
    /// A key was removed, or a poll of such a key is over.
    revoked: Notify,
}

#[derive(Debug)]
struct Seen {
    /// Those that are there or were lately.
    clients: Vec<Client>,
    last: Instant,
}

/// The clients of one key.
#[derive(Debug)]
struct Client {
    key: Arc<str>,
    revocation: Revocation,
    /// Polls that wait or whose answers are being written.
    polls: usize,
    /// Responses that are being received.
    responses: usize,
    last: Instant,
}

impl Client {
    /// From when on it counts as absent, unless it is heard of before; `None`: now, its key was removed.
    fn absent_from(&self, now: Instant) -> Option<Instant> {
        if self.revocation.is_revoked() {
            return None;
        }
        let last = if self.polls + self.responses > 0 {
            now
        } else {
            self.last
        };
        Some(last + limits::CLIENT_SEEN)
    }
}

impl Seen {
    /// The clients of a key. Forgets those that are gone.
    fn client(&mut self, key: &Key, now: Instant) -> &mut Client {
        self.clients.retain(|client| {
            client.polls + client.responses > 0 || client.absent_from(now).is_some_and(|moment| moment > now)
        });
        let known = |client: &Client| client.revocation.is_same(&key.revocation);
        let index = self.clients.iter().position(known).unwrap_or_else(|| {
            self.clients.push(Client {
                key: Arc::clone(&key.name),
                revocation: key.revocation.clone(),
                polls: 0,
                responses: 0,
                last: now,
            });
            self.clients.len() - 1
        });
        &mut self.clients[index]
    }

    /// Whether one more poll of a key leaves room for the polls of other keys.
    fn has_room(&self, key: &Key) -> bool {
        let all: usize = self.clients.iter().map(|client| client.polls).sum();
        let own = self.clients.iter().filter(|client| client.key == key.name);
        let own: usize = own.map(|client| client.polls).sum();
        limits::POLLS
            .checked_sub(all + 1)
            .is_some_and(|free| is_fair(own + 1, free))
    }
}

/// What a guard stands for.
#[derive(Debug, Clone, Copy)]
enum Doing {
    Polling,
    Responding,
}

/// A poll that waits or is being answered, or a response that is being received. Its client is there while this exists.
#[derive(Debug)]
pub(crate) struct Busy {
    presence: Arc<Presence>,
    tunnel: TunnelId,
    revocation: Revocation,
    doing: Doing,
}

impl Presence {
    /// Registers a poll; `None` when the tunnel, or the clients of this key, have too many. `agent` is the client's own
    /// name.
    pub(crate) fn enter(self: &Arc<Self>, tunnel: &TunnelId, key: &Key, agent: &str) -> Option<Busy> {
        let agent: String = agent.chars().take(limits::LOGGED_AGENT).collect();
        let mut all = self.lock();
        let now = Instant::now();
        let seen = all.entry(tunnel.clone()).or_insert_with(|| {
            log::info("tunnel client connected", &[("tunnel", tunnel), ("client", &agent)]);
            Seen {
                clients: Vec::new(),
                last: now,
            }
        });
        if !seen.has_room(key) {
            return None;
        }
        let polls = seen.clients.iter().any(|client| client.polls > 0);
        if !polls && now.duration_since(seen.last) > limits::CLIENT_SEEN {
            log::info("tunnel client is back", &[("tunnel", tunnel), ("client", &agent)]);
        }
        seen.last = now;
        let client = seen.client(key, now);
        client.polls += 1;
        client.last = now;
        Some(self.busy(tunnel, key, Doing::Polling))
    }

    /// The client is sending a response: it is there until that has come, however slow its line is. `None`: the tunnel has
    /// no client that has polled.
    pub(crate) fn responding(self: &Arc<Self>, tunnel: &TunnelId, key: &Key) -> Option<Busy> {
        let now = Instant::now();
        let mut all = self.lock();
        let seen = all.get_mut(tunnel)?;
        seen.last = now;
        let client = seen.client(key, now);
        client.responses += 1;
        client.last = now;
        Some(self.busy(tunnel, key, Doing::Responding))
    }

    fn busy(self: &Arc<Self>, tunnel: &TunnelId, key: &Key, doing: Doing) -> Busy {
        Busy {
            presence: Arc::clone(self),
            tunnel: tunnel.clone(),
            revocation: key.revocation.clone(),
            doing,
        }
    }

    /// Whether the tunnel has a client that takes commands.
    pub(crate) fn connected(&self, tunnel: &TunnelId) -> bool {
        self.absent_from(tunnel).is_some()
    }

    /// Completes once the tunnel has no client and `withdraw` says that the command still waits for one.
    pub(crate) async fn absent(&self, tunnel: &TunnelId, withdraw: impl Fn() -> bool) {
        loop {
            let mut revoked = pin!(self.revoked.notified());
            // Registered before looking, so that no removal in between is missed.
            revoked.as_mut().enable();
            let look = match self.absent_from(tunnel) {
                Some(moment) => moment,
                None if withdraw() => return,
                None => Instant::now() + limits::CLIENT_SEEN,
            };
            tokio::select! {
                () = revoked => {}
                // What happens meanwhile only puts the moment off: nobody need tell those who wait.
                () = sleep_until(look) => {}
            }
        }
    }

    /// Keys were removed: their clients are absent from now on.
    pub(crate) fn keys_revoked(&self) {
        self.revoked.notify_waiters();
    }

    /// The tunnel was removed.
    pub(crate) fn remove(&self, tunnel: &TunnelId) {
        self.lock().remove(tunnel);
    }

    /// From when on the tunnel has no client, unless one is heard of before; `None`: now.
    fn absent_from(&self, tunnel: &TunnelId) -> Option<Instant> {
        let now = Instant::now();
        let all = self.lock();
        let clients = all.get(tunnel)?.clients.iter();
        clients
            .filter_map(|client| client.absent_from(now))
            .max()
            .filter(|moment| *moment > now)
    }

    /// Nothing panics while it holds the lock, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, HashMap<TunnelId, Seen>> {
        self.tunnels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(seen) = self.presence.lock().get_mut(&self.tunnel) {
            let now = Instant::now();
            seen.last = now;
            let own = |client: &&mut Client| client.revocation.is_same(&self.revocation);
            // A tunnel that was removed and made anew meanwhile counts none of these.
            if let Some(client) = seen.clients.iter_mut().find(own) {
                let count = match self.doing {
                    Doing::Polling => &mut client.polls,
                    Doing::Responding => &mut client.responses,
                };
                *count = count.saturating_sub(1);
                client.last = now;
            }
        }
        // Commands of its answer may wait again.
        if self.revocation.is_revoked() {
            self.presence.revoked.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::cell::Cell;
    use std::future::Future;
    use std::time::Duration;

    use super::*;
    use crate::auth::Keys;

    const MOMENT: Duration = Duration::from_millis(1);

    struct Bench {
        presence: Arc<Presence>,
        tunnel: TunnelId,
        keys: Keys,
    }

    impl Bench {
        fn new() -> Self {
            Self {
                presence: Arc::default(),
                tunnel: TunnelId::random(),
                keys: Keys::of("a read,use key-of-the-first-client\nb read,use key-of-the-second-client").unwrap(),
            }
        }

        fn first(&self) -> Arc<Key> {
            Arc::clone(self.keys.find(b"key-of-the-first-client").unwrap())
        }

        fn second(&self) -> Arc<Key> {
            Arc::clone(self.keys.find(b"key-of-the-second-client").unwrap())
        }

        fn poll(&self, key: &Key) -> Busy {
            self.presence.enter(&self.tunnel, key, "agent").unwrap()
        }

        fn connected(&self) -> bool {
            self.presence.connected(&self.tunnel)
        }

        fn revoke_first(&self) {
            let after = Keys::of("b read,use key-of-the-second-client").unwrap();
            self.keys.revoke_missing(&after);
            self.presence.keys_revoked();
        }
    }

    async fn is_ready(future: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = future => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_is_there_while_it_sends_a_long_response_and_for_a_while_after() {
        let bench = Bench::new();
        let key = bench.first();
        assert!(bench.presence.responding(&bench.tunnel, &key).is_none() && !bench.connected());
        drop(bench.poll(&key));
        let responding = bench.presence.responding(&bench.tunnel, &key).unwrap();
        tokio::time::advance(limits::CLIENT_SEEN * 3).await;
        assert!(bench.connected());
        drop(responding);
        tokio::time::advance(limits::CLIENT_SEEN - MOMENT).await;
        assert!(bench.connected());
        tokio::time::advance(MOMENT).await;
        assert!(!bench.connected());
    }

    #[tokio::test(start_paused = true)]
    async fn absence_begins_when_no_client_was_seen_for_its_time_and_not_before() {
        let bench = Bench::new();
        let begun = Instant::now();
        let polling = bench.poll(&bench.first());
        let waiting = bench.presence.absent(&bench.tunnel, || true);
        let client = async {
            tokio::time::sleep(limits::CLIENT_SEEN * 2 + MOMENT * 7).await;
            drop(polling);
            // It restarts, with time to spare.
            tokio::time::sleep(limits::CLIENT_SEEN - MOMENT).await;
            drop(bench.poll(&bench.second()));
        };
        tokio::join!(waiting, client);
        assert_eq!(begun.elapsed(), limits::CLIENT_SEEN * 4 + MOMENT * 6);
    }

    #[tokio::test(start_paused = true)]
    async fn a_removed_key_ends_the_presence_of_its_clients_at_once_and_of_no_others() {
        let bench = Bench::new();
        let (first, second) = (bench.poll(&bench.first()), bench.poll(&bench.second()));
        let mut absent = pin!(bench.presence.absent(&bench.tunnel, || true));
        assert!(!is_ready(absent.as_mut()).await);
        bench.revoke_first();
        assert!(bench.connected() && !is_ready(absent.as_mut()).await);
        drop((first, second));
        assert!(bench.connected());

        let bench = Bench::new();
        let polling = bench.poll(&bench.first());
        let responding = bench.presence.responding(&bench.tunnel, &bench.first()).unwrap();
        let mut absent = pin!(bench.presence.absent(&bench.tunnel, || true));
        assert!(!is_ready(absent.as_mut()).await);
        bench.revoke_first();
        assert!(!bench.connected() && is_ready(absent.as_mut()).await);
        // What its client had under way does not bring it back.
        drop((polling, responding));
        assert!(!bench.connected());
        // Nor does a request that was let in before.
        drop(bench.poll(&bench.first()));
        assert!(!bench.connected());
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_comes_back_from_a_client_whose_key_was_removed_ends_at_once() {
        let bench = Bench::new();
        let polling = bench.poll(&bench.first());
        let waits = Cell::new(false);
        let mut absent = pin!(bench.presence.absent(&bench.tunnel, || waits.get()));
        assert!(!is_ready(absent.as_mut()).await);
        bench.revoke_first();
        assert!(!is_ready(absent.as_mut()).await);
        waits.set(true);
        drop(polling);
        assert!(is_ready(absent.as_mut()).await);
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_are_gone_are_forgotten() {
        let bench = Bench::new();
        drop(bench.poll(&bench.first()));
        tokio::time::advance(limits::CLIENT_SEEN).await;
        drop(bench.poll(&bench.second()));
        assert_eq!(bench.presence.lock()[&bench.tunnel].clients.len(), 1);
    }
}
