//! Cookies of MCP servers: a session stays on its replica behind a balancer, and no cookie leaves the client or reaches another caller.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support;
use crate::support::memory::Memory;
use crate::support::tls::Authority;
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, Post, Request, needs, result, within,
};

/// A balancer with two replicas: without its cookie a request goes to the one that is next in turn, and each knows its own sessions
/// only.
#[derive(Default)]
struct Balancer {
    turn: usize,
    sessions: HashMap<String, usize>,
}

impl Balancer {
    fn answer(&mut self, request: &Request) -> Answer {
        let wanted = request.header("cookie").and_then(|cookie| cookie.strip_prefix("LB="));
        let replica = wanted.map_or_else(
            || {
                self.turn += 1;
                self.turn % 2
            },
            |text| text.parse().unwrap(),
        );
        let cookie = format!("LB={replica}; Path=/; HttpOnly");
        let mut headers = vec![("Content-Type", "application/json")];
        if wanted.is_none() {
            headers.push(("Set-Cookie", &cookie));
        }
        let json = request.json();
        if json["method"] == "initialize" {
            let session = format!("s{}", self.sessions.len());
            self.sessions.insert(session.clone(), replica);
            headers.push(("Mcp-Session-Id", &session));
            return Answer::new(200, &headers, result(request, "{}"));
        }
        let session = request.header("mcp-session-id").unwrap_or_default().to_owned();
        match self.sessions.get(&session) {
            Some(owner) if *owner == replica => {}
            _ => return Answer::new(404, &headers, "no such session"),
        }
        if request.method == "DELETE" {
            self.sessions.remove(&session);
            return Answer::new(200, &headers, "");
        }
        match json.get("id") {
            Some(_) => Answer::new(200, &headers, result(request, "{}")),
            None => Answer::new(202, &headers, ""),
        }
    }
}

fn balanced() -> McpServer {
    let balancer = Mutex::new(Balancer::default());
    McpServer::http(move |request, _| balancer.lock().unwrap().answer(request))
}

/// Initializes as this caller and gives the session.
fn open(control: &ControlPlane, id: &str, caller: Option<&str>) -> String {
    let post = control.call(of(Command::call(id, "initialize", "{}"), caller), id);
    assert_eq!(post.resp_code, 200, "{post:#?}");
    post.resp_header("Mcp-Session-Id").unwrap().to_owned()
}

/// The command with the name of its caller's key.
fn of(command: Command, caller: Option<&str>) -> Command {
    match caller {
        Some(name) => command.field("caller", support::command::quoted(name)),
        None => command,
    }
}

fn in_session(control: &ControlPlane, id: &str, session: &str, caller: Option<&str>) -> Post {
    let command = Command::call(id, "tools/call", "{}").header("Mcp-Session-Id", session);
    control.call(of(command, caller), id)
}

#[test]
fn a_session_stays_on_its_replica_for_every_kind_of_message() {
    let (control, mcp) = (ControlPlane::http(), balanced());
    let _client = Client::http(&control, &mcp.url());
    let sessions = ["i0", "i1", "i2"].map(|id| open(&control, id, None));
    for round in 0..4 {
        for session in &sessions {
            let id = format!("{session}-{round}");
            let post = in_session(&control, &id, session, None);
            assert_eq!(post.resp_code, 200, "{post:#?}");
            let id = format!("{session}-n{round}");
            control.push(Command::notification(&id, "notifications/x", "{}").header("Mcp-Session-Id", session));
            assert_eq!(control.terminal(&id).resp_code, 202);
        }
    }
    let answer = r#"{"jsonrpc":"2.0","id":"q","result":{}}"#;
    for session in &sessions {
        let id = format!("{session}-a");
        control.push(Command::message(&id, answer).header("Mcp-Session-Id", session));
        assert!(control.terminal(&id).resp_code < 300, "{:#?}", control.terminal(&id));
        let id = format!("{session}-end");
        control.push(Command::termination(&id, session));
        assert_eq!(control.terminal(&id).resp_code, 200);
        // The session is over, and so is its cookie.
        let id = format!("{session}-late");
        assert_eq!(in_session(&control, &id, session, None).resp_code, 404);
        assert_eq!(mcp.await_forwarded(&id).header("cookie"), None);
    }
}

#[test]
fn no_cookie_leaves_the_client_or_is_logged() {
    let (control, mcp) = (ControlPlane::http(), balanced());
    let client = Client::http(&control, &mcp.url());
    let session = open(&control, "i", None);
    in_session(&control, "r", &session, None);
    in_session(&control, "unknown", "other", None);
    for post in control.posts() {
        assert!(!post.request.text().contains("LB="), "{post:#?}");
    }
    assert!(client.log_with("LB=").is_empty(), "{:#?}", client.log_with("LB="));
}

