//! Why a sample cannot be filled.

use std::fmt;

use crate::config::echo;

/// Why a sample cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SampleError {
    /// There is no such sample; its name as a message may show it.
    Unknown(String),
    /// The sample is for a stdio server.
    NeedsCommand(&'static str),
    /// The sample is for an HTTP server.
    NeedsUrl(&'static str),
    /// The sample is for either, and not for both.
    NeedsOne(&'static str),
    /// The value of a setting, named by its key, has a line break or another control character.
    ControlCharacter(&'static str),
}

impl SampleError {
    pub(super) fn unknown(name: &str) -> Self {
        Self::Unknown(echo(name))
    }
}

impl fmt::Display for SampleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                write!(f, "unknown sample {name}; run tunnel-client profiles samples list")
            }
            Self::NeedsCommand(sample) => write!(f, "{sample} requires --mcp-command and no --mcp-server-url"),
            Self::NeedsUrl(sample) => write!(f, "{sample} requires --mcp-server-url and no --mcp-command"),
            Self::NeedsOne(sample) => {
                write!(f, "{sample} requires exactly one of --mcp-server-url or --mcp-command")
            }
            Self::ControlCharacter(key) => write!(
                f,
                "{key} has a line break or another control character; write it on one line"
            ),
        }
    }
}

impl std::error::Error for SampleError {}
