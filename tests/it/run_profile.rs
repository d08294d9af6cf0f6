//! `run` from a profile or a configuration file, with nothing but the key in the environment.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::control::TUNNEL;
use crate::support::mcp::echo;
use crate::support::tls::Authority;
use crate::support::wait::BOUND;
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, Manner, McpServer, Proxy, Scratch, StdioServer, eventually,
    holds_for,
};

/// A client that gets its settings from files; only the key is in its environment.
fn builder() -> ClientBuilder {
    [
        "CONTROL_PLANE_BASE_URL",
        "CONTROL_PLANE_TUNNEL_ID",
        "CONTROL_PLANE_POLL_TIMEOUT",
        "CONTROL_PLANE_POLL_DEADLINE_GUARDRAIL",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "HEALTH_LISTEN_ADDR",
        "HEALTH_URL_FILE",
    ]
    .into_iter()
    .fold(ClientBuilder::for_url(""), ClientBuilder::no_env)
}

/// The port of an origin or an MCP endpoint.
fn port(url: &str) -> &str {
    url.trim_end_matches("/mcp").rsplit_once(':').unwrap().1
}

/// Nobody else can read it.
fn private(path: &Path) {
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// The part of a profile that every test needs, and more lines for the sections.
struct Profile<'a> {
    control: &'a str,
    control_plane: &'a str,
    top: &'a str,
}

impl Profile<'_> {
    fn write(&self, directory: &Path, path: &str) {
        let Self {
            control,
            control_plane,
            top,
        } = self;
        let url_file = directory.join("health.url");
        let text = format!(
            r#"config_version: 1
control_plane:
  base_url: "{control}"
  tunnel_id: "{TUNNEL}"
  api_key: "env:CONTROL_PLANE_API_KEY"
  poll_timeout: 2s
{control_plane}
health:
  listen_addr: "127.0.0.1:0"
  url_file: "{}"
log:
  level: info
  format: json
{top}
"#,
            url_file.display()
        );
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Starts a client with a profile of this name in its own home directory.
fn start_profile(profile: &Profile<'_>) -> Client {
    let builder = builder();
    profile.write(builder.directory().path(), ".config/tunnel-client/work.yaml");
    builder.arg("--profile").arg("work").start()
}

#[track_caller]
fn summary(client: &Client) -> serde_json::Value {
    serde_json::from_str(&client.await_log("tunnel-client startup summary")).unwrap()
}

#[test]
fn a_profile_is_served_over_http_and_stdio() {
    let (control, mcp, child) = (ControlPlane::http(), McpServer::echo(), StdioServer::echo());
    let secrets = Scratch::new();
    let token = secrets.write("token", "gate-4711-0815\n");
    private(&token);
    let client = start_profile(&Profile {
        control: &control.url(),
        control_plane: "  organization_id: org-1\n  extra_headers:\n    X-Zone: \"a, b; c\"",
        top: &format!(
            r#"mcp:
  max_concurrent_requests: 3
  extra_headers:
    X-Gate-Token: "file:{}"
  server_urls:
    - channel: main
      url: "{}"
  commands:
    - channel: pipes
      command: "{}""#,
            token.display(),
            mcp.url(),
            child.command()
        ),
    });
    client.await_ready();
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
    assert_eq!(
        control
            .call(Command::call("r2", "ping", "{}").channel("pipes"), "r2")
            .resp_code,
        200
    );
    assert_eq!(mcp.await_forwarded("r1").header("x-gate-token"), Some("gate-4711-0815"));
    let poll = &control.polls()[0];
    assert_eq!(
        poll.header("x-zone"),
        Some("a, b; c"),
        "what separates in a variable does not in a file"
    );
    assert_eq!(poll.header("openai-organization"), Some("org-1"));
    assert_eq!(poll.query("timeout_ms"), Some("2000"));
    assert_eq!(client.metric("dispatcher_worker_pool_capacity"), Some(3.0));
    let summary = summary(&client);
    let path = client.directory().file(".config/tunnel-client/work.yaml");
    assert_eq!(summary["config_source"], "profile: work");
    assert_eq!(summary["profile_name"], "work");
    assert_eq!(summary["profile_path"], path.display().to_string());
    assert!(client.log_with("gate-4711").is_empty());
}

#[test]
fn flags_and_variables_win_over_the_file() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let builder = builder();
    Profile {
        control: "http://127.0.0.1:9",
        control_plane: "  poll_channels: [main]",
        top: &format!("mcp:\n  server_urls:\n    - url: \"{}\"", mcp.url()),
    }
    .write(builder.directory().path(), "etc/client.yaml");
    let client = builder
        .arg("--config=etc/client.yaml")
        .arg("--control-plane.poll-timeout=1s")
        .env("CONTROL_PLANE_BASE_URL", control.url())
        .env("CONTROL_PLANE_POLL_CHANNELS", " ")
        .start();
    client.await_ready();
    let poll = &control.polls()[0];
    assert_eq!(poll.query("timeout_ms"), Some("1000"));
    assert_eq!(poll.query("channel"), Some("main"), "a blank variable hides nothing");
    assert_eq!(summary(&client)["config_source"], "config file: etc/client.yaml");
}

