//! Component `response-delivery`: what becomes of it when deliveries are given up, or fail until their deadline.

use crate::support::mcp::echo;
use crate::support::{Answer, Client, Command, ControlPlane, McpServer};

/// A server that reports progress of `tools/call` and never answers it.
fn reporting() -> McpServer {
    McpServer::http(|request, _| match request.json()["method"].as_str() {
        Some("tools/call") => Answer::sse(&[])
            .event(r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":1}}"#)
            .stall(),
        _ => echo(request),
    })
}

#[test]
fn a_delivery_that_is_given_up_with_its_call_does_not_count_as_running() {
    let (control, mcp) = (ControlPlane::http(), reporting());
    let client = Client::http(&control, &mcp.url());
    client.await_ready();
    control.on_delivery("r1", "jsonrpc_notify", Answer::default().stall());
    control.push(Command::call("r1", "tools/call", "{}"));
    control.await_posts("r1", 1);
    assert_eq!(client.component("response-delivery")["details"]["in_progress"], 1);
    control.push(Command::notification(
        "n1",
        "notifications/cancelled",
        r#"{"requestId":"r1"}"#,
    ));
    control.only_terminal("r1");
    let idle = client.await_component("response-delivery", "idle", |it| {
        it["details"]["in_progress"] == 0 && it["details"]["completed"] == 3
    });
    assert_eq!(idle["status"], "ok");
}
