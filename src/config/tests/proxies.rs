//! Proxies, client certificates and channels, as the data path sees them.

use super::*;

fn control(config: &Config) -> Option<String> {
    let proxy = config.control_plane.proxy.as_ref()?;
    Some(format!("{} {}", proxy.source, proxy.origin()))
}

fn main_server(config: &Config) -> (Option<String>, Option<(PathBuf, &'static str)>) {
    let Target::Http { proxy, identity, .. } = &config.mcp.bindings[0].target else {
        panic!("not HTTP")
    };
    let identity = identity.as_ref();
    (
        proxy
            .as_ref()
            .map(|proxy| format!("{} {}", proxy.source, proxy.origin())),
        identity.map(|identity| (identity.certificate.clone(), identity.setting)),
    )
}

const REMOTE: (&str, &str) = ("MCP_SERVER_URL", "http://mcp.example/mcp");

#[test]
fn the_environment_leads_through_a_proxy_but_not_to_this_machine() {
    let set = [("HTTP_PROXY", "plain:1"), ("HTTPS_PROXY", "http://secure:2")];
    let config = with(&set, &[]).unwrap();
    assert_eq!(control(&config).as_deref(), Some("env:HTTPS_PROXY http://secure:2"));
    assert_eq!(main_server(&config).0, None);
    let config = with(&[set[0], set[1], REMOTE], &[]).unwrap();
    assert_eq!(main_server(&config).0.as_deref(), Some("env:HTTP_PROXY http://plain:1"));
    let config = with(&[set[0], set[1], REMOTE, ("NO_PROXY", ".openai.com,mcp.example")], &[]).unwrap();
    assert_eq!((control(&config), main_server(&config).0), (None, None));
}

#[test]
fn the_nearest_proxy_wins_and_a_socket_needs_none() {
    let global = ("TUNNEL_CLIENT_HTTP_PROXY", "http://global");
    let config = with(&[global, ("NO_PROXY", "*")], &[]).unwrap();
    assert_eq!(control(&config).as_deref(), Some("http-proxy http://global:80"));
    assert_eq!(main_server(&config).0.as_deref(), Some("http-proxy http://global:80"));
    let config = with(&[global, ("MCP_HTTP_PROXY", "http://class")], &[]).unwrap();
    assert_eq!(
        main_server(&config).0.as_deref(),
        Some("mcp.http-proxy http://class:80")
    );
    let entry = "url=http://h,http-proxy=http://channel";
    let config = with(
        &[global, ("MCP_HTTP_PROXY", "http://class"), ("MCP_SERVER_URL", entry)],
        &[],
    )
    .unwrap();
    assert_eq!(
        main_server(&config).0.as_deref(),
        Some("mcp.server-url http://channel:80")
    );
    let config = with(&[global, ("MCP_SERVER_URL", "url=http://h,unix-socket=/s")], &[]).unwrap();
    assert_eq!(main_server(&config).0, None);
}

#[test]
fn a_broken_proxy_of_the_environment_matters_only_while_it_counts() {
    let broken = ("HTTPS_PROXY", "socks5://u:sekret@p:1080");
    let shown = message(&[broken], &[]);
    assert!(shown.starts_with("HTTPS_PROXY needs a proxy that speaks HTTP") && shown.contains("set http-proxy"));
    assert!(
        shown.ends_with("(control-plane.http-proxy from variable HTTPS_PROXY)"),
        "{shown}"
    );
    assert!(!shown.contains("sekret"), "{shown}");
    let remote = ("MCP_SERVER_URL", "https://mcp.example");
    let shown = message(&[broken, remote, ("CONTROL_PLANE_BASE_URL", "http://localhost")], &[]);
    assert!(
        shown.starts_with("entry is reached through a proxy, but HTTPS_PROXY needs"),
        "{shown}"
    );
    assert!(with(&[("HTTP_PROXY", "socks5://p")], &[]).is_ok());
    assert!(with(&[broken, ("NO_PROXY", "openai.com")], &[]).is_ok());
    assert!(with(&[broken, ("TUNNEL_CLIENT_HTTP_PROXY", "http://p")], &[]).is_ok());
}

#[test]
fn a_certificate_and_its_key_go_together() {
    for (name, missing) in [
        ("CONTROL_PLANE_CLIENT_CERT", "control-plane.client-key"),
        ("CONTROL_PLANE_CLIENT_KEY", "control-plane.client-cert"),
        ("MCP_CLIENT_CERT", "mcp.client-key"),
        ("MCP_CLIENT_KEY", "mcp.client-cert"),
    ] {
        let shown = message(&[(name, "/x")], &[]);
        let end = format!("({missing} is not set)");
        assert!(shown.starts_with("missing client-") && shown.ends_with(&end), "{shown}");
    }
}

#[test]
fn a_channel_has_its_own_certificate_or_that_of_all() {
    let both = [("MCP_CLIENT_CERT", "/all.pem"), ("MCP_CLIENT_KEY", "/all.key")];
    let config = with(&both, &[]).unwrap();
    assert_eq!(main_server(&config).1, Some(("/all.pem".into(), "mcp.client-cert")));
    let own = (
        "MCP_SERVER_URL",
        "url=https://h,client-cert=/own.pem,client-key=env:KEY_FILE",
    );
    let config = with(&[both[0], both[1], own, ("KEY_FILE", "/own.key")], &[]).unwrap();
    assert_eq!(main_server(&config).1, Some(("/own.pem".into(), "mcp.server-url")));
    let stdio = [both[0], both[1], ("MCP_SERVER_URL", ""), ("MCP_COMMAND", "srv")];
    let shown = message(&stdio, &[]);
    assert!(
        shown.starts_with("mcp.client-cert needs at least one MCP server behind a URL"),
        "{shown}"
    );
}

#[test]
fn a_client_certificate_leads_to_the_host_that_looks_at_it() {
    let identity = [("CONTROL_PLANE_CLIENT_CERT", "/c"), ("CONTROL_PLANE_CLIENT_KEY", "/k")];
    for (base_url, origin) in [
        ("", "https://mtls.api.openai.com"),
        ("https://api.openai.com/", "https://mtls.api.openai.com"),
        ("https://api.openai.com/v1", "https://api.openai.com"),
        ("https://api.openai.com:8443", "https://api.openai.com:8443"),
        ("http://api.openai.com", "http://api.openai.com"),
        ("https://relay.example", "https://relay.example"),
    ] {
        let config = with(&[identity[0], identity[1], ("CONTROL_PLANE_BASE_URL", base_url)], &[]).unwrap();
        assert_eq!(config.control_plane.base_url.origin(), origin, "{base_url}");
    }
    assert_eq!(
        with(&[], &[]).unwrap().control_plane.base_url.origin(),
        "https://api.openai.com"
    );
}

#[test]
fn polled_channels_are_sorted_and_each_has_somebody_behind_it() {
    let servers = (
        "MCP_SERVER_URL",
        "http://h\nchannel=b,url=http://h\nchannel=a,url=http://h",
    );
    let polled = |text: &str| with(&[servers, ("CONTROL_PLANE_POLL_CHANNELS", text)], &[]);
    assert_eq!(
        polled("main, b,a").unwrap().control_plane.poll_channels,
        ["a", "b", "main"]
    );
    assert!(polled("").unwrap().control_plane.poll_channels.is_empty());
    let shown = message(&[servers, ("CONTROL_PLANE_POLL_CHANNELS", "main,c")], &[]);
    assert!(
        shown.contains("channel c, which has no server") && shown.contains("entry 2"),
        "{shown}"
    );
}

#[test]
fn main_may_be_missing_when_it_is_not_polled() {
    let only = [
        ("MCP_SERVER_URL", "channel=a,url=http://h"),
        ("CONTROL_PLANE_POLL_CHANNELS", "a"),
    ];
    assert_eq!(with(&only, &[]).unwrap().mcp.bindings.len(), 1);
    let target = ("HARPOON_TARGETS", "label=x,url=https://h");
    let harpoon = ("CONTROL_PLANE_POLL_CHANNELS", "harpoon");
    let config = with(&[target, harpoon, ("MCP_SERVER_URL", "")], &[]).unwrap();
    assert!(config.mcp.bindings.is_empty());
    assert!(
        config
            .warnings
            .iter()
            .any(|line| line.contains("not served by this build")),
        "{:?}",
        config.warnings
    );
    let shown = message(&[harpoon], &[]);
    assert!(shown.contains("needs a target"), "{shown}");
    assert!(with(&[("CONTROL_PLANE_POLL_CHANNELS", "harpoon,main")], &[]).is_ok());
}

#[test]
fn a_wrong_list_of_channels_does_not_also_count_as_a_missing_main() {
    let wrong = [
        ("MCP_SERVER_URL", "channel=a,url=http://h"),
        ("CONTROL_PLANE_POLL_CHANNELS", "A"),
    ];
    assert!(message(&wrong, &[]).contains("invalid channel"));
}
