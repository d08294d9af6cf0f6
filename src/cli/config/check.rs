//! `tunnel-client config check`: whether `run` would take the configuration, found offline.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::{ArgMatches, Command};

use crate::cli::text::one_line;
use crate::cli::{Error, print, settings};
use crate::config::{self, Config, Selection, Target};
use crate::run;
use crate::secrets::{Disk, Environment};
use crate::telemetry::redact;

pub(super) fn arguments() -> Command {
    let command = Command::new("check")
        .about("Check offline whether run would take the configuration; for ExecReload= and CI")
        .after_help(
            "Takes the flags of run. Reads the configuration, keys, certificates, trust anchors and everything that references \
             lead to, and judges users, programs of stdio servers and places of files as run does. Contacts nobody, starts and \
             creates nothing, changes nothing.\n\
             Prints one line that begins with OK and ends with 0, or prints every mistake on standard error and ends with 1. \
             Warnings are on standard error and change nothing.\n\n\
             config show prints the settings; doctor contacts the control plane and MCP servers, too.",
        );
    settings::add(command)
}

pub(super) fn execute(matches: &ArgMatches, environment: &Environment) -> Result<(), Error> {
    let flags = settings::flags(matches);
    let config = config::read(&flags, environment, &Disk::default()).map_err(Error::Config)?;
    config.for_each_secret(redact::protect);
    let found = run::check(&config);
    for warning in &found.warnings {
        // There is nowhere to report that a warning could not be written.
        let _ = writeln!(io::stderr(), "warning: {}", one_line(warning));
    }
    match found.errors.as_slice() {
        [] => print(&accepted(&config)),
        errors => {
            let lines = errors
                .iter()
                .map(|error| format!("start tunnel-client: {}", one_line(error)));
            Err(Error::Message(lines.collect::<Vec<_>>().join("\n")))
        }
    }
}

/// The line for a configuration without mistakes.
fn accepted(config: &Config) -> String {
    let mut line = format!("OK {}", config.selection());
    if let (Selection::Profile { .. }, Some(path)) = (config.selection(), config.selection().path()) {
        // Writing to a String cannot fail.
        let _ = write!(line, " ({})", path.display());
    }
    let (mut urls, mut commands) = (0, 0);
    for binding in config.served() {
        match binding.target {
            Target::Http { .. } => urls += 1,
            Target::Stdio { .. } => commands += 1,
        }
    }
    let _ = write!(
        line,
        ": tunnel {} at {}; MCP servers: {urls} behind a URL, {commands} on stdio; nothing was contacted",
        config.control_plane.tunnel_id,
        config.control_plane.base_url.origin()
    );
    one_line(&line)
}
