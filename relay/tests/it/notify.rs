//! The notify protocol of service managers (sd_notify(3)).

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::support::http::Request;
use crate::support::relay::Relay;
use crate::support::scratch::Scratch;
use crate::support::*;

/// A service manager that waits for notifications.
struct Manager {
    socket: UnixDatagram,
    address: String,
    seen: Vec<String>,
    scratch: Scratch,
}

impl Manager {
    fn new() -> Self {
        let scratch = Scratch::new();
        let path = scratch.path("notify");
        let address = path.display().to_string();
        Self::with(UnixDatagram::bind(path).unwrap(), address, scratch)
    }

    fn with_abstract_name() -> Self {
        let scratch = Scratch::new();
        let name = scratch.path("notify").display().to_string();
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        Self::with(UnixDatagram::bind_addr(&address).unwrap(), format!("@{name}"), scratch)
    }

    fn with(socket: UnixDatagram, address: String, scratch: Scratch) -> Self {
        Self {
            socket,
            address,
            seen: Vec::new(),
            scratch,
        }
    }

    /// A relay whose keys are in a file, as one of its services.
    fn start(&self, variables: &[(&str, &str)]) -> Relay {
        let file = self.scratch.file("keys", &keys()).display().to_string();
        let mut all = vec![("NOTIFY_SOCKET", self.address.as_str())];
        all.extend(variables);
        let args = ["--keys-file", &file, "--reload-check-interval", "0"];
        Relay::start_in(&args, "", &all)
    }

    fn next_within(&mut self, bound: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(bound)).unwrap();
        let mut buffer = [0; 4096];
        let length = self.socket.recv(&mut buffer).ok()?;
        let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
        self.seen.push(text.clone());
        Some(text)
    }

    /// Waits for a datagram with this line, or one that begins so.
    fn await_line(&mut self, begin: &str) -> String {
        loop {
            match self.next_within(PATIENCE) {
                Some(text) if text.lines().any(|line| line.starts_with(begin)) => return text,
                Some(_) => {}
                None => panic!("no {begin} in {:#?}", self.seen),
            }
        }
    }
}

#[test]
fn the_service_manager_is_told_of_the_start_of_reloads_and_of_the_end() {
    for mut manager in [Manager::new(), Manager::with_abstract_name()] {
        let mut relay = manager.start(&[]);
        assert_eq!(manager.next_within(PATIENCE).unwrap(), "READY=1\nSTATUS=ready");
        let answer = relay.send(&Request::new("GET", "/v1/tunnels"));
        assert_eq!(answer.status, 401, "it serves");
        manager.scratch.file("keys", "not a line of keys");
        relay.hang_up();
        manager.await_line("MONOTONIC_USEC=");
        let rejected = manager.await_line("READY=1");
        assert!(
            rejected.contains("STATUS=ready; credential reload rejected"),
            "{rejected}"
        );
        manager.scratch.file("keys", &keys());
        relay.hang_up();
        manager.await_line("RELOADING=1");
        assert_eq!(manager.await_line("READY=1"), "READY=1\nSTATUS=ready");
        relay.terminate();
        let stopping = manager.await_line("STOPPING=1");
        assert!(stopping.contains("\nEXTEND_TIMEOUT_USEC=17000000\n"), "{stopping}");
        assert!(relay.ended(PATIENCE).success());
    }
}

#[test]
fn a_relay_that_stands_still_sends_no_watchdog_messages() {
    let mut manager = Manager::new();
    let relay = manager.start(&[("WATCHDOG_USEC", "400000")]);
    manager.await_line("WATCHDOG=1");
    manager.await_line("WATCHDOG=1");
    relay.signal("STOP");
    relay.await_state('T');
    while manager.next_within(Duration::from_millis(1)).is_some() {}
    assert_eq!(manager.next_within(Duration::from_millis(1200)), None);
    relay.signal("CONT");
    manager.await_line("WATCHDOG=1");
}

#[test]
fn a_service_manager_that_reads_nothing_or_is_gone_holds_nothing_up() {
    let manager = Manager::new();
    let filler = UnixDatagram::unbound().unwrap();
    filler.set_nonblocking(true).unwrap();
    while filler.send_to(b"FILLER=1", &manager.address).is_ok() {}
    let mut relay = manager.start(&[("WATCHDOG_USEC", "20000")]);
    relay.hang_up();
    relay.line("credentials reloaded");
    assert_eq!(relay.send(&Request::new("GET", "/v1/tunnels")).status, 401);
    drop(manager.socket);
    relay.line("the service manager does not receive notifications any more");
    relay.terminate();
    assert!(relay.ended(PATIENCE).success());
    for address in ["/not/there", "vsock:2:1234", "notify"] {
        let mut relay = Relay::start_in(&[], &keys(), &[("NOTIFY_SOCKET", address)]);
        relay.terminate();
        assert!(relay.ended(PATIENCE).success());
        assert!(
            relay.all_lines().contains("NOTIFY_SOCKET cannot be connected to"),
            "{address}"
        );
    }
}
