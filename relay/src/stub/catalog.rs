//! What `tools/list` says.

use serde_json::{Value, json};

/// All tools.
pub(super) fn tools() -> Value {
    let text = json!({"text": {"type": "string"}});
    json!([
        tool(
            "server_info",
            "Name, version, transport, and how many calls and notifications came",
            &json!({})
        ),
        tool(
            "echo",
            "Gives the text back, and value as it was written",
            &json!({"text": {"type": "string"}, "value": {}})
        ),
        tool("uppercase", "Gives the text back in capitals", &text),
        tool("headers", "Gives the HTTP request's headers back", &json!({})),
        tool(
            "slow",
            "Answers after ms milliseconds",
            &json!({"ms": {"type": "integer", "minimum": 0}})
        ),
        tool(
            "stream",
            "Reports progress count times, interval_ms apart, then answers",
            &json!({"count": {"type": "integer"}, "interval_ms": {"type": "integer"}})
        ),
        tool(
            "large",
            "Answers with a text of so many bytes",
            &json!({"bytes": {"type": "integer"}})
        ),
        tool(
            "ask",
            "Sends the caller a request and gives its answer back",
            &json!({"kind": {"enum": ["sampling", "elicitation", "roots", "ping"]}})
        ),
        tool(
            "fail",
            "Misbehaves",
            &json!({"mode": {"enum": super::tools::MODES}, "status": {"type": "integer"}})
        ),
        tool("crash", "Ends the process with status 3", &json!({})),
        tool(
            "noise",
            "On stdio: prints lines that are no JSON, then answers",
            &json!({"lines": {"type": "integer"}})
        ),
    ])
}

fn tool(name: &str, description: &str, properties: &Value) -> Value {
    json!({"name": name, "description": description, "inputSchema": {"type": "object", "properties": properties}})
}
