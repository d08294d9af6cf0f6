//! Memory of large messages: bounded in all, and given back to the system.

use std::time::Duration;

use tunnel_client::limits::{POLL_BODY_MAX, STDIO_MESSAGE_MAX};

use crate::support;
use crate::support::child::start;
use crate::support::wait::within;
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, Post, StdioServer, eventually, process,
};

const MIB: u64 = 1024;
/// Memory that one message may take, in KiB.
const MESSAGE_MAX: u64 = STDIO_MESSAGE_MAX as u64 / 1024;
/// Memory that does not belong to messages: reading, counting, a heap that is a little larger than before.
const SLACK: u64 = 12 * MIB;
/// A build without optimisation reads, parses and delivers a message of tens of MiB.
const LARGE_WITHIN: Duration = Duration::from_secs(180);

/// Memory of the client, in KiB.
fn resident(client: &Client) -> u64 {
    process::resident_kib(client.pid())
}

/// Waits until the client has about as little memory as before.
#[track_caller]
fn await_given_back(client: &Client, before: u64) {
    within(LARGE_WITHIN, "the memory of large messages is given back", || {
        (resident(client) < before + SLACK).then_some(())
    });
}

/// Bytes of the delivered message.
fn length(post: &Post) -> usize {
    post.resp_json.as_ref().map_or(0, String::len)
}

#[track_caller]
fn peak_below(client: &Client, before: u64, messages: u64) {
    let peak = process::peak_resident_kib(client.pid());
    assert!(
        peak < before + messages + SLACK,
        "{} MiB, {} MiB before",
        peak / MIB,
        before / MIB
    );
}

#[test]
fn endless_lines_of_many_stdio_servers_take_the_memory_of_two() {
    const SERVERS: u64 = 8;
    // Each writes once, when all have started; after that the servers are well-behaved.
    let endless = r#"
def on(message):
    if generation == 1:
        raw("x" * (69 << 20))
    answer(message, {"generation": generation})
"#;
    let control = ControlPlane::http();
    let servers: Vec<_> = (0..SERVERS).map(|_| StdioServer::with(endless)).collect();
    let mut builder = ClientBuilder::new(&control);
    for (number, server) in servers.iter().enumerate() {
        let channel = if number == 0 {
            "main".to_owned()
        } else {
            format!("c{number}")
        };
        builder = builder.command(format!("channel={channel},command={}", server.command()));
    }
    let client = builder.start();
    for number in 0..SERVERS {
        control.introduce_on(
            if number == 0 {
                "main".to_owned()
            } else {
                format!("c{number}")
            }
            .as_str(),
        );
    }
    client.await_ready();
    let before = resident(&client);
    control.push_all((0..SERVERS).map(|number| {
        let channel = if number == 0 {
            "main".to_owned()
        } else {
            format!("c{number}")
        };
        Command::call(&format!("r{number}"), "tools/call", "{}").channel(&channel)
    }));
    for number in 0..SERVERS {
        let post = control.terminal_within(LARGE_WITHIN, &format!("r{number}"));
        post.assert_failure(502, "protocol", &["response_body_too_large"]);
    }
    // Two have room for a whole message at once; each of the others waits with the part of its first 2 MiB that it has read.
    peak_below(&client, before, 2 * MESSAGE_MAX + SERVERS * 2 * MIB);
    await_given_back(&client, before);
    for (number, server) in servers.iter().enumerate() {
        server.await_start(2);
        let channel = if number == 0 {
            "main".to_owned()
        } else {
            format!("c{number}")
        };
        let id = format!("again{number}");
        let post = control.call(Command::call(&id, "tools/call", "{}").channel(&channel), &id);
        assert_eq!(post.resp_code, 200);
    }
}

#[test]
fn a_large_answer_of_a_stdio_server_is_delivered_and_its_memory_given_back() {
    let script = r#"
def on(message):
    answer(message, {"text": "y" * (20 << 20)})
"#;
    let (control, _server, client) = start(script);
    client.await_ready();
    let before = resident(&client);
    for id in ["r1", "r2"] {
        control.push(Command::call(id, "tools/call", "{}"));
        let post = control.terminal_within(LARGE_WITHIN, id);
        assert_eq!((post.resp_code, length(&post) > 20 << 20), (200, true));
        await_given_back(&client, before);
    }
    // As it was read, and with the caller's id.
    peak_below(&client, before, 2 * 21 * MIB);
}

