//! `tunnel-client audit`: `init` makes the key of an audit log, `verify` goes through its files.

mod init;
mod verify;

use clap::{ArgMatches, Command};

use super::Error;
use super::start::Start;

pub(super) fn arguments() -> Command {
    Command::new("audit")
        .about("Make the key of an audit log, or verify its files")
        .subcommand(init::arguments())
        .subcommand(verify::arguments())
}

pub(super) fn execute(matches: &mut ArgMatches, _: Start) -> Result<(), Error> {
    match matches.subcommand() {
        Some(("init", matches)) => init::execute(matches),
        Some((_, matches)) => verify::execute(matches),
        // The help was printed.
        None => Ok(()),
    }
}
