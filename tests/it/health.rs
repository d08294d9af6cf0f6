//! The health listener: liveness, readiness that follows the facts, metrics, and the files beside it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::support;
use crate::support::cases::closed_port;
use crate::support::client::{API_KEY, get};
use crate::support::wait::BOUND;
use crate::support::{Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, StdioServer, eventually};

#[test]
fn a_working_client_is_live_and_ready() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    client.await_log("health server listening");
    assert_eq!(client.health("/healthz"), (200, "live".to_owned()));
    assert_eq!(client.await_readiness(BOUND, "200", |status, _| status == 200), "ready");
    client.await_log("mcp session initialized");
    client.await_log("tunnel-client started");
    assert_eq!(client.health("/").0, 404);
    assert_eq!(client.health("/api/status").0, 404);
    let (_, head, _) = get(client.health_url().strip_prefix("http://").unwrap(), "/healthz");
    assert!(head.to_lowercase().contains("content-type: text/plain"), "{head}");
}

#[test]
fn the_url_file_is_private_and_names_the_real_port() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    let url = client.health_url();
    assert!(
        url.starts_with("http://127.0.0.1:") && !url.ends_with(":0") && !url.ends_with(['/', '\n']),
        "{url:?}"
    );
    let mode = std::fs::metadata(client.directory().file("health.url"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// The status of a request with this head.
fn status_of(client: &Client, head: &str) -> String {
    let mut stream = TcpStream::connect(client.health_url().strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    write!(stream, "{head}Connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(!head.to_lowercase().contains("access-control"), "{head}");
    let status = head.split(' ').nth(1).unwrap().to_owned();
    if status == "421" {
        assert!(
            body.contains("health.allowed_hosts") && body.lines().count() == 1,
            "{body}"
        );
    }
    status
}

#[test]
fn a_web_page_whose_name_resolves_to_the_listener_reads_nothing() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("HEALTH_ALLOWED_HOSTS", "metrics.example")
        .start();
    client.await_log("health server listening");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for path in ["/metrics", "/readyz?verbose", "/healthz", "/"] {
        let request = |host: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n");
        for host in ["evil.example", "evil.example:8080", "localhost.evil.example"] {
            assert_eq!(status_of(&client, &request(host)), "421", "{path} {host}");
        }
        for host in [
            "localhost:1",
            "10.1.2.3",
            "[fd00::1]:80",
            "metrics.example:9100",
            host.trim(),
        ] {
            assert!(
                !["421", "400"].contains(&&*status_of(&client, &request(host))),
                "{path} {host}"
            );
        }
    }
    assert_eq!(status_of(&client, "GET /metrics HTTP/1.1\r\n"), "400");
    assert_eq!(status_of(&client, "GET /metrics HTTP/1.0\r\n"), "200");
    assert_eq!(
        status_of(
            &client,
            "GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n"
        ),
        "421"
    );
    let twice = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n";
    assert_eq!(status_of(&client, twice), "400");
}

#[test]
fn a_busy_health_port_fails_the_start_and_says_so() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("HEALTH_LISTEN_ADDR", &address)
        .start();
    assert_eq!(client.wait_exit(BOUND).code(), Some(1));
    let line = client.await_log(&address);
    assert!(line.to_lowercase().contains("in use"), "{line}");
}

#[test]
fn readiness_follows_the_control_plane() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    control.on_every_poll(Some(Answer::empty(500)));
    let client = Client::http(&control, &mcp.url());
    control.await_polls(1);
    client.await_readiness(BOUND, "503 while no poll ever worked", |status, _| status == 503);
    assert_eq!(client.health("/healthz").0, 200);
    control.on_every_poll(None);
    client.await_ready();
}

#[test]
fn readiness_follows_the_mcp_server() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let address = mcp.server().socket_address();
    let url = mcp.url();
    drop(mcp);
    let client = Client::http(&control, &url);
    control.await_polls(1);
    client.await_readiness(BOUND, "503 while the MCP server is down", |status, _| status == 503);
    let _late = McpServer::at(address, |request, _| support::mcp::echo(request));
    client.await_readiness(Duration::from_secs(30), "200 once the MCP server is up", |status, _| {
        status == 200
    });
}

