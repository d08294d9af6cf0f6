//! The queue of a single relay.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Ask, Command, Gone, Lease, Place, Queue, Refused, Task, Whereabouts};
use crate::ids::{RequestId, TunnelId};
use crate::limits;
use crate::manage::Tunnels;
use crate::share::is_fair;

#[cfg(fuzzing)]
pub(crate) mod fuzzing;

/// One line for each tunnel, in memory.
#[derive(Debug)]
pub(crate) struct MemoryQueue {
    /// Which tunnels may have a line.
    tunnels: Arc<Tunnels>,
    lines: Mutex<HashMap<TunnelId, Arc<Line>>>,
}

#[derive(Debug, Default)]
struct Line {
    state: Mutex<State>,
    /// Something was added, or the tunnel removed.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// Commands in order. A command keeps its rank while it is leased, so that giving several polls' commands back
    /// restores the order whichever poll breaks first.
    waiting: BTreeMap<i64, Command>,
    /// The rank of each of them.
    ranks: HashMap<RequestId, i64>,
    /// Commands that are being written and still have somebody waiting.
    leased: HashSet<RequestId>,
    /// Bytes of both.
    bytes: usize,
    /// Holdings of each caller's key in this queue.
    of_key: HashMap<Arc<str>, Load>,
    /// The last rank given at the back: 1, 2, 3, ...
    last_back: i64,
    /// The last rank given at the front, below all at the back, in order as well.
    last_front: i64,
    removed: bool,
}

/// Commands that are queued or being written.
#[derive(Debug, Default, Clone, Copy)]
struct Load {
    commands: usize,
    bytes: usize,
}

impl Default for State {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            ranks: HashMap::new(),
            leased: HashSet::new(),
            bytes: 0,
            of_key: HashMap::new(),
            last_back: 0,
            last_front: i64::MIN,
            removed: false,
        }
    }
}

impl MemoryQueue {
    /// Without any command yet.
    pub(crate) fn new(tunnels: Arc<Tunnels>) -> Self {
        Self {
            tunnels,
            lines: Mutex::default(),
        }
    }

    /// The tunnel's line. A tunnel that was removed meanwhile gets no new one: nobody would ever end it. Its record goes
    /// before its line, so a line that is made here while there is a record is found when lines are removed.
    fn line(&self, tunnel: &TunnelId) -> Result<Arc<Line>, Gone> {
        let mut lines = lock(&self.lines);
        if let Some(line) = lines.get(tunnel) {
            return Ok(Arc::clone(line));
        }
        if !self.tunnels.exists(tunnel) {
            return Err(Gone);
        }
        Ok(Arc::clone(lines.entry(tunnel.clone()).or_default()))
    }

    fn existing(&self, tunnel: &TunnelId) -> Option<Arc<Line>> {
        lock(&self.lines).get(tunnel).cloned()
    }
}

impl Queue for MemoryQueue {
    fn push<'a>(&'a self, tunnel: &'a TunnelId, command: Command, place: Place) -> Task<'a, Result<(), Refused>> {
        Box::pin(async move {
            let line = self.line(tunnel).map_err(|Gone| Refused::Gone)?;
            lock(&line.state).push(command, place)?;
            line.changed.notify_waiters();
            Ok(())
        })
    }

    fn take<'a>(&'a self, tunnel: &'a TunnelId, ask: &'a Ask) -> Task<'a, Result<Vec<Lease>, Gone>> {
        Box::pin(async move {
            let line = self.line(tunnel)?;
            loop {
                let mut changed = std::pin::pin!(line.changed.notified());
                // Registered before looking, so that nothing added in between is missed.
                changed.as_mut().enable();
                let taken = lock(&line.state).take(ask)?;
                if !taken.is_empty() {
                    return Ok(taken);
                }
                changed.await;
            }
        })
    }

    fn delivered(&self, tunnel: &TunnelId, leases: Vec<Lease>) {
        let Some(line) = self.existing(tunnel) else { return };
        let mut state = lock(&line.state);
        for lease in leases {
            state.end_lease(&lease);
        }
    }

    fn give_back(&self, tunnel: &TunnelId, leases: Vec<Lease>) {
        let Some(line) = self.existing(tunnel) else { return };
        {
            let mut state = lock(&line.state);
            for lease in leases {
                // Withdrawn meanwhile, or answered by a client that read the command although its answer broke.
                if state.end_lease(&lease) {
                    state.insert(lease.rank, lease.command);
                }
            }
        }
        line.changed.notify_waiters();
    }

    fn withdraw(&self, tunnel: &TunnelId, request: RequestId) -> Whereabouts {
        self.existing(tunnel)
            .map_or(Whereabouts::Elsewhere, |line| lock(&line.state).withdraw(request))
    }

    fn withdraw_waiting(&self, tunnel: &TunnelId, request: RequestId) -> bool {
        self.existing(tunnel)
            .is_some_and(|line| lock(&line.state).withdraw_waiting(request))
    }

    fn remove(&self, tunnel: &TunnelId) {
        let Some(line) = lock(&self.lines).remove(tunnel) else {
            return;
        };
        {
            let mut state = lock(&line.state);
            state.removed = true;
            state.waiting.clear();
            state.ranks.clear();
        }
        line.changed.notify_waiters();
    }
}

