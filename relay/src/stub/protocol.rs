//! MCP itself, without a transport.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::{catalog, tools};
use crate::ids::{hex, random};

/// The server's state, shared by all of its peers.
pub(super) struct Stub {
    /// `http`, `unix` or `stdio`.
    pub(super) transport: &'static str,
    /// Sessions that were begun and not ended.
    sessions: Mutex<HashSet<String>>,
    /// Requests of ours that wait for an answer, by id.
    asked: Mutex<HashMap<String, oneshot::Sender<Value>>>,
    next_ask: AtomicU64,
    /// Calls of tools so far: tests count deliveries with it.
    pub(super) calls: AtomicU64,
    /// Notifications so far.
    pub(super) notifications: AtomicU64,
}

/// How a call ends.
pub(super) enum Answer {
    /// With a JSON-RPC message.
    Message(String),
    /// With something that is none, told to each transport in its own way.
    Misbehave(Misbehaviour),
}

/// Ways to break a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misbehaviour {
    /// HTTP: this status and a text.
    Status(u16),
    /// The connection ends in the middle of the answer; on stdio half a line.
    Drop,
    /// Bytes that are no JSON.
    Garbage,
    /// A web page.
    Html,
    /// An event stream without an answer.
    EndOfStream,
    /// Nothing, ever.
    Hang,
    /// The process ends with status 3.
    Crash,
}

/// A call, as far as it is looked into.
pub(super) struct Call<'a> {
    /// JSON text.
    pub(super) id: &'a str,
    /// The method.
    pub(super) method: &'a str,
    /// The parameters, as written.
    pub(super) params: Option<&'a str>,
    /// Where messages before the answer go; none when the caller takes no stream.
    pub(super) stream: Option<mpsc::Sender<String>>,
    /// The request's headers, where the transport has some.
    pub(super) headers: Value,
}

/// Versions of MCP: those with sessions, and the one whose requests stand alone.
const VERSIONS: [&str; 4] = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

/// A request of ours is given up after this.
const ASK_TIMEOUT: Duration = Duration::from_secs(30);

impl Stub {
    /// A server without sessions yet.
    pub(super) fn new(transport: &'static str) -> Self {
        Self {
            transport,
            sessions: Mutex::default(),
            asked: Mutex::default(),
            next_ask: AtomicU64::new(1),
            calls: AtomicU64::new(0),
            notifications: AtomicU64::new(0),
        }
    }

    /// Begins a session.
    pub(super) fn begin_session(&self) -> String {
        let id = hex(&random::<16>());
        lock(&self.sessions).insert(id.clone());
        id
    }

    /// Whether a session runs.
    pub(super) fn has_session(&self, id: &str) -> bool {
        lock(&self.sessions).contains(id)
    }

    /// Ends a session; false if there is none.
    pub(super) fn end_session(&self, id: &str) -> bool {
        lock(&self.sessions).remove(id)
    }

    /// Takes an answer to a request of ours; false if none waits for it.
    pub(super) fn answered(&self, message: &[u8]) -> bool {
        let Ok(message) = serde_json::from_slice::<Value>(message) else {
            return false;
        };
        let asked = message["id"].as_str().and_then(|id| lock(&self.asked).remove(id));
        asked.is_some_and(|asked| asked.send(message).is_ok())
    }

    /// Sends a request to the caller, within its call, and waits for the answer.
    pub(super) async fn ask(
        &self,
        stream: &mpsc::Sender<String>,
        method: &str,
        params: Value,
    ) -> Result<Value, &'static str> {
        let id = format!("stub-{}", self.next_ask.fetch_add(1, Ordering::Relaxed));
        let (answered, answer) = oneshot::channel();
        lock(&self.asked).insert(id.clone(), answered);
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let sent = stream.send(request.to_string()).await;
        let outcome = match sent {
            Err(_) => Err("the caller is gone"),
            Ok(()) => match tokio::time::timeout(ASK_TIMEOUT, answer).await {
                Ok(Ok(message)) => Ok(message),
                _ => Err("the caller did not answer"),
            },
        };
        lock(&self.asked).remove(&id);
        outcome
    }

    /// Answers a call.
    pub(super) async fn answer(&self, call: Call<'_>) -> Answer {
        let result = match call.method {
            "initialize" => initialize(call.params),
            "server/discover" => discover(),
            "ping" => "{}".into(),
            "tools/list" => {
                json!({"tools": catalog::tools(), "resultType": "complete", "ttlMs": 0, "cacheScope": "private"})
                    .to_string()
            }
            "tools/call" => {
                self.calls.fetch_add(1, Ordering::Relaxed);
                return tools::call(self, &call).await;
            }
            _ => return Answer::Message(error(call.id, -32601, "no such method")),
        };
        Answer::Message(response(call.id, &result))
    }
}

/// A response message around a result (JSON texts).
pub(super) fn response(id: &str, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
}

/// An error message.
pub(super) fn error(id: &str, code: i32, message: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{}}}}}"#,
        crate::json::quote(message)
    )
}

fn initialize(params: Option<&str>) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Initialize {
        protocol_version: String,
    }
    let asked = params
        .and_then(|params| serde_json::from_str::<Initialize>(params).ok())
        .map(|params| params.protocol_version);
    let handshakes = &VERSIONS[..3];
    let version = asked
        .as_deref()
        .and_then(|asked| handshakes.iter().find(|version| **version == asked))
        .unwrap_or(&"2025-11-25");
    json!({"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": server_info()}).to_string()
}

fn discover() -> String {
    json!({
        "supportedVersions": VERSIONS, "capabilities": {"tools": {}}, "serverInfo": server_info(),
        "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
    })
    .to_string()
}

/// Name and version.
pub(super) fn server_info() -> Value {
    json!({"name": "mcp-stub", "version": env!("CARGO_PKG_VERSION")})
}

/// The parts of a message that a transport hands on, borrowed from it.
#[derive(Deserialize)]
pub(super) struct Parts<'a> {
    /// The parameters.
    #[serde(borrow, default)]
    pub(super) params: Option<&'a RawValue>,
}

/// Nothing panics while it holds one of these locks, so a poisoned one is still consistent.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
