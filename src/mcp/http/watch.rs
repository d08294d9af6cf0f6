//! Whether the main MCP server is there, from start to end of the daemon (contract: mcp, section 9).
//!
//! Calls are the best evidence: one that is answered shows that the server works, one that fails as calls of a dead server do
//! has it probed. Without calls, a bare connection is enough while the last probe was good, because a probe opens a session.

use std::sync::Arc;
use std::time::Duration;

use log::{debug, info, warn};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::HttpServer;
use super::probe::{Found, describe};
use crate::limits::{
    PROBE_INTERVAL, PROBE_RETRY_MIN, PROBE_SPACING, PROBE_TIMEOUT, PROBES_FAILED, PROBES_SILENT, STARTUP_RETRY_MAX,
    STARTUP_RETRY_MIN,
};
use crate::monitor::Monitor;
use crate::monitor::health::{Evidence, Server};

/// Looks after one server.
#[derive(Debug)]
pub struct Prober {
    server: HttpServer,
    monitor: Arc<Monitor>,
    /// Looks in a row that failed.
    failed: u32,
    /// A call failed since the last good look.
    doubted: bool,
    /// No probe has succeeded, and the log line that scripts wait for was not written.
    unannounced: bool,
    /// When the last probe of a server in doubt began.
    probed: Option<Instant>,
    /// The last look met silence: the next one connects first, which distinguishes packets that are dropped from a server that is busy.
    silent: bool,
    /// The last look got no connection, for as long as it may take. No pause follows: the look itself was one.
    unconnected: bool,
}

impl Prober {
    /// For one server.
    pub fn new(server: HttpServer, monitor: Arc<Monitor>) -> Self {
        Self {
            server,
            monitor,
            failed: 0,
            doubted: false,
            unannounced: true,
            probed: None,
            silent: false,
            unconnected: false,
        }
    }

    /// The first probe: one attempt, or with `wait` as many as it takes for somebody to listen.
    pub async fn first(&mut self, wait: Duration) {
        let deadline = Instant::now() + wait;
        let mut live = self.server.0.pool.connector().live().clone();
        let mut pause = STARTUP_RETRY_MIN;
        loop {
            live.seen();
            let found = Found::of(&self.server).await;
            let waited = Instant::now() >= deadline;
            if !found.absent || wait.is_zero() || waited {
                let found = match found.absent && !wait.is_zero() {
                    true => Server::Failing("mcp startup wait failed: nobody listens".to_owned()),
                    false => found.server,
                };
                self.failed = u32::from(!is_good(&found));
                return self.report(found);
            }
            debug!(channel = &*self.server.0.channel; "retrying MCP startup probe");
            tokio::select! {
                () = sleep(pause.min(deadline - Instant::now())) => {}
                () = live.changed() => {}
            }
            pause = (pause * 2).min(STARTUP_RETRY_MAX);
        }
    }

    /// Looks again and again.
    pub async fn watch(mut self) {
        let channel = self.server.0.channel.clone();
        let mut live = self.server.0.pool.connector().live().clone();
        loop {
            live.seen();
            self.monitor.health.await_evidence(&channel);
            let known = self.monitor.health.server_state(&channel);
            let is_failing = matches!(known, Some(Server::Failing(_)));
            tokio::select! {
                () = sleep(self.pause()) => {}
                // While it is known to fail, it is looked at anyway.
                () = self.monitor.health.doubted(), if !is_failing => {
                    self.doubted = true;
                    let soonest = self.soonest();
                    tokio::select! {
                        () = sleep_until(soonest) => {}
                        () = live.changed() => {}
                    }
                }
                // Other credentials, or another way to prove who it is: worth a look at once, whatever calls have shown.
                () = live.changed() => self.monitor.health.await_evidence(&channel),
            }
            if self.is_answering() {
                self.calm();
                if !self.unannounced {
                    continue;
                }
            }
            self.look().await;
        }
    }

    /// When a call that failed may cause a look. One that failed itself is repeated after its pause, whatever calls show.
    fn soonest(&self) -> Instant {
        let now = Instant::now();
        match self.probed {
            _ if self.failed > 0 => now + self.pause(),
            Some(probed) => probed + PROBE_SPACING,
            None => now,
        }
    }

    /// How long until the next look.
    fn pause(&self) -> Duration {
        if self.failed == 0 {
            return PROBE_INTERVAL;
        }
        if self.unconnected && self.failed < PROBES_FAILED {
            return Duration::ZERO;
        }
        let doublings = self.failed.saturating_sub(PROBES_SILENT);
        PROBE_RETRY_MIN
            .saturating_mul(1 << doublings.min(16))
            .min(PROBE_INTERVAL)
    }

