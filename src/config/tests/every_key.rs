//! A profile with every documented key.

use std::collections::BTreeSet;

use super::*;

const TEXT: &str = include_str!("../../../tests/data/every-key.yaml");

const VARIABLES: [(&str, &str); 7] = [
    ("PAGE_TOKEN", "page-sekret-0123456789"),
    ("CONTROL_PLANE_API_KEY", KEY),
    ("SITE_TOKEN", "site-sekret"),
    ("CA_FILE", "/etc/ca.pem"),
    ("SITE_PROXY", "http://site:proxy-sekret@site-proxy:3128"),
    ("MCP_TOOLS_URL", "https://tools.example.com/mcp"),
    ("LOCAL_DATABASE_URL", "postgres://local-sekret"),
];

fn every_key() -> Config {
    let file = File::parse(Path::new("every-key.yaml"), TEXT);
    let written: BTreeSet<_> = file.entries.iter().map(|entry| entry.setting.key).collect();
    let known: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.key).collect();
    assert_eq!(written, known, "the profile has every key");
    load_written(&Flags::default(), &VARIABLES.into_iter().collect(), Some(&file)).unwrap()
}

fn header(headers: &[Header], name: &str) -> String {
    let header = headers.iter().find(|header| header.name == name).unwrap();
    header.value.expose_secret().to_owned()
}

fn proxy(proxy: Option<&Proxy>) -> Option<(String, String)> {
    proxy.map(|proxy| (proxy.source.clone(), proxy.origin()))
}

#[test]
fn the_control_plane_is_as_written() {
    let config = every_key();
    let control = &config.control_plane;
    assert_eq!(
        (control.base_url.origin(), control.url_path.as_str()),
        ("https://relay.example.com".into(), "/tunnels")
    );
    assert_eq!(
        (control.tunnel_id.as_str(), control.organization_id.as_deref()),
        (ID, Some("org-1"))
    );
    assert_eq!(control.api_key.expose_secret(), KEY);
    assert_eq!(control.api_key_source, "env:CONTROL_PLANE_API_KEY");
    let identity = control.identity.as_ref().unwrap();
    assert_eq!(identity.certificate, Path::new("/etc/tunnel-client/control.pem"));
    assert_eq!(identity.key, Path::new("/etc/tunnel-client/control.key"));
    assert_eq!(identity.setting, "control-plane.client-cert");
    let expected = (
        "control-plane.http-proxy".into(),
        "http://control-proxy.example.com:3128".into(),
    );
    assert_eq!(proxy(control.proxy.as_ref()), Some(expected));
    assert_eq!(control.max_inflight, 30);
    assert_eq!(
        [
            control.poll_timeout,
            control.initial_poll_timeout,
            control.poll_guardrail
        ],
        [20, 15, 4].map(Duration::from_secs)
    );
    assert_eq!(control.poll_channels, ["harpoon", "local", "main", "tools"]);
    assert_eq!(header(&control.extra_headers, "X-Site"), "north, south; and more");
    assert_eq!(header(&control.extra_headers, "X-Site-Token"), "site-sekret");
}

