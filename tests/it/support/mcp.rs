//! The scriptable MCP server over HTTP. Traffic that belongs to a command carries a mark that every test command has;
//! the client's own probes are answered in the background and do not disturb a script.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rustls::ServerConfig;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::Answer;
use super::http::{Peer, Request, Seen, Server};
use super::wait::{BOUND, within};

/// The header that marks a command's traffic; its value is the command's request id.
pub const MARK: &str = "x-test-command";

/// A running MCP server at `/mcp`.
pub struct McpServer {
    record: Arc<Mutex<Vec<Seen>>>,
    server: Server,
    start: Instant,
}

impl McpServer {
    /// A server whose answers to forwarded requests the test decides.
    pub fn http(handler: impl Fn(&Request, &Peer) -> Answer + Send + Sync + 'static) -> Self {
        Self::start(handler, |handler| Server::tcp(None, handler))
    }

    pub fn https(tls: Arc<ServerConfig>, handler: impl Fn(&Request, &Peer) -> Answer + Send + Sync + 'static) -> Self {
        Self::start(handler, |handler| Server::tcp(Some(tls), handler))
    }

    pub fn unix(path: &Path, handler: impl Fn(&Request, &Peer) -> Answer + Send + Sync + 'static) -> Self {
        Self::start(handler, |handler| Server::unix(path, handler))
    }

    pub fn at(
        address: std::net::SocketAddr,
        handler: impl Fn(&Request, &Peer) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start(handler, |handler| Server::tcp_at(address, None, handler))
    }

    /// A server that answers each call with its params.
    pub fn echo() -> Self {
        Self::http(|request, _| echo(request))
    }

    /// A server that answers each call with these steps.
    pub fn always(answer: Answer) -> Self {
        Self::http(move |_, _| answer.clone())
    }

    fn start(
        handler: impl Fn(&Request, &Peer) -> Answer + Send + Sync + 'static,
        bind: impl FnOnce(super::http::Handler) -> Server,
    ) -> Self {
        let record = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&record);
        let server = bind(Arc::new(move |request: &Request, peer: &Peer| {
            seen.lock().unwrap().push(request.clone());
            if is_probe(request) {
                answer_probe(request)
            } else {
                handler(request, peer)
            }
        }));
        Self {
            record,
            server,
            start: Instant::now(),
        }
    }

    pub fn url(&self) -> String {
        format!("{}/mcp", self.server.origin())
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Everything that was received, probes included.
    pub fn seen(&self) -> Vec<Seen> {
        self.record.lock().unwrap().clone()
    }

    /// What was received on behalf of commands.
    pub fn forwarded(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|request| !is_probe(request)).collect()
    }

    /// What was received on behalf of one command.
    pub fn forwarded_for(&self, request_id: &str) -> Vec<Seen> {
        self.seen()
            .into_iter()
            .filter(|request| request.header(MARK) == Some(request_id))
            .collect()
    }

    #[track_caller]
    pub fn await_forwarded(&self, request_id: &str) -> Seen {
        within(BOUND, &format!("request of {request_id} at the MCP server"), || {
            self.forwarded_for(request_id).into_iter().next()
        })
    }
}

impl Drop for McpServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let record = self.record.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            eprintln!("--- MCP server saw {} requests:", record.len());
            for request in record.iter().rev().take(60).rev() {
                eprintln!("{}", request.line(self.start));
            }
        }
    }
}

fn is_probe(request: &Request) -> bool {
    request.header(MARK).is_none() && request.header("last-event-id").is_none()
}

fn answer_probe(request: &Request) -> Answer {
    let json = request.json();
    match (request.method.as_str(), json["method"].as_str()) {
        ("POST", Some("initialize")) => Answer::new(
            200,
            &[
                ("Content-Type", "application/json"),
                ("Mcp-Session-Id", "probe-session"),
            ],
            format!(
                r#"{{"jsonrpc":"2.0","id":{},"result":{{"protocolVersion":"2025-06-18","capabilities":{{}},"serverInfo":{{"name":"fake","version":"1"}}}}}}"#,
                json["id"]
            ),
        ),
        ("POST", Some("ping")) => {
            Answer::json(200, format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{}}}}"#, json["id"]))
        }
        ("POST", _) => Answer::empty(202),
        ("DELETE", _) => Answer::empty(200),
        _ => Answer::empty(405),
    }
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// The raw id of the message in a request; `null` without one.
pub fn id_of(request: &Request) -> String {
    let message: Option<Message> = serde_json::from_slice(&request.body).ok();
    message
        .and_then(|message| message.id)
        .map_or("null".to_owned(), |id| id.get().to_owned())
}

/// A JSON-RPC result for the message in `request`.
pub fn result(request: &Request, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, id_of(request))
}

/// Answers a call with its params, a notification with 202, DELETE with 200.
pub fn echo(request: &Request) -> Answer {
    let message: Option<Message> = serde_json::from_slice(&request.body).ok();
    match message {
        Some(Message { id: Some(_), params }) => {
            let params = params.map_or("null", |raw| raw.get());
            Answer::json(200, result(request, &format!(r#"{{"echo":{params}}}"#)))
        }
        Some(_) => Answer::empty(202),
        None => Answer::empty(200),
    }
}
