//! A command with its caller: answered by a client, left alone by a client that goes, or given up by its caller.

use std::sync::Arc;
use std::time::Duration;

use shuttle::future::{block_on, spawn};

use super::calls::{call, reply};
use super::memory_queue::command;
use crate::auth::Key;
use crate::calls::{Calls, Event};
use crate::control::{Busy, Presence};
use crate::error::Code;
use crate::ids::TunnelId;
use crate::manage::Tunnels;
use crate::pending::Pending;
use crate::queue::{Ask, Lease, MemoryQueue, Place, Queue, Whereabouts};
use crate::run::Model;

pub(crate) const MODELS: &[Model] = &[
    (
        "pending: a command that is taken is answered, and only then gone",
        answered,
    ),
    (
        "pending: a client whose key is removed leaves no command waiting",
        revoked,
    ),
    (
        "pending: a caller learns that the key of the only client is removed, whenever it begins to wait",
        idle,
    ),
];

struct Bench {
    tunnel: TunnelId,
    queue: Arc<dyn Queue>,
    presence: Arc<Presence>,
    calls: Arc<Calls>,
    key: Key,
}

impl Bench {
    fn new() -> Arc<Self> {
        let tunnel = TunnelId::random();
        Arc::new(Self {
            queue: Arc::new(MemoryQueue::new(Arc::new(Tunnels::of(&tunnel)))),
            presence: Arc::default(),
            calls: Arc::default(),
            key: Key::new("client"),
            tunnel,
        })
    }

    async fn call(&self) -> Pending {
        let call = call(&self.tunnel);
        let mut command = command(&self.tunnel, "main");
        (command.request, command.shard_token) = (call.shard_token.request(), call.shard_token);
        let Some(inbox) = self.calls.open(call) else {
            unreachable!("there is a place")
        };
        assert_eq!(self.queue.push(&self.tunnel, command, Place::Back).await, Ok(()));
        Pending {
            inbox,
            queue: Arc::clone(&self.queue),
            presence: Arc::clone(&self.presence),
            tunnel: self.tunnel.clone(),
            wait: Duration::from_secs(60),
        }
    }

    /// A client that is there until this is dropped.
    fn client(&self) -> Busy {
        let busy = self.presence.enter(&self.tunnel, &self.key, "agent");
        busy.unwrap_or_else(|| unreachable!("there is room"))
    }

    /// What a client's poll takes.
    async fn take(&self) -> Vec<Lease> {
        let ask = Ask {
            channels: Vec::new(),
            limit: 1,
            bytes: 1 << 20,
        };
        self.queue.take(&self.tunnel, &ask).await.unwrap_or_default()
    }
}

fn answered() {
    block_on(async {
        let bench = Bench::new();
        // The client is there all the time.
        let busy = bench.client();
        let client = Arc::clone(&bench);
        let served = spawn(async move {
            let leases = client.take().await;
            assert_eq!(leases.len(), 1);
            let request = leases[0].command.request;
            client.queue.delivered(&client.tunnel, leases);
            assert!(client.calls.finish(request, Ok(reply())), "the caller waits");
        });
        let mut pending = bench.call().await;
        assert!(matches!(pending.next().await, Event::Terminal(Ok(_))));
        let request = pending.inbox.request();
        drop(pending);
        assert!(served.await.is_ok());
        assert_eq!(bench.queue.withdraw(&bench.tunnel, request), Whereabouts::Elsewhere);
        assert_eq!(bench.calls.len(), 0);
        drop(busy);
    });
}

fn revoked() {
    block_on(async {
        let bench = Bench::new();
        let busy = bench.client();
        // The client's answer breaks off because its key is removed; the command that was on its way waits again.
        let client = Arc::clone(&bench);
        let broken = spawn(async move {
            let leases = client.take().await;
            client.key.revocation.revoked().await;
            client.queue.give_back(&client.tunnel, leases);
            drop(busy);
        });
        let removing = Arc::clone(&bench);
        let removed = spawn(async move {
            removing.key.remove();
            removing.presence.keys_revoked();
        });
        let mut pending = bench.call().await;
        match pending.next().await {
            Event::Terminal(Err(refusal)) => assert_eq!(refusal.code, Code::ClientNotConnected),
            other => unreachable!("{other:?}"),
        }
        drop(pending);
        assert!(removed.await.is_ok());
        // It may still wait for a command.
        let last = command(&bench.tunnel, "main");
        assert_eq!(bench.queue.push(&bench.tunnel, last, Place::Back).await, Ok(()));
        assert!(broken.await.is_ok());
    });
}

fn idle() {
    block_on(async {
        let bench = Bench::new();
        // A client that polls and takes nothing.
        let busy = bench.client();
        let removing = Arc::clone(&bench);
        let removed = spawn(async move {
            removing.key.remove();
            removing.presence.keys_revoked();
        });
        let mut pending = bench.call().await;
        match pending.next().await {
            Event::Terminal(Err(refusal)) => assert_eq!(refusal.code, Code::ClientNotConnected),
            other => unreachable!("{other:?}"),
        }
        assert!(removed.await.is_ok());
        drop(busy);
    });
}
