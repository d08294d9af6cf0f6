//! `tunnel-client profiles samples list|show`.

use std::fmt::Write as _;

use clap::{Arg, ArgMatches, Command};
use serde_json::json;

use super::list::json_flag;
use crate::cli::{Error, args, print, text};
use crate::samples::{OPTIONAL, Sample};

pub(super) fn arguments() -> Command {
    let plain = |command: Command| command.disable_version_flag(true).args_override_self(true);
    let list = plain(Command::new("list").about("List the samples").arg(json_flag()));
    let show = plain(
        Command::new("show")
            .about("Show a sample: what it is for, what it needs, what it writes")
            .arg(Arg::new("name").value_name("SAMPLE")),
    );
    plain(Command::new("samples").about("Show the samples that profiles are made from"))
        .disable_help_subcommand(true)
        .subcommand(list)
        .subcommand(show)
}

pub(super) fn execute(matches: &ArgMatches) -> Result<(), Error> {
    match matches.subcommand() {
        Some(("list", matches)) => list(matches),
        Some(("show", matches)) => show(matches),
        _ => super::help(&[super::NAME, "samples"]),
    }
}

fn list(matches: &ArgMatches) -> Result<(), Error> {
    let samples = Sample::all().iter();
    if args::is_on(matches, "json") {
        let samples: Vec<_> = samples
            .map(|sample| json!({"name": sample.name, "summary": sample.summary}))
            .collect();
        return print(&text::json(&samples));
    }
    let lines: String = samples
        .map(|sample| format!("{}\t{}\n", sample.name, sample.summary))
        .collect();
    print(&lines)
}

fn show(matches: &ArgMatches) -> Result<(), Error> {
    let name = matches
        .get_one::<String>("name")
        .ok_or_else(|| Error::Usage("name a sample; run tunnel-client profiles samples list to see them".to_owned()))?;
    let sample = Sample::find(name).map_err(|error| Error::Message(error.to_string()))?;
    let yaml = sample.example().map_err(|error| Error::Message(error.to_string()))?;
    let mut text = format!(
        "Sample: {}\nSummary: {}\nUse when: {}\n",
        sample.name, sample.summary, sample.use_when
    );
    for (title, items) in [
        ("Required", sample.required),
        ("Optional", &OPTIONAL),
        ("Notes", sample.notes),
    ] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{title}:");
        for item in items {
            let _ = writeln!(text, "  - {item}");
        }
    }
    print(&format!("{text}\n{yaml}"))
}
