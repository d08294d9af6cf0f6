//! Completions, one script a shell.
//!
//! No script starts a program: names of profiles are read from the folder where profiles are kept.

pub(crate) mod bash;
pub(crate) mod fish;
pub(crate) mod zsh;

use crate::tree::{Flag, Kind, Node};

/// Fewer flags than this are not worth a list of their own.
const COMMON_MIN: usize = 10;

/// The first lines of a script.
fn head(program: &str, shell: &str, install: &str) -> String {
    format!(
        "# {shell} completion for {program}\n\
         # Made by `cargo run -p reference -- --write` from the definition of the command line; do not edit.\n\
         # {install}\n"
    )
}

/// A name for shell functions: `tunnel-client admin tunnels` is `_tunnel_client_admin_tunnels`.
fn function(path: &[String]) -> String {
    format!("_{}", path.join("_").replace('-', "_"))
}

/// Single quotes, for any POSIX shell and zsh.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The flags of the largest command of which another has all flags too.
fn common(root: &Node) -> Vec<Flag> {
    let all = root.all();
    all.iter()
        .filter(|node| node.flags.len() >= COMMON_MIN)
        .filter(|node| {
            all.iter()
                .any(|other| other.path != node.path && contains(&other.flags, &node.flags))
        })
        .max_by_key(|node| node.flags.len())
        .map(|node| node.flags.clone())
        .unwrap_or_default()
}

/// Whether a command has all of some flags, of which there is at least one.
fn contains(all: &[Flag], some: &[Flag]) -> bool {
    !some.is_empty() && some.iter().all(|flag| all.contains(flag))
}

/// Whether a flag takes the name of a profile.
fn has_profiles(root: &Node) -> bool {
    root.all()
        .iter()
        .flat_map(|node| &node.flags)
        .any(|flag| flag.value.kind() == Some(&Kind::Profile))
}

/// Flags that are the same in several commands, with the commands that have them, in the order of first use.
fn by_flag(root: &Node) -> Vec<(&Flag, Vec<&Node>)> {
    let mut found: Vec<(&Flag, Vec<&Node>)> = Vec::new();
    for node in root.all() {
        for flag in &node.flags {
            match found.iter_mut().find(|(known, _)| *known == flag) {
                Some((_, nodes)) => nodes.push(node),
                None => found.push((flag, vec![node])),
            }
        }
    }
    found
}
