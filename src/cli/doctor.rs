//! `tunnel-client doctor`.

mod sandbox;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};

use clap::{ArgMatches, Command};

use super::args::{is_on, switch};
use super::start::Start;
use super::text::is_coloured;
use super::{Error, help, print, settings};
use crate::doctor::{self, Report, Request, json, text};
use crate::probes::ROLE;
use crate::secrets::Disk;

/// The exit code when a check failed (contract: cli, section 7).
const FAILED: u8 = 2;

pub(super) fn arguments() -> Command {
    let command = Command::new("doctor")
        .about("Check every step from here to the control plane and MCP servers")
        .after_help(help::AFTER_DOCTOR)
        .disable_version_flag(true)
        .args_override_self(true)
        .args([
            switch("explain").help("Say why each step that did not pass matters, what was seen, and what to do"),
            switch("json").help("Print the report as JSON"),
            switch("sandbox")
                .help("Try to get out of the sandbox, in every way there is a probe for, and print what became of it"),
            sandbox::role(),
            switch("start-stdio").help("Start the stdio MCP servers too, to see whether they answer"),
        ]);
    settings::add(command)
}

/// Walks the way, prints the report on standard output; nothing else says that a check failed but the exit code.
pub(super) fn execute(matches: &mut ArgMatches, start: Start) -> Result<(), Error> {
    if is_on(matches, ROLE) {
        return sandbox::play(matches, start);
    }
    if is_on(matches, "sandbox") {
        return sandbox::prove(matches, start);
    }
    let is_coloured = is_coloured(&start.environment);
    let report = examine(matches, start);
    let text = if is_on(matches, "json") {
        json::render(&report)
    } else {
        let style = text::Style {
            explain: is_on(matches, "explain"),
            colour: is_coloured,
        };
        text::render(&report, style)
    };
    // A reader that has seen enough does not change what was found.
    print(&text).or_else(Error::ignore_closed_output)?;
    if report.failed().is_empty() {
        return Ok(());
    }
    if !is_on(matches, "json") && !is_on(matches, "explain") && io::stderr().is_terminal() {
        let _ = writeln!(io::stderr(), "\nWhy, and what to do: add --explain");
    }
    Err(Error::Reported(FAILED))
}

/// Drops and wipes the arguments and environment that the process was started with.
fn examine(matches: &ArgMatches, start: Start) -> Report {
    let flags = settings::flags(matches);
    let profile_dir = matches
        .get_one::<OsString>("profile-dir")
        .map(|path| path.to_string_lossy().into_owned());
    let again = start.again();
    let request = Request {
        flags: &flags,
        environment: &again.environment,
        start_stdio: is_on(matches, "start-stdio"),
        again: Some(&again),
        profile_dir: profile_dir.as_deref().filter(|path| !path.trim().is_empty()),
    };
    let mut progress = Progress::new();
    doctor::examine(&request, &Disk::default(), &mut |id| progress.show(id))
}

/// Which check is under way, on a terminal only; gone when the report is there.
pub(super) struct Progress {
    shown: bool,
    terminal: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            shown: false,
            terminal: io::stderr().is_terminal(),
        }
    }

    pub(super) fn show(&mut self, id: &str) {
        if self.terminal {
            self.shown = true;
            // Nobody misses what cannot be shown.
            let _ = write!(io::stderr(), "\r\u{1b}[Kchecking {id} ...");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}
