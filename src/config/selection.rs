//! Which configuration file is read (spec: config, section 1).

use std::path::PathBuf;

/// The file that the flags and the environment choose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Selection {
    /// None: flags and environment only.
    #[default]
    None,
    /// `--config`.
    Config(PathBuf),
    /// `--profile`: its name and where it is kept.
    Profile {
        /// `^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`.
        name: String,
        /// `<profile directory>/<name>.yaml`.
        path: PathBuf,
    },
    /// `--profile-file`.
    ProfileFile(PathBuf),
}
