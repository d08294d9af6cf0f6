//! Methods of MCP with a property that the client acts on.

/// Calls a tool.
pub const CALL_TOOL: &str = "tools/call";

/// Whether a request may be sent again when its connection closed without a word: it reads, and whoever asks twice is answered twice. Any
/// other method, those of future versions included, may have been carried out.
pub fn is_repeatable(method: &str) -> bool {
    matches!(
        method,
        "ping" | "prompts/list" | "resources/list" | "resources/read" | "resources/templates/list" | "tools/list"
    )
}