    async fn look(&mut self) {
        let channel = self.server.0.channel.clone();
        let known = self.monitor.health.server_state(&channel).unwrap_or(Server::Pending);
        let at_ease = is_good(&known) && !self.doubted && self.failed == 0;
        if !at_ease {
            // A bare connection opens no session, so it holds up no probe.
            self.probed = Some(Instant::now());
        }
        self.unconnected = false;
        let found = match (at_ease, self.unannounced) {
            (false, _) => match self.silent {
                true => match self.reach().await {
                    Ok(()) => Found::of(&self.server).await.server,
                    Err(reason) => Server::Failing(reason),
                },
                false => Found::of(&self.server).await.server,
            },
            (true, false) => match self.reach().await {
                Ok(()) => return,
                Err(reason) => Server::Failing(reason),
            },
            // A call was answered before the first probe that could succeed: this one decides nothing but whether it does.
            (true, true) => {
                let found = Found::of(&self.server).await.server;
                if found == Server::Good {
                    self.report(found);
                }
                self.unannounced = false;
                return;
            }
        };
        self.silent = self.unconnected || matches!(found, Server::Slow(_));
        if is_good(&found) {
            self.calm();
            self.report(found);
        } else if self.is_answering() {
            // Calls that were answered meanwhile know better.
            self.calm();
        } else {
            self.failed = self.failed.saturating_add(1);
            if let Some(verdict) = verdict(&known, found, self.failed, self.doubted) {
                self.report(verdict);
            }
        }
    }

    /// Whether the last call was answered, of those since the last look.
    fn is_answering(&self) -> bool {
        self.monitor.health.evidence(&self.server.0.channel) == Evidence::Answer
    }

    fn calm(&mut self) {
        self.failed = 0;
        self.doubted = false;
        (self.silent, self.unconnected) = (false, false);
    }

    /// Connects, and no more.
    async fn reach(&mut self) -> Result<(), String> {
        match timeout(PROBE_TIMEOUT, self.server.0.pool.reach()).await {
            Ok(reached) => reached.map_err(|error| describe(&error.failure())),
            Err(_) => {
                self.unconnected = true;
                Err(format!("no connection within {} s", PROBE_TIMEOUT.as_secs()))
            }
        }
    }

    fn report(&mut self, found: Server) {
        let channel = &*self.server.0.channel;
        let is_news = self.monitor.health.server(channel, found.clone());
        match found {
            Server::Good => {
                if std::mem::take(&mut self.unannounced) || is_news {
                    info!(channel; "mcp session initialized");
                }
            }
            _ if !is_news => {}
            Server::AuthRequired(reason) => info!(channel, reason; "MCP server wants the caller's credentials"),
            Server::Slow(reason) | Server::Failing(reason) => {
                let url = self.server.0.url.origin();
                warn!(channel, url, reason, proxy = self.server.0.pool.connector().proxy(); "MCP server not reachable");
            }
            Server::Pending => {}
        }
    }
}

fn is_good(server: &Server) -> bool {
    matches!(server, Server::Good | Server::AuthRequired(_))
}

/// What a look that failed, the `failed`th in a row, makes of a server; `None`: nothing yet. A server that was good is not given up
/// after one failure, and silence takes more of them than an error.
fn verdict(known: &Server, found: Server, failed: u32, doubted: bool) -> Option<Server> {
    match (known, found) {
        (Server::Good | Server::AuthRequired(_), Server::Failing(_)) if failed < PROBES_FAILED => None,
        (Server::Good | Server::AuthRequired(_), Server::Slow(_)) if failed < PROBES_SILENT => None,
        // It never answered anything; calls may still work, until one fails as well.
        (Server::Pending | Server::Slow(_), found @ Server::Slow(_)) if !doubted || failed < PROBES_SILENT => {
            Some(found)
        }
        (_, Server::Slow(reason)) => Some(Server::Failing(reason)),
        (_, found) => Some(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_was_good_is_given_up_after_several_failures_and_later_when_it_is_silent() {
        let (failing, slow) = (Server::Failing("refused".into()), Server::Slow("silent".into()));
        let good = Server::Good;
        assert_eq!(verdict(&good, failing.clone(), 1, true), None);
        assert_eq!(verdict(&good, failing.clone(), 2, false), Some(failing.clone()));
        assert_eq!(verdict(&good, slow.clone(), 2, true), None);
        assert_eq!(
            verdict(&good, slow.clone(), 3, true),
            Some(Server::Failing("silent".into()))
        );
        assert_eq!(
            verdict(&failing, slow.clone(), 9, false),
            Some(Server::Failing("silent".into()))
        );
        assert_eq!(verdict(&Server::Pending, failing.clone(), 1, false), Some(failing));
        assert_eq!(verdict(&slow, slow.clone(), 9, false), Some(slow.clone()));
        assert_eq!(
            verdict(&slow, slow.clone(), 3, true),
            Some(Server::Failing("silent".into()))
        );
    }
}
