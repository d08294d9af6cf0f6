//! Places of the log other than streams and files: journald, syslog servers.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use rustix::net;

use crate::support::syslog::{LogServer, Receiver, datagrams};
use crate::support::tls::Authority;
use crate::support::{Client, ClientBuilder, Command, ControlPlane, McpServer, eventually, needs};

const BOM: char = '\u{feff}';

/// Header, structured data and text of a message of RFC 5424.
fn parts(message: &str) -> (Vec<&str>, &str, &str) {
    let (before, text) = message.split_once(BOM).unwrap_or_else(|| panic!("no text: {message}"));
    let (header, data) = before.split_once(" [").unwrap_or_else(|| panic!("no data: {message}"));
    let data = data
        .strip_suffix("] ")
        .unwrap_or_else(|| panic!("no end of data: {message}"));
    (header.split(' ').collect(), data, text)
}

fn assert_is_ours(message: &str, priority: &str, client: &Client) {
    let (header, data, text) = parts(message);
    assert_eq!((header[0], header.len()), (priority, 6), "{message}");
    assert!(header[1].ends_with('Z'), "{message}");
    assert_eq!(
        (header[3], header[4], header[5]),
        ("tunnel-client", client.pid().to_string().as_str(), "-")
    );
    assert!(
        data.starts_with("tunnel-client@32473 client_instance_id=\""),
        "{message}"
    );
    assert!(text.starts_with("health server listening"), "{message}");
}

fn serves(control: &ControlPlane, id: &str) {
    control.push(Command::call(id, "tools/list", "{}"));
    assert_eq!(control.terminal(id).resp_code, 200);
}

fn syslog(control: &ControlPlane, mcp: &McpServer, address: &str) -> ClientBuilder {
    ClientBuilder::new(control)
        .server(mcp.url())
        .env("LOG_TARGET", "syslog")
        .env("LOG_SYSLOG_ADDRESS", address)
}

#[test]
fn a_syslog_socket_receives_messages_that_a_filtered_process_sends() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let place = crate::support::Scratch::new();
    let path = place.file("log");
    let records = datagrams(&path);
    let mut client = syslog(&control, &mcp, &path.display().to_string())
        .env("LOG_SYSLOG_FACILITY", "local3")
        .start();
    assert_is_ours(&records.await_with("health server listening"), "<158>1", &client);
    client.await_ready();
    serves(&control, "r0");
    client.terminate();
    assert!(client.wait_exit(crate::support::wait::BOUND).success());
    records.await_with("stopped");
    assert!(client.log().is_empty(), "{:?}", client.log());
}

/// A daemon that is restarted removes its socket and makes another one. The filtered process cannot connect to it.
#[test]
fn a_syslog_socket_that_is_made_again_receives_what_waited_and_what_comes() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let place = crate::support::Scratch::new();
    let path = place.file("log");
    let mut receiver = Receiver::bind(&path);
    let mut client = syslog(&control, &mcp, &path.display().to_string()).start();
    receiver.records.await_with("health server listening");
    client.await_ready();
    for round in 0..2 {
        receiver.close();
        std::fs::remove_file(&path).unwrap();
        client.signal(rustix::process::Signal::HUP);
        if round == 0 {
            let said = client.await_log("lines wait until it can");
            assert!(said.contains(&format!("syslog at {}", path.display())), "{said}");
        }
        serves(&control, &format!("r{round}"));
        receiver = Receiver::bind(&path);
        receiver.records.await_with("SIGHUP: reading");
        client.signal(rustix::process::Signal::HUP);
        eventually("the next line", || {
            let all = receiver.records.all();
            let read = all.iter().filter(|record| record.contains("SIGHUP: reading"));
            (read.count() == 2).then_some(())
        });
        let all = receiver.records.all();
        assert!(
            !all.iter().any(|record| record.contains("log lines were lost")),
            "{all:?}"
        );
    }
    client.terminate();
    assert!(client.wait_exit(crate::support::wait::BOUND).success());
}

#[test]
fn a_syslog_server_over_tcp_receives_counted_messages_and_is_connected_to_again() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let server = LogServer::start(None);
    let mut client = syslog(&control, &mcp, &format!("tcp://{}", server.address)).start();
    assert_is_ours(&server.records.await_with("health server listening"), "<30>1", &client);
    server.hang_up();
    client.signal(rustix::process::Signal::HUP);
    server.records.await_with("SIGHUP");
    serves(&control, "r0");
    client.terminate();
    assert!(client.wait_exit(crate::support::wait::BOUND).success());
    server.records.await_with("stopped");
}

