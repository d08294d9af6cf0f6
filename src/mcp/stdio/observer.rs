//! Evidence of one child, from the requests and answers of callers that pass by (contract: ops, section 10). Nothing is asked for,
//! and of an answer only names and versions are kept.

mod answers;
mod catalog;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::StdioServer;
use super::handshake::is_date;
use crate::identity::random_id;
use crate::limits::{OBSERVED_CURSOR_MAX, OBSERVED_PARAMS_MAX, OBSERVED_RESULT_MAX};
use crate::mcp::{Call, Cancellation};
use crate::monitor::{Child, Discovered, Identity, Moment, Monitor, Observed, Proof};
use crate::wire::command::MAIN_CHANNEL;
use crate::wire::jsonrpc::{Kind, Message};
use answers::{Answer, Tools};
use catalog::Pages;

/// What was seen of the children of one server.
#[derive(Debug, Default)]
pub(super) struct Observer {
    observed: Observed,
    pages: Pages,
    /// Children so far.
    children: u64,
    /// How often children have said that their tools are others.
    revision: u64,
    hasher: RandomState,
}

/// A request whose answer is of interest.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    Initialize,
    Discover,
    /// Of a page: its cursor, if it has one, and the version of MCP that the request carries.
    Tools {
        cursor: Option<Box<str>>,
        version: Option<Box<str>>,
    },
    /// One that is too large, or malformed, to be understood; why.
    Unread(&'static str),
}

/// A request that was written, until its answer comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    what: Awaited,
    /// Epoch in which it was written: an answer to an earlier one proves nothing.
    epoch: Epoch,
}

/// Number of the child, of its `initialize` and of its `server/discover`.
type Epoch = (u64, u64, u64);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Awaited {
    Initialize,
    Discover,
    Tools {
        /// Hash of the cursor: the cursor itself is not kept.
        cursor: Option<u64>,
        version: Option<Box<str>>,
        /// Revision of the tools when it was written.
        revision: u64,
    },
}

impl Request {
    /// The request that a message is; `None` for others.
    pub(super) fn of(message: &Message<'_>) -> Option<Self> {
        let Kind::Call { method, .. } = &message.kind else {
            return None;
        };
        let params = message.params().map_or("{}", RawValue::get);
        match &**method {
            // Of its parameters nothing is of interest.
            "initialize" => Some(Self::Initialize),
            "server/discover" | "tools/list" if params.len() > OBSERVED_PARAMS_MAX => {
                Some(Self::Unread("observation_params_limit"))
            }
            // Older versions have no such request.
            "server/discover" => version(params).is_some().then_some(Self::Discover),
            "tools/list" => Some(tools(params)),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    cursor: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<&'a RawValue>,
}

/// The version of MCP that a self-contained request carries.
fn version(params: &str) -> Option<Box<str>> {
    #[derive(Deserialize)]
    struct Meta {
        #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
        version: Option<Box<str>>,
    }
    let params = object::<Params<'_>>(params)?;
    let meta = object::<Meta>(params.meta?.get())?;
    meta.version.filter(|version| is_date(version))
}

fn tools(params: &str) -> Request {
    let Some(Params { cursor, .. }) = object(params) else {
        return Request::Unread("invalid_tools_cursor");
    };
    let cursor = match cursor.map(|raw| serde_json::from_str::<Option<Box<str>>>(raw.get())) {
        None => None,
        Some(Ok(cursor)) if cursor.as_ref().is_none_or(|text| text.len() <= OBSERVED_CURSOR_MAX) => cursor,
        Some(_) => return Request::Unread("invalid_tools_cursor"),
    };
    Request::Tools {
        cursor,
        version: version(params),
    }
}

/// Serde reads structs from arrays too.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let is_object = text.trim_ascii_start().starts_with('{');
    is_object.then(|| serde_json::from_str(text).ok()).flatten()
}

impl Observer {
    /// A new child: what the one before has proved is void.
    pub(super) fn started(&mut self, generation: Option<String>) {
        let (initialize_epoch, discover_epoch) = (self.observed.initialize_epoch, self.observed.discover_epoch);
        self.children += 1;
        self.pages = Pages::default();
        self.observed = Observed {
            generation: generation.map(Into::into),
            initialize_epoch,
            discover_epoch,
            ..Observed::default()
        };
    }

