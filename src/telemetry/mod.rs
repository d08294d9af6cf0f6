//! What the process says about itself: log lines, without secrets.

#![forbid(unsafe_code)]

mod line;
pub mod log;
mod output;
pub mod redact;
mod settings;
pub(crate) mod utc;

pub(crate) use line::{is_unsafe, one_line};
pub use settings::{Log, LogFormat};
