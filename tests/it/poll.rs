//! Polling: what each request says, how fast the loop turns, and what an unhelpful control plane does to it.

use std::time::{Duration, Instant};

use crate::support;
use crate::support::client::API_KEY;
use crate::support::control::TUNNEL;
use crate::support::tls::Authority;
use crate::support::wait::BOUND;
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, Server, StdioServer, eventually, holds_for, within,
};

const HEX: &[u8] = b"0123456789abcdef";

#[test]
fn every_control_plane_request_identifies_the_client() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    control.call(Command::call("r1", "tools/list", "{}"), "r1");
    eventually("metadata request", || {
        control.seen().into_iter().find(|seen| seen.path().ends_with(TUNNEL))
    });

    let seen = control.seen();
    let instance = seen[0].header("x-tunnel-client-instance-id").unwrap().to_owned();
    assert!(
        instance.len() == 32 && instance.bytes().all(|byte| HEX.contains(&byte)),
        "{instance}"
    );
    for request in seen {
        let header = |name: &str| request.header(name).unwrap_or_default();
        assert_eq!(header("authorization"), format!("Bearer {API_KEY}"), "{request:?}");
        assert_eq!(header("accept"), "application/json", "{request:?}");
        assert_eq!(header("x-tunnel-client-name"), "tunnel-client-hardened", "{request:?}");
        let agent = format!("tunnel-client-hardened/{}", header("x-tunnel-client-version"));
        assert!(header("user-agent") == agent && !agent.ends_with('/'), "{request:?}");
        assert_eq!(header("x-tunnel-client-instance-id"), instance, "{request:?}");
        assert_eq!(
            header("x-tunnel-mcp-server-info"),
            r#"{"version":1,"channels":[{"name":"main"}]}"#
        );
        assert!(request.header("host").is_some(), "{request:?}");
    }
}

#[test]
fn server_info_names_urls_first_and_marks_stdio_channels() {
    let (control, mcp, child) = (ControlPlane::http(), McpServer::echo(), StdioServer::echo());
    let _client = ClientBuilder::new(&control)
        .command(format!("channel=pipes,command={}", child.command()))
        .server(mcp.url())
        .server(format!("channel=tools,url={}", mcp.url()))
        .start();
    let polls = control.await_polls(1);
    assert_eq!(
        polls[0].header("x-tunnel-mcp-server-info").unwrap(),
        r#"{"version":1,"channels":[{"name":"main"},{"name":"tools"},{"name":"pipes","proc_affinity":true}]}"#
    );
}

#[test]
fn url_path_is_used_and_a_path_in_the_base_url_is_not() {
    let (control, mcp) = (ControlPlane::below("/edge/api"), McpServer::echo());
    let _client = ClientBuilder::for_url(&format!("{}/ignored", control.url()))
        .env("CONTROL_PLANE_URL_PATH", "/edge/api/")
        .server(mcp.url())
        .start();
    control.call(Command::call("r1", "ping", "{}"), "r1");
    assert!(
        control
            .seen()
            .iter()
            .all(|seen| seen.path().starts_with("/edge/api/v1/tunnels/"))
    );
}

#[test]
fn query_carries_the_free_places_and_the_poll_timeout() {
    for (inflight, limit) in [(None, "20"), (Some("3"), "3"), (Some("100"), "25")] {
        let (control, mcp) = (ControlPlane::http(), McpServer::echo());
        let mut builder = ClientBuilder::new(&control)
            .server(mcp.url())
            .env("CONTROL_PLANE_POLL_TIMEOUT", "1500ms");
        if let Some(inflight) = inflight {
            builder = builder.env("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", inflight);
        }
        let _client = builder.start();
        let poll = control.await_polls(1).remove(0);
        assert_eq!(poll.query("limit"), Some(limit), "{poll:?}");
        assert_eq!(poll.query("timeout_ms"), Some("1500"), "{poll:?}");
        assert_eq!(poll.query("channel"), None, "{poll:?}");
    }
}

#[test]
fn a_full_queue_stops_polling_until_there_is_room() {
    let control = ControlPlane::http();
    let gate = support::Gate::new();
    let held = gate.clone();
    let mcp = McpServer::http(move |request, _| Answer::default().hold(&held).then(support::mcp::echo(request)));
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .workers(2)
        .env("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", "4")
        .start();
    control.push_all((0..20).map(|number| Command::call(&format!("r{number}"), "tools/call", "{}")));

    // Two run and four wait. No poll asks for more than there is room for, so it comes to exactly these.
    eventually("a full queue", || (control.handed_out() >= 4 + 2).then_some(()));
    let polls = control.polls().len();
    holds_for(Duration::from_millis(700), "no poll while nothing fits", || {
        control.polls().len() == polls
    });
    assert!(
        control.handed_out() <= 4 + 2 + 1,
        "{} commands taken",
        control.handed_out()
    );
    for poll in control.polls() {
        let limit: usize = poll.query("limit").unwrap().parse().unwrap();
        assert!((1..=4).contains(&limit), "{poll:?}");
    }

    gate.open();
    for number in 0..20 {
        control.terminal(&format!("r{number}"));
    }
}

