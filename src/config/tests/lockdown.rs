//! Rules that a configuration keeps, or it is refused as a whole.

use super::*;

const PROXY: (&str, &str) = ("HTTPS_PROXY", "http://proxy:3128");

/// What is wrong with a configuration of these variables.
fn mistakes(variables: &[(&str, &str)]) -> Vec<String> {
    match with(variables, &[]) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn everything_that_a_lockdown_asks_for_is_named_at_once() {
    let locked = [
        ("LOCKDOWN_REQUIRE_PROXY", "true"),
        ("LOCKDOWN_REQUIRE_BUNDLE_TRUST", "true"),
        ("LOCKDOWN_REQUIRE_CLIENT_CERT", "true"),
        ("LOCKDOWN_ALLOWED_NETWORKS", "10.0.0.0/8"),
        ("CONTROL_PLANE_BASE_URL", "http://control.example"),
    ];
    let mistakes = mistakes(&locked);
    for gist in [
        "lockdown.require-proxy is set, and no proxy leads to the control plane",
        "lockdown.require-bundle-trust is set, and other authorities are trusted",
        "lockdown.require-bundle-trust is set, and control-plane.base-url is not https",
        "lockdown.require-client-cert is set, and control-plane.base-url is not https",
        "lockdown.require-client-cert is set, and there is no client certificate",
        "channel main: 127.0.0.1 is not in a lockdown.allowed-network; add its network there (lockdown.allowed-network from variable",
    ] {
        assert!(mistakes.iter().any(|line| line.contains(gist)), "{gist}: {mistakes:#?}");
    }
    assert_eq!(mistakes.len(), 6, "{mistakes:#?}");
}

#[test]
fn what_keeps_the_rules_is_accepted() {
    let kept = [
        PROXY,
        ("LOCKDOWN_REQUIRE_PROXY", "true"),
        ("LOCKDOWN_REQUIRE_BUNDLE_TRUST", "true"),
        ("TUNNEL_CLIENT_TLS_TRUST", "bundle"),
        ("CA_BUNDLE", "/ca.pem"),
        ("LOCKDOWN_REQUIRE_CLIENT_CERT", "true"),
        ("CONTROL_PLANE_CLIENT_CERT", "/c.pem"),
        ("CONTROL_PLANE_CLIENT_KEY", "/k.pem"),
    ];
    assert_eq!(mistakes(&kept), [""; 0]);
}

#[test]
fn a_syslog_server_is_held_to_the_rules_of_direct_connections() {
    let of = |address, rule: (&'static str, &'static str)| {
        let common = [
            PROXY,
            ("MCP_SERVER_URL", "http://10.1.1.1/mcp"),
            ("TUNNEL_CLIENT_TLS_TRUST", "bundle"),
            ("CA_BUNDLE", "/ca.pem"),
            ("LOG_TARGET", "syslog"),
            ("LOG_SYSLOG_ADDRESS", address),
        ];
        mistakes(&[&common[..], &[rule]].concat())
    };
    let of_audit = |address, rule: (&'static str, &'static str)| {
        let common = [
            PROXY,
            ("MCP_SERVER_URL", "http://10.1.1.1/mcp"),
            ("TUNNEL_CLIENT_TLS_TRUST", "bundle"),
            ("CA_BUNDLE", "/ca.pem"),
            ("AUDIT_FILE", "/var/log/audit.log"),
            ("AUDIT_FORWARD", "syslog"),
            ("AUDIT_SYSLOG_ADDRESS", address),
        ];
        mistakes(&[&common[..], &[rule]].concat())
    };
    let networks = ("LOCKDOWN_ALLOWED_NETWORKS", "10.0.0.0/8");
    let bundle = ("LOCKDOWN_REQUIRE_BUNDLE_TRUST", "true");
    for (address, rule, gist) in [
        (
            "tls://192.0.2.1",
            networks,
            "log.syslog-address: 192.0.2.1 is not in a lockdown.allowed-network",
        ),
        (
            "tcp://10.1.1.2",
            bundle,
            "lockdown.require-bundle-trust is set, and log.syslog-address is not encrypted",
        ),
    ] {
        let found = of(address, rule);
        assert!(found.len() == 1 && found[0].contains(gist), "{gist}: {found:#?}");
        let found = of_audit(address, rule);
        let gist = gist.replace("log.syslog", "audit.syslog");
        assert!(found.len() == 1 && found[0].contains(&gist), "{gist}: {found:#?}");
    }
    for (address, rule) in [
        ("tls://10.1.1.2", networks),
        ("tls://10.1.1.2", bundle),
        ("/dev/log", bundle),
    ] {
        assert_eq!(of(address, rule), [""; 0], "{address}");
    }
}

#[test]
fn no_proxy_can_lead_around_a_proxy_that_is_required() {
    let around = [
        PROXY,
        ("NO_PROXY", "api.openai.com"),
        ("LOCKDOWN_REQUIRE_PROXY", "true"),
    ];
    let mistakes = mistakes(&around);
    assert!(
        mistakes
            .iter()
            .any(|line| line.contains("no proxy leads to the control plane")),
        "{mistakes:?}"
    );
}

#[test]
fn servers_are_where_the_rules_allow_them() {
    for (server, more, refused) in [
        ("http://127.0.0.1:3000/mcp", &[][..], None),
        ("http://[::1]:3000/mcp", &[], None),
        ("http://10.1.2.3/mcp", &[], Some("10.1.2.3 is not on this host")),
        (
            "http://10.1.2.3/mcp",
            &[("LOCKDOWN_ALLOWED_NETWORKS", "10.1.0.0/16")],
            None,
        ),
        ("http://localhost:3000/mcp", &[], None),
        (
            "http://tools.example/mcp",
            &[],
            Some("tools.example is not on this host"),
        ),
        // Its address is looked at when it is known.
        (
            "http://tools.example/mcp",
            &[("LOCKDOWN_ALLOWED_NETWORKS", "10.1.0.0/16")],
            None,
        ),
        ("https://tools.example/mcp", &[("MCP_HTTP_PROXY", "http://p:1")], None),
        (
            "https://tools.example/mcp",
            &[
                ("MCP_HTTP_PROXY", "http://p:1"),
                ("LOCKDOWN_ALLOWED_NETWORKS", "10.0.0.0/8"),
            ],
            Some("tools.example is behind a proxy"),
        ),
        (
            "https://Tools.example/mcp",
            &[
                ("MCP_HTTP_PROXY", "http://p:1"),
                ("LOCKDOWN_ALLOWED_NETWORKS", "10.0.0.0/8"),
                ("LOCKDOWN_ALLOWED_HOSTS", "tools.Example"),
            ],
            None,
        ),
        (
            "url=http://h/mcp,unix-socket=/run/mcp.sock",
            &[("LOCKDOWN_ALLOWED_NETWORKS", "10.0.0.0/8")],
            None,
        ),
    ] {
        let mut variables = vec![PROXY, ("LOCKDOWN_REQUIRE_PROXY", "true"), ("MCP_SERVER_URL", server)];
        variables.extend(more);
        let mistakes = mistakes(&variables);
        match refused {
            None => assert_eq!(mistakes, [""; 0], "{server} {more:?}"),
            Some(gist) => assert!(
                mistakes.len() == 1 && mistakes[0].contains(gist),
                "{server}: {mistakes:?}"
            ),
        }
    }
}

#[test]
fn trust_in_a_bundle_needs_one_and_the_other_way_round() {
    let lines = mistakes(&[("TUNNEL_CLIENT_TLS_TRUST", "bundle")]);
    assert!(lines[0].contains("ca-bundle is not set"), "{lines:?}");
    let config = with(&[("TUNNEL_CLIENT_TLS_TRUST", "bundle"), ("CA_BUNDLE", "/ca.pem")], &[]).unwrap();
    assert!(config.trust.is_bundle_alone());
    let config = with(
        &[("TUNNEL_CLIENT_TLS_TRUST", "system"), ("SSL_CERT_FILE", "/store.pem")],
        &[],
    )
    .unwrap();
    let store = SystemStore {
        file: Some("/store.pem".into()),
        required: true,
    };
    assert_eq!((&config.trust.system, config.trust.webpki), (&Some(store), false));
}

#[test]
fn a_proxy_in_a_secret_file_is_known_with_its_file_and_never_shown() {
    let config = with(&[("CONTROL_PLANE_HTTP_PROXY", "file:/run/proxy")], &[]).unwrap();
    let proxy = config.control_plane.proxy.as_ref().unwrap();
    assert_eq!(proxy.origin(), "http://proxy:3128");
    let seen = proxy.file.as_deref().map(|seen| seen.path.as_path());
    assert_eq!(seen, Some(Path::new("/run/proxy")));
    let mut secrets = Vec::new();
    config.for_each_secret(|secret| secrets.push(secret.to_owned()));
    assert!(secrets.contains(&"user:file-sekret".to_owned()));
    assert!(!format!("{config:?}").contains("sekret"));
}

#[test]
fn an_allow_list_without_an_entry_is_a_mistake_and_not_leave_for_everything() {
    for (variable, setting) in [
        ("LOCKDOWN_ALLOWED_NETWORKS", "lockdown.allowed-network"),
        ("LOCKDOWN_ALLOWED_HOSTS", "lockdown.allowed-host"),
        ("TUNNEL_CLIENT_TLS_TRUST", "tls.trust"),
    ] {
        let lines = mistakes(&[(variable, " , ,")]);
        let expected = format!("{setting} is written without an entry");
        assert!(
            lines.len() == 1 && lines[0].contains(&expected) && lines[0].contains(variable),
            "{lines:?}"
        );
        assert_eq!(mistakes(&[(variable, "")]), [""; 0], "unset");
    }
    for text in [
        "lockdown: {allowed_networks: []}",
        "lockdown:\n  allowed_hosts: ['', ' ']",
        "tls: {trust: []}",
    ] {
        let file = File::parse(Path::new("x.yaml"), text);
        let environment: Environment = COMPLETE.into_iter().collect();
        let loaded = load_written(&Flags::default(), &environment, Some(&file));
        let lines: Vec<String> = loaded.unwrap_err().iter().map(ToString::to_string).collect();
        assert!(
            lines[0].contains("without an entry") && lines[0].contains("x.yaml:"),
            "{text}: {lines:?}"
        );
    }
}
