//! The embedded MCP stub, as its flags and its printed lines show it.

use super::Client;

/// Turns on the stub with sessions.
pub const STATEFUL: &str = "--embedded-mcp-stub";
/// Turns on the stub without any.
pub const STATELESS: &str = "--embedded-stateless-mcp-stub";

/// The URL that is printed behind these words.
#[track_caller]
pub fn printed(client: &Client, words: &str) -> String {
    let line = client.await_log(&format!("{words}: http"));
    line.trim_start_matches(words).trim_start_matches(": ").to_owned()
}
