//! What the broker is told: the servers of a configuration.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::exposure::{Exposure, exposure};
use crate::broker::{Instructions, Specification};
use crate::config::{Binding, ChildEnvironment, Config, Target};
use crate::sandbox::server::{Protected, ServerCage};
use crate::sandbox::{self, BrokerCage, current_umask};

/// Variables that name directories which a server takes for its own, or finds programs in.
const HOMES: [&str; 5] = ["HOME", "PATH", "TMPDIR", "TMP", "TEMP"];

/// The servers that are served, in the order of their bindings.
#[must_use]
pub fn specifications(config: &Config) -> Vec<Specification> {
    let served = config.served();
    served.filter_map(|binding| specification(config, binding)).collect()
}

/// Instructions of a broker that is to start the server of one binding, for a client with these threads in addition to its main
/// one; `None` when the server is behind a URL.
///
/// # Errors
/// Any reason for which `run` would not start it either.
pub(crate) fn instructions(
    config: &Config,
    binding: &Binding,
    threads: Vec<u32>,
) -> Result<Option<Instructions>, Refused> {
    let Some(server) = specification(config, binding) else {
        return Ok(None);
    };
    server.cage.check(&server.argv).map_err(Refused::Sandbox)?;
    let cage = BrokerCage::of(config, current_umask()).map_err(Refused::Sandbox)?;
    match exposure(config, binding, &cage.account()) {
        Some(exposure) if exposure.is_refused => Err(Refused::Exposed(exposure)),
        _ => Ok(Some(Instructions {
            cage: cage.with_others(threads),
            servers: vec![server],
        })),
    }
}

/// Reason why a server is not started.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Its user or its cage is not available.
    Sandbox(sandbox::Error),
    /// Another server can replace its program.
    Exposed(Exposure),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sandbox(error) => error.fmt(f),
            Self::Exposed(exposure) => exposure.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

/// The server of a binding; `None` when it is behind a URL.
pub(crate) fn specification(config: &Config, binding: &Binding) -> Option<Specification> {
    let Target::Stdio { argv, sandbox, .. } = &binding.target else {
        return None;
    };
    let ChildEnvironment { variables, .. } = config.child_environment(&binding.target);
    let is_home = |name: &str| HOMES.contains(&name) || name.starts_with("XDG_");
    let named = variables.iter().filter(|(name, _)| name.to_str().is_some_and(is_home));
    let named = named.flat_map(|(_, value)| std::env::split_paths(OsStr::from_bytes(value)));
    let homes: Vec<PathBuf> = named
        .chain(std::env::current_dir())
        .filter(|path| path.is_absolute())
        .collect();
    // A server that could write there would choose the configuration of the next start.
    let before = config.selection().place_before();
    Some(Specification {
        name: binding.channel.clone(),
        argv: argv.clone(),
        environment: variables
            .iter()
            .map(|(name, value)| (name.into(), OsStr::from_bytes(value).into()))
            .collect(),
        cage: ServerCage::new(
            sandbox,
            config.hardening.mode,
            argv,
            Protected {
                own: config.own_files().chain(before.as_deref()),
                trust: config.trust_files().map(|file| file.path),
            },
            homes.into_iter(),
        ),
    })
}
