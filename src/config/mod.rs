//! Configuration: what was written (flags, environment, later files and profiles) becomes one checked value.
//!
//! [`table`](SETTINGS) says what can be set; [`Sources`] holds what was written; [`load`] checks it all, reports every
//! mistake at once, or gives a [`Config`]. Everything past start-up sees only that; it cannot hold a value that is out
//! of range.

#![forbid(unsafe_code)]

mod argv;
mod binding;
mod checked;
mod duration;
mod error;
mod load;
mod reader;
mod scalar;
mod sources;
mod table;
mod unsupported;
mod url;

#[cfg(test)]
mod tests;

pub use checked::{Binding, Config, ControlPlane, Health, HttpUrl, Log, LogFormat, Mcp, Target};
pub use error::{ConfigError, ConfigErrors};
pub use load::load;
pub use sources::{Flags, Origin, Source, Sources};
pub use table::{SETTINGS, Separator, Setting};
pub use url::UrlError;
