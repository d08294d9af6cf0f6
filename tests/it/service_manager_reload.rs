//! The notify protocol of service managers: reloads, and the watchdog.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use rustix::time::{ClockId, clock_gettime};

use crate::support;
use crate::support::cases::closed_port;
use crate::support::{Answer, Client, ClientBuilder, ControlPlane, Manager, McpServer, eventually};

/// What the service manager is told of a reload that was not accepted.
const REJECTED: &str = "credential reload rejected";

fn monotonic() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap()
}

/// Has everything read again, and waits until that is over; returns the message that says so.
fn reload(manager: &Manager, client: &Client) -> support::manager::Message {
    let before = monotonic();
    client.signal(Signal::HUP);
    let begin = manager.await_line("RELOADING=1");
    let at = begin.time("MONOTONIC_USEC");
    // Whole microseconds are counted.
    assert!(
        before <= at + Duration::from_micros(1) && at <= monotonic(),
        "{before:?} {at:?}"
    );
    manager.await_line("READY=1")
}

#[test]
fn a_reload_begins_and_ends_whether_or_not_it_is_accepted_and_the_status_says_which() {
    let (control, mcp, manager) = (ControlPlane::http(), McpServer::echo(), Manager::new());
    let builder = ClientBuilder::new(&control)
        .server(mcp.url())
        .no_env("CONTROL_PLANE_API_KEY")
        .env("RELOAD_CHECK_INTERVAL", "0");
    let key = builder.directory().write("key", "sk-first-key-0123456789");
    let builder = builder.arg(&format!("--control-plane.api-key=file:{}", key.display()));
    let client = manager.offer(builder).start();
    manager.await_line("STATUS=ready");
    let accepted = reload(&manager, &client);
    assert_eq!(accepted.text, "READY=1", "no news");
    std::fs::write(&key, "").unwrap();
    let rejected = reload(&manager, &client);
    let status = rejected.value("STATUS").unwrap().to_owned();
    assert!(status.starts_with("ready; ") && status.contains(REJECTED), "{status}");
    assert_eq!(client.ready().0, 200, "the key before it is active");
    std::fs::write(&key, "sk-second-key-0123456789").unwrap();
    let accepted = reload(&manager, &client);
    assert!(!accepted.value("STATUS").unwrap().contains(REJECTED), "{accepted:?}");
    let text = format!("{:?}", manager.seen());
    assert!(!text.contains("sk-"), "{text}");
}

/// The service manager's interval: short, because the messages come in half of it.
const INTERVAL: Duration = Duration::from_millis(400);

fn watched(manager: &Manager, builder: ClientBuilder) -> Client {
    let interval = INTERVAL.as_micros().to_string();
    manager.offer(builder).env("WATCHDOG_USEC", interval).start()
}

#[test]
fn watchdog_messages_go_on_through_any_outage() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (held, refusing) = (ControlPlane::http(), ControlPlane::http());
    refusing.on_every_poll(Some(Answer::new(503, &[("Retry-After", "60")], "")));
    for (outage, url) in [
        ("nobody listens", format!("http://{}", closed_port())),
        ("it is silent", format!("http://{}", silent.local_addr().unwrap())),
        ("it refuses", refusing.url()),
        ("it holds the poll", held.url()),
    ] {
        let manager = Manager::new();
        let builder = ClientBuilder::for_url(&url).server(format!("http://{}/mcp", closed_port()));
        let mut client = watched(&manager, builder.env("CONTROL_PLANE_POLL_TIMEOUT", "1s"));
        manager.await_line("READY=1");
        // Several polls' time.
        let until = Instant::now() + Duration::from_secs(5);
        let mut messages = 0;
        while Instant::now() < until {
            manager.await_line("WATCHDOG=1");
            messages += 1;
        }
        assert!(messages >= 2, "{outage}: {messages}");
        assert!(client.running(), "{outage}");
    }
}

#[test]
fn a_process_that_stands_still_sends_no_watchdog_messages() {
    let (control, mcp, manager) = (ControlPlane::http(), McpServer::echo(), Manager::new());
    let client = watched(&manager, ClientBuilder::new(&control).server(mcp.url()));
    manager.await_line("WATCHDOG=1");
    client.signal(Signal::STOP);
    let stat = format!("/proc/{}/stat", client.pid());
    eventually("it stands still", || {
        let stat = std::fs::read_to_string(&stat).ok()?;
        stat.rsplit_once(") ")?.1.starts_with('T').then_some(())
    });
    while manager.next_within(Duration::ZERO).is_some() {}
    assert!(
        manager.next_within(INTERVAL * 3).is_none(),
        "{:?}",
        manager.seen().last()
    );
    client.signal(Signal::CONT);
    manager.await_line("WATCHDOG=1");
}

#[test]
fn the_watchdog_of_another_process_or_with_a_wrong_value_is_not_served() {
    for (variable, value, warning) in [
        ("WATCHDOG_PID", "1", None),
        ("WATCHDOG_PID", "me", Some("WATCHDOG_PID: it is not a positive number")),
        (
            "WATCHDOG_USEC",
            "soon",
            Some("WATCHDOG_USEC: it is not a positive number"),
        ),
    ] {
        let (control, mcp, manager) = (ControlPlane::http(), McpServer::echo(), Manager::new());
        let builder = ClientBuilder::new(&control)
            .server(mcp.url())
            .env("WATCHDOG_USEC", "20000");
        let client = manager.offer(builder.env(variable, value)).start();
        manager.await_line("STATUS=ready");
        if let Some(warning) = warning {
            client.await_log(warning);
        }
        while let Some(message) = manager.next_within(Duration::from_millis(500)) {
            assert_eq!(message.value("WATCHDOG"), None, "{variable}={value}");
        }
        assert!(manager.seen().iter().all(|message| message.value("WATCHDOG").is_none()));
    }
}
