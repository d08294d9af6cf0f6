//! The demo server over its transports.

use std::io::Write as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::Receiver;

use serde_json::{Value, json};

use crate::support::PATIENCE;
use crate::support::http::{Answer, Connection, Request, events};
use crate::support::relay::{BINARY, lines_of};
use crate::support::scratch::Scratch;

struct Stub {
    child: Child,
    stdin: Option<ChildStdin>,
    out: Receiver<String>,
    _scratch: Scratch,
    addr: String,
}

impl Stub {
    fn http() -> Self {
        let scratch = Scratch::new();
        let url = scratch.path("url").display().to_string();
        let mut stub = Self::start(&["--url-file", &url], scratch);
        let line = stub.out.recv_timeout(PATIENCE).unwrap();
        stub.addr = line
            .split("url=http://")
            .nth(1)
            .unwrap()
            .strip_suffix("/mcp")
            .unwrap()
            .to_owned();
        assert_eq!(
            std::fs::read_to_string(url).unwrap().trim(),
            format!("http://{}/mcp", stub.addr)
        );
        stub
    }

    fn stdio() -> Self {
        Self::start(&["--stdio"], Scratch::new())
    }

    fn start(args: &[&str], scratch: Scratch) -> Self {
        let mut child = Command::new(BINARY)
            .arg("mcp-stub")
            .args(args)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let out = if args.contains(&"--stdio") {
            lines_of(stdout)
        } else {
            lines_of(stderr)
        };
        Self {
            child,
            stdin,
            out,
            _scratch: scratch,
            addr: String::new(),
        }
    }

    fn post(&self, body: &Value) -> Request {
        Request::new("POST", "/mcp")
            .header("Accept", "application/json, text/event-stream")
            .json(body.to_string())
    }

    fn send(&self, request: &Request) -> Answer {
        let mut connection = Connection::plain(self.addr.parse().unwrap());
        connection.write(request);
        connection.answer()
    }

    fn line(&self) -> String {
        self.out.recv_timeout(PATIENCE).unwrap()
    }

    fn write(&mut self, message: &Value) {
        writeln!(self.stdin.as_mut().unwrap(), "{message}").unwrap();
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tool(id: impl Into<Value>, name: &str, arguments: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call", "params": {"name": name, "arguments": arguments, "_meta": {"progressToken": 7}}})
}

fn text_of(message: &Value) -> &str {
    message["result"]["content"][0]["text"].as_str().unwrap()
}

#[test]
fn a_session_begins_is_used_and_ends() {
    let stub = Stub::http();
    let initialize =
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}});
    let answer = stub.send(&stub.post(&initialize));
    assert_eq!(answer.json()["result"]["protocolVersion"], "2025-06-18");
    let session = answer.header("mcp-session-id").unwrap().to_owned();
    let with = |body: &Value| stub.post(body).header("Mcp-Session-Id", &session);
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(stub.send(&with(&initialized)).status, 202);
    assert_eq!(
        text_of(&stub.send(&with(&tool(2, "uppercase", json!({"text": "hi"})))).json()),
        "HI"
    );
    let delete = Request::new("DELETE", "/mcp").header("Mcp-Session-Id", &session);
    assert_eq!(stub.send(&delete).status, 200);
    assert_eq!(stub.send(&with(&tool(3, "echo", json!({})))).status, 404);
    assert_eq!(stub.send(&Request::new("GET", "/mcp")).status, 405);
}

