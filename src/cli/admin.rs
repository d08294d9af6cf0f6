//! `tunnel-client admin`.

use clap::{ArgMatches, Command};

use super::Error;

pub(super) fn arguments() -> Command {
    Command::new("admin").about("Create, list and change tunnels with an admin key")
}

pub(super) fn execute(_matches: &ArgMatches) -> Result<(), Error> {
    Err(Error::Message("admin: not built yet".to_owned()))
}
