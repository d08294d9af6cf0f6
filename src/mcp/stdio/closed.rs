//! Directories in which stdio servers cannot make files, because the client's files lie in them.

use std::fmt;
use std::path::{Path, PathBuf};

use super::launch;
use crate::broker::Specification;
use crate::config::{Binding, Config};
use crate::files::Account;
use crate::sandbox::server::ClosedDirectory;

/// Directories in which the server of one binding cannot make files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Its channel.
    pub channel: String,
    /// At least one.
    pub directories: Vec<ClosedDirectory>,
    /// Working directory and home of the server, each once.
    pub own: Vec<PathBuf>,
}

impl Closed {
    /// What to do about it.
    pub const REMEDY: &str = "move the client's files to a directory outside of it, such as /etc/tunnel-client, or start tunnel-client in \
                              another working directory";
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server cannot create files directly in ")?;
        for (number, closed) in self.directories.iter().enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            write!(f, "{separator}{} (", closed.directory.display())?;
            if self.own.contains(&closed.directory) {
                f.write_str("its working directory or home; ")?;
            }
            write!(f, "because of {})", closed.because.display())?;
        }
        Ok(())
    }
}

/// Closed directories of the server of a binding, which runs as this user; `None` when there are none.
#[must_use]
pub fn closed_to_new_files(config: &Config, binding: &Binding, account: &Account) -> Option<Closed> {
    let server = launch::specification(config, binding)?;
    let directories = server.cage.closed_to_new_files(account);
    (!directories.is_empty()).then(|| Closed {
        channel: server.name.clone(),
        directories,
        own: own_directories(&server),
    })
}

/// Working directory and home of a server, without links, each once.
pub(crate) fn own_directories(server: &Specification) -> Vec<PathBuf> {
    let home = server
        .variable("HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from);
    let named = std::env::current_dir().into_iter().chain(home);
    let mut own: Vec<PathBuf> = named.filter_map(|path| Path::canonicalize(&path).ok()).collect();
    own.dedup();
    own
}
