//! The private MCP servers.

use super::Kind::Records;
use super::Separator::Line as Lines;
use super::Spelling::{Bare, Key, Line};
use super::{COMMAS, FILE, Field, HEADERS, NUMBER, PROXY, RECORDS, SWITCH, Setting, Shape, Shown, TIME, field, one};

pub(in crate::config) static SERVER_URLS: Setting = Setting {
    key: "mcp.server_urls",
    flag: "mcp.server-url",
    hidden_flag: Some("mcp-server-url"),
    variables: &["MCP_SERVER_URL"],
    kind: Records(
        Lines,
        &[
            one("channel", Key("channel")),
            one("url", Bare("url")),
            one("unix_socket", Key("unix-socket")),
            one("http_proxy", Key("http-proxy")),
            one("client_cert", Key("client-cert")),
            one("client_key", Key("client-key")),
        ],
    ),
    placeholder: "URL|channel=NAME,url=URL[,unix-socket=PATH]",
    help: "MCP server spoken to over HTTP; repeatable, one line each in the variable",
    values: "channel: 1 to 64 letters, digits, - or _",
    details: "A channel has one server, here or in mcp.commands; an entry without a channel is for main. unix_socket is connected to instead of the host of the URL, and excludes http_proxy. http_proxy, client_cert and client_key are for this server only, and are written like those of the section mcp.",
    ..RECORDS
};

/// The keys of `sandbox`.
const SANDBOX: &[Field] = &[
    field("level", Shape::One),
    field("read", Shape::List),
    field("write", Shape::List),
    field("connect", Shape::List),
    field("network", Shape::One),
    field("devices", Shape::List),
    field("allow_writable_program", Shape::One),
];

pub(in crate::config) static COMMANDS: Setting = Setting {
    key: "mcp.commands",
    flag: "mcp.command",
    hidden_flag: Some("mcp-command"),
    variables: &["MCP_COMMAND"],
    kind: Records(
        Lines,
        &[
            one("channel", Key("channel")),
            one("command", Line("command")),
            field("env", Shape::Names),
            field("pass_env", Shape::List),
            field("sandbox", Shape::Group(SANDBOX)),
        ],
    ),
    shown: Shown::Program,
    placeholder: "COMMAND|channel=NAME,command=COMMAND",
    help: "MCP server run as a child process; repeatable, one line each in the variable",
    values: "channel: 1 to 64 letters, digits, - or _",
    details: "Split into words as a shell does, with quotes and backslashes, but nothing is expanded and no shell is started: $NAME, ~, *, |, && and > reach the program as they are, with a warning unless they stand in quotes. For what only a shell does, write sh -c and the line in single quotes. Messages are lines of JSON on stdin and stdout; lines of its stderr go to that of tunnel-client, with the channel before them. Only a configuration file takes the other keys. env sets variables of this server, each a text, env:NAME, file:PATH or credential:NAME; pass_env lets it have more of the environment than mcp.pass_env does. Neither takes a secret of tunnel-client. sandbox is default, strict or off, or a mapping: level; and with level: strict, what the server may do in addition to running its program: read and write (absolute paths, with everything below them), connect (TCP ports), network (none: no internet sockets, tcp: those ports, any), allow_writable_program (true: start although another stdio server can replace the program). With level: default and strict, devices names those below /dev that it may use besides null, zero, full, random and urandom.",
    ..RECORDS
};

pub(in crate::config) static MCP_PROXY: Setting = Setting {
    key: "mcp.http_proxy",
    flag: "mcp.http-proxy",
    variables: &["MCP_HTTP_PROXY"],
    help: "Proxy for MCP servers, instead of http-proxy",
    details: "A proxy that is set here is used for every host, whatever NO_PROXY says.",
    ..PROXY
};

pub(in crate::config) static MCP_CERT: Setting = Setting {
    key: "mcp.client_cert",
    flag: "mcp.client-cert",
    variables: &["MCP_CLIENT_CERT"],
    help: "PEM file of the client certificate and its chain, for MCP servers without one of their own",
    details: "Needs client_key and a server in mcp.server_urls.",
    ..FILE
};

pub(in crate::config) static MCP_KEY: Setting = Setting {
    key: "mcp.client_key",
    flag: "mcp.client-key",
    variables: &["MCP_CLIENT_KEY"],
    help: "PEM file of the private key of that certificate",
    details: "It must belong to client_cert. A file that others can reach and read is refused.",
    ..FILE
};

pub(in crate::config) static MCP_HEADERS: Setting = Setting {
    key: "mcp.extra_headers",
    flag: "mcp.extra-headers",
    hidden_flag: Some("mcp-extra-headers"),
    variables: &["MCP_EXTRA_HEADERS"],
    help: "Header of every request to MCP servers; repeatable, with , or ; between them in the variable",
    details: "It replaces a header of that name that a caller sent, except Authorization and Mcp- headers: there what the caller sent stays.",
    ..HEADERS
};

