//! Components `mcp` and `mcp-NAME`: the MCP servers of channel `main` and of the other channels.

use std::collections::BTreeMap;

use serde::Serialize;

use super::observed::{Catalog, Discovered, Identity, Observed, Proof};
use crate::limits::HEALTH_CALLS_FAILED;
use crate::monitor::component::{Brief, Moment, Status};

/// What is known of one MCP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// Nothing yet.
    Pending,
    /// It answers, or its process lives.
    Good,
    /// It answers and wants the caller's credentials.
    AuthRequired(String),
    /// It answers too slowly for a probe; calls may still work.
    Slow(String),
    /// It cannot be reached, or answers something else than MCP.
    Failing(String),
}

/// What calls have shown of an MCP server since `Health::await_evidence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing.
    None,
    /// It answered the last one.
    Answer,
    /// The last one failed in a way in which calls of a dead server fail.
    Doubt,
}

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Streamable HTTP.
    Http,
    /// A child process.
    Stdio,
}

impl Transport {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http-streamable",
            Self::Stdio => "stdio",
        }
    }
}

/// What the child of a stdio server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Child {
    /// It was not started yet.
    #[default]
    NotStarted,
    /// It was started and is not ready to be called.
    Starting,
    /// It runs.
    Running,
    /// It has ended.
    Closed,
}

impl Child {
    const fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Closed => "closed",
        }
    }
}

/// All servers, by channel.
#[derive(Debug, Default)]
pub(in super::super) struct Servers(BTreeMap<Box<str>, Known>);

/// What is known of one server.
#[derive(Debug)]
pub(in super::super) struct Known {
    /// It counts for readiness.
    pub(in super::super) counts: bool,
    transport: Transport,
    pub(in super::super) server: Server,
    pub(in super::super) evidence: Evidence,
    /// Some call was answered.
    has_answered: bool,
    /// Calls in a row that failed, until one is answered.
    failed_calls: u32,
    child: Child,
    /// The child leaves calls unanswered and writes nothing.
    is_silent: bool,
    /// Why the last child ended.
    closed: Option<&'static str>,
    restarts: u64,
    /// Evidence of the child, of channel `main` alone.
    observed: Observed,
    at: Option<Moment>,
    /// When it was probed last.
    probed_at: Option<Moment>,
}

impl Servers {
    pub(in super::super) fn add(&mut self, channel: &str, transport: Transport, counts: bool) {
        let known = Known {
            counts,
            transport,
            server: Server::Pending,
            evidence: Evidence::None,
            has_answered: false,
            failed_calls: 0,
            child: Child::default(),
            is_silent: false,
            closed: None,
            restarts: 0,
            observed: Observed::default(),
            at: None,
            probed_at: None,
        };
        self.0.insert(channel.into(), known);
    }

    pub(in super::super) fn get(&self, channel: &str) -> Option<&Known> {
        self.0.get(channel)
    }

    pub(in super::super) fn get_mut(&mut self, channel: &str) -> Option<&mut Known> {
        self.0.get_mut(channel)
    }

    /// All of them, by channel.
    pub(in super::super) fn all(&self) -> impl Iterator<Item = (&str, &Known)> {
        self.0.iter().map(|(channel, known)| (&**channel, known))
    }

    /// Those that count for readiness, by channel.
    pub(in super::super) fn counted(&self) -> impl Iterator<Item = (&str, &Server)> {
        let counted = self.0.iter().filter(|(_, known)| known.counts);
        counted.map(|(channel, known)| (&**channel, &known.server))
    }
}

impl Known {
    /// Something was learnt; true when it is news.
    fn learnt(&mut self, learnt: Server) -> bool {
        let news = self.server != learnt;
        self.server = learnt;
        self.at = Some(Moment::now());
        news
    }

    /// A probe has shown something; true when it is news.
    pub(in super::super) fn probed(&mut self, found: Server) -> bool {
        let news = self.learnt(found);
        self.probed_at = self.at;
        news
    }

    /// A call was answered.
    pub(in super::super) fn answered(&mut self) {
        self.learnt(Server::Good);
        self.evidence = Evidence::Answer;
        (self.has_answered, self.failed_calls) = (true, 0);
        self.at = Some(Moment::now());
    }

    /// A call failed.
    pub(in super::super) fn failed(&mut self) {
        self.late();
        self.failed_calls = self.failed_calls.saturating_add(1);
    }

    /// A call was not answered for as long as its caller waits, which may be too short.
    pub(in super::super) fn late(&mut self) {
        self.evidence = Evidence::Doubt;
        self.at = Some(Moment::now());
    }

    /// The child is in another state. `closed` is why it ended.
    pub(in super::super) fn child(&mut self, child: Child, closed: Option<&'static str>) {
        if child == Child::Starting && self.child != Child::NotStarted {
            self.restarts += 1;
        }
        self.child = child;
        self.is_silent = false;
        self.closed = closed;
        self.at = Some(Moment::now());
    }

    /// The child leaves calls unanswered and writes nothing, or writes again. In a crash loop it has to prove itself otherwise.
    pub(in super::super) fn silent(&mut self, is_silent: bool) {
        if is_silent && matches!(self.server, Server::Failing(_)) || self.is_silent == is_silent {
            return;
        }
        self.is_silent = is_silent;
        self.learnt(match is_silent {
            true => Server::Failing("stdio server: it leaves calls unanswered".to_owned()),
            false => Server::Good,
        });
    }

