//! Failures told truthfully: the provenance vocabulary of the contract (contract: wire, section 8).

use std::fmt::Write as _;

use http::StatusCode;

use super::jsonrpc::INTERNAL_ERROR;
use super::said::Said;

/// Which hop failed. The names are the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The MCP server answered with an HTTP error.
    TargetHttp,
    /// Its name did not resolve.
    Dns,
    /// The TLS handshake failed.
    Tls,
    /// No connection came about.
    Connect,
    /// The connection or pipe ended.
    TransportClosed,
    /// A time bound passed.
    Timeout,
    /// The answer is not MCP.
    Protocol,
    /// The client itself could not go on.
    ClientInternal,
}

impl Source {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TargetHttp => "target_http",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Connect => "connect",
            Self::TransportClosed => "transport_closed",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::ClientInternal => "client_internal",
        }
    }

    /// What a caller is told.
    fn words(self) -> &'static str {
        match self {
            Self::TargetHttp => "MCP server answered an HTTP error",
            Self::Dns => "MCP server not reachable: its name could not be resolved",
            Self::Tls => "MCP server not reachable",
            Self::Connect => "MCP server not reachable",
            Self::TransportClosed => "connection to the MCP server lost",
            Self::Timeout => "MCP server did not answer in time",
            Self::Protocol => "answer of the MCP server not usable",
            Self::ClientInternal => "the tunnel client could not go on",
        }
    }
}

/// One failed command: the status that the caller gets, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `resp_code`.
    pub status: u16,
    /// Which hop failed.
    pub source: Source,
    /// `transport_error_kind`, one of the contract's words.
    pub kind: &'static str,
    /// True when the MCP server had answered before the failure.
    pub received: bool,
    /// The server's status, when it is the failure: 400 to 599.
    pub upstream_status: Option<u16>,
    /// What the words of the contract do not say, for the log.
    pub reason: Option<String>,
    /// The cause in words for the caller, where [`Self::kind`] says too little. It names no address and no setting.
    pub cause: Option<String>,
    /// The MCP server's own words, for the caller only.
    pub said: Option<Said>,
}

impl Failure {
    /// The connection to the MCP server never came about, or broke: 502.
    pub fn transport(source: Source, kind: &'static str) -> Self {
        Self {
            status: 502,
            source,
            kind,
            received: false,
            upstream_status: None,
            reason: None,
            cause: None,
            said: None,
        }
    }

    /// The server did not answer in time: 504.
    pub fn timeout() -> Self {
        Self {
            status: 504,
            ..Self::transport(Source::Timeout, "timeout")
        }
    }

    /// The server answered something that is not MCP: 502.
    pub fn protocol(kind: &'static str) -> Self {
        Self {
            received: true,
            ..Self::transport(Source::Protocol, kind)
        }
    }

    /// The server answered with an error that names no request: 502.
    pub fn unnamed() -> Self {
        Self::protocol("invalid_protocol_response").because("its error names no request")
    }

    /// The server answered an HTTP status that is no success; only 400 to 599 are the target's own failure.
    pub fn http(status: u16, kind: &'static str) -> Self {
        if (400..=599).contains(&status) {
            Self {
                status,
                source: Source::TargetHttp,
                kind,
                received: true,
                upstream_status: Some(status),
                ..Self::protocol(kind)
            }
        } else {
            Self::protocol("non_protocol_response")
        }
    }

    /// The client stops before the command is done: 503.
    pub fn shutting_down() -> Self {
        Self {
            status: 503,
            ..Self::transport(Source::ClientInternal, "unknown")
        }
    }

    /// The same with a cause in words, for the caller and for the log.
    #[must_use]
    pub fn because(self, cause: impl Into<String>) -> Self {
        let cause = cause.into();
        Self {
            reason: Some(cause.clone()),
            cause: Some(cause),
            ..self
        }
    }

    /// The same with the server's own words.
    #[must_use]
    pub fn saying(self, said: Option<Said>) -> Self {
        Self { said, ..self }
    }