pub(in crate::config) static DISCOVERY_HEADERS: Setting = Setting {
    key: "mcp.discovery_extra_headers",
    flag: "mcp.discovery-extra-headers",
    hidden_flag: Some("mcp-discovery-extra-headers"),
    variables: &["MCP_DISCOVERY_EXTRA_HEADERS"],
    help: "Header of every probe and OAuth discovery request; repeatable, with , or ; between them in the variable",
    details: "It wins over extra_headers there.",
    ..HEADERS
};

pub(in crate::config) static PASS_ENV: Setting = Setting {
    key: "mcp.pass_env",
    flag: "mcp.pass-env",
    variables: &["MCP_PASS_ENV"],
    placeholder: "NAME|PREFIX*",
    help: "Further environment variables for child processes; repeatable or with commas",
    values: "at most 256 patterns",
    details: "Child processes receive a short list of ordinary variables (PATH, HOME, LANG and so on) and those named here; never one that holds a secret of tunnel-client.",
    ..COMMAS
};

pub(in crate::config) static SEND_INITIALIZED: Setting = Setting {
    key: "mcp.stdio_send_initialized_notification",
    flag: "mcp.stdio-send-initialized-notification",
    variables: &["MCP_STDIO_SEND_INITIALIZED_NOTIFICATION"],
    help: "Write notifications/initialized to child processes after a successful initialize",
    details: "For callers that do not send it: until then, their requests are answered with 409.",
    ..SWITCH
};

pub(in crate::config) static STARTUP_WAIT: Setting = Setting {
    key: "mcp.startup_wait_timeout",
    flag: "mcp.startup-wait-timeout",
    variables: &["MCP_STARTUP_WAIT_TIMEOUT"],
    default: Some("0s"),
    help: "How long polling waits at start for the main MCP server; 0 is not at all",
    ..TIME
};

pub(in crate::config) static CONNECTION_MAX_TTL: Setting = Setting {
    key: "mcp.connection_max_ttl",
    flag: "mcp.connection-max-ttl",
    variables: &["MCP_CONNECTION_MAX_TTL"],
    default: Some("10m"),
    help: "The most time one command may take on the MCP side",
    values: "more than 0",
    details: "A command that takes longer is answered with an error.",
    ..TIME
};

pub(in crate::config) static FIRST_BYTE_TIMEOUT: Setting = Setting {
    key: "mcp.first_byte_timeout",
    flag: "mcp.first-byte-timeout",
    variables: &["MCP_FIRST_BYTE_TIMEOUT"],
    help: "How long an MCP server may take to begin its answer to a request over HTTP",
    values: "more than 0",
    details: "Unset: connection_max_ttl, because a tool may think for minutes.",
    ..TIME
};

pub(in crate::config) static IDLE_TIMEOUT: Setting = Setting {
    key: "mcp.idle_timeout",
    flag: "mcp.idle-timeout",
    variables: &["MCP_IDLE_TIMEOUT"],
    help: "How long an MCP server may be silent inside an answer over HTTP",
    values: "more than 0",
    details: "Unset: connection_max_ttl.",
    ..TIME
};

pub(in crate::config) static PASS_ERROR_TEXT: Setting = Setting {
    key: "mcp.pass_error_text",
    flag: "mcp.pass-error-text",
    variables: &["MCP_PASS_ERROR_TEXT"],
    default: Some("true"),
    help: "Repeat to the caller what an MCP server says in an error that cannot be passed on as it is",
    details: "One line of at most 500 characters, without known secrets: the message of its JSON error, its plain text, the visible text of its page, on stdio the beginning of a line that is no answer. Such text can describe the inside of a server. With false callers are told the status only. A JSON-RPC error that answers the request passes unchanged in any case.",
    ..SWITCH
};

pub(in crate::config) static MAX_CONCURRENT: Setting = Setting {
    key: "mcp.max_concurrent_requests",
    flag: "mcp.max-concurrent-requests",
    variables: &["MCP_MAX_CONCURRENT_REQUESTS"],
    default: Some("10"),
    help: "Commands that may run at once, over all channels",
    values: "1 to 10000",
    ..NUMBER
};

/// Settings of this page, in the order of help texts.
pub(super) const MCP: &[&Setting] = &[
    &SERVER_URLS,
    &COMMANDS,
    &MCP_PROXY,
    &MCP_CERT,
    &MCP_KEY,
    &MCP_HEADERS,
    &DISCOVERY_HEADERS,
    &PASS_ENV,
    &SEND_INITIALIZED,
    &PASS_ERROR_TEXT,
    &STARTUP_WAIT,
    &CONNECTION_MAX_TTL,
    &FIRST_BYTE_TIMEOUT,
    &IDLE_TIMEOUT,
    &MAX_CONCURRENT,
];
