//! The queue of a relay.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use bytes::Bytes;
use tokio::time::Instant;

use super::{MemoryQueue, lock};
use crate::ids::{CallerTag, Channel, RequestId, ShardToken, TunnelId};
use crate::limits;
use crate::manage::Tunnels;
use crate::queue::{Ask, Command, Lease, Payload, Place, Queue as _, Refused, Whereabouts};
use crate::server::Held;

/// Commands of one tunnel.
pub const COMMANDS_MAX: usize = limits::QUEUE_COMMANDS;
/// Bytes of them.
pub const BYTES_MAX: usize = limits::QUEUE_BYTES;
/// Further commands at the front.
pub const RESERVE: usize = limits::QUEUE_RESERVE;
/// Bytes of them.
pub const RESERVE_BYTES: usize = limits::QUEUE_RESERVE_BYTES;
/// Longest message.
pub const MESSAGE_MAX: usize = limits::CALLER_BODY;

static MESSAGE: [u8; MESSAGE_MAX] = [b' '; MESSAGE_MAX];

/// Place of a command that was withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// No client had seen it.
    Waiting,
    /// It was being written.
    Leased,
    /// Not in the queue.
    Elsewhere,
}

/// What the queue counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Commands that wait.
    pub waiting: usize,
    /// Commands that are being written and that somebody waits for.
    pub leased: usize,
    /// Bytes of both.
    pub bytes: usize,
    /// Commands and bytes of each key, by its name.
    pub keys: Vec<(String, usize, usize)>,
}

/// The queue of one tunnel.
#[derive(Debug)]
pub struct Bench {
    queue: MemoryQueue,
    tunnel: TunnelId,
    /// Names of all commands so far, in the order of their numbers.
    requests: Vec<RequestId>,
    /// Commands that were taken by one poll.
    taken: Vec<Option<Vec<Lease>>>,
}

impl Bench {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Option<Self> {
        let tunnel = TunnelId::random();
        let tunnels = Tunnels::load(None, vec![(tunnel.clone(), "bench".into())]).ok()?;
        Some(Self {
            queue: MemoryQueue::new(Arc::new(tunnels)),
            tunnel,
            requests: Vec::new(),
            taken: Vec::new(),
        })
    }

    /// Adds a command, which gets the next number; returns its size, or whether the tunnel is gone.
    ///
    /// # Errors
    /// True when the tunnel is gone, false when the queue is full.
    pub fn push(&mut self, key: &str, channel: &str, message: usize, is_front: bool) -> Result<usize, bool> {
        let request = RequestId::random();
        let command = Command {
            request,
            shard_token: ShardToken::random(request),
            key: key.into(),
            channel: Channel::parse(channel).unwrap_or_else(Channel::main),
            created_at: SystemTime::UNIX_EPOCH,
            deadline: Instant::now(),
            caller: CallerTag::new(&self.tunnel, key),
            headers: "{}".into(),
            payload: match message {
                0 => Payload::SessionTermination,
                length => Payload::JsonRpc(Held::from(Bytes::from_static(&MESSAGE[..length]))),
            },
        };
        let size = command.size();
        let place = if is_front { Place::Front } else { Place::Back };
        match now(self.queue.push(&self.tunnel, command, place)) {
            Some(Ok(())) => {
                self.requests.push(request);
                Ok(size)
            }
            Some(Err(refused)) => Err(refused == Refused::Gone),
            None => Err(false),
        }
    }

    /// Takes commands for one poll; gives their numbers. `None` when the tunnel is gone. The poll is not kept when there are none.
    pub fn take(&mut self, channels: &[&str], limit: usize, bytes: usize) -> Option<Vec<usize>> {
        let ask = Ask {
            channels: channels.iter().filter_map(|name| Channel::parse(name)).collect(),
            limit,
            bytes,
        };
        let Some(leases) = now(self.queue.take(&self.tunnel, &ask)) else {
            return Some(Vec::new());
        };
        let leases = leases.ok()?;
        let numbers = leases.iter().filter_map(|lease| {
            let mut all = self.requests.iter();
            all.position(|request| *request == lease.command.request)
        });
        let numbers = numbers.collect();
        self.taken.push(Some(leases));
        Some(numbers)
    }

    /// The answer of this poll was written, or was not.
    pub fn end(&mut self, poll: usize, is_delivered: bool) {
        let Some(leases) = self.taken.get_mut(poll).and_then(Option::take) else {
            return;
        };
        match is_delivered {
            true => self.queue.delivered(&self.tunnel, leases),
            false => self.queue.give_back(&self.tunnel, leases),
        }
    }

    /// Withdraws a command.
    pub fn withdraw(&mut self, number: usize) -> Option<Found> {
        let request = *self.requests.get(number)?;
        Some(match self.queue.withdraw(&self.tunnel, request) {
            Whereabouts::Waiting => Found::Waiting,
            Whereabouts::Leased => Found::Leased,
            Whereabouts::Elsewhere => Found::Elsewhere,
        })
    }

    /// Withdraws a command that no client has.
    pub fn withdraw_waiting(&mut self, number: usize) -> Option<bool> {
        let request = *self.requests.get(number)?;
        Some(self.queue.withdraw_waiting(&self.tunnel, request))
    }

    /// Removes the tunnel.
    pub fn remove(&mut self) {
        let _ = self.queue.tunnels.remove(&self.tunnel);
        self.queue.remove(&self.tunnel);
    }

    /// What the queue counts.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let Some(line) = self.queue.existing(&self.tunnel) else {
            return Totals::default();
        };
        let state = lock(&line.state);
        let keys = state.of_key.iter();
        let mut keys: Vec<_> = keys
            .map(|(key, load)| (key.to_string(), load.commands, load.bytes))
            .collect();
        keys.sort();
        assert_eq!(
            state.waiting.len(),
            state.ranks.len(),
            "each waiting command has one rank"
        );
        Totals {
            waiting: state.waiting.len(),
            leased: state.leased.len(),
            bytes: state.bytes,
            keys,
        }
    }
}

/// The output of a future that is ready.
fn now<F: Future>(future: F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).as_mut().poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
