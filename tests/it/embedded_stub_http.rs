//! The stub's own interface: methods, paths, bounds, who may ask.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::stub::{STATEFUL, STATELESS, printed};
use crate::support::wait::BOUND;
use crate::support::{Client, ClientBuilder, Command, ControlPlane, eventually};

/// A stub, reached without the tunnel.
struct Stub {
    control: ControlPlane,
    _client: Client,
    host: String,
}

impl Stub {
    fn start(mode: &str) -> Self {
        let control = ControlPlane::http();
        let client = ClientBuilder::new(&control).arg(mode).start();
        client.await_ready();
        let url = printed(&client, "MCP URL");
        let host = url.strip_prefix("http://").unwrap().strip_suffix("/mcp").unwrap();
        Self {
            control,
            host: host.to_owned(),
            _client: client,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        stream
    }

    /// Status, head and body of one request; `head` is its line and headers without `Host`.
    fn ask(&self, head: &str, body: &str) -> (u16, String, String) {
        self.ask_as(&self.host, head, body)
    }

    fn ask_as(&self, host: &str, head: &str, body: &str) -> (u16, String, String) {
        let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
        let headers: String = headers.lines().map(|header| format!("{}\r\n", header.trim())).collect();
        let mut stream = self.connect();
        write!(
            stream,
            "{line} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        answer(stream)
    }

    fn post(&self, headers: &str, body: &Value) -> (u16, String, String) {
        self.ask(
            &format!("POST /mcp\nContent-Type: application/json\n{headers}"),
            &body.to_string(),
        )
    }
}

/// The whole answer: the stub closes behind it.
fn answer(mut stream: TcpStream) -> (u16, String, String) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), body.to_owned())
}

fn ping() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})
}

#[test]
fn methods_are_those_of_the_mode() {
    for (mode, allowed, delete) in [(STATEFUL, "allow: post, delete", 404), (STATELESS, "allow: post", 405)] {
        let stub = Stub::start(mode);
        for request in ["GET /mcp\nAccept: text/event-stream", "PUT /mcp", "OPTIONS /mcp"] {
            let (status, head, _) = stub.ask(request, "");
            assert_eq!(status, 405, "{mode} {request}");
            assert!(head.lines().any(|line| line == allowed), "{mode} {head}");
        }
        assert_eq!(stub.ask("DELETE /mcp\nMcp-Session-Id: none", "").0, delete, "{mode}");
        assert_eq!(stub.post("", &ping()).0, 200, "{mode}");
    }
}

#[test]
fn a_session_of_the_stub_ends_with_delete() {
    let stub = Stub::start(STATEFUL);
    let initialize =
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}});
    let (status, head, _) = stub.post("", &initialize);
    assert_eq!(status, 200);
    let session = head
        .lines()
        .find(|line| line.starts_with("mcp-session-id: "))
        .unwrap()
        .to_owned();
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    assert_eq!(stub.post(&session, &list).0, 200);
    assert_eq!(stub.ask("DELETE /mcp", "").0, 400);
    assert_eq!(stub.ask(&format!("DELETE /mcp\n{session}"), "").0, 204);
    assert_eq!(stub.ask(&format!("DELETE /mcp\n{session}"), "").0, 404);
    assert_eq!(stub.post(&session, &list).0, 404);
}

#[test]
fn documents_of_oauth_name_each_other_and_offer_nothing() {
    let stub = Stub::start(STATEFUL);
    let origin = format!("http://{}", stub.host);
    let document = |path: &str| {
        let (status, head, body) = stub.ask(&format!("GET {path}"), "");
        assert_eq!(status, 200, "{path}");
        assert!(head.contains("content-type: application/json"), "{head}");
        serde_json::from_str::<Value>(&body).unwrap()
    };
    for path in [
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-protected-resource",
    ] {
        let resource = document(path);
        assert_eq!(resource["resource"], format!("{origin}/mcp"));
        assert_eq!(resource["authorization_servers"], json!([origin]));
    }
    let server = document("/.well-known/oauth-authorization-server");
    assert_eq!(server["issuer"], origin);
    assert_eq!(server["grant_types_supported"], json!([]));
    assert_eq!(server["jwks_uri"], format!("{origin}/jwks"));
    assert_eq!(document("/jwks"), json!({"keys": []}));
    assert_eq!(stub.ask("POST /jwks", "").0, 405);
    for path in [
        "/",
        "/token",
        "/authorize",
        "/register",
        "/mcp/",
        "/.well-known/openid-configuration",
    ] {
        assert_eq!(stub.ask(&format!("GET {path}"), "").0, 404, "{path}");
    }
}

