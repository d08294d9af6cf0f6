//! Whether an HTTP MCP server is there: the start-up probe and what follows it (spec: mcp, section 4; better 7).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use log::{debug, info, warn};
use tokio::time::{Instant, sleep, timeout};

use super::{Call, HttpServer, Outcome, Sender};
use crate::limits::{PROBE_INTERVAL, PROBE_TIMEOUT, STARTUP_RETRY_MAX, STARTUP_RETRY_MIN};
use crate::mcp::Cancellation;
use crate::ops::Ops;
use crate::ops::health::Server;
use crate::wire::caller::Caller;
use crate::wire::command::Headers;
use crate::wire::failure::{Failure, Source};

/// The request of a probe.
pub(crate) const INITIALIZE: &str = concat!(
    r#"{"jsonrpc":"2.0","id":"tunnel-client-probe","method":"initialize","params":{"protocolVersion":"2025-06-18","#,
    r#""capabilities":{},"clientInfo":{"name":"tunnel-client","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}}}"#
);
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
/// Its id.
pub(crate) const PROBE_ID: &str = r#""tunnel-client-probe""#;

/// Probes one server.
#[derive(Debug)]
pub struct Prober {
    server: HttpServer,
    ops: Arc<Ops>,
}

/// What an attempt showed.
struct Found {
    server: Server,
    /// Nobody listens yet: worth waiting for at start.
    absent: bool,
}

impl Prober {
    /// For one server.
    pub fn new(server: HttpServer, ops: Arc<Ops>) -> Self {
        Self { server, ops }
    }

    /// The first probe: one attempt, or with `wait` as many as it takes for somebody to listen.
    pub async fn first(&self, wait: Duration) {
        let deadline = Instant::now() + wait;
        let mut pause = STARTUP_RETRY_MIN;
        loop {
            let found = self.attempt().await;
            if !found.absent || wait.is_zero() {
                return self.report(found.server);
            }
            if Instant::now() >= deadline {
                return self.report(Server::Failing("mcp startup wait failed: nobody listens".to_owned()));
            }
            debug!(channel = &*self.server.0.channel; "retrying MCP startup probe");
            sleep(pause.min(deadline - Instant::now())).await;
            pause = (pause * 2).min(STARTUP_RETRY_MAX);
        }
    }

    /// Looks again and again: with a probe while the server is not known to be good, with a bare connection when it was
    /// and no call has shown it since.
    pub async fn watch(self) {
        let channel = self.server.0.channel.clone();
        loop {
            self.ops.health.await_confirmation(&channel);
            sleep(PROBE_INTERVAL).await;
            let quiet = !self.ops.health.is_confirmed(&channel);
            let found = match self.ops.health.server_state(&channel) {
                Some(Server::Good | Server::AuthRequired(_)) if !quiet => continue,
                Some(Server::Good | Server::AuthRequired(_)) => {
                    match timeout(PROBE_TIMEOUT, self.server.0.pool.reach()).await {
                        Ok(Ok(())) => continue,
                        Ok(Err(error)) => Server::Failing(describe(&error.failure())),
                        Err(_) => Server::Failing(format!("no connection within {} s", PROBE_TIMEOUT.as_secs())),
                    }
                }
                _ => self.attempt().await.server,
            };
            self.report(found);
        }
    }

    fn report(&self, found: Server) {
        let channel = &*self.server.0.channel;
        if !self.ops.health.server(channel, found.clone()) {
            return;
        }
        match found {
            Server::Good => info!(channel; "mcp session initialized"),
            Server::AuthRequired(reason) => info!(channel, reason; "MCP server wants the caller's credentials"),
            Server::Slow(reason) | Server::Failing(reason) => {
                warn!(channel, reason, proxy = self.server.0.pool.connector().proxy(); "MCP server not reachable");
            }
            Server::Pending => {}
        }
    }

    async fn attempt(&self) -> Found {
        let Some(outcome) = initialize(&self.server, PROBE_TIMEOUT).await else {
            return Found {
                server: Server::Slow(format!("no answer within {} s", PROBE_TIMEOUT.as_secs())),
                absent: false,
            };
        };
        match outcome {
            // A JSON-RPC error is an answer too: a server without sessions knows no initialize (MCP 2026-07-28).
            Outcome::Reply { .. } => Found {
                server: Server::Good,
                absent: false,
            },
            Outcome::Failed {
                failure:
                    Failure {
                        upstream_status: Some(401),
                        ..
                    },
                ..
            } => Found {
                server: Server::AuthRequired("HTTP status 401".to_owned()),
                absent: false,
            },
            Outcome::Failed { failure, .. } => {
                let absent = failure.source == Source::Connect && failure.kind == "connection_refused";
                let reason = match self.behind(&failure).await {
                    Some(more) => format!("{}; {more}", describe(&failure)),
                    None => describe(&failure),
                };
                Found {
                    server: Server::Failing(reason),
                    absent,
                }
            }
        }
    }

    /// What an HTTP status may mean beside what it says: nginx answers 400 to a client certificate that is missing or wrong,
    /// and a forwarding proxy answers in the server's place.
    async fn behind(&self, failure: &Failure) -> Option<String> {
        let (status, connector) = (failure.upstream_status?, self.server.0.pool.connector());
        if let (true, Some(proxy)) = (connector.is_forwarded(), connector.proxy()) {
            return Some(format!("the answer can be that of the proxy {proxy}"));
        }
        if !matches!(status, 400 | 495 | 496) {
            return None;
        }
        let asked = timeout(PROBE_TIMEOUT, connector.asks_for_certificate()).await.ok()??;
        asked.then(|| match connector.shows_certificate() {
            true => "the server does not seem to accept the client certificate that it was shown".to_owned(),
            false => "the server asked for a client certificate, and got none".to_owned(),
        })
    }
}

/// One `initialize`, and the end of the session that it opened. `None` when there was no answer within `bound`.
pub(crate) async fn initialize(server: &HttpServer, bound: Duration) -> Option<Outcome> {
    let mut headers = Headers(vec![("MCP-Protocol-Version".into(), "2025-06-18".into())]);
    let payload = Bytes::from_static(INITIALIZE.as_bytes());
    let call = Call {
        payload: &payload,
        id: PROBE_ID,
        initialize: true,
        repeatable: false,
        headers: &headers,
        caller: Caller::new(&headers, None),
        server_requests: false,
        cancelled: &Cancellation::default(),
    };
    let outcome = timeout(bound, server.call(call, None)).await.ok()?;
    if let Outcome::Reply { headers: answered, .. } = &outcome
        && let Some(session) = answered.session_id()
    {
        headers.0.push(("Mcp-Session-Id".into(), session.into()));
        end_session(server, Sender::new(&headers, Caller::new(&headers, None))).await;
    }
    Some(outcome)
}

/// A session that is opened is ended, or servers collect them.
async fn end_session(server: &HttpServer, sender: Sender<'_>) {
    let _ = timeout(PROBE_TIMEOUT, async {
        server.send(&Bytes::from_static(INITIALIZED.as_bytes()), sender).await;
        server.terminate(sender).await;
    })
    .await;
    // Also when the server keeps its side.
    server.0.jars.end(&sender.caller);
}

/// One line for people.
pub(crate) fn describe(failure: &Failure) -> String {
    match (failure.upstream_status, &failure.reason) {
        (Some(status), _) => format!("HTTP status {status} ({})", failure.kind),
        (None, Some(reason)) => reason.clone(),
        (None, None) => format!("{} ({})", failure.source.as_str(), failure.kind),
    }
}
