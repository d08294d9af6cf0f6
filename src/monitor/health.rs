//! Readiness follows the facts: polls, deliveries, the MCP servers (contract: ops, section 2).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::limits::DELIVERY_FAILURES_UNREADY;

/// What `/readyz` says before anything is known (contract: ops, section 2).
const POLL_PENDING: &str = "control plane poll pending";
/// See [`POLL_PENDING`].
const PROBE_PENDING: &str = "mcp startup probe pending";

/// What is known, and from it whether the process is ready.
#[derive(Debug)]
pub struct Health {
    state: Mutex<State>,
    /// Some server came into doubt.
    doubt: Notify,
    /// Something may have changed.
    change: Notify,
}

#[derive(Debug)]
struct State {
    poll: Poll,
    failed_deliveries: u32,
    servers: BTreeMap<Box<str>, Known>,
    draining: bool,
    /// The last reload of keys and certificates was rejected. Those before it are active, so readiness does not depend on it.
    reload_rejected: bool,
}

#[derive(Debug)]
enum Poll {
    /// No poll has been answered or held open yet.
    Pending,
    Good,
    Failing(String),
    Unauthorized(u16),
}

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

#[derive(Debug)]
struct Known {
    server: Server,
    evidence: Evidence,
}

/// What calls have shown of an MCP server since [`Health::await_evidence`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing.
    None,
    /// It answered the last one.
    Answer,
    /// The last one failed in a way in which calls of a dead server fail.
    Doubt,
}

/// The answer to `/readyz`.
#[derive(Debug, PartialEq, Eq)]
pub struct Readiness {
    /// 200 or 503.
    pub ready: bool,
    /// One line of text.
    pub text: String,
}

