//! The notify protocol of service managers: when the start is complete, how things are, reloads, the end.

use std::net::TcpListener;
use std::time::Duration;

use rustix::process::Signal;

use crate::support;
use crate::support::cases::closed_port;
use crate::support::kernel::Kernel;
use crate::support::{
    Answer, ClientBuilder, Command, ControlPlane, Gate, Manager, McpServer, StdioServer, needs, process,
};

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

#[test]
fn a_service_manager_with_an_abstract_name_is_told_from_inside_the_cage() {
    // Landlock scopes abstract sockets from version 6 on; older kernels restrict less, and know fewer calls.
    for kernel in [Kernel::default(), Kernel::version("5.15", "1")] {
        let (control, mcp, manager) = (ControlPlane::http(), McpServer::echo(), Manager::with_abstract_name());
        let builder = ClientBuilder::new(&control).server(mcp.url()).on(kernel.clone());
        let mut client = manager.offer(builder).start();
        manager.await_line("READY=1");
        manager.await_line("STATUS=ready");
        if kernel.is_real() {
            client.signal(Signal::HUP);
            manager.await_line("RELOADING=1");
            manager.await_line("READY=1");
        }
        client.terminate();
        manager.await_line("STOPPING=1");
        assert_eq!(client.wait_exit(support::wait::BOUND).code(), Some(0), "{kernel:?}");
    }
}

#[test]
fn a_socket_that_only_root_may_send_to_is_connected_to_before_the_change_of_users() {
    if !needs::root() {
        return;
    }
    let manager = Manager::new();
    let client = manager
        .offer(alone().env("TUNNEL_CLIENT_USER", "nobody").env("HEALTH_URL_FILE", ""))
        .start();
    manager.await_line("READY=1");
    client.signal(Signal::HUP);
    manager.await_line("RELOADING=1");
}

#[test]
fn a_socket_that_is_full_holds_nothing_up_and_is_told_once_there_is_room() {
    let (control, mcp, manager) = (ControlPlane::http(), McpServer::echo(), Manager::new());
    let fillers = manager.fill();
    let mut client = manager.offer(ClientBuilder::new(&control).server(mcp.url())).start();
    control.await_polls(2);
    client.await_ready();
    client.signal(Signal::HUP);
    client.await_log("SIGHUP");
    for _ in 0..fillers {
        manager.await_line("FILLER=1");
    }
    manager.await_line("RELOADING=1");
    manager.await_line("READY=1");
    manager.fill();
    client.terminate();
    assert_eq!(client.wait_exit(support::wait::BOUND).code(), Some(0));
}

#[test]
fn a_service_manager_that_is_absent_or_gone_costs_a_warning() {
    let (control, mcp, manager) = (ControlPlane::http(), McpServer::echo(), Manager::new());
    let mut client = manager.offer(ClientBuilder::new(&control).server(mcp.url())).start();
    manager.await_line("STATUS=ready");
    drop(manager);
    client.signal(Signal::HUP);
    client.await_log("the service manager does not receive notifications any more");
    client.await_ready();
    client.terminate();
    assert_eq!(client.wait_exit(support::wait::BOUND).code(), Some(0));
    for (address, warning) in [
        ("/not/there", "NOTIFY_SOCKET cannot be connected to"),
        ("vsock:2:1234", "NOTIFY_SOCKET: addresses of AF_VSOCK are not supported"),
        (
            "relative/notify",
            "NOTIFY_SOCKET: it is neither an absolute path nor an abstract name",
        ),
    ] {
        let builder = ClientBuilder::new(&control).server(mcp.url());
        let client = builder
            .env("NOTIFY_SOCKET", address)
            .env("WATCHDOG_USEC", "soon")
            .start();
        let line = client.await_log(warning);
        assert!(line.contains("WARN"), "{line}");
        client.await_ready();
    }
}

#[test]
fn no_other_process_of_the_client_learns_of_the_service_manager() {
    let manager = Manager::new();
    let script = r#"
def on(message):
    answer(message, {"names": sorted(os.environ), "sockets": [
        os.readlink("/proc/self/fd/" + fd) for fd in os.listdir("/proc/self/fd") if int(fd) > 2 and os.path.islink("/proc/self/fd/" + fd)]})
"#;
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    let builder = ClientBuilder::new(&control)
        .command(child.command())
        .env("MCP_PASS_ENV", "NOTIFY_SOCKET,WATCHDOG_*,MARKER")
        .env("MARKER", "it is passed")
        .env("WATCHDOG_USEC", "60000000");
    let client = manager.offer(builder).start();
    manager.await_line("READY=1");
    control.introduce();
    let answer = control.call(Command::call("r1", "tools/call", "{}"), "r1").json()["result"].clone();
    let text = answer.to_string();
    assert!(
        text.contains("MARKER") && !text.contains("NOTIFY") && !text.contains("WATCHDOG"),
        "{text}"
    );
    assert!(!answer["sockets"].to_string().contains("socket:"), "{text}");
    // Nor can it be read off the processes.
    for process in process::children(client.pid()).into_iter().chain([client.pid()]) {
        let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        assert!(environment.iter().all(|byte| *byte == 0), "{process}");
    }
}
