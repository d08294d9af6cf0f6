//! `tunnel-client status`: how a running daemon is, in the words of the status page (contract: status, section 11).

mod draw;
mod seen;
mod source;

use std::io::{self, IsTerminal as _, Write as _};
use std::thread;

use clap::{ArgMatches, Command};

use self::draw::Style;
use self::seen::Seen;
use self::source::Source;
use super::args::{is_on, option, switch};
use super::start::Start;
use super::text::{is_coloured, json};
use super::{Error, print, settings};
use crate::limits::WATCH_INTERVAL;
use crate::telemetry::redact;

/// The exit code when the daemon is not ready.
const NOT_READY: u8 = 1;
/// The exit code when nothing answers, or it is not clear who is asked.
const NO_ANSWER: u8 = 2;

const AFTER_HELP: &str = "\
Asks the listener that the configuration names, or that --url, --url-file, --port or --unix-socket names. Takes the flags of run.
Recent calls are shown where admin_ui.enabled is true and admin_ui.token, if there is one, can be read.

Exit status: 0 when the daemon is ready, 1 when it is not, 2 when nothing answers or the configuration has mistakes.

Examples:
  tunnel-client status --profile local-stdio
  tunnel-client status --port 8080 --watch
  tunnel-client status --unix-socket /run/tunnel-client/health.sock --json";

pub(super) fn arguments() -> Command {
    let command = Command::new("status")
        .about("Show how a running daemon is: hops, channels, last calls")
        .after_help(AFTER_HELP)
        .args(super::health::listener())
        .args([
            option("unix-socket", "PATH", "Unix socket of the health listener"),
            switch("watch").help("Show it again every 2 s, until interrupted"),
            switch("json").help("Print JSON"),
        ]);
    settings::add(command)
}

/// Asks and prints, once or again and again. SIGINT and SIGTERM end it as they end any program: it has changed nothing that would have
/// to be restored.
pub(super) fn execute(matches: &mut ArgMatches, start: Start) -> Result<(), Error> {
    let source = Source::find(matches, &start.environment).map_err(refused)?;
    let is_json = is_on(matches, "json");
    let style = Style {
        colour: is_coloured(&start.environment),
    };
    let show = |seen: &Seen| match is_json {
        true => json(&seen.to_json()),
        false => draw::text(seen, style),
    };
    if !is_on(matches, "watch") {
        let seen = Seen::ask(&source);
        print(&show(&seen))?;
        return match seen.exit_code() {
            0 => Ok(()),
            code => Err(Error::Reported(code)),
        };
    }
    let is_terminal = io::stdout().is_terminal() && !is_json;
    loop {
        let text = show(&Seen::ask(&source));
        print(&if is_terminal { draw::again(&text) } else { text })?;
        thread::sleep(WATCH_INTERVAL);
    }
}

/// Reports what keeps anybody from being asked.
fn refused(error: Error) -> Error {
    // There is nowhere to report that reporting failed.
    let _ = writeln!(io::stderr(), "{}", redact::scrub(&error.to_string()));
    Error::Reported(NO_ANSWER)
}