#[test]
fn a_caller_that_guesses_a_session_gets_no_cookie_of_it() {
    let (control, mcp) = (
        ControlPlane::http(),
        McpServer::http(|request, _| {
            let headers = [
                ("Content-Type", "application/json"),
                ("Mcp-Session-Id", "guessed"),
                ("Set-Cookie", "login=alice; Path=/"),
            ];
            match request.json()["method"] == "initialize" {
                true => Answer::new(200, &headers, result(request, "{}")),
                false => Answer::json(200, result(request, "{}")),
            }
        }),
    );
    let _client = Client::http(&control, &mcp.url());
    assert_eq!(open(&control, "i", Some("alice")), "guessed");
    for (id, caller) in [("r1", Some("mallory")), ("r2", None), ("r3", Some("alice"))] {
        in_session(&control, id, "guessed", caller);
        let cookie = mcp.await_forwarded(id);
        assert_eq!(cookie.header("cookie"), (id == "r3").then_some("login=alice"), "{id}");
    }
    // One key may have several users behind it.
    let with_token = Command::call("r4", "tools/call", "{}").header("Mcp-Session-Id", "guessed");
    let with_token = of(with_token.header("Authorization", "Bearer other"), Some("alice"));
    control.call(with_token, "r4");
    assert_eq!(mcp.await_forwarded("r4").header("cookie"), None);
    // Nor can the guesser end it.
    control.push(of(Command::termination("r5", "guessed"), Some("mallory")));
    control.terminal("r5");
    assert_eq!(mcp.await_forwarded("r5").header("cookie"), None);
    in_session(&control, "r6", "guessed", Some("alice"));
    assert_eq!(mcp.await_forwarded("r6").header("cookie"), Some("login=alice"));
}

#[test]
fn a_callers_own_cookies_pass_alone() {
    let (control, mcp) = (ControlPlane::http(), balanced());
    let _client = Client::http(&control, &mcp.url());
    let session = open(&control, "i", None);
    control.call(
        Command::call("r", "tools/call", "{}")
            .header("Mcp-Session-Id", &session)
            .header("cookie", "LB=1"),
        "r",
    );
    assert_eq!(mcp.await_forwarded("r").header_values("cookie"), ["LB=1"]);
}

#[test]
fn cookies_join_those_that_the_operator_configured() {
    let (control, mcp) = (
        ControlPlane::http(),
        McpServer::http(|request, _| {
            let headers = [
                ("Content-Type", "application/json"),
                ("Mcp-Session-Id", "s"),
                ("Set-Cookie", "LB=0; Path=/"),
                ("Set-Cookie", "tenant=red; Path=/"),
            ];
            Answer::new(200, &headers, result(request, "{}"))
        }),
    );
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("MCP_EXTRA_HEADERS", "Cookie: tenant=blue")
        .start();
    let session = open(&control, "i", None);
    in_session(&control, "r", &session, None);
    assert_eq!(mcp.await_forwarded("r").header_values("cookie"), ["tenant=blue; LB=0"]);
}

#[test]
fn channels_do_not_share_cookies() {
    let server = || {
        McpServer::http(|request, _| {
            let headers = [
                ("Content-Type", "application/json"),
                ("Mcp-Session-Id", "same"),
                ("Set-Cookie", "LB=0; Path=/; Domain=127.0.0.1"),
            ];
            match request.json()["method"] == "initialize" {
                true => Answer::new(200, &headers, result(request, "{}")),
                false => Answer::json(200, result(request, "{}")),
            }
        })
    };
    let (control, main, tools) = (ControlPlane::http(), server(), server());
    let _client = ClientBuilder::new(&control)
        .server(format!("channel=main,url={}", main.url()))
        .server(format!("channel=tools,url={}", tools.url()))
        .start();
    open(&control, "i", None);
    let command = |id, channel| {
        Command::call(id, "tools/call", "{}")
            .header("Mcp-Session-Id", "same")
            .channel(channel)
    };
    control.call(command("r1", "tools"), "r1");
    assert_eq!(tools.await_forwarded("r1").header("cookie"), None);
    control.call(command("r2", "main"), "r2");
    assert_eq!(main.await_forwarded("r2").header("cookie"), Some("LB=0"));
}

