//! `run --embedded-mcp-stub` and `--embedded-stateless-mcp-stub`: calls through the tunnel to the server in the same process.

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;

use serde_json::json;

use crate::support::stub::{STATEFUL, STATELESS, printed};
use crate::support::wait::BOUND;
use crate::support::{
    Client, ClientBuilder, Command, ControlPlane, Manner, McpServer, Post, Proxy, StdioServer, eventually, needs,
    process,
};

const INITIALIZE: &str =
    r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"newcomer","version":"1"}}"#;

/// A client that serves a stub.
fn started(control: &ControlPlane, mode: &str) -> Client {
    ClientBuilder::new(control).arg(mode).start()
}

/// A call of a tool that stands alone (MCP 2026-07-28).
fn modern(id: &str, tool: &str, text: &str) -> Command {
    let params = json!({
        "name": tool,
        "arguments": {"text": text},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    });
    Command::call(id, "tools/call", &params.to_string())
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "tools/call")
        .header("Mcp-Name", tool)
}

/// A call of `echo` in the other era.
fn echo(id: &str, text: &str) -> Command {
    let params = json!({"name": "echo", "arguments": {"text": text}});
    Command::call(id, "tools/call", &params.to_string())
}

#[track_caller]
fn assert_text(post: &Post, text: &str) {
    assert_eq!(post.resp_code, 200, "{post:#?}");
    assert!(post.request.text().contains(&json!(text).to_string()), "{post:#?}");
}

#[test]
fn a_stub_without_sessions_is_declared_to_take_requests_that_stand_alone() {
    for (mode, expected) in [
        (
            STATEFUL,
            r#"{"version":1,"channels":[{"name":"main"},{"name":"tools","proc_affinity":true}]}"#,
        ),
        (
            STATELESS,
            r#"{"version":2,"channels":[{"name":"main","stateless":true},{"name":"tools","proc_affinity":true}]}"#,
        ),
    ] {
        let (control, child) = (ControlPlane::http(), StdioServer::with(""));
        let _client = ClientBuilder::new(&control)
            .arg(mode)
            .command(format!("channel=tools,command={}", child.command()))
            .start();
        let polls = control.await_polls(1);
        assert_eq!(polls[0].header("x-tunnel-mcp-server-info"), Some(expected), "{mode}");
    }
}

#[test]
fn a_session_with_a_stub_goes_through_the_tunnel_and_ends() {
    let control = ControlPlane::http();
    let mut client = started(&control, STATEFUL);
    client.await_ready();
    let post = control.call(Command::call("r1", "initialize", INITIALIZE), "r1");
    let session = post.resp_header("Mcp-Session-Id").unwrap().to_owned();
    assert_text(&post, "mcp-stub");
    control.push(Command::notification("r2", "notifications/initialized", "{}").header("Mcp-Session-Id", &session));
    assert_eq!(control.terminal("r2").resp_type, "notify_ack");
    let post = control.call(
        Command::call("r3", "tools/list", "{}").header("Mcp-Session-Id", &session),
        "r3",
    );
    for tool in ["server_info", "echo", "uppercase"] {
        assert_text(&post, tool);
    }
    let post = control.call(echo("r4", "hello").header("Mcp-Session-Id", &session), "r4");
    assert_text(&post, "hello");
    // Without its session the same call is refused, by the server's own words.
    let post = control.call(echo("r5", "hello"), "r5");
    assert_eq!(post.resp_code, 400, "{post:#?}");
    control.push(Command::termination("r6", &session));
    assert!((200..300).contains(&control.terminal("r6").resp_code));
    let post = control.call(echo("r7", "hello").header("Mcp-Session-Id", &session), "r7");
    assert_eq!(post.resp_code, 404, "{post:#?}");
    // A self-contained call needs none.
    assert_text(&control.call(modern("r8", "uppercase", "hello"), "r8"), "HELLO");
    client.terminate();
    assert!(client.wait_exit(BOUND).success());
}

