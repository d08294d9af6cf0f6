//! An MCP server that `run` starts itself: can its program start, and on request, does it answer?

use std::path::PathBuf;

use super::initialize::introduction;
use super::mcp::id;
use crate::broker::{self, Instructions};
use crate::config::{Binding, Config, Level, Mode, Target};
use crate::doctor::report::Check;
use crate::doctor::walk::Walk;
use crate::limits::DOCTOR_START_TIMEOUT;
use crate::mcp::stdio::{Closed, End, Trial, closed_to_new_files, exposure, instructions, own_directories, try_start};
use crate::net::Network;
use crate::preflight;
use crate::probes::new_files::{self, Failed};
use crate::sandbox::{BrokerCage, current_umask};
use crate::wire::command::MAIN_CHANNEL;

/// The check of directories that the client's files close.
const NEW_FILES: &str = "mcp_command_new_files";

/// The server of a binding with a command; nothing for any other. It is started only when `start` says so, because a start
/// can have effects, and may be the second one beside a running daemon.
pub(in crate::doctor) async fn stdio(
    walk: &mut Walk<'_>,
    config: &Config,
    network: Result<&Network, &str>,
    binding: &Binding,
    start: bool,
) {
    let Target::Stdio { argv, .. } = &binding.target else {
        return;
    };
    let channel = binding.channel.as_str();
    walk.add(Check::pass(id("mcp_target", channel), shown(argv)));
    let environment = config.child_environment(&binding.target);
    let withheld = (!environment.withheld.is_empty()).then(|| {
        let names = environment.withheld.join(", ");
        format!("variables that the server does not receive: {names}")
    });
    let executable = id("mcp_command_executable", channel);
    let reachable = id("mcp_server_reachable", channel);
    match preflight::check(argv, environment.value("PATH")) {
        Ok(path) => {
            walk.add(Check::pass(executable, path.display().to_string()).evidence(&withheld));
            walk.add(protected(config, binding));
            let instructions = match start {
                true => {
                    let threads = network.map_or_else(|_| Vec::new(), Network::resolver_threads);
                    instructions(config, binding, threads)
                }
                false => Ok(None),
            };
            walk.begin(&id(NEW_FILES, channel));
            walk.add(new_files(config, binding, instructions.as_ref().ok().and_then(Option::as_ref)).await);
            walk.begin(&reachable);
            walk.add(match instructions {
                Ok(Some(instructions)) => {
                    let trial = try_start(&instructions, channel, DOCTOR_START_TIMEOUT).await;
                    judge(&reachable, &trial).evidence(withheld)
                }
                Ok(None) => Check::skip(
                    reachable,
                    "a stdio server is started by run; --start-stdio tries it now",
                ),
                Err(error) => Check::fail(&reachable, error.to_string()),
            });
        }
        Err(problem) => {
            let check = Check::fail(&executable, problem.what())
                .evidence(withheld)
                .next([problem.fix()]);
            walk.add(check);
            walk.add(Check::blocked(id("mcp_command_protected", channel), &executable));
            walk.add(Check::blocked(id(NEW_FILES, channel), &executable));
            walk.add(Check::blocked(reachable, &executable));
        }
    }
    if channel == MAIN_CHANNEL {
        walk.add(Check::skip(
            id("oauth_metadata", channel),
            "a stdio server has no OAuth metadata",
        ));
    }
}

/// Whether another stdio server can replace its program.
fn protected(config: &Config, binding: &Binding) -> Check {
    let id = id("mcp_command_protected", &binding.channel);
    if config.hardening.mode == Mode::Off {
        return Check::skip(id, "hardening.mode is off");
    }
    let account = match BrokerCage::of(config, current_umask()) {
        Ok(cage) => cage.account(),
        Err(error) => return Check::fail(id, error.to_string()),
    };
    match exposure(config, binding, &account) {
        None => Check::pass(id, "no other stdio server can replace its program"),
        Some(exposure) if exposure.is_refused => Check::fail(id, exposure.to_string()),
        Some(exposure) => Check::warn(id, exposure.to_string())
            .next([format!("check who may write it: ls -ld {}", exposure.path.display())]),
    }
}

