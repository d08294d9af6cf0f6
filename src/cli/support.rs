//! `tunnel-client support export`: gathers what is known here into a bundle for a ticket.

mod live;
mod local;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{ArgMatches, Command};

use super::args::{is_on, option, switch};
use super::doctor::Progress;
use super::health::Locator;
use super::start::Start;
use super::text::one_line;
use super::{Error, print, settings};
use crate::bundle::{self, ADMIN, DOCTOR, HEALTH, READYZ, SANDBOX, Sources};
use crate::config::{Opened, variable_holds_secret};
use crate::files::{self, Missing, Rule, Spot};
use crate::secrets::Disk;
use crate::telemetry::redact;

pub(super) use local::written;

/// Stands for standard output.
const OUTPUT: &str = "-";

/// Mode of the archive: whatever is in it, its owner decides who sees it.
const MODE: u32 = 0o600;

/// Flags of this command that take a value and are no settings.
const OWN_FLAGS: [&str; 4] = ["output", "url", "url-file", "port"];

const AFTER_HELP: &str = "\
Takes the flags of run, so that the same command line exports what run would do. Writes one new file that only its owner can read;
an existing one is never replaced. Secrets are replaced in all of it. README.txt in the archive says what is in it and what is not.

The running process is found by --url, --url-file or --port, or by the configuration (health.url_file, health.listen_addr). Without it
the bundle has no metrics and no health.

Exit status: 0 when the archive is written, 1 when it is not. A configuration with mistakes is in the bundle, with its mistakes.

Examples:
  tunnel-client support export --profile local-stdio
  tunnel-client support export --config /etc/tunnel-client/tunnel-client.yaml --output - | ssh desk 'cat > bundle.tar.gz'";

pub(super) fn arguments() -> Command {
    let own = [
        option(
            "output",
            "FILE",
            "File to write, which must not exist; - is standard output [default: tunnel-client-logs-TIME.tar.gz]",
        ),
        option("url", "URL", "Base URL of the health listener of the running process"),
        option("url-file", "PATH", "File that the running process wrote its URL to"),
        option("port", "PORT", "Port of the health listener on 127.0.0.1"),
        switch("offline").help("Contact nobody but the running process: leave out doctor"),
    ];
    let export = Command::new("export")
        .about("Write an archive that may be attached to a public ticket")
        .after_help(AFTER_HELP)
        .args_override_self(true)
        .args(own);
    Command::new("support")
        .about("Gather what is needed to help")
        .subcommand(settings::add(export))
}

pub(super) fn execute(matches: &mut ArgMatches, start: Start) -> Result<(), Error> {
    let Some(("export", matches)) = matches.subcommand() else {
        // The help was printed.
        return Ok(());
    };
    let at = SystemTime::now();
    let output: Option<&OsString> = matches.get_one("output").filter(|path: &&OsString| !path.is_empty());
    let to_stdout = output.is_some_and(|path| path == OUTPUT);
    if to_stdout && io::stdout().is_terminal() {
        return Err(Error::Message(
            "support export: the archive is no text for a terminal; write > FILE, or name a file with --output"
                .to_owned(),
        ));
    }
    let path = match output {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(bundle::name_of(at)),
    };
    // Before anything is gathered, which takes its time.
    let place = match to_stdout {
        true => None,
        false => Some(place(&path)?),
    };
    let locator = super::health::locator_if_any(matches)?;
    let archive = bundle::pack_at_once(gather(matches, start, locator.as_ref(), at)?);
    match place {
        None => {
            let mut stdout = io::stdout().lock();
            stdout
                .write_all(&archive)
                .and_then(|()| stdout.flush())
                .map_err(Error::Output)
        }
        Some(spot) => {
            write(&spot, &archive).map_err(|error| failed(&path, error))?;
            let name = one_line(&path.display().to_string());
            print(&format!(
                "{name}: {} bytes; secrets are replaced in all of it. Look at it before you send it: tar -xzOf {name} | less",
                archive.len()
            ))
        }
    }
}

/// The place of a file that is not there yet.
fn place(path: &Path) -> Result<Spot, Error> {
    let spot = Spot::of(path, Rule::creating(), Missing::Stop).map_err(|error| failed(path, error))?;
    spot.could_create().map_err(|error| failed(path, error))?;
    match spot.look() {
        Ok(None) => Ok(spot),
        Ok(Some(_)) => Err(failed(path, io::Error::from(io::ErrorKind::AlreadyExists).into())),
        Err(error) => Err(failed(path, error)),
    }
}

