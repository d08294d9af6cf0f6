//! `status` of the real binary: a tunnel that works, one that is broken, and none.

use std::io::{BufRead as _, BufReader};
use std::process::{Command as Process, Output, Stdio};

use serde_json::Value;

use crate::support::page::{TOKEN, client_with_page};
use crate::support::wait::{BOUND, within};
use crate::support::{Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, Scratch};

fn command(arguments: &[&str]) -> Process {
    let mut command = Process::new(env!("CARGO_BIN_EXE_tunnel-client"));
    command
        .arg("status")
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("http_proxy", "http://127.0.0.1:1");
    command
}

/// The command with the configuration of a client with a page.
fn configured(client: &Client, url: &str, arguments: &[&str]) -> Output {
    command(arguments)
        .env("CONTROL_PLANE_BASE_URL", url)
        .env("CONTROL_PLANE_TUNNEL_ID", "tunnel_0123456789abcdef0123456789abcdef")
        .env("CONTROL_PLANE_API_KEY", "sk-status_test-0123456789")
        .env("MCP_SERVER_URL", "http://127.0.0.1:1/mcp")
        .env("HEALTH_LISTEN_ADDR", "127.0.0.1:0")
        .env("HEALTH_URL_FILE", client.directory().file("health.url"))
        .env("ADMIN_UI_ENABLED", "true")
        .env("ADMIN_UI_TOKEN", TOKEN)
        .output()
        .unwrap()
}

#[track_caller]
fn text(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(text.is_ascii() && !text.contains('\u{1b}'), "{text}");
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    text
}

#[test]
fn a_working_tunnel_is_drawn_whole_with_its_last_calls() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = client_with_page(&control).server(mcp.url()).start();
    client.await_ready();
    control.call(Command::call("r1", "tools/call", r#"{"name":"search"}"#), "r1");
    let shown = within(BOUND, "the call", || {
        let shown = text(&configured(&client, &control.url(), &[]), 0);
        shown.contains("tools/call search").then_some(shown)
    });
    assert!(shown.contains("\nREADY\n"), "{shown}");
    assert!(shown.contains("  callers --- relay --- client --- mcp\n"), "{shown}");
    assert!(shown.contains("SANDBOX\n") && shown.contains("landlock "), "{shown}");
    let report: Value = serde_json::from_slice(&configured(&client, &control.url(), &["--json"]).stdout).unwrap();
    assert_eq!(report["ready"], true);
    assert_eq!(report["hops"].as_array().unwrap().len(), 4);
    assert_eq!(report["calls"][0]["tool"], "search");
    // Without the token, the calls are not shown, and nothing else is missing.
    let output = command(&["--url-file", client.directory().file("health.url").to_str().unwrap()])
        .output()
        .unwrap();
    let shown = text(&output, 0);
    assert!(shown.contains("not shown: they need the token"), "{shown}");
}

#[test]
fn a_broken_hop_is_marked_and_its_reason_stands_below() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = ClientBuilder::new(&control).server(mcp.url()).start();
    client.await_ready();
    let url = client.health_url();
    let broken = |mark: &str| {
        within(BOUND, mark, || {
            let output = command(&["--url", &url]).output().unwrap();
            let shown = String::from_utf8(output.stdout.clone()).unwrap();
            // What is asked for first may be older than the rest.
            (shown.contains(mark) && output.status.code() == Some(1)).then_some(output)
        })
    };
    control.on_every_poll(Some(Answer::empty(503)));
    let shown = text(&broken("relay -X- client"), 1);
    assert!(shown.contains("NOT READY\n") && shown.contains("503"), "{shown}");
    assert!(shown.contains("not shown: admin_ui.enabled is false"), "{shown}");
    control.on_every_poll(None);
    client.await_ready();
    drop(mcp);
    let shown = text(&broken("client -X- mcp"), 1);
    assert!(shown.contains("relay --- client -X- mcp"), "{shown}");
}

#[test]
fn nothing_that_answers_and_a_request_that_makes_no_sense_end_with_two() {
    let directory = Scratch::new();
    let socket = directory.file("none.sock");
    let output = command(&["--unix-socket", socket.to_str().unwrap()]).output().unwrap();
    let shown = text(&output, 2);
    assert!(
        shown.contains("NO ANSWER") && shown.contains("client") && shown.contains("nothing answers: "),
        "{shown}"
    );
    let report = command(&["--port", "1", "--json"]).output().unwrap();
    assert_eq!(report.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    assert!(report["error"].is_string() && report["ready"] == false, "{report}");
    for (arguments, gist) in [
        (
            &["--port", "1", "--url", "http://127.0.0.1:1"][..],
            "choose at most one",
        ),
        (&["--port", "0"], "--port must be a number"),
        (&[], "configure tunnel-client: "),
        (&["--url-file", "/nonexistent/url"], "/nonexistent/url"),
    ] {
        let output = command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(
            String::from_utf8(output.stderr).unwrap().contains(gist),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_watch_goes_on_until_nobody_reads_it_or_it_is_interrupted() {
    use rustix::process::{Pid, Signal, kill_process};
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = ClientBuilder::new(&control).server(mcp.url()).start();
    client.await_ready();
    let start = || {
        let url = client.health_url();
        command(&["--watch", "--url", &url])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut watch = start();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    // Shown twice.
    for _ in 0..2 {
        assert!(lines.any(|line| line == "READY"));
    }
    drop(lines);
    let ended = within(BOUND, "the end of a watch that nobody reads", || {
        watch.try_wait().unwrap()
    });
    assert_eq!(ended.code(), Some(0));
    for signal in [Signal::INT, Signal::TERM] {
        let mut watch = start();
        let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line == "READY"));
        kill_process(Pid::from_raw(i32::try_from(watch.id()).unwrap()).unwrap(), signal).unwrap();
        let ended = within(BOUND, "the end of a watch", || watch.try_wait().unwrap());
        assert!(!ended.success(), "{ended:?}");
    }
}
