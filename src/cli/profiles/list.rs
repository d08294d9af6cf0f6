//! `tunnel-client profiles list`.

use std::fmt::Write as _;

use clap::{ArgMatches, Command};
use serde_json::json;

use super::place::{Place, show};
use crate::cli::{Error, args, print, text};
use crate::secrets::Environment;

pub(super) fn arguments() -> Command {
    Command::new("list")
        .about("List the profiles")
        .disable_version_flag(true)
        .args_override_self(true)
        .arg(json_flag())
}

pub(super) fn json_flag() -> clap::Arg {
    args::switch("json").help("Print JSON")
}

pub(super) fn execute(matches: &ArgMatches, environment: &Environment) -> Result<(), Error> {
    let place = Place::choose(matches, environment)?;
    let profiles = place.dirs.profiles().map_err(|(directory, error)| {
        Error::Message(format!("read the profile directory {}: {error}", show(&directory)))
    })?;
    if args::is_on(matches, "json") {
        let profiles: Vec<_> = profiles
            .iter()
            .map(|(name, path)| json!({"name": name.as_str(), "path": path.to_string_lossy()}))
            .collect();
        return print(&text::json(&profiles));
    }
    let mut lines = String::new();
    for (name, path) in &profiles {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{name}\t{}", show(path));
    }
    if lines.is_empty() {
        lines = format!("No profiles found in {}\n", show(&place.dirs.directory));
    }
    print(&lines)
}