#[test]
fn a_syslog_server_over_tls_is_checked_and_shown_the_client_certificate() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let authority = Authority::new();
    for tls13 in [false, true] {
        let server = LogServer::start(Some(authority.server_for(&["127.0.0.1"], &authority, tls13)));
        let builder = syslog(&control, &mcp, &format!("tls://{}", server.address));
        let (certificate, key) = authority.client("client");
        let directory = builder.directory();
        let file = |name: &str, content: &str| directory.write(name, content).display().to_string();
        let (bundle, certificate, key) = (
            file("ca.pem", authority.pem()),
            file("client.pem", &certificate),
            file("client.key", &key),
        );
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let client = builder
            .env("CA_BUNDLE", bundle)
            .env("LOG_SYSLOG_CLIENT_CERT", certificate)
            .env("LOG_SYSLOG_CLIENT_KEY", key)
            .start();
        assert_is_ours(&server.records.await_with("health server listening"), "<30>1", &client);
        serves(&control, if tls13 { "r13" } else { "r12" });
    }
}

/// Its certificate is signed by nobody who is trusted.
#[test]
fn a_syslog_server_that_is_not_trusted_receives_nothing_and_the_tunnel_serves() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let server = LogServer::start(Some(Authority::new().server(&["127.0.0.1"])));
    let client = syslog(&control, &mcp, &format!("tls://{}", server.address)).start();
    let said = client.await_log("cannot be written");
    assert!(said.contains(&format!("syslog at tls://{}", server.address)), "{said}");
    client.await_ready();
    serves(&control, "r0");
    assert!(server.records.all().is_empty());
}

#[test]
fn a_syslog_server_that_is_not_there_at_first_receives_what_waited() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let socket = net::socket(net::AddressFamily::INET, net::SocketType::STREAM, None).unwrap();
    net::bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let closed = SocketAddr::try_from(net::getsockname(&socket).unwrap()).unwrap();
    let client = syslog(&control, &mcp, &format!("tcp://{closed}")).start();
    client.await_log("cannot be written");
    client.await_ready();
    serves(&control, "r0");
    net::listen(&socket, 5).unwrap();
    let (mut stream, _) = TcpListener::from(socket).accept().unwrap();
    let mut text = String::new();
    eventually("the first line", || {
        let mut buffer = [0; 4096];
        let read = std::io::Read::read(&mut stream, &mut buffer).unwrap();
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        text.contains("health server listening").then_some(())
    });
}

/// journald's socket has one place, so it is put there for this process alone.
#[test]
fn journald_receives_native_fields() {
    if !needs::root() {
        return;
    }
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let place = crate::support::Scratch::new();
    let records = datagrams(&place.file("socket"));
    let inner = |place: &Path| {
        format!(
            "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && mount --bind '{}' /run/systemd/journal && exec \"$0\" \"$@\"",
            place.display()
        )
    };
    let unshare = std::process::Command::new("unshare").args(["-m", "true"]).status();
    if !needs::met("namespaces", unshare.is_ok_and(|status| status.success())) {
        return;
    }
    let mut client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("LOG_TARGET", "journald")
        .env("JOURNAL_TEST", inner(place.path()))
        .start_by("exec unshare -m /bin/sh -c \"$JOURNAL_TEST\" \"$0\" \"$@\"");
    let record = records.await_with("health server listening");
    let lines: Vec<&str> = record.lines().collect();
    for expected in [
        "PRIORITY=6",
        "SYSLOG_IDENTIFIER=tunnel-client",
        "TUNNEL_CLIENT_MSG=health server listening",
    ] {
        assert!(lines.contains(&expected), "{record}");
    }
    let message = lines
        .iter()
        .find(|line| line.starts_with("MESSAGE=health server listening "));
    assert!(message.is_some(), "{record}");
    assert!(record.contains("\nTUNNEL_CLIENT_TUNNEL_ID="), "{record}");
    client.await_ready();
    serves(&control, "r0");
    client.terminate();
    assert!(client.wait_exit(crate::support::wait::BOUND).success());
    records.await_with("stopped");
}

#[test]
fn a_target_that_is_not_there_keeps_the_client_from_starting() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let mut client = syslog(&control, &mcp, "/nonexistent/log").start();
    let said = client.await_log("open log socket /nonexistent/log");
    assert!(said.contains("set log.target"), "{said}");
    assert!(!client.wait_exit(crate::support::wait::BOUND).success());
}
