//! What is left of secrets in the memory of the running client, and in what the system shows of it.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use rustix::process::Signal;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;

use crate::support;
use crate::support::child::start as start_child;
use crate::support::client::API_KEY;
use crate::support::memory::{Found, Memory};
use crate::support::rotating::{IN_FORCE, Site};
use crate::support::wait::{BOUND, within};
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, eventually, needs, pause, process,
};

const FIRST_KEY: &str = "sk-first-key-0123456789";
const SECOND_KEY: &str = "sk-second-key-9876543210";
/// In every caller's token.
const TOKEN: &str = "caller-token-5f3e9a";
/// How many copies of the key there may be when nothing is going on.
const KEY_COPIES_MAX: usize = 2;
/// Connections that were closed are forgotten, and idle ones swept, within this time.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

/// Commands `from` to `to`, each with a token of its caller; returns when all are answered.
fn load(control: &ControlPlane, from: u32, to: u32) {
    let params = r#"{"name":"x","arguments":{"text":"abc"}}"#;
    control.push_all((from..to).map(|number| {
        let token = format!("Bearer {TOKEN}-{number:05}");
        Command::call(&format!("c{number}"), "tools/call", params).header("Authorization", &token)
    }));
    for number in from..to {
        let id = format!("c{number}");
        let post = control.terminal_within(Duration::from_secs(60), &id);
        assert_eq!(post.resp_code, 200, "{id}");
    }
}

/// A server that takes a moment, so that all workers are busy at once.
fn slow_echo() -> McpServer {
    McpServer::http(|request, _| {
        pause("a server that takes a moment", Duration::from_millis(20));
        support::mcp::echo(request)
    })
}

fn start(site: &Site, mcp: &McpServer) -> Client {
    let client = site
        .builder(mcp)
        .workers(64)
        .env("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", "256")
        .env("LOG_LEVEL", "info")
        .start();
    client.await_ready();
    client
}

/// The base64 of a PEM file.
fn body_of(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

#[track_caller]
fn at_most(copies: usize, found: &[Found]) {
    assert!(found.len() <= copies, "{} copies: {found:#?}", found.len());
}

fn shown(client: &Client, name: &str) -> String {
    let bytes = fs::read(format!("/proc/{}/{name}", client.pid())).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn after_a_load_the_key_is_there_once_or_twice_and_the_client_key_and_tokens_of_callers_are_not() {
    if !needs::root() {
        return;
    }
    let (site, mcp) = (Site::new(), slow_echo());
    let client = start(&site, &mcp);
    load(&site.control, 0, 600);
    let memory = Memory::of(client.pid());
    // The scan can fail: what must be there is found.
    assert!(!memory.find(b"/v1/tunnels/tunnel_").is_empty());
    let key = within(SETTLED_WITHIN, "few copies of the key", || {
        let found = memory.find(FIRST_KEY.as_bytes());
        (found.len() <= KEY_COPIES_MAX).then_some(found)
    });
    assert!(!key.is_empty(), "the next request needs it");
    let pem = fs::read_to_string(site.path("client.key")).unwrap();
    at_most(0, &memory.find_stretches(body_of(&pem).as_bytes(), 48));
    let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let der = der.secret_der();
    at_most(0, &memory.find(der));
    // The private number of a P-256 key in PKCS#8 (RFC 5915, section 3): 32 bytes, most significant first.
    at_most(0, &memory.find(&der[36..68]));
    no_token(&memory);
}

/// What callers sent is gone once their commands are answered and the client waits.
#[track_caller]
fn no_token(memory: &Memory) {
    memory.await_none(SETTLED_WITHIN, TOKEN.as_bytes());
}

#[test]
fn tokens_of_callers_are_gone_after_a_load_without_tls_and_with_event_streams() {
    if !needs::root() {
        return;
    }
    let (control, mcp) = (
        ControlPlane::http(),
        McpServer::http(|request, _| {
            pause("a server that takes a moment", Duration::from_millis(20));
            let result = support::result(request, "{}");
            let token = request.header("authorization").unwrap_or_default();
            let progress =
                format!(r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"data":"{token}"}}}}"#);
            Answer::sse(&[]).event(&progress).event(&result).end()
        }),
    );
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .workers(64)
        .env("LOG_LEVEL", "info")
        .start();
    client.await_ready();
    load(&control, 0, 600);
    no_token(&Memory::of(client.pid()));
}

