//! Many faults in a row: every command gets its one answer, polling goes on, and afterwards the process is as small as
//! it was before.

use std::time::Duration;

use crate::support;
use crate::support::tls::Authority;
use crate::support::wait::{BOUND, settles, within};
use crate::support::{Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, StdioServer, needs, process};

const WORKERS: usize = 4;

/// What a process holds.
#[derive(Debug)]
struct Size {
    threads: usize,
    descriptors: usize,
    children: usize,
}

fn size(client: &Client) -> Size {
    let pid = client.pid();
    Size {
        threads: process::threads(pid),
        descriptors: if needs::is_root() { process::descriptors(pid) } else { 0 },
        children: process::children(pid).len(),
    }
}

/// Waits until the client is as small as it was, kept connections aside (one to each side for each worker).
#[track_caller]
fn shrinks_back(client: &Client, before: &Size) {
    // Another user sees threads and children, and not the descriptors of a process that is closed.
    let sees_all = needs::root();
    let most = before.descriptors + 2 * WORKERS + 2;
    let what = format!("no more than {before:?} and at most {most} descriptors");
    settles(BOUND, &what, || {
        let last = size(client);
        match last.threads <= before.threads && last.descriptors <= most && last.children <= before.children {
            true => Ok(()),
            false if sees_all => Err((last, process::descriptor_targets(client.pid()))),
            false => Err((last, Vec::new())),
        }
    });
    assert!(process::zombies(client.pid()).is_empty(), "a child was not waited for");
}

/// Gives the client a few calls so that it is at its working size, then measures.
fn warmed_up(control: &ControlPlane, client: &Client, channels: &[&str]) -> Size {
    for channel in channels {
        for number in 0..8 {
            let id = format!("warm-{channel}-{number}");
            control.push(Command::call(&id, "tools/call", "{}").channel(channel));
        }
        for number in 0..8 {
            assert_eq!(control.terminal(&format!("warm-{channel}-{number}")).resp_code, 200);
        }
    }
    size(client)
}

fn sse(text: &str) -> Answer {
    Answer::sse(&[]).chunk(text)
}

/// Ways in which an MCP server fails a call; the command's params choose one by number.
fn upstream_faults() -> Vec<Answer> {
    vec![
        Answer::default().close(),
        Answer::default().reset(),
        Answer::default().stall(),
        Answer::raw("\0\0\0\0garbage\n\n").close(),
        Answer::raw("HTTP/1.1 200 OK\r\n").stall(),
        Answer::short(200, "{\"jsonrpc\"").close(),
        Answer::short(200, "{\"jsonrpc\"").reset(),
        Answer::short(200, "{\"jsonrpc\"").stall(),
        Answer::json(200, "{{{{"),
        Answer::json(200, r#"{"jsonrpc":"2.0","id":"wrong","result":{}}"#),
        Answer::new(200, &[("Content-Type", "text/html")], "<html></html>"),
        Answer::empty(202),
        Answer::empty(500),
        Answer::new(503, &[("Content-Type", "text/plain"), ("Retry-After", "1")], "busy"),
        sse("data: nonsense\n\n").stall(),
        sse("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n").close(),
        sse("data: {\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"roots/list\"}\n\n").stall(),
        sse(": \n\n").stall(),
        sse("retry: 10\nid: 1\ndata:\n\n").close(),
        Answer::raw(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(1 << 20))).close(),
    ]
}

