//! `tunnel-client health`: asks a running daemon how it is. Nothing secret is sent, and no proxy is used.

pub(super) mod get;
pub(super) mod locator;
mod metric;
mod probe;
mod process;
mod report;

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command};
use std::ffi::OsString;

#[cfg(fuzzing)]
pub(crate) use self::locator::fuzzing as locator_fuzzing;
pub(super) use self::locator::{Base, Locator};
use self::process::Process;
use self::report::Report;
use super::args::{is_on, option, switch};
use super::start::Start;
use super::text::json;
use super::{Error, print};

/// The exit code when something is not as it should be (contract: cli, section 1).
const UNHEALTHY: u8 = 2;

const AFTER_HELP: &str = "\
Choose exactly one of --url, --url-file and --port.

Exit status: 0 when every check passes, 2 when one does not, 1 when the arguments make no sense.

Examples:
  tunnel-client health --port 8080
  tunnel-client health --url-file /run/tunnel-client/health.url --require-control-plane-poll --json";

/// Flags that name the listener of a running daemon.
pub(super) fn listener() -> [Arg; 3] {
    [
        option(
            "url",
            "URL",
            "Base URL of the health listener: http://, https:// or http+unix://",
        ),
        option(
            "url-file",
            "PATH",
            "File that the daemon writes its URL to (health.url_file)",
        ),
        option("port", "PORT", "Port of the health listener on 127.0.0.1"),
    ]
}

pub(super) fn arguments() -> Command {
    Command::new("health")
        .about("Ask a running daemon how it is")
        .after_help(AFTER_HELP)
        .args(listener())
        .args([
            option("pid", "PID", "Check that this process is running"),
            option(
                "pid-file",
                "PATH",
                "Check that the process in this file is running (process.pid_file)",
            ),
            switch("require-control-plane-poll").help("Fail unless a poll of the control plane has succeeded"),
            switch("json").help("Print JSON"),
        ])
}

/// Asks, reports, and fails when something is not as it should be.
pub(super) fn execute(matches: &mut ArgMatches, _: Start) -> Result<(), Error> {
    let locator = locator(matches)?;
    let process = process(matches)?;
    let report = Report::make(&locator, process.as_ref(), is_on(matches, "require-control-plane-poll"));
    print(&if is_on(matches, "json") {
        json(&report)
    } else {
        report.to_string()
    })?;
    if report.is_ok() {
        Ok(())
    } else {
        Err(Error::Reported(UNHEALTHY))
    }
}

fn locator(matches: &ArgMatches) -> Result<Locator, Error> {
    locator_if_any(matches)?.ok_or_else(ambiguous)
}

/// The listener that the arguments name, for a command with the same flags.
pub(super) fn locator_if_any(matches: &ArgMatches) -> Result<Option<Locator>, Error> {
    let located = match (
        value(matches, "url"),
        value(matches, "url-file"),
        value(matches, "port"),
    ) {
        (None, None, None) => return Ok(None),
        (Some(url), None, None) => Ok(Locator::Url(text(url, "--url")?.to_owned())),
        (None, Some(path), None) => Ok(Locator::UrlFile(PathBuf::from(path))),
        (None, None, Some(port)) => text(port, "--port")?
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .map(Locator::Port)
            .ok_or_else(|| Error::Message("--port must be a number from 1 to 65535".to_owned())),
        _ => Err(ambiguous()),
    };
    located.map(Some)
}

fn ambiguous() -> Error {
    Error::Message("choose exactly one of --url, --url-file, or --port".to_owned())
}

fn process(matches: &ArgMatches) -> Result<Option<Process>, Error> {
    match (value(matches, "pid"), value(matches, "pid-file")) {
        (None, None) => Ok(None),
        (Some(pid), None) => process::parse(text(pid, "--pid")?)
            .map(|pid| Some(Process::Pid(pid)))
            .ok_or_else(|| Error::Message("--pid must be a number greater than 0".to_owned())),
        (None, Some(path)) => Ok(Some(Process::File(PathBuf::from(path)))),
        (Some(_), Some(_)) => Err(Error::Message("choose at most one of --pid and --pid-file".to_owned())),
    }
}

/// The value of a flag; empty means unset (contract: cli, section 8).
pub(super) fn value<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a OsString> {
    matches.get_one(name).filter(|value: &&OsString| !value.is_empty())
}

pub(super) fn text<'a>(value: &'a OsString, flag: &str) -> Result<&'a str, Error> {
    value
        .to_str()
        .map(str::trim)
        .ok_or_else(|| Error::Message(format!("{flag} is not UTF-8 text")))
}
