//! From polled commands to running jobs: the bounded queue, the limits, the drain.

pub mod audit;
mod calls;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod job;
mod perform;
mod poll;
mod queue;
mod report;
mod room;
pub mod server;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use log::warn;
use tokio::sync::Notify;

use crate::delivery::{Post, Responder};
use crate::limits::{POLL_BATCH_MAX, POLL_COMMANDS_MAX, QUEUE_RESERVE};
use crate::monitor::Monitor;
use crate::shutdown::Signal;
use crate::wire::command::{Action, Parsed};
use audit::Records;
use calls::Calls;
use job::{Job, Work};
pub use poll::{Arrival, Room};
use queue::{Queue, share};
use room::ChannelRoom;
use server::Server;

/// Runs commands. Clones are the same dispatcher.
#[derive(Debug)]
pub struct Dispatcher<S, P>(Arc<Shared<S, P>>);

impl<S, P> Clone for Dispatcher<S, P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Shared<S, P> {
    channels: Vec<Channel<S>>,
    /// The channels that polls name, sorted; empty: the service chooses.
    polled: Vec<Box<str>>,
    /// The lane of what no channel can take.
    refusals: usize,
    state: Mutex<State>,
    /// A place in the queue became free.
    room: Notify,
    /// Nothing waits and nothing runs.
    idle: Notify,
    /// What runs is answered with an error now.
    abandon: Signal,
    responder: Responder<P>,
    monitor: Arc<Monitor>,
    /// Where commands that have ended are told of.
    records: Records,
    max_inflight: usize,
    connection_max_ttl: Duration,
    pass_error_text: bool,
}

#[derive(Debug)]
struct State {
    queue: Queue<Arc<Job>>,
    /// Calls that wait or run, for those that cancel them.
    calls: Calls,
}

/// One bound channel and its lanes.
#[derive(Debug)]
struct Channel<S> {
    name: Box<str>,
    server: S,
    calls: usize,
    /// Notifications and answers: short, and a call may wait for one, so they do not wait for calls.
    prompt: usize,
    room: ChannelRoom,
}

/// The bounds of a dispatcher.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// The channels that polls name, sorted; empty: the service chooses.
    pub poll_channels: Vec<Box<str>>,
    /// Commands that may wait.
    pub max_inflight: usize,
    /// Calls that may run at once.
    pub max_concurrent: usize,
    /// The most time one command may take on the MCP side.
    pub connection_max_ttl: Duration,
    /// Whether callers are told what servers say in errors.
    pub pass_error_text: bool,
}

impl<S: Server, P: Post> Dispatcher<S, P> {
    /// A dispatcher for these channels.
    pub fn new(
        bindings: Vec<(Box<str>, S)>,
        bounds: Bounds,
        responder: Responder<P>,
        monitor: Arc<Monitor>,
        records: Records,
    ) -> Self {
        let mut queue = Queue::new(bounds.max_concurrent);
        let calls = share(bounds.max_concurrent, bindings.len());
        let channels = bindings
            .into_iter()
            .map(|(name, server)| Channel {
                name,
                server,
                calls: queue.add_lane(calls, true),
                prompt: queue.add_lane(bounds.max_concurrent, false),
                room: ChannelRoom::default(),
            })
            .collect();
        Self(Arc::new(Shared {
            channels,
            polled: bounds.poll_channels,
            refusals: queue.add_lane(bounds.max_concurrent, false),
            state: Mutex::new(State {
                queue,
                calls: Calls::default(),
            }),
            room: Notify::new(),
            idle: Notify::new(),
            abandon: Signal::default(),
            responder,
            monitor,
            records,
            max_inflight: bounds.max_inflight,
            connection_max_ttl: bounds.connection_max_ttl,
            pass_error_text: bounds.pass_error_text,
        }))
    }

    /// What the next poll may bring; waits until that is something.
    pub async fn room(&self) -> Room {
        loop {
            if let Some(room) = self.0.free() {
                return room;
            }
            tokio::select! {
                () = self.0.room.notified() => {}
                () = self.0.responder.asked() => {}
                () = room::returned() => {}
            }
        }
    }

    /// Queues what a poll brought.
    pub fn submit(&self, parsed: Parsed, arrival: &Arrival) {
        let shared = &self.0;
        let Some(job) = Job::new(parsed, arrival) else {
            warn!(reason = "no request_id or shard_token"; "a command cannot be answered; dropped");
            shared.monitor.metrics.dropped("invalid_command");
            shared.records.unanswerable();
            return;
        };
        let job = shared.within_memory(shared.refuse_surplus(job));
        let lane = match (&job.work, shared.channel(&job.route.channel)) {
            (Work::Refused { .. }, _) | (_, None) => shared.refusals,
            (Work::Do(Action::Notification { .. } | Action::Answer { .. }), Some(channel)) => channel.prompt,
            (Work::Do(_), Some(channel)) => channel.calls,
        };
        shared.monitor.metrics.commands_enqueued.inc();
        shared.monitor.health.enqueued();
        let job = Arc::new(job);
        {
            let mut state = shared.lock();
            state.calls.begin(&job);
            state.queue.push(lane, job);
        }
        self.start_what_may_run();
    }

