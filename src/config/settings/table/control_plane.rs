//! The control plane and how it is polled.

use super::{COMMAS, FILE, HEADERS, KEY, NUMBER, PROXY, Setting, Shown, TEXT, TIME};

pub(in crate::config) static BASE_URL: Setting = Setting {
    key: "control_plane.base_url",
    flag: "control-plane.base-url",
    hidden_flag: Some("control-plane-base-url"),
    variables: &["CONTROL_PLANE_BASE_URL"],
    reference: true,
    shown: Shown::Origin,
    default: Some("https://api.openai.com"),
    placeholder: "URL",
    help: "Scheme, host and port of the control plane",
    details: "A path in it is not used: see url_path. With a client certificate, https://api.openai.com becomes https://mtls.api.openai.com.",
    ..TEXT
};

pub(in crate::config) static URL_PATH: Setting = Setting {
    key: "control_plane.url_path",
    flag: "control-plane.url-path",
    hidden_flag: Some("control-plane-url-path"),
    variables: &["CONTROL_PLANE_URL_PATH"],
    reference: true,
    placeholder: "/PATH",
    help: "Put before the path of every control plane request",
    values: "begins with /, no query or fragment",
    ..TEXT
};

pub(in crate::config) static TUNNEL_ID: Setting = Setting {
    key: "control_plane.tunnel_id",
    flag: "control-plane.tunnel-id",
    hidden_flag: Some("control-plane-tunnel-id"),
    variables: &["CONTROL_PLANE_TUNNEL_ID"],
    placeholder: "ID",
    help: "The tunnel to serve (required)",
    values: "tunnel_ and 32 lower-case letters or digits",
    ..TEXT
};

pub(in crate::config) static ORGANIZATION_ID: Setting = Setting {
    key: "control_plane.organization_id",
    flag: "control-plane.organization-id",
    hidden_flag: Some("control-plane-organization-id"),
    variables: &["CONTROL_PLANE_ORGANIZATION_ID"],
    placeholder: "ID",
    help: "Organization, sent as the header OpenAI-Organization",
    values: "at most 256 printable ASCII characters",
    details: "It wins over a header of that name in extra_headers.",
    ..TEXT
};

pub(in crate::config) static API_KEY: Setting = Setting {
    key: "control_plane.api_key",
    flag: "control-plane.api-key",
    hidden_flag: Some("control-plane-api-key"),
    variables: &["CONTROL_PLANE_API_KEY", "OPENAI_API_KEY"],
    help: "Where the runtime API key is kept, never the key itself (required)",
    details: "The variables hold the key itself; the flag and a file only say where it is kept. A secret file is refused when others can reach and read it.",
    ..KEY
};

pub(in crate::config) static CONTROL_CERT: Setting = Setting {
    key: "control_plane.client_cert",
    flag: "control-plane.client-cert",
    hidden_flag: Some("control-plane-client-cert"),
    variables: &["CONTROL_PLANE_CLIENT_CERT"],
    help: "PEM file of the client certificate and its chain, for the control plane",
    details: "Needs client_key.",
    ..FILE
};

pub(in crate::config) static CONTROL_KEY: Setting = Setting {
    key: "control_plane.client_key",
    flag: "control-plane.client-key",
    hidden_flag: Some("control-plane-client-key"),
    variables: &["CONTROL_PLANE_CLIENT_KEY"],
    help: "PEM file of the private key of that certificate",
    details: "It must belong to client_cert. A file that others can reach and read is refused.",
    ..FILE
};

pub(in crate::config) static CONTROL_PROXY: Setting = Setting {
    key: "control_plane.http_proxy",
    flag: "control-plane.http-proxy",
    variables: &["CONTROL_PLANE_HTTP_PROXY"],
    help: "Proxy for the control plane, instead of http-proxy",
    details: "A proxy that is set here is used for every host, whatever NO_PROXY says. A password in the URL is sent to the proxy and never shown.",
    ..PROXY
};

pub(in crate::config) static MAX_INFLIGHT: Setting = Setting {
    key: "control_plane.max_inflight_requests",
    flag: "control-plane.max-inflight",
    variables: &["CONTROL_PLANE_MAX_INFLIGHT_REQUESTS"],
    default: Some("20"),
    help: "Commands that may wait in the local queue",
    values: "1 to 10000",
    details: "How many run at once is mcp.max_concurrent_requests.",
    ..NUMBER
};

pub(in crate::config) static POLL_TIMEOUT: Setting = Setting {
    key: "control_plane.poll_timeout",
    flag: "control-plane.poll-timeout",
    variables: &["CONTROL_PLANE_POLL_TIMEOUT"],
    default: Some("30s"),
    help: "How long the control plane may hold one poll open",
    values: "more than 0; with the guardrail at most 10m",
    ..TIME
};

pub(in crate::config) static INITIAL_POLL_TIMEOUT: Setting = Setting {
    key: "control_plane.initial_poll_timeout",
    flag: "control-plane.initial-poll-timeout",
    variables: &["CONTROL_PLANE_INITIAL_POLL_TIMEOUT"],
    default: Some("30s"),
    help: "How long the control plane may hold the first poll open, if that is less than the poll timeout",
    values: "more than 0",
    details: "Shows soon after the start that polls work. Only the first attempt is shorter, also when it fails, and the client gives it up no sooner than others.",
    ..TIME
};

pub(in crate::config) static POLL_GUARDRAIL: Setting = Setting {
    key: "control_plane.poll_deadline_guardrail",
    flag: "control-plane.poll-deadline-guardrail",
    variables: &["CONTROL_PLANE_POLL_DEADLINE_GUARDRAIL"],
    default: Some("5s"),
    help: "Waited on top of the poll timeout before a poll is given up",
    values: "more than 0, less than 1m",
    ..TIME
};

pub(in crate::config) static POLL_CHANNELS: Setting = Setting {
    key: "control_plane.poll_channels",
    flag: "control-plane.poll-channel",
    variables: &["CONTROL_PLANE_POLL_CHANNELS"],
    placeholder: "CHANNEL",
    help: "Channel to poll for; repeatable or with commas; unset: the control plane chooses",
    values: "lower-case channel names, each once",
    details: "Each needs a server, and main must not be left without one unless it is left out here.",
    ..COMMAS
};

pub(in crate::config) static CONTROL_HEADERS: Setting = Setting {
    key: "control_plane.extra_headers",
    flag: "control-plane.extra-headers",
    variables: &["CONTROL_PLANE_EXTRA_HEADERS"],
    help: "Header of every control plane request; repeatable, with , or ; between them in the variable",
    details: "Refused: Authorization, Accept, User-Agent, X-Tunnel-Client-Name, X-Tunnel-Client-Version, X-Tunnel-Client-Instance-Id, X-Tunnel-Client-Wire-Protocol-Version, X-Tunnel-Client-Capabilities, X-Tunnel-MCP-Server-Info.",
    ..HEADERS
};

/// Settings of this page, in the order of help texts.
pub(super) const CONTROL_PLANE: &[&Setting] = &[
    &BASE_URL,
    &URL_PATH,
    &TUNNEL_ID,
    &ORGANIZATION_ID,
    &API_KEY,
    &CONTROL_CERT,
    &CONTROL_KEY,
    &CONTROL_PROXY,
    &MAX_INFLIGHT,
    &POLL_TIMEOUT,
    &INITIAL_POLL_TIMEOUT,
    &POLL_GUARDRAIL,
    &POLL_CHANNELS,
    &CONTROL_HEADERS,
];
