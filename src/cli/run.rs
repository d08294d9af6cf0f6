//! `tunnel-client run`.

use std::mem;

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgMatches, Command};
use serde_json::Value;

use super::start::{Start, hide_secrets};
use super::support::written;
use super::{Error, embedded, help, settings};
use crate::config::{ConfigErrors, Opened, Source};
use crate::secrets::Disk;
use crate::service_manager::Offer;

/// Where arguments that belong to no flag are kept; they are ignored (contract: cli, section 1).
const SURPLUS: &str = "surplus";

/// Shown when a setting is missing that everybody needs: this may be the first time.
const FIRST_STEPS: &str = "

First steps:
  tunnel-client help quickstart               from nothing to a running tunnel
  tunnel-client admin tunnels create --help   create a tunnel and get its id
  tunnel-client init --help                   write a profile from a sample
  tunnel-client run --embedded-mcp-stub       serve a small MCP server of our own to try with";

/// The settings that everybody needs.
const NEEDED: [&str; 3] = ["control-plane.tunnel-id", "control-plane.api-key", "mcp.server-url"];

pub(super) fn arguments() -> Command {
    let command = Command::new("run")
        .about("Serve the tunnel until told to stop")
        .after_help(help::AFTER_RUN);
    let surplus = Arg::new(SURPLUS)
        .num_args(0..)
        .hide(true)
        .value_parser(OsStringValueParser::new());
    embedded::add(settings::add(command)).arg(surplus)
}

/// Loads the configuration and serves the tunnel until told to stop.
pub(super) fn execute(matches: &mut ArgMatches, start: Start) -> Result<(), Error> {
    let mut flags = settings::flags(matches);
    if let Some(embedded) = embedded::asked_for(matches)? {
        flags.embed(embedded);
    }
    let disk = Disk::default();
    let opened = Opened::open(&flags, &start.environment, &disk).map_err(with_first_steps)?;
    let config = opened.check().map_err(with_first_steps)?;
    // Files cannot be read any more when somebody asks for it.
    let written = match &config.page {
        Some(_) => written(&opened, None, Value::Null).to_string(),
        None => String::new(),
    };
    drop(opened);
    let mut warnings = Vec::new();
    let offer = Offer::of(&start.environment, std::process::id(), &mut warnings);
    // Flags can hold proxies' passwords and tokens, and the environment the key. The configuration has the parts of it that servers
    // receive.
    drop((mem::take(matches), flags, start));
    if let Err(error) = hide_secrets(&config) {
        warnings.push(format!(
            "secrets in the environment and in arguments stay readable under /proc for this user and root: {error}; keep them in files"
        ));
    }
    crate::run::run(config, offer, &warnings, &written).map_err(Error::Run)
}

fn with_first_steps(errors: ConfigErrors) -> Error {
    let is_needed = |setting: &str| NEEDED.contains(&setting);
    let is_first_time = errors
        .iter()
        .any(|error| error.origin.source == Source::Unset && is_needed(error.setting));
    let error = Error::Config(errors);
    if is_first_time {
        Error::Message(format!("{error}{FIRST_STEPS}"))
    } else {
        error
    }
}
