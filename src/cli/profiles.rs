//! `tunnel-client profiles list|add|edit|samples` (contract: cli, section 5).

mod add;
mod check;
mod edit;
mod list;
mod place;
mod samples;
mod write;

use clap::{ArgMatches, Command};

use super::start::Start;
use super::{Error, args, print};

pub(super) use add::save;
pub(super) use check::{Verdict, check};
pub(super) use place::{Place, flag as place_flag, name, show};

const NAME: &str = "profiles";

pub(super) fn arguments() -> Command {
    Command::new(NAME)
        .about("List, add, edit profiles; show the samples")
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .args_override_self(true)
        .arg(place::flag().global(true))
        .subcommand(list::arguments())
        .subcommand(add::arguments())
        .subcommand(edit::arguments())
        .subcommand(samples::arguments())
}

pub(super) fn execute(matches: &mut ArgMatches, start: Start) -> Result<(), Error> {
    match matches.subcommand() {
        Some(("list", matches)) => list::execute(matches, &start.environment),
        Some(("add", matches)) => add::execute(matches, &start.environment),
        Some(("edit", matches)) => edit::execute(matches, &start.environment),
        Some(("samples", matches)) => samples::execute(matches),
        _ => help(&[NAME]),
    }
}

/// Prints the help of a command that does nothing by itself.
fn help(path: &[&str]) -> Result<(), Error> {
    let mut root = args::command();
    root.build();
    let found = path
        .iter()
        .try_fold(&mut root, |command, name| command.find_subcommand_mut(name));
    found.map_or(Ok(()), |command| print(&command.render_help().to_string()))
}

/// The flag that lets a profile be replaced.
pub(super) fn force_flag() -> clap::Arg {
    args::switch("force").help("Replace the profile if it exists")
}

/// Mistakes of a profile, one a line.
fn lines(errors: &[crate::config::ConfigError]) -> String {
    errors.iter().map(|error| format!("\n  {error}")).collect()
}

/// Says on standard error what a profile that was saved still needs; it is no failure.
fn mention_missing(verdict: &Verdict) {
    use std::io::Write as _;
    for error in &verdict.missing {
        let line = format!("not there yet: {error}");
        // The profile is saved whether or not this can be said.
        let _ = writeln!(std::io::stderr(), "{}", crate::telemetry::redact::scrub(&line));
    }
}
