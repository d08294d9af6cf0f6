//! Programs of stdio servers that another stdio server could replace. All servers run as one user, and landlock keeps the client's files
//! from them, not each other's. A replaced program runs in the cage and with the variables of the server that it stands for.

mod homes;
mod places;

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::config::{Binding, Config, Level, Mode, ServerSandbox, Target};
use crate::files::Account;
use crate::sandbox::is_read_only;

use places::Place;

/// The first replaceable place of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Channel of the server whose code it is.
    pub channel: String,
    /// Replaceable place: a program, an interpreter, a script, a directory of modules or one on the way to them.
    pub path: PathBuf,
    /// Channels of the servers that can replace it.
    pub by: Vec<String>,
    /// Whether the server is `sandbox: strict` and does not allow it.
    pub is_refused: bool,
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "mcp.commands: channel {}: the MCP server of channel {} can replace {}, which this server's code comes from; \
             let a user other than that of the servers (process.server_user) own it and the directories on the way",
            self.channel,
            self.by.join(", "),
            self.path.display()
        )?;
        match self.is_refused {
            true => f.write_str(", or add allow_writable_program: true to level: strict"),
            false => Ok(()),
        }
    }
}

impl std::error::Error for Exposure {}

/// Exposures of all served servers, at most one each. `account` is the user that they run as.
#[must_use]
pub fn exposures(config: &Config, account: &Account) -> Vec<Exposure> {
    // Without a sandbox the server is not confined; a line at level ERROR says so.
    if config.hardening.mode == Mode::Off {
        return Vec::new();
    }
    config
        .served()
        .filter_map(|binding| exposure(config, binding, account))
        .collect()
}

/// Exposure of the server of one binding.
#[must_use]
pub fn exposure(config: &Config, binding: &Binding, account: &Account) -> Option<Exposure> {
    let Target::Stdio { argv, sandbox, .. } = &binding.target else {
        return None;
    };
    let others: Vec<(&str, &ServerSandbox)> = config
        .served()
        .filter(|other| other.channel != binding.channel)
        .filter_map(|other| match &other.target {
            Target::Stdio { sandbox, .. } => Some((other.channel.as_str(), sandbox)),
            Target::Http { .. } => None,
        })
        .collect();
    if others.is_empty() {
        return None;
    }
    let environment = config.child_environment(&binding.target);
    let places = places::all(argv, &|name| environment.value(name).map(OsStr::to_owned));
    // What a strict server cannot read is no code of it.
    let is_code = |place: &&Place| !place.is_optional || sandbox.level != Level::Strict || reads(sandbox, &place.path);
    places
        .iter()
        .filter(is_code)
        .map(|place| &place.path)
        .find_map(|place| {
            let by = others.iter().filter_map(|(channel, other)| {
                let found = account.replaceable(place, &|path| reaches(other, account, path))?.entry;
                Some((found, (*channel).to_owned()))
            });
            let (paths, by): (Vec<PathBuf>, Vec<String>) = by.unzip();
            Some(Exposure {
                channel: binding.channel.clone(),
                path: paths.into_iter().next()?,
                by,
                is_refused: sandbox.level == Level::Strict && !sandbox.allow_writable_program,
            })
        })
}

/// Whether a server with this sandbox can write at a place that its user may write.
fn reaches(sandbox: &ServerSandbox, account: &Account, path: &Path) -> bool {
    match sandbox.level {
        Level::Off => true,
        Level::Default => !is_read_only(path, account.is_root()),
        Level::Strict => sandbox.write.iter().any(|listed| path.starts_with(real(listed))),
    }
}

/// Whether a strict server can read a place, or something in it, by its own settings.
fn reads(sandbox: &ServerSandbox, path: &Path) -> bool {
    let path = real(path);
    let mut listed = sandbox.read.iter().chain(&sandbox.write).map(|listed| real(listed));
    listed.any(|listed| path.starts_with(&listed) || listed.starts_with(&path))
}

/// The path without links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let found = path
        .ancestors()
        .find_map(|above| Some((above, above.canonicalize().ok()?)));
    match found {
        Some((above, real)) => real.join(path.strip_prefix(above).unwrap_or(Path::new(""))),
        None => path.to_owned(),
    }
}