#[test]
fn a_json_file_is_a_configuration_file_too() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let builder = builder();
    let text = serde_json::json!({
        "control_plane": {"base_url": control.url(), "tunnel_id": TUNNEL, "api_key": "env:CONTROL_PLANE_API_KEY"},
        "health": {"unix_socket": builder.directory().file("health.sock")},
        "mcp": {"server_urls": [{"channel": "main", "url": mcp.url()}]},
    });
    builder.directory().write("client.json", &text.to_string());
    let client = builder.arg("--config").arg("client.json").start();
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
    client.await_log("health.sock");
}

#[test]
fn the_key_of_a_profile_does_not_reach_a_child() {
    let control = ControlPlane::http();
    let child = StdioServer::with(
        r#"
def on(message):
    answer(message, {"names": sorted(os.environ)})
"#,
    );
    let builder = builder();
    Profile {
        control: &control.url(),
        control_plane: "  extra_headers:\n    X-Gate: \"env:GATE_KEY\"",
        top: &format!(
            "mcp:\n  pass_env: [\"*\"]\n  commands:\n    - command: \"{}\"",
            child.command()
        ),
    }
    .write(builder.directory().path(), ".config/tunnel-client/work.yaml");
    let client = builder
        .arg("--profile=work")
        .env("GATE_KEY", "gate-4711-0815")
        .env("HARMLESS", "1")
        .start();
    let post = control.call(Command::call("r1", "ping", "{}"), "r1");
    let names = post.resp_json.unwrap();
    assert!(names.contains("HARMLESS"), "{names}");
    for secret in ["CONTROL_PLANE_API_KEY", "GATE_KEY"] {
        assert!(!names.contains(secret), "{secret} in {names}");
    }
    assert_eq!(control.polls()[0].header("x-gate"), Some("gate-4711-0815"));
    client.await_log("do not receive these variables");
}

#[test]
fn everything_goes_through_the_proxies_of_the_profile() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let (outer, inner) = (
        Proxy::http(Manner::Serve),
        Proxy::http(Manner::Demand("Basic dTpwLTQ3MTE=")),
    );
    // Names that only a proxy can know.
    let client = start_profile(&Profile {
        control: &format!("http://control.invalid:{}", port(&control.url())),
        control_plane: &format!("  http_proxy: \"{}\"", outer.url()),
        top: &format!(
            "mcp:\n  http_proxy: \"{}\"\n  extra_headers:\n    X-Gate: g\n  server_urls:\n    - url: \"http://mcp.invalid:{}/mcp\"",
            inner.url_with("u:p-4711@"),
            port(&mcp.url())
        ),
    });
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
    client.await_ready();
    let seen = mcp.await_forwarded("r1");
    assert_eq!(seen.header("x-gate"), Some("g"));
    assert!(
        outer.heads().iter().all(|head| head.contains("control.invalid")),
        "{:?}",
        outer.heads()
    );
    assert!(
        inner.heads().iter().all(|head| head.contains("mcp.invalid")),
        "{:?}",
        inner.heads()
    );
    assert!(client.log_with("p-4711").is_empty());
}

