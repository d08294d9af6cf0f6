//! `tunnel-client config show`: the effective configuration and where each value comes from, for anybody to read.

mod json;
mod text;

use std::io::{self, Write};

use clap::{ArgMatches, Command};

use super::args::{is_on, switch};
use super::text::is_coloured;
use super::{Error, print, settings};
use crate::config::{self, Effective, File, Kind, Selection, Source, Sources};
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
        .about("Show the effective configuration and where each value comes from")
        .subcommand(settings::add(show))
}

pub(super) fn execute(matches: &mut ArgMatches) -> Result<(), Error> {
    // Without a subcommand the help was printed.
    matches.subcommand().map_or(Ok(()), |(_, matches)| show(matches))
}

fn show(matches: &ArgMatches) -> Result<(), Error> {
    let flags = settings::flags(matches);
    let environment = Environment::of_process();
    let selection = Selection::choose(&flags, &environment).map_err(Error::Config)?;
    let file = selection.open(&Disk);
    let sources = Sources {
        flags: &flags,
        environment: &environment,
        file: file.as_ref(),
        files: &Disk,
    };
    let mut settings = config::effective(&sources);
    if !is_on(matches, "all") {
        settings.retain(is_telling);
    }
    if file.as_ref().is_none_or(|file: &File| file.is_readable) {
        let view = View {
            selection: &selection,
            settings,
        };
        print(&if is_on(matches, "json") {
            json::render(&view)
        } else {
            text::render(&view, is_coloured())
        })?;
    }
    let config = config::load(&sources).map_err(Error::Config)?;
    for warning in &config.warnings {
        // There is nowhere to report that a warning could not be written.
        let _ = writeln!(io::stderr(), "warning: {}", redact::scrub(warning));
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
