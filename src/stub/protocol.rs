//! MCP itself, in both eras: sessions that begin with `initialize`, and requests that carry all that a server needs (MCP 2026-07-28).

use std::time::Instant;

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{Stub, tools};
use crate::wire::jsonrpc::{INTERNAL_ERROR, INVALID_REQUEST, Invalid, Kind, METHOD_NOT_FOUND, Message};

/// The header of a session.
pub(super) const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";

/// The version of MCP whose requests are self-contained.
const SELF_CONTAINED: &str = "2026-07-28";
/// Versions of MCP that begin with `initialize`, the newest last.
const WITH_SESSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const META_SERVER: &str = "io.modelcontextprotocol/serverInfo";

/// Error codes: of JSON-RPC 2.0, and of MCP 2026-07-28.
const PARSE_ERROR: i32 = -32700;
const INVALID_PARAMS: i32 = -32602;
const HEADER_MISMATCH: i32 = -32020;
const UNSUPPORTED_VERSION: i32 = -32022;
/// What servers answer to a session that they do not know.
const NO_SESSION: i32 = -32001;

/// An answer to a message.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// JSON; nothing for a notification.
    pub(super) body: Option<String>,
    /// The session that begins with it.
    pub(super) session: Option<String>,
}

/// A request that is not performed.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: i32,
    message: &'static str,
    data: Option<Value>,
}

impl Refusal {
    fn new(code: i32, message: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message,
            data: None,
        }
    }

    /// Its parameters make no sense.
    pub(super) fn params(message: &'static str) -> Self {
        Self::new(INVALID_PARAMS, message)
    }

    /// As the answer to a request, whose id is JSON text.
    fn reply(self, id: &str) -> Reply {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(data) = self.data {
            error["data"] = data;
        }
        Reply {
            status: self.status,
            body: Some(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)),
            session: None,
        }
    }
}

/// Answers the body of a POST.
pub(super) fn reply(stub: &Stub, headers: &HeaderMap, text: &str, now: Instant) -> Reply {
    let message = match Message::parse(text) {
        Ok(message) => message,
        Err(Invalid::NotJson) => return Refusal::new(PARSE_ERROR, Invalid::NotJson.as_str()).reply("null"),
        Err(invalid) => return Refusal::new(INVALID_REQUEST, invalid.as_str()).reply("null"),
    };
    let params = message.params().map_or("{}", |params| params.get());
    // Texts that are JSON may still be none here: numbers out of range, lone surrogates.
    let params: Value = serde_json::from_str(params).unwrap_or_default();
    match &message.kind {
        Kind::Call { method, id } => {
            let request = Request {
                stub,
                headers,
                method,
                params: &params,
                now,
            };
            match request.perform() {
                Ok((result, session)) => Reply {
                    status: StatusCode::OK,
                    body: Some(format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, id.json())),
                    session,
                },
                Err(refusal) => refusal.reply(id.json()),
            }
        }
        Kind::Notification { .. } => match known_session(stub, headers, now) {
            Err(refusal) => refusal.reply("null"),
            Ok(_) => Reply {
                status: StatusCode::ACCEPTED,
                body: None,
                session: None,
            },
        },
        Kind::Response { .. } => Refusal::new(INVALID_REQUEST, "this server asks its callers nothing").reply("null"),
    }
}

struct Request<'a> {
    stub: &'a Stub,
    headers: &'a HeaderMap,
    method: &'a str,
    params: &'a Value,
    now: Instant,
}

