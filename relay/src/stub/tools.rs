//! What the tools do.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::protocol::{Answer, Call, Misbehaviour, Stub, error, response, server_info};
use crate::json::quote;

/// What `fail` can do.
pub(super) const MODES: [&str; 10] = [
    "tool_error",
    "rpc_error",
    "http_status",
    "drop",
    "garbage",
    "html",
    "wrong_id",
    "hang",
    "end_of_stream",
    "server_error_id",
];

/// A text is at most this large, so that a test cannot take the machine down.
const LARGEST: usize = 256 * 1024 * 1024;
/// Messages of `stream` and lines of `noise`.
const MOST: u64 = 100_000;
/// Longest wait.
const LONGEST: u64 = 600_000;

#[derive(Deserialize)]
struct Params<'a> {
    name: String,
    #[serde(borrow, default)]
    arguments: Option<Arguments<'a>>,
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<Meta<'a>>,
}

#[derive(Deserialize, Default)]
struct Arguments<'a> {
    #[serde(default, alias = "message")]
    text: String,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    ms: u64,
    #[serde(default)]
    count: u64,
    #[serde(default)]
    interval_ms: u64,
    #[serde(default)]
    bytes: usize,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    mode: String,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    lines: u64,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, default, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
}

/// Calls a tool.
pub(super) async fn call(stub: &Stub, call: &Call<'_>) -> Answer {
    let params = match serde_json::from_str::<Params<'_>>(call.params.unwrap_or("{}")) {
        Ok(params) => params,
        Err(cause) => return Answer::Message(error(call.id, -32602, &format!("bad parameters: {cause}"))),
    };
    let arguments = params.arguments.unwrap_or_default();
    let token = params.meta.and_then(|meta| meta.progress_token).map(RawValue::get);
    let text = match params.name.as_str() {
        "server_info" => info(stub),
        "echo" => return Answer::Message(echo(call.id, &arguments)),
        "uppercase" => arguments.text.to_uppercase(),
        "headers" => call.headers.to_string(),
        "slow" => {
            tokio::time::sleep(Duration::from_millis(arguments.ms.min(LONGEST))).await;
            format!("slept {} ms", arguments.ms)
        }
        "stream" => stream(call, &arguments, token).await,
        "large" => "x".repeat(arguments.bytes.min(LARGEST)),
        "ask" => match ask(stub, call, &arguments.kind).await {
            Ok(text) => text,
            Err(reason) => return Answer::Message(tool_error(call.id, reason)),
        },
        "fail" => return fail(call.id, &arguments),
        "crash" => return Answer::Misbehave(Misbehaviour::Crash),
        "noise" => {
            noise(arguments.lines.clamp(1, MOST), stub.transport);
            "noise made".into()
        }
        _ => return Answer::Message(error(call.id, -32602, "no such tool")),
    };
    Answer::Message(result(call.id, &text))
}

fn result(id: &str, text: &str) -> String {
    response(
        id,
        &format!(
            r#"{{"content":[{{"type":"text","text":{}}}],"resultType":"complete"}}"#,
            quote(text)
        ),
    )
}

fn tool_error(id: &str, text: &str) -> String {
    response(
        id,
        &format!(
            r#"{{"content":[{{"type":"text","text":{}}}],"isError":true,"resultType":"complete"}}"#,
            quote(text)
        ),
    )
}

/// The value comes back byte for byte, whatever it is.
fn echo(id: &str, arguments: &Arguments<'_>) -> String {
    let Some(value) = arguments.value else {
        return result(id, &arguments.text);
    };
    let (text, value) = (quote(&arguments.text), value.get());
    response(
        id,
        &format!(
            r#"{{"content":[{{"type":"text","text":{text}}}],"structuredContent":{{"value":{value}}},"resultType":"complete"}}"#
        ),
    )
}

fn info(stub: &Stub) -> String {
    let mut info = server_info();
    info["transport"] = stub.transport.into();
    info["calls"] = stub.calls.load(Ordering::Relaxed).into();
    info["notifications"] = stub.notifications.load(Ordering::Relaxed).into();
    info.to_string()
}

/// Progress is reported only to who asked for it, under the token given, as it was written.
async fn stream(call: &Call<'_>, arguments: &Arguments<'_>, token: Option<&str>) -> String {
    let count = arguments.count.min(MOST);
    for step in 1..=count {
        if let (Some(token), Some(stream)) = (token, &call.stream) {
            let progress = format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{step},"total":{count}}}}}"#
            );
            if stream.send(progress).await.is_err() {
                break;
            }
        }
        if arguments.interval_ms > 0 {
            tokio::time::sleep(Duration::from_millis(arguments.interval_ms.min(LONGEST))).await;
        }
    }
    format!("{count} steps")
}

async fn ask(stub: &Stub, call: &Call<'_>, kind: &str) -> Result<String, &'static str> {
    let (method, params) = match kind {
        "sampling" => (
            "sampling/createMessage",
            json!({"messages": [{"role": "user", "content": {"type": "text", "text": "hello"}}], "maxTokens": 16}),
        ),
        "elicitation" => (
            "elicitation/create",
            json!({"message": "your name?", "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}),
        ),
        "roots" => ("roots/list", json!({})),
        "ping" => ("ping", json!({})),
        _ => return Err("kind is sampling, elicitation, roots or ping"),
    };
    let stream = call.stream.as_ref().ok_or("the caller takes no event stream")?;
    let answer: Value = stub.ask(stream, method, params).await?;
    Ok(answer
        .get("result")
        .or(answer.get("error"))
        .unwrap_or(&Value::Null)
        .to_string())
}

fn fail(id: &str, arguments: &Arguments<'_>) -> Answer {
    Answer::Misbehave(match arguments.mode.as_str() {
        "tool_error" => return Answer::Message(tool_error(id, "failed as asked")),
        "rpc_error" => return Answer::Message(error(id, -32004, "failed as asked")),
        "server_error_id" => return Answer::Message(error("null", -32000, "failed without an id")),
        "wrong_id" => return Answer::Message(result("\"of-another-call\"", "for somebody else")),
        "http_status" => Misbehaviour::Status(if (400..=599).contains(&arguments.status) {
            arguments.status
        } else {
            503
        }),
        "drop" => Misbehaviour::Drop,
        "garbage" => Misbehaviour::Garbage,
        "html" => Misbehaviour::Html,
        "end_of_stream" => Misbehaviour::EndOfStream,
        "hang" => Misbehaviour::Hang,
        _ => return Answer::Message(error(id, -32602, "no such mode")),
    })
}

/// Lines between messages, as careless servers print them.
fn noise(lines: u64, transport: &str) {
    use std::io::Write as _;
    if transport != "stdio" {
        return;
    }
    let mut stdout = std::io::stdout().lock();
    for line in 0..lines {
        let _ = writeln!(stdout, "noise {line}: this is no JSON");
    }
    let _ = stdout.flush();
}
