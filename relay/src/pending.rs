//! A command and the caller that waits for its answer.

use std::sync::Arc;
use std::time::Duration;

use crate::calls::{Event, Inbox};
use crate::control::Presence;
use crate::error::{Code, Refusal};
use crate::ids::TunnelId;
use crate::queue::{Queue, Whereabouts};

/// A command that somebody waits for.
pub(crate) struct Pending {
    /// What happens to it.
    pub(crate) inbox: Inbox,
    /// Where it waits for a client.
    pub(crate) queue: Arc<dyn Queue>,
    /// Whether there is one.
    pub(crate) presence: Arc<Presence>,
    /// The tunnel.
    pub(crate) tunnel: TunnelId,
    /// How long somebody waits.
    pub(crate) wait: Duration,
}

impl Pending {
    /// The next event, see [`Inbox::next`]; the terminal one when the tunnel has no client any more and none took the
    /// command. After the terminal one there is none.
    pub(crate) async fn next(&mut self) -> Event {
        let request = self.inbox.request();
        let absent = self
            .presence
            .absent(&self.tunnel, || self.queue.withdraw_waiting(&self.tunnel, request));
        let event = tokio::select! {
            biased;
            event = self.inbox.next() => event,
            () = absent => return Event::Terminal(Err(not_connected())),
        };
        match event {
            Event::Terminal(Err(refusal)) if refusal.code == Code::Timeout => {
                let wait = span(self.wait);
                let message = match self.queue.withdraw(&self.tunnel, request) {
                    Whereabouts::Waiting => format!(
                        "no tunnel client took the request within {wait}: check that tunnel-client runs and its /readyz"
                    ),
                    Whereabouts::Leased => format!(
                        "the request was still on its way to a tunnel client after {wait}, which may have taken it: check its network"
                    ),
                    Whereabouts::Elsewhere => format!(
                        "a tunnel client took the request and did not answer within {wait}: check its log and the MCP server"
                    ),
                };
                Event::Terminal(Err(Refusal::new(Code::Timeout, message)))
            }
            event => event,
        }
    }
}

impl Drop for Pending {
    /// Whoever waited is gone or has an answer: the command must not be delivered (again).
    fn drop(&mut self) {
        self.queue.withdraw(&self.tunnel, self.inbox.request());
    }
}

/// What callers of a tunnel without client are told.
pub(crate) fn not_connected() -> Refusal {
    let refusal = Refusal::new(
        Code::ClientNotConnected,
        "no tunnel client is connected: start tunnel-client, then check its /readyz",
    );
    refusal.retry_after(1)
}

