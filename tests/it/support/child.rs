//! Scriptable stdio MCP servers: a Python prelude, and the test's own handler.
//!
//! The prelude answers `initialize`, records each line it reads but for the handshake that tests begin with
//! ([`ControlPlane::introduce`]), and calls `on(message)` for the rest. The handler may use `send(object)`, `raw(text)`,
//! `answer(message, result)`, `wait_for(name)`, `forever()` and whatever Python has.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

use super::client::{Client, ClientBuilder};
use super::control::ControlPlane;
use super::scratch::Scratch;
use super::wait::eventually;

const PRELUDE: &str = include_str!("child.py");

/// A stdio server's script and what its processes record.
pub struct StdioServer {
    directory: Scratch,
}

impl StdioServer {
    /// A server that answers each call with its params.
    pub fn echo() -> Self {
        Self::with("")
    }

    /// A server with its own definitions; `main()` runs after them.
    pub fn with(script: &str) -> Self {
        let directory = Scratch::new();
        directory.write("child.py", &format!("{PRELUDE}\n{script}\nmain()\n"));
        Self { directory }
    }

    /// The command line.
    pub fn command(&self) -> String {
        let directory = self.directory.path().display();
        format!("{} -u {directory}/child.py {directory}", python())
    }

    /// Every message that reached a process, in order.
    pub fn received(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.directory.file("pipe")).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or(Value::Null))
            .collect()
    }

    /// The lines as they came.
    pub fn received_text(&self) -> String {
        std::fs::read_to_string(self.directory.file("pipe")).unwrap_or_default()
    }

    /// Waits for messages that satisfy `wanted` and gives the first so many.
    #[track_caller]
    pub fn await_received(&self, count: usize, what: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        eventually(&format!("{count} of {what} on the pipe"), || {
            let found: Vec<Value> = self.received().into_iter().filter(&wanted).collect();
            (found.len() >= count).then_some(found)
        })
    }

    /// Waits for so many messages with this method.
    #[track_caller]
    pub fn await_method(&self, method: &str, count: usize) -> Vec<Value> {
        self.await_received(count, method, |message| message["method"] == method)
    }

    /// The process ids of every start so far.
    pub fn starts(&self) -> Vec<u32> {
        let text = std::fs::read_to_string(self.directory.file("starts")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    #[track_caller]
    pub fn await_start(&self, count: usize) -> u32 {
        eventually(&format!("start {count} of the child"), || {
            self.starts().get(count - 1).copied()
        })
    }

    /// Lets a script go on that waits with `wait_for(name)`.
    pub fn open(&self, name: &str) {
        self.directory.write(name, "");
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.file(name)
    }
}

impl Drop for StdioServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "--- stdio server started as {:?}, the pipe carried:\n{}",
                self.starts(),
                self.received_text()
            );
        }
    }
}

/// The interpreter itself, not a wrapper script around it.
pub fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let output = std::process::Command::new("python3")
            .args(["-c", "import sys; print(sys.executable)"])
            .output();
        String::from_utf8(output.expect("python3 is needed by the stdio tests").stdout)
            .unwrap()
            .trim()
            .to_owned()
    })
}

/// An interpreter that every user may run, if there is one: others may lie in a home.
pub fn everybodys_python() -> &'static str {
    let everybodys = ["/usr/bin/python3", "/usr/local/bin/python3"];
    let found = everybodys.into_iter().find(|path| std::path::Path::new(path).exists());
    found.unwrap_or_else(python)
}

/// A client whose only server is a child with this script, behind a fresh control plane. The child is initialized.
pub fn start(script: &str) -> (ControlPlane, StdioServer, Client) {
    let (control, child, client) = start_uninitialized(script);
    control.introduce();
    (control, child, client)
}

/// The same before anybody initialized the child.
pub fn start_uninitialized(script: &str) -> (ControlPlane, StdioServer, Client) {
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    let client = ClientBuilder::new(&control).command(child.command()).start();
    (control, child, client)
}

/// Keeps calls until there are as many as their `of` says, then answers them, the last first.
pub const LAST_FIRST: &str = r#"
calls = []
def on(message):
    if message.get("method") == "tools/call":
        calls.append(message)
        if len(calls) == message["params"]["of"]:
            for call in reversed(calls):
                answer(call, call["params"])
"#;
