//! The command line. Every option of `serve` can also be set by `TUNNEL_RELAY_<NAME>`; a flag wins, empty means unset.

mod audit;
mod hints;
mod serve;
mod stub;
mod version;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};

use crate::auth::keygen;

/// See [`crate::main`].
pub(crate) fn main() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            if let Some(hint) = hints::of(&error) {
                let _ = writeln!(std::io::stderr(), "\n  hint: {hint}");
            }
            // Help and version are no mistakes.
            return if error.use_stderr() {
                ExitCode::from(2)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(mistakes) => {
            let mut stderr = std::io::stderr().lock();
            for mistake in mistakes {
                let _ = writeln!(stderr, "tunnel-relay: {mistake}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The whole command line; the manual and the completions are made from it.
#[must_use]
pub fn command() -> Command {
    Command::new("tunnel-relay")
        .version(version::text())
        .about("Self-hosted other end of a Secure MCP Tunnel")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve::command())
        .subcommand(keygen_command())
        .subcommand(audit::command())
        .subcommand(stub::command())
        .subcommand(Command::new("version").about("Prints the name, the version and the commit"))
}

fn run(matches: &ArgMatches) -> Result<(), Vec<String>> {
    match matches.subcommand() {
        Some(("serve", matches)) => {
            let options = serve::options(matches, &environment)?;
            runtime()?.block_on(crate::serve::serve(options))
        }
        Some(("mcp-stub", matches)) => {
            let options = stub::options(matches);
            let runtime = runtime()?;
            let ended = runtime
                .block_on(crate::stub::run(options))
                .map_err(|mistake| vec![mistake]);
            // A read of stdin cannot be cancelled and must not hold the end up.
            runtime.shutdown_background();
            ended
        }
        Some(("version", _)) => print(&format!("tunnel-relay {}", version::text())).map_err(|mistake| vec![mistake]),
        Some(("audit", matches)) => audit::run(matches).map_err(|mistake| vec![mistake]),
        Some(("keygen", matches)) => print_key(matches).map_err(|mistake| vec![mistake]),
        _ => Ok(()),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Vec<String>> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| vec![format!("the runtime cannot start: {error}")])
}

fn keygen_command() -> Command {
    Command::new("keygen")
        .about("Prints a fresh key, and on the next line what the keys file needs to let it in")
        .arg(
            Arg::new("name")
                .long("name")
                .value_name("NAME")
                .default_value("key")
                .help("Who the key is for"),
        )
        .arg(
            Arg::new("scopes")
                .long("scopes")
                .value_name("SCOPES")
                .default_value("read,use")
                .help("Comma list of read, use, manage, connect, optionally followed by @TUNNEL_ID"),
        )
}

fn print_key(matches: &ArgMatches) -> Result<(), String> {
    let (key, line) = keygen::fresh(
        text(matches, "name").unwrap_or("key"),
        text(matches, "scopes").unwrap_or("read,use"),
    )?;
    print(&format!("{key}\n{line}"))
}

fn print(line: &str) -> Result<(), String> {
    writeln!(std::io::stdout().lock(), "{line}").map_err(|error| format!("stdout: {error}"))
}

/// The value of an option.
fn text<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a str> {
    matches.get_one::<String>(name).map(String::as_str)
}

/// A variable of the environment; empty means unset.
fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