    /// The JSON-RPC error that tells the caller. `id` is JSON text, see [`error_json`]; `request_id` names the command.
    pub fn to_json(&self, id: Option<&str>, request_id: &str) -> String {
        let request_id = serde_json::Value::from(request_id);
        let mut data = format!(
            r#"{{"request_id":{request_id},"tunnel_failure":{{"version":1,"source":"{}","transport_error_kind":"{}","upstream_response_received":{}"#,
            self.source.as_str(),
            self.kind,
            self.received
        );
        if let Some(status) = self.upstream_status {
            // Writing to a String cannot fail.
            let _ = write!(data, r#","upstream_status":{status}"#);
        }
        data.push('}');
        if let Some(said) = &self.said {
            data.push_str(r#","mcp_server":"#);
            data.push_str(&said.to_json());
        }
        data.push('}');
        error_json(id, INTERNAL_ERROR, &self.message(), Some(&data))
    }

    /// What happened, in one sentence: SDKs show their users nothing else.
    fn message(&self) -> String {
        let mut text = match (self.source, self.upstream_status) {
            (Source::TargetHttp, Some(status)) => format!("MCP server answered HTTP {status}"),
            (Source::ClientInternal, _) if self.status == 503 => "the tunnel client shuts down".to_owned(),
            _ => self.source.words().to_owned(),
        };
        match (&self.cause, self.source) {
            (Some(cause), _) => text = format!("{text}: {cause}"),
            // The server's own words often begin with the phrase of the status.
            (None, Source::TargetHttp) => {
                let phrase = reason(self.status);
                if self.said.as_ref().is_none_or(|said| !said.text().starts_with(phrase)) {
                    text = format!("{text} ({phrase})");
                }
            }
            (None, _) => {
                if let Some(words) = words_of(self.kind) {
                    text = format!("{text}: {words}");
                }
            }
        }
        match &self.said {
            Some(said) => format!("{text}: {}", said.text()),
            None => text,
        }
    }
}

/// A kind of the contract in words. `None` for those that repeat their source.
fn words_of(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "connection_refused" => "connection refused",
        "network_unreachable" => "network unreachable",
        "host_unreachable" => "host unreachable",
        "dial" => "no connection could be made",
        "connection_reset" => "connection reset",
        "connection_aborted" => "connection aborted",
        "closed_pipe" => "it does not read any more",
        "eof" => "it ended before the answer",
        "unexpected_eof" => "it ended inside the answer",
        "connection_closed" => "connection closed",
        "malformed_json" => "it is not JSON",
        "tls" => "TLS failed",
        "response_body_missing" => "it is empty",
        "response_body_unreadable" => "it breaks off",
        "response_body_too_large" => "it is too large",
        "non_protocol_response" => "it is not MCP",
        "invalid_protocol_response" => "it is JSON, but not the answer to this request",
        _ => return None,
    })
}

/// The reason phrase of a status.
pub fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status)
        .ok()
        .and_then(|s| s.canonical_reason())
        .unwrap_or("Error")
}

/// A JSON-RPC error response of the client's own; `data.request_id` names the command. `id` is JSON text, see [`error_json`].
pub fn own_error_json(id: Option<&str>, code: i32, message: &str, request_id: &str) -> String {
    let data = format!(r#"{{"request_id":{}}}"#, serde_json::Value::from(request_id));
    error_json(id, code, message, Some(&data))
}

/// A JSON-RPC error response. `id` and `data` are JSON text. Without `id` there is no such member: it answers a message that has
/// none. An id that could not be read is `null`.
pub fn error_json(id: Option<&str>, code: i32, message: &str, data: Option<&str>) -> String {
    let id = id.map(|id| format!(r#""id":{id},"#)).unwrap_or_default();
    let data = data.map(|data| format!(r#","data":{data}"#)).unwrap_or_default();
    let message = serde_json::Value::from(message);
    format!(r#"{{"jsonrpc":"2.0",{id}"error":{{"code":{code},"message":{message}{data}}}}}"#)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn provenance_carries_the_contracts_fields_only_and_the_commands_name() {
        let failure = Failure::http(503, "malformed_json");
        let v: Value = serde_json::from_str(&failure.to_json(Some("\"a\""), "r\"1")).unwrap();
        assert_eq!(
            v,
            json!({"jsonrpc":"2.0","id":"a","error":{"code":-32603,"message":"MCP server answered HTTP 503 (Service Unavailable)","data":{"request_id":"r\"1","tunnel_failure":
                {"version":1,"source":"target_http","transport_error_kind":"malformed_json","upstream_response_received":true,"upstream_status":503}}}})
        );
    }

    fn told(failure: &Failure) -> Value {
        serde_json::from_str::<Value>(&failure.to_json(None, "r")).unwrap()["error"].clone()
    }

    #[test]
    fn the_message_says_what_happened() {
        for (failure, message) in [
            (
                Failure::transport(Source::Connect, "connection_refused"),
                "MCP server not reachable: connection refused",
            ),
            (
                Failure::transport(Source::Dns, "dns"),
                "MCP server not reachable: its name could not be resolved",
            ),
            (
                Failure::transport(Source::TransportClosed, "connection_reset"),
                "connection to the MCP server lost: connection reset",
            ),
            (Failure::timeout(), "MCP server did not answer in time"),
            (
                Failure::protocol("malformed_json"),
                "answer of the MCP server not usable: it is not JSON",
            ),
            (
                Failure::protocol("malformed_json").because("the reason"),
                "answer of the MCP server not usable: the reason",
            ),
            (Failure::shutting_down(), "the tunnel client shuts down"),
        ] {
            assert_eq!(told(&failure)["message"], message);
        }
    }

    #[test]
    fn the_servers_own_words_stand_in_the_message_and_beside_the_provenance() {
        let body = br#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Bad Request: no session"}}"#;
        let said = Said::of("application/json", body, |text| text.to_owned());
        let error = told(&Failure::http(400, "invalid_mcp_error").saying(said));
        assert_eq!(
            error["message"],
            "MCP server answered HTTP 400: Bad Request: no session"
        );
        assert_eq!(
            error["data"]["mcp_server"],
            json!({"code": -32600, "message": "Bad Request: no session"})
        );
        assert_eq!(error["data"]["tunnel_failure"]["source"], "target_http");
    }

    #[test]
    fn only_error_statuses_count_as_the_targets_own() {
        assert_eq!(
            Failure::http(302, "http_status"),
            Failure::protocol("non_protocol_response")
        );
        assert_eq!(Failure::timeout().status, 504);
        let closed = Failure::transport(Source::TransportClosed, "eof");
        assert!(!closed.received && closed.upstream_status.is_none());
    }
}
