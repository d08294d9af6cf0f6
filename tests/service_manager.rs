//! The notify protocol of service managers: when the start is complete, how things are, reloads, the end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::net::TcpListener;
use std::time::Duration;

use rustix::process::Signal;
use support::cases::closed_port;
use support::{Answer, ClientBuilder, Command, ControlPlane, Gate, Manager, McpServer};

/// A client that nothing answers: neither the control plane nor the MCP server.
fn alone() -> ClientBuilder {
    let (control, mcp) = (closed_port(), closed_port());
    ClientBuilder::for_url(&format!("http://{control}")).server(format!("http://{mcp}/mcp"))
}

#[test]
fn the_start_is_complete_whatever_the_other_ends_do() {
    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let hung = format!("http://{}", silent.local_addr().unwrap());
    for builder in [
        alone(),
        alone().env("MCP_STARTUP_WAIT_TIMEOUT", "10m"),
        ClientBuilder::for_url(&hung).server(format!("{hung}/mcp")),
    ] {
        let manager = Manager::new();
        let client = manager.offer(builder).start();
        let first = manager.next_within(support::wait::BOUND).unwrap();
        assert!(first.text.starts_with("READY=1\nSTATUS="), "{first:?}");
        assert_eq!(first.process, client.pid(), "the process that was started");
        assert_eq!(client.health("/healthz").0, 200);
        assert_eq!(client.ready().0, 503);
    }
}

#[test]
fn the_status_names_the_hop_that_fails_and_is_sent_when_it_changes() {
    let (control, mcp, manager) = (ControlPlane::http(), McpServer::echo(), Manager::new());
    let client = manager.offer(ClientBuilder::new(&control).server(mcp.url())).start();
    manager.await_line("READY=1");
    manager.await_line("STATUS=ready");
    control.on_every_poll(Some(Answer::empty(503)));
    manager.await_line("STATUS=control plane poll failed: HTTP status 503");
    control.on_every_poll(Some(Answer::json(401, "{}")));
    manager.await_line("STATUS=control plane auth failed: HTTP status 401");
    control.on_every_poll(None);
    client.signal(Signal::HUP);
    manager.await_line("STATUS=ready");
    let statuses: Vec<_> = manager
        .seen()
        .iter()
        .filter_map(|m| m.value("STATUS").map(str::to_owned))
        .collect();
    assert!(statuses.windows(2).all(|pair| pair[0] != pair[1]), "{statuses:#?}");
}

#[test]
fn the_end_is_announced_and_the_service_manager_asked_for_the_time_of_the_drain() {
    let (control, gate, manager) = (ControlPlane::http(), Gate::new(), Manager::new());
    let held = gate.clone();
    let mcp = McpServer::http(move |request, _| Answer::default().hold(&held).then(support::mcp::echo(request)));
    let mut client = manager.offer(ClientBuilder::new(&control).server(mcp.url())).start();
    control.push(Command::call("r1", "tools/call", "{}"));
    mcp.await_forwarded("r1");
    client.terminate();
    let stopping = manager.await_line("STOPPING=1");
    assert_eq!(stopping.value("STATUS"), Some("shutting down"));
    // The bound of the drain, and a margin.
    let asked = stopping.time("EXTEND_TIMEOUT_USEC");
    assert!(
        (Duration::from_secs(25)..Duration::from_secs(40)).contains(&asked),
        "{asked:?}"
    );
    assert!(client.running());
    gate.open();
    let last = manager.await_line("EXTEND_TIMEOUT_USEC=");
    assert!(last.time("EXTEND_TIMEOUT_USEC") < Duration::from_secs(40), "{last:?}");
    assert_eq!(client.wait_exit(Duration::from_secs(20)).code(), Some(0));
    assert!(manager.seen().iter().all(|message| message.process == client.pid()));
}