#[test]
fn an_event_stream_is_resumed_where_it_began() {
    let (control, seen) = (ControlPlane::http(), Arc::new(Mutex::new(Vec::new())));
    let record = Arc::clone(&seen);
    let mcp = McpServer::http(move |request, _| {
        if request.method == "GET" {
            record.lock().unwrap().push(request.header("cookie").map(str::to_owned));
            let answer = r#"{"jsonrpc":"2.0","id":"r","result":{}}"#;
            return Answer::sse(&[]).event(answer).end();
        }
        match request.json()["method"] == "initialize" {
            true => Answer::sse(&[("Mcp-Session-Id", "s"), ("Set-Cookie", "LB=7")])
                .event(result(request, "{}"))
                .end(),
            false => Answer::sse(&[]).chunk("id: 1\nretry: 100\ndata:\n\n").end(),
        }
    });
    let _client = Client::http(&control, &mcp.url());
    let session = open(&control, "i", None);
    assert_eq!(in_session(&control, "r", &session, None).resp_code, 200);
    assert_eq!(*seen.lock().unwrap(), [Some("LB=7".to_owned())]);
}

#[test]
fn cookies_for_encrypted_connections_go_nowhere_else() {
    fn answer(request: &Request) -> Answer {
        let headers = [
            ("Content-Type", "application/json"),
            ("Mcp-Session-Id", "s"),
            ("Set-Cookie", "sealed=1; Path=/; Secure"),
            ("Set-Cookie", "elsewhere=1; Domain=other.example"),
            ("Set-Cookie", "beside=1; Path=/other"),
            ("Set-Cookie", "gone=1; Max-Age=0"),
            (
                "Set-Cookie",
                "plain=1; Domain=127.0.0.1; Expires=Fri, 31-Dec-2049 23:59:59 GMT",
            ),
        ];
        match request.json()["method"] == "initialize" {
            true => Answer::new(200, &headers, result(request, "{}")),
            false => Answer::json(200, result(request, "{}")),
        }
    }
    let authority = Authority::new();
    let sealed = McpServer::https(authority.server(&["127.0.0.1"]), |request, _| answer(request));
    let open_text = McpServer::http(|request, _| answer(request));
    for (mcp, expected) in [(&sealed, "sealed=1; plain=1"), (&open_text, "plain=1")] {
        let control = ControlPlane::http();
        let builder = ClientBuilder::new(&control).server(mcp.url());
        let bundle = builder.directory().write("ca.pem", authority.pem());
        let _client = builder.env("CA_BUNDLE", bundle.display().to_string()).start();
        let session = open(&control, "i", None);
        in_session(&control, "r", &session, None);
        assert_eq!(mcp.await_forwarded("r").header_values("cookie"), [expected]);
    }
}

#[test]
fn cookies_are_gone_from_memory_with_their_session() {
    if !needs::root() {
        return;
    }
    const SECRET: &str = "cookie-4711-of-session";
    let opened = AtomicUsize::new(0);
    let mcp = McpServer::http(move |request, _| {
        let json = request.json();
        if request.method == "DELETE" {
            return Answer::empty(200);
        }
        if json["method"] == "end" {
            return Answer::new(404, &[("Content-Type", "text/plain")], "no such session");
        }
        if json["method"] != "initialize" {
            assert!(request.header("cookie").unwrap().contains(SECRET));
            return Answer::json(200, result(request, "{}"));
        }
        let number = opened.fetch_add(1, Ordering::SeqCst);
        let (session, cookie) = (format!("s{number}"), format!("login={SECRET}-{number}; Path=/"));
        let headers = [
            ("Content-Type", "application/json"),
            ("Mcp-Session-Id", &*session),
            ("Set-Cookie", &*cookie),
        ];
        Answer::new(200, &headers, result(request, "{}"))
    });
    let control = ControlPlane::http();
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("LOG_LEVEL", "info")
        .start();
    client.await_ready();
    let sessions: Vec<String> = (0..20)
        .map(|number| open(&control, &format!("i{number}"), None))
        .collect();
    for session in &sessions {
        assert_eq!(
            in_session(&control, &format!("r-{session}"), session, None).resp_code,
            200
        );
    }
    let memory = Memory::of(client.pid());
    assert!(
        memory.find(SECRET.as_bytes()).len() >= sessions.len(),
        "the next call needs them"
    );
    for (number, session) in sessions.iter().enumerate() {
        let id = format!("end-{session}");
        control.push(match number % 2 {
            0 => Command::termination(&id, session),
            _ => Command::call(&id, "end", "{}").header("Mcp-Session-Id", session),
        });
        control.terminal(&id);
    }
    // Buffers of connections go with these, which are idle now.
    within(Duration::from_secs(60), "no copy of a cookie", || {
        memory.find(SECRET.as_bytes()).is_empty().then_some(())
    });
}
