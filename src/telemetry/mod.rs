//! What the process says about itself: log lines, without secrets.

#![forbid(unsafe_code)]

mod form;
mod journal;
mod line;
pub mod log;
mod output;
pub(crate) mod panics;
#[cfg(test)]
mod random;
mod records;
pub mod redact;
mod settings;
mod shown;
pub(crate) mod stream;
mod syslog;
pub(crate) mod utc;

pub(crate) use line::{is_unsafe, one_line};
pub(crate) use records::{RecordForm, connect, is_gone, reconnected, try_connect};
pub use settings::{Log, LogFormat, LogTarget};
