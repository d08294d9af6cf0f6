//! Defaults, bounds and values that make no sense.

use super::*;

#[test]
fn the_least_that_starts_has_the_documented_defaults() {
    let config = with(&[], &[]).unwrap();
    assert_eq!(config.control_plane.base_url.origin(), "https://api.openai.com");
    assert_eq!(config.control_plane.url_path, "");
    assert_eq!(config.control_plane.tunnel_id, ID);
    assert_eq!(config.control_plane.organization_id, None);
    assert_eq!(config.control_plane.api_key.expose_secret(), KEY);
    assert_eq!(config.control_plane.max_inflight, 20);
    assert_eq!(config.control_plane.poll_timeout, Duration::from_secs(30));
    assert_eq!(config.control_plane.initial_poll_timeout, Duration::from_secs(30));
    assert_eq!(config.control_plane.poll_guardrail, Duration::from_secs(5));
    let trust = &config.trust;
    assert!(trust.webpki && trust.system.as_ref().is_some_and(|store| !store.required));
    assert_eq!(
        (&trust.bundle, &trust.proxy_bundle, trust.min_version),
        (&None, &None, TlsVersion::V1_2)
    );
    assert!(trust.proxy_identity.is_none());
    let rules = &config.lockdown;
    assert!(!rules.require_proxy && !rules.require_bundle_trust && !rules.require_client_cert);
    assert!(rules.allowed_networks.is_empty() && rules.allowed_hosts.is_empty());
    let times = config.timeouts;
    assert_eq!(
        [times.resolve, times.connect, times.tls, times.proxy],
        [Duration::from_secs(10); 4]
    );
    assert_eq!(config.reload_interval, Some(Duration::from_secs(5)));
    assert_eq!((config.mcp.first_byte_timeout, config.mcp.idle_timeout), (None, None));
    assert_eq!(config.mcp.bindings.len(), 1);
    assert_eq!(config.mcp.bindings[0].channel, "main");
    assert_eq!(config.mcp.max_concurrent_requests, 10);
    assert_eq!(config.mcp.connection_max_ttl, Duration::from_secs(600));
    assert_eq!(config.mcp.startup_wait_timeout, Duration::ZERO);
    assert!(config.mcp.pass_env.is_empty() && config.warnings.is_empty());
    assert_eq!(
        (config.log.level, config.log.format),
        (LevelFilter::Info, LogFormat::Plain)
    );
    assert_eq!(tcp(&config), ("127.0.0.1".to_owned(), "127.0.0.1:8080".to_owned()));
    assert_eq!(
        (&config.log.file, &config.health.url_file, &config.pid_file),
        (&None, &None, &None)
    );
}

#[test]
fn every_default_of_the_table_is_a_valid_value() {
    for setting in SETTINGS.iter().filter(|setting| setting.default.is_some()) {
        let default = setting.default.unwrap();
        assert!(with(&[], &[(setting.flag, default)]).is_ok(), "{}", setting.flag);
    }
}

