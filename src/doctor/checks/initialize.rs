//! What an MCP server makes of `initialize`, and what that means.

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use tokio::time::timeout;

use super::answer::Route;
use super::mcp::SETTING;
use super::oauth::Discovery;
use crate::config::HttpUrl;
use crate::doctor::advice::proxy_credentials;
use crate::doctor::report::Check;
use crate::limits::{DOCTOR_INITIALIZE_TIMEOUT, PROBE_TIMEOUT};
use crate::mcp::Outcome;
use crate::mcp::http::{HttpServer, INITIALIZE, describe, initialize};
use crate::wire::failure::{Failure, Source};

/// What the server made of `initialize`.
pub(super) enum Seen {
    /// A JSON-RPC answer; who answered.
    Answer(String),
    /// An error status, and whether JSON came with it: a gateway sends a page, or nothing.
    Status(u16, bool),
    /// A redirect that is not followed, and the origin it points to.
    Redirect(u16, Option<String>),
    /// A success that is no JSON-RPC answer: its status and content type.
    NotMcp(u16, String),
    /// Broken on the way, or not JSON-RPC.
    Broken(Failure),
    /// Nothing within the bound.
    Silent,
}

impl Seen {
    /// Asks.
    pub(super) async fn of(server: &HttpServer) -> Self {
        match initialize(server, DOCTOR_INITIALIZE_TIMEOUT).await {
            None => Self::Silent,
            Some(Outcome::Reply { payload, .. }) => Self::Answer(introduction(&payload)),
            Some(Outcome::Failed { failure, .. }) => match failure.upstream_status {
                Some(status) => Self::Status(status, failure.kind == "invalid_mcp_error"),
                None if failure.kind == "non_protocol_response" => Self::look_closer(server, failure).await,
                None => Self::Broken(failure),
            },
        }
    }

    /// Asks once more, to say what came instead of an answer.
    async fn look_closer(server: &HttpServer, failure: Failure) -> Self {
        let asked = server.ask(
            Method::POST,
            None,
            "application/json, text/event-stream",
            Some(Bytes::from_static(INITIALIZE.as_bytes())),
        );
        match timeout(PROBE_TIMEOUT, asked).await {
            Ok(Ok(reply)) if (300..400).contains(&reply.status) => {
                let target = reply.header("location").and_then(|to| HttpUrl::parse(to).ok());
                Self::Redirect(reply.status, target.map(|url| url.origin()))
            }
            Ok(Ok(reply)) => {
                let media_type = reply.header("content-type").unwrap_or("no content type");
                Self::NotMcp(reply.status, media_type.to_owned())
            }
            _ => Self::Broken(failure),
        }
    }
}

