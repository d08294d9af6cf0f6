//! Good and bad values of each setting.

use super::{Case, ID, case};

const URL: &[(&str, &str)] = &[
    ("relay.example.com", "needs a scheme and a host"),
    ("ftp://h", "needs a scheme and a host"),
    ("https://u:sekret@h", "user name or a password"),
    ("https://", "valid host"),
];
const PROXY_GOOD: &[&str] = &[
    "http://p:3128",
    "https://u:p%40@p",
    "HTTP://p",
    "env:PROXY",
    "file:/run/proxy",
];
const PROXY_BAD: &[(&str, &str)] = &[
    ("socks5://u:sekret@p:1080", "speaks HTTP"),
    ("p:3128", "speaks HTTP"),
    ("http://u:%zz-sekret@p", "cannot be read"),
    ("http://u:sekret@", "valid host"),
    ("env:NO_SUCH", "which is not set"),
    ("env:sekret value", "not a valid reference"),
    ("file:", "not a valid reference"),
    ("file:/run/none", "cannot be read"),
    ("file:/run/key", "speaks HTTP"),
    ("credential:none", "LoadCredential="),
];
const SWITCH_BAD: &[(&str, &str)] = &[("maybe", "must be true or false"), ("2", "must be true or false")];
const USER_GOOD: &[&str] = &["tunnel-client", "990:990"];
const USER_BAD: &[(&str, &str)] = &[("root", "other than root"), ("0:0", "UID:GID"), ("1000", "UID:GID")];
const SWITCH_GOOD: &[&str] = &["1", "t", "TRUE", "false", "F", "0"];
const TIME_BAD: &[(&str, &str)] = &[
    ("30", "without a unit"),
    ("soon", "is not a duration"),
    ("1parsec", "unknown unit"),
    ("-1s", "must not be negative"),
    ("0s", "must be greater than 0"),
    ("9000h", "less than or equal to"),
];
const STEP_BAD: &[(&str, &str)] = &[
    ("10", "without a unit"),
    ("0s", "must be greater than 0"),
    ("301s", "less than or equal to 5m"),
];
const PATH_REFERENCE_BAD: &[(&str, &str)] = &[
    ("env:NO_SUCH", "which is not set"),
    ("env:a b", "not a valid reference"),
    ("file:", "not a valid reference"),
    ("credential:a/b", "not a valid reference"),
    ("credential:none", "LoadCredential="),
];
const HEADERS_BAD: &[(&str, &str)] = &[
    ("X Site: sekret", "invalid HTTP header name"),
    (": sekret", "invalid HTTP header name"),
    ("X-Site: env:NO_SUCH", "which is not set"),
    ("X-Site: env:BAD_HEADER", "control character"),
    ("X-Site: file:/run/empty", "which is empty"),
    ("X-Site: file:/run/none", "cannot be read"),
];