#[test]
fn polling_works_over_tls_with_a_private_authority() {
    let authority = Authority::new();
    let control = ControlPlane::https(authority.server(&["127.0.0.1"]));
    let mcp = McpServer::echo();
    let builder = ClientBuilder::new(&control).server(mcp.url());
    let bundle = builder.directory().write("ca.pem", authority.pem());
    let _client = builder.env("CA_BUNDLE", bundle.display().to_string()).start();
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
}

#[test]
fn an_untrusted_or_misnamed_control_plane_never_sees_the_key() {
    let (ours, other) = (Authority::new(), Authority::new());
    for server in [other.server(&["127.0.0.1"]), ours.server(&["elsewhere.example"])] {
        let (control, mcp) = (ControlPlane::https(server), McpServer::echo());
        let builder = ClientBuilder::new(&control).server(mcp.url());
        let bundle = builder.directory().write("ca.pem", ours.pem());
        let mut client = builder.env("CA_BUNDLE", bundle.display().to_string()).start();
        client.await_log("poll failed; backing off");
        eventually("another attempt", || {
            (control.server().connections() >= 2).then_some(())
        });
        assert!(control.seen().is_empty());
        assert!(client.running());
        assert_ne!(client.ready().0, 200);
    }
}

#[test]
fn an_instant_204_does_not_make_a_hot_loop() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    control.do_not_hold_polls();
    let _client = Client::http(&control, &mcp.url());
    control.await_polls(1);
    let start = Instant::now();
    holds_for(Duration::from_secs(2), "few polls", || control.polls().len() < 20);
    assert!(control.polls().len() >= 2, "polling stopped for {:?}", start.elapsed());
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
}

#[test]
fn a_long_poll_that_ends_empty_is_followed_at_once() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("CONTROL_PLANE_POLL_TIMEOUT", "400ms")
        .start();
    let polls = control.await_polls(6);
    for pair in polls.windows(2) {
        let gap = pair[1].at - pair[0].at;
        assert!(
            (350..900).contains(&gap.as_millis()),
            "{gap:?} between polls that last 400 ms"
        );
    }
}

#[test]
fn failed_polls_back_off_and_recover() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    for status in [500, 503, 429] {
        control.on_poll(Answer::json(
            status,
            r#"{"error":{"message":"no","type":"server_error","code":"x"}}"#,
        ));
    }
    let client = Client::http(&control, &mcp.url());
    let polls = control.await_polls(4);
    for pair in polls.windows(2) {
        let gap = pair[1].at - pair[0].at;
        assert!(gap >= Duration::from_millis(190), "{gap:?} after a failed poll");
        assert!(gap < Duration::from_secs(4), "{gap:?} after a failed poll");
    }
    client.await_log("poll failed; backing off");
    control.call(Command::call("r1", "ping", "{}"), "r1");
    client.await_log("poller recovered; polling operational");
}

#[test]
fn retry_after_is_honoured_in_both_forms() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let date = std::process::Command::new("date")
        .env("LC_ALL", "C")
        .args(["-u", "-d", "+4 seconds", "+%a, %d %b %Y %H:%M:%S GMT"])
        .output()
        .unwrap();
    let date = String::from_utf8(date.stdout).unwrap().trim().to_owned();
    control.on_poll(Answer::new(503, &[("Retry-After", &date)], "later"));
    control.on_poll(Answer::new(429, &[("Retry-After", "1")], "later"));
    let _client = Client::http(&control, &mcp.url());
    let polls = control.await_polls(3);
    let gap = polls[1].at - polls[0].at;
    assert!(
        gap >= Duration::from_millis(1500),
        "{gap:?} after a date four seconds ahead"
    );
    let gap = polls[2].at - polls[1].at;
    assert!(gap >= Duration::from_secs(1), "{gap:?} after Retry-After: 1");
}

#[test]
fn retry_after_of_a_day_is_cut_to_a_minute() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    control.on_poll(Answer::new(503, &[("Retry-After", "86400")], "tomorrow"));
    let client = Client::http(&control, &mcp.url());
    let line = client.await_log("poll failed; backing off");
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["retry_in_ms"].to_string().trim_matches('"'), "60000", "{line}");
}

#[test]
fn a_meaningless_retry_after_changes_nothing() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    for value in ["-5", "soon", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        control.on_poll(Answer::new(503, &[("Retry-After", value)], "later"));
    }
    let _client = Client::http(&control, &mcp.url());
    for pair in control.await_polls(4).windows(2) {
        assert!(pair[1].at - pair[0].at < Duration::from_secs(4));
    }
}

#[test]
fn refused_credentials_show_in_readiness_and_slow_the_polls() {
    for status in [401, 403, 404] {
        let (control, mcp) = (ControlPlane::http(), McpServer::echo());
        let refusal =
            r#"{"error":{"message":"not yours","type":"invalid_request_error","code":"tunnel_use_forbidden"}}"#;
        control.on_every_poll(Some(Answer::json(status, refusal)));
        let mut client = Client::http(&control, &mcp.url());
        client.await_readiness(BOUND, "503 with an auth state", |code, body| {
            code == 503 && body.to_lowercase().contains("auth")
        });
        assert!(client.running());
        assert_eq!(client.health("/healthz"), (200, "live".to_owned()));
        assert!(client.log().iter().all(|line| !line.contains(API_KEY)));
    }
}