#[test]
fn a_stateless_stub_gives_no_session_in_either_era() {
    let control = ControlPlane::http();
    let client = started(&control, STATELESS);
    client.await_ready();
    let post = control.call(Command::call("r1", "initialize", INITIALIZE), "r1");
    assert_eq!((post.resp_code, post.resp_header("Mcp-Session-Id")), (200, None));
    assert_text(&control.call(echo("r2", "hello"), "r2"), "hello");
    assert_text(
        &control.call(echo("r3", "hello").header("Mcp-Session-Id", "anything"), "r3"),
        "hello",
    );
    assert_text(&control.call(modern("r4", "echo", "hello"), "r4"), "hello");
    control.push(Command::termination("r5", "anything"));
    assert_eq!(control.terminal("r5").resp_code, 405);
}

#[test]
fn discovery_through_the_tunnel_is_complete_in_both_modes() {
    let answers = [STATEFUL, STATELESS].map(|mode| {
        let control = ControlPlane::http();
        let _client = started(&control, mode);
        let params = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}"#;
        let id = "openai-mcp-discover-1";
        let post = control.call(Command::call(id, "server/discover", params), id);
        assert_eq!(post.resp_code, 200, "{post:#?}");
        post.request.text()
    });
    for answer in &answers {
        assert!(answer.contains(r#""resultType":"complete""#), "{answer}");
        assert!(answer.contains(r#""2026-07-28""#), "{answer}");
    }
}

#[test]
fn the_names_that_flags_give_are_those_in_answers() {
    let control = ControlPlane::http();
    let client = ClientBuilder::new(&control)
        .arg(STATEFUL)
        .arg("--embedded-mcp-server-name=lab stub")
        .arg("--embedded-mcp-server-version=7.7")
        .start();
    let post = control.call(Command::call("r1", "initialize", INITIALIZE), "r1");
    assert_text(&post, "lab stub");
    assert_text(&post, "7.7");
    client.await_log("Embedded MCP stub enabled.");
    for words in ["PRMD URL", "AS metadata URL"] {
        assert!(printed(&client, words).contains("/.well-known/oauth-"));
    }
    // The summary and the warning name it as well.
    let url = printed(&client, "MCP URL");
    assert!(url.ends_with("/mcp"), "{url}");
    assert!(client.await_log("embedded MCP stub serves channel main").contains(&url));
    let summary = client.await_log("tunnel-client startup summary");
    assert!(summary.contains(url.trim_end_matches("/mcp")), "{summary}");
}

#[test]
fn a_socket_is_for_the_client_alone_and_removed_at_the_end() {
    let control = ControlPlane::http();
    let builder = ClientBuilder::new(&control);
    let socket = builder.directory().file("stub.sock");
    let mut client = builder
        .arg(STATEFUL)
        .arg(&format!("--embedded-mcp-unix-socket={}", socket.display()))
        .start();
    assert_text(&control.call(modern("r1", "echo", "by socket"), "r1"), "by socket");
    assert_eq!(printed(&client, "MCP URL"), "http://localhost/mcp");
    let found = socket.symlink_metadata().unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    client.terminate();
    assert!(client.wait_exit(BOUND).success());
    assert!(socket.symlink_metadata().is_err());
}

#[test]
fn a_socket_belongs_to_the_user_that_the_client_becomes() {
    if !needs::root() {
        return;
    }
    let control = ControlPlane::http();
    let builder = ClientBuilder::new(&control).env("TUNNEL_CLIENT_USER", "nobody");
    let directory = builder.directory().path().to_owned();
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    let socket = directory.join("stub.sock");
    let _client = builder
        .arg(STATELESS)
        .arg("--embedded-mcp-unix-socket=stub.sock")
        .start();
    assert_text(&control.call(modern("r1", "echo", "as nobody"), "r1"), "as nobody");
    let uid = std::os::unix::fs::MetadataExt::uid(&socket.symlink_metadata().unwrap());
    assert_ne!(uid, 0);
}

#[test]
fn a_killed_client_leaves_no_socket() {
    let control = ControlPlane::http();
    let builder = ClientBuilder::new(&control);
    let socket = builder.directory().file("stub.sock");
    let mut client = builder
        .arg(STATELESS)
        .arg(&format!("--embedded-mcp-unix-socket={}", socket.display()))
        .start();
    client.await_ready();
    client.signal(rustix::process::Signal::KILL);
    client.wait_exit(BOUND);
    eventually("the socket is gone", || {
        socket.symlink_metadata().is_err().then_some(())
    });
}

/// What a client with these arguments says, which must not start.
#[track_caller]
fn refused(arguments: &[&str], prepare: impl Fn(&Path)) -> Vec<String> {
    let control = ControlPlane::http();
    let builder = ClientBuilder::new(&control);
    prepare(builder.directory().path());
    let mut client = arguments
        .iter()
        .fold(builder, |builder, argument| builder.arg(argument))
        .start();
    assert_eq!(client.wait_exit(BOUND).code(), Some(1), "{arguments:?}");
    client.log()
}

#[test]
fn a_place_that_is_taken_or_missing_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    for (flag, value, gist) in [
        ("--embedded-mcp-listen-addr", addr.as_str(), "address already in use"),
        ("--embedded-mcp-unix-socket", "taken", "address already in use"),
        ("--embedded-mcp-unix-socket", "none/stub.sock", "No such file"),
    ] {
        let log = refused(&[STATEFUL, flag, value], |directory| {
            std::fs::write(directory.join("taken"), "kept").unwrap();
        });
        let line = log.iter().find(|line| line.contains("embedded MCP stub (")).cloned();
        let line = line.unwrap_or_else(|| panic!("{log:#?}"));
        assert!(line.contains(flag) && line.contains(gist), "{line}");
    }
}

#[test]
fn a_stateless_stub_takes_the_place_of_main_and_leaves_other_channels() {
    let (control, main, tools) = (ControlPlane::http(), McpServer::echo(), McpServer::echo());
    let _client = ClientBuilder::new(&control)
        .server(main.url())
        .server(format!("channel=tools,url={}", tools.url()))
        .arg(STATELESS)
        .start();
    assert_text(&control.call(modern("r1", "echo", "stub"), "r1"), "stub");
    let post = control.call(Command::call("r2", "tools/call", "{}").channel("tools"), "r2");
    assert_eq!(post.resp_code, 200);
    assert!(main.seen().is_empty());
    assert_eq!(tools.seen().len(), 1);
}

#[test]
fn a_stateless_stub_takes_the_place_of_a_command_that_is_then_not_started() {
    let (control, child) = (ControlPlane::http(), StdioServer::echo());
    let client = ClientBuilder::new(&control)
        .command(child.command())
        .arg(STATELESS)
        .start();
    client.await_ready();
    assert_text(&control.call(modern("r1", "echo", "stub"), "r1"), "stub");
    assert!(child.starts().is_empty());
    // The janitor of the URL file; no broker.
    assert_eq!(process::children(client.pid()).len(), 1);
}

#[test]
fn a_stateful_stub_takes_the_place_of_urls_and_not_of_commands() {
    let (control, main) = (ControlPlane::http(), McpServer::echo());
    let _client = ClientBuilder::new(&control).server(main.url()).arg(STATEFUL).start();
    assert_text(&control.call(modern("r1", "echo", "stub"), "r1"), "stub");
    assert!(main.seen().is_empty());

    let mut client = ClientBuilder::new(&control)
        .command("server --stdio")
        .arg(STATEFUL)
        .start();
    assert_eq!(client.wait_exit(BOUND).code(), Some(1));
    let line = client.await_log("duplicate channel main");
    assert!(line.contains(STATELESS), "{line}");
}

#[test]
fn servers_that_a_stateless_stub_replaces_are_checked_all_the_same() {
    for entry in ["ftp://h/mcp", "http://h/mcp\nhttp://h/other"] {
        let control = ControlPlane::http();
        let mut client = ClientBuilder::new(&control).server(entry).arg(STATELESS).start();
        assert_eq!(client.wait_exit(BOUND).code(), Some(1), "{entry}");
        client.await_log("mcp.server-url");
    }
}

#[test]
fn a_stub_is_reached_directly_whatever_the_proxies() {
    let (control, proxy) = (ControlPlane::http(), Proxy::http(Manner::Close));
    for mode in [STATEFUL, STATELESS] {
        let _client = ClientBuilder::new(&control)
            .env("MCP_HTTP_PROXY", proxy.url())
            .arg(mode)
            .start();
        let id = format!("r{mode}");
        assert_text(&control.call(modern(&id, "echo", "directly"), &id), "directly");
    }
    assert!(proxy.heads().is_empty());
}

#[test]
fn rules_of_lockdown_hold_for_a_stub_as_for_any_server_of_this_host() {
    let control = ControlPlane::http();
    let start = |network: &str| {
        ClientBuilder::new(&control)
            .env("LOCKDOWN_ALLOWED_NETWORKS", network)
            .arg(STATEFUL)
            .start()
    };
    let mut client = start("192.0.2.0/24");
    assert_eq!(client.wait_exit(BOUND).code(), Some(1));
    let line = client.await_log("lockdown.allowed-network");
    assert!(line.contains("127.0.0.1"), "{line}");
    let _client = start("127.0.0.1");
    assert_text(&control.call(modern("r1", "echo", "allowed"), "r1"), "allowed");
}

#[test]
fn a_process_without_a_stub_has_nothing_of_it_and_one_with_it_no_thread_more() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let without = ClientBuilder::new(&control)
        .server(mcp.url())
        .arg("--embedded-mcp-stub=false")
        .arg("--embedded-mcp-listen-addr=nonsense")
        .start();
    without.await_ready();
    assert!(without.log_with("mbedded").is_empty());
    let with = started(&control, STATEFUL);
    with.await_ready();
    assert_eq!(process::threads(with.pid()), process::threads(without.pid()));
}

/// Standard error of `run` with these arguments and nothing else.
fn refused_arguments(arguments: &[&str]) -> String {
    let output = std::process::Command::new(crate::support::client::binary())
        .arg("run")
        .args(arguments)
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn flags_that_exclude_each_other_are_named() {
    assert_eq!(
        refused_arguments(&[STATEFUL, STATELESS]),
        "--embedded-mcp-stub and --embedded-stateless-mcp-stub are mutually exclusive\n"
    );
    for mode in [STATEFUL, STATELESS] {
        for (written, shown) in [
            ("--mcp.command", "--mcp.command"),
            ("--mcp-command", "--mcp.command"),
            ("--mcp.server-url", "--mcp.server-url"),
            ("--mcp-server-url", "--mcp.server-url"),
        ] {
            assert_eq!(
                refused_arguments(&[mode, written, "x"]),
                format!("{mode} cannot be combined with {shown}; use one main MCP target path\n")
            );
        }
        let both = refused_arguments(&[
            mode,
            "--embedded-mcp-unix-socket=stub.sock",
            "--embedded-mcp-listen-addr=127.0.0.1:0",
        ]);
        assert!(
            both.contains("--embedded-mcp-unix-socket cannot be combined with --embedded-mcp-listen-addr"),
            "{both}"
        );
    }
}

#[test]
fn every_bad_value_is_named_at_once() {
    let error = refused_arguments(&[
        STATELESS,
        "--embedded-mcp-listen-addr=0.0.0.0:1",
        "--embedded-mcp-server-name=",
        "--embedded-mcp-server-version=a\u{1b}b",
        "--mcp.command=x",
    ]);
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 3, "{error}");
    assert!(lines[0].contains("--mcp.command"), "{error}");
    assert!(
        lines[1].contains("--embedded-mcp-listen-addr") && lines[1].contains("loopback"),
        "{error}"
    );
    assert!(lines[2].contains("--embedded-mcp-server-version"), "{error}");
    for value in ["=x", "=host.example:1", "=127.0.0.1"] {
        let error = refused_arguments(&[STATEFUL, &format!("--embedded-mcp-listen-addr{value}")]);
        assert!(error.contains("no IP address with a port"), "{error}");
    }
    let long = format!("--embedded-mcp-unix-socket=/{}", "x".repeat(200));
    assert!(refused_arguments(&[STATEFUL, &long]).contains("--embedded-mcp-unix-socket is longer"));
    assert!(refused_arguments(&["--embedded-mcp-stub=maybe"]).contains("write true or false"));
    // What else is missing is told afterwards.
    assert!(refused_arguments(&[STATEFUL]).contains("tunnel ID is required"));
}
