//! `tunnel-client completion SHELL`: prints a script that was made from the tree of commands and checked in.

use clap::{ArgMatches, Command};

use super::args::switch;
use super::start::Start;
use super::{Error, print};

const SCRIPTS: [(&str, &str); 3] = [
    ("bash", include_str!("../../completions/tunnel-client.bash")),
    ("zsh", include_str!("../../completions/tunnel-client.zsh")),
    ("fish", include_str!("../../completions/tunnel-client.fish")),
];

/// Shells without a script. They are asked for by the same set-up lines as the others, so the answer can be sourced and is no failure
/// (contract: cli, section 10).
const OTHERS: [&str; 10] = [
    "powershell",
    "pwsh",
    "tcsh",
    "csh",
    "ksh",
    "sh",
    "dash",
    "nushell",
    "elvish",
    "xonsh",
];

/// A comment in each of [`OTHERS`].
const WITHOUT: &str = "# tunnel-client has completions for bash, zsh and fish, and none for this shell.";

const AFTER_HELP: &str = "\
For one session:
  source <(tunnel-client completion bash)

For every session:
  mkdir -p ~/.local/share/bash-completion/completions ~/.config/fish/completions
  tunnel-client completion bash > ~/.local/share/bash-completion/completions/tunnel-client
  tunnel-client completion zsh > \"${fpath[1]}/_tunnel-client\"
  tunnel-client completion fish > ~/.config/fish/completions/tunnel-client.fish";

pub(super) fn arguments() -> Command {
    // The Go client has the flag; our scripts are the same with and without it.
    let no_descriptions = || switch("no-descriptions").hide(true);
    let shells = SCRIPTS.map(|(shell, _)| {
        Command::new(shell)
            .about(format!("Print the completions of {shell}"))
            .arg(no_descriptions())
    });
    let others = OTHERS.map(|shell| Command::new(shell).hide(true).arg(no_descriptions()));
    Command::new("completion")
        .about("Print the completions of a shell")
        .after_help(AFTER_HELP)
        .subcommands(shells)
        .subcommands(others)
}

pub(super) fn execute(matches: &mut ArgMatches, _: Start) -> Result<(), Error> {
    let shell = matches.subcommand_name();
    match SCRIPTS.iter().find(|(name, _)| Some(*name) == shell) {
        Some((_, script)) => print(script),
        None => print(WITHOUT),
    }
}
