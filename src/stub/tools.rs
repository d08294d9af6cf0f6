//! The tools: `server_info`, `echo`, `uppercase`.

use serde_json::{Value, json};

use super::Stub;
use super::protocol::Refusal;

/// The result of `tools/list`.
pub(super) fn list() -> Value {
    let nothing = json!({"type": "object", "properties": {}, "additionalProperties": false});
    let text = json!({
        "type": "object",
        "properties": {"text": {"type": "string", "description": "Any text"}},
        "required": ["text"],
    });
    json!({"tools": [
        tool("server_info", "Tells the name, the version and the mode of this server", &nothing),
        tool("echo", "Answers with the text that it was given", &text),
        tool("uppercase", "Answers with the text in upper case", &text),
    ]})
}

fn tool(name: &str, description: &str, schema: &Value) -> Value {
    let annotations = json!({"readOnlyHint": true, "idempotentHint": true, "openWorldHint": false});
    json!({"name": name, "description": description, "inputSchema": schema, "annotations": annotations})
}

/// The result of `tools/call`.
pub(super) fn call(stub: &Stub, params: &Value) -> Result<Value, Refusal> {
    let Some(name) = params["name"].as_str() else {
        return Err(Refusal::params("params.name is missing or no text"));
    };
    let arguments = &params["arguments"];
    let text = arguments["text"].as_str().or_else(|| arguments["message"].as_str());
    Ok(match (name, text) {
        ("server_info", _) => answer(&info(stub)),
        ("echo", Some(text)) => answer(text),
        ("uppercase", Some(text)) => answer(&text.to_uppercase()),
        ("echo" | "uppercase", None) => json!({
            "content": [{"type": "text", "text": "arguments.text is missing or no text"}],
            "isError": true,
        }),
        _ => return Err(Refusal::params("there is no such tool")),
    })
}

fn info(stub: &Stub) -> String {
    let mode = match stub.sessions {
        Some(_) => "stateful",
        None => "stateless",
    };
    json!({"name": stub.about.name, "version": stub.about.version, "mode": mode}).to_string()
}

fn answer(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}
