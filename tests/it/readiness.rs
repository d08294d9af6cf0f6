//! Readiness while the daemon runs: a poll that is held open, an MCP server that dies and comes back, new credentials.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::mcp::echo;
use crate::support::rotating::{IN_FORCE, Site};
use crate::support::wait::{BOUND, holds_until};
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, Gate, McpServer, Peer, Request, Scratch, Server, holds_for,
    id_of, within,
};

/// Longer than any wait of these tests: a poll that is held open is not answered meanwhile.
const LONG_POLL: &str = "60s";

fn patient(control: &ControlPlane, url: &str) -> Client {
    ClientBuilder::new(control)
        .server(url)
        .env("CONTROL_PLANE_POLL_TIMEOUT", LONG_POLL)
        .start()
}

#[test]
fn a_poll_that_is_held_open_ends_an_outage_of_any_kind() {
    let page = [("Content-Type", "text/html")];
    let faults = [
        Answer::new(503, &[("Retry-After", "1")], ""),
        Answer::empty(502),
        Answer::new(429, &[("Retry-After", "1")], ""),
        Answer::empty(500),
        Answer::new(200, &page, "<html>maintenance</html>"),
        Answer::empty(401),
        Answer::empty(404),
        Answer::default().reset(),
    ];
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = patient(&control, &mcp.url());
    client.await_ready();
    for (number, fault) in faults.into_iter().enumerate() {
        // Answers the poll that is held; the next one is held again.
        control.on_poll(fault);
        client.await_readiness(BOUND, "503 after a poll failed", |status, body| {
            status == 503 && body.starts_with("control plane")
        });
        client.await_readiness(BOUND, "200 while a poll is held open", |status, _| status == 200);
        let id = format!("r{number}");
        control.call(Command::call(&id, "ping", "{}"), &id);
    }
}

#[test]
fn a_relay_that_was_away_is_good_again_as_soon_as_it_holds_a_poll() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let address = control.server().socket_address();
    let client = patient(&control, &mcp.url());
    client.await_ready();
    drop(control);
    client.await_readiness(BOUND, "503 while nobody listens", |status, _| status == 503);
    let (_back, opened) = Server::silent_at(address);
    client.await_readiness(2 * BOUND, "200 while a poll is held open", |status, _| status == 200);
    client.await_log("poller recovered; polling operational");
    opened.open();
}

#[test]
fn a_service_that_is_slow_to_refuse_is_not_taken_for_one_that_holds_polls() {
    let slowly = |status| {
        Answer::default()
            .pause(Duration::from_millis(2500))
            .then(Answer::empty(status))
    };
    for status in [403, 504] {
        let (control, mcp) = (ControlPlane::http(), McpServer::echo());
        let client = patient(&control, &mcp.url());
        client.await_ready();
        control.on_every_poll(Some(slowly(status)));
        let await_polls = |count: usize| within(4 * BOUND, "polls", || (control.polls().len() >= count).then_some(()));
        // After the second refusal it is known how long the service takes.
        await_polls(3);
        client.await_readiness(BOUND, "503", |status, _| status == 503);
        await_polls(4);
        let asked = control.polls().len();
        holds_until(
            &format!("503 while a poll is refused with {status}"),
            || control.polls().len() > asked,
            || client.ready().0 == 503,
        );
    }
}

/// Calls of a server that is gone, until readiness shows it.
#[track_caller]
fn call_until_unready(control: &ControlPlane, client: &Client, what: &str) -> String {
    let calls = AtomicU16::new(0);
    client.await_readiness(2 * BOUND, what, |status, _| {
        if control.waiting() == 0 {
            let id = format!("{what}-{}", calls.fetch_add(1, Ordering::SeqCst));
            control.push(Command::call(&id, "tools/call", "{}").timeout("\"500ms\""));
        }
        status == 503
    })
}

#[test]
fn an_mcp_server_that_dies_shows_in_readiness_after_a_failed_call_and_heals_when_it_is_back() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let (address, url) = (mcp.server().socket_address(), mcp.url());
    let client = Client::http(&control, &url);
    client.await_ready();
    control.call(Command::call("before", "ping", "{}"), "before");
    drop(mcp);
    let text = call_until_unready(&control, &client, "dead");
    assert_eq!(text, "mcp probe failed: connect (connection_refused)");
    let _back = McpServer::at(address, |request, _| echo(request));
    // Without a call: the probe finds it.
    client.await_ready();
}

