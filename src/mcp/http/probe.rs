//! One probe of an HTTP MCP server (contract: mcp, section 9).

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::timeout;

use super::{Call, HttpServer, Outcome, Sender};
use crate::dispatch::server::Events;
use crate::limits::PROBE_TIMEOUT;
use crate::mcp::Cancellation;
use crate::monitor::health::Server;
use crate::wire::caller::Caller;
use crate::wire::command::Headers;
use crate::wire::failure::{Failure, Source, reason};
use crate::wire::headers::ResponseHeaders;

/// The request of a probe.
pub(crate) const INITIALIZE: &str = concat!(
    r#"{"jsonrpc":"2.0","id":"tunnel-client-probe","method":"initialize","params":{"protocolVersion":"2025-06-18","#,
    r#""capabilities":{},"clientInfo":{"name":"tunnel-client","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}}}"#
);
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
/// The request for servers without sessions, which know no `initialize` (MCP 2026-07-28).
const DISCOVER: &str = concat!(
    r#"{"jsonrpc":"2.0","id":"tunnel-client-probe","method":"server/discover","params":{"_meta":{"#,
    r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"#,
    r#""io.modelcontextprotocol/clientInfo":{"name":"tunnel-client","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}}}}"#
);
/// The id of both.
pub(crate) const PROBE_ID: &str = r#""tunnel-client-probe""#;

/// What a probe showed.
pub(super) struct Found {
    pub(super) server: Server,
    /// Nobody listens yet: worth waiting for at start.
    pub(super) absent: bool,
}

impl From<Server> for Found {
    fn from(server: Server) -> Self {
        Self { server, absent: false }
    }
}

impl Found {
    /// Probes a server.
    pub(super) async fn of(server: &HttpServer) -> Self {
        let Some(outcome) = initialize(server, PROBE_TIMEOUT).await else {
            return Server::Slow(format!("no answer within {} s", PROBE_TIMEOUT.as_secs())).into();
        };
        let Outcome::Failed { failure, .. } = outcome else {
            // A JSON-RPC error is an answer too: a server without sessions knows no initialize (MCP 2026-07-28).
            return Server::Good.into();
        };
        match failure.upstream_status {
            Some(401) => return Server::AuthRequired("HTTP status 401".to_owned()).into(),
            // Such a server may refuse it in another form as well.
            Some(400..=499) if discovers(server).await => return Server::Good.into(),
            _ => {}
        }
        let reason = match behind(server, &failure).await {
            Some(more) => format!("{}; {more}", describe(&failure)),
            None => describe(&failure),
        };
        Self {
            server: Server::Failing(reason),
            absent: failure.source == Source::Connect && failure.kind == "connection_refused",
        }
    }
}

/// What an HTTP status may mean beside what it says: nginx answers 400 to a client certificate that is missing or wrong,
/// and a forwarding proxy answers in the server's place.
async fn behind(server: &HttpServer, failure: &Failure) -> Option<String> {
    let (status, connector) = (failure.upstream_status?, server.0.pool.connector());
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

/// Whether a server answers `server/discover`. It opens no session.
async fn discovers(server: &HttpServer) -> bool {
    let headers = Headers(vec![
        ("MCP-Protocol-Version".into(), "2026-07-28".into()),
        ("Mcp-Method".into(), "server/discover".into()),
    ]);
    let payload = Bytes::from_static(DISCOVER.as_bytes());
    let asked = ask(server, &payload, false, &headers, PROBE_TIMEOUT).await;
    matches!(asked, Some(Outcome::Reply { .. }))
}

/// One request of a probe. `None` when there was no answer within `bound`.
async fn ask(
    server: &HttpServer,
    payload: &Bytes,
    initialize: bool,
    headers: &Headers,
    bound: Duration,
) -> Option<Outcome> {
    let call = Call {
        payload,
        id: PROBE_ID,
        initialize,
        repeatable: false,
        headers,
        caller: Caller::new(headers, None),
        server_requests: false,
        cancelled: &Cancellation::default(),
        time_up: Instant::now() + bound,
    };
    timeout(bound, server.call(call, None::<&mut Nobody>)).await.ok()
}

/// A probe has no caller to whom events could be passed on.
enum Nobody {}

impl Events for Nobody {
    async fn send(&mut self, _: Bytes, _: &ResponseHeaders) -> bool {
        match *self {}
    }

    async fn send_request(&mut self, _: Bytes, _: &str, _: &ResponseHeaders) -> bool {
        match *self {}
    }

    fn skipped(&self, _: &'static str) {
        match *self {}
    }
}

/// One `initialize`, and the end of the session that it opened. `None` when there was no answer within `bound`.
pub(crate) async fn initialize(server: &HttpServer, bound: Duration) -> Option<Outcome> {
    let mut headers = Headers(vec![("MCP-Protocol-Version".into(), "2025-06-18".into())]);
    let payload = Bytes::from_static(INITIALIZE.as_bytes());
    let outcome = ask(server, &payload, true, &headers, bound).await?;
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
        (Some(status), _) => {
            // A status says more than what the page beside it is not; the contract's word for that stands in the log of calls.
            let page = match failure.kind {
                "malformed_json" | "response_body_missing" | "invalid_mcp_error" => ", not an MCP answer",
                _ => "",
            };
            format!("HTTP status {status} ({}){page}", reason(status))
        }
        (None, Some(reason)) => reason.clone(),
        (None, None) => format!("{} ({})", failure.source.as_str(), failure.kind),
    }
}
