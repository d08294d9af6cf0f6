//! What the parts have recorded, and what follows from it: readiness (contract: ops, section 2) and the components of `/health`
//! (contract: ops, section 9).

mod components;
mod readiness;
mod totals;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use super::facts::{
    Audit, Certificate, Changes, Child, ControlPlane, Credentials, Delivery, Dispatcher, Disposition, Failed, Finished,
    Known, Layer, Line, Log, Observed, Phase, Poll, Queue, Sandbox, Servers, Transport, Waits,
};
pub use super::facts::{Evidence, Server};
use components::Names;
pub use components::Runtime;
pub use readiness::Readiness;
pub use totals::{ServerFacts, Totals};

/// What is known, and from it whether the process is ready.
#[derive(Debug)]
pub struct Health {
    names: Names,
    instance_id: Box<str>,
    started_at: SystemTime,
    started: Instant,
    state: Mutex<State>,
    /// Some server came into doubt.
    doubt: Notify,
    /// Something may have changed that readiness depends on.
    change: Notify,
    /// The status of a component has changed.
    transition: Notify,
}

#[derive(Debug)]
struct State {
    control: ControlPlane,
    delivery: Delivery,
    queue: Queue,
    dispatcher: Dispatcher,
    servers: Servers,
    sandbox: Sandbox,
    credentials: Credentials,
    log: Option<fn() -> Log>,
    audit: Audit,
    draining: bool,
    stopped: bool,
    changes: Changes,
}

/// What is known of a process before it begins.
#[derive(Debug, Default)]
pub struct Setup<'a> {
    /// The name of this process towards the control plane.
    pub instance_id: &'a str,
    /// MCP servers that are polled.
    pub servers: Vec<Served<'a>>,
    /// Commands that may wait.
    pub queue_capacity: usize,
    /// Commands that may run at once.
    pub pool_limit: usize,
    /// Says how the log is.
    pub log: Option<fn() -> Log>,
}

/// The MCP server of a channel.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// The channel.
    pub channel: &'a str,
    /// How it is spoken to.
    pub transport: Transport,
    /// It counts for readiness.
    pub counts: bool,
}