#[test]
fn a_request_may_stand_alone() {
    let stub = Stub::http();
    let discover = json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover"});
    let versions = &stub.send(&stub.post(&discover)).json()["result"]["supportedVersions"];
    assert!(versions.as_array().unwrap().contains(&json!("2026-07-28")));
    let value = r#"{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"echo","arguments":{"text":"t","value":[1.50, 9007199254740993]}}}"#;
    let answer = stub.send(&Request::new("POST", "/mcp").json(value));
    assert!(
        answer.text().contains("[1.50, 9007199254740993]") && answer.text().contains(r#""id":9007199254740993"#),
        "{}",
        answer.text()
    );
}

#[test]
fn progress_is_streamed_before_the_answer_under_the_token_given() {
    let stub = Stub::http();
    let answer = stub.send(&stub.post(&tool(1, "stream", json!({"count": 3}))));
    let events: Vec<Value> = answer
        .events()
        .iter()
        .map(|event| serde_json::from_str(event).unwrap())
        .collect();
    assert_eq!(events.len(), 4);
    assert!(events[..3].iter().all(|event| event["params"]["progressToken"] == 7));
    assert_eq!(text_of(&events[3]), "3 steps");
}

#[test]
fn a_question_is_answered_by_a_post_of_its_own() {
    let stub = Stub::http();
    let mut caller = Connection::plain(stub.addr.parse().unwrap());
    caller.write(&stub.post(&tool(1, "ask", json!({"kind": "elicitation"}))));
    assert_eq!(caller.head().status, 200);
    let event = String::from_utf8(caller.chunk().unwrap()).unwrap();
    let question: Value = serde_json::from_str(&events(&event)[0]).unwrap();
    assert_eq!(question["method"], "elicitation/create");
    let response = json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "decline"}});
    assert_eq!(stub.send(&stub.post(&response)).status, 202);
    assert_eq!(stub.send(&stub.post(&response)).status, 400);
    let event = String::from_utf8(caller.chunk().unwrap()).unwrap();
    assert!(event.contains(r#"{\"action\":\"decline\"}"#), "{event}");
}

#[test]
fn it_misbehaves_as_asked() {
    let stub = Stub::http();
    let fail = |arguments: Value| stub.send(&stub.post(&tool(1, "fail", arguments)));
    assert_eq!(fail(json!({"mode": "tool_error"})).json()["result"]["isError"], true);
    assert_eq!(fail(json!({"mode": "rpc_error"})).json()["error"]["code"], -32004);
    assert_eq!(fail(json!({"mode": "http_status", "status": 401})).status, 401);
    assert_eq!(fail(json!({"mode": "html"})).header("content-type"), Some("text/html"));
    assert_ne!(fail(json!({"mode": "wrong_id"})).json()["id"], 1);
    assert!(serde_json::from_slice::<Value>(&fail(json!({"mode": "garbage"})).body).is_err());
    let mut connection = Connection::plain(stub.addr.parse().unwrap());
    connection.write(&stub.post(&tool(1, "fail", json!({"mode": "drop"}))));
    assert_eq!(connection.head().header("content-length"), Some("1000"));
    assert!(connection.closed());
}

#[test]
fn calls_overlap_on_stdio_and_noise_stands_on_its_own_lines() {
    let mut stub = Stub::stdio();
    stub.write(&tool("slow", "slow", json!({"ms": 60_000})));
    stub.write(&tool("fast", "echo", json!({"text": "t"})));
    let first: Value = serde_json::from_str(&stub.line()).unwrap();
    assert_eq!(first["id"], "fast");
    stub.write(&tool("noise", "noise", json!({"lines": 2})));
    assert!(stub.line().starts_with("noise 0") && stub.line().starts_with("noise 1"));
    let noise: Value = serde_json::from_str(&stub.line()).unwrap();
    assert_eq!(noise["id"], "noise");
    drop(stub.stdin.take());
    assert!(stub.child.wait().unwrap().success());
}

#[test]
fn it_crashes_when_asked() {
    let mut stub = Stub::stdio();
    stub.write(&tool(1, "crash", json!({})));
    assert_eq!(stub.child.wait().unwrap().code(), Some(3));
}

#[test]
fn it_listens_on_a_unix_socket() {
    let scratch = Scratch::new();
    let path = scratch.path("socket");
    let stub = Stub::start(&["--unix-socket", &path.display().to_string()], Scratch::new());
    assert!(stub.line().contains("MCP stub listening"));
    let mut socket = std::os::unix::net::UnixStream::connect(path).unwrap();
    socket
        .write_all(&stub.post(&tool(1, "server_info", json!({}))).bytes("localhost"))
        .unwrap();
    let mut text = String::new();
    while !text.contains("mcp-stub") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut socket, &mut byte).unwrap();
        text.push(char::from(byte[0]));
    }
    assert!(text.starts_with("HTTP/1.1 200"));
}
