//! Words that are no commands of the relay, and the command that does what they ask for.

use clap::error::{ContextKind, ContextValue, ErrorKind};

const HINTS: &[(&[&str], &str)] = &[
    (
        &["run", "start", "up", "server", "daemon", "launch"],
        "tunnel-relay serve runs the relay, in the foreground; a service manager keeps it up",
    ),
    (
        &["status", "health", "ping", "ready"],
        "a running relay answers GET /healthz at the address of --listen",
    ),
    (
        &["stop", "down", "kill", "shutdown", "restart", "reload"],
        "systemctl stop UNIT, restart UNIT, or a signal to the process; SIGTERM ends it in good order",
    ),
    (
        &["check", "test", "validate", "verify", "config", "doctor"],
        "tunnel-relay serve reports every mistake in its options and files before it listens; tunnel-client doctor checks the way to a running relay",
    ),
    (
        &["key", "keys", "genkey", "key-gen", "token", "password"],
        "tunnel-relay keygen makes a key",
    ),
    (
        &["tunnel", "tunnels", "create", "list", "admin", "add"],
        "tunnel-client admin tunnels creates and lists tunnels of a running relay",
    ),
    (
        &["stub", "mcp", "demo", "echo"],
        "tunnel-relay mcp-stub is an MCP server to try things with",
    ),
    (
        &["log", "logs"],
        "the log is on standard error: journalctl -u UNIT under systemd",
    ),
];

/// The hint for a command line that names no command of the relay.
pub(super) fn of(error: &clap::Error) -> Option<&'static str> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let (_, hint) = HINTS.iter().find(|(words, _)| words.contains(&word.as_str()))?;
    Some(hint)
}