/// Whether there are directories in which the server cannot make files, because the client's files lie in them. With instructions it is
/// tried in the server's working directory and home.
async fn new_files(config: &Config, binding: &Binding, instructions: Option<&Instructions>) -> Check {
    let id = id(NEW_FILES, &binding.channel);
    let account = match BrokerCage::of(config, current_umask()) {
        Ok(cage) => cage.account(),
        Err(error) => return Check::fail(id, error.to_string()),
    };
    let closed = closed_to_new_files(config, binding, &account);
    let tried = match (instructions, &binding.target) {
        // A strict server writes where it is listed.
        (_, Target::Stdio { sandbox, .. }) if sandbox.level == Level::Strict => None,
        (Some(instructions), _) => Some(try_new_files(instructions, &binding.channel).await),
        (None, _) => None,
    };
    let check = match closed {
        None => Check::pass(
            id,
            "no directory is closed to new files of the server by tunnel-client's files",
        ),
        Some(closed) => Check::warn(id, closed.to_string()).next([Closed::REMEDY]),
    };
    check.evidence(tried.unwrap_or_default())
}

/// One line for each directory that the server calls its own.
async fn try_new_files(instructions: &Instructions, channel: &str) -> Vec<String> {
    let directories: Vec<PathBuf> = instructions.servers.iter().flat_map(own_directories).collect();
    let failed = match new_files::try_as_server(instructions.clone(), channel, &directories, DOCTOR_START_TIMEOUT).await
    {
        Ok(failed) => failed,
        Err(error) => return vec![format!("creating a file as the server could not be tried: {error}")],
    };
    let line = |directory: &PathBuf| match failed.iter().find(|failed| failed.directory == *directory) {
        Some(Failed { error, .. }) => format!(
            "tried: the server cannot create a file in {}: {error}",
            directory.display()
        ),
        None => format!("tried: the server can create a file in {}", directory.display()),
    };
    directories.iter().map(line).collect()
}

/// Without the arguments, which can be tokens.
fn shown(argv: &[String]) -> String {
    let program = argv.first().map(String::as_str).unwrap_or_default();
    match argv.len() {
        0 | 1 => program.to_owned(),
        2 => format!("{program} and 1 argument"),
        count => format!("{program} and {} arguments", count - 1),
    }
}

fn judge(id: &str, trial: &Trial) -> Check {
    const ITS_WORDS: &str = "read what it wrote to standard error, above";
    const ITS_TEXT: &str = "read the text that it wrote to standard output, where only MCP messages belong: a server that prints its errors there is often misconfigured";
    const ITS_OTHER_WORDS: &str = "if it wrote to standard error as well, read that, above";
    const ITS_VARIABLES: &str = "if it needs a variable of this environment, let it through with mcp.pass_env, or set it with env of the channel";
    let seconds = DOCTOR_START_TIMEOUT.as_secs();
    let noise = (trial.noise.bytes > 0).then(|| {
        format!(
            "{} bytes on standard output that are no JSON-RPC; they are dropped: it wrote {}",
            trial.noise.bytes, trial.noise.beginning
        )
    });
    let check = match &trial.end {
        End::Answered(payload) if noise.is_none() => return Check::pass(id, introduction(payload)),
        End::Answered(payload) => {
            return Check::warn(id, introduction(payload))
                .evidence(noise)
                .next(["let the server log to standard error: standard output is for messages alone"]);
        }
        End::NoBroker(error @ broker::Error::Domain(_)) => return Check::fail(id, error.to_string()),
        End::NoBroker(error) => {
            return Check::fail(id, error.to_string())
                .next(["see whether the host limits the number of processes, and whether /proc is mounted"]);
        }
        End::NotStarted(error) => {
            return Check::fail(id, format!("the program cannot be started: {error}"))
                .next(["start it by hand as the user that runs tunnel-client"]);
        }
        End::Gone(Some(status)) => Check::fail(id, format!("the server ended before it answered initialize: {status}")),
        End::Gone(None) => Check::fail(id, "the server closed its output before it answered initialize"),
        End::Flooded => Check::fail(id, "the server writes without end instead of an answer to initialize"),
        End::Misfit { why, beginning } => {
            return Check::fail(id, format!("its answer to initialize is not usable: {why}"))
                .evidence([format!("it wrote {beginning}")])
                .next([
                    "let the server write each answer as one line of JSON-RPC 2.0 in UTF-8, with the id of the request",
                ]);
        }
        End::Silent => Check::fail(id, format!("no answer to initialize within {seconds} s")),
    };
    match noise {
        Some(noise) => check.evidence([noise]).next([ITS_TEXT, ITS_OTHER_WORDS, ITS_VARIABLES]),
        None => check.next([ITS_WORDS, ITS_VARIABLES]),
    }
}
