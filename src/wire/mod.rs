//! The control plane's wire contract as pure types: no I/O, no clock, nothing that can block.

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
pub mod spelling;