#[test]
fn values_out_of_range_name_their_bound() {
    for (name, value, gist) in [
        (
            "CONTROL_PLANE_MAX_INFLIGHT_REQUESTS",
            "10001",
            "control-plane.max-inflight must be less than or equal to 10000",
        ),
        (
            "CONTROL_PLANE_MAX_INFLIGHT_REQUESTS",
            "0",
            "control-plane.max-inflight must be greater than 0",
        ),
        (
            "CONTROL_PLANE_POLL_TIMEOUT",
            "0s",
            "control-plane.poll-timeout must be greater than 0",
        ),
        (
            "CONTROL_PLANE_POLL_TIMEOUT",
            "1us",
            "control-plane.poll-timeout must be greater than 0; write at least 1ms",
        ),
        (
            "CONTROL_PLANE_POLL_TIMEOUT",
            "9m56s",
            "control-plane.poll-timeout plus control-plane.poll-deadline-guardrail must be less than or equal to 10m0s",
        ),
        (
            "CONTROL_PLANE_INITIAL_POLL_TIMEOUT",
            "0s",
            "control-plane.initial-poll-timeout must be greater than 0",
        ),
        (
            "CONTROL_PLANE_POLL_DEADLINE_GUARDRAIL",
            "1m",
            "control-plane.poll-deadline-guardrail must be less than 1m0s",
        ),
        (
            "CONTROL_PLANE_POLL_DEADLINE_GUARDRAIL",
            "0",
            "control-plane.poll-deadline-guardrail must be greater than 0",
        ),
        (
            "MCP_CONNECTION_MAX_TTL",
            "0s",
            "mcp.connection-max-ttl must be greater than 0",
        ),
        (
            "MCP_CONNECTION_MAX_TTL",
            "9000h",
            "mcp.connection-max-ttl must be less than or equal to 8784h",
        ),
        (
            "MCP_STARTUP_WAIT_TIMEOUT",
            "-1s",
            "mcp.startup-wait-timeout must not be negative",
        ),
        ("CONTROL_PLANE_URL_PATH", "x", "invalid control-plane.url-path"),
        (
            "CONTROL_PLANE_ORGANIZATION_ID",
            "a\r\nX: y",
            "control-plane.organization-id cannot contain header line breaks",
        ),
        (
            "LOG_LEVEL",
            "debug",
            "log level requires 'struct-text' or 'json' log format",
        ),
        ("CA_BUNDLE", "env:NONE", "which is not set"),
        ("HEALTH_LISTEN_ADDR", "8080", "invalid health.listen-addr"),
        ("MCP_PASS_ENV", "A,B C", "mcp.pass-env has an invalid pattern"),
    ] {
        let message = message(&[(name, value)], &[]);
        assert!(
            message.contains(gist) && message.contains(&format!("from variable {name}")),
            "{message}"
        );
    }
    let config = with(&[("CONTROL_PLANE_POLL_TIMEOUT", "9m55s")], &[]).unwrap();
    assert_eq!(config.control_plane.poll_timeout, Duration::from_secs(595));
}

#[test]
fn log_settings_depend_on_each_other() {
    let log = |variables: &[(&str, &str)]| {
        with(variables, &[])
            .map(|config| (config.log.level, config.log.format))
            .unwrap()
    };
    assert_eq!(
        log(&[("LOG_FILE", "/tmp/x"), ("LOG_LEVEL", "debug")]),
        (LevelFilter::Debug, LogFormat::StructText)
    );
    assert_eq!(
        log(&[("LOG_FORMAT", "JSON"), ("LOG_LEVEL", "warn")]),
        (LevelFilter::Warn, LogFormat::Json)
    );
    assert_eq!(log(&[("LOG_LEVEL", "INFO")]), (LevelFilter::Info, LogFormat::Plain));
}

#[test]
fn a_log_has_one_place() {
    let journald = ("LOG_TARGET", "journald");
    let config = with(&[journald, ("LOG_LEVEL", "debug")], &[]).unwrap();
    assert_eq!((&config.log.target, &config.log_server), (&LogTarget::Journal, &None));
    let refused = with(&[journald, ("LOG_FILE", "/tmp/x")], &[]).unwrap_err().to_string();
    assert!(refused.contains("log.file has no place beside log.target"), "{refused}");
    let server = [("LOG_TARGET", "syslog"), ("LOG_SYSLOG_ADDRESS", "tls://[2001:db8::1]")];
    let config = with(&server, &[]).unwrap();
    let shown = config.log_server.as_ref().map(LogServer::shown);
    assert_eq!(shown.as_deref(), Some("tls://[2001:db8::1]:6514"));
    let config = with(&[server[0]], &[]).unwrap();
    let socket = LogTarget::Syslog {
        facility: 3,
        socket: "/dev/log".into(),
    };
    assert_eq!((&config.log.target, &config.log_server), (&socket, &None));
}