impl Health {
    /// `servers`: the channels whose MCP servers count, behind URLs, all [`Server::Pending`].
    pub fn new<'a>(servers: impl Iterator<Item = &'a str>) -> Self {
        let served = |channel| Served {
            channel,
            transport: Transport::Http,
            counts: true,
        };
        Self::of(&Setup {
            servers: servers.map(served).collect(),
            ..Setup::default()
        })
    }

    /// Of a process that begins now.
    pub fn of(setup: &Setup<'_>) -> Self {
        let names = Names::of(setup.servers.iter().map(|served| served.channel));
        let mut servers = Servers::default();
        for served in &setup.servers {
            servers.add(served.channel, served.transport, served.counts);
        }
        let mut state = State {
            control: ControlPlane::new(),
            delivery: Delivery::default(),
            queue: Queue::default(),
            dispatcher: Dispatcher::default(),
            servers,
            sandbox: Sandbox::default(),
            credentials: Credentials::default(),
            log: setup.log,
            audit: Audit::default(),
            draining: false,
            stopped: false,
            changes: Changes::of(names.len()),
        };
        state.queue.capacity = setup.queue_capacity;
        state.dispatcher.pool_limit = setup.pool_limit;
        Self {
            names,
            instance_id: setup.instance_id.into(),
            started_at: SystemTime::now(),
            started: Instant::now(),
            state: Mutex::new(state),
            doubt: Notify::new(),
            change: Notify::new(),
            transition: Notify::new(),
        }
    }

    // ---- polls ----

    /// The service gave the tunnel's metadata: enough to begin with, but polls know better.
    pub fn metadata_succeeded(&self) {
        self.change(Names::CONTROL_PLANE, |state| {
            if matches!(state.control.poll, Poll::Pending) {
                state.control.succeeded(false);
            }
        });
    }

    /// A poll begins.
    pub fn poll_attempted(&self, waits: Waits) {
        self.record(Names::CONTROL_PLANE, |state| state.control.attempted(waits));
        self.record(Names::DISPATCHER, |_| {});
    }

    /// A poll was answered.
    pub fn poll_succeeded(&self) {
        self.change(Names::CONTROL_PLANE, |state| state.control.succeeded(true));
    }

    /// A poll was held open on a good connection for so long that it counts as a success.
    pub fn poll_held_open(&self) {
        self.change(Names::CONTROL_PLANE, |state| state.control.succeeded(false));
    }

    /// A poll failed; `reason` is shown.
    pub fn poll_failed(&self, reason: String, failed: Failed) {
        self.change(Names::CONTROL_PLANE, |state| {
            state.control.failed(Poll::Failing(reason), failed);
        });
    }

    /// The service refused the key, or does not know the tunnel: 401, 403 or 404.
    pub fn poll_unauthorized(&self, status: u16) {
        self.change(Names::CONTROL_PLANE, |state| {
            let failed = Failed::with_status(status);
            state.control.failed(Poll::Unauthorized(status), failed);
        });
    }

    /// The next poll follows after this pause.
    pub fn poll_pauses(&self, pause: Duration) {
        self.record(Names::CONTROL_PLANE, |state| state.control.pauses(pause));
    }

    /// The poll loop waits until the queue has room, or waits no more.
    pub fn poll_waits_for_room(&self, is_full: bool) {
        self.record(Names::CONTROL_PLANE, |state| {
            state.queue.is_full(is_full);
            if is_full {
                state.control.waits_for_room();
            }
        });
    }

    /// No more polls follow.
    pub fn polls_stopped(&self) {
        self.record(Names::CONTROL_PLANE, |state| state.control.stopped());
    }

    // ---- commands ----

    /// A command was queued.
    pub fn enqueued(&self) {
        self.record(Names::QUEUE, |state| state.queue.enqueued());
    }

    /// A command left the queue and begins; gives its number.
    pub fn work_begun(&self) -> u64 {
        self.record(Names::DISPATCHER, |state| {
            state.queue.dequeued();
            state.dispatcher.begun()
        })
    }

    /// The command of this number ended.
    pub fn work_ended(&self, number: u64, work: Finished) {
        self.record(Names::DISPATCHER, |state| state.dispatcher.ended(number, work));
    }

    // ---- deliveries ----

    /// The delivery of a response begins.
    pub fn delivery_begun(&self) {
        self.record(Names::DELIVERY, |state| state.delivery.begun());
    }

    /// An attempt of it begins.
    pub fn delivery_attempted(&self, is_first: bool) {
        self.record(Names::DELIVERY, |state| state.delivery.attempted(is_first));
    }

    /// An attempt of it failed.
    pub fn delivery_attempt_failed(&self, failed: Failed) {
        self.record(Names::DELIVERY, |state| state.delivery.attempt_failed(failed));
    }

    /// It ended.
    pub fn delivery_ended(&self, disposition: Disposition) {
        self.change(Names::DELIVERY, |state| state.delivery.ended(disposition));
    }

    // ---- MCP servers ----

    /// Something was learnt of an MCP server; servers that do not count are ignored. True when it is news.
    pub fn server(&self, channel: &str, learnt: Server) -> bool {
        self.change(self.names.of_channel(channel), |state| {
            let known = state.servers.get_mut(channel).filter(|known| known.counts);
            known.is_some_and(|known| known.probed(learnt))
        })
    }

    /// What is known of an MCP server.
    pub fn server_state(&self, channel: &str) -> Option<Server> {
        self.lock().servers.get(channel).map(|known| known.server.clone())
    }

    /// A call was answered by the MCP server of a channel.
    pub fn server_answered(&self, channel: &str) {
        self.change(self.names.of_channel(channel), |state| {
            if let Some(known) = state.servers.get_mut(channel) {
                known.answered();
            }
        });
    }

    /// A call failed as calls of a dead server do. That decides nothing: a probe follows, where the server counts.
    pub fn server_doubted(&self, channel: &str) {
        self.doubt(channel, Known::failed);
    }

    /// A call was not answered for as long as its caller waits. Where the server counts, the same follows; elsewhere nothing does, as
    /// callers choose how long they wait.
    pub fn server_late(&self, channel: &str) {
        self.doubt(channel, Known::late);
    }

    fn doubt(&self, channel: &str, shown: impl FnOnce(&mut Known)) {
        let counts = self.record(self.names.of_channel(channel), |state| {
            let known = state.servers.get_mut(channel)?;
            shown(known);
            known.counts.then_some(())
        });
        if counts.is_some() {
            self.doubt.notify_one();
        }
    }

    /// Returns when a server came into doubt since this last returned. For one waiter.
    pub async fn doubted(&self) {
        self.doubt.notified().await;
    }

    /// Forgets what calls have shown of a server.
    pub fn await_evidence(&self, channel: &str) {
        if let Some(known) = self.lock().servers.get_mut(channel) {
            known.evidence = Evidence::None;
        }
    }

    /// What calls have shown of a server since [`Health::await_evidence`].
    pub fn evidence(&self, channel: &str) -> Evidence {
        self.lock()
            .servers
            .get(channel)
            .map_or(Evidence::None, |known| known.evidence)
    }

    /// The child of a stdio server is in another state. `closed` is why it ended.
    pub fn child(&self, channel: &str, child: Child, closed: Option<&'static str>) {
        self.record(self.names.of_channel(channel), |state| {
            if let Some(known) = state.servers.get_mut(channel) {
                known.child(child, closed);
            }
        });
    }

    /// The child leaves calls unanswered and writes nothing, or writes again.
    pub fn child_is_silent(&self, channel: &str, is_silent: bool) {
        self.change(self.names.of_channel(channel), |state| {
            if let Some(known) = state.servers.get_mut(channel) {
                known.silent(is_silent);
            }
        });
    }

    /// The answers of a child have shown this.
    pub fn observed(&self, channel: &str, observed: Observed) {
        self.record(self.names.of_channel(channel), |state| {
            if let Some(known) = state.servers.get_mut(channel) {
                known.observed(observed);
            }
        });
    }

    // ---- the process ----

    /// Layers of the sandbox.
    pub fn sandboxed(&self, layers: impl Iterator<Item = Layer>) {
        self.record(Names::SANDBOX, |state| state.sandbox.layers(layers));
    }

    /// Number of the active generation of keys and certificates.
    pub fn generation(&self, number: u64) {
        self.record(Names::CREDENTIALS, |state| state.credentials.active(number));
    }

    /// Certificates of the active generation.
    pub fn certificates(&self, certificates: Vec<Certificate>) {
        self.record(Names::CREDENTIALS, |state| state.credentials.certificates(certificates));
    }

    /// Certificates of the active generation, as they were recorded.
    pub fn known_certificates(&self) -> Vec<Certificate> {
        self.lock().credentials.certificates.clone()
    }

    /// Keys and certificates were read again, and are active or were rejected.
    pub fn reloaded(&self, accepted: bool) {
        self.change(Names::CREDENTIALS, |state| state.credentials.reloaded(accepted));
    }

    /// Whether the last reload was rejected.
    pub fn is_reload_rejected(&self) -> bool {
        self.lock().credentials.is_rejected
    }

    /// There is an audit log. `blocks`: commands are refused while it takes no records.
    pub fn audit_begun(&self, blocks: bool) {
        self.record(Names::AUDIT, |state| state.audit.begun(blocks));
    }

    /// So many records were written.
    pub fn audit_written(&self, records: u64) {
        self.record(Names::AUDIT, |state| state.audit.written(records));
    }

    /// Its file takes no records.
    pub fn audit_failed(&self) {
        self.change(Names::AUDIT, |state| state.audit.failed());
    }

    /// It does again.
    pub fn audit_recovered(&self) {
        self.change(Names::AUDIT, |state| state.audit.recovered());
    }

    /// A command was refused because too many records wait.
    pub fn audit_full(&self) {
        self.record(Names::AUDIT, |state| state.audit.full());
    }

    /// So many records were dropped.
    pub fn audit_dropped(&self, records: u64) {
        self.record(Names::AUDIT, |state| state.audit.dropped(records));
    }

    /// No new work is taken.
    pub fn draining(&self) {
        self.change(Names::DISPATCHER, |state| state.draining = true);
    }

    /// All work is done.
    pub fn drained(&self) {
        self.record(Names::DISPATCHER, |state| state.stopped = true);
    }

    /// Returns when something may have changed since this last returned. For one waiter.
    pub async fn changed(&self) {
        self.change.notified().await;
    }

    /// Returns when the status of a component has changed since this last returned. For one waiter.
    pub async fn component_changed(&self) {
        self.transition.notified().await;
    }

    /// The changes that are to be logged now, with the names of their components, and when the next ones are.
    pub fn changes(&self, now: Instant) -> (Vec<(&str, Line)>, Option<Instant>) {
        let (lines, next) = self.lock().changes.due(now);
        let named = lines.into_iter().map(|line| (self.names.name(line.component), line));
        (named.collect(), next)
    }

    /// Records a fact that readiness depends on.
    fn change<T>(&self, component: usize, fact: impl FnOnce(&mut State) -> T) -> T {
        let result = self.record(component, fact);
        self.change.notify_one();
        result
    }

    /// Records a fact of a component.
    fn record<T>(&self, component: usize, fact: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = fact(&mut state);
        let brief = state.brief(&self.names, component);
        let is_change = state.changes.note(component, brief);
        drop(state);
        if is_change {
            self.transition.notify_one();
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn log(&self) -> Log {
        self.log.map(|log| log()).unwrap_or_default()
    }

    fn phase(&self) -> Phase {
        match self {
            Self { stopped: true, .. } => Phase::Stopped,
            Self { draining: true, .. } => Phase::Draining,
            Self { control, .. } if control.is_starting() => Phase::Starting,
            _ => Phase::Running,
        }
    }
}
