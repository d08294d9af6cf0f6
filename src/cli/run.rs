//! `tunnel-client run`.

use std::mem;

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgMatches, Command};

use super::args::{is_on, switch};
use super::{Error, help, settings};
use crate::config::{self, Config, ConfigErrors, Flags, Source};
use crate::sandbox::conceal;
use crate::secrets::{self, Disk, Environment};
use crate::sys::own_block;

/// Where arguments that belong to no flag are kept; they are ignored (spec: cli, section 1).
const SURPLUS: &str = "surplus";

/// Asks the existing client to serve an MCP server of its own, for a first try; ours is a command of the relay.
const STUB: &str = "embedded-mcp-stub";

/// Flags that belong to [`STUB`].
const STUB_FLAGS: [&str; 3] = [
    "embedded-mcp-listen-addr",
    "embedded-mcp-server-name",
    "embedded-mcp-server-version",
];

/// Shown when a setting is missing that everybody needs: this may be the first time.
const FIRST_STEPS: &str = "

First steps:
  tunnel-client help quickstart               from nothing to a running tunnel
  tunnel-client admin tunnels create --help   create a tunnel and get its id
  tunnel-client init --help                   write a profile from a sample
  tunnel-relay mcp-stub                       start an MCP server to try with";

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
    settings::add(command).args(stub_flags()).arg(surplus)
}

fn stub_flags() -> impl Iterator<Item = Arg> {
    let others = STUB_FLAGS.map(|name| {
        Arg::new(name)
            .long(name)
            .hide(true)
            .value_parser(OsStringValueParser::new())
            .allow_hyphen_values(true)
    });
    [switch(STUB).hide(true)].into_iter().chain(others)
}

/// Loads the configuration and serves the tunnel until told to stop.
pub(super) fn execute(matches: &mut ArgMatches) -> Result<(), Error> {
    refuse_stub(matches)?;
    conceal().map_err(|error| Error::Message(format!("the process cannot be closed to others: {error}")))?;
    let mut config = configure(&settings::flags(matches)).map_err(with_first_steps)?;
    // Flags can hold proxies' passwords and tokens.
    drop(mem::take(matches));
    hide_secrets(&mut config);
    crate::run::run(config).map_err(Error::Run)
}

/// Takes what was read out of the blocks that `/proc` shows of us. What servers receive of it is in the configuration.
fn hide_secrets(config: &mut Config) {
    let hidden = own_block::scrub(|arguments| {
        secrets::mask_flags(arguments, config::flag_holds_secret);
        config.for_each_secret(|secret| secrets::mask_secret(arguments, secret));
    });
    if let Err(error) = hidden {
        config.warnings.push(format!(
            "secrets in the environment and in arguments stay readable under /proc for this user and root: {error}; keep them in files"
        ));
    }
}

/// The snapshot of the environment ends here, wiped, before anything runs.
fn configure(flags: &Flags) -> Result<Config, ConfigErrors> {
    let environment = Environment::of_process();
    config::read(flags, &environment, &Disk)
}

/// The flags of the embedded server change nothing while it is off, and get one answer when it is asked for.
fn refuse_stub(matches: &ArgMatches) -> Result<(), Error> {
    if !is_on(matches, STUB) {
        return Ok(());
    }
    let servers = ["mcp.command", "mcp.server-url", "mcp-command", "mcp-server-url"];
    if let Some(server) = servers.into_iter().find(|name| matches.contains_id(name)) {
        let server = server.replacen('-', ".", usize::from(!server.contains('.')));
        return Err(Error::Message(format!(
            "--{STUB} cannot be combined with --{server}; remove --{STUB}, which this client does not have"
        )));
    }
    Err(Error::Message(format!(
        "--{STUB} is not part of this client: start \"tunnel-relay mcp-stub\" and give its URL to --mcp.server-url"
    )))
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
