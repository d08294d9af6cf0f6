//! Log messages about one request in words: where it failed, and what to do.

use super::line::Line;

/// One line explained.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// What happened, and at which hop.
    pub(super) what: String,
    /// What to do; empty when there is nothing.
    pub(super) action: &'static str,
}

/// The meaning of a line of the client or the relay; `None` for one that says it itself.
pub(super) fn meaning(line: &Line) -> Option<Meaning> {
    let says = |what: &str, action| {
        Some(Meaning {
            what: what.to_owned(),
            action,
        })
    };
    match line.message.as_str() {
        "MCP command failed" => Some(failed(line)),
        "command response deadline reached; dropping without posting a response" => Some(expired(line)),
        "response not delivered" => says(
            "between client and control plane: the MCP server answered, and its answer could not be delivered",
            "check the way to the control plane with tunnel-client doctor; for status_code 401 or 403 check the API key",
        ),
        "the service did not wait for this response any more" => says(
            "at the control plane: the answer came after the caller's time was up",
            "compare the time of the MCP server with the caller's timeout",
        ),
        "the caller of this command is gone" => says("at the caller: it closed its connection before the answer", ""),
        "a command was refused" => says(
            "at the client: it did not send the request to the MCP server; reason says why",
            "for a full queue raise control_plane.max_inflight_requests, or find the slow MCP server",
        ),
        "command for a channel that is not bound" => says(
            "at the client: no MCP server is bound to this channel",
            "bind the channel in mcp.server_urls or mcp.commands, or correct the channel in the caller's URL",
        ),
        "call answered" => says("at the relay: the answer reached the caller's connection", ""),
        "call abandoned by its caller" => says("at the caller: it closed its connection before the answer", ""),
        "request refused" => Some(refused(line)),
        _ => None,
    }
}

fn failed(line: &Line) -> Meaning {
    let (what, action) = match line.field("failure_source") {
        Some("dns") => (
            "between client and MCP server: the name of the server was not resolved",
            "check the server's URL and the resolver of this host",
        ),
        Some("tls") => (
            "between client and MCP server: the TLS handshake failed",
            "check the server's certificate and ca_bundle with tunnel-client doctor",
        ),
        Some("connect") => (
            "between client and MCP server: no connection was made",
            "start the MCP server, or correct its URL",
        ),
        Some("transport_closed") => (
            "at the MCP server: it ended the connection before its answer was complete",
            "look for a restart or a crash in the server's log",
        ),
        Some("timeout") => (
            "at the MCP server: it did not answer in time",
            "find out in the server's log what takes so long; mcp.connection_max_ttl bounds a call",
        ),
        Some("protocol") => (
            "at the MCP server: its answer is not a usable MCP message",
            "check that the URL is the server's MCP endpoint",
        ),
        Some("target_http") => (
            "at the MCP server: it answered an HTTP error",
            "search the server's log for the X-Request-Id of this request",
        ),
        Some("client_internal") => ("at the client: it was stopping", "send the request again"),
        _ => ("between client and MCP server", ""),
    };
    Meaning {
        what: format!("{what}{}", times(line)),
        action,
    }
}

fn expired(line: &Line) -> Meaning {
    let ms = |name| {
        line.field(name)
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or_default()
    };
    let (what, action) = if ms("queue_ms") > ms("server_ms") {
        (
            "at the client: the request waited for a free place until the caller's time was up",
            "raise mcp.max_concurrent_requests, or find the slow MCP server",
        )
    } else {
        (
            "at the MCP server: it did not answer before the caller's time was up",
            "find out in the server's log what takes so long",
        )
    };
    Meaning {
        what: format!("{what}{}", times(line)),
        action,
    }
}

fn refused(line: &Line) -> Meaning {
    let (what, action) = match line.field("error") {
        Some("tunnel_client_not_connected") => (
            "between relay and client: no client polls this tunnel",
            "start tunnel-client, or look at its /readyz",
        ),
        Some("tunnel_response_timeout") => (
            "beyond the relay: no answer came in time",
            "explain the same request_id with the client's log",
        ),
        Some("tunnel_queue_full") => (
            "at the relay: too many requests wait for the client",
            "look at the client's queue_length metric and for a slow MCP server",
        ),
        Some("invalid_api_key" | "tunnel_connect_forbidden") => (
            "at the relay: the caller's key does not open this tunnel",
            "check the caller's key and its scopes",
        ),
        _ => ("at the relay: it refused the request; error says why", ""),
    };
    Meaning {
        what: what.to_owned(),
        action,
    }
}

/// Milliseconds in each part of the client, as far as the line has them.
fn times(line: &Line) -> String {
    let parts = [
        ("queue_ms", "queue"),
        ("server_ms", "server"),
        ("delivery_ms", "delivery"),
    ];
    let known: Vec<String> = parts
        .iter()
        .filter_map(|(name, word)| Some(format!("{word} {} ms", line.field(name)?)))
        .collect();
    match known.is_empty() {
        true => String::new(),
        false => format!(" ({})", known.join(", ")),
    }
}
