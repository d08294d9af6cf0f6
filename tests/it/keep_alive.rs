//! Kept connections to MCP servers: no call is lost to a server that closes them early, and none is sent twice that may change something.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support;
use crate::support::tls::Authority;
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, Peer, Request, Scratch, Seen, pause, result,
};

/// Every method that is asked for again when its connection closed.
const REPEATABLE: [&str; 6] = [
    "ping",
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
];

/// Answers all requests, but does `then` with the first one of the command `r2`.
fn fault(then: Answer) -> impl Fn(&Request, &Peer) -> Answer + Send + Sync + 'static {
    let first = AtomicBool::new(true);
    move |request, _| {
        if request.header(support::mcp::MARK) == Some("r2") && first.swap(false, Ordering::SeqCst) {
            return then.clone();
        }
        Answer::json(200, result(request, "{}"))
    }
}

fn with_a_fault(then: Answer) -> McpServer {
    McpServer::http(fault(then))
}

fn call(control: &ControlPlane, id: &str, method: &str) -> u16 {
    control.call(Command::call(id, method, "{}"), id).resp_code
}

/// Leaves the connection idle for longer than what counts as recent: half a second.
fn idle() {
    pause("a connection that idles", Duration::from_millis(600));
}

/// The requests of a command and the one before it: whether they came over one connection.
fn share_a_connection(mcp: &McpServer, one: &str, other: &str) -> bool {
    let of = |id| mcp.await_forwarded(id).connection;
    of(one) == of(other)
}

#[test]
fn what_changes_nothing_is_repeated_once_when_a_kept_connection_closes() {
    for method in REPEATABLE {
        for then in [Answer::default().close(), Answer::default().reset()] {
            let (control, mcp) = (ControlPlane::http(), with_a_fault(then));
            let _client = Client::http(&control, &mcp.url());
            assert_eq!(call(&control, "r1", method), 200, "{method}");
            assert_eq!(call(&control, "r2", method), 200, "{method}");
            let seen: Vec<Seen> = mcp.forwarded_for("r2");
            assert_eq!(seen.len(), 2, "{seen:#?}");
            assert_ne!(seen[0].connection, seen[1].connection);
            assert_eq!(
                (&seen[0].body, seen[0].headers.len()),
                (&seen[1].body, seen[1].headers.len())
            );
        }
    }
}

#[test]
fn encrypted_and_local_connections_are_no_exception() {
    for then in [Answer::default().close(), Answer::default().reset()] {
        let (control, authority) = (ControlPlane::http(), Authority::new());
        let mcp = McpServer::https(authority.server(&["127.0.0.1"]), fault(then.clone()));
        let builder = ClientBuilder::new(&control).server(mcp.url());
        let bundle = builder.directory().write("ca.pem", authority.pem());
        let _client = builder.env("CA_BUNDLE", bundle.display().to_string()).start();
        assert_eq!((call(&control, "r1", "ping"), call(&control, "r2", "ping")), (200, 200));
        assert_eq!(mcp.forwarded_for("r2").len(), 2);

        let (control, directory) = (ControlPlane::http(), Scratch::new());
        let path = directory.file("mcp.sock");
        let mcp = McpServer::unix(&path, fault(then));
        let entry = format!("channel=main,url={},unix-socket={}", mcp.url(), path.display());
        let _client = ClientBuilder::new(&control).server(entry).start();
        assert_eq!((call(&control, "r1", "ping"), call(&control, "r2", "ping")), (200, 200));
        assert_eq!(mcp.forwarded_for("r2").len(), 2);
    }
}

#[test]
fn what_may_change_something_is_never_sent_twice() {
    for method in [
        "tools/call",
        "initialize",
        "prompts/get",
        "completion/complete",
        "logging/setLevel",
        "tools/listing",
        "x/list",
    ] {
        let (control, mcp) = (ControlPlane::http(), with_a_fault(Answer::default().close()));
        let _client = Client::http(&control, &mcp.url());
        assert_eq!(call(&control, "r1", "ping"), 200);
        let code = call(&control, "r2", method);
        let seen = mcp.forwarded_for("r2");
        assert_eq!(seen.len(), 1, "{method}: {seen:#?}");
        assert_eq!(code, 502, "{method}");
    }
}