#[test]
fn readiness_follows_the_stdio_child() {
    let script = r#"
if generation > 1:
    wait_for("go")
    if generation < 99 and os.path.exists(path("stop")):
        os._exit(1)
def on(message):
    if message["params"].get("die"):
        os._exit(1)
    answer(message, {})
"#;
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    let client = ClientBuilder::new(&control).command(child.command()).start();
    control.introduce();
    client.await_ready();
    child.open("stop");
    child.open("go");
    control.call(Command::call("r1", "tools/call", r#"{"die":true}"#), "r1");
    client.await_readiness(BOUND, "503 while the child dies again and again", |status, _| {
        status == 503
    });
    std::fs::remove_file(child.file("stop")).unwrap();
    client.await_readiness(Duration::from_secs(30), "200 once the child stays", |status, _| {
        status == 200
    });
}

#[test]
fn failed_deliveries_show_in_readiness_and_heal() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    client.await_ready();
    for number in 0..6 {
        let id = format!("late{number}");
        control.on_delivery(&id, "jsonrpc_response", Answer::empty(404));
        control.call(Command::call(&id, "ping", "{}"), &id);
    }
    control.barrier();
    assert_eq!(
        client.ready().0,
        200,
        "answers that came too late are nobody's failure: {:?}",
        client.ready()
    );
    for number in 0..6 {
        let id = format!("r{number}");
        control.on_delivery(&id, "jsonrpc_response", Answer::empty(403));
        control.call(Command::call(&id, "ping", "{}"), &id);
    }
    client.await_readiness(BOUND, "503 while nothing can be delivered", |status, _| status == 503);
    control.call(Command::call("good", "ping", "{}"), "good");
    client.await_ready();
}

#[test]
fn an_mcp_server_that_wants_credentials_is_ready_enough() {
    let control = ControlPlane::http();
    let server = support::Server::tcp(
        None,
        std::sync::Arc::new(|_: &support::Request, _: &support::Peer| {
            Answer::new(401, &[("WWW-Authenticate", "Bearer")], "")
        }),
    );
    let client = Client::http(&control, &format!("{}/mcp", server.origin()));
    client.await_readiness(BOUND, "200 with the reason", |status, body| {
        status == 200 && body.contains("requires auth")
    });
}

#[test]
fn polling_waits_for_the_mcp_server_if_told_to() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let address = mcp.server().socket_address();
    let url = mcp.url();
    drop(mcp);
    let client = ClientBuilder::new(&control)
        .server(&url)
        .env("MCP_STARTUP_WAIT_TIMEOUT", "20s")
        .start();
    client.await_log("retrying MCP startup probe");
    assert!(control.polls().is_empty(), "polled before the MCP server was there");
    let _late = McpServer::at(address, |request, _| support::mcp::echo(request));
    control.await_polls(1);
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
}

#[test]
fn the_wait_for_the_mcp_server_ends() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let url = mcp.url();
    drop(mcp);
    let client = ClientBuilder::new(&control)
        .server(&url)
        .env("MCP_STARTUP_WAIT_TIMEOUT", "600ms")
        .start();
    control.await_polls(1);
    client.await_readiness(BOUND, "503", |status, _| status == 503);
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 502);
}

#[test]
fn the_probe_ends_the_session_that_it_opened() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    client.await_log("mcp session initialized");
    eventually("DELETE of the probe's session", || {
        mcp.seen()
            .into_iter()
            .find(|seen| seen.method == "DELETE" && seen.header("mcp-session-id") == Some("probe-session"))
    });
    let first = &mcp.seen()[0];
    assert_eq!(first.json()["method"], "initialize", "{first:?}");
    assert_eq!(first.json()["params"]["protocolVersion"], "2025-06-18", "{first:?}");
    assert!(
        !mcp.seen()
            .iter()
            .any(|seen| seen.headers.iter().any(|(_, value)| value.contains(API_KEY)))
    );
}

#[test]
fn metrics_name_the_documented_series() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    for number in 0..5 {
        let id = format!("r{number}");
        control.call(Command::call(&id, &format!("method/{number}"), "{}"), &id);
    }
    client.await_ready();
    control.call(Command::call("r5", "ping", "{}").channel("unheard-of"), "r5");
    let (status, text) = client.health("/metrics");
    assert_eq!(status, 200);
    for name in [
        "liveness",
        "readiness",
        "commands_polled_total",
        "commands_enqueued_total",
        "commands_poll_cycles_total",
        "commands_poll_last_successful_timestamp_seconds",
        "commands_queue_capacity",
        "commands_queue_length",
        "dispatcher_worker_pool_capacity",
        "command_unsupported_channel_total",
    ] {
        let series = text
            .lines()
            .any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        assert!(series, "no series {name} in\n{text}");
    }
    assert_eq!(client.metric("commands_polled_total"), Some(6.0), "{text}");
    assert_eq!(client.metric("readiness"), Some(1.0), "{text}");
    assert!(
        !text.contains("method/") && !text.contains("unheard-of"),
        "a label that callers choose:\n{text}"
    );
    assert!(!text.contains(API_KEY));
    let names: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
    assert!(names.iter().any(|line| line.contains("latency")), "{names:?}");
}