#[test]
fn no_value_of_any_setting_makes_it_panic() {
    let nasty: Vec<OsString> = [
        "\u{0}",
        "ä",
        "🟢🟢",
        "=",
        ",",
        ":",
        "://",
        "[",
        "[]:",
        "%",
        "-",
        "+",
        "\\",
        "'",
        "\"",
        "env:",
        "file:",
        "env:ä",
        "channel=",
        "channel=,",
        "command=",
        "url=,url=",
        "url=[",
        "http://",
        "http://[",
        "http://@",
        "http://:",
        "http://ä",
        "1.",
        ".s",
        "9999999999999999999999h",
        "info+",
        "tunnel_",
        "tunnel_ä",
        "/%",
        "//",
        "\n\n",
        ",,,",
        "*",
    ]
    .into_iter()
    .map(OsString::from)
    .chain([
        OsString::from_vec(vec![0xff, 0xfe]),
        OsString::from_vec(vec![b'h', 0xc3]),
    ])
    .collect();
    for setting in SETTINGS {
        for value in &nasty {
            let mut flags = Flags::default();
            flags.add(setting.flag, [value.clone()]);
            let environment: Environment = COMPLETE.into_iter().collect();
            let _ = load_written(&flags, &environment, None);
            let pairs = COMPLETE
                .into_iter()
                .map(|(name, value)| (OsString::from(name), OsString::from(value)));
            let set = setting
                .variables
                .iter()
                .map(|name| (OsString::from(name), value.clone()));
            let environment: Environment = pairs.chain(set).collect();
            let _ = load_written(&Flags::default(), &environment, None);
        }
    }
}

#[test]
fn text_that_is_not_utf8_is_refused_and_a_path_may_be() {
    let bytes = OsString::from_vec(b"/tmp/\xff".to_vec());
    let mut flags = Flags::default();
    flags.add("pid.file", [bytes.clone()]);
    flags.add("log.level", [bytes.clone()]);
    let environment: Environment = COMPLETE.into_iter().collect();
    let errors = lines(load_written(&flags, &environment, None));
    assert_eq!(
        errors,
        ["log.level is not UTF-8 text (log.level from flag --log.level)"]
    );
}

#[test]
fn numbers_of_a_file_may_be_written_as_yaml_writes_them() {
    let in_flight = |text: &str| {
        let text = format!("control_plane: {{max_inflight_requests: {text}}}");
        let config = load_written(
            &Flags::default(),
            &COMPLETE.into_iter().collect(),
            Some(&File::parse(Path::new("p.yaml"), &text)),
        );
        config.map(|config| config.control_plane.max_inflight)
    };
    for (text, expected) in [("1_000", 1000), ("0x10", 16), ("0o17", 15), ("+5", 5)] {
        assert_eq!(in_flight(text).unwrap(), expected, "{text}");
    }
    let error = in_flight("010").unwrap_err().to_string();
    assert!(
        error.contains("octal") && error.contains("control-plane.max-inflight"),
        "{error}"
    );
    // The other sources are no YAML.
    let variable = [("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", "010")];
    assert_eq!(with(&variable, &[]).unwrap().control_plane.max_inflight, 10);
    let variable = [("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", "0x10")];
    assert!(message(&variable, &[]).contains("is not a number"));
}

#[test]
fn a_host_name_of_the_health_listener_is_wide_only_where_that_was_asked_for() {
    let listen = |flags: &[(&'static str, &str)]| {
        let named = ("health.listen-addr", "Node-7.example:8080");
        let config = with(&[], &[&[named], flags].concat()).unwrap();
        assert_eq!(config.warnings, [""; 0]);
        config.health.listen.clone()
    };
    let named = |is_wide| Listen::Named {
        host: "node-7.example".to_owned(),
        port: 8080,
        is_wide,
    };
    assert_eq!(listen(&[]), named(false));
    assert_eq!(listen(&[("health.allowed-host", "other.example")]), named(false));
    assert_eq!(listen(&[("health.allowed-host", "NODE-7.example")]), named(true));
    assert_eq!(listen(&[("allow-remote-ui", "true")]), named(true));
    let config = with(&[], &[("allow-remote-ui", "true")]).unwrap();
    let without = &config.warnings;
    assert!(
        without.len() == 1 && without[0].starts_with("admin_ui.allow_remote has no effect: admin_ui.enabled is false"),
        "{without:?}"
    );
}
