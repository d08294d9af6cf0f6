//! The queue of a tunnel: callers that push, clients that take, deliver or give back, callers that leave, and the end of the tunnel.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use shuttle::future::{block_on, spawn};
use tokio::time::Instant;

use crate::ids::{CallerTag, Channel, RequestId, ShardToken, TunnelId};
use crate::manage::Tunnels;
use crate::queue::{Ask, Command, MemoryQueue, Payload, Place, Queue as _, Refused, Whereabouts};
use crate::run::Model;

pub(crate) const MODELS: &[Model] = &[
    (
        "queue: a pushed command is delivered once, even if a poll breaks off",
        delivered_once,
    ),
    ("queue: polls for two commands and for two channels end", channels),
    ("queue: a withdrawn command is not delivered afterwards", withdrawn),
    ("queue: a removed tunnel ends polls and takes no commands", removed),
];

pub(crate) fn command(tunnel: &TunnelId, channel: &str) -> Command {
    let request = RequestId::random();
    Command {
        request,
        shard_token: ShardToken::random(request),
        key: "key".into(),
        channel: Channel::parse(channel).unwrap_or_else(Channel::main),
        created_at: SystemTime::UNIX_EPOCH,
        deadline: Instant::now() + Duration::from_secs(60),
        caller: CallerTag::new(tunnel, "key"),
        headers: "{}".into(),
        payload: Payload::SessionTermination,
    }
}

fn ask(channels: &[&str], limit: usize) -> Ask {
    Ask {
        channels: channels.iter().filter_map(|name| Channel::parse(name)).collect(),
        limit,
        bytes: 1 << 20,
    }
}

struct Bench {
    tunnel: TunnelId,
    tunnels: Arc<Tunnels>,
    queue: MemoryQueue,
    delivered: Mutex<Vec<RequestId>>,
}

impl Bench {
    fn new() -> Arc<Self> {
        let tunnel = TunnelId::random();
        let tunnels = Arc::new(Tunnels::of(&tunnel));
        Arc::new(Self {
            queue: MemoryQueue::new(Arc::clone(&tunnels)),
            tunnel,
            tunnels,
            delivered: Mutex::default(),
        })
    }

    /// One poll that is answered. False when the tunnel is gone.
    async fn poll(&self, ask: &Ask) -> bool {
        let Ok(leases) = self.queue.take(&self.tunnel, ask).await else {
            return false;
        };
        assert!(!leases.is_empty() && leases.len() <= ask.limit);
        let requests: Vec<_> = leases.iter().map(|lease| lease.command.request).collect();
        self.delivered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(requests);
        self.queue.delivered(&self.tunnel, leases);
        true
    }

    /// One poll whose answer breaks off.
    async fn break_off(&self, ask: &Ask) {
        if let Ok(leases) = self.queue.take(&self.tunnel, ask).await {
            self.queue.give_back(&self.tunnel, leases);
        }
    }

