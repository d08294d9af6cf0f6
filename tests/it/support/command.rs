//! Commands as a control plane hands them out. Payloads are text, so that a test decides about every byte.

use std::collections::HashMap;
use std::fmt::Write as _;

/// One command; fields are raw JSON where a test may want to write nonsense.
#[derive(Clone)]
pub struct Command {
    fields: Vec<(&'static str, String)>,
    headers: Vec<(String, Vec<String>)>,
}

impl Command {
    /// A `jsonrpc` command with this message.
    pub fn message(request_id: &str, message: impl Into<String>) -> Self {
        let mut command = Self::of_type(request_id, "jsonrpc");
        command.fields.push(("jsonrpc", message.into()));
        command
    }

    /// A call of `method` whose JSON-RPC id is the request id.
    pub fn call(request_id: &str, method: &str, params: &str) -> Self {
        Self::call_with_id(request_id, &quoted(request_id), method, params)
    }

    /// A call with this raw JSON-RPC id.
    pub fn call_with_id(request_id: &str, id: &str, method: &str, params: &str) -> Self {
        let message = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":{},"params":{params}}}"#,
            quoted(method)
        );
        Self::message(request_id, message)
    }

    pub fn notification(request_id: &str, method: &str, params: &str) -> Self {
        Self::message(
            request_id,
            format!(r#"{{"jsonrpc":"2.0","method":{},"params":{params}}}"#, quoted(method)),
        )
    }

    pub fn termination(request_id: &str, session: &str) -> Self {
        Self::of_type(request_id, "session_termination").header("Mcp-Session-Id", session)
    }

    /// A command of any type, without a payload. Every command carries a header that tells its traffic from probes.
    pub fn of_type(request_id: &str, command_type: &str) -> Self {
        Self {
            fields: vec![
                ("request_id", quoted(request_id)),
                ("shard_token", quoted(&format!("shard-{request_id}"))),
                ("command_type", quoted(command_type)),
                ("created_at", quoted("2026-01-01T00:00:00Z")),
            ],
            headers: vec![(super::mcp::MARK.to_owned(), vec![request_id.to_owned()])],
        }
    }

    pub fn channel(self, name: &str) -> Self {
        let name = quoted(name);
        self.field("channel", name)
    }

    /// Adds a header value.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match self.headers.iter_mut().find(|(key, _)| key == name) {
            Some((_, values)) => values.push(value.to_owned()),
            None => self.headers.push((name.to_owned(), vec![value.to_owned()])),
        }
        self
    }

    /// Exchanges the names of sessions for the sessions that they stand for.
    pub fn in_sessions(mut self, sessions: &HashMap<String, String>) -> Self {
        for (_, values) in self.headers.iter_mut().filter(|(key, _)| key == "Mcp-Session-Id") {
            for value in values {
                if let Some(session) = sessions.get(value) {
                    value.clone_from(session);
                }
            }
        }
        self
    }

    /// Takes the session away; gives it.
    pub fn outside_sessions(mut self) -> (Self, Option<String>) {
        let place = self.headers.iter().position(|(key, _)| key == "Mcp-Session-Id");
        let session = place.and_then(|place| self.headers.remove(place).1.pop());
        (self, session)
    }

    /// Sets `response_timeout` to this raw JSON.
    pub fn timeout(self, raw: &str) -> Self {
        self.field("response_timeout", raw)
    }

    /// Sets a field to this raw JSON.
    pub fn field(mut self, name: &'static str, raw: impl Into<String>) -> Self {
        self = self.without(name);
        self.fields.push((name, raw.into()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(key, _)| *key != name);
        self
    }

    pub fn to_json(&self) -> String {
        let mut text = String::from("{");
        for (name, raw) in &self.fields {
            let _ = write!(text, "{}:{raw},", quoted(name));
        }
        let headers: serde_json::Map<String, serde_json::Value> = self
            .headers
            .iter()
            .map(|(name, values)| (name.clone(), values.clone().into()))
            .collect();
        let _ = write!(text, "\"headers\":{}}}", serde_json::Value::Object(headers));
        text
    }
}

/// The body of a poll answer.
pub fn poll_body(commands: &[Command]) -> String {
    let list: Vec<String> = commands.iter().map(Command::to_json).collect();
    format!(r#"{{"commands":[{}]}}"#, list.join(","))
}

/// A JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
