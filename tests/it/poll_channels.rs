//! `control_plane.poll_channels`: what polls ask for, and what becomes of the channels that they leave out.

use crate::support::wait::BOUND;
use crate::support::{
    Answer, ClientBuilder, Command, ControlPlane, Gate, McpServer, StdioServer, eventually, mcp::echo,
};

const POLLED: &str = "CONTROL_PLANE_POLL_CHANNELS";

/// The `channel` parameters of a poll, in order.
fn channels(target: &str) -> Vec<&str> {
    let query = target.split_once('?').unwrap().1;
    query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("channel="))
        .collect()
}

#[test]
fn every_poll_names_the_channels_sorted() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = ClientBuilder::new(&control)
        .server(format!("channel=tools,url={}", mcp.url()))
        .server(format!("channel=extra,url={}", mcp.url()))
        .server(mcp.url())
        .env(POLLED, "tools,main")
        .start();
    assert_eq!(
        control
            .call(Command::call("r1", "ping", "{}").channel("tools"), "r1")
            .resp_code,
        200
    );
    for poll in control.await_polls(2) {
        assert_eq!(channels(&poll.target), ["main", "tools"], "{}", poll.target);
        assert_eq!(
            poll.query("timeout_ms"),
            Some("2000"),
            "held as long as any poll: {}",
            poll.target
        );
        assert_eq!(
            poll.header("x-tunnel-mcp-server-info").unwrap(),
            r#"{"version":1,"channels":[{"name":"tools"},{"name":"main"}]}"#
        );
    }
}

#[test]
fn without_the_setting_the_service_chooses() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = ClientBuilder::new(&control).server(mcp.url()).start();
    for poll in control.await_polls(1) {
        assert!(channels(&poll.target).is_empty(), "{}", poll.target);
    }
}

#[test]
fn a_channel_that_is_not_polled_is_not_served() {
    let (control, mcp, child) = (ControlPlane::http(), McpServer::echo(), StdioServer::echo());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .command(format!("channel=pipes,command={}", child.command()))
        .env(POLLED, "main")
        .start();
    client.await_ready();
    let post = control.call(Command::call("r1", "ping", "{}").channel("pipes"), "r1");
    assert_eq!(post.resp_code, 400);
    assert!(child.starts().is_empty(), "a child that nobody can reach was started");
    assert_eq!(client.log_with("neither started nor probed").len(), 1);
}

#[test]
fn a_main_channel_that_is_not_polled_is_not_probed_and_does_not_decide_readiness() {
    let control = ControlPlane::http();
    let main = McpServer::always(Answer::empty(500));
    let tools = McpServer::echo();
    let client = ClientBuilder::new(&control)
        .server(main.url())
        .server(format!("channel=tools,url={}", tools.url()))
        .env(POLLED, "tools")
        // Would hold the polls back if main counted.
        .env("MCP_STARTUP_WAIT_TIMEOUT", "600s")
        .start();
    assert_eq!(client.await_readiness(BOUND, "200", |status, _| status == 200), "ready");
    assert_eq!(
        control
            .call(Command::call("r1", "ping", "{}").channel("tools"), "r1")
            .resp_code,
        200
    );
    assert_eq!(control.call(Command::call("r2", "ping", "{}"), "r2").resp_code, 400);
    assert!(main.seen().is_empty(), "{:?}", main.seen());
    assert_eq!(
        control.polls()[0].header("x-tunnel-mcp-server-info").unwrap(),
        r#"{"version":1,"channels":[{"name":"tools"}]}"#
    );
}

#[test]
fn a_full_channel_is_left_out_among_those_that_are_polled() {
    let gate = Gate::default();
    let held = gate.clone();
    let slow = McpServer::http(move |request, _| Answer::default().hold(&held).then(echo(request)));
    let (control, quick) = (ControlPlane::http(), McpServer::echo());
    let _client = ClientBuilder::new(&control)
        .server(quick.url())
        .server(format!("channel=slow,url={}", slow.url()))
        .server(format!("channel=unused,url={}", quick.url()))
        .env(POLLED, "main,slow")
        .env("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", "2")
        .workers(2)
        .start();
    // One runs, one waits: of two places the second is kept for the other channel.
    control.push_all((0..2).map(|number| Command::call(&format!("s{number}"), "work", "{}").channel("slow")));
    let poll = eventually("a poll that leaves out the slow channel", || {
        control
            .polls()
            .into_iter()
            .find(|poll| channels(&poll.target) == ["main"])
    });
    assert_eq!(poll.query("timeout_ms"), Some("500"), "{}", poll.target);
    assert_eq!(control.call(Command::call("q1", "ping", "{}"), "q1").resp_code, 200);
    gate.open();
    for number in 0..2 {
        control.terminal(&format!("s{number}"));
    }
    eventually("a poll for all of them again", || {
        control
            .polls()
            .last()
            .filter(|poll| channels(&poll.target) == ["main", "slow"])
            .map(|_| ())
    });
}

#[test]
fn a_polled_channel_without_a_server_is_polled_and_its_calls_answered_with_an_error() {
    let gate = Gate::default();
    let held = gate.clone();
    let slow = McpServer::http(move |request, _| Answer::default().hold(&held).then(echo(request)));
    let control = ControlPlane::http();
    let client = ClientBuilder::new(&control)
        .server(slow.url())
        .server(format!("channel=other,url={}", slow.url()))
        .env(POLLED, "harpoon,main,other")
        .env("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", "2")
        .workers(2)
        .start();
    client.await_log("channel harpoon, which is not served");
    let post = control.call(Command::call("h1", "ping", "{}").channel("harpoon"), "h1");
    assert_eq!(post.resp_code, 400);
    let polls = control.polls();
    assert_eq!(channels(&polls[0].target), ["harpoon", "main", "other"]);
    assert!(!polls[0].header("x-tunnel-mcp-server-info").unwrap().contains("harpoon"));
    // It is never full, so it stays when another is left out.
    control.push_all((0..2).map(|number| Command::call(&format!("s{number}"), "work", "{}")));
    eventually("a poll that leaves out main", || {
        let mut polls = control.polls().into_iter();
        polls.find(|poll| channels(&poll.target) == ["harpoon", "other"])
    });
    gate.open();
    for number in 0..2 {
        control.terminal(&format!("s{number}"));
    }
}