impl Health {
    /// `servers`: the channels whose MCP servers count, all [`Server::Pending`].
    pub fn new<'a>(servers: impl Iterator<Item = &'a str>) -> Self {
        let unknown = || Known {
            server: Server::Pending,
            evidence: Evidence::None,
        };
        Self {
            state: Mutex::new(State {
                poll: Poll::Pending,
                failed_deliveries: 0,
                servers: servers.map(|name| (name.into(), unknown())).collect(),
                draining: false,
                reload_rejected: false,
            }),
            doubt: Notify::new(),
            change: Notify::new(),
        }
    }

    /// The service gave the tunnel's metadata: enough to begin with, but polls know better.
    pub fn metadata_succeeded(&self) {
        let mut state = self.change();
        if matches!(state.poll, Poll::Pending) {
            state.poll = Poll::Good;
        }
    }

    /// A poll was answered.
    pub fn poll_succeeded(&self) {
        self.change().poll = Poll::Good;
    }

    /// A poll was held open on a good connection for so long that it counts as a success.
    pub fn poll_held_open(&self) {
        self.change().poll = Poll::Good;
    }

    /// A poll failed; `reason` is shown.
    pub fn poll_failed(&self, reason: String) {
        self.change().poll = Poll::Failing(reason);
    }

    /// The service refused the key, or does not know the tunnel: 401, 403 or 404.
    pub fn poll_unauthorized(&self, status: u16) {
        self.change().poll = Poll::Unauthorized(status);
    }

    /// A response was taken.
    pub fn delivered(&self) {
        self.change().failed_deliveries = 0;
    }

    /// A response could not be delivered.
    pub fn delivery_failed(&self) {
        let mut state = self.change();
        state.failed_deliveries = state.failed_deliveries.saturating_add(1);
    }

    /// Something was learnt of an MCP server; servers that do not count are ignored. True when it is news.
    pub fn server(&self, channel: &str, learnt: Server) -> bool {
        let mut state = self.change();
        let Some(known) = state.servers.get_mut(channel) else {
            return false;
        };
        let news = known.server != learnt;
        known.server = learnt;
        news
    }

    /// What is known of an MCP server.
    pub fn server_state(&self, channel: &str) -> Option<Server> {
        self.lock().servers.get(channel).map(|known| known.server.clone())
    }

    /// A call was answered by the MCP server of a channel.
    pub fn server_answered(&self, channel: &str) {
        if let Some(known) = self.change().servers.get_mut(channel) {
            known.server = Server::Good;
            known.evidence = Evidence::Answer;
        }
    }

    /// A call failed as calls of a dead server do. That decides nothing: a probe follows.
    pub fn server_doubted(&self, channel: &str) {
        if let Some(known) = self.lock().servers.get_mut(channel) {
            known.evidence = Evidence::Doubt;
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

    /// No new work is taken.
    pub fn draining(&self) {
        self.change().draining = true;
    }

    /// Keys and certificates were read again, and are active or were rejected.
    pub fn reloaded(&self, accepted: bool) {
        self.change().reload_rejected = !accepted;
    }

    /// Whether the last reload was rejected.
    pub fn is_reload_rejected(&self) -> bool {
        self.lock().reload_rejected
    }

    /// Returns when something may have changed since this last returned. For one waiter.
    pub async fn changed(&self) {
        self.change.notified().await;
    }

    /// Whether the process is ready, and why not.
    pub fn readiness(&self) -> Readiness {
        let state = self.lock();
        let not_ready = |text: String| Readiness { ready: false, text };
        if state.draining {
            return not_ready("shutting down".to_owned());
        }
        match &state.poll {
            Poll::Pending => return not_ready(POLL_PENDING.to_owned()),
            Poll::Failing(reason) => return not_ready(format!("control plane poll failed: {reason}")),
            Poll::Unauthorized(status) => {
                let hint = match status {
                    401 => "the API key was not accepted",
                    403 => "the API key may not use this tunnel",
                    _ => "the tunnel is not known",
                };
                return not_ready(format!("control plane auth failed: HTTP status {status}, {hint}"));
            }
            Poll::Good => {}
        }
        if state.failed_deliveries >= DELIVERY_FAILURES_UNREADY {
            return not_ready(format!(
                "responses cannot be delivered: the last {} failed",
                state.failed_deliveries
            ));
        }
        let mut text = "ready".to_owned();
        for (channel, Known { server, .. }) in &state.servers {
            let of = if &**channel == "main" {
                String::new()
            } else {
                format!(" (channel {channel})")
            };
            match server {
                Server::Pending => return not_ready(format!("{PROBE_PENDING}{of}")),
                Server::Failing(reason) => return not_ready(format!("mcp probe failed{of}: {reason}")),
                Server::AuthRequired(reason) => text = format!("ready (mcp initialize requires auth{of}: {reason})"),
                Server::Slow(reason) => text = format!("ready (mcp startup probe timed out{of}: {reason})"),
                Server::Good => {}
            }
        }
        Readiness { ready: true, text }
    }

    /// What is known to fail: nothing while there is only something to wait for.
    pub fn failing(&self) -> Option<String> {
        let Readiness { ready, text } = self.readiness();
        let pending = text == POLL_PENDING || text.starts_with(PROBE_PENDING);
        (!ready && !pending).then_some(text)
    }

    /// The state, to be changed: whoever waits for a change sees it once the guard is dropped.
    fn change(&self) -> MutexGuard<'_, State> {
        let state = self.lock();
        self.change.notify_one();
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_follows_polls_deliveries_and_servers() {
        let health = Health::new(["main"].into_iter());
        let text = |h: &Health| h.readiness().text;
        assert_eq!(text(&health), "control plane poll pending");
        assert_eq!(health.failing(), None, "to wait is no failure");
        health.poll_succeeded();
        assert_eq!(text(&health), "mcp startup probe pending");
        health.server("main", Server::Good);
        health.server("other", Server::Failing("x".into()));
        assert_eq!(
            health.readiness(),
            Readiness {
                ready: true,
                text: "ready".into()
            }
        );
        health.poll_unauthorized(401);
        health.metadata_succeeded();
        assert_eq!(
            text(&health),
            "control plane auth failed: HTTP status 401, the API key was not accepted"
        );
        health.poll_failed("timed out".into());
        assert_eq!(text(&health), "control plane poll failed: timed out");
        health.poll_held_open();
        assert!(health.readiness().ready);
        for _ in 0..DELIVERY_FAILURES_UNREADY {
            health.delivery_failed();
        }
        assert!(text(&health).starts_with("responses cannot be delivered"));
        health.delivered();
        health.server("main", Server::Failing("connection refused".into()));
        assert_eq!(text(&health), "mcp probe failed: connection refused");
        assert_eq!(health.failing(), Some(text(&health)));
        health.server("main", Server::AuthRequired("HTTP status 401".into()));
        assert!(health.readiness().ready);
        health.server_doubted("main");
        assert!(health.readiness().ready, "a failed call alone decides nothing");
        assert_eq!(health.evidence("main"), Evidence::Doubt);
        health.server_answered("main");
        assert_eq!(health.evidence("main"), Evidence::Answer);
        assert_eq!(text(&health), "ready");
    }
}