pub(super) const CASES: &[Case] = &[
    case(
        "control_plane.base_url",
        &["https://h", "HTTP://127.0.0.1:8000/", "https://h/path?q"],
        URL,
    ),
    case(
        "control_plane.url_path",
        &["/", "/tunnels/", "/a%20b"],
        &[
            ("tunnels", "invalid control-plane.url-path: must start with /"),
            ("/a?b", "query"),
            ("/a b", "percent-encoded"),
            ("/a/../b", "segments"),
        ],
    ),
    case(
        "control_plane.tunnel_id",
        &[ID, " tunnel_0123456789abcdefghijklmnopqrstuv "],
        &[
            ("tunnel_0123", "invalid tunnel ID"),
            ("tunnel_0123456789ABCDEF0123456789abcdef", "invalid tunnel ID"),
            ("../sekret", "path parameter"),
            ("sekret", "invalid tunnel ID"),
        ],
    ),
    case(
        "control_plane.organization_id",
        &["org-1"],
        &[
            (
                "org\r\nX: y",
                "control-plane.organization-id cannot contain header line breaks",
            ),
            ("org\u{e4}", "printable ASCII"),
        ],
    ),
    case(
        "control_plane.client_cert",
        &["/c.pem", "env:PATH_VARIABLE", "file:/c.pem"],
        PATH_REFERENCE_BAD,
    )
    .beside(&[("CONTROL_PLANE_CLIENT_KEY", "/k.pem")]),
    case(
        "control_plane.client_key",
        &["/k.pem", "credential:there"],
        &[
            (
                "env:NO_SUCH",
                "client key path: control-plane.client-key refers to variable NO_SUCH",
            ),
            ("credential:", "not a valid reference"),
        ],
    )
    .beside(&[
        ("CONTROL_PLANE_CLIENT_CERT", "/c.pem"),
        ("CREDENTIALS_DIRECTORY", "/run/credentials/x"),
    ]),
    case("control_plane.http_proxy", PROXY_GOOD, PROXY_BAD),
    case(
        "control_plane.max_inflight_requests",
        &["1", "10000"],
        &[
            ("0", "must be greater than 0"),
            ("10001", "less than or equal to 10000"),
            ("many", "not a number"),
            ("1.5", "not a number"),
        ],
    ),
    case("control_plane.poll_timeout", &["1ms", "9m55s"], TIME_BAD),
    case("control_plane.initial_poll_timeout", &["1ms", "24h"], TIME_BAD),
    case("control_plane.poll_deadline_guardrail", &["1ms", "59.9s"], TIME_BAD),
    case(
        "control_plane.poll_channels",
        &["main"],
        &[
            ("Main", "invalid channel"),
            ("main,main", "twice"),
            ("main,other", "has no server"),
            ("main,a b", "invalid channel"),
        ],
    ),
    case(
        "control_plane.extra_headers",
        &[
            "X-Site: north",
            "OpenAI-Organization: o",
            "X-Site: env:PROXY",
            "X-Site: file:/run/key",
        ],
        HEADERS_BAD,
    ),
    case(
        "ca_bundle",
        &["/ca.pem", "file:ca.pem", "env:PATH_VARIABLE"],
        PATH_REFERENCE_BAD,
    ),
    case("http_proxy", PROXY_GOOD, PROXY_BAD),
    case(
        "tls.trust",
        &["bundle", "webpki,bundle", "System,Bundle"],
        &[
            ("mozilla", "does not know \"mozilla\""),
            ("system,webpki", "does not name bundle"),
        ],
    )
    .beside(&[("CA_BUNDLE", "/ca.pem")]),
    case(
        "tls.min_version",
        &["1.2", "1.3"],
        &[("1.1", "must be 1.2 or 1.3"), ("TLSv1.3", "must be 1.2 or 1.3")],
    ),
    case("proxy.ca_bundle", &["/ca.pem", "env:PATH_VARIABLE"], PATH_REFERENCE_BAD),
    case("proxy.client_cert", &["/c.pem"], PATH_REFERENCE_BAD).beside(&[("PROXY_CLIENT_KEY", "/k.pem")]),
    case("proxy.client_key", &["/k.pem"], &[("env:NO_SUCH", "client key path")])
        .beside(&[("PROXY_CLIENT_CERT", "/c.pem")]),
    case("proxy.check_interval", &["1s", "1m0s"], TIME_BAD),
    case("lockdown.require_proxy", SWITCH_GOOD, SWITCH_BAD).beside(&[("HTTPS_PROXY", "http://p:1")]),
    case("lockdown.require_bundle_trust", SWITCH_GOOD, SWITCH_BAD)
        .beside(&[("TUNNEL_CLIENT_TLS_TRUST", "bundle"), ("CA_BUNDLE", "/ca.pem")]),
    case("lockdown.require_client_cert", SWITCH_GOOD, SWITCH_BAD).beside(&[
        ("CONTROL_PLANE_CLIENT_CERT", "/c.pem"),
        ("CONTROL_PLANE_CLIENT_KEY", "/k.pem"),
    ]),
    case(
        "lockdown.allowed_networks",
        &["127.0.0.0/8", "127.0.0.1", "fd00::/8,127.0.0.1"],
        &[("127.0.0.1/40", "is not a network"), ("internal", "is not a network")],
    ),
    case(
        "lockdown.allowed_hosts",
        &["a.example", "a.example,10.1.2.3,::1"],
        &[("https://h", "is not a host name"), ("h:443", "is not a host name")],
    ),
    case("connection.resolve_timeout", &["1ms", "5m"], STEP_BAD),
    case("connection.connect_timeout", &["1s"], STEP_BAD),
    case("connection.tls_timeout", &["1s"], STEP_BAD),
    case("connection.proxy_timeout", &["1s"], STEP_BAD),
    case(
        "reload.check_interval",
        &["0", "1s", "1h"],
        &[("999ms", "must be 0 or at least 1s"), ("1", "without a unit")],
    ),
    case("mcp.first_byte_timeout", &["1ms", "24h"], TIME_BAD),
    case("mcp.idle_timeout", &["1ms", "24h"], TIME_BAD),
    case("mcp.http_proxy", PROXY_GOOD, PROXY_BAD),
    case("mcp.client_cert", &["/c.pem"], PATH_REFERENCE_BAD).beside(&[("MCP_CLIENT_KEY", "/k.pem")]),
    case("mcp.client_key", &["/k.pem"], &[("env:NO_SUCH", "client key path")]).beside(&[("MCP_CLIENT_CERT", "/c.pem")]),
    case(
        "mcp.extra_headers",
        &["Authorization: Basic x", "User-Agent: x", "X-Site: file:/run/key"],
        HEADERS_BAD,
    ),
    case("mcp.discovery_extra_headers", &["X-Site: north"], HEADERS_BAD),
    case(
        "mcp.pass_env",
        &["A,B_*", "*"],
        &[("A B", "invalid pattern"), ("1A", "invalid pattern")],
    ),
    case("mcp.stdio_send_initialized_notification", SWITCH_GOOD, SWITCH_BAD),
    case("mcp.pass_error_text", SWITCH_GOOD, SWITCH_BAD),
    case(
        "mcp.startup_wait_timeout",
        &["0", "0s", "1h"],
        &[("-1s", "must not be negative"), ("1", "without a unit")],
    ),
    case("mcp.connection_max_ttl", &["1ms", "24h"], TIME_BAD),
    case(
        "mcp.max_concurrent_requests",
        &["1", "10000"],
        &[("0", "must be greater than 0"), ("10001", "less than or equal to")],
    ),
    case(
        "log.level",
        &["debug", "INFO", "warn+2"],
        &[("loud", "log.level is unknown")],
    )
    .beside(&[("LOG_FORMAT", "json")]),
    case(
        "log.format",
        &["json", "Struct-Text"],
        &[("xml", "unsupported log format")],
    ),
    case("log.file", &["/var/log/x"], &[]),
    case(
        "log.target",
        &["stream", "Journald", "syslog"],
        &[("file", "log.target is unknown")],
    ),
    case(
        "log.syslog_address",
        &["/dev/log", "tcp://h", "tls://h:1"],
        &[("h:514", "neither an absolute path"), ("tls://h/x", "has a path")],
    ),
    case(
        "log.syslog_facility",
        &["daemon", "LOCAL7"],
        &[("kern", "log.syslog-facility is unknown")],
    ),
    case("log.syslog_client_cert", &["/x"], &[]).beside(&[
        ("LOG_TARGET", "syslog"),
        ("LOG_SYSLOG_ADDRESS", "tls://h"),
        ("LOG_SYSLOG_CLIENT_KEY", "/y"),
    ]),
    case("log.syslog_client_key", &["/x"], &[]).beside(&[
        ("LOG_TARGET", "syslog"),
        ("LOG_SYSLOG_ADDRESS", "tls://h"),
        ("LOG_SYSLOG_CLIENT_CERT", "/y"),
    ]),
    case("log.http_raw_unsafe", SWITCH_GOOD, SWITCH_BAD),
    case("audit.file", &["/var/log/audit.log"], &[]),
    case(
        "audit.key_file",
        &["/var/lib/x/key"],
        &[("/var/log/audit.log", "is the file of audit.file")],
    )
    .beside(&[("AUDIT_FILE", "/var/log/audit.log")]),
    case(
        "audit.on_failure",
        &["block", "drop-and-count"],
        &[("stop", "write block or drop-and-count")],
    )
    .beside(&[("AUDIT_FILE", "/var/log/audit.log")]),
    case(
        "audit.anchor_every",
        &["1", "1000000"],
        &[
            ("0", "must be greater than 0"),
            ("1000001", "less than or equal to 1000000"),
        ],
    ),
    case(
        "audit.forward",
        &["none", "Journald", "syslog"],
        &[("file", "audit.forward is unknown")],
    )
    .beside(&[("AUDIT_FILE", "/var/log/audit.log")]),
    case(
        "audit.forward_backlog",
        &["1", "1073741824"],
        &[
            ("0", "must be greater than 0"),
            ("1073741825", "less than or equal to 1073741824"),
        ],
    ),
    case(
        "audit.syslog_address",
        &["/dev/log", "tcp://h", "tls://h:1"],
        &[
            ("h:514", "audit.syslog-address is neither"),
            ("tls://h/x", "has a path"),
        ],
    )
    .beside(&[("AUDIT_FILE", "/var/log/audit.log"), ("AUDIT_FORWARD", "syslog")]),
    case(
        "audit.syslog_facility",
        &["daemon", "LOCAL7"],
        &[("kern", "audit.syslog-facility is unknown")],
    )
    .beside(&[("AUDIT_FILE", "/var/log/audit.log"), ("AUDIT_FORWARD", "syslog")]),
    case(
        "health.listen_addr",
        &["127.0.0.1:0", "[::1]:8080", ":80", "localhost:1"],
        &[
            ("8080", "invalid health.listen-addr"),
            ("exam ple:80", "invalid health.listen-addr"),
            ("127.0.0.1:x", "invalid health.listen-addr"),
        ],
    ),
    case(
        "health.allowed_hosts",
        &["metrics.example", "a.example,b.example"],
        &[("h:9100", "is not a host name"), ("http://h", "is not a host name")],
    ),
    case(
        "health.unix_socket",
        &["/run/x.sock"],
        &[(
            "/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/01234567",
            "health.unix-socket is longer than the 107 bytes",
        )],
    ),
    case("health.show_details", SWITCH_GOOD, SWITCH_BAD),
    case("health.url_file", &["/run/url"], &[]),
    case("process.pid_file", &["/run/pid"], &[]),
    case("process.user", USER_GOOD, USER_BAD),
    case("process.server_user", USER_GOOD, USER_BAD),
    case(
        "hardening.mode",
        &["enforce", "best-effort", "off"],
        &[("strict", "must be enforce, best-effort or off")],
    ),
    case(
        "hardening.discovery_ports",
        &["443", "none", "443,8443"],
        &[
            ("0", "from 1 to 65535"),
            ("65536", "from 1 to 65535"),
            ("https", "or none"),
        ],
    ),
    case("admin_ui.enabled", SWITCH_GOOD, SWITCH_BAD).beside(&[("HEALTH_UNIX_SOCKET", "/run/x.sock")]),
    case("admin_ui.allow_remote", SWITCH_GOOD, SWITCH_BAD),
    case("admin_ui.open_browser", SWITCH_GOOD, SWITCH_BAD),
    case(
        "admin_ui.log_buffer_events",
        &["1", "100000"],
        &[
            ("0", "must be greater than 0"),
            ("100001", "less than or equal to 100000"),
        ],
    ),
    case("harpoon.allow_plaintext_http", SWITCH_GOOD, SWITCH_BAD),
    case(
        "harpoon.max_response_bytes",
        &["1", "102400"],
        &[
            ("0", "must be greater than 0"),
            ("102401", "less than or equal to 102400"),
        ],
    ),
    case(
        "harpoon.max_redirects",
        &["0", "5"],
        &[("-1", "must not be negative"), ("6", "less than or equal to 5")],
    ),
    case("harpoon.http_proxy", PROXY_GOOD, PROXY_BAD),
    case(
        "harpoon.additional_transports",
        &["http-streamable"],
        &[("stdio", "the only one is http-streamable")],
    ),
    case("harpoon.capture_payloads", SWITCH_GOOD, SWITCH_BAD),
    case(
        "harpoon.hosts_include_suffix",
        &[".internal", "a.example,b.example"],
        &[("https://h", "no suffix"), ("a b", "no suffix")],
    ),
    case(
        "harpoon.hosts_include_regex",
        &[r"^db[0-9]+\.x$"],
        &[("(", "without its )"), ("a\\", "backslash"), ("*", "repetition")],
    ),
    case("harpoon.hosts_include_loopback", SWITCH_GOOD, SWITCH_BAD),
    case("harpoon.hosts_include_private", SWITCH_GOOD, SWITCH_BAD),
];