#[test]
fn a_large_command_and_its_answer_are_in_memory_once_each() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    client.await_ready();
    let before = resident(&client);
    let text = "z".repeat(20 << 20);
    control.push(Command::call("r1", "tools/call", &format!(r#"{{"text":"{text}"}}"#)));
    let post = control.terminal_within(LARGE_WITHIN, "r1");
    assert_eq!((post.resp_code, length(&post) > 20 << 20), (200, true));
    peak_below(&client, before, 2 * 21 * MIB);
    await_given_back(&client, before);
}

#[test]
fn many_small_header_values_of_a_command_take_no_more_than_its_size() {
    /// Nine MiB of JSON; as strings in a list they would take a hundred.
    const VALUES: usize = 3 << 20;
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    // The service of the test writes for long on a busy machine.
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("CONTROL_PLANE_POLL_TIMEOUT", "60s")
        .start();
    client.await_ready();
    let before = resident(&client);
    let command = (0..VALUES).fold(Command::call("r1", "tools/call", "{}"), |command, _| {
        command.header("X", "")
    });
    control.push(command);
    assert_ne!(control.terminal_within(LARGE_WITHIN, "r1").resp_code, 200);
    peak_below(&client, before, 2 * 10 * MIB);
    await_given_back(&client, before);
}

#[test]
fn a_poll_answer_without_end_takes_what_one_may_have_and_is_given_back() {
    /// More memory than a client without messages has, whatever its build.
    const CLIENT: u64 = 48 * MIB;
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let block = Answer::default().chunk("x".repeat(1 << 20));
    let support::answer::Step::Send(block) = &block.steps[0] else {
        unreachable!()
    };
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let start = Answer::raw(head).chunk(r#"{"commands":[],"rest":""#);
    control.on_poll(start.flood(block, 200 << 20).close());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("CONTROL_PLANE_POLL_TIMEOUT", "60s")
        .start();
    within(LARGE_WITHIN, "the end of the poll", || {
        client.log_with("poll failed").pop()
    });
    peak_below(&client, CLIENT, POLL_BODY_MAX as u64 / 1024);
    await_given_back(&client, CLIENT);
    assert_eq!(
        control.call(Command::call("r1", "tools/call", "{}"), "r1").resp_code,
        200
    );
}

#[test]
fn large_answers_of_an_http_server_at_once_take_the_memory_of_the_budget() {
    const CALLS: u32 = 8;
    let text = "w".repeat(20 << 20);
    let control = ControlPlane::http();
    let mcp = McpServer::http(move |request, _| {
        let result = support::result(request, &format!(r#"{{"text":"{text}"}}"#));
        Answer::sse(&[]).event(&result).end()
    });
    let client = Client::http(&control, &mcp.url());
    client.await_ready();
    let before = resident(&client);
    control.push_all((0..CALLS).map(|number| Command::call(&format!("r{number}"), "tools/call", "{}")));
    for number in 0..CALLS {
        let id = format!("r{number}");
        assert_eq!(control.terminal_within(2 * LARGE_WITHIN, &id).resp_code, 200, "{id}");
    }
    peak_below(&client, before, 2 * MESSAGE_MAX + u64::from(CALLS) * 2 * MIB);
    await_given_back(&client, before);
}

#[test]
#[ignore = "waits out a bound of a minute; ./check --full runs it"]
fn a_server_that_stops_in_the_middle_of_a_long_line_keeps_the_others_waiting_for_a_bounded_time() {
    // Three want room for a whole message, two get it and stop; the third is honest.
    let stops = r#"
def on(message):
    if generation == 1:
        raw("x" * (4 << 20))
        forever()
    answer(message, {})
"#;
    let honest = r#"
def on(message):
    answer(message, {"text": "y" * (4 << 20)})
"#;
    let control = ControlPlane::http();
    let [first, second] = [StdioServer::with(stops), StdioServer::with(stops)];
    let third = StdioServer::with(honest);
    let client = ClientBuilder::new(&control)
        .command(format!("channel=main,command={}", first.command()))
        .command(format!("channel=second,command={}", second.command()))
        .command(format!("channel=third,command={}", third.command()))
        .start();
    control.introduce();
    control.introduce_on("second");
    control.introduce_on("third");
    client.await_ready();
    let before = resident(&client);
    control.push(Command::call("r1", "tools/call", "{}"));
    control.push(Command::call("r2", "tools/call", "{}").channel("second"));
    eventually("both have written what fits", || {
        (resident(&client) > before + 6 * MIB).then_some(())
    });
    control.push(Command::call("r3", "tools/call", "{}").channel("third"));
    let post = control.terminal_within(Duration::from_secs(180), "r3");
    assert_eq!((post.resp_code, length(&post) > 4 << 20), (200, true));
    for id in ["r1", "r2"] {
        control
            .terminal_within(LARGE_WITHIN, id)
            .assert_failure(502, "protocol", &["response_body_too_large"]);
    }
    await_given_back(&client, before);
}

#[test]
fn an_error_that_names_no_request_takes_no_more_than_any_answer() {
    // Read into a tree, each of the objects would take a hundred times its bytes.
    let body = || {
        let objects = r#"{"":0},"#.repeat(2 << 20);
        format!(r#"{{"jsonrpc":"2.0","id":null,"error":{{"code":1,"message":"no","data":[{objects}0]}}}}"#)
    };
    let written = r#"
def on(message):
    raw('{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"no","data":[%s0]}}\n' % ('{"":0},' * (2 << 20)))
"#;
    let answer = body();
    let http = McpServer::always(Answer::json(200, answer));
    let stdio = StdioServer::with(written);
    let control = ControlPlane::http();
    let client = ClientBuilder::new(&control)
        .server(http.url())
        .command(format!("channel=pipe,command={}", stdio.command()))
        .start();
    control.introduce_on("pipe");
    let before = resident(&client);
    for channel in ["main", "pipe"] {
        control.push(Command::call(channel, "tools/call", "{}").channel(channel));
        assert_eq!(control.terminal_within(LARGE_WITHIN, channel).resp_code, 502);
    }
    peak_below(&client, before, 2 * MESSAGE_MAX);
}
