//! Faults of MCP servers, and of the kernel below.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, connect, listen, socket, sockopt};
use rustix::process::{Pid, Signal, kill_process};

use super::{Fault, nothing, well};
use crate::support::kernel::Kernel;
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, Peer, Request, Server, StdioServer, eventually,
};

/// Calls twice a second: an outage is not to be a flood as well.
fn calls<'a>(control: &'a ControlPlane, timeout: &'static str) -> impl FnMut() + 'a {
    let (mut calls, mut last) = (0, None::<Instant>);
    move || {
        if last.is_none_or(|last| last.elapsed() > Duration::from_millis(500)) {
            (calls, last) = (calls + 1, Some(Instant::now()));
            control.push(Command::call(&format!("r{calls}"), "tools/call", "{}").timeout(timeout));
        }
    }
}

#[test]
fn a_server_that_answers_500_to_everything_shows_after_a_call() {
    let control = ControlPlane::http();
    let broken = Arc::new(AtomicBool::new(false));
    let is_broken = Arc::clone(&broken);
    let handler = move |request: &Request, _: &Peer| match is_broken.load(Ordering::SeqCst) {
        true => Answer::empty(500),
        false => crate::support::mcp::echo(request),
    };
    let mcp = Server::tcp(None, Arc::new(handler));
    let client = Client::http(&control, &format!("{}/mcp", mcp.origin()));
    client.await_ready();
    broken.store(true, Ordering::SeqCst);
    let mut fault = Fault::begins(&client, "MCP server answers 500", "mcp");
    let text = "mcp probe failed: HTTP status 500";
    fault.shows("probe_failed", text, calls(&control, "\"30s\""));
    assert_eq!(client.component("dispatcher")["reason_code"], "operation_failed");
    broken.store(false, Ordering::SeqCst);
    fault.ends(nothing);
}

/// A port whose packets are dropped: its queue of connections is full, and nobody accepts.
struct Dropping {
    _listener: rustix::fd::OwnedFd,
    _queued: Vec<rustix::fd::OwnedFd>,
}

impl Dropping {
    fn at(address: SocketAddr) -> Self {
        let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        sockopt::set_socket_reuseaddr(&listener, true).unwrap();
        eventually("the address of the server before", || bind(&listener, &address).ok());
        listen(&listener, 0).unwrap();
        let mut queued = Vec::new();
        while TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
            let one = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
            rustix::io::ioctl_fionbio(&one, true).unwrap();
            let _ = connect(&one, &address);
            queued.push(one);
            assert!(queued.len() < 20, "the queue takes connections without end");
        }
        Self {
            _listener: listener,
            _queued: queued,
        }
    }
}

#[test]
fn a_server_whose_packets_are_dropped_shows_without_a_call_and_heals() {
    let (_control, mcp, client) = well();
    let address = mcp.server().socket_address();
    drop(mcp);
    let dropping = Dropping::at(address);
    let mut fault = Fault::begins(&client, "packets to the MCP server dropped", "mcp");
    let text = "mcp probe failed: no connection within 2 s";
    fault.shows("probe_failed", text, nothing);
    drop(dropping);
    let _back = McpServer::at(address, |request, _| crate::support::mcp::echo(request));
    fault.ends(nothing);
}

/// Answers until told to hang, and again after that.
const HANGS: &str = r#"
def on(message):
    if os.path.exists(path("hang")):
        wait_for("released")
    if "id" in message:
        answer(message, {})
"#;

#[test]
fn a_stdio_server_that_hangs_shows_after_calls_that_are_not_answered() {
    let (control, child) = (ControlPlane::http(), StdioServer::with(HANGS));
    let client = ClientBuilder::new(&control).command(child.command()).start();
    control.introduce();
    client.await_ready();
    child.open("hang");
    let mut fault = Fault::begins(&client, "stdio server hangs", "mcp");
    let text = "mcp probe failed: stdio server: it leaves calls unanswered";
    fault.shows("calls_unanswered", text, calls(&control, "\"500ms\""));
    assert_eq!(client.component("dispatcher")["reason_code"], "operation_timed_out");
    child.open("released");
    fault.ends(nothing);
}

/// A slow call alone, and one whose caller gives up, are no fault.
#[test]
fn a_stdio_server_that_is_busy_with_a_call_is_not_said_to_hang() {
    let (control, child) = (ControlPlane::http(), StdioServer::with(HANGS));
    let client = ClientBuilder::new(&control).command(child.command()).start();
    control.introduce();
    client.await_ready();
    child.open("hang");
    control.push(Command::call("slow", "tools/call", "{}"));
    control.push(Command::call("given-up", "tools/call", "{}").timeout("\"1s\""));
    child.await_method("tools/call", 1);
    crate::support::holds_for(Duration::from_secs(8), "ready", || client.ready().0 == 200);
    child.open("released");
    control.terminal("slow");
}

#[test]
fn a_stdio_server_whose_program_was_removed_shows_once_it_has_to_be_started() {
    let (control, child) = (ControlPlane::http(), StdioServer::echo());
    let (program, script) = child
        .command()
        .split_once(' ')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let wrapper = child.file("server");
    let write = || {
        std::fs::write(&wrapper, format!("#!/bin/sh\nexec {program} {script}\n")).unwrap();
        std::fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    write();
    let client = ClientBuilder::new(&control)
        .command(wrapper.display().to_string())
        .start();
    control.introduce();
    client.await_ready();
    std::fs::remove_file(&wrapper).unwrap();
    let pid = Pid::from_raw(i32::try_from(child.await_start(1)).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    let mut fault = Fault::begins(&client, "program of the stdio server removed", "mcp");
    let text = "mcp probe failed: stdio server: it could not be started";
    fault.shows("stdio_connection_closed", text, nothing);
    write();
    fault.ends(nothing);
}

#[test]
fn a_layer_of_the_sandbox_that_the_kernel_lacks_shows_from_the_start() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let started = Instant::now();
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("HARDENING_MODE", "best-effort")
        .on(Kernel::landlock("none"))
        .start();
    client.health_url();
    let mut fault = Fault::begins(&client, "kernel without landlock", "sandbox");
    let shown = fault.shows("layer_missing", "", nothing);
    fault.since_start(started);
    assert_eq!(shown["details"]["layers"]["landlock"], "missing", "{shown}");
    fault.stays();
}
