//! Doors to the transports.

pub use super::http::fuzzing as http;
pub use super::stdio::fuzzing as stdio;
