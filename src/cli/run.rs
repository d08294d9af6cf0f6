//! `tunnel-client run`.

use super::Error;
use crate::config::{self, Config, Flags, Sources};
use crate::secrets::{Disk, Environment};

/// Loads the configuration and serves the tunnel until told to stop.
pub(super) fn run(flags: &Flags) -> Result<(), Error> {
    let config = configure(flags).map_err(Error::Config)?;
    crate::run::run(config).map_err(Error::Run)
}

/// The snapshot of the environment ends here, wiped, before anything runs.
fn configure(flags: &Flags) -> Result<Config, config::ConfigErrors> {
    let environment = Environment::of_process();
    config::load(&Sources {
        flags,
        environment: &environment,
        files: &Disk,
    })
}