#[test]
fn a_retired_key_is_gone_when_its_connections_are() {
    if !needs::root() {
        return;
    }
    let (site, mcp) = (Site::new(), slow_echo());
    let client = start(&site, &mcp);
    load(&site.control, 0, 300);
    site.write("key", SECOND_KEY);
    client.signal(Signal::HUP);
    client.await_log(IN_FORCE);
    site.await_key(SECOND_KEY);
    load(&site.control, 300, 600);
    let memory = Memory::of(client.pid());
    memory.await_none(SETTLED_WITHIN, FIRST_KEY.as_bytes());
    let found = memory.find(SECOND_KEY.as_bytes());
    assert!(!found.is_empty());
    at_most(KEY_COPIES_MAX, &found);
}

#[test]
fn environment_and_arguments_hold_no_secret_once_they_were_read() {
    if !needs::root() {
        return;
    }
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("SOME_OTHER_TOKEN", "planted-4711")
        .arg("--control-plane.extra-headers=X-Team: header-4711")
        .arg("--mcp.http-proxy")
        .arg("http://user:proxy-4711@127.0.0.1:9")
        .start();
    eventually("the first poll", || control.polls().pop());
    let environment = shown(&client, "environ");
    assert!(
        !environment.is_empty() && environment.bytes().all(|byte| byte == 0),
        "{environment:?}"
    );
    let arguments = shown(&client, "cmdline");
    assert!(
        arguments.contains("run\0--control-plane.extra-headers=**"),
        "{arguments:?}"
    );
    assert!(!arguments.contains("4711"), "{arguments:?}");
    let memory = Memory::of(client.pid());
    at_most(0, &memory.find(b"planted-4711"));
    // What the kernel had, what was parsed and what it came from are gone, only what is used is left.
    at_most(KEY_COPIES_MAX, &memory.find(API_KEY.as_bytes()));
    at_most(0, &memory.find(b"http://user:proxy-4711@"));
}

#[test]
fn neither_the_broker_nor_the_janitor_nor_a_server_has_the_key() {
    if !needs::root() {
        return;
    }
    let (control, server, client) = start_child("");
    let server = server.await_start(1);
    control.call(Command::call("r1", "tools/call", "{}"), "r1");
    let [broker, janitor] = process::children(client.pid())[..] else {
        panic!("broker and janitor: {:?}", process::children(client.pid()));
    };
    for pid in [broker, janitor, server] {
        at_most(0, &Memory::of(pid).find(API_KEY.as_bytes()));
        for name in ["environ", "cmdline"] {
            let shown = fs::read(format!("/proc/{pid}/{name}")).unwrap();
            assert!(!String::from_utf8_lossy(&shown).contains(API_KEY), "{name} of {pid}");
        }
    }
    assert!(!Memory::of(client.pid()).find(API_KEY.as_bytes()).is_empty());
}

#[test]
fn a_crash_leaves_no_core_though_the_limit_allows_one() {
    let mcp = McpServer::echo();
    // Whoever runs the tests in the background has them ignore SIGQUIT, which only a program can undo (POSIX, sh, section 2.12).
    let with_cores = "ulimit -c unlimited; exec python3 -c 'import os, signal, sys; \
                      signal.signal(signal.SIGQUIT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])' \"$0\" \"$@\"";
    for signal in [Signal::ABORT, Signal::QUIT] {
        let control = ControlPlane::http();
        let mut client = ClientBuilder::new(&control).server(mcp.url()).start_by(with_cores);
        eventually("the first poll", || control.polls().pop());
        client.signal(signal);
        let status = client.wait_exit(BOUND);
        assert_eq!(status.signal(), Some(signal.as_raw()));
        assert!(!status.core_dumped());
    }
}

#[test]
fn the_scan_finds_what_is_there() {
    let planted = format!("begin {} 0123456789abcdefghijklmnopqrstuvwxyz end", std::process::id());
    let memory = Memory::of(std::process::id());
    assert!(!memory.find(planted.as_bytes()).is_empty());
    // A stretch that begins before what is there and ends after it.
    let longer = format!("x{}y{}", "-".repeat(30), &planted[3..40]);
    let stretch = longer.into_bytes();
    assert!(!memory.find_stretches(&stretch, 30).is_empty());
}