#[test]
fn every_upstream_fault_costs_one_terminal_answer_and_leaks_nothing() {
    let control = ControlPlane::http();
    let faults = upstream_faults();
    let count = faults.len();
    let mcp = McpServer::http(move |request, _| match request.json()["params"]["fault"].as_u64() {
        Some(number) if request.method == "POST" => faults[usize::try_from(number).unwrap() % count].clone(),
        _ if request.method == "GET" => Answer::empty(405),
        _ => support::mcp::echo(request),
    });
    let mut client = ClientBuilder::new(&control)
        .server(mcp.url())
        .workers(WORKERS)
        .env("MCP_CONNECTION_MAX_TTL", "2s")
        .start();
    let before = warmed_up(&control, &client, &["main"]);
    let total = 3 * count;
    control.push_all((0..total).map(|n| Command::call(&format!("f{n}"), "tools/call", &format!(r#"{{"fault":{n}}}"#))));
    for number in 0..total {
        let post = control.terminal(&format!("f{number}"));
        assert!(post.resp_code >= 400, "{post:#?}");
        let failure = post.failure();
        let known = [
            "target_http",
            "dns",
            "tls",
            "connect",
            "transport_closed",
            "timeout",
            "protocol",
        ];
        assert!(known.contains(&failure.source.as_str()), "{post:#?}");
    }
    assert_eq!(
        control
            .call(Command::call("after", "tools/call", "{}"), "after")
            .resp_code,
        200
    );
    control.barrier();
    for number in 0..total {
        let posts = control.posts_of(&format!("f{number}"));
        assert_eq!(posts.iter().filter(|post| post.is_terminal()).count(), 1, "{posts:#?}");
    }
    shrinks_back(&client, &before);
    assert!(client.running());
}

#[test]
fn a_control_plane_in_trouble_loses_no_answer_that_could_be_delivered() {
    let authority = Authority::new();
    let control = ControlPlane::https(authority.server(&["127.0.0.1"]));
    let mcp = McpServer::echo();
    let builder = ClientBuilder::new(&control).server(mcp.url());
    let bundle = builder.directory().write("ca.pem", authority.pem());
    let mut client = builder
        .env("CA_BUNDLE", bundle.display().to_string())
        .workers(WORKERS)
        .env("CONTROL_PLANE_POLL_TIMEOUT", "400ms")
        .env("CONTROL_PLANE_POLL_DEADLINE_GUARDRAIL", "400ms")
        .start();
    let before = warmed_up(&control, &client, &["main"]);
    let troubles = [
        Answer::empty(502),
        Answer::new(429, &[("Retry-After", "0")], ""),
        Answer::new(503, &[("Content-Type", "text/html")], "<html>maintenance</html>"),
        Answer::empty(504),
        Answer::empty(408),
        Answer::default().close(),
        Answer::default().reset(),
        Answer::default().stall(),
        Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{").close(),
        Answer::raw("garbage").close(),
    ];
    for round in 0..3 {
        for (number, trouble) in troubles.iter().enumerate() {
            let id = format!("d{round}-{number}");
            control.on_delivery(&id, "jsonrpc_response", trouble.clone());
            control.push(Command::call(&id, "tools/call", "{}"));
        }
    }
    for round in 0..3 {
        for number in 0..troubles.len() {
            let id = format!("d{round}-{number}");
            let bodies: Vec<Vec<u8>> = within(Duration::from_secs(30), &format!("second attempt of {id}"), || {
                let posts = control.posts_of(&id);
                // A 200 whose body breaks off may count as taken.
                (posts.len() >= 2 || (number == 8 && !posts.is_empty()))
                    .then(|| posts.into_iter().map(|post| post.request.body).collect())
            });
            assert!(
                bodies.iter().all(|body| *body == bodies[0]),
                "{id} was changed on the way"
            );
        }
    }
    for trouble in &troubles {
        control.on_poll(trouble.clone());
        let id = format!("p{}", control.polls().len());
        control.push(Command::call(&id, "tools/call", "{}"));
        assert_eq!(control.terminal(&id).resp_code, 200);
    }
    assert_eq!(
        control
            .seen()
            .iter()
            .filter(|seen| seen.path().ends_with("/poll"))
            .count(),
        control.polls().len()
    );
    shrinks_back(&client, &before);
    assert!(client.running());
}

#[test]
fn every_fault_of_a_child_costs_one_terminal_answer_and_leaks_nothing() {
    let script = r#"
def on(message):
    fault = message["params"].get("fault")
    if fault == "exit":
        os._exit(1)
    elif fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault == "noise":
        raw("noise\n" * 1000)
    elif fault == "wrong":
        send({"jsonrpc": "2.0", "id": "nobody", "result": {}})
    elif fault == "broken":
        raw('{"jsonrpc":"2.0","id":%s,"result":}\n' % json.dumps(message["id"]))
    elif fault == "ask":
        send({"jsonrpc": "2.0", "id": 5, "method": "roots/list"})
    elif fault == "hang":
        pass
    elif fault == "mute":
        os.close(1)
        forever()
    elif "id" in message and "method" in message:
        answer(message, {})
"#;
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    let mut client = ClientBuilder::new(&control)
        .command(child.command())
        .workers(WORKERS)
        .env("MCP_CONNECTION_MAX_TTL", "3s")
        .start();
    // The start of the interpreter may take longer than a call may.
    child.await_start(1);
    control.introduce();
    let before = warmed_up(&control, &client, &["main"]);
    let faults = [
        "noise", "wrong", "broken", "ask", "hang", "exit", "noise", "kill", "hang", "mute",
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let id = format!("f{number}");
        control.push(Command::call(&id, "tools/call", &format!(r#"{{"fault":"{fault}"}}"#)));
        let post = control.terminal(&id);
        assert!(post.resp_code >= 500, "{fault}: {post:#?}");
        assert_eq!(post.json()["id"], id.as_str(), "{fault}: {post:#?}");
        let source = post.failure().source;
        assert!(
            ["timeout", "transport_closed", "protocol"].contains(&source.as_str()),
            "{fault}: {post:#?}"
        );
    }
    // The restart after the last fault may take longer than the short limit of a call here.
    within(Duration::from_secs(30), "service after the faults", || {
        let id = format!("after-{}", control.posts().len());
        control.push(Command::call(&id, "tools/call", "{}"));
        (control.terminal(&id).resp_code == 200).then_some(())
    });
    for number in 0..faults.len() {
        control.only_terminal(&format!("f{number}"));
    }
    shrinks_back(&client, &before);
    assert!(client.running());
}

#[test]
fn a_call_that_expires_again_and_again_leaks_nothing() {
    let silent = StdioServer::with("def on(message):\n    if message['params'].get('ok'): answer(message, {})");
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| match request.json()["params"]["ok"].is_null() {
        true => Answer::default().stall(),
        false => support::mcp::echo(request),
    });
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .command(format!("channel=pipe,command={}", silent.command()))
        .workers(WORKERS)
        .start();
    control.introduce_on("pipe");
    let good = |id: &str, channel: &str| Command::call(id, "tools/call", r#"{"ok":1}"#).channel(channel);
    for channel in ["main", "pipe"] {
        assert_eq!(
            control
                .call(good(&format!("g-{channel}"), channel), &format!("g-{channel}"))
                .resp_code,
            200
        );
    }
    let before = size(&client);
    control.push_all((0..60).map(|number| {
        let channel = if number % 2 == 0 { "main" } else { "pipe" };
        Command::call(&format!("e{number}"), "tools/call", "{}")
            .channel(channel)
            .timeout("\"150ms\"")
    }));
    within(Duration::from_secs(30), "everything handed out", || {
        (control.waiting() == 0).then_some(())
    });
    for channel in ["main", "pipe"] {
        let id = format!("h-{channel}");
        assert_eq!(control.call(good(&id, channel), &id).resp_code, 200);
    }
    control.barrier();
    let late: Vec<_> = control
        .posts()
        .into_iter()
        .filter(|post| post.request_id.starts_with('e'))
        .collect();
    assert!(late.is_empty(), "{late:#?}");
    shrinks_back(&client, &before);
    assert_eq!(silent.starts().len(), 1);
}
