//! Keys, certificates and CA bundle are exchanged, for good ones and broken ones, while commands come and go.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support;
use crate::support::rotating::{IN_FORCE, NAMES, REFUSED, Site};
use crate::support::wait::{BOUND, within};
use crate::support::{Command, McpServer, eventually, pause};

/// Commands arrive all the time, each takes a while, and everything is exchanged five times, two of them for something broken.
fn under_load(commands: u32, over: Duration) {
    let site = Arc::new(Site::new());
    let mcp = McpServer::http(|request, _| {
        pause("calls that are under way for a while", Duration::from_millis(400));
        support::mcp::echo(request)
    });
    let client = site
        .builder(&mcp)
        .workers(64)
        .env("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", "256")
        // A machine that stands still for a second is no fault of a poll.
        .env("CONTROL_PLANE_POLL_DEADLINE_GUARDRAIL", "30s")
        .start();
    client.await_ready();
    let feeder = Arc::clone(&site);
    let between = over / commands;
    let feeding = std::thread::spawn(move || {
        let began = Instant::now();
        for number in 0..commands {
            let due = between * number;
            pause("commands that arrive all the time", due.saturating_sub(began.elapsed()));
            feeder
                .control
                .push(Command::call(&format!("c{number}"), "tools/call", "{}"));
        }
    });
    let rounds: [&dyn Fn(&Site); 5] = [
        &|site| site.write("key", "sk-second-key-9876543210"),
        &|site| site.write("client.key", "broken"),
        &|site| {
            site.write("ca.pem", &format!("{}{}", site.servers[0].pem(), site.servers[1].pem()));
            site.show_client(1);
        },
        &|site| site.write("ca.pem", "broken"),
        &|site| {
            site.write("ca.pem", site.servers[1].pem());
            site.certificate.exchange(&site.servers[1], &NAMES);
            site.write("key", "sk-third-key-5555555555");
        },
    ];
    for (number, round) in (1..).zip(rounds) {
        let share = usize::try_from(commands).unwrap() * number / 6;
        within(over + BOUND, "a sixth more of the commands", || {
            (site.control.handed_out() >= share).then_some(())
        });
        round(&site);
        client.signal(Signal::HUP);
        let (message, count) = match number {
            1 => (IN_FORCE, 1),
            2 => (REFUSED, 1),
            3 => (IN_FORCE, 2),
            4 => (REFUSED, 2),
            _ => (IN_FORCE, 3),
        };
        eventually(message, || (client.log_with(message).len() >= count).then_some(()));
    }
    feeding.join().unwrap();
    for number in 0..commands {
        let id = format!("c{number}");
        let post = site.control.terminal(&id);
        assert!(post.json()["result"].is_object(), "{id}: {post:#?}");
    }
    // Each rejected generation degrades the component of credentials, and nothing else.
    let mut warnings = client.log_with("\"level\":\"WARN\"");
    warnings.retain(|line| !line.contains("\"component\":\"credentials\""));
    assert_eq!(warnings, [""; 0]);
    site.control.barrier();
    for number in 0..commands {
        let posts = site.control.posts_of(&format!("c{number}"));
        assert_eq!(posts.len(), 1, "{posts:#?}");
    }
    let errors = client.log_with("\"level\":\"ERROR\"");
    assert!(
        errors.len() == 2 && errors.iter().all(|line| line.contains(REFUSED)),
        "{errors:#?}"
    );
    let last = site.control.polls().pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer sk-third-key-5555555555"));
}

#[test]
fn nothing_is_lost_or_fails_while_everything_is_exchanged() {
    under_load(400, Duration::from_secs(12));
}

#[test]
#[ignore = "takes a minute; ./check --full runs it"]
fn nothing_of_a_thousand_commands_is_lost_or_fails_in_a_minute_of_rotation() {
    under_load(1000, Duration::from_secs(60));
}
