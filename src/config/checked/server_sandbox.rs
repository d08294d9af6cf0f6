//! What a stdio server may do, as its binding says.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Part of the system that a stdio server sees: the later the variant, the less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Everything that its user may.
    Off,
    /// Everything but what is the client's.
    #[default]
    Default,
    /// What is allowed by name, and nothing else.
    Strict,
}

/// What a stdio server may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSandbox {
    /// Part of the system that it sees.
    pub level: Level,
    /// Absolute paths below `/dev` that it may use; empty under [`Level::Off`]. The fields below are empty unless it is
    /// [`Level::Strict`].
    pub devices: Vec<PathBuf>,
    /// Absolute paths that it may read, with all that is below them.
    pub read: Vec<PathBuf>,
    /// Absolute paths that it may read and write, with all that is below them.
    pub write: Vec<PathBuf>,
    /// Where it may connect to.
    pub network: ServerNetwork,
    /// Starts the server although another stdio server can replace its program.
    pub allow_writable_program: bool,
}

/// Where a stdio server under [`Level::Strict`] may connect to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerNetwork {
    /// It has no internet sockets.
    #[default]
    None,
    /// TCP, to these ports: at least one, none of them 0.
    Tcp(Vec<u16>),
    /// Anywhere.
    Any,
}
