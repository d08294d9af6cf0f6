//! `tunnel-client profiles add`.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgMatches, Command};

use super::place::{self, Place, show};
use super::{check, lines, mention_missing, write};
use crate::cli::init::{Service, TunnelId, text_flag};
use crate::cli::{Error, args, print};
use crate::config::ProfileName;
use crate::limits::CONFIG_FILE_MAX;
use crate::samples::{Sample, Values};
use crate::secrets::{Disk, Environment, Files};

pub(super) fn arguments() -> Command {
    Command::new("add")
        .about("Add a profile from a file or a sample")
        .disable_version_flag(true)
        .args_override_self(true)
        .arg(Arg::new("name").value_name("NAME"))
        .arg(
            Arg::new("from-file")
                .long("from-file")
                .value_name("PATH")
                .allow_hyphen_values(true)
                .value_parser(OsStringValueParser::new())
                .help("Configuration file to copy"),
        )
        .args([
            text_flag("sample", "NAME", "Sample to fill"),
            text_flag("tunnel-id", "ID", "Id of the tunnel, for a sample"),
            text_flag("mcp-server-url", "URL", "MCP server over HTTP, for a sample"),
            text_flag("mcp-command", "COMMAND", "MCP server over stdio, for a sample"),
        ])
        .arg(super::force_flag())
}

pub(super) fn execute(matches: &ArgMatches, environment: &Environment) -> Result<(), Error> {
    let name = place::name(matches.get_one::<String>("name").map_or("", String::as_str))?;
    let place = Place::choose(matches, environment)?;
    let path = name.path_in(&place.dirs.directory);
    let text = text(matches)?;
    let verdict = check(&path, &text, environment);
    if !verdict.mistakes.is_empty() {
        return Err(Error::Message(format!(
            "profile did not validate; not adding{}",
            lines(&verdict.mistakes)
        )));
    }
    save(&place, &path, &name, &text, args::is_on(matches, "force"))?;
    mention_missing(&verdict);
    print(&format!("Added profile {name} at {}\n", show(&path)))
}

/// Writes a new profile, or with `force` in place of the one that exists.
pub(in crate::cli) fn save(
    place: &Place,
    path: &Path,
    name: &ProfileName,
    text: &[u8],
    force: bool,
) -> Result<(), Error> {
    // In an earlier place it would be hidden by the new one.
    if let Some(other) = place.dirs.existing(name).filter(|other| other != path && !force) {
        return Err(Error::Message(format!(
            "profile \"{name}\" already exists as {}; remove that file, or pass --force to write {}, which is read instead",
            show(&other),
            show(path)
        )));
    }
    place.make()?;
    let saved = match force {
        true => write::replace(path, name, text),
        false => write::create(path, text),
    };
    saved.map_err(|error| {
        Error::Message(match error.kind() {
            io::ErrorKind::AlreadyExists if !force => {
                format!("profile \"{name}\" already exists; pass --force to replace it")
            }
            _ => format!("write profile {}: {error}", show(path)),
        })
    })
}

/// The profile's text, from a file or a sample.
fn text(matches: &ArgMatches) -> Result<Vec<u8>, Error> {
    let file = matches.get_one::<OsString>("from-file").filter(|path| !path.is_empty());
    let flag = |name| {
        matches
            .get_one::<String>(name)
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
    };
    match (file, flag("sample")) {
        (Some(file), None) => {
            let read = Disk::default().read(Path::new(file), CONFIG_FILE_MAX);
            let bytes = read.map_err(|error| Error::Message(format!("read {}: {error}", show(Path::new(file)))))?;
            Ok(bytes.to_vec())
        }
        (None, Some(name)) => {
            let tunnel_id = TunnelId::parse(flag("tunnel-id"), &Service::Hosted)?;
            let message = |error: crate::samples::SampleError| Error::Message(error.to_string());
            let sample = Sample::find(name).map_err(message)?;
            let server = sample
                .server(flag("mcp-server-url"), flag("mcp-command"))
                .map_err(message)?;
            let yaml = sample
                .render(&Values::new(tunnel_id.as_str(), server))
                .map_err(message)?;
            Ok(yaml.into_bytes())
        }
        _ => Err(Error::Message("set exactly one of --from-file or --sample".to_owned())),
    }
}