    /// Returns once nothing waits and nothing runs.
    pub async fn drained(&self) {
        loop {
            {
                let state = self.0.lock();
                if state.queue.waiting() == 0 && state.queue.running() == 0 {
                    return;
                }
            }
            self.0.idle.notified().await;
        }
    }

    /// Gives up: everything that runs or waits is answered with an error.
    pub fn abandon(&self) {
        self.0.abandon.set();
    }

    /// Has what still waits or runs counted as commands without a record. For the end of the process, after which nothing is recorded.
    pub fn lose_the_rest(&self) {
        let Some(audit) = &self.0.records.audit else { return };
        let state = self.0.lock();
        audit.lose(state.queue.waiting() + state.queue.running());
    }

    fn start_what_may_run(&self) {
        loop {
            let started = {
                let mut state = self.0.lock();
                state.queue.start()
            };
            let Some((lane, job)) = started else { break };
            let shared = Arc::clone(&self.0);
            tokio::spawn(async move { shared.work(lane, job).await });
        }
        self.0.show();
    }
}

impl<S: Server, P: Post> Shared<S, P> {
    /// Runs a job, and then whatever else may run, until nothing may.
    async fn work(self: Arc<Self>, mut lane: usize, mut job: Arc<Job>) {
        loop {
            self.room.notify_one();
            self.run(&job).await;
            let next = {
                let mut state = self.lock();
                state.calls.end(&job);
                state.queue.done(lane);
                state.queue.start()
            };
            self.show();
            match next {
                Some(next) => (lane, job) = next,
                None => break,
            }
        }
        drop(job);
        self.idle.notify_one();
    }

    /// What may be polled for: a channel whose share of the queue is used up is left out, so that it cannot keep out the
    /// others. While a call waits for its caller's answer, polls go on in any case. Channels that the configuration does not
    /// poll for are not bound here.
    fn free(&self) -> Option<Room> {
        let state = self.lock();
        let places = self
            .max_inflight
            .saturating_sub(state.queue.waiting())
            .min(POLL_BATCH_MAX)
            .min(room::large_commands());
        let everything = |places| {
            Some(Room {
                places,
                channels: self.polled.clone(),
                partial: false,
            })
        };
        if places == 0 {
            return if self.responder.is_asking() {
                everything(1)
            } else {
                None
            };
        }
        let share = share(self.max_inflight, self.channels.len());
        let has_room = |channel: &&Channel<S>| state.queue.waiting_in(channel.calls) < share;
        if self.channels.iter().all(|channel| has_room(&channel)) {
            return everything(places);
        }
        let mut channels: Vec<Box<str>> = self.channels.iter().filter(has_room).map(|c| c.name.clone()).collect();
        // What is polled and not bound is answered at once, and never full.
        channels.extend(self.polled.iter().filter(|name| self.channel(name).is_none()).cloned());
        if channels.is_empty() || self.responder.is_asking() {
            return everything(1);
        }
        channels.sort_unstable();
        Some(Room {
            places,
            channels,
            partial: true,
        })
    }

    /// Calls that were not asked for are taken as far as that is safe, and then refused.
    fn refuse_surplus(&self, job: Job) -> Job {
        let Work::Do(Action::Call { id, .. }) = &job.work else {
            return job;
        };
        let spare = if self.responder.is_asking() {
            QUEUE_RESERVE
        } else {
            POLL_COMMANDS_MAX
        };
        if self.lock().queue.waiting() < self.max_inflight + spare {
            return job;
        }
        let work = Work::Refused {
            status: 503,
            termination: false,
            id: Some(id.clone()),
            reason: "the queue of the tunnel client is full",
        };
        job.instead(work)
    }

    /// Takes large commands as far as there is memory for them. Polls reserve room for the commands that they ask for, so this
    /// refuses only commands far larger than usual, and those of channels whose servers do not read large commands.
    fn within_memory(&self, job: Job) -> Job {
        let size = job.size();
        if !room::is_large(size) {
            return job;
        }
        // A command that no channel can take is answered at once.
        let Some(channel) = self.channel(&job.route.channel) else {
            return job;
        };
        if let Some(room) = channel.room.take(size, self.channels.len()) {
            return job.within(room);
        }
        let work = Work::Refused {
            status: 503,
            termination: matches!(job.work, Work::Do(Action::SessionTermination)),
            id: job.call_id().map(Box::from),
            reason: "too many large messages wait in the tunnel client",
        };
        job.instead(work)
    }

    fn channel(&self, name: &str) -> Option<&Channel<S>> {
        self.channels.iter().find(|c| &*c.name == name)
    }

    fn show(&self) {
        let (waiting, running) = {
            let state = self.lock();
            (state.queue.waiting(), state.queue.running())
        };
        self.monitor
            .metrics
            .queue_length
            .set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.monitor
            .metrics
            .workers_busy
            .set(i64::try_from(running).unwrap_or(i64::MAX));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
