//! Completions, one script a shell.
//!
//! clap_complete writes those of bash and zsh; their modules add what it does not know. That of fish is ours: clap_complete's has no
//! arguments without a flag, and no flags below the second level of commands.
//!
//! No script starts a program: names of profiles are read from the folder where profiles are kept.

pub(crate) mod bash;
pub(crate) mod fish;
pub(crate) mod zsh;

use clap::Command;
use clap_complete::Generator;

use crate::tree;

/// The first lines of a script.
fn head(program: &str, shell: &str, install: &str) -> String {
    format!(
        "# {shell} completion for {program}\n\
         # Made by `cargo run -p reference -- --write` from the definition of the command line; do not edit.\n\
         # {install}\n"
    )
}

/// Script of clap_complete for the program.
fn generated(shell: impl Generator, mut command: Command) -> String {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The program's name in names of shell functions.
fn function(program: &str) -> String {
    program.replace('-', "_")
}

/// Whether a value is the name of a profile.
fn has_profiles(root: &Command) -> bool {
    tree::all(root)
        .iter()
        .flat_map(|entry| entry.command.get_arguments())
        .any(tree::is_profile)
}
