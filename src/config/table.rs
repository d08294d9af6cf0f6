//! The table of settings: the one place that says what can be set, and how it is written in each source.
//!
//! The command line, its help, the look-up in the environment and the error messages are all made from it.

use Separator::{Comma, Line};

/// One setting, as an operator writes it.
#[derive(Debug)]
pub struct Setting {
    /// Path in a configuration file, `section.name`.
    pub key: &'static str,
    /// Flag without its dashes; also the setting's name in messages.
    pub flag: &'static str,
    /// Older spelling of the flag, accepted and not shown; ignored when `flag` is given.
    pub hidden_flag: Option<&'static str>,
    /// Environment variables, the first one that is set wins.
    pub variables: &'static [&'static str],
    /// For a list: what separates entries in a variable. Its flag can be repeated.
    pub list: Option<Separator>,
    /// True for a switch: its flag alone means `true`, another value follows `=`.
    pub switch: bool,
    /// The value when no source sets one, written as in a flag.
    pub default: Option<&'static str>,
    /// Placeholder of the value in help texts.
    pub placeholder: &'static str,
    /// One line of help.
    pub help: &'static str,
}

/// What separates the entries of a list in an environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// One entry a line.
    Line,
    /// Entries with commas between them; also within one flag.
    Comma,
}

/// Every setting, in the order of help texts.
pub static SETTINGS: &[&Setting] = &[
    &BASE_URL,
    &URL_PATH,
    &TUNNEL_ID,
    &ORGANIZATION_ID,
    &API_KEY,
    &MAX_INFLIGHT,
    &POLL_TIMEOUT,
    &POLL_GUARDRAIL,
    &CA_BUNDLE,
    &SERVER_URLS,
    &COMMANDS,
    &PASS_ENV,
    &SEND_INITIALIZED,
    &STARTUP_WAIT,
    &CONNECTION_MAX_TTL,
    &MAX_CONCURRENT,
    &LOG_LEVEL,
    &LOG_FORMAT,
    &LOG_FILE,
    &HEALTH_ADDR,
    &HEALTH_URL_FILE,
    &PID_FILE,
];

pub(super) static BASE_URL: Setting = Setting {
    key: "control_plane.base_url",
    flag: "control-plane.base-url",
    hidden_flag: Some("control-plane-base-url"),
    variables: &["CONTROL_PLANE_BASE_URL"],
    default: Some("https://api.openai.com"),
    placeholder: "URL",
    help: "Scheme, host and port of the control plane",
    ..UNSET
};

pub(super) static URL_PATH: Setting = Setting {
    key: "control_plane.url_path",
    flag: "control-plane.url-path",
    hidden_flag: Some("control-plane-url-path"),
    variables: &["CONTROL_PLANE_URL_PATH"],
    placeholder: "PATH",
    help: "Put before the path of every control plane request",
    ..UNSET
};

pub(super) static TUNNEL_ID: Setting = Setting {
    key: "control_plane.tunnel_id",
    flag: "control-plane.tunnel-id",
    hidden_flag: Some("control-plane-tunnel-id"),
    variables: &["CONTROL_PLANE_TUNNEL_ID"],
    placeholder: "ID",
    help: "The tunnel to serve: tunnel_ and 32 lower-case letters or digits (required)",
    ..UNSET
};

pub(super) static ORGANIZATION_ID: Setting = Setting {
    key: "control_plane.organization_id",
    flag: "control-plane.organization-id",
    hidden_flag: Some("control-plane-organization-id"),
    variables: &["CONTROL_PLANE_ORGANIZATION_ID"],
    placeholder: "ID",
    help: "Sent as OpenAI-Organization",
    ..UNSET
};

pub(super) static API_KEY: Setting = Setting {
    key: "control_plane.api_key",
    flag: "control-plane.api-key",
    hidden_flag: Some("control-plane-api-key"),
    variables: &["CONTROL_PLANE_API_KEY", "OPENAI_API_KEY"],
    placeholder: "env:NAME|file:PATH",
    help: "Where the runtime API key is kept, never the key itself (required)",
    ..UNSET
};

pub(super) static MAX_INFLIGHT: Setting = Setting {
    key: "control_plane.max_inflight_requests",
    flag: "control-plane.max-inflight",
    variables: &["CONTROL_PLANE_MAX_INFLIGHT_REQUESTS"],
    default: Some("20"),
    placeholder: "N",
    help: "Commands that may wait in the local queue, 1 to 10000",
    ..UNSET
};

pub(super) static POLL_TIMEOUT: Setting = Setting {
    key: "control_plane.poll_timeout",
    flag: "control-plane.poll-timeout",
    variables: &["CONTROL_PLANE_POLL_TIMEOUT"],
    default: Some("30s"),
    placeholder: "DURATION",
    help: "How long the control plane may hold one poll open",
    ..UNSET
};

pub(super) static POLL_GUARDRAIL: Setting = Setting {
    key: "control_plane.poll_deadline_guardrail",
    flag: "control-plane.poll-deadline-guardrail",
    variables: &["CONTROL_PLANE_POLL_DEADLINE_GUARDRAIL"],
    default: Some("5s"),
    placeholder: "DURATION",
    help: "Waited on top of the poll timeout before a poll is given up, below 1m",
    ..UNSET
};

pub(super) static CA_BUNDLE: Setting = Setting {
    key: "ca_bundle",
    flag: "ca-bundle",
    variables: &["CA_BUNDLE"],
    placeholder: "PATH",
    help: "PEM file of certificate authorities to trust besides the built-in ones",
    ..UNSET
};