#[test]
fn an_mcp_server_on_a_unix_socket_that_dies_shows_in_readiness_and_heals_when_it_is_back() {
    let (control, scratch) = (ControlPlane::http(), Scratch::new());
    let path = scratch.file("mcp.sock");
    let mcp = McpServer::unix(&path, |request, _| echo(request));
    let client = Client::http(
        &control,
        &format!("url=http://mcp.internal/mcp,unix-socket={}", path.display()),
    );
    client.await_ready();
    control.call(Command::call("before", "ping", "{}"), "before");
    drop(mcp);
    let text = call_until_unready(&control, &client, "dead");
    assert!(text.starts_with("mcp probe failed: "), "{text}");
    // As servers do that find their old socket.
    let _ = std::fs::remove_file(&path);
    let _back = McpServer::unix(&path, |request, _| echo(request));
    client.await_readiness(2 * BOUND, "200 once it is back", |status, _| status == 200);
}

/// A server whose whole process is replaced by what `broken` does.
fn breakable(broken: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Server {
    Server::tcp(
        None,
        Arc::new(move |request: &Request, _: &Peer| answer(request, &broken)),
    )
}

fn answer(request: &Request, broken: &impl Fn(&Request) -> Option<Answer>) -> Answer {
    broken(request).unwrap_or_else(|| match request.json()["method"].as_str() {
        Some("initialize") => Answer::json(200, initialized(request)),
        _ => echo(request),
    })
}

fn initialized(request: &Request) -> String {
    let result = r#"{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}"#;
    format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, id_of(request))
}

#[test]
fn a_server_that_still_takes_connections_is_dead_all_the_same() {
    let broken = |how: fn() -> Answer| {
        let (control, is_broken) = (ControlPlane::http(), Gate::new());
        let state = is_broken.clone();
        let server = breakable(move |_| state.wait(Duration::ZERO).then(how));
        let client = Client::http(&control, &format!("{}/mcp", server.origin()));
        client.await_ready();
        is_broken.open();
        call_until_unready(&control, &client, "broken")
    };
    // Hung, a gateway in front of a process that is gone, one that shows a page, one that closes, and one that resets.
    assert_eq!(
        broken(|| Answer::default().stall()),
        "mcp probe failed: no answer within 2 s"
    );
    let text = broken(|| Answer::new(502, &[("Content-Type", "text/html")], "<html>Bad Gateway</html>"));
    assert_eq!(
        text,
        "mcp probe failed: HTTP status 502 (Bad Gateway), not an MCP answer"
    );
    // A status that says nothing, with and without a page.
    for how in [|| Answer::empty(500), || Answer::new(503, &[], "no such page")] {
        let text = broken(how);
        assert!(text.ends_with("), not an MCP answer") && !text.contains('_'), "{text}");
    }
    let text = broken(|| Answer::new(200, &[("Content-Type", "text/html")], "<html>maintenance</html>"));
    assert!(text.starts_with("mcp probe failed: protocol"), "{text}");
    for how in [|| Answer::default().close(), || Answer::default().reset()] {
        let text = broken(how);
        assert!(text.starts_with("mcp probe failed: transport_closed"), "{text}");
    }
}

#[test]
fn one_failed_call_does_not_make_a_living_server_unready() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| match request.json()["method"].as_str() {
        Some("fails") => Answer::new(500, &[("Content-Type", "text/plain")], "traceback"),
        Some("breaks") => Answer::default().reset(),
        Some("hangs") => Answer::default().stall(),
        _ => echo(request),
    });
    let client = Client::http(&control, &mcp.url());
    client.await_ready();
    let begun = Instant::now();
    for number in 0..3 {
        for method in ["fails", "breaks", "hangs"] {
            control.push(Command::call(&format!("{method}{number}"), method, "{}").timeout("\"300ms\""));
        }
        holds_for(Duration::from_millis(1500), "ready", || client.ready().0 == 200);
    }
    let probes = mcp
        .seen()
        .iter()
        .filter(|seen| seen.json()["method"] == "initialize")
        .count();
    let (least, most) = (2, 3 + begun.elapsed().as_secs() / 5);
    assert!(
        (least..=most).contains(&(probes as u64)),
        "{probes} probes for nine failed calls, not {least} to {most}"
    );
}

#[test]
fn a_server_that_is_back_within_a_second_was_never_away() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let (address, url): (SocketAddr, _) = (mcp.server().socket_address(), mcp.url());
    let client = Client::http(&control, &url);
    client.await_ready();
    drop(mcp);
    let gone = Instant::now();
    control.call(Command::call("r1", "tools/call", "{}"), "r1");
    let _back = McpServer::at(address, |request, _| echo(request));
    // On a machine that was too slow for that there is nothing to see.
    if gone.elapsed() < Duration::from_millis(500) {
        holds_for(Duration::from_secs(3), "ready", || client.ready().0 == 200);
    }
}

