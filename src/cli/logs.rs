//! `tunnel-client logs explain`: one request in the logs of both ends, with what each line means.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, stdin};
use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::args::option;
use super::start::Start;
use super::text::one_line;
use super::{Error, print};
use crate::explain::{Story, Wanted};
use crate::limits::EXPLAIN_INPUT_MAX;

/// The exit code when no log names the request.
const NOT_FOUND: u8 = 2;

/// Stands for standard input.
const INPUT: &str = "-";

const AFTER_HELP: &str = "\
REQUEST_ID is the request_id in data of the caller's error, the x-request-id of the relay's answer, or the X-Request-Id that the caller
sent. Logs of tunnel-client and of tunnel-relay are understood in each of their formats; they are told in the order given.

Exit status: 0 when a log names the request, 2 when none does, 1 when a log cannot be read.

Examples:
  tunnel-client logs explain req_0123456789abcdef0123456789abcdef --log /var/log/tunnel-client/tunnel-client.log
  journalctl -o cat -u tunnel-client | tunnel-client logs explain ticket-7 --log -";

pub(super) fn arguments() -> Command {
    let explain = Command::new("explain")
        .about("Explain what became of one request")
        .after_help(AFTER_HELP)
        .arg(
            Arg::new("id")
                .value_name("REQUEST_ID")
                .required(true)
                .help("Id of the request, by the control plane or by its caller"),
        )
        .arg(
            option("log", "FILE", "Log to search, repeatable; - is standard input")
                .action(ArgAction::Append)
                .required(true),
        );
    Command::new("logs")
        .about("Explain what the log says")
        .after_help("The log itself: journalctl -u tunnel-client, or the file of log.file.")
        .subcommand(explain)
}

/// Prints the story of a request.
pub(super) fn execute(matches: &mut ArgMatches, _: Start) -> Result<(), Error> {
    let Some(("explain", matches)) = matches.subcommand() else {
        // The help was printed.
        return Ok(());
    };
    let Some(id) = matches.get_one::<String>("id") else {
        return Ok(());
    };
    let paths: Vec<&OsString> = matches.get_many("log").into_iter().flatten().collect();
    let input = match paths.iter().any(|path| *path == INPUT) {
        true => whole_input()?,
        false => Vec::new(),
    };
    // Twice: a line that tells a further name of the request may stand after lines with that name.
    let mut wanted = Wanted::new(id);
    for path in &paths {
        wanted.learn(open(path, &input)?).map_err(unreadable(path))?;
    }
    let mut story = Story::default();
    for path in &paths {
        story.read(&wanted, open(path, &input)?).map_err(unreadable(path))?;
    }
    if story.is_empty() {
        print(&format!(
            "No line names {}. The client writes no line about a call that went well; the relay writes one for each call.",
            one_line(id)
        ))?;
        return Err(Error::Reported(NOT_FOUND));
    }
    print(&story.to_string())
}

fn open<'a>(path: &OsString, input: &'a [u8]) -> Result<Box<dyn BufRead + 'a>, Error> {
    if path == INPUT {
        return Ok(Box::new(input));
    }
    let file = File::open(path).map_err(unreadable(path))?;
    Ok(Box::new(BufReader::new(file)))
}

/// Standard input is kept, because it is read twice.
fn whole_input() -> Result<Vec<u8>, Error> {
    let mut input = Vec::new();
    // The bound fits into 64 bits.
    let bound = EXPLAIN_INPUT_MAX as u64;
    let mut stdin = stdin().lock().take(bound + 1);
    stdin.read_to_end(&mut input).map_err(unreadable(INPUT))?;
    if input.len() > EXPLAIN_INPUT_MAX {
        return Err(Error::Message(format!(
            "logs explain: standard input is longer than {EXPLAIN_INPUT_MAX} bytes; save it to a file, and name the file with --log"
        )));
    }
    Ok(input)
}

fn unreadable(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Error {
    let path = path.as_ref().display().to_string();
    move |error| {
        Error::Message(format!(
            "logs explain: {path}: {error}; check the name and the permissions of the log"
        ))
    }
}
