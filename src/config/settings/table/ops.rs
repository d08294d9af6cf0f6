//! Log, health listener, process, status page.

use super::{COMMAS, FILE, KEY, NUMBER, PATH, SWITCH, Setting, TEXT};

pub(in crate::config) static LOG_LEVEL: Setting = Setting {
    key: "log.level",
    flag: "log.level",
    variables: &["LOG_LEVEL"],
    default: Some("info"),
    placeholder: "debug|info|warn|error",
    help: "The least important lines that are written; anything but info needs a format or a file",
    ..TEXT
};

pub(in crate::config) static LOG_FORMAT: Setting = Setting {
    key: "log.format",
    flag: "log.format",
    variables: &["LOG_FORMAT"],
    placeholder: "struct-text|json",
    help: "Form of log lines on stdout; unset: plain text on stderr",
    ..TEXT
};

pub(in crate::config) static LOG_FILE: Setting = Setting {
    key: "log.file",
    flag: "log.file",
    variables: &["LOG_FILE"],
    help: "File that log lines are appended to, instead of stdout",
    details: "Created with mode 0600. Without a format, lines are struct-text. /dev/stdout and /dev/stderr work; a named pipe, a \
              symbolic link and a file of another user are refused. Opened again on SIGHUP and SIGUSR1, as after logrotate has renamed it; \
              copytruncate works as well.",
    ..PATH
};

pub(in crate::config) static LOG_TARGET: Setting = Setting {
    key: "log.target",
    flag: "log.target",
    variables: &["LOG_TARGET"],
    default: Some("stream"),
    placeholder: "stream|journald|syslog",
    help: "Where log lines go: a standard stream or log.file, journald, or a syslog server",
    details: "journald receives native fields at /run/systemd/journal/socket; syslog receives messages of RFC 5424 at \
              log.syslog_address. With both, log.format has no effect and log.file is refused. A socket of this host is connected to at start, and again when whoever receives there has been restarted.",
    ..TEXT
};

pub(in crate::config) static SYSLOG_ADDRESS: Setting = Setting {
    key: "log.syslog_address",
    flag: "log.syslog-address",
    variables: &["LOG_SYSLOG_ADDRESS"],
    default: Some("/dev/log"),
    placeholder: "SOCKET|tcp://HOST:PORT|tls://HOST:PORT",
    help: "Syslog server for log.target syslog",
    values: "absolute path of a unix datagram socket, or tcp:// or tls:// with a host and a port (601 and 6514 without one)",
    details: "tcp:// and tls:// send messages with octet counting (RFC 6587, RFC 5425). tls:// trusts the authorities that all \
              connections trust (ca-bundle, tls.trust). The server is connected to directly, so lockdown rules for direct connections apply.",
    ..TEXT
};

pub(in crate::config) static SYSLOG_FACILITY: Setting = Setting {
    key: "log.syslog_facility",
    flag: "log.syslog-facility",
    variables: &["LOG_SYSLOG_FACILITY"],
    default: Some("daemon"),
    placeholder: "NAME",
    help: "Facility of syslog messages",
    values: "user, daemon, auth, syslog, authpriv or local0 to local7",
    ..TEXT
};

pub(in crate::config) static SYSLOG_CERT: Setting = Setting {
    key: "log.syslog_client_cert",
    flag: "log.syslog-client-cert",
    variables: &["LOG_SYSLOG_CLIENT_CERT"],
    help: "PEM file of the client certificate and its chain, for a syslog server with tls://",
    details: "Needs syslog_client_key.",
    ..FILE
};

pub(in crate::config) static SYSLOG_KEY: Setting = Setting {
    key: "log.syslog_client_key",
    flag: "log.syslog-client-key",
    variables: &["LOG_SYSLOG_CLIENT_KEY"],
    help: "PEM file of the private key of log.syslog_client_cert",
    ..FILE
};

pub(in crate::config) static LOG_HTTP_RAW: Setting = Setting {
    key: "log.http_raw_unsafe",
    flag: "log.http-raw-unsafe",
    variables: &["LOG_HTTP_RAW_UNSAFE"],
    help: "Log requests and answers as they are",
    without_effect: Some("requests are never logged raw: they carry the API key"),
    ..SWITCH
};

pub(in crate::config) static HEALTH_ADDR: Setting = Setting {
    key: "health.listen_addr",
    flag: "health.listen-addr",
    hidden_flag: Some("health-listen-addr"),
    variables: &["HEALTH_LISTEN_ADDR"],
    reference: true,
    default: Some("127.0.0.1:8080"),
    placeholder: "HOST:PORT",
    help: "Where health and metrics are served; port 0 picks a free one",
    values: "IP address or host name, and a port",
    details: "/healthz, /readyz and /metrics need no key: keep them on loopback, or on a network of your own. A host name is resolved once, at start, and every address of it has to be a loopback one, unless health.allowed_hosts has the name or admin_ui.allow_remote is true.",
    ..TEXT
};