    pub(in super::super) fn observed(&mut self, observed: Observed) {
        self.at = observed.observed_at.or(self.at);
        self.observed = observed;
    }

    pub(in super::super) fn observed_at(&self) -> Option<Moment> {
        self.at
    }

    pub(in super::super) fn is_limited(&self) -> bool {
        self.observed.is_limited()
    }

    /// Of channel `main`, in the contract's words.
    pub(in super::super) fn brief_of_main(&self) -> Brief {
        let failed = |reason| Brief::new(Status::Degraded, "failed").because(Some(reason));
        match (self.transport, &self.server) {
            (Transport::Http, Server::Failing(_)) => failed("probe_failed"),
            (Transport::Http, _) => {
                Brief::new(Status::Unknown, "not_observed").because(Some("same_child_evidence_unavailable"))
            }
            (Transport::Stdio, _) if self.child == Child::Closed => {
                Brief::new(Status::Degraded, "closed").because(self.closed)
            }
            (Transport::Stdio, _) if self.is_silent => failed("calls_unanswered"),
            // It runs, and has to prove itself after several quick ends.
            (Transport::Stdio, Server::Failing(_)) => failed("stdio_restarted"),
            (Transport::Stdio, _) => {
                let (status, state) = match self.observed.proof {
                    Proof::None => (Status::Unknown, "not_observed"),
                    Proof::Initialized => (Status::Ok, "initialized"),
                    Proof::ServerDiscovered => (Status::Ok, "server_discovered"),
                    Proof::Discovered => (Status::Ok, "discovered"),
                    Proof::Failed => (Status::Degraded, "failed"),
                };
                Brief::new(status, state).because(self.observed.reason)
            }
        }
    }

    /// Of another channel, whose servers are neither probed nor observed.
    pub(in super::super) fn brief_of_other(&self) -> Brief {
        match self.transport {
            Transport::Http if self.failed_calls >= HEALTH_CALLS_FAILED => {
                Brief::new(Status::Degraded, "failing").because(Some("last_calls_failed"))
            }
            Transport::Http if self.has_answered => Brief::new(Status::Ok, "answering"),
            Transport::Http => Brief::new(Status::Unknown, "not_observed"),
            Transport::Stdio => match (self.child, &self.server) {
                (Child::NotStarted, _) => Brief::new(Status::Unknown, "not_started"),
                (Child::Closed, _) => Brief::new(Status::Degraded, "closed").because(self.closed),
                _ if self.is_silent => Brief::new(Status::Degraded, "failed").because(Some("calls_unanswered")),
                (_, Server::Failing(_)) => Brief::new(Status::Degraded, "starting").because(Some("stdio_restarted")),
                (Child::Starting, _) => Brief::new(Status::Unknown, "starting"),
                (Child::Running, _) => Brief::new(Status::Ok, "running"),
            },
        }
    }

    pub(in super::super) fn details_of_main(&self) -> impl Serialize + '_ {
        let is_stdio = self.transport == Transport::Stdio;
        let observed = &self.observed;
        let initialize = observed.initialize.as_ref();
        Details {
            channel: "main",
            transport: self.transport.as_str(),
            child_state: is_stdio.then(|| self.child.as_str()),
            child_generation: observed.generation.as_deref(),
            initialize_epoch: observed.initialize_epoch,
            server_discover_epoch: observed.discover_epoch,
            evidence: if is_stdio {
                "same_child"
            } else {
                "unsupported_transport"
            },
            initialize: initialize.cloned().unwrap_or_default(),
            server_discover: observed.discover.as_ref(),
            tools_list: &observed.tools,
            startup_probe: (!is_stdio).then_some(StartupProbe {
                state: match &self.server {
                    Server::Pending => "pending",
                    Server::Good => "succeeded",
                    Server::AuthRequired(_) => "auth_required",
                    Server::Slow(_) => "timed_out",
                    Server::Failing(_) => "failed",
                },
                observed_at: self.probed_at,
            }),
        }
    }

    pub(in super::super) fn details_of_other<'a>(&self, channel: &'a str) -> impl Serialize + 'a {
        let is_stdio = self.transport == Transport::Stdio;
        DetailsOfOther {
            channel,
            transport: self.transport.as_str(),
            child_state: is_stdio.then(|| self.child.as_str()),
            restarts: is_stdio.then_some(self.restarts),
        }
    }
}

#[derive(Serialize)]
struct Details<'a> {
    channel: &'static str,
    transport: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    child_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    child_generation: Option<&'a str>,
    initialize_epoch: u64,
    #[serde(skip_serializing_if = "is_zero")]
    server_discover_epoch: u64,
    evidence: &'static str,
    initialize: Identity,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_discover: Option<&'a Discovered>,
    tools_list: &'a Catalog,
    #[serde(skip_serializing_if = "Option::is_none")]
    startup_probe: Option<StartupProbe>,
}

#[derive(Serialize)]
struct StartupProbe {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_at: Option<Moment>,
}

#[derive(Serialize)]
struct DetailsOfOther<'a> {
    channel: &'a str,
    transport: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    child_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restarts: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