    fn count(&self) -> usize {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn delivered_once() {
    block_on(async {
        let bench = Bench::new();
        let mut tasks = Vec::new();
        for _ in 0..2 {
            let pushing = Arc::clone(&bench);
            tasks.push(spawn(async move {
                let command = command(&pushing.tunnel, "main");
                assert_eq!(pushing.queue.push(&pushing.tunnel, command, Place::Back).await, Ok(()));
            }));
            let polling = Arc::clone(&bench);
            // Each poll is for one command; that it ends shows that no wake-up is lost.
            tasks.push(spawn(async move { assert!(polling.poll(&ask(&[], 1)).await) }));
        }
        let breaking = Arc::clone(&bench);
        let broken = spawn(async move { breaking.break_off(&ask(&[], 2)).await });
        for task in tasks {
            assert!(task.await.is_ok());
        }
        assert_eq!(bench.count(), 2);
        // Nothing is left for the poll that breaks off, if it has not yet had its turn.
        bench.tunnels.remove(&bench.tunnel);
        bench.queue.remove(&bench.tunnel);
        assert!(broken.await.is_ok());
    });
}

fn channels() {
    block_on(async {
        let bench = Bench::new();
        let mut tasks = Vec::new();
        for channel in ["a", "b"] {
            let pushing = Arc::clone(&bench);
            tasks.push(spawn(async move {
                for place in [Place::Back, Place::Front] {
                    let command = command(&pushing.tunnel, channel);
                    assert_eq!(pushing.queue.push(&pushing.tunnel, command, place).await, Ok(()));
                }
            }));
            let polling = Arc::clone(&bench);
            tasks.push(spawn(async move {
                // Both commands of its channel come, in one answer or in two.
                let mut taken = 0;
                while taken < 2 {
                    let leases = polling.queue.take(&polling.tunnel, &ask(&[channel], 2)).await;
                    let leases = leases.unwrap_or_default();
                    assert!(leases.iter().all(|lease| lease.command.channel == Channel::parse(channel).unwrap_or_else(Channel::main)));
                    taken += leases.len();
                    polling.queue.delivered(&polling.tunnel, leases);
                }
            }));
        }
        for task in tasks {
            assert!(task.await.is_ok());
        }
    });
}

fn withdrawn() {
    block_on(async {
        let bench = Bench::new();
        let (first, second) = (command(&bench.tunnel, "main"), command(&bench.tunnel, "main"));
        let request = first.request;
        let leaving = Arc::clone(&bench);
        let left = spawn(async move {
            assert_eq!(leaving.queue.push(&leaving.tunnel, first, Place::Back).await, Ok(()));
            let place = leaving.queue.withdraw(&leaving.tunnel, request);
            // The second word is never needed.
            assert_eq!(leaving.queue.withdraw(&leaving.tunnel, request), Whereabouts::Elsewhere);
            place
        });
        let breaking = Arc::clone(&bench);
        let broken = spawn(async move { breaking.break_off(&ask(&[], 1)).await });
        let pushing = Arc::clone(&bench);
        let pushed = spawn(async move { pushing.queue.push(&pushing.tunnel, second, Place::Back).await });
        let place = left.await.unwrap_or(Whereabouts::Elsewhere);
        assert!(pushed.await.is_ok_and(|pushed| pushed.is_ok()));
        // What remains is the second command, whatever was taken, given back and withdrawn before.
        assert!(bench.poll(&ask(&[], 2)).await);
        assert_ne!(place, Whereabouts::Elsewhere);
        let delivered = bench.delivered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert!(!delivered.contains(&request), "a caller that left is answered");
        bench.tunnels.remove(&bench.tunnel);
        bench.queue.remove(&bench.tunnel);
        assert!(broken.await.is_ok());
    });
}

fn removed() {
    block_on(async {
        let bench = Bench::new();
        let polling = Arc::clone(&bench);
        // Polls until the tunnel is gone: a poll that is not told waits for ever.
        let polled = spawn(async move { while polling.poll(&ask(&[], 1)).await {} });
        let pushing = Arc::clone(&bench);
        let pushed = spawn(async move {
            for _ in 0..2 {
                match pushing
                    .queue
                    .push(&pushing.tunnel, command(&pushing.tunnel, "main"), Place::Back)
                    .await
                {
                    Ok(()) | Err(Refused::Gone) => {}
                    Err(Refused::Full) => unreachable!("two commands fit"),
                }
            }
        });
        let removing = Arc::clone(&bench);
        let gone = spawn(async move {
            removing.tunnels.remove(&removing.tunnel);
            removing.queue.remove(&removing.tunnel);
        });
        for task in [polled, pushed, gone] {
            assert!(task.await.is_ok());
        }
        let late = command(&bench.tunnel, "main");
        assert_eq!(
            bench.queue.push(&bench.tunnel, late, Place::Back).await,
            Err(Refused::Gone)
        );
    });
}