impl State {
    fn push(&mut self, command: Command, place: Place) -> Result<(), Refused> {
        if self.removed {
            return Err(Refused::Gone);
        }
        let (reserve, reserve_bytes) = match place {
            Place::Back => (0, 0),
            Place::Front => (limits::QUEUE_RESERVE, limits::QUEUE_RESERVE_BYTES),
        };
        let held = self.waiting.len() + self.leased.len();
        let bytes = self.bytes + command.size();
        let own = self.of_key.get(&command.key).copied().unwrap_or_default();
        let commands = own.commands + 1;
        // A key may have as much of the unreserved part as remains; the reserve comes in addition.
        let fits = |limit: usize, reserve: usize, all: usize, own: usize| {
            let free = (limit + reserve).checked_sub(all);
            free.is_some_and(|free| is_fair(own, free + reserve))
        };
        // A lone command always fits: bodies have a limit of their own.
        if held > 0
            && !(fits(limits::QUEUE_COMMANDS, reserve, held + 1, commands)
                && fits(limits::QUEUE_BYTES, reserve_bytes, bytes, own.bytes + command.size()))
        {
            return Err(Refused::Full);
        }
        let rank = match place {
            Place::Back => {
                self.last_back += 1;
                self.last_back
            }
            Place::Front => {
                self.last_front += 1;
                self.last_front
            }
        };
        self.insert(rank, command);
        Ok(())
    }

    fn insert(&mut self, rank: i64, command: Command) {
        self.bytes += command.size();
        let own = self.of_key.entry(Arc::clone(&command.key)).or_default();
        own.commands += 1;
        own.bytes += command.size();
        self.ranks.insert(command.request, rank);
        self.waiting.insert(rank, command);
    }

    fn take(&mut self, ask: &Ask) -> Result<Vec<Lease>, Gone> {
        if self.removed {
            return Err(Gone);
        }
        let mut bytes = 0;
        let mut ranks = Vec::new();
        for (rank, command) in &self.waiting {
            if !ask.channels.is_empty() && !ask.channels.contains(&command.channel) {
                continue;
            }
            bytes += command.size();
            if ranks.len() >= ask.limit || (!ranks.is_empty() && bytes > ask.bytes) {
                break;
            }
            ranks.push(*rank);
        }
        let leases: Vec<Lease> = ranks
            .into_iter()
            .filter_map(|rank| self.waiting.remove(&rank).map(|command| Lease { command, rank }))
            .collect();
        for lease in &leases {
            self.ranks.remove(&lease.command.request);
            self.leased.insert(lease.command.request);
        }
        Ok(leases)
    }

    /// Returns whether somebody still waits for the command.
    fn end_lease(&mut self, lease: &Lease) -> bool {
        self.uncount(&lease.command);
        self.leased.remove(&lease.command.request)
    }

    fn withdraw(&mut self, request: RequestId) -> Whereabouts {
        if self.leased.remove(&request) {
            return Whereabouts::Leased;
        }
        match self.withdraw_waiting(request) {
            true => Whereabouts::Waiting,
            false => Whereabouts::Elsewhere,
        }
    }

    fn withdraw_waiting(&mut self, request: RequestId) -> bool {
        let Some(command) = self.ranks.remove(&request).and_then(|rank| self.waiting.remove(&rank)) else {
            return false;
        };
        self.uncount(&command);
        true
    }

    fn uncount(&mut self, command: &Command) {
        self.bytes = self.bytes.saturating_sub(command.size());
        let Some(own) = self.of_key.get_mut(&command.key) else {
            return;
        };
        own.commands = own.commands.saturating_sub(1);
        own.bytes = own.bytes.saturating_sub(command.size());
        if own.commands == 0 {
            self.of_key.remove(&command.key);
        }
    }
}

/// Nothing panics while it holds one of these locks, so a poisoned one is still consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;

#[cfg(test)]
mod exhaustive;
