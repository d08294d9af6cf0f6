//! `tunnel-client config`: `show` prints the effective configuration and where each value comes from, for anybody to read; `check`
//! says whether `run` would take it.

mod check;
#[cfg(fuzzing)]
pub(super) mod fuzzing;
mod json;
mod text;

use std::io::{self, Write};

use clap::{ArgMatches, Command};

use super::args::{is_on, switch};
use super::start::Start;
use super::text::is_coloured;
use super::{Error, print, settings};
use crate::config::{Effective, File, Kind, Opened, Selection, Source};
use crate::secrets::{Disk, Environment};
use crate::telemetry::redact;

/// What is shown.
struct View<'a> {
    selection: &'a Selection,
    settings: Vec<Effective>,
}

pub(super) fn arguments() -> Command {
    let show = Command::new("show")
        .about("Show every setting with its value and its source; secrets stay hidden")
        .after_help(
            "Takes the flags of run, so that the same command line shows what run would do. Exit code 1 when run would refuse \
             to start; the reasons are on standard error. Where a setting has no effect in this version, --json says why.",
        )
        .arg(switch("all").help("Show settings without a value and those without effect, too"))
        .arg(switch("json").help("Print JSON"));
    Command::new("config")
        .about("Check or show the configuration, with the source of each value")
        .subcommand(settings::add(show))
        .subcommand(check::arguments())
}

pub(super) fn execute(matches: &mut ArgMatches, start: Start) -> Result<(), Error> {
    match matches.subcommand() {
        Some(("check", matches)) => check::execute(matches, &start.environment),
        Some((_, matches)) => show(matches, &start.environment),
        // The help was printed.
        None => Ok(()),
    }
}

fn show(matches: &ArgMatches, environment: &Environment) -> Result<(), Error> {
    let flags = settings::flags(matches);
    let disk = Disk::default();
    let opened = Opened::open(&flags, environment, &disk).map_err(Error::Config)?;
    // First: what is shown may have a secret where none belongs.
    let checked = opened.check();
    if let Ok(config) = &checked {
        config.for_each_secret(redact::protect);
    }
    let mut settings = opened.effective();
    if !is_on(matches, "all") {
        settings.retain(is_telling);
    }
    if opened.file().is_none_or(|file: &File| file.is_readable) {
        let view = View {
            selection: opened.selection(),
            settings,
        };
        print(&if is_on(matches, "json") {
            json::render(&view)
        } else {
            text::render(&view, is_coloured(environment))
        })?;
    }
    let config = checked.map_err(Error::Config)?;
    let secluded = config.secluded.iter().map(ToString::to_string);
    for warning in config.warnings.iter().cloned().chain(secluded) {
        // There is nowhere to report that a warning could not be written.
        let _ = writeln!(io::stderr(), "warning: {}", redact::scrub(&warning));
    }
    Ok(())
}

/// Whether a setting is worth a line: it has a value, and one that does something or that somebody wrote.
fn is_telling(one: &Effective) -> bool {
    let is_written = one.values.iter().any(|value| value.origin.source != Source::Default);
    is_written || !one.values.is_empty() && one.setting.without_effect.is_none()
}

/// Whether a setting has a list of values.
fn is_list(one: &Effective) -> bool {
    !matches!(one.setting.kind, Kind::One | Kind::Switch)
}
