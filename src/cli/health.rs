//! `tunnel-client health`.

use clap::{ArgMatches, Command};

use super::Error;

pub(super) fn arguments() -> Command {
    Command::new("health").about("Ask a running daemon how it is")
}

pub(super) fn execute(_matches: &ArgMatches) -> Result<(), Error> {
    Err(Error::Message("health: not built yet".to_owned()))
}