#[test]
fn nothing_is_repeated_after_a_byte_of_an_answer_or_on_a_new_connection() {
    let begun = [
        Answer::raw("H").close(),
        Answer::raw("HTTP/1.1 200 OK\r\nContent-Type: appli").close(),
        Answer::short(200, "{").close(),
    ];
    for then in begun {
        let (control, mcp) = (ControlPlane::http(), with_a_fault(then));
        let _client = Client::http(&control, &mcp.url());
        assert_eq!(call(&control, "r1", "ping"), 200);
        assert_eq!(call(&control, "r2", "ping"), 502);
        assert_eq!(mcp.forwarded_for("r2").len(), 1);
    }
    let (control, mcp) = (ControlPlane::http(), McpServer::always(Answer::default().close()));
    let _client = Client::http(&control, &mcp.url());
    assert_eq!(call(&control, "r1", "ping"), 502);
    assert_eq!(mcp.forwarded_for("r1").len(), 1);
}

#[test]
fn a_server_that_fails_again_is_not_asked_a_third_time() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| match request.text().contains("good") {
        true => Answer::json(200, result(request, "{}")),
        false => Answer::default().close(),
    });
    let _client = Client::http(&control, &mcp.url());
    control.call(Command::call("r1", "ping", r#"{"good":1}"#), "r1");
    assert_eq!(call(&control, "r2", "ping"), 502);
    let seen = mcp.forwarded_for("r2");
    assert_eq!(seen.len(), 2, "{seen:#?}");
}

#[test]
fn a_connection_of_doubtful_age_carries_no_call() {
    // Without a hint, as gunicorn, which closes after 2 s.
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    for (number, method) in ["tools/call", "initialize", "x/new"].into_iter().enumerate() {
        let (before, after) = (format!("a{number}"), format!("b{number}"));
        assert_eq!(call(&control, &before, "tools/call"), 200);
        idle();
        assert_eq!(call(&control, &after, method), 200);
        assert!(!share_a_connection(&mcp, &before, &after), "{method}");
    }
    call(&control, "before", "tools/call");
    idle();
    control.push(Command::notification("n", "notifications/initialized", "{}"));
    control.terminal("n");
    assert!(!share_a_connection(&mcp, "before", "n"));
    call(&control, "last", "tools/call");
    idle();
    control.push(Command::termination("end", "s"));
    control.terminal("end");
    assert!(!share_a_connection(&mcp, "last", "end"));
}

#[test]
fn a_servers_hint_is_heeded() {
    let hinted = |hint| {
        McpServer::http(move |request, _| {
            let headers = [("Content-Type", "application/json"), ("Keep-Alive", hint)];
            Answer::new(200, &headers, result(request, "{}"))
        })
    };
    // Shorter than what counts as recent, and for requests that could be repeated too.
    for hint in ["timeout=1", "timeout=1, max=100", "timeout=5, timeout=1"] {
        let (control, mcp) = (ControlPlane::http(), hinted(hint));
        let _client = Client::http(&control, &mcp.url());
        for (before, after, method) in [("a", "b", "tools/call"), ("c", "d", "ping")] {
            assert_eq!(call(&control, before, "tools/call"), 200);
            idle();
            assert_eq!(call(&control, after, method), 200);
            assert!(!share_a_connection(&mcp, before, after), "{hint} {method}");
        }
    }
    // A server that keeps its connections for long is taken at its word.
    let (control, mcp) = (ControlPlane::http(), hinted("timeout=60"));
    let _client = Client::http(&control, &mcp.url());
    assert_eq!(call(&control, "a", "tools/call"), 200);
    idle();
    assert_eq!(call(&control, "b", "tools/call"), 200);
    assert!(share_a_connection(&mcp, "a", "b"));
    for hint in ["timeout=0", "max=0", "timeout=5, max=0"] {
        let (control, mcp) = (ControlPlane::http(), hinted(hint));
        let _client = Client::http(&control, &mcp.url());
        for id in ["a", "b"] {
            assert_eq!(call(&control, id, "ping"), 200);
        }
        assert!(!share_a_connection(&mcp, "a", "b"), "{hint}");
    }
}

#[test]
fn no_call_is_lost_to_a_server_that_closes_when_it_said() {
    let (control, mcp) = (
        ControlPlane::http(),
        McpServer::http(|request, _| {
            let headers = [("Content-Type", "application/json"), ("Keep-Alive", "timeout=1")];
            Answer::new(200, &headers, result(request, "{}"))
                .pause(Duration::from_secs(1))
                .close()
        }),
    );
    let _client = Client::http(&control, &mcp.url());
    for (number, idle) in [600, 900, 980, 990, 1000, 1010].into_iter().enumerate() {
        for method in ["tools/call", "tools/list"] {
            assert_eq!(
                call(&control, &format!("{number}-{method}"), method),
                200,
                "after {idle} ms"
            );
            pause("a connection that idles", Duration::from_millis(idle));
        }
    }
}

#[test]
fn a_server_that_closes_without_a_word_loses_one_call_at_most() {
    // Each connection serves one request, and the next one meets its end.
    let served = Mutex::new(HashSet::new());
    let mcp = McpServer::http(
        move |request, _| match served.lock().unwrap().insert(request.connection) {
            true => Answer::json(200, result(request, "{}")),
            false => Answer::default().close(),
        },
    );
    let control = ControlPlane::http();
    let _client = Client::http(&control, &mcp.url());
    let lost = (0..12)
        .filter(|number| call(&control, &format!("r{number}"), "tools/call") != 200)
        .count();
    assert!(lost <= 1, "{lost} of 12 calls were lost");
}

#[test]
fn old_servers_and_those_that_close_get_new_connections() {
    let heads = [
        "HTTP/1.1 200 OK\r\nConnection: close",
        "HTTP/1.0 200 OK",
        "HTTP/1.0 200 OK\r\nKeep-Alive: timeout=5",
    ];
    for head in heads {
        // They say so, and close when it suits them.
        let (control, mcp) = (
            ControlPlane::http(),
            McpServer::http(move |request, _| {
                let body = result(request, "{}");
                Answer::raw(format!(
                    "{head}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                ))
            }),
        );
        let _client = Client::http(&control, &mcp.url());
        for id in ["a", "b", "c"] {
            assert_eq!(call(&control, id, "tools/call"), 200, "{head}");
        }
        assert!(
            !share_a_connection(&mcp, "a", "b") && !share_a_connection(&mcp, "b", "c"),
            "{head}"
        );
    }
}

#[test]
fn constant_traffic_reuses_connections() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    for number in 0..200 {
        assert_eq!(call(&control, &format!("r{number}"), "tools/call"), 200);
    }
    let used: HashSet<u64> = mcp.forwarded().iter().map(|seen| seen.connection).collect();
    // One, unless the machine stands still for half a second.
    assert!(used.len() <= 40, "{} connections for 200 calls", used.len());
}

#[test]
fn a_connection_is_shared_again_after_an_event_stream() {
    let (control, mcp) = (
        ControlPlane::http(),
        McpServer::http(|request, _| {
            let event = format!("data: {}\n\n", result(request, "{}"));
            // The end comes with the event.
            let rest = format!("{:x}\r\n{event}\r\n0\r\n\r\n", event.len());
            Answer::sse(&[]).pause(Duration::from_millis(700)).send(rest)
        }),
    );
    let _client = Client::http(&control, &mcp.url());
    // Its age counts from its end, not from its beginning. A machine that stands still for half a second needs another try.
    assert_eq!(call(&control, "r0", "tools/call"), 200);
    let is_shared = (1..20).any(|number| {
        let (before, id) = (format!("r{}", number - 1), format!("r{number}"));
        assert_eq!(call(&control, &id, "tools/call"), 200);
        share_a_connection(&mcp, &before, &id)
    });
    assert!(is_shared);
}

#[test]
fn the_control_planes_hint_is_heeded_too() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let headers = [("Content-Type", "application/json"), ("Keep-Alive", "timeout=1")];
    let hinted = Answer::new(200, &headers, r#"{"status":"ok"}"#)
        .pause(Duration::from_secs(1))
        .close();
    control.on_delivery("r1", "jsonrpc_response", hinted);
    let _client = Client::http(&control, &mcp.url());
    let first = control.call(Command::call("r1", "ping", "{}"), "r1");
    idle();
    let second = control.call(Command::call("r2", "ping", "{}"), "r2");
    assert_ne!(first.request.connection, second.request.connection);
    // Not after an attempt that failed.
    assert_eq!(control.posts_of("r2").len(), 1);
}