    /// A request was written.
    pub(super) fn written(&mut self, request: Request) -> Option<Ticket> {
        let what = match request {
            Request::Initialize => {
                self.observed.initialize_epoch += 1;
                self.observed.initialize = None;
                self.observed.discover = None;
                self.void();
                Awaited::Initialize
            }
            Request::Discover => {
                self.observed.discover_epoch += 1;
                self.observed.discover = None;
                self.void();
                Awaited::Discover
            }
            Request::Tools { cursor, version } => Awaited::Tools {
                cursor: cursor.map(|cursor| self.hasher.hash_one(&*cursor)),
                version,
                revision: self.revision,
            },
            Request::Unread(reason) => {
                self.observed.reason = Some(reason);
                self.interrupted();
                return None;
            }
        };
        Some(Ticket {
            what,
            epoch: self.epoch(),
        })
    }

    /// A request was answered. `text`: the whole message.
    pub(super) fn answered(&mut self, ticket: &Ticket, text: &str, is_error: bool) {
        if ticket.epoch != self.epoch() {
            return;
        }
        let at = Some(Moment::now());
        self.observed.observed_at = at;
        let answer = match text.len() > OBSERVED_RESULT_MAX {
            true => Err("observation_result_limit"),
            false if is_error => Err("mcp_discovery_error"),
            false => Answer::of(&ticket.what, text).ok_or(match ticket.what {
                Awaited::Initialize => "invalid_initialize_result",
                Awaited::Discover => "invalid_server_discover_result",
                Awaited::Tools { .. } => "invalid_tools_result",
            }),
        };
        match (answer, &ticket.what) {
            (Ok(Answer::Initialized(identity)), _) => {
                self.proved(Proof::Initialized);
                self.observed.initialize = Some(Identity {
                    observed_at: at,
                    ..identity
                });
            }
            (Ok(Answer::Discovered(discovered)), _) => {
                self.proved(Proof::ServerDiscovered);
                self.observed.discover = Some(Discovered {
                    observed_at: at,
                    ..discovered
                });
            }
            // They have changed while they were listed: which ones these are is not known.
            (Ok(Answer::Tools(_)), Awaited::Tools { revision, .. }) if *revision != self.revision => {
                self.void();
                self.observed.reason = Some("tools_list_changed");
            }
            (Ok(Answer::Tools(page)), Awaited::Tools { cursor, version, .. }) => {
                self.page(*cursor, version.as_deref(), page);
                self.observed.tools.observed_at = at;
            }
            (Ok(Answer::Tools(_)), _) => {}
            // A server that knows no `initialize`, no `server/discover` or no tools says so by an error: it answers. Of a result that
            // is too large nothing is known.
            (Err(reason @ ("mcp_discovery_error" | "observation_result_limit")), _) => {
                self.observed.reason = Some(reason);
                self.interrupted();
            }
            (Err(reason), what) => {
                self.observed.reason = Some(reason);
                self.observed.proof = Proof::Failed;
                if matches!(what, Awaited::Tools { .. }) {
                    self.interrupted();
                }
            }
        }
    }

    /// The time of a request was up, and the child is still there. That says how long its caller waits, and little of the child: only the
    /// tools are not known.
    pub(super) fn timed_out(&mut self, ticket: &Ticket) {
        if ticket.epoch != self.epoch() {
            return;
        }
        self.observed.observed_at = Some(Moment::now());
        self.observed.reason = Some("discovery_response_deadline");
        if matches!(ticket.what, Awaited::Tools { .. }) {
            self.interrupted();
        }
    }

    /// The child says that its tools are others now.
    pub(super) fn tools_changed(&mut self) {
        self.revision += 1;
        if self.observed.tools == crate::monitor::Catalog::default() {
            return;
        }
        self.void();
        self.observed.reason = Some("tools_list_changed");
    }

    pub(super) fn observed(&self) -> Observed {
        self.observed.clone()
    }

    fn page(&mut self, cursor: Option<u64>, version: Option<&str>, page: Tools) {
        let next = page.next_cursor.as_deref().map(|next| self.hasher.hash_one(next));
        let reason = self.pages.took(&mut self.observed.tools, cursor, version, page, next);
        self.observed.reason = reason;
        // It answers: whatever failed before is over.
        self.observed.proof = match self.observed.tools.complete {
            true => Proof::Discovered,
            false => self.basis(),
        };
    }

    /// How far the evidence goes without tools.
    fn basis(&self) -> Proof {
        match (&self.observed.discover, &self.observed.initialize) {
            (Some(_), _) => Proof::ServerDiscovered,
            (None, Some(_)) => Proof::Initialized,
            (None, None) => Proof::None,
        }
    }

