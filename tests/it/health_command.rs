//! `health` of the real binary: against the real daemon, and against listeners that answer oddly.

use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support;
use crate::support::{Answer, Client, ClientBuilder, ControlPlane, McpServer, Peer, Request, Scratch, Server};

fn health(arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_tunnel-client"))
        .arg("health")
        .args(arguments)
        .env_clear()
        // Proxies of the environment are for other hosts.
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("http_proxy", "http://127.0.0.1:1")
        .env("CONTROL_PLANE_API_KEY", "sk-health_test-0123456789")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The report of a command that ends with `code` and prints nothing on standard error.
#[track_caller]
fn report(arguments: &[&str], code: i32) -> String {
    let output = health(arguments);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(output.stderr, b"", "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn json(arguments: &[&str], code: i32) -> Value {
    serde_json::from_str(&report(&[arguments, &["--json"]].concat(), code)).unwrap()
}

/// A listener that gives these answers to `/healthz`, `/readyz` and `/metrics`.
fn listener(healthz: Answer, readyz: Answer, metrics: Answer) -> Server {
    Server::tcp(
        None,
        Arc::new(move |request: &Request, _: &Peer| {
            assert_eq!(request.header("authorization"), None);
            match request.target.as_str() {
                "/healthz" => healthz.clone(),
                "/readyz" => readyz.clone(),
                "/metrics" => metrics.clone(),
                _ => Answer::empty(404),
            }
        }),
    )
}

fn text(status: u16, body: &str) -> Answer {
    Answer::new(status, &[("Content-Type", "text/plain")], body)
}

#[test]
fn a_ready_daemon_is_ok_however_it_is_named() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("PID_FILE", "daemon.pid")
        .start();
    client.await_ready();
    // A poll that brings something is over at once.
    control.call(support::Command::call("r1", "ping", "{}"), "r1");
    let url = client.health_url();
    let port = url.rsplit(':').next().unwrap();
    let file = client.directory().file("health.url").display().to_string();
    let pid_file = client.directory().file("daemon.pid").display().to_string();
    let pid = client.pid().to_string();

    let shown = report(
        &[
            "--url-file",
            &file,
            "--pid-file",
            &pid_file,
            "--require-control-plane-poll",
        ],
        0,
    );
    let lines: Vec<&str> = shown.lines().collect();
    let [locator, base, live, ready, poll, process, result] = lines.as_slice() else {
        panic!("{shown}")
    };
    assert_eq!(
        [*locator, base, live, ready, process, result],
        [
            format!("Locator: url_file={file}").as_str(),
            &format!("Base URL: {url}"),
            &format!("Healthz: PASS | {url}/healthz | HTTP 200 | live"),
            &format!("Readyz: PASS | {url}/readyz | HTTP 200 | ready"),
            &format!("Process: PASS | pid={pid} | pid_file={pid_file}"),
            "Result: OK",
        ]
    );
    let seconds = poll
        .strip_prefix(&format!(
            "Control-plane poll: PASS | {url}/metrics | last_success_unix_seconds="
        ))
        .unwrap();
    assert!(seconds.parse::<f64>().unwrap() > 1.7e9, "{poll}");

    let by_port = json(&["--port", port, "--pid", &pid], 0);
    assert_eq!(
        by_port["locator"],
        serde_json::json!({"kind": "port", "port": port.parse::<u16>().unwrap(), "resolved_base_url": url})
    );
    assert_eq!(
        by_port["process"],
        serde_json::json!({"pid": client.pid(), "running": true})
    );
    assert_eq!(
        by_port["healthz"],
        serde_json::json!({"url": format!("{url}/healthz"), "ok": true, "status": 200, "body": "live"})
    );
    assert_eq!(
        (&by_port["result"], &by_port["base_url"]),
        (&"ok".into(), &url.clone().into())
    );
    // There is no page to point to.
    assert!(by_port["ui_url"].is_null() && client.health("/ui").0 == 404);
    let by_url = json(&["--url", &format!("{url}/healthz")], 0);
    assert_eq!(by_url["locator"]["url"], url.as_str());
    assert!(by_url["control_plane_poll"].is_null() && by_url["process"].is_null());
}

#[test]
fn a_daemon_on_a_unix_socket_is_asked_there() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .no_env("HEALTH_LISTEN_ADDR")
        .env("HEALTH_UNIX_SOCKET", "health.sock")
        .start();
    client.await_log("health server listening");
    control.await_polls(1);
    let file = client.directory().file("health.url").display().to_string();
    let found = support::eventually("a ready daemon", || {
        let output = health(&["--url-file", &file, "--require-control-plane-poll", "--json"]);
        (output.status.code() == Some(0)).then(|| serde_json::from_slice::<Value>(&output.stdout).unwrap())
    });
    assert!(
        found["base_url"].as_str().unwrap().starts_with("http+unix://"),
        "{found}"
    );
    assert_eq!(found["readyz"]["body"], "ready");
}

#[test]
fn a_daemon_that_is_not_ready_is_exit_code_2_with_its_reason() {
    let control = ControlPlane::http();
    control.on_every_poll(Some(Answer::empty(500)));
    let mcp = McpServer::echo();
    let client = Client::http(&control, &mcp.url());
    control.await_polls(1);
    let shown = report(&["--url", &client.health_url(), "--require-control-plane-poll"], 2);
    for gist in [
        "Healthz: PASS",
        "Readyz: FAIL",
        "HTTP 503",
        "Control-plane poll: FAIL",
        "no successful control-plane poll observed",
        "Result: FAIL",
    ] {
        assert!(shown.contains(gist), "{gist} in {shown}");
    }
}

