//! What the service manager is told, and what it offers (`src/service_manager/`). Oracle: a datagram is lines of the protocol, each once,
//! whatever text a status has; what is not taken stays; an offer that makes no sense is a warning on one line.

use std::time::Duration;

use arbitrary::Arbitrary;
use tunnel_client::fuzzing::settings::{Notification, Notifications, offered};
use tunnel_client::limits::{STATUS_MAX, UNIX_SOCKET_PATH_MAX, WATCHDOG_PERIOD_MIN};
use tunnel_client::secrets::Environment;
use tunnel_client::service_manager::Offer;

use crate::support::text::assert_line;

/// Steps of a process, and the variables that it was started with.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    steps: Vec<Step<'a>>,
    socket: &'a str,
    watchdog: &'a str,
    process: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Step<'a> {
    Ready,
    Reloading(u32),
    Stopping,
    Extend(u32),
    /// A text, so many times.
    Status(&'a str, u8),
    Alive,
    Send {
        taken: bool,
    },
}

/// Feeds steps and an offer.
pub fn check(input: Input<'_>) {
    notifications(&input.steps);
    offer(&input);
}

fn notifications(steps: &[Step<'_>]) {
    let mut notifications = Notifications::default();
    let mut status: Option<String> = None;
    for step in steps {
        match step {
            Step::Ready => notifications.add(Notification::Ready),
            Step::Reloading(since) => notifications.add(Notification::Reloading(u64::from(*since))),
            Step::Stopping => {
                notifications.add(Notification::Stopping);
                status = None;
            }
            Step::Extend(seconds) => notifications.add(Notification::Extend(Duration::from_secs(u64::from(*seconds)))),
            Step::Status(text, times) => {
                let text = text.repeat(usize::from(*times));
                notifications.add(Notification::Status(&text));
                status = Some(text);
            }
            Step::Alive => notifications.add(Notification::Alive),
            Step::Send { taken } => {
                let Some(datagram) = notifications.next(*taken) else {
                    continue;
                };
                let shown = datagram_lines(&datagram);
                if datagram.starts_with("RELOADING") {
                    continue;
                }
                match (shown, &status) {
                    (None, None) => {}
                    (Some(shown), Some(text)) => begins_as(&shown, text),
                    (shown, status) => panic!("{shown:?} for {status:?}"),
                }
                if *taken {
                    status = None;
                }
            }
        }
    }
    // Everything is said after two datagrams: a reload and the rest.
    let left = std::iter::from_fn(|| notifications.next(true)).count();
    assert!(left <= 2, "{left} datagrams");
}

/// Fails unless each line is an assignment of the protocol, and none stands twice. Returns the status.
fn datagram_lines(datagram: &str) -> Option<String> {
    let mut keys = Vec::new();
    let mut status = None;
    for line in datagram.split('\n') {
        assert_line(line, STATUS_MAX + 8);
        assert!(line.len() <= STATUS_MAX + "STATUS=".len(), "{line:?}");
        let Some((key, value)) = line.split_once('=') else {
            panic!("{datagram:?}")
        };
        assert!(!keys.contains(&key), "{datagram:?}");
        keys.push(key);
        match key {
            "READY" | "RELOADING" | "STOPPING" | "WATCHDOG" => assert_eq!(value, "1"),
            "MONOTONIC_USEC" | "EXTEND_TIMEOUT_USEC" => assert!(value.parse::<u128>().is_ok(), "{datagram:?}"),
            "STATUS" => status = Some(value.to_owned()),
            _ => panic!("{datagram:?}"),
        }
    }
    let is_reload = keys.contains(&"RELOADING");
    assert_eq!(is_reload, keys.contains(&"MONOTONIC_USEC"));
    assert!(!is_reload || !keys.contains(&"READY"), "{datagram:?}");
    status
}

/// What is shown of a status is all of it or its beginning, with spaces in place of what is not shown.
fn begins_as(shown: &str, text: &str) {
    let text = text.trim();
    let length = text.chars().count();
    let is_same = |kept: &str| {
        let mut pairs = kept.chars().zip(text.chars());
        pairs.all(|(shown, written)| shown == written || shown == ' ')
    };
    if shown.chars().count() == length && is_same(shown) {
        return;
    }
    // It can have as many characters as the text, with dots in place of the end.
    let kept = shown.strip_suffix("...").filter(|kept| is_same(kept));
    assert!(
        kept.is_some_and(|kept| kept.chars().count() < length) && text.len() > STATUS_MAX,
        "{shown:?} for {text:?}"
    );
}

fn offer(input: &Input<'_>) {
    const PROCESS: u32 = 4711;
    let variables = [
        ("NOTIFY_SOCKET", Some(input.socket)),
        ("WATCHDOG_USEC", Some(input.watchdog)),
        ("WATCHDOG_PID", input.process),
    ];
    let environment: Environment = variables
        .iter()
        .filter_map(|(name, value)| Some((*name, (*value)?)))
        .collect();
    let mut warnings = Vec::new();
    let offer = Offer::of(&environment, PROCESS, &mut warnings);
    warnings.iter().for_each(|warning| assert_line(warning, 300));
    let (has_socket, period) = offered(&offer);
    let is_socket = input.socket.len() <= UNIX_SOCKET_PATH_MAX
        && (input.socket.starts_with('/') || input.socket.starts_with('@') && input.socket.len() > 1);
    assert_eq!(has_socket, is_socket, "{:?}", input.socket);
    let number = |text: &str| {
        text.parse()
            .ok()
            .filter(|number: &u64| *number != 0 && *number != u64::MAX)
    };
    let is_ours = match input.process.filter(|text| !text.is_empty()) {
        Some(text) => number(text) == Some(u64::from(PROCESS)),
        None => true,
    };
    let expected = number(input.watchdog)
        .filter(|_| is_socket && is_ours)
        .map(|microseconds| (Duration::from_micros(microseconds) / 2).max(WATCHDOG_PERIOD_MIN));
    assert_eq!(period, expected, "{input:?}");
}
