//! The flags of `run` that ask for an MCP server in this process (contract: cli, section 13).

use std::ffi::{OsStr, OsString};

use clap::{Arg, ArgMatches, Command};

use super::Error;
use super::args::{is_on, option, switch};
use crate::config::{Embedded, EmbeddedMode, EmbeddedPlace, embedded_text};

const LISTEN_ADDR: &str = "embedded-mcp-listen-addr";
const UNIX_SOCKET: &str = "embedded-mcp-unix-socket";
const NAME: &str = "embedded-mcp-server-name";
const VERSION: &str = "embedded-mcp-server-version";

const DEFAULT_ADDR: &str = "127.0.0.1:0";
const DEFAULT_NAME: &str = "mcp-stub";
const DEFAULT_VERSION: &str = "0.1.0";

/// Flags that name another server for `main`, and how they are called in messages.
const SERVERS: [(&str, &str); 4] = [
    ("mcp.server-url", "mcp.server-url"),
    ("mcp-server-url", "mcp.server-url"),
    ("mcp.command", "mcp.command"),
    ("mcp-command", "mcp.command"),
];

/// Adds them. They are not made from the table of settings: neither a variable nor a file turns the stub on.
pub(super) fn add(command: Command) -> Command {
    command.args(flags())
}

fn flags() -> [Arg; 6] {
    let mode = |mode: EmbeddedMode, help| switch(mode.flag()).help(help);
    [
        mode(
            EmbeddedMode::Stateful,
            "Serve a small MCP server to try things with on channel main, in place of mcp.server-url",
        ),
        mode(
            EmbeddedMode::Stateless,
            "The same without sessions, in place of any server of channel main",
        ),
        option(
            LISTEN_ADDR,
            "ADDRESS",
            "Loopback address of the stub; port 0 lets the kernel choose [default: 127.0.0.1:0]",
        ),
        option(UNIX_SOCKET, "PATH", "Unix socket of the stub, instead of an address"),
        option(NAME, "NAME", "Name of the stub [default: mcp-stub]"),
        option(VERSION, "VERSION", "Version of the stub [default: 0.1.0]"),
    ]
}

/// The stub that is asked for. Without a flag that turns it on, the others change nothing.
///
/// # Errors
/// Every mistake in these flags, a line each.
pub(super) fn asked_for(matches: &ArgMatches) -> Result<Option<Embedded>, Error> {
    let mode = match [EmbeddedMode::Stateful, EmbeddedMode::Stateless].map(|mode| is_on(matches, mode.flag())) {
        [false, false] => return Ok(None),
        [true, false] => EmbeddedMode::Stateful,
        [false, true] => EmbeddedMode::Stateless,
        [true, true] => {
            return Err(Error::Message(format!(
                "--{} and --{} are mutually exclusive",
                EmbeddedMode::Stateful.flag(),
                EmbeddedMode::Stateless.flag()
            )));
        }
    };
    let mut mistakes = Vec::new();
    if let Some((_, server)) = SERVERS.into_iter().find(|(name, _)| matches.contains_id(name)) {
        let mode = mode.flag();
        mistakes.push(format!(
            "--{mode} cannot be combined with --{server}; use one main MCP target path"
        ));
    }
    let place = place(matches).map_err(|mistake| mistakes.push(mistake)).ok();
    let mut text = |flag: &'static str, default: &str| {
        let written = value(matches, flag).unwrap_or(OsStr::new(default));
        let text = embedded_text(written).map_err(|problem| format!("--{flag} {problem}"));
        text.map_err(|mistake| mistakes.push(mistake)).ok()
    };
    let (name, version) = (text(NAME, DEFAULT_NAME), text(VERSION, DEFAULT_VERSION));
    match (place, name, version) {
        (Some(place), Some(name), Some(version)) if mistakes.is_empty() => Ok(Some(Embedded {
            mode,
            place,
            name,
            version,
        })),
        _ => Err(Error::Message(mistakes.join("\n"))),
    }
}

fn place(matches: &ArgMatches) -> Result<EmbeddedPlace, String> {
    match (value(matches, UNIX_SOCKET), value(matches, LISTEN_ADDR)) {
        (Some(_), Some(_)) => Err(format!(
            "--{UNIX_SOCKET} cannot be combined with --{LISTEN_ADDR}; remove one"
        )),
        (Some(path), None) => EmbeddedPlace::unix_socket(path).map_err(|problem| format!("--{UNIX_SOCKET} {problem}")),
        (None, addr) => EmbeddedPlace::listen_addr(addr.unwrap_or(OsStr::new(DEFAULT_ADDR)))
            .map_err(|problem| format!("--{LISTEN_ADDR} {problem}")),
    }
}

/// The value of a flag; empty means unset, as everywhere.
fn value<'a>(matches: &'a ArgMatches, flag: &str) -> Option<&'a OsStr> {
    let value = matches.get_one::<OsString>(flag)?.as_os_str();
    Some(value).filter(|value| !value.is_empty())
}