#[test]
fn a_web_page_cannot_ask_the_stub() {
    let stub = Stub::start(STATELESS);
    let json = "POST /mcp\nContent-Type: application/json; charset=utf-8";
    // By a name that resolves to this host.
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ""] {
        assert_eq!(stub.ask_as(host, json, &ping().to_string()).0, 421, "{host:?}");
    }
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:3"] {
        assert_eq!(stub.ask_as(host, json, &ping().to_string()).0, 200, "{host:?}");
    }
    // By a request that browsers send without asking first.
    for kind in [
        "Content-Type: text/plain",
        "Content-Type: application/json-patch+json",
        "Accept: */*",
    ] {
        assert_eq!(
            stub.ask(&format!("POST /mcp\n{kind}"), &ping().to_string()).0,
            415,
            "{kind}"
        );
    }
}

#[test]
fn bodies_are_bounded_and_need_not_be_read_to_be_refused() {
    let stub = Stub::start(STATELESS);
    let call = |text: usize| {
        let params = json!({"name": "echo", "arguments": {"text": "x".repeat(text)}});
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    };
    assert_eq!(stub.post("", &call(127 * 1024)).0, 200);
    let mut stream = stub.connect();
    let host = &stub.host;
    // Announced, and never sent.
    write!(
        stream,
        "POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n"
    )
    .unwrap();
    stream.write_all(&vec![b' '; 129 * 1024]).unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 413");
    // Through the tunnel a caller learns the same.
    stub.control.push(Command::message("r1", call(200 * 1024).to_string()));
    assert_eq!(stub.control.terminal("r1").resp_code, 413);
}

#[test]
fn silent_connections_keep_out_a_call_for_seconds_only() {
    let stub = Stub::start(STATELESS);
    // More than are served at once.
    let mut silent: Vec<TcpStream> = (0..40).map(|_| stub.connect()).collect();
    let ping = ping().to_string();
    stub.control.push(Command::message("r1", ping));
    assert_eq!(stub.control.terminal("r1").resp_code, 200);
    // Each of them is closed without having asked for anything.
    for stream in &mut silent {
        let mut rest = Vec::new();
        match stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
}

#[test]
fn a_slow_body_ends_with_its_connection() {
    let stub = Stub::start(STATELESS);
    let mut stream = stub.connect();
    let host = &stub.host;
    write!(
        stream,
        "POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    )
    .unwrap();
    stream.set_nonblocking(true).unwrap();
    eventually("the connection is closed", || match stream.read(&mut [0; 64]) {
        Ok(0) => Some(()),
        Ok(_) => panic!("an answer to half a request"),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(_) => Some(()),
    });
}

#[test]
fn many_calls_at_once_are_all_answered() {
    let stub = Stub::start(STATELESS);
    let calls = (0..60).map(|number| {
        let params = json!({"name": "echo", "arguments": {"text": format!("text-{number}")}});
        Command::call(&format!("c{number}"), "tools/call", &params.to_string())
    });
    stub.control.push_all(calls);
    for number in 0..60 {
        let post = stub
            .control
            .terminal_within(BOUND + Duration::from_secs(10), &format!("c{number}"));
        assert_eq!(post.resp_code, 200, "{post:#?}");
        assert!(post.request.text().contains(&format!("text-{number}")), "{post:#?}");
    }
}