    fn proved(&mut self, proof: Proof) {
        self.observed.proof = proof;
        self.observed.reason = None;
    }

    /// Forgets the tools, and goes by what else is known.
    fn void(&mut self) {
        self.observed.tools = crate::monitor::Catalog::default();
        self.pages = Pages::default();
        self.observed.proof = self.basis();
        self.observed.reason = None;
    }

    /// What is known of the tools is not all.
    fn interrupted(&mut self) {
        self.pages = Pages::default();
        let tools = &mut self.observed.tools;
        (tools.ok, tools.complete) = (false, false);
        tools.partial = tools.retained_count > 0;
        if self.observed.proof == Proof::Discovered {
            self.observed.proof = self.basis();
        }
    }

    fn epoch(&self) -> Epoch {
        let observed = &self.observed;
        (self.children, observed.initialize_epoch, observed.discover_epoch)
    }
}

impl StdioServer {
    /// Has its children, and on channel `main` their answers, observed for `/health`.
    pub(super) fn observe_for(&self, monitor: &Arc<Monitor>) {
        // The first stays.
        let _ = self.0.monitor.set(Arc::clone(monitor));
    }

    /// A new child was started.
    pub(super) fn child_started(&self) {
        self.observe(|observer| observer.started(random_id()));
        self.child_is(Child::Starting, None);
    }

    /// The child is in another state.
    pub(super) fn child_is(&self, child: Child, closed: Option<&'static str>) {
        if let Some(monitor) = self.0.monitor.get() {
            monitor.health.child(&self.0.channel, child, closed);
        }
    }

    /// The child wrote something.
    pub(super) fn heard(&self) {
        self.lock().router.heard();
        if self.0.is_silent.load(Ordering::Relaxed) {
            self.shown_silent(false);
        }
    }

    /// The child leaves calls unanswered, or writes again.
    pub(super) fn shown_silent(&self, is_silent: bool) {
        self.0.is_silent.store(is_silent, Ordering::Relaxed);
        if let Some(monitor) = self.0.monitor.get() {
            monitor.health.child_is_silent(&self.0.channel, is_silent);
        }
    }

    /// Records a request of interest that is written now.
    pub(super) fn observe_request(&self, message: &Message<'_>) -> Option<Ticket> {
        self.shown_by()?;
        let request = Request::of(message)?;
        self.observe(|observer| observer.written(request)).flatten()
    }

    /// Who shows what is observed: of channel `main` alone.
    fn shown_by(&self) -> Option<&Arc<Monitor>> {
        self.0.monitor.get().filter(|_| &*self.0.channel == MAIN_CHANNEL)
    }

    /// Records the answer to a request of interest.
    pub(super) fn observe_answer(&self, ticket: Option<&Ticket>, payload: &[u8], is_error: bool) {
        if let (Some(ticket), Ok(text)) = (ticket, std::str::from_utf8(payload)) {
            self.observe(|observer| observer.answered(ticket, text, is_error));
        }
    }

    /// Records something, and reports what follows from it.
    pub(super) fn observe<T>(&self, record: impl FnOnce(&mut Observer) -> T) -> Option<T> {
        let monitor = self.shown_by()?;
        let (result, observed) = {
            let mut observer = self.observer();
            (record(&mut observer), observer.observed())
        };
        monitor.health.observed(&self.0.channel, observed);
        Some(result)
    }
}

/// A request whose answer is waited for. Dropped without one, it was given up: of one whose time was not up nothing is learnt.
pub(super) struct Watched<'a> {
    server: &'a StdioServer,
    ticket: Option<Ticket>,
    cancelled: &'a Cancellation,
    time_up: Instant,
}

impl<'a> Watched<'a> {
    pub(super) fn new(server: &'a StdioServer, ticket: Option<Ticket>, call: &Call<'a>) -> Self {
        Self {
            server,
            ticket,
            cancelled: call.cancelled,
            time_up: call.time_up,
        }
    }

    /// The answer came.
    pub(super) fn answered(&mut self, payload: &[u8], is_error: bool) {
        let ticket = self.ticket.take();
        self.server.observe_answer(ticket.as_ref(), payload, is_error);
    }

    /// The child is gone, which shows elsewhere.
    pub(super) fn forget(&mut self) {
        self.ticket = None;
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        let is_timed_out = Instant::now() >= self.time_up && !self.cancelled.is_cancelled();
        if let Some(ticket) = self.ticket.take().filter(|_| is_timed_out) {
            self.server.observe(|observer| observer.timed_out(&ticket));
        }
    }
}

#[cfg(test)]
mod tests;
