//! `tunnel-client completion SHELL`: prints a script that was made from the tree of commands and checked in.

use std::io::Write as _;

use clap::{ArgMatches, Command};
use flate2::write::DeflateDecoder;

use super::args::switch;
use super::start::Start;
use super::{Error, print};

/// The scripts in `completions/`, packed by `build.rs`.
const SCRIPTS: [(&str, &[u8]); 3] = [
    ("bash", include_bytes!(concat!(env!("OUT_DIR"), "/bash"))),
    ("zsh", include_bytes!(concat!(env!("OUT_DIR"), "/zsh"))),
    ("fish", include_bytes!(concat!(env!("OUT_DIR"), "/fish"))),
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
        Some((_, packed)) => print(&unpacked(packed)),
        None => print(WITHOUT),
    }
}

/// The text of a script of this program.
fn unpacked(packed: &[u8]) -> String {
    let mut decoder = DeflateDecoder::new(Vec::new());
    // The program packed it itself, and memory takes whatever is written.
    let written = decoder.write_all(packed).and_then(|()| decoder.finish());
    written
        .ok()
        .and_then(|script| String::from_utf8(script).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_those_that_are_checked_in() {
        let checked_in = [
            include_str!("../../completions/tunnel-client.bash"),
            include_str!("../../completions/tunnel-client.zsh"),
            include_str!("../../completions/tunnel-client.fish"),
        ];
        assert_eq!(SCRIPTS.map(|(_, packed)| unpacked(packed)), checked_in);
    }
}