#[test]
fn odd_requests_to_the_health_listener_do_no_harm() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let mut client = Client::http(&control, &mcp.url());
    let url = client.health_url();
    let host = url.strip_prefix("http://").unwrap();
    let mut idle = Vec::new();
    for _ in 0..60 {
        idle.push(TcpStream::connect(host).unwrap());
    }
    for bytes in [
        "\r\n\r\n",
        "GET\r\n\r\n",
        "\0\0\0\0",
        "POST /healthz HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let _ = stream.write_all(bytes.as_bytes());
        let _ = stream.read(&mut [0; 64]);
    }
    drop(idle);
    eventually("an answer", || {
        (client.health("/healthz") == (200, "live".to_owned())).then_some(())
    });
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
    assert!(client.running());
}

#[test]
fn the_start_is_summed_up_in_the_log() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = ClientBuilder::new(&control)
        .server(format!("{}?token=0815-4711", mcp.url()))
        .start();
    client.await_log("🟢 tunnel-client started");
    let url = client.health_url();
    let log = client.log();
    let line = |text: &str| {
        let at = log
            .iter()
            .position(|line| line.contains(text))
            .unwrap_or_else(|| panic!("no {text}"));
        (at, serde_json::from_str::<serde_json::Value>(&log[at]).unwrap())
    };
    let file = client.directory().file("health.url").display().to_string();
    let (first, shown) = line("HEALTH URL:");
    assert_eq!(shown["msg"], format!("🩺 HEALTH URL: {url} (written to {file})"));
    assert_eq!(
        (&shown["url"], &shown["path"]),
        (&url.as_str().into(), &file.as_str().into())
    );
    let (second, _) = line("\"health server listening\"");
    let (third, summary) = line("\"tunnel-client startup summary\"");
    let (fourth, _) = line("🟢 tunnel-client started");
    assert!(first < second && second < third && third < fourth);
    assert_eq!(summary["health_url"], url);
    assert_eq!(summary["health_url_file"], file);
    assert_eq!(summary["metrics_url"], format!("{url}/metrics"));
    assert_eq!(summary["config_source"], "flags/environment only");
    assert_eq!(summary["tunnel_id"], support::control::TUNNEL);
    assert_eq!(summary["mcp_target_kind"], "http-streamable");
    assert_eq!(summary["mcp_target_value"], mcp.url().strip_suffix("/mcp").unwrap());
    for absent in ["profile_name", "profile_path", "first_failing_dependency"] {
        assert_eq!(summary.get(absent), None, "{summary}");
    }
    assert!(client.log_with("0815-4711").is_empty());
}

#[test]
fn the_summary_names_what_fails_already() {
    let nobody = closed_port();
    let child = StdioServer::echo();
    let client = ClientBuilder::for_url(&format!("http://{nobody}"))
        .command(child.command())
        .start();
    let line = client.await_log("tunnel-client startup summary");
    let summary: serde_json::Value = serde_json::from_str(&line).unwrap();
    let failing = summary["first_failing_dependency"].as_str().unwrap();
    assert!(
        failing.starts_with("control plane") && failing.contains("refused"),
        "{failing}"
    );
    assert_eq!(summary["mcp_target_kind"], "stdio");
    let program = child.command().split(' ').next().unwrap().to_owned();
    assert_eq!(
        summary["mcp_target_value"], program,
        "the program without its arguments"
    );
}

/// Forms of an address that only the system's resolver reads: names that need no entry of the host's.
#[test]
fn a_host_name_is_bound_at_its_loopback_address_and_nowhere_else() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let builder = || ClientBuilder::new(&control).server(mcp.url());
    let client = builder().env("HEALTH_LISTEN_ADDR", "127.1:0").start();
    let url = client.health_url();
    let port = url.strip_prefix("http://127.1:").unwrap();
    assert_eq!(get(&format!("127.0.0.1:{port}"), "/healthz").0, 200, "{url}");
    drop(client);

    let mut refused = builder().env("HEALTH_LISTEN_ADDR", "0:0").start();
    assert_eq!(refused.wait_exit(BOUND).code(), Some(1));
    let log = refused.log().join("\n");
    assert!(
        log.contains("the host name resolves to 0.0.0.0, which other hosts reach")
            && log.contains("health.allowed_hosts"),
        "{log}"
    );

    let wide = builder()
        .env("HEALTH_LISTEN_ADDR", "0:0")
        .env("ALLOW_REMOTE_UI", "true")
        .start();
    wide.await_log("health server listening");
}