pub(super) static SERVER_URLS: Setting = Setting {
    key: "mcp.server_urls",
    flag: "mcp.server-url",
    hidden_flag: Some("mcp-server-url"),
    variables: &["MCP_SERVER_URL"],
    list: Some(Line),
    placeholder: "URL|channel=NAME,url=URL[,unix-socket=PATH]",
    help: "MCP server spoken to over HTTP; repeatable, one line each in the variable",
    ..UNSET
};

pub(super) static COMMANDS: Setting = Setting {
    key: "mcp.commands",
    flag: "mcp.command",
    hidden_flag: Some("mcp-command"),
    variables: &["MCP_COMMAND"],
    list: Some(Line),
    placeholder: "COMMAND|channel=NAME,command=COMMAND",
    help: "MCP server run as a child process; repeatable, one line each in the variable",
    ..UNSET
};

pub(super) static PASS_ENV: Setting = Setting {
    key: "mcp.pass_env",
    flag: "mcp.pass-env",
    variables: &["MCP_PASS_ENV"],
    list: Some(Comma),
    placeholder: "NAME|PREFIX*",
    help: "Further environment variables for child processes; repeatable or with commas",
    ..UNSET
};

pub(super) static SEND_INITIALIZED: Setting = Setting {
    key: "mcp.stdio_send_initialized_notification",
    flag: "mcp.stdio-send-initialized-notification",
    variables: &["MCP_STDIO_SEND_INITIALIZED_NOTIFICATION"],
    switch: true,
    default: Some("false"),
    placeholder: "true|false",
    help: "Write notifications/initialized to child processes after a successful initialize",
    ..UNSET
};

pub(super) static STARTUP_WAIT: Setting = Setting {
    key: "mcp.startup_wait_timeout",
    flag: "mcp.startup-wait-timeout",
    variables: &["MCP_STARTUP_WAIT_TIMEOUT"],
    default: Some("0s"),
    placeholder: "DURATION",
    help: "How long polling waits at start for the main MCP server; 0 is not at all",
    ..UNSET
};

pub(super) static CONNECTION_MAX_TTL: Setting = Setting {
    key: "mcp.connection_max_ttl",
    flag: "mcp.connection-max-ttl",
    variables: &["MCP_CONNECTION_MAX_TTL"],
    default: Some("10m"),
    placeholder: "DURATION",
    help: "The most time one command may take on the MCP side",
    ..UNSET
};

pub(super) static MAX_CONCURRENT: Setting = Setting {
    key: "mcp.max_concurrent_requests",
    flag: "mcp.max-concurrent-requests",
    variables: &["MCP_MAX_CONCURRENT_REQUESTS"],
    default: Some("10"),
    placeholder: "N",
    help: "Commands that may run at once, over all channels",
    ..UNSET
};

pub(super) static LOG_LEVEL: Setting = Setting {
    key: "log.level",
    flag: "log.level",
    variables: &["LOG_LEVEL"],
    default: Some("info"),
    placeholder: "LEVEL",
    help: "debug, info, warn or error; anything but info needs a format",
    ..UNSET
};

pub(super) static LOG_FORMAT: Setting = Setting {
    key: "log.format",
    flag: "log.format",
    variables: &["LOG_FORMAT"],
    placeholder: "struct-text|json",
    help: "Form of log lines on stdout; unset: plain text on stderr",
    ..UNSET
};

pub(super) static LOG_FILE: Setting = Setting {
    key: "log.file",
    flag: "log.file",
    variables: &["LOG_FILE"],
    placeholder: "PATH",
    help: "File that log lines are appended to, instead of stdout",
    ..UNSET
};

pub(super) static HEALTH_ADDR: Setting = Setting {
    key: "health.listen_addr",
    flag: "health.listen-addr",
    hidden_flag: Some("health-listen-addr"),
    variables: &["HEALTH_LISTEN_ADDR"],
    default: Some("127.0.0.1:8080"),
    placeholder: "HOST:PORT",
    help: "Where health and metrics are served; port 0 picks a free one",
    ..UNSET
};

pub(super) static HEALTH_URL_FILE: Setting = Setting {
    key: "health.url_file",
    flag: "health.url-file",
    hidden_flag: Some("health-url-file"),
    variables: &["HEALTH_URL_FILE"],
    placeholder: "PATH",
    help: "File that receives the URL of the health listener once it is bound",
    ..UNSET
};

pub(super) static PID_FILE: Setting = Setting {
    key: "process.pid_file",
    flag: "pid.file",
    variables: &["PID_FILE"],
    placeholder: "PATH",
    help: "File that receives the process id",
    ..UNSET
};

/// What a setting has when its entry does not say otherwise.
const UNSET: Setting = Setting {
    key: "",
    flag: "",
    hidden_flag: None,
    variables: &[],
    list: None,
    switch: false,
    default: None,
    placeholder: "",
    help: "",
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_used_once_and_every_setting_is_complete() {
        let mut keys = BTreeSet::new();
        let mut names = BTreeSet::new();
        for setting in SETTINGS {
            assert!(keys.insert(setting.key), "key {} twice", setting.key);
            assert!(!setting.variables.is_empty() && !setting.placeholder.is_empty() && !setting.help.is_empty());
            for name in setting
                .hidden_flag
                .iter()
                .chain(&[setting.flag])
                .chain(setting.variables)
            {
                assert!(names.insert(*name), "{name} twice");
            }
        }
    }
}
