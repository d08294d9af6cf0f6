//! What the relay says when it refuses: API errors to clients and managers, JSON-RPC errors to callers.

use http::StatusCode;

/// The stable codes, shared with the hosted service where it has one for the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Code {
    /// No key, or one that the relay does not know.
    InvalidApiKey,
    /// The key may not poll or answer for this tunnel.
    TunnelUseForbidden,
    /// The key may not manage tunnels.
    ManagementPermissionRequired,
    /// The key may not call this tunnel.
    ConnectForbidden,
    /// No such tunnel.
    TunnelNotFound,
    /// Not `tunnel_` and 32 lower-case letters or digits.
    InvalidTunnelId,
    /// Not `^[a-z0-9_-]{1,64}$`.
    InvalidChannel,
    /// Not the JSON that this endpoint takes.
    InvalidJson,
    /// A parameter is malformed or out of range.
    InvalidParameter,
    /// A body larger than the relay takes.
    BodyTooLarge,
    /// A body did not arrive in time.
    BodyTimeout,
    /// `DELETE` without `Mcp-Session-Id`.
    MissingSessionId,
    /// The command was answered before, has expired or never existed.
    PendingRequestNotFound,
    /// A message before the answer, and nobody waits for the command any more.
    CallerGone,
    /// The command belongs to another tunnel.
    RequestMismatch,
    /// Too many polls, or a caller too slow for the stream it gets.
    RateLimitExceeded,
    /// The relay holds as much as it can, or is shutting down.
    Unavailable,
    /// Too many commands wait for the client.
    QueueFull,
    /// No client has polled lately.
    ClientNotConnected,
    /// No answer in time.
    Timeout,
    /// The client's answer cannot be passed on.
    InvalidClientResponse,
    /// A response to a request that no server has made.
    UnknownServerRequest,
    /// `Host` is none of the relay's names.
    HostNotAllowed,
    /// `Origin` is another site.
    OriginNotAllowed,
    /// `Accept` names nothing that the endpoint gives.
    NotAcceptable,
    /// The body is not announced as JSON.
    UnsupportedMediaType,
    /// No such path.
    NotFound,
    /// Not this method here.
    MethodNotAllowed,
    /// Something of the relay's own failed.
    Internal,
}

impl Code {
    /// As written on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InvalidApiKey => "invalid_api_key",
            Self::TunnelUseForbidden => "tunnel_use_forbidden",
            Self::ManagementPermissionRequired => "tunnel_management_permission_required",
            Self::ConnectForbidden => "tunnel_connect_forbidden",
            Self::TunnelNotFound => "tunnel_not_found",
            Self::InvalidTunnelId => "invalid_tunnel_id_format",
            Self::InvalidChannel => "invalid_channel_format",
            Self::InvalidJson => "invalid_json_payload",
            Self::InvalidParameter => "invalid_parameter",
            Self::BodyTooLarge => "request_body_too_large",
            Self::BodyTimeout => "request_body_timeout",
            Self::MissingSessionId => "missing_mcp_session_id",
            Self::PendingRequestNotFound => "pending_request_not_found",
            Self::CallerGone => "tunnel_caller_gone",
            Self::RequestMismatch => "tunnel_request_mismatch",
            Self::RateLimitExceeded => "rate_limit_exceeded",
            Self::Unavailable => "tunnel_transport_unavailable",
            Self::QueueFull => "tunnel_queue_full",
            Self::ClientNotConnected => "tunnel_client_not_connected",
            Self::Timeout => "tunnel_response_timeout",
            Self::InvalidClientResponse => "invalid_client_response",
            Self::UnknownServerRequest => "unknown_server_request",
            Self::HostNotAllowed => "host_not_allowed",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::NotAcceptable => "not_acceptable",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Internal => "internal_error",
        }
    }

    /// The status that goes with it, where an endpoint's contract names no other.
    fn status(self) -> StatusCode {
        match self {
            Self::InvalidApiKey | Self::RequestMismatch => StatusCode::UNAUTHORIZED,
            Self::TunnelUseForbidden
            | Self::ManagementPermissionRequired
            | Self::ConnectForbidden
            | Self::HostNotAllowed
            | Self::OriginNotAllowed => StatusCode::FORBIDDEN,
            Self::TunnelNotFound | Self::PendingRequestNotFound | Self::NotFound => StatusCode::NOT_FOUND,
            Self::CallerGone => StatusCode::GONE,
            Self::InvalidTunnelId
            | Self::InvalidChannel
            | Self::InvalidJson
            | Self::InvalidParameter
            | Self::MissingSessionId
            | Self::UnknownServerRequest => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::RateLimitExceeded | Self::QueueFull => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable | Self::ClientNotConnected => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::InvalidClientResponse => StatusCode::BAD_GATEWAY,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The JSON-RPC code: malformed text, a request that cannot be, or anything that failed on the way.
    fn rpc(self) -> i32 {
        match self {
            Self::InvalidJson => -32700,
            Self::InvalidTunnelId
            | Self::InvalidChannel
            | Self::InvalidParameter
            | Self::MissingSessionId
            | Self::UnknownServerRequest
            | Self::BodyTooLarge
            | Self::BodyTimeout
            | Self::NotAcceptable
            | Self::UnsupportedMediaType
            | Self::MethodNotAllowed
            | Self::HostNotAllowed
            | Self::OriginNotAllowed
            | Self::InvalidApiKey
            | Self::ConnectForbidden
            | Self::TunnelNotFound => -32600,
            _ => -32603,
        }
    }
}

/// A refusal, before it takes the form that its reader expects.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The stable code.
    pub(crate) code: Code,
    /// The JSON-RPC code, for callers.
    pub(crate) rpc: i32,
    /// What failed and what to do, for people. Never a secret.
    pub(crate) message: String,
    /// The parameter or header at fault.
    pub(crate) param: Option<&'static str>,
    /// When to come again, in seconds.
    pub(crate) retry_after: Option<u32>,
    /// The methods that the path knows.
    pub(crate) allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal with the status that goes with the code.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            status: code.status(),
            code,
            rpc: code.rpc(),
            message: message.into(),
            param: None,
            retry_after: None,
            allow: None,
        }
    }

    /// The same with another status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with another JSON-RPC code.
    pub(crate) fn with_rpc(self, rpc: i32) -> Self {
        Self { rpc, ..self }
    }

    /// The same, naming the parameter at fault.
    pub(crate) fn at(self, param: &'static str) -> Self {
        Self {
            param: Some(param),
            ..self
        }
    }

    /// The same, saying when to come again.
    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// 405, naming the methods that the path knows.
    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(Code::MethodNotAllowed, format!("this path takes {allow}"))
        }
    }

    /// `{"error":{message,type,param,code}}`, for clients and managers.
    pub(crate) fn api_body(&self) -> String {
        let kind = if self.status.is_server_error() {
            "server_error"
        } else {
            "invalid_request_error"
        };
        let error = serde_json::json!({
            "error": { "message": self.message, "type": kind, "param": self.param, "code": self.code.as_str() }
        });
        error.to_string()
    }
}
