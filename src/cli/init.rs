//! `tunnel-client init` (contract: cli, section 4).

mod report;
mod service;

use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::args::is_on;
use super::profiles::{self, Place, Verdict};
use super::start::Start;
use super::{Error, print};
use crate::config::{ProfileName, echo};
use crate::limits::CA_BUNDLE_MAX;
use crate::preflight;
use crate::samples::{
    DEFAULT_API_KEY_REFERENCE, DEFAULT_BASE_URL, DEFAULT_LISTEN_ADDR, Sample, SampleError, Server, Values,
};
use crate::secrets::{Disk, Environment, Files as _, Outsiders, Prefix, Reference};
use crate::tls::Roots;

pub(super) use service::Service;

/// The name of a profile when none is given.
const DEFAULT_PROFILE: &str = "sample_mcp_with_dcr";

pub(super) fn arguments() -> Command {
    Command::new("init")
        .about("Write a profile from a sample")
        .disable_version_flag(true)
        .args_override_self(true)
        .args([
            text_flag("profile", "NAME", "Name of the profile [default: sample_mcp_with_dcr]"),
            text_flag(
                "sample",
                "NAME",
                "Sample to fill; `tunnel-client profiles samples list` shows them \
                 [default: sample_mcp_stdio_local for a command, else sample_mcp_with_dcr]",
            ),
        ])
        .arg(profiles::place_flag())
        .arg(profiles::force_flag())
        .args([
            text_flag("tunnel-id", "ID", "Id of the tunnel, required"),
            text_flag(
                "control-plane-base-url",
                "URL",
                "Scheme, host and port of the control plane [default: https://api.openai.com]",
            ),
            text_flag("control-plane-url-path", "PATH", "Prefix of the control plane's paths"),
            text_flag(
                "control-plane-api-key-ref",
                "REFERENCE",
                "Where the runtime key is kept: env:NAME, file:PATH or credential:NAME \
                 [default: env:CONTROL_PLANE_API_KEY]",
            ),
            text_flag(
                "ca-bundle",
                "PATH",
                "PEM file of further certificate authorities to trust, such as the one of a relay of your own",
            ),
            text_flag("mcp-server-url", "URL", "MCP server over HTTP"),
            text_flag(
                "mcp-command",
                "COMMAND",
                "MCP server over stdio: a program with its arguments",
            ),
            text_flag(
                "health-listen-addr",
                "HOST:PORT",
                "Address of the health listener [default: 127.0.0.1:8080]",
            ),
        ])
        .arg(
            Arg::new("open-web-ui")
                .long("open-web-ui")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .value_name("true|false")
                .help("Log the address of the status page when the daemon starts"),
        )
}

/// A flag with a text as its value, whatever it looks like.
pub(super) fn text_flag(name: &'static str, placeholder: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name(placeholder)
        .action(ArgAction::Set)
        .allow_hyphen_values(true)
        .help(help)
}

pub(super) fn execute(matches: &mut ArgMatches, start: Start) -> Result<(), Error> {
    let flag = |name| text(matches, name);
    let base_url = flag("control-plane-base-url").unwrap_or(DEFAULT_BASE_URL);
    let service = Service::of(base_url);
    let tunnel_id = TunnelId::parse(flag("tunnel-id"), &service)?;
    let environment = start.environment;
    let name = profiles::name(flag("profile").unwrap_or(DEFAULT_PROFILE))?;
    let place = Place::choose(matches, &environment)?;
    let path = name.path_in(&place.dirs.directory);

    let (url, command) = (flag("mcp-server-url"), flag("mcp-command"));
    let sample = flag("sample").unwrap_or_else(|| Sample::default_for(url, command));
    let sample = Sample::find(sample).map_err(message)?;
    let ca_bundle = flag("ca-bundle").map(ca_bundle).transpose()?;
    let values = Values {
        base_url,
        url_path: flag("control-plane-url-path").unwrap_or_default(),
        api_key: api_key_reference(flag("control-plane-api-key-ref"))?,
        ca_bundle: ca_bundle.as_deref().unwrap_or_default(),
        listen_addr: flag("health-listen-addr").unwrap_or(DEFAULT_LISTEN_ADDR),
        open_web_ui: switch(flag("open-web-ui"))?,
        ..Values::new(tunnel_id.as_str(), sample.server(url, command).map_err(message)?)
    };
    let yaml = sample.render(&values).map_err(message)?;

    let verdict = profiles::check(&path, yaml.as_bytes(), &environment);
    refuse_mistakes(&verdict)?;
    let argv = match values.server {
        Server::Command(command) => check_command(command, &environment)?,
        Server::Url(_) => Vec::new(),
    };
    profiles::save(&place, &path, &name, yaml.as_bytes(), is_on(matches, "force"))?;
    let done = report::Done {
        sample,
        name: &name,
        path: &path,
        place: &place,
        verdict: &verdict,
        relative: relative_file(&argv),
        service: &service,
    };
    print(&done.to_string())
}

/// The value of a flag; blank is unset.
fn text<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a str> {
    let text = matches.get_one::<String>(name).map(|text| text.trim());
    text.filter(|text| !text.is_empty())
}

