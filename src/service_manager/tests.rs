#![allow(clippy::unwrap_used, reason = "tests")]

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use super::*;
use crate::limits::STATUS_MAX;
use crate::secrets::Environment;

/// A service manager that receives.
struct Receiver {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Receiver {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tunnel-client-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self { socket, path }
    }

    fn next(&self) -> Option<String> {
        let mut buffer = [0; 8192];
        let length = self.socket.recv(&mut buffer).ok()?;
        Some(String::from_utf8(buffer[..length].to_vec()).unwrap())
    }

    fn manager(&self) -> ServiceManager {
        let environment = [("NOTIFY_SOCKET", self.path.to_str().unwrap())];
        ServiceManager::connect(offer(&environment).0)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn offer(variables: &[(&str, &str)]) -> (Offer, Vec<String>) {
    let environment: Environment = variables.iter().copied().collect();
    let mut warnings = Vec::new();
    (Offer::of(&environment, 7, &mut warnings), warnings)
}

#[test]
fn wrong_values_are_a_warning_each_and_count_as_unset() {
    let long = format!("/{}", "x".repeat(200));
    for socket in ["run/notify", "@", "vsock:2:1234", "vsock-stream:2:1", long.as_str()] {
        let (offer, warnings) = offer(&[("NOTIFY_SOCKET", socket)]);
        assert!(offer.address.is_none() && warnings.len() == 1, "{socket}: {warnings:?}");
    }
    for (usec, pid, period, warned) in [
        ("30000000", "", Some(15_000), 0),
        ("30000000", "7", Some(15_000), 0),
        ("30000000", "8", None, 0),
        ("30000000", "me", None, 1),
        ("1", "7", Some(10), 0),
        ("0", "", None, 1),
        ("-1", "", None, 1),
        ("soon", "", None, 1),
        ("18446744073709551615", "", None, 1),
    ] {
        let variables = [("NOTIFY_SOCKET", "@x"), ("WATCHDOG_USEC", usec), ("WATCHDOG_PID", pid)];
        let (offer, warnings) = offer(&variables);
        let period = period.map(Duration::from_millis);
        assert_eq!((offer.watchdog, warnings.len()), (period, warned), "{usec} {pid}");
    }
    let (offer, warnings) = offer(&[("WATCHDOG_USEC", "soon")]);
    assert!(offer.address.is_none() && warnings.is_empty(), "no socket, no effect");
}

#[test]
fn a_status_is_one_bounded_line() {
    assert_eq!(status_line(" a\nREADY=1\u{1b}[31m\u{202e}b\t"), "a READY=1 [31m b");
    let line = status_line(&"\u{e4}".repeat(4096));
    assert!(line.len() <= STATUS_MAX && line.ends_with("..."), "{line}");
}

#[test]
fn a_status_that_fits_is_not_cut() {
    for bytes in 237..=STATUS_MAX {
        let text = "a".repeat(bytes);
        assert_eq!(status_line(&text), text, "{bytes} bytes");
        let text = format!("{}\u{e4}", "a".repeat(bytes - 2));
        assert_eq!(status_line(&text), text, "{bytes} bytes");
    }
    let cut = format!("{}...", "a".repeat(237));
    for bytes in [241, 242, 4096] {
        assert_eq!(status_line(&"a".repeat(bytes)), cut, "{bytes} bytes");
    }
    // A character of two bytes is not split: at byte 237 it goes with the rest.
    let text = format!("{}\u{e4}aaa", "a".repeat(236));
    assert_eq!(
        (text.len(), status_line(&text)),
        (241, format!("{}...", "a".repeat(236)))
    );
}

#[test]
fn messages_come_in_order_and_a_status_only_when_it_changed() {
    let receiver = Receiver::new("order");
    let manager = receiver.manager();
    manager.reloading();
    manager.reloaded("too early");
    assert_eq!(
        receiver.next(),
        None,
        "nothing is reloaded before the start is complete"
    );
    manager.ready("ready");
    assert_eq!(receiver.next().unwrap(), "READY=1\nSTATUS=ready");
    manager.status("ready");
    assert_eq!(receiver.next(), None, "no news");
    manager.status("control plane poll failed");
    assert_eq!(receiver.next().unwrap(), "STATUS=control plane poll failed");
    manager.reloading();
    let reloading = receiver.next().unwrap();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    manager.reloaded("control plane poll failed");
    assert_eq!(receiver.next().unwrap(), "READY=1");
    manager.stopping(Duration::from_secs(3), "shutting down");
    let stopping = receiver.next().unwrap();
    assert!(stopping.starts_with("STOPPING=1\nEXTEND_TIMEOUT_USEC="), "{stopping}");
    assert!(stopping.ends_with("\nSTATUS=shutting down"), "{stopping}");
    manager.reloading();
    manager.reloaded("shutting down");
    assert_eq!(receiver.next(), None, "who stops does not get ready again");
}

#[test]
fn what_found_no_room_is_kept_the_newest_of_each_kind_and_sent_in_order() {
    let receiver = Receiver::new("full");
    let manager = receiver.manager();
    let other = UnixDatagram::unbound().unwrap();
    other.set_nonblocking(true).unwrap();
    while other.send_to(b"filler", &receiver.path).is_ok() {}
    manager.ready("starting");
    manager.status("first");
    manager.reloading();
    manager.reloaded("second");
    manager.alive();
    while let Some(text) = receiver.next() {
        assert_eq!(text, "filler");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let sent = runtime.unwrap().block_on(async {
        let resent = tokio::time::timeout(Duration::from_secs(10), manager.resend());
        tokio::select! {
            _ = resent => Vec::new(),
            sent = async {
                let mut sent = Vec::new();
                while sent.len() < 2 {
                    sent.extend(receiver.next());
                    sleep(Duration::from_millis(5)).await;
                }
                sent
            } => sent,
        }
    });
    assert!(sent[0].starts_with("RELOADING=1\n"), "{sent:?}");
    assert_eq!(sent[1], "READY=1\nSTATUS=second\nWATCHDOG=1");
}

#[test]
fn a_receiver_that_is_gone_is_left_alone() {
    let receiver = Receiver::new("gone");
    let manager = receiver.manager();
    manager.ready("ready");
    drop(receiver);
    manager.status("nobody reads this");
    manager.alive();
    let absent = [("NOTIFY_SOCKET", "/not/there")];
    let manager = ServiceManager::connect(offer(&absent).0);
    assert!(manager.descriptor().is_none());
    manager.ready("ready");
}