#[test]
fn metrics_of_the_go_client_are_understood() {
    let go = "# HELP x y\n# TYPE commands_poll_last_successful_timestamp_seconds gauge\n\
              commands_poll_last_successful_timestamp_seconds{otel_scope_name=\"controlplane\",v=\"}\"} 1.763868e+09\n";
    for (metrics, code, gist) in [
        (text(200, go), 0, "PASS"),
        (
            text(200, "commands_poll_last_successful_timestamp_seconds 1\n"),
            0,
            "last_success_unix_seconds=1\n",
        ),
        (
            text(200, "commands_poll_last_successful_timestamp_seconds 0\n"),
            2,
            "no successful control-plane poll",
        ),
        (
            text(200, "other 1\n"),
            2,
            "the metrics hold no commands_poll_last_successful_timestamp_seconds",
        ),
        (text(404, ""), 2, "HTTP 404"),
    ] {
        let server = listener(text(200, "live"), text(200, "ready"), metrics);
        let shown = report(&["--url", &server.origin(), "--require-control-plane-poll"], code);
        assert!(shown.contains(gist), "{gist} in {shown}");
    }
}

#[test]
fn what_listens_there_cannot_mislead_or_hold_up() {
    let evil = "\u{1b}[2Jready\r\nResult: OK\n key sk-0123456789abcdef";
    let server = listener(text(200, "live"), text(503, evil), text(200, ""));
    let shown = report(&["--url", &server.origin()], 2);
    assert!(
        !shown.contains('\u{1b}') && !shown.contains("0123456789abcdef"),
        "{shown:?}"
    );
    assert!(!shown.lines().any(|line| line == "Result: OK"), "{shown}");

    let server = listener(text(200, &"x".repeat(100_000)), text(200, "ready"), text(200, ""));
    let found = json(&["--url", &server.origin()], 0);
    assert_eq!(found["healthz"]["body"].as_str().unwrap().len(), 4096);

    let redirect = Answer::new(302, &[("Location", "http://127.0.0.1:1/")], "");
    let server = listener(redirect, Answer::default().stall(), text(200, ""));
    let start = Instant::now();
    let found = json(&["--url", &server.origin()], 2);
    assert_eq!(found["healthz"]["status"], 302);
    assert!(
        found["readyz"]["error"].as_str().unwrap().contains("timed out"),
        "{found}"
    );
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn a_locator_that_leads_nowhere_is_told() {
    let scratch = Scratch::new();
    let missing = scratch.file("none.url").display().to_string();
    let shown = report(&["--url-file", &missing], 2);
    assert!(
        shown.contains(&format!("Locator: url_file={missing}\nLocator error: read {missing}: "))
            && shown.contains("Result: FAIL"),
        "{shown}"
    );
    for (content, gist) in [
        ("", "is empty"),
        ("nonsense", "scheme"),
        ("http+unix://%%", "base64url"),
    ] {
        let path = scratch.write("bad.url", content).display().to_string();
        let found = json(&["--url-file", &path], 2);
        assert!(found["locator"]["error"].as_str().unwrap().contains(gist), "{found}");
        assert!(found["healthz"].is_null() && found["result"] == "fail", "{found}");
    }
    let secret = report(&["--url", "http://user:hunter2@127.0.0.1/?token=hunter2"], 2);
    assert!(!secret.contains("hunter2"), "{secret}");
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let refused = report(&["--port", &port.to_string()], 2);
    assert!(
        refused.contains("Healthz: FAIL") && refused.contains("refused"),
        "{refused}"
    );
}

#[test]
fn a_process_that_is_gone_fails_the_report() {
    let scratch = Scratch::new();
    let server = listener(text(200, "live"), text(200, "ready"), text(200, ""));
    let url = server.origin();
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let pid = child.id().to_string();
    child.wait().unwrap();
    let shown = report(&["--url", &url, "--pid", &pid], 2);
    assert!(
        shown.contains(&format!("Process: FAIL | pid={pid} | no such process")),
        "{shown}"
    );
    let missing = scratch.file("none.pid").display().to_string();
    let shown = report(&["--url", &url, "--pid-file", &missing], 2);
    assert!(
        shown.contains("Process: FAIL") && shown.contains(&format!("read {missing}: ")),
        "{shown}"
    );
    for content in ["", "-1", "0", "1 2", "abc", "99999999999999"] {
        let path = scratch.write("bad.pid", content).display().to_string();
        let found = json(&["--url", &url, "--pid-file", &path], 2);
        assert!(
            found["process"]["error"].as_str().unwrap().contains("process id"),
            "{found}"
        );
    }
}

#[test]
fn arguments_that_make_no_sense_are_exit_code_1() {
    let locator = "choose exactly one of --url, --url-file, or --port\n";
    for (arguments, expected) in [
        ([].as_slice(), locator),
        (&["--url", ""], locator),
        (&["--url", "http://h", "--port", "1"], locator),
        (&["--port", "1", "--url-file", "x"], locator),
        (&["--port", "0"], "--port must be a number from 1 to 65535\n"),
        (&["--port", "65536"], "--port must be a number from 1 to 65535\n"),
        (
            &["--port", "1", "--pid", "-1"],
            "--pid must be a number greater than 0\n",
        ),
        (
            &["--port", "1", "--pid", "1", "--pid-file", "x"],
            "choose at most one of --pid and --pid-file\n",
        ),
        (
            &["--port", "1", "--json=maybe"],
            "invalid argument for --json: write true or false\n",
        ),
        (&["--prot", "1"], "unknown flag: --prot\nDid you mean --port?\n"),
        (&["extra"], "unknown command \"extra\" for \"tunnel-client health\"\n"),
    ] {
        let output = health(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert_eq!(
            (
                output.stdout.as_slice(),
                String::from_utf8_lossy(&output.stderr).as_ref()
            ),
            (&b""[..], expected)
        );
    }
}