/// Leaves no part of an archive behind.
fn write(spot: &Spot, archive: &[u8]) -> Result<(), files::Error> {
    let mut file = spot.create(MODE)?;
    let written = file.write_all(archive).and_then(|()| file.sync_all());
    written.inspect_err(|_| spot.discard())?;
    Ok(())
}

fn failed(path: &Path, error: files::Error) -> Error {
    Error::Message(format!(
        "support export: --output: {} cannot be written: {error}; name a new file in a directory of your own",
        path.display()
    ))
}

fn gather(matches: &ArgMatches, start: Start, locator: Option<&Locator>, at: SystemTime) -> Result<Sources, Error> {
    let flags = settings::flags(matches);
    let mut again = start.again();
    again.arguments = as_doctor(again.arguments);
    let disk = Disk::default();
    let opened = Opened::open(&flags, &again.environment, &disk).map_err(Error::Config)?;
    let secret = opened.secret_variables();
    let environment = bundle::environment(&again.environment, &secret);
    let checked = opened.check();
    match &checked {
        Ok(config) => config.for_each_secret(redact::protect),
        // A mistake may be told with what a variable holds.
        Err(_) => secret
            .iter()
            .filter(|name| !variable_holds_secret(name))
            .filter_map(|name| again.environment.value(name)?.to_str())
            .for_each(redact::protect),
    }
    let runtime = written(&opened, checked.as_ref().err(), environment);
    let config = checked
        .as_ref()
        .map_err(|_| "the configuration has mistakes, which are in tunnel-client.runtime.yaml");
    let mut progress = Progress::new();
    progress.show("the running process");
    let live = live::ask(locator, config.ok());
    progress.show("the log");
    let log = config.map_err(str::to_owned).and_then(local::log);
    progress.show("the sandbox");
    let sandbox = config
        .map_err(str::to_owned)
        .and_then(|config| local::sandbox(config, &again));
    let doctor = match is_on(matches, "offline") {
        true => Err("--offline was given".to_owned()),
        false => local::doctor(&flags, &again, &disk, &mut |id| progress.show(id)),
    };
    let mut documents: Vec<_> = ADMIN.into_iter().zip(live.admin).collect();
    documents.extend([
        (HEALTH, live.health),
        (READYZ, live.readyz),
        (DOCTOR, doctor),
        (SANDBOX, sandbox),
    ]);
    Ok(Sources {
        at,
        made_by: "tunnel-client support export",
        runtime,
        log,
        metrics: live.metrics,
        documents,
    })
}

/// The arguments of `doctor` with the same configuration, for the processes that shut themselves in to tell of the sandbox.
fn as_doctor(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut kept = vec![OsString::from("doctor")];
    let mut arguments = arguments.into_iter().skip_while(|word| word != "export").skip(1);
    while let Some(word) = arguments.next() {
        let flag = word.to_str().and_then(|word| word.strip_prefix("--"));
        match flag {
            Some(name) if OWN_FLAGS.contains(&name) => drop(arguments.next()),
            Some(name) if is_own(name) => {}
            _ => kept.push(word),
        }
    }
    kept
}

/// `offline`, and own flags with `=`.
fn is_own(flag: &str) -> bool {
    let name = flag.split('=').next().unwrap_or(flag);
    name == "offline" || OWN_FLAGS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_this_command_do_not_reach_doctor() {
        let given = [
            "support",
            "export",
            "--output",
            "x",
            "--config",
            "--output",
            "--url=http://h",
            "--offline",
            "--log.level=info",
            "--offline=true",
            "--port",
            "1",
        ];
        let kept = as_doctor(given.map(OsString::from).to_vec());
        // What follows a flag is its value, whatever it looks like: this is what clap does with the rest.
        assert_eq!(kept.first().map(OsString::as_os_str), Some("doctor".as_ref()));
        assert!(kept.contains(&"--config".into()) && kept.contains(&"--log.level=info".into()));
        assert!(
            !kept
                .iter()
                .any(|word| word == "x" || word == "--offline" || word == "--port" || word == "1")
        );
    }
}
