//! No configured secret gets into the log, the answers of the health listener or the standard error of a running client, whatever
//! its peers and servers repeat.

use std::fs;
use std::time::Duration;

use crate::support::leaks::{self, Leaky, assert_clean};
use crate::support::syslog::datagrams;
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, StdioServer, eventually, within,
};

/// Prints everything that it knows, and what its configuration is full of, in every spelling.
fn talkative() -> StdioServer {
    let all: Vec<String> = leaks::KNOWN
        .iter()
        .flat_map(|secret| leaks::spellings(secret))
        .collect();
    let all = serde_json::to_string(&all).unwrap();
    let plain = serde_json::to_string(&leaks::KNOWN[..2]).unwrap();
    let pem = serde_json::to_string(&leaks::pem()).unwrap();
    StdioServer::with(&format!(
        r#"
import json, os, sys
def say(text):
    print(text, file=sys.stderr, flush=True)
def on(message):
    for secret in json.loads({all:?}):
        say("I was told " + secret)
    for secret in json.loads({plain:?}):
        say("x" * 4070 + secret + "y" * 50)
    say(json.loads({pem:?}))
    say(json.dumps(dict(os.environ)) + " " + " ".join(sys.argv))
    say("that was all")
    answer(message, dict(done=True))
"#
    ))
}

fn client(leaky: &Leaky, control: &ControlPlane, more: &str) -> ClientBuilder {
    let config = leaky.write("config.yaml", more);
    let mut builder = ClientBuilder::new(control).arg(&format!("--config={}", config.display()));
    for name in [
        "CONTROL_PLANE_BASE_URL",
        "CONTROL_PLANE_API_KEY",
        "LOG_FORMAT",
        "LOG_LEVEL",
    ] {
        builder = builder.no_env(name);
    }
    for (name, value) in leaky.variables() {
        builder = builder.env(name, value);
    }
    builder
}

/// Lets everything repeat what it was told.
fn provoke(control: &ControlPlane, client: &Client) -> String {
    let all: Vec<String> = leaks::KNOWN
        .iter()
        .flat_map(|secret| leaks::spellings(secret))
        .collect();
    for (number, part) in all.chunks(8).enumerate() {
        let message = part.join(" ");
        let body = serde_json::json!({"error": {"message": message, "code": part[0], "type": part[0]}});
        control.on_poll(Answer::json(400, body.to_string()));
        let id = format!("r{number}");
        control.on_delivery(
            &id,
            "jsonrpc_response",
            Answer::new(413, &[], format!("refused {message}")),
        );
        control.call(Command::call(&id, "tools/call", "{}"), &id);
    }
    control.introduce_on("tools");
    control.call(Command::call("loud", "tools/call", "{}").channel("tools"), "loud");
    [
        "/healthz",
        "/readyz?verbose",
        "/metrics",
        "/health?details=true",
        "/health/mcp.main",
        "/health/credentials",
    ]
    .map(|path| client.health(path).1)
    .join("\n")
}

fn echoing() -> McpServer {
    let all = leaks::KNOWN.map(|secret| leaks::spellings(secret).join(" ")).join(" ");
    McpServer::http(move |request, _| {
        let headers = format!("{:?}", request.headers);
        Answer::json(500, format!("{headers} {} {all}", request.target))
    })
}

#[test]
fn a_client_shows_no_secret_in_any_format() {
    for (format, level) in [("", "info"), ("struct-text", "debug"), ("json", "warn")] {
        let (control, server, stdio) = (ControlPlane::http(), echoing(), talkative());
        let leaky = Leaky::new(&control.url(), &server.url(), &stdio.command());
        let format = match format {
            "" => String::new(),
            format => format!("  format: {format}\n"),
        };
        let mut client = client(&leaky, &control, &format!("log:\n  level: {level}\n{format}")).start();
        let health = provoke(&control, &client);
        // A debug build searches slowly, and waits nine times as long.
        let bound = Duration::from_secs(240);
        within(bound, "the last line of the server", || {
            client.log_with("[tools] that was all").first().cloned()
        });
        client.terminate();
        client.wait_exit(crate::support::wait::BOUND);
        let log = client.log().join("\n");
        assert_clean(&format!("the log ({format:?}, {level})"), &log);
        assert_clean("the health listener", &health);
        assert!(log.contains("[tools] I was told [REDACTED]"), "{log}");
    }
}

#[test]
fn neither_a_log_file_nor_syslog_receives_a_secret() {
    let place = crate::support::Scratch::new();
    let (file, socket) = (place.file("client.log"), place.file("log.socket"));
    let records = datagrams(&socket);
    for more in [
        format!("log:\n  level: debug\n  format: json\n  file: {}\n", file.display()),
        format!(
            "log:\n  level: debug\n  format: json\n  target: syslog\n  syslog_address: {}\n",
            socket.display()
        ),
    ] {
        let (control, server, stdio) = (ControlPlane::http(), echoing(), talkative());
        let leaky = Leaky::new(&control.url(), &server.url(), &stdio.command());
        let mut client = client(&leaky, &control, &more).start();
        provoke(&control, &client);
        client.terminate();
        client.wait_exit(crate::support::wait::BOUND);
        assert_clean("standard error", &client.log().join("\n"));
    }
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("[REDACTED]"), "{text}");
    assert_clean("the log file", &text);
    records.await_with("stopped");
    let text = records.all().join("\n");
    assert!(text.contains("[REDACTED]"), "{text}");
    assert_clean("syslog", &text);
}

#[test]
fn the_last_words_of_a_server_are_passed_on_and_a_flood_does_not_stop_the_tunnel() {
    let (control, server) = (ControlPlane::http(), McpServer::echo());
    let stdio = StdioServer::with(
        r#"
import os, sys, threading
def flood():
    while True:
        os.write(2, (b"flooding with token=abcdefgh4711\n" * 100))
def on(message):
    threading.Thread(target=flood, daemon=True).start()
    answer(message, dict(done=True))
"#,
    );
    let leaky = Leaky::new(&control.url(), &server.url(), &stdio.command());
    let mut client = client(&leaky, &control, "").start();
    control.introduce_on("tools");
    control.call(Command::call("begin", "tools/call", "{}").channel("tools"), "begin");
    client.await_log("[tools] flooding with token=[REDACTED]");
    for number in 0..20 {
        let id = format!("r{number}");
        assert_eq!(control.call(Command::call(&id, "ping", "{}"), &id).resp_code, 200);
    }
    client.terminate();
    assert!(client.wait_exit(crate::support::wait::BOUND).success());
    assert!(client.log_with("abcdefgh4711").is_empty());

    // A client whose server ends with the client still says what that one said last.
    let stdio = StdioServer::with("import atexit\natexit.register(lambda: sys.stderr.write('last words\\n'))\n");
    let leaky = Leaky::new(&control.url(), &server.url(), &stdio.command());
    let mut client = self::client(&leaky, &control, "").start();
    control.introduce_on("tools");
    client.terminate();
    assert!(client.wait_exit(crate::support::wait::BOUND).success());
    eventually("the last words", || {
        client.log_with("[tools] last words").first().cloned()
    });
}
