//! `tunnel-client doctor`.

use clap::{ArgMatches, Command};

use super::Error;

pub(super) fn arguments() -> Command {
    Command::new("doctor").about("Check every step between here, the control plane and the MCP servers")
}

pub(super) fn execute(_matches: &ArgMatches) -> Result<(), Error> {
    Err(Error::Message("doctor: not built yet".to_owned()))
}
