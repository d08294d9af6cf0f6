//! What an MCP server says in an error that cannot be passed on: repeated to the caller, bounded, without secrets, or withheld.

use crate::support::{Answer, ClientBuilder, Command, ControlPlane, McpServer, StdioServer, id_of};

const SECRET: &str = "internal-detail-7f3a";

#[test]
fn what_a_server_says_in_an_error_can_be_withheld() {
    let control = ControlPlane::http();
    let named = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":1,"message":"{SECRET}"}}}}"#);
    let unnamed = named("null");
    let answers = [
        Answer::new(503, &[("Content-Type", "text/plain")], SECRET),
        Answer::json(400, &unnamed),
        Answer::json(200, &unnamed),
        Answer::json(400, named("\"r3\"")),
    ];
    let mcp = McpServer::http(move |request, _| answers[id_of(request)[2..3].parse::<usize>().unwrap()].clone());
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("MCP_PASS_ERROR_TEXT", "false")
        .start();
    for (id, passes) in [("r0", false), ("r1", false), ("r2", false), ("r3", true)] {
        control.push(Command::call(id, "tools/call", "{}"));
        let post = control.only_terminal(id);
        assert_eq!(post.request.text().contains(SECRET), passes, "{post:#?}");
    }
}

#[test]
fn what_a_server_says_on_a_pipe_is_withheld_too() {
    const OTHERWISE: &str = r#"
def on(message):
    answer = message["params"]["answer"].replace("ID", json.dumps(message["id"]))
    raw('{"jsonrpc":"2.0","id":%s}\n' % answer)
"#;
    let error = format!(r#","error":{{"code":1,"message":"{SECRET}"}}"#);
    let answers = [
        // An error that names no request, and lines that should have been answers.
        (format!("null{error}"), 502),
        (format!("ID,\"results\":\"{SECRET}\""), 502),
        (format!("\"{SECRET}\",\"result\":{{}}"), 502),
        (format!("ID{error}"), 200),
    ];
    for passes in [true, false] {
        let control = ControlPlane::http();
        let server = StdioServer::with(OTHERWISE);
        let _client = ClientBuilder::new(&control)
            .command(server.command())
            .env("MCP_PASS_ERROR_TEXT", if passes { "true" } else { "false" })
            .start();
        control.introduce();
        for (number, (answer, code)) in answers.iter().enumerate() {
            let id = format!("r{number}");
            let params = serde_json::json!({ "answer": answer }).to_string();
            let post = control.call(Command::call(&id, "tools/call", &params), &id);
            assert_eq!(post.resp_code, *code, "{post:#?}");
            assert_eq!(
                post.request.text().contains(SECRET),
                passes || *code == 200,
                "{answer}: {post:#?}"
            );
        }
    }
}

#[test]
fn a_secret_that_a_server_repeats_does_not_reach_the_caller() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| {
        let key = request.header("x-site-key").unwrap_or("none");
        let filler = "x".repeat(480);
        match &*id_of(request) {
            "\"r0\"" => Answer::json(403, format!(r#"{{"error":"the key {key} is not known"}}"#)),
            "\"r1\"" => Answer::new(403, &[("Content-Type", "text/plain")], format!("{filler} {key}")),
            _ => Answer::new(
                403,
                &[("Content-Type", "text/html")],
                format!("<p>{key}<!-- {key} --></p>"),
            ),
        }
    });
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("MCP_EXTRA_HEADERS", "X-Site-Key: env:SITE_KEY")
        .env("SITE_KEY", "sekret-of-the-operator-0123456789")
        .start();
    for id in ["r0", "r1", "r2"] {
        control.push(Command::call(id, "tools/call", "{}"));
        let post = control.only_terminal(id);
        assert_eq!(post.resp_code, 403, "{post:#?}");
        assert!(!post.request.text().contains("sekret"), "{post:#?}");
    }
    assert_eq!(
        mcp.await_forwarded("r0").header("x-site-key"),
        Some("sekret-of-the-operator-0123456789")
    );
    assert!(client.log_with("sekret").is_empty());
}

#[test]
fn a_hostile_text_is_one_bounded_line() {
    let control = ControlPlane::http();
    let text = format!(
        "a\u{0}\u{1b}]0;x\u{7}\r\n\u{202e}b\u{2028}\"}}]{}",
        "<b>\u{fc}".repeat(20_000)
    );
    let mcp = McpServer::always(Answer::new(500, &[("Content-Type", "text/plain; charset=utf-8")], text));
    let _client = ClientBuilder::new(&control).server(mcp.url()).start();
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    let message = post.failure().message;
    assert!(
        message.starts_with("MCP server answered HTTP 500 (Internal Server Error): a ]0;x b"),
        "{message}"
    );
    assert!(
        message.ends_with('\u{2026}') && message.chars().count() < 600,
        "{message}"
    );
    assert!(
        !message.chars().any(char::is_control) && !message.contains('\u{202e}'),
        "{message}"
    );
}