#[test]
fn the_servers_are_as_written() {
    let config = every_key();
    let mcp = &config.mcp;
    let http: Vec<_> = mcp.bindings.iter().filter(|binding| !binding.is_stdio()).collect();
    let parts = http.iter().map(|binding| match &binding.target {
        Target::Http {
            url,
            unix_socket,
            proxy,
            identity,
        } => (
            binding.channel.as_str(),
            format!("{}{}", url.origin(), url.path_and_query),
            unix_socket.as_deref().and_then(Path::to_str),
            proxy.as_ref().map(|proxy| proxy.source.as_str()),
            identity.as_ref().unwrap().setting,
        ),
        Target::Stdio { .. } => panic!("not HTTP"),
    });
    assert_eq!(
        parts.collect::<Vec<_>>(),
        [
            (
                "main",
                "https://mcp.example.com/mcp?a=1,2".into(),
                None,
                Some("mcp.server-url"),
                "mcp.server-url"
            ),
            (
                "tools",
                "https://tools.example.com/mcp".into(),
                None,
                Some("mcp.http-proxy"),
                "mcp.client-cert"
            ),
            (
                "socket",
                "http://localhost/mcp".into(),
                Some("/run/mcp.sock"),
                None,
                "mcp.client-cert"
            ),
        ]
    );
    let Target::Stdio {
        argv,
        env,
        pass_env,
        sandbox,
    } = &mcp.bindings[3].target
    else {
        panic!("not a command")
    };
    assert_eq!(argv, &["python", "/path/to/server.py", "--list", "a, b"]);
    let variables: Vec<_> = env
        .iter()
        .map(|one| (one.name.as_str(), one.value.expose_secret(), one.referenced))
        .collect();
    assert_eq!(
        variables,
        [("DATABASE_URL", "postgres://local-sekret", true), ("MODE", "ro", false)]
    );
    assert_eq!(pass_env, &["GITHUB_TOKEN", "DB_*"]);
    let expected = ServerSandbox {
        level: Level::Strict,
        read: vec!["/srv/data".into()],
        write: vec!["/var/lib/local".into()],
        network: ServerNetwork::Tcp(vec![5432, 443]),
        devices: Vec::new(),
        allow_writable_program: true,
    };
    assert_eq!(sandbox, &expected);
    assert_eq!(header(&mcp.extra_headers, "Authorization"), "site-sekret");
    assert_eq!(header(&mcp.discovery_extra_headers, "X-Discovery"), "yes");
    assert_eq!(mcp.pass_env, ["HTTPS_PROXY", "AWS_*"]);
    assert!(mcp.stdio_send_initialized_notification && !mcp.pass_error_text);
    assert_eq!(mcp.startup_wait_timeout, Duration::from_secs(10));
    assert_eq!(mcp.connection_max_ttl, Duration::from_secs(300));
    assert_eq!(mcp.max_concurrent_requests, 12);
}

#[test]
fn connections_are_as_written() {
    let config = every_key();
    let trust = &config.trust;
    assert!(trust.is_bundle_alone() && trust.min_version == TlsVersion::V1_3);
    assert_eq!(
        trust.proxy_bundle.as_deref(),
        Some(Path::new("/etc/tunnel-client/proxy-ca.pem"))
    );
    let identity = trust.proxy_identity.as_ref().unwrap();
    assert_eq!(identity.certificate, Path::new("/etc/tunnel-client/proxy.pem"));
    assert_eq!(identity.key, Path::new("/etc/tunnel-client/proxy.key"));
    let rules = &config.lockdown;
    assert!(rules.require_proxy && rules.require_bundle_trust && rules.require_client_cert);
    let networks = ["10.20.0.0/16", "fd00::/8"].map(|text| Cidr::parse(text).unwrap());
    assert_eq!(rules.allowed_networks, networks);
    assert_eq!(rules.allowed_hosts, ["mcp.example.com", "tools.example.com"]);
    let times = config.timeouts;
    let seconds = [times.resolve, times.connect, times.tls, times.proxy].map(|time| time.as_secs());
    assert_eq!(seconds, [4, 5, 6, 7]);
    assert_eq!(config.reload_interval, Some(Duration::from_secs(20)));
    assert_eq!(config.mcp.first_byte_timeout, Some(Duration::from_secs(90)));
    assert_eq!(config.mcp.idle_timeout, Some(Duration::from_secs(45)));
}

