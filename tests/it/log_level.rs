//! The level of the log while the daemon runs.

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{ClientBuilder, ControlPlane, McpServer, eventually};

const UPDATED: &str = "runtime log level updated";

/// The lines that tell of a change.
fn changes(log: &[String]) -> Vec<(String, String)> {
    let lines = log.iter().filter(|line| line.contains(UPDATED));
    lines
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let level = |name: &str| line[name].as_str().unwrap().to_owned();
            (level("previous_level"), level("new_level"))
        })
        .collect()
}

#[test]
fn a_signal_raises_the_level_to_debug_and_the_next_one_restores_it() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    for (configured, other) in [("info", "debug"), ("warn", "debug"), ("debug", "info")] {
        let mut client = ClientBuilder::new(&control)
            .server(mcp.url())
            .env("LOG_LEVEL", configured)
            .start();
        client.await_ready();
        let pair = |one: &str, two: &str| (one.to_owned(), two.to_owned());
        let mut expected = Vec::new();
        for round in 0..4 {
            client.signal(Signal::USR2);
            expected.push(match round % 2 {
                0 => pair(configured, other),
                _ => pair(other, configured),
            });
            eventually("a change of the level", || {
                (changes(&client.log()) == expected).then_some(())
            });
        }
        assert!(client.running());
    }
}

#[test]
fn debug_lines_appear_while_the_level_is_raised() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("LOG_LEVEL", "info")
        .start();
    client.await_ready();
    assert!(client.log_with("\"DEBUG\"").is_empty());
    client.signal(Signal::USR2);
    client.await_log(UPDATED);
    control.do_not_hold_polls();
    client.await_log("\"DEBUG\"");
}