pub(in crate::config) static HEALTH_SOCKET: Setting = Setting {
    key: "health.unix_socket",
    flag: "health.unix-socket",
    hidden_flag: Some("health-unix-socket"),
    variables: &["HEALTH_UNIX_SOCKET"],
    reference: true,
    help: "Unix socket that health and metrics are served on, instead of TCP",
    values: "at most 107 bytes",
    ..PATH
};

pub(in crate::config) static HEALTH_URL_FILE: Setting = Setting {
    key: "health.url_file",
    flag: "health.url-file",
    hidden_flag: Some("health-url-file"),
    variables: &["HEALTH_URL_FILE"],
    help: "File that receives the URL of the health listener once it is bound",
    ..PATH
};

pub(in crate::config) static HEALTH_HOSTS: Setting = Setting {
    key: "health.allowed_hosts",
    flag: "health.allowed-host",
    variables: &["HEALTH_ALLOWED_HOSTS"],
    needs_entry: true,
    placeholder: "HOST",
    help: "Further host names that requests to the health listener may use; repeatable or with commas",
    values: "exact host names, without a port",
    details: "IP addresses, localhost and this host's own name are always accepted; other names in Host get 421, so that no web page reads metrics by DNS rebinding. Needed for agents that scrape or probe by a DNS name. A unix socket accepts any name, but for the status page.",
    ..COMMAS
};

pub(in crate::config) static HEALTH_DETAILS: Setting = Setting {
    key: "health.show_details",
    flag: "health.show-details",
    variables: &["HEALTH_SHOW_DETAILS"],
    help: "Show every component at /health unless the request says otherwise",
    details: "/health is for peers on this host, whatever this says. A request decides by itself with ?details=true or ?details=false; /health/COMPONENT always has the details.",
    ..SWITCH
};

pub(in crate::config) static PID_FILE: Setting = Setting {
    key: "process.pid_file",
    flag: "pid.file",
    variables: &["PID_FILE"],
    help: "File that receives the process id",
    ..PATH
};

pub(in crate::config) static UI_ENABLED: Setting = Setting {
    key: "admin_ui.enabled",
    flag: "admin-ui.enabled",
    variables: &["ADMIN_UI_ENABLED"],
    help: "Serve the status page and its data at the health listener",
    details: "The page is at /ui, its data below /api. It needs health.unix_socket, or admin_ui.token; with a rule of lockdown it needs \
              health.unix_socket. Without it, nothing is kept for the page, and the paths are 404.",
    ..SWITCH
};

pub(in crate::config) static UI_TOKEN: Setting = Setting {
    key: "admin_ui.token",
    flag: "admin-ui.token",
    variables: &["ADMIN_UI_TOKEN"],
    help: "Where the token for the data of the status page is kept, never the token itself",
    values: "16 to 256 letters, digits and -._~+/, then perhaps =",
    details: "Asked for over TCP always, and over health.unix_socket if it is set. The variable holds the token itself. A file that others \
              can reach and read is refused. Read at start.",
    ..KEY
};

pub(in crate::config) static UI_REMOTE: Setting = Setting {
    key: "admin_ui.allow_remote",
    flag: "allow-remote-ui",
    variables: &["ALLOW_REMOTE_UI"],
    help: "Let other hosts use the status page, and reach the health listener by a host name in health.listen_addr",
    details: "The status page still needs its token, which then crosses the network in plain text. Addresses in health.listen_addr are \
              taken as they are written, whatever this says.",
    ..SWITCH
};

pub(in crate::config) static UI_OPEN: Setting = Setting {
    key: "admin_ui.open_browser",
    flag: "open-web-ui",
    variables: &["OPEN_WEB_UI"],
    help: "Log the address of the status page at start; no program is started",
    ..SWITCH
};

pub(in crate::config) static UI_EVENTS: Setting = Setting {
    key: "admin_ui.log_buffer_events",
    flag: "admin-ui.log-buffer-events",
    variables: &["ADMIN_UI_LOG_BUFFER_EVENTS"],
    default: Some("2000"),
    help: "Log lines kept for the status page, at most 1 MiB of them",
    values: "1 to 100000",
    ..NUMBER
};

/// Settings of this page, in the order of help texts.
pub(super) const OPS: &[&Setting] = &[
    &LOG_LEVEL,
    &LOG_FORMAT,
    &LOG_FILE,
    &LOG_TARGET,
    &SYSLOG_ADDRESS,
    &SYSLOG_FACILITY,
    &SYSLOG_CERT,
    &SYSLOG_KEY,
    &LOG_HTTP_RAW,
    &HEALTH_ADDR,
    &HEALTH_SOCKET,
    &HEALTH_URL_FILE,
    &HEALTH_HOSTS,
    &HEALTH_DETAILS,
    &PID_FILE,
];

/// Settings of the section `admin_ui`, in the order of help texts.
pub(super) const WEB_PAGE: &[&Setting] = &[&UI_ENABLED, &UI_TOKEN, &UI_REMOTE, &UI_OPEN, &UI_EVENTS];
