//! `tunnel-relay audit init`: makes the key of an audit log.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgMatches, Command};

use crate::audit;

pub(super) fn command() -> Command {
    Command::new("audit")
        .about("Makes the key of an audit log; tunnel-client audit verify reads its files")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("init")
                .about("Makes the key file of an audit log")
                .after_help(
                    "Makes KEY_FILE for --audit-key-file, with mode 0600; an existing file is refused. Prints the initial key. Keep it \
                     away from this host: it is needed to verify the log, and with it anybody can forge one. It cannot be made again \
                     after the first start. If root runs this, give KEY_FILE to the relay's user afterwards.",
                )
                .arg(
                    Arg::new("key-file")
                        .value_name("KEY_FILE")
                        .required(true)
                        .value_parser(OsStringValueParser::new())
                        .help("File to make"),
                ),
        )
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let Some(("init", matches)) = matches.subcommand() else {
        return Ok(());
    };
    let path = matches.get_one::<OsString>("key-file").map(PathBuf::from);
    audit::make_key(&path.unwrap_or_default(), |initial| {
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(initial.as_bytes()).and_then(|()| stdout.flush());
        written.map_err(|error| format!("stdout: {error}"))
    })
}