#[test]
fn servers_that_want_credentials_or_know_no_initialize_are_reachable() {
    let discover = |request: &Request, refusal: Answer| match request.json()["method"].as_str() {
        Some("server/discover") if request.header("mcp-protocol-version") == Some("2026-07-28") => {
            let result = r#"{"supportedVersions":["2026-07-28"],"capabilities":{},"resultType":"complete"}"#;
            Answer::json(
                200,
                format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, id_of(request)),
            )
        }
        Some("initialize") => refusal,
        _ => echo(request),
    };
    let no_id = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32004,"message":"unsupported protocol version"}}"#;
    let refusals = [
        (
            Answer::new(401, &[("WWW-Authenticate", "Bearer")], ""),
            "ready (mcp initialize requires auth: HTTP status 401)",
        ),
        (Answer::json(400, no_id), "ready"),
        (
            Answer::new(404, &[("Content-Type", "text/plain")], "unknown method"),
            "ready",
        ),
        (Answer::empty(405), "ready"),
    ];
    for (refusal, expected) in refusals {
        let control = ControlPlane::http();
        let server = breakable(move |request| Some(discover(request, refusal.clone())));
        let client = Client::http(&control, &format!("{}/mcp", server.origin()));
        client.await_ready();
        assert_eq!(client.ready().1, expected);
        // And stays so when calls fail otherwise.
        let failing = Command::call("r1", "tools/call", "{}").header("X-Fail", "1");
        control.call(failing, "r1");
        assert_eq!(client.ready().0, 200);
    }
    // Neither of both: the path is wrong.
    let control = ControlPlane::http();
    let server = breakable(|_| Some(Answer::empty(404)));
    let client = Client::http(&control, &format!("{}/mcp", server.origin()));
    client.await_readiness(BOUND, "503", |status, body| {
        status == 503 && body.contains("HTTP status 404")
    });
}

#[test]
fn a_server_of_another_channel_does_not_decide_about_readiness() {
    let (control, mcp, other) = (ControlPlane::http(), McpServer::echo(), McpServer::echo());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .server(format!("channel=tools,url={}", other.url()))
        .start();
    client.await_ready();
    drop(other);
    for number in 0..3 {
        let id = format!("r{number}");
        let post = control.call(Command::call(&id, "tools/call", "{}").channel("tools"), &id);
        assert_eq!(post.resp_code, 502);
    }
    holds_for(Duration::from_secs(2), "ready", || client.ready().0 == 200);
}

#[test]
fn the_first_probe_that_succeeds_is_logged_although_a_call_was_answered_before() {
    let (control, probed) = (ControlPlane::http(), Gate::new());
    let held = probed.clone();
    let server = breakable(move |request| {
        (request.json()["method"] == "initialize").then(|| {
            let answer = Answer::json(200, initialized(request));
            Answer::default().hold(&held).then(answer)
        })
    });
    let client = Client::http(&control, &format!("{}/mcp", server.origin()));
    control.call(Command::call("r1", "ping", "{}"), "r1");
    assert_eq!(client.log_with("mcp session initialized"), [""; 0]);
    probed.open();
    client.await_log("mcp session initialized");
}

#[test]
fn new_credentials_are_tried_at_once_for_polls_deliveries_and_probes() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let client = site
        .builder(&mcp)
        .env("RELOAD_CHECK_INTERVAL", "0")
        .env("CONTROL_PLANE_POLL_TIMEOUT", LONG_POLL)
        .start();
    client.await_ready();
    client.await_log("mcp session initialized");
    let later = |status| Answer::new(status, &[("Retry-After", "60")], "");
    site.control.on_delivery("r1", "jsonrpc_response", later(503));
    site.control.push(Command::call("r1", "ping", "{}"));
    site.control.await_posts("r1", 1);
    site.control.on_poll(later(503));
    client.await_readiness(BOUND, "503", |status, _| status == 503);
    let (polls, connections) = (site.control.polls().len(), mcp.server().connections());
    client.signal(Signal::HUP);
    client.await_log(IN_FORCE);
    // Far below the minute, and below the pause between two looks at the MCP server.
    let soon = Duration::from_secs(10);
    within(soon, "another delivery", || {
        (site.control.posts_of("r1").len() >= 2).then_some(())
    });
    within(soon, "another poll", || {
        (site.control.polls().len() > polls).then_some(())
    });
    within(soon, "a look at the MCP server", || {
        (mcp.server().connections() > connections).then_some(())
    });
    client.await_ready();
}

#[test]
fn a_new_key_after_a_refused_one_is_good_as_soon_as_its_poll_is_held() {
    let (site, mcp) = (Site::new(), McpServer::echo());
    let client = site.builder(&mcp).env("CONTROL_PLANE_POLL_TIMEOUT", LONG_POLL).start();
    client.await_ready();
    site.control.on_poll(Answer::new(
        401,
        &[("Retry-After", "60")],
        r#"{"error":{"message":"revoked"}}"#,
    ));
    client.await_readiness(BOUND, "503", |status, body| status == 503 && body.contains("401"));
    site.write("key", "sk-second-key-9876543210");
    client.signal(Signal::HUP);
    client.await_ready();
}