fn message(error: SampleError) -> Error {
    Error::Message(error.to_string())
}

/// An id of the right form.
pub(super) struct TunnelId<'a>(&'a str);

impl<'a> TunnelId<'a> {
    /// Reads the flag.
    pub(super) fn parse(given: Option<&'a str>, service: &Service) -> Result<Self, Error> {
        let id = given.ok_or_else(|| Error::Message(report::tunnel_id_required(service)))?;
        let is_valid = id
            .strip_prefix("tunnel_")
            .is_some_and(|tail| tail.len() == 32 && tail.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9')));
        if is_valid {
            return Ok(Self(id));
        }
        // Something else may be a key that was pasted into the wrong flag.
        let shown = match id.starts_with("tunnel_") || id.len() < 12 {
            true => format!(" {}", echo(id)),
            false => String::new(),
        };
        Err(Error::Message(format!(
            "invalid tunnel ID{shown}: must match tunnel_<32 lowercase letters or digits>"
        )))
    }

    pub(super) fn as_str(&self) -> &'a str {
        self.0
    }
}

/// The bundle as the profile names it: a file that can be trusted now, by its absolute path, because a daemon may be started from somewhere
/// else. References stay as they are.
fn ca_bundle(given: &str) -> Result<String, Error> {
    if Reference::is_meant(given, Prefix::AnyCase) {
        return Ok(given.to_owned());
    }
    let failed = |error: std::io::Error| Error::Message(format!("--ca-bundle: {}: {error}", echo(given)));
    let path = std::path::absolute(given).map_err(failed)?;
    Disk::default().read(&path, CA_BUNDLE_MAX).map_err(failed)?;
    // As run and config check read it.
    Roots::of_bundle(&path, "ca-bundle", &Outsiders::default())
        .map_err(|error| Error::Message(format!("--ca-bundle: {error}")))?;
    let path = path.into_os_string().into_string();
    path.map_err(|_| Error::Message("--ca-bundle: the path is not UTF-8 text; choose another one".to_owned()))
}

/// A reference to the runtime key. What is none is not shown: it may be the key.
fn api_key_reference(given: Option<&str>) -> Result<&str, Error> {
    match given {
        None => Ok(DEFAULT_API_KEY_REFERENCE),
        Some(text)
            if ["env:", "file:", "credential:"]
                .iter()
                .any(|prefix| text.starts_with(prefix)) =>
        {
            Ok(text)
        }
        Some(_) => Err(Error::Message(
            "--control-plane-api-key-ref must be a reference, never the key itself; \
             write \"env:\" and the name of a variable, or \"file:\" and a path"
                .to_owned(),
        )),
    }
}

fn switch(given: Option<&str>) -> Result<bool, Error> {
    match given {
        None => Ok(false),
        Some(text) => {
            crate::config::boolean(text).ok_or_else(|| Error::Message("--open-web-ui must be true or false".to_owned()))
        }
    }
}

/// Values that the loader refuses, each named by the flag it came from.
fn refuse_mistakes(verdict: &Verdict) -> Result<(), Error> {
    let lines: Vec<String> = verdict
        .mistakes
        .iter()
        .map(|error| match flag_of(error.setting) {
            Some(flag) => format!("{flag}: {}", error.problem),
            None => error.to_string(),
        })
        .collect();
    match lines.as_slice() {
        [] => Ok(()),
        lines => Err(Error::Message(lines.join("\n"))),
    }
}

/// The flag of this command that sets a setting.
fn flag_of(setting: &str) -> Option<&'static str> {
    Some(match setting {
        "control-plane.base-url" => "--control-plane-base-url",
        "control-plane.url-path" => "--control-plane-url-path",
        "control-plane.tunnel-id" => "--tunnel-id",
        "control-plane.api-key" => "--control-plane-api-key-ref",
        "ca-bundle" => "--ca-bundle",
        "mcp.server-url" => "--mcp-server-url",
        "mcp.command" => "--mcp-command",
        "health.listen-addr" => "--health-listen-addr",
        _ => return None,
    })
}

/// Checks that the command can start; its program and arguments.
fn check_command(command: &str, environment: &Environment) -> Result<Vec<String>, Error> {
    let failed = |problem: String| Error::Message(format!("mcp-command preflight failed: {problem}"));
    let argv = crate::config::split_command(command).map_err(failed)?;
    match preflight::check(&argv, environment.value("PATH")) {
        Ok(_) => Ok(argv),
        Err(problem) => Err(failed(problem.to_string())),
    }
}

/// The first word that is a file only as seen from here: a daemon may be started from somewhere else.
fn relative_file(argv: &[String]) -> Option<&str> {
    let mut words = argv.iter().map(String::as_str);
    let program = words.next().filter(|program| program.contains('/'));
    let mut candidates = program
        .into_iter()
        .chain(words)
        .filter(|word| !word.starts_with(['/', '-']));
    candidates.find(|word| Path::new(word).is_file())
}

/// The name of the profile in the next commands.
fn next(command: &str, name: &ProfileName, place: &Place) -> String {
    format!("tunnel-client {command} --profile {name}{}", place.flag_for_next())
}
