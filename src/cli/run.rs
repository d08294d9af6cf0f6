//! `tunnel-client run`.

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgMatches, Command};

use super::{Error, help, settings};
use crate::config::{self, Config, Flags};
use crate::secrets::{Disk, Environment};

/// Where arguments that belong to no flag are kept; they are ignored (spec: cli, section 1).
const SURPLUS: &str = "surplus";

pub(super) fn arguments() -> Command {
    let command = Command::new("run")
        .about("Serve the tunnel until told to stop")
        .after_help(help::AFTER_RUN)
        .disable_version_flag(true)
        .args_override_self(true);
    let surplus = Arg::new(SURPLUS)
        .num_args(0..)
        .hide(true)
        .value_parser(OsStringValueParser::new());
    settings::add(command).arg(surplus)
}

/// Loads the configuration and serves the tunnel until told to stop.
pub(super) fn execute(matches: &ArgMatches) -> Result<(), Error> {
    let config = configure(&settings::flags(matches)).map_err(Error::Config)?;
    crate::run::run(config).map_err(Error::Run)
}

/// The snapshot of the environment ends here, wiped, before anything runs.
fn configure(flags: &Flags) -> Result<Config, config::ConfigErrors> {
    let environment = Environment::of_process();
    config::read(flags, &environment, &Disk)
}