#[test]
fn each_peer_behind_the_proxy_sees_its_own_client_certificate() {
    let (servers, clients) = (
        Authority::new(),
        [Authority::named("for control"), Authority::named("for mcp")],
    );
    let control = ControlPlane::https(servers.server_for(&["control.invalid"], &clients[0], true));
    let mcp = McpServer::https(servers.server_for(&["mcp.invalid"], &clients[1], true), |request, _| {
        echo(request)
    });
    let proxy = Proxy::http(Manner::Serve);
    let builder = builder();
    let directory = builder.directory();
    directory.write("ca.pem", servers.pem());
    for (name, authority) in ["control", "mcp"].into_iter().zip(&clients) {
        let (certificate, key) = authority.client(name);
        directory.write(&format!("{name}.crt"), &certificate);
        private(&directory.write(&format!("{name}.key"), &key));
    }
    Profile {
        control: &format!("https://control.invalid:{}", port(&control.url())),
        control_plane: "  client_cert: control.crt\n  client_key: control.key",
        top: &format!(
            "ca_bundle: ca.pem\nhttp_proxy: \"{}\"\nmcp:\n  server_urls:\n    - url: \"https://mcp.invalid:{}/mcp\"\n      \
             client_cert: mcp.crt\n      client_key: mcp.key",
            proxy.url(),
            port(&mcp.url())
        ),
    }
    .write(directory.path(), ".config/tunnel-client/work.yaml");
    let mut client = builder.arg("--profile=work").start();
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
    client.await_ready();
    assert!(
        proxy.heads().iter().all(|head| head.starts_with("CONNECT ")),
        "{:?}",
        proxy.heads()
    );
    client.terminate();
    assert_eq!(client.wait_exit(BOUND).code(), Some(0));
}

#[test]
fn a_browser_is_never_started() {
    let (control, child) = (ControlPlane::http(), StdioServer::echo());
    let builder = builder();
    // Whoever starts one of the usual programs would leave a mark.
    let mark = builder.directory().file("started");
    for name in ["xdg-open", "sensible-browser", "x-www-browser", "www-browser", "open"] {
        let script = builder
            .directory()
            .write(name, &format!("#!/bin/sh\ntouch {}\n", mark.display()));
        std::fs::set_permissions(script, Permissions::from_mode(0o755)).unwrap();
    }
    Profile {
        control: &control.url(),
        control_plane: "",
        top: &format!(
            "admin_ui:\n  enabled: true\n  open_browser: true\nmcp:\n  commands:\n    - command: \"{}\"",
            child.command()
        ),
    }
    .write(builder.directory().path(), ".config/tunnel-client/work.yaml");
    let path = format!(
        "{}:{}",
        builder.directory().path().display(),
        std::env::var("PATH").unwrap()
    );
    let client = builder
        .arg("--profile=work")
        .env("PATH", path)
        .env("ADMIN_UI_TOKEN", "page-token-0123456789")
        .start();
    let page = format!("{}/ui/", client.health_url());
    let line = client.await_log(&page);
    assert!(line.contains("status page"), "{line}");
    client.await_log("🟢 tunnel-client started");
    control.call(Command::call("r1", "ping", "{}"), "r1");
    holds_for(std::time::Duration::from_millis(100), "no browser", || !mark.exists());
}

#[test]
fn mistakes_of_the_file_stop_the_start_with_their_places() {
    let builder = builder();
    Profile {
        control: "http://127.0.0.1:9",
        control_plane: "  poll_deadline_guardrail: 2m",
        top: "mcp:\n  server_urls:\n    - url: \"ftp://h/\"",
    }
    .write(builder.directory().path(), ".config/tunnel-client/work.yaml");
    let mut client = builder.arg("--profile=work").start();
    assert_eq!(client.wait_exit(BOUND).code(), Some(1));
    for text in [
        "configure tunnel-client",
        "poll-deadline-guardrail",
        "mcp.server_urls",
        "work.yaml:",
    ] {
        client.await_log(text);
    }
}

#[test]
fn a_poll_that_fails_says_which_setting_to_look_at() {
    let (control, child) = (ControlPlane::http(), StdioServer::echo());
    control.on_every_poll(Some(Answer::empty(401)));
    let client = start_profile(&Profile {
        control: &control.url(),
        control_plane: "",
        top: &format!("mcp:\n  commands:\n    - command: \"{}\"", child.command()),
    });
    let line = client.await_log("poll failed; backing off");
    assert!(line.contains("control_plane.api_key"), "{line}");
    eventually("readiness with the reason", || {
        client.ready().1.contains("the API key was not accepted").then_some(())
    });
}
