//! The control plane's wire contract as pure types: no I/O, no clock, nothing that can block.

pub mod answer;
pub mod api_error;
pub mod caller;
pub mod command;
pub mod duration;
pub mod failure;
pub mod headers;
pub mod jsonrpc;
pub mod methods;
pub mod response;
pub mod retry_after;
pub mod said;
pub mod session;
pub mod spelling;

/// What some programs write before UTF-8 text. JSON has none, but readers may skip it (RFC 8259, section 8.1).
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
