//! `tunnel-client config`.

use clap::{ArgMatches, Command};

use super::Error;

pub(super) fn arguments() -> Command {
    Command::new("config").about("Show the effective configuration and where each value comes from")
}

pub(super) fn execute(_matches: &ArgMatches) -> Result<(), Error> {
    Err(Error::Message("config: not built yet".to_owned()))
}
