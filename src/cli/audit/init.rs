//! `tunnel-client audit init`.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use audit_log::{InitialKey, KeyFile};
use clap::builder::OsStringValueParser;
use clap::{Arg, ArgMatches, Command};
use secrecy::zeroize::Zeroizing;

use crate::cli::Error;
use crate::cli::args::option;
use crate::cli::text::one_line;
use crate::files::{self, Missing, Rule, Spot};

pub(super) fn arguments() -> Command {
    Command::new("init")
        .about("Make the key file of an audit log")
        .after_help(
            "Makes KEY_FILE for audit.key_file, with mode 0600; an existing file is refused. Prints the initial key on standard output, \
             or writes it to the file of --copy. Keep it away from this host: it is needed to verify the log, and with it anybody can \
             forge one. It cannot be made again after the first start. If root runs this, give KEY_FILE to the client's user afterwards.",
        )
        .arg(option("copy", "FILE", "New file for the initial key, instead of standard output"))
        .arg(
            Arg::new("key-file")
                .value_name("KEY_FILE")
                .required(true)
                .value_parser(OsStringValueParser::new()),
        )
}

pub(super) fn execute(matches: &ArgMatches) -> Result<(), Error> {
    let path = |name: &str| matches.get_one::<OsString>(name).map(PathBuf::from);
    let key_file = path("key-file").unwrap_or_default();
    let copy = path("copy");
    let mut random = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *random).map_err(|error| Error::Message(format!("the system has no randomness: {error}")))?;
    let initial = InitialKey::new(&random);
    let key_spot = spot(&key_file)?;
    let made = key_spot
        .create(MODE)
        .map_err(|error| refused(&key_file, &error.into()))?;
    let written = KeyFile::create(made, &initial)
        .map_err(|error| refused(&key_file, &error))
        .and_then(|()| hand_over(&initial, copy.as_deref()));
    // A key that nobody else has would make a log that nobody can verify.
    written.inspect_err(|_| key_spot.discard())?;
    let kept = copy.map_or_else(
        || "on standard output".to_owned(),
        |copy| format!("in {}", shown(&copy)),
    );
    // The files are made whether or not this can be said.
    let _ = writeln!(
        io::stderr(),
        "Made {}. The initial key is {kept}: keep it on another host, for tunnel-client audit verify.",
        shown(&key_file)
    );
    Ok(())
}

const MODE: u32 = 0o600;

fn hand_over(initial: &InitialKey, copy: Option<&Path>) -> Result<(), Error> {
    let text = initial.text();
    let Some(path) = copy else {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        return written.map_err(Error::Output);
    };
    let spot = spot(path)?;
    let mut file: File = spot.create(MODE).map_err(|error| refused(path, &error.into()))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| {
        spot.discard();
        refused(path, &error)
    })
}

fn spot(path: &Path) -> Result<Spot, Error> {
    let found: Result<Spot, files::Error> = Spot::of(path, Rule::reading(true), Missing::Fail);
    found.map_err(|error| refused(path, &error.into()))
}

fn refused(path: &Path, error: &io::Error) -> Error {
    let path = shown(path);
    Error::Message(match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("audit init: {path} exists; a key that is in use must not be replaced, so name another file")
        }
        _ => format!("audit init: {path} cannot be made: {error}"),
    })
}

fn shown(path: &Path) -> String {
    one_line(&path.display().to_string())
}