#[test]
fn pauses_after_refusals_grow_from_two_seconds_and_heed_retry_after() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let refusals = [
        Answer::empty(401),
        Answer::empty(404),
        Answer::empty(403),
        Answer::new(404, &[("Retry-After", "45")], ""),
    ];
    for refusal in refusals {
        control.on_poll(refusal);
    }
    let client = Client::http(&control, &mcp.url());
    let pauses = within(3 * BOUND, "four refusals", || {
        let lines = client.log_with("poll failed; backing off");
        let pause = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap()["retry_in_ms"].as_u64();
        let pauses: Vec<u64> = lines.iter().filter_map(pause).collect();
        (pauses.len() == 4).then_some(pauses)
    });
    assert_eq!(pauses[0], 2000);
    assert!((2000..=4000).contains(&pauses[1]), "{pauses:?}");
    assert!((2000..=8000).contains(&pauses[2]), "{pauses:?}");
    assert_eq!(pauses[3], 45_000);
    for (pair, pause) in control.polls().windows(2).zip(pauses) {
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(pause), "{pause}");
    }
}

#[test]
fn polling_survives_every_kind_of_broken_answer() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let body = support::command::poll_body(&[Command::call("lost", "ping", "{}")]);
    let faults = [
        Answer::json(200, "this is not json"),
        Answer::new(200, &[("Content-Type", "text/html")], "<html>captive portal</html>"),
        Answer::json(200, r#"{"commands":{"a":1}}"#),
        Answer::json(200, r#"{"other":[]}"#),
        Answer::json(200, ""),
        Answer::json(200, "[".repeat(1_000_000)),
        Answer::json(200, format!(r#"{{"commands":[{}"#, "{\"a\":".repeat(500_000))),
        Answer::short(200, &body[..body.len() / 2]).close(),
        Answer::short(200, &body[..body.len() / 2]).reset(),
        Answer::raw("HTTP/1.1 200 OK\r\nContent-Le").close(),
        Answer::raw("SSH-2.0-OpenSSH_9.9\r\n").close(),
        Answer::raw(format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\n\r\n", "x".repeat(2_000_000))).close(),
        Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").close(),
        Answer::default().close(),
        Answer::default().reset(),
        Answer::empty(299),
        Answer::empty(500),
    ];
    let mut client = Client::http(&control, &mcp.url());
    control.await_polls(1);
    for (number, fault) in faults.into_iter().enumerate() {
        control.on_poll(fault);
        let id = format!("r{number}");
        assert_eq!(
            control.call(Command::call(&id, "ping", "{}"), &id).resp_code,
            200,
            "after fault {number}"
        );
    }
    assert!(client.running());
}

#[test]
fn a_poll_that_never_answers_is_given_up_after_its_guardrail() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    control.on_poll(Answer::default().stall());
    control.on_poll(Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"commands\":[").stall());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("CONTROL_PLANE_POLL_TIMEOUT", "300ms")
        .env("CONTROL_PLANE_POLL_DEADLINE_GUARDRAIL", "400ms")
        .start();
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
    client.await_log("poll timed out; backing off");
    let gap = control.polls()[1].at - control.polls()[0].at;
    assert!(
        (Duration::from_millis(700)..Duration::from_secs(4)).contains(&gap),
        "{gap:?}"
    );
}

#[test]
fn a_control_plane_that_comes_up_late_is_found() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let address = control.server().socket_address();
    drop(control);
    let client = ClientBuilder::for_url(&format!("http://{address}"))
        .server(mcp.url())
        .start();
    client.await_log("poll failed; backing off");
    let polls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&polls);
    let _late = Server::tcp_at(
        address,
        None,
        std::sync::Arc::new(move |_: &support::Request, _: &support::Peer| {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Answer::empty(204)
        }),
    );
    client.await_log("poller recovered; polling operational");
    assert!(polls.load(std::sync::atomic::Ordering::SeqCst) > 0);
}

#[test]
fn a_failure_that_repeats_is_one_warning_and_another_one_is_told_at_once() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    control.on_every_poll(Some(Answer::new(503, &[], "")));
    let client = Client::http(&control, &mcp.url());
    let warnings = |status: &str| {
        let lines = client.log_with("poll failed; backing off");
        let lines: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |level: &str| {
            let told =
                |line: &&serde_json::Value| line["level"] == level && line["status_code"].to_string().contains(status);
            lines.iter().filter(told).count()
        };
        (of("WARN"), of("DEBUG"))
    };
    eventually("two repetitions", || (warnings("503").1 >= 2).then_some(()));
    assert_eq!(warnings("503").0, 1);
    control.on_every_poll(Some(Answer::new(500, &[], "")));
    eventually("the other failure", || (warnings("500").0 == 1).then_some(()));
}
