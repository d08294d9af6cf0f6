//! Failures told truthfully: the provenance vocabulary of the contract (spec: wire, section 8; better 11 and 12).

use std::fmt::Write as _;

use http::StatusCode;

use super::jsonrpc::INTERNAL_ERROR;

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

    /// The JSON-RPC error that tells the caller. `id` is JSON text, `None` gives `null`.
    pub fn to_json(&self, id: Option<&str>) -> String {
        let mut data = format!(
            r#"{{"tunnel_failure":{{"version":1,"source":"{}","transport_error_kind":"{}","upstream_response_received":{}"#,
            self.source.as_str(),
            self.kind,
            self.received
        );
        if let Some(status) = self.upstream_status {
            // Writing to a String cannot fail.
            let _ = write!(data, r#","upstream_status":{status}"#);
        }
        data.push_str("}}");
        match &self.cause {
            Some(cause) => {
                let message = format!("{}: {cause}", reason(self.status));
                error_json(id, INTERNAL_ERROR, &message, Some(&data))
            }
            None => error_json(id, INTERNAL_ERROR, reason(self.status), Some(&data)),
        }
    }
}

/// The reason phrase of a status.
pub fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status)
        .ok()
        .and_then(|s| s.canonical_reason())
        .unwrap_or("Error")
}

/// A JSON-RPC error response. `id` and `data` are JSON text.
pub fn error_json(id: Option<&str>, code: i32, message: &str, data: Option<&str>) -> String {
    let id = id.unwrap_or("null");
    let message = serde_json::Value::from(message);
    match data {
        Some(data) => {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{message},"data":{data}}}}}"#)
        }
        None => format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{message}}}}}"#),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn provenance_carries_the_contracts_fields_only() {
        let failure = Failure::http(503, "malformed_json");
        let v: Value = serde_json::from_str(&failure.to_json(Some("\"a\""))).unwrap();
        assert_eq!(
            v,
            json!({"jsonrpc":"2.0","id":"a","error":{"code":-32603,"message":"Service Unavailable","data":{"tunnel_failure":
                {"version":1,"source":"target_http","transport_error_kind":"malformed_json","upstream_response_received":true,"upstream_status":503}}}})
        );
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