/// A time for people: whole seconds, or milliseconds.
fn span(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{} s", time.as_secs()),
        _ => format!("{} ms", time.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::time::SystemTime;

    use tokio::time::Instant;

    use super::*;
    use crate::auth::{Keys, Revocation};
    use crate::calls::{Call, Calls, Ended, Expect};
    use crate::control::Delivery;
    use crate::ids::{CallerTag, Channel, RequestId, ShardToken};
    use crate::limits;
    use crate::manage::Tunnels;
    use crate::queue::{Ask, Command, MemoryQueue, Payload, Place};

    const WAIT: Duration = Duration::from_secs(120);
    const MOMENT: Duration = Duration::from_millis(1);
    const KEY: &str = "key-of-the-client";

    struct Bench {
        queue: Arc<dyn Queue>,
        presence: Arc<Presence>,
        tunnel: TunnelId,
        keys: Keys,
    }

    impl Bench {
        fn new() -> Self {
            let tunnel = TunnelId::random();
            let tunnels = Arc::new(Tunnels::load(None, vec![(tunnel.clone(), "bench".into())]).unwrap());
            Self {
                queue: Arc::new(MemoryQueue::new(tunnels)),
                presence: Arc::default(),
                tunnel,
                keys: Keys::of(&format!("client read,use {KEY}")).unwrap(),
            }
        }

        /// A client begins a poll, and is there until it is over.
        fn poll(&self) -> impl Sized {
            let key = self.keys.find(KEY.as_bytes()).unwrap();
            self.presence.enter(&self.tunnel, key, "agent").unwrap()
        }

        async fn call(&self) -> Pending {
            let request = RequestId::random();
            let (shard_token, deadline) = (ShardToken::random(request), Instant::now() + WAIT);
            let (key, headers): (Arc<str>, Box<str>) = ("caller".into(), "{}".into());
            let call = Call {
                tunnel: self.tunnel.clone(),
                channel: Channel::main(),
                shard_token,
                expect: Expect::Termination,
                streams: false,
                session: None,
                key: Arc::clone(&key),
                revocation: Revocation::default(),
                headers: headers.clone(),
                deadline,
                ended: Ended::default(),
            };
            let command = Command {
                request,
                shard_token,
                channel: Channel::main(),
                created_at: SystemTime::now(),
                deadline,
                caller: CallerTag::new(&self.tunnel, &key),
                key,
                headers,
                payload: Payload::SessionTermination,
            };
            let inbox = Arc::new(Calls::default()).open(call).unwrap();
            self.queue.push(&self.tunnel, command, Place::Back).await.unwrap();
            Pending {
                inbox,
                queue: Arc::clone(&self.queue),
                presence: Arc::clone(&self.presence),
                tunnel: self.tunnel.clone(),
                wait: WAIT,
            }
        }

        /// A client takes a command and begins to read it.
        async fn take(&self) -> Delivery {
            let ask = Ask {
                channels: Vec::new(),
                limit: 1,
                bytes: 1,
            };
            let leases = self.queue.take(&self.tunnel, &ask).await.unwrap();
            let key = self.keys.find(KEY.as_bytes()).unwrap();
            let poll = self.presence.enter(&self.tunnel, key, "agent").unwrap();
            Delivery::new(Arc::clone(&self.queue), self.tunnel.clone(), leases).by(poll)
        }
    }

    fn refused(event: Event) -> Refusal {
        match event {
            Event::Terminal(Err(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_no_client_took_ends_when_none_was_seen_for_its_time() {
        let bench = Bench::new();
        drop(bench.poll());
        tokio::time::advance(limits::CLIENT_SEEN / 2).await;
        let mut pending = bench.call().await;
        let begun = Instant::now();
        let refusal = refused(pending.next().await);
        assert_eq!((refusal.code, refusal.retry_after), (Code::ClientNotConnected, Some(1)));
        assert_eq!(begun.elapsed(), limits::CLIENT_SEEN / 2);
        assert!(!bench.queue.withdraw_waiting(&bench.tunnel, pending.inbox.request()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_restarts_within_the_time_takes_a_command_which_then_has_its_whole_time() {
        let bench = Bench::new();
        drop(bench.poll());
        let mut pending = bench.call().await;
        let begun = Instant::now();
        let client = async {
            tokio::time::sleep(limits::CLIENT_SEEN - MOMENT).await;
            bench.take().await.commit();
        };
        let (event, ()) = tokio::join!(pending.next(), client);
        let refusal = refused(event);
        assert_eq!((refusal.code, begun.elapsed()), (Code::Timeout, WAIT));
        let text = "a tunnel client took the request and did not answer within 120 s";
        assert!(refusal.message.starts_with(text), "{}", refusal.message);
    }

    #[tokio::test(start_paused = true)]
    async fn commands_behind_one_that_a_client_reads_slowly_wait_and_one_that_comes_back_waits_from_then_on() {
        let bench = Bench::new();
        drop(bench.poll());
        let (mut slow, mut behind) = (bench.call().await, bench.call().await);
        let begun = Instant::now();
        let client = async {
            let delivery = bench.take().await;
            tokio::time::sleep(limits::CLIENT_SEEN * 2).await;
            drop(delivery);
        };
        let (first, second, ()) = tokio::join!(slow.next(), behind.next(), client);
        for event in [first, second] {
            assert_eq!(refused(event).code, Code::ClientNotConnected);
        }
        assert_eq!(begun.elapsed(), limits::CLIENT_SEEN * 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_a_present_client_leaves_waits_its_whole_time() {
        let bench = Bench::new();
        let _polling = bench.poll();
        let mut pending = bench.call().await;
        let refusal = refused(pending.next().await);
        assert_eq!(refusal.code, Code::Timeout);
        let text = "no tunnel client took the request within 120 s: check that tunnel-client runs and its /readyz";
        assert_eq!(refusal.message, text);
    }
}
