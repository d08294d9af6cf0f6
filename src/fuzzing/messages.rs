//! Messages: framing, routing, splicing, unpacking.

pub use crate::broker::lines_fuzzing::stderr_lines;
pub use crate::doctor::challenge_fuzzing::resource_metadata;
pub use crate::mcp::fuzzing::{http, stdio};
pub use crate::net::fuzzing as net;

/// Whether a character is replaced in what people read.
pub fn is_unsafe(char: char) -> bool {
    crate::telemetry::is_unsafe(char)
}
