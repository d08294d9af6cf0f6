//! Deadlines: when a command's time is over, and what is still done then.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support;
use crate::support::{Answer, Client, ClientBuilder, Command, ControlPlane, Gate, McpServer, eventually, holds_for};

#[test]
fn a_deadline_counts_from_the_headers_of_the_poll_answer() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let late = Command::call("late", "ping", "{}").timeout("\"500ms\"");
    let body = support::command::poll_body(&[late, Command::call("fine", "ping", "{}").timeout("\"60s\"")]);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    control.on_poll(Answer::raw(head).pause(Duration::from_millis(900)).send(body));
    let _client = Client::http(&control, &mcp.url());
    assert_eq!(control.terminal("fine").resp_code, 200);
    control.assert_unanswered("late");
    assert!(
        mcp.forwarded_for("late").is_empty(),
        "an expired command reached the MCP server"
    );
}

#[test]
fn a_command_without_time_left_is_dropped_without_contacting_mcp() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    control.push_all([
        Command::call("r0", "ping", "{}").timeout("\"0s\""),
        Command::call("r1", "ping", "{}").timeout("\"00ms\""),
        Command::call("r2", "ping", "{}").timeout("\"1ns\""),
        Command::notification("r3", "notifications/x", "{}").timeout("\"0h\""),
    ]);
    for number in 0..4 {
        control.assert_unanswered(&format!("r{number}"));
    }
    assert!(mcp.forwarded().is_empty(), "{:#?}", mcp.forwarded());
    assert!(client.log_with("deadline").len() >= 4, "each drop is logged");
}

#[test]
fn an_unreadable_deadline_is_no_deadline() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    let values = [
        "null",
        "0",
        "true",
        "{}",
        "[]",
        "\"\"",
        "\"0\"",
        "\"s\"",
        "\"-1s\"",
        "\"+1s\"",
        "\"0.0s\"",
        "\"0s0ms\"",
        "\" 0s\"",
        "\"0s \"",
        "\"0S\"",
        "\"0d\"",
        "\"99999999999999999999999h\"",
        "\"٠s\"",
    ];
    for (number, value) in values.into_iter().enumerate() {
        let id = format!("r{number}");
        assert_eq!(
            control
                .call(Command::call(&id, "ping", "{}").timeout(value), &id)
                .resp_code,
            200,
            "{value}"
        );
    }
}

#[test]
fn a_deadline_that_passes_while_mcp_works_drops_the_answer() {
    let (control, gate) = (ControlPlane::http(), Gate::new());
    let held = gate.clone();
    let gone = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&gone);
    let mcp = McpServer::http(move |request, peer| {
        if request.text().contains("slow") {
            eventually("the client hangs up", || peer.gone().then_some(()));
            count.fetch_add(1, Ordering::SeqCst);
            held.open();
        }
        support::mcp::echo(request)
    });
    let client = ClientBuilder::new(&control).server(mcp.url()).workers(1).start();
    control.push(Command::call("r1", "slow", "{}").timeout("\"400ms\""));
    mcp.await_forwarded("r1");
    client.await_log("command response deadline reached; dropping without posting a response");
    control.assert_unanswered("r1");
    assert!(
        gate.wait(Duration::from_secs(5)),
        "the connection of an expired call is retired"
    );
    assert_eq!(
        control.call(Command::call("r2", "quick", "{}"), "r2").resp_code,
        200,
        "the worker is free again"
    );
    assert_eq!(gone.load(Ordering::SeqCst), 1);
}

#[test]
fn a_deadline_covers_the_wait_for_a_worker() {
    let (control, gate) = (ControlPlane::http(), Gate::new());
    let held = gate.clone();
    let mcp = McpServer::http(move |request, _| match request.text().contains("slow") {
        true => Answer::default().hold(&held).then(support::mcp::echo(request)),
        false => support::mcp::echo(request),
    });
    let client = ClientBuilder::new(&control).server(mcp.url()).workers(1).start();
    control.push(Command::call("first", "slow", "{}"));
    mcp.await_forwarded("first");
    control.push(Command::call("second", "ping", "{}").timeout("\"300ms\""));
    eventually("handed out", || (control.handed_out() == 2).then_some(()));
    holds_for(Duration::from_millis(500), "the deadline passes while it waits", || {
        control.posts().is_empty()
    });
    gate.open();
    control.terminal("first");
    client.await_log("deadline");
    control.assert_unanswered("second");
    assert!(mcp.forwarded_for("second").is_empty());
}

#[test]
fn a_server_that_never_answers_costs_one_504_after_the_connection_ttl() {
    let control = ControlPlane::http();
    let mcp = McpServer::always(Answer::default().stall());
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("MCP_CONNECTION_MAX_TTL", "700ms")
        .start();
    let start = Instant::now();
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    assert!(start.elapsed() >= Duration::from_millis(650), "{:?}", start.elapsed());
    post.assert_failure(504, "timeout", &["timeout"]);
    assert_eq!(post.failure().message, "MCP server did not answer in time");
    assert_eq!(post.json()["id"], "r1");
    let deletes = mcp
        .seen()
        .into_iter()
        .filter(|seen| seen.method == "DELETE" && seen.header("mcp-session-id").is_none());
    assert_eq!(deletes.count(), 0, "a stray DELETE");
}