/// Who answered, in the server's own words.
pub(super) fn introduction(payload: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Answer {
        result: Option<Initialized>,
        error: Option<Refusal>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Initialized {
        protocol_version: Option<String>,
        server_info: Option<Info>,
    }
    #[derive(Deserialize)]
    struct Info {
        name: Option<String>,
        version: Option<String>,
    }
    #[derive(Deserialize)]
    struct Refusal {
        code: Option<i64>,
        message: Option<String>,
    }
    match serde_json::from_slice(payload) {
        Ok(Answer {
            result: Some(initialized),
            ..
        }) => {
            let info = initialized.server_info.unwrap_or(Info {
                name: None,
                version: None,
            });
            let words = [
                info.name.unwrap_or_else(|| "a server without a name".to_owned()),
                info.version.unwrap_or_default(),
            ];
            let name = words.join(" ");
            let protocol = initialized.protocol_version.unwrap_or_else(|| "unknown".to_owned());
            format!("initialize answered by {}, protocol {protocol}", name.trim_end())
        }
        // A server without sessions knows no initialize (MCP 2026-07-28).
        Ok(Answer {
            error: Some(refusal), ..
        }) => format!(
            "initialize answered with the JSON-RPC error {}: {}",
            refusal.code.unwrap_or_default(),
            refusal.message.unwrap_or_default()
        ),
        _ => "initialize answered".to_owned(),
    }
}

/// The check that follows.
pub(super) fn judge(id: &str, seen: &Seen, discovery: Option<&Discovery>, route: Route<'_>) -> Check {
    match seen {
        Seen::Answer(introduction) => Check::pass(id, introduction),
        Seen::Status(401, _) => unauthorized(id, discovery, route),
        Seen::Status(status, true) => {
            let (summary, steps) = of_status(*status);
            Check::fail(id, summary).next(steps).next(route.steps(*status))
        }
        Seen::Status(status, false) => {
            let (summary, steps) = of_status(*status);
            let summary = route.summary(*status).unwrap_or(summary);
            Check::fail(id, summary).next(route.steps(*status)).next(steps)
        }
        Seen::Redirect(status, target) => {
            let to = target.as_deref().unwrap_or("another path");
            Check::fail(
                id,
                format!(
                    "HTTP {status}: the server redirects to {to}; only 307 and 308 on the same origin are followed"
                ),
            )
            .next([format!("set {SETTING} to the address that answers itself")])
        }
        Seen::NotMcp(status, media_type) if media_type.to_ascii_lowercase().starts_with("text/html") => {
            Check::fail(id, format!("HTTP {status} with an HTML page instead of MCP")).next([
                format!("check the path in {SETTING}: MCP servers often listen at /mcp"),
                "a login page or a proxy can answer in the server's place: look at the address with a browser"
                    .to_owned(),
            ])
        }
        Seen::NotMcp(status, media_type) => {
            Check::fail(id, format!("HTTP {status} with {media_type} instead of an MCP answer")).next([format!(
                "check the path in {SETTING}: what answers there does not speak MCP over Streamable HTTP"
            )])
        }
        // A proxy that forwards, and wants a user first.
        Seen::Broken(failure) if failure.source == Source::Connect && route.forwarding().is_some() => {
            // With TLS 1.3 a proxy's verdict on our certificate comes with the answer, not with the handshake.
            let about_certificate = failure
                .reason
                .as_deref()
                .is_some_and(|reason| reason.contains("client certificate"));
            Check::fail(id, broken(failure)).next(match (about_certificate, route.demand) {
                (true, _) => vec![
                    "set proxy.client_cert and proxy.client_key to the certificate that the proxy expects".to_owned(),
                ],
                (false, Some(demand)) => proxy_credentials(demand, route.proxy, route.authority),
                (false, None) => vec!["look into the log of the proxy at this moment".to_owned()],
            })
        }
        Seen::Broken(failure) => Check::fail(id, broken(failure)).next([
            "look into the server's log at this moment".to_owned(),
            format!("check that {SETTING} is the Streamable HTTP endpoint of an MCP server"),
        ]),
        Seen::Silent => {
            let seconds = DOCTOR_INITIALIZE_TIMEOUT.as_secs();
            Check::fail(id, format!("no answer to initialize within {seconds} s"))
                .next(["the server took the connection and stayed silent: look into its log"])
        }
    }
}

/// A server that wants logins answers 401; it is healthy when callers can learn where to log in.
fn unauthorized(id: &str, discovery: Option<&Discovery>, route: Route<'_>) -> Check {
    match discovery {
        Some(Discovery::Found { .. } | Discovery::Elsewhere(_)) => {
            Check::pass(id, "HTTP 401: the server wants its users to log in, and says where")
        }
        _ => Check::fail(
            id,
            "HTTP 401: the server wants credentials, and publishes no OAuth metadata that says where to get them",
        )
        .next(route.steps(401))
        .next([
            "if it expects a fixed token: put it into mcp.extra_headers by reference (env:NAME or file:PATH)",
            "if its users log in: let it publish protected-resource metadata (RFC 9728)",
        ]),
    }
}

fn of_status(status: u16) -> (String, Vec<String>) {
    let path = format!("check the path in {SETTING}: MCP servers often listen at /mcp");
    match status {
        403 => (
            "HTTP 403: the server refuses this client".to_owned(),
            vec![
                "servers that check Host or Origin must be told the name in the URL".to_owned(),
                "if it expects a token: put it into mcp.extra_headers by reference".to_owned(),
            ],
        ),
        404 => ("HTTP 404: there is no MCP endpoint at this path".to_owned(), vec![path]),
        405 | 501 => (
            format!("HTTP {status}: this path does not take POST"),
            vec![
                path,
                "a server of the older HTTP+SSE transport answers so; it needs Streamable HTTP".to_owned(),
            ],
        ),
        406 | 415 => (
            format!("HTTP {status}: the server does not take JSON or answer with it"),
            vec![path],
        ),
        500..=599 => (
            format!("HTTP {status}: the server, or a gateway before it, is not well"),
            vec!["look into the server's log at this moment".to_owned()],
        ),
        _ => (
            format!("HTTP {status} instead of an answer to initialize"),
            vec!["look into the server's log at this moment".to_owned(), path],
        ),
    }
}

fn broken(failure: &Failure) -> String {
    match failure.kind {
        "malformed_json" => "the answer says that it is JSON and is not".to_owned(),
        "invalid_protocol_response" => "the answer is JSON, but no answer to initialize".to_owned(),
        "response_body_missing" => "the answer is empty".to_owned(),
        "non_protocol_response" => "what answers there does not speak HTTP, or not MCP".to_owned(),
        "eof" | "connection_reset" | "connection_closed" | "unexpected_eof" => {
            "the server hung up before it answered initialize".to_owned()
        }
        _ => format!("initialize was not answered: {}", describe(failure)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn a_401_is_healthy_only_with_metadata() {
        let found = Discovery::Found {
            status: 200,
            from: String::new(),
            servers: Vec::new(),
        };
        for (discovery, status) in [(Some(&found), Status::Pass), (None, Status::Fail)] {
            let route = Route {
                tls: false,
                asked: None,
                identity: "",
                address: "",
                authority: "",
                proxy: None,
                demand: None,
            };
            assert_eq!(judge("x", &Seen::Status(401, false), discovery, route).status, status);
        }
    }

    #[test]
    fn servers_introduce_themselves_and_nonsense_is_survived() {
        for (payload, expected) in [
            (
                r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","serverInfo":{"name":"n","version":"1"}}}"#,
                "initialize answered by n 1, protocol 2025-06-18",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#,
                "initialize answered with the JSON-RPC error -32601: no",
            ),
            (
                r#"{"result":{}}"#,
                "initialize answered by a server without a name, protocol unknown",
            ),
            (r#"{"result":{"serverInfo":7}}"#, "initialize answered"),
        ] {
            assert_eq!(introduction(payload.as_bytes()), expected);
        }
    }
}