#[test]
fn the_rest_is_as_written() {
    let config = every_key();
    assert_eq!(config.trust.bundle.as_deref(), Some(Path::new("/etc/ca.pem")));
    assert_eq!(
        (config.log.level, config.log.format),
        (LevelFilter::Debug, LogFormat::Json)
    );
    assert_eq!((&config.log.target, &config.log_server), (&LogTarget::Stream, &None));
    assert_eq!(
        config.log.file.as_deref(),
        Some(Path::new("/var/log/tunnel-client.log"))
    );
    let expected = Audit {
        file: "/var/log/tunnel-client/audit.log".into(),
        key_file: Some("/var/lib/tunnel-audit/key".into()),
        on_failure: OnFailure::Block,
        anchor_every: 200,
        forward: Some(Forward {
            target: LogTarget::SyslogServer {
                facility: 10,
                shown: "tls://records.example.com:6514".to_owned(),
            },
            server: Some(LogServer {
                url: HttpUrl::parse("https://records.example.com:6514").unwrap(),
                identity: Some(Identity {
                    certificate: "/etc/syslog.crt".into(),
                    key: "/etc/syslog.key".into(),
                    setting: "log.syslog-client-cert",
                }),
            }),
            backlog: 1_048_576,
            position: "/var/log/tunnel-client/audit.log.forwarded".into(),
        }),
    };
    assert_eq!(config.audit, Some(expected));
    assert_eq!(
        config.health.listen,
        Listen::Unix("/run/tunnel-client/health.sock".into())
    );
    assert_eq!(
        config.health.url_file.as_deref(),
        Some(Path::new("/run/tunnel-client/health.url"))
    );
    assert_eq!(config.health.allowed_hosts, ["tunnel.monitoring.example"]);
    assert!(config.health.show_details);
    assert_eq!(config.pid_file.as_deref(), Some(Path::new("/run/tunnel-client/pid")));
    assert!(!config.announce_ui);
    let page = config.page.as_ref().unwrap();
    let token = page.token.as_ref().map(ExposeSecret::expose_secret);
    assert_eq!((token, page.allow_remote), (Some("page-sekret-0123456789"), false));
    let mut secrets = Vec::new();
    config.for_each_secret(|secret| secrets.push(secret.to_owned()));
    assert!(secrets.iter().any(|secret| secret == "page-sekret-0123456789"));
    let url = HttpUrl::parse("https://somewhere.example").unwrap();
    let expected = ("http-proxy".into(), "http://site-proxy:3128".into());
    let harpoon = (
        "harpoon.http-proxy".into(),
        "http://harpoon-proxy.example.com:80".into(),
    );
    assert_eq!(proxy(config.proxies.of(Class::Harpoon, &url).as_ref()), Some(harpoon));
    assert_eq!(proxy(config.proxies.global.as_ref()), Some(expected));
}

#[test]
fn what_has_no_effect_is_named_and_nothing_secret_is_shown() {
    let config = every_key();
    let about = |key: &str| config.warnings.iter().filter(|line| line.contains(key)).count();
    for key in [
        "harpoon.targets",
        "harpoon.max_response_bytes",
        "harpoon.max_redirects",
        "harpoon.http_proxy",
        "harpoon.additional_transports",
        "harpoon.capture_payloads",
        "harpoon.hosts_include_suffix",
        "harpoon.hosts_include_regex",
        "harpoon.hosts_include_loopback",
        "harpoon.hosts_include_private",
        "proxy.check_interval",
        "channel harpoon",
    ] {
        assert_eq!(about(key), 1, "{key}: {:#?}", config.warnings);
    }
    assert_eq!(config.warnings.len(), 12, "{:#?}", config.warnings);
    for name in [
        "PAGE_TOKEN",
        "SITE_TOKEN",
        "SITE_PROXY",
        "MCP_TOOLS_URL",
        "CONTROL_PLANE_API_KEY",
    ] {
        assert!(config.secret_variables.iter().any(|known| known == name), "{name}");
    }
    assert!(!config.secret_variables.iter().any(|name| name == "CA_FILE"));
    assert!(!format!("{config:?}").contains("sekret"));
}