impl Request<'_> {
    /// The result, and the session that begins with it.
    fn perform(&self) -> Result<(Value, Option<String>), Refusal> {
        let version = single(self.headers, VERSION)?;
        let is_self_contained = !self.params["_meta"][META_VERSION].is_null()
            || version.is_some_and(|version| version.starts_with("20") && version >= SELF_CONTAINED);
        match (is_self_contained, self.method) {
            (true, _) => self.self_contained(version).map(|result| (result, None)),
            // Asked before anything is agreed on, by callers that want to know what to speak.
            (false, "server/discover") => Ok((self.discover(), None)),
            (false, _) if version.is_some_and(|version| !WITH_SESSIONS.contains(&version)) => {
                Err(unsupported(version.unwrap_or_default()))
            }
            (false, "initialize") => self.initialize(),
            (false, _) => self.in_session().map(|result| (result, None)),
        }
    }

    // ---- sessions ----

    fn initialize(&self) -> Result<(Value, Option<String>), Refusal> {
        let session = match &self.stub.sessions {
            None => None,
            Some(sessions) => Some(sessions.open(self.now).ok_or_else(|| Refusal {
                status: StatusCode::SERVICE_UNAVAILABLE,
                ..Refusal::new(INTERNAL_ERROR, "no session id can be made")
            })?),
        };
        let asked = self.params["protocolVersion"].as_str().unwrap_or_default();
        let [.., newest] = WITH_SESSIONS;
        let version = WITH_SESSIONS.into_iter().find(|known| *known == asked);
        let result = json!({
            "protocolVersion": version.unwrap_or(newest),
            "capabilities": {"tools": {}},
            "serverInfo": self.server_info(),
            "instructions": INSTRUCTIONS,
        });
        Ok((result, session))
    }

    fn in_session(&self) -> Result<Value, Refusal> {
        let is_known = known_session(self.stub, self.headers, self.now)?;
        match self.method {
            "ping" => Ok(json!({})),
            _ if !is_known => Err(Refusal::new(
                INVALID_REQUEST,
                "Mcp-Session-Id is missing; send initialize first and repeat the id of its answer",
            )),
            "tools/list" => Ok(tools::list()),
            // Errors of calls have status 200 in this era.
            "tools/call" => tools::call(self.stub, self.params).map_err(|refusal| Refusal {
                status: StatusCode::OK,
                ..refusal
            }),
            _ => Err(Refusal {
                status: StatusCode::OK,
                ..Refusal::new(METHOD_NOT_FOUND, "there is no such method")
            }),
        }
    }

    // ---- self-contained requests ----

    fn self_contained(&self, header: Option<&str>) -> Result<Value, Refusal> {
        let meta = &self.params["_meta"];
        let (Some(version), true) = (meta[META_VERSION].as_str(), meta[META_CAPABILITIES].is_object()) else {
            return Err(Refusal::params(
                "params._meta needs io.modelcontextprotocol/protocolVersion, a text, and io.modelcontextprotocol/clientCapabilities, an object",
            ));
        };
        self.headers_agree(header, version)?;
        if version != SELF_CONTAINED {
            return Err(unsupported(version));
        }
        let mut result = match self.method {
            "server/discover" => return Ok(self.discover()),
            "tools/list" => self.cacheable(tools::list()),
            "tools/call" => tools::call(self.stub, self.params)?,
            _ => {
                return Err(Refusal {
                    status: StatusCode::NOT_FOUND,
                    ..Refusal::new(METHOD_NOT_FOUND, "there is no such method")
                });
            }
        };
        self.complete(&mut result);
        Ok(result)
    }

    /// Headers that are there say what the body says. Not every service sends them.
    fn headers_agree(&self, header: Option<&str>, version: &str) -> Result<(), Refusal> {
        let differs = |message| Err(Refusal::new(HEADER_MISMATCH, message));
        if header.is_some_and(|header| header != version) {
            return differs("MCP-Protocol-Version is not the version in params._meta");
        }
        if single(self.headers, METHOD)?.is_some_and(|method| method != self.method) {
            return differs("Mcp-Method is not the method of the body");
        }
        // Names of tools here are plain; an encoded one (`=?base64?...?=`) names none of them and is refused as such.
        let name = single(self.headers, NAME)?.filter(|name| !name.starts_with("=?base64?"));
        match (name, self.params["name"].as_str(), self.method) {
            (Some(header), Some(name), "tools/call") if header != name => differs("Mcp-Name is not params.name"),
            _ => Ok(()),
        }
    }

    fn discover(&self) -> Value {
        let versions: Vec<&str> = WITH_SESSIONS.into_iter().chain([SELF_CONTAINED]).collect();
        let mut result = self.cacheable(json!({
            "supportedVersions": versions,
            "capabilities": {"tools": {}},
            "serverInfo": self.server_info(),
            "instructions": INSTRUCTIONS,
        }));
        self.complete(&mut result);
        result
    }

    fn cacheable(&self, mut result: Value) -> Value {
        result["ttlMs"] = 0.into();
        result["cacheScope"] = "private".into();
        result
    }

    fn complete(&self, result: &mut Value) {
        result["resultType"] = "complete".into();
        result["_meta"] = json!({META_SERVER: self.server_info()});
    }

    fn server_info(&self) -> Value {
        json!({"name": self.stub.about.name, "version": self.stub.about.version})
    }
}

const INSTRUCTIONS: &str = "A server to try a tunnel with: server_info, echo and uppercase change nothing.";

/// Whether a message belongs to an open session; all do where there are none.
fn known_session(stub: &Stub, headers: &HeaderMap, now: Instant) -> Result<bool, Refusal> {
    let Some(sessions) = &stub.sessions else {
        return Ok(true);
    };
    match single(headers, SESSION)? {
        None => Ok(false),
        Some(id) if sessions.uses(id, now) => Ok(true),
        Some(_) => Err(Refusal {
            status: StatusCode::NOT_FOUND,
            ..Refusal::new(NO_SESSION, "there is no such session; send initialize")
        }),
    }
}

fn unsupported(version: &str) -> Refusal {
    Refusal {
        data: Some(json!({"supported": [SELF_CONTAINED], "requested": version})),
        ..Refusal::new(UNSUPPORTED_VERSION, "this version of MCP is not supported")
    }
}

/// The value of a header that may stand once.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value
            .to_str()
            .map(Some)
            .map_err(|_| Refusal::new(HEADER_MISMATCH, "a header of MCP is no visible ASCII")),
        (Some(_), Some(_)) => Err(Refusal::new(HEADER_MISMATCH, "a header of MCP stands twice")),
    }
}
