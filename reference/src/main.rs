//! Writes the man pages, the completions and the configuration reference.
//!
//! All of it is made from the definitions of the two command lines and from the table of settings, so that it cannot say
//! something else than the programs do. The files are committed; `./check` compares them.

#![forbid(unsafe_code)]

mod completion;
mod example;
mod man;
mod markdown;
mod settings;
mod tree;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use completion::{bash, fish, zsh};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--write"] => write(),
        ["--check"] => check(),
        _ => Err(io::Error::other("say --write or --check")),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // There is nowhere to report that reporting failed.
            let _ = writeln!(io::stderr(), "reference: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Every generated file: its path in the repository, and its text.
fn files() -> Vec<(&'static str, String)> {
    let client = tree::shown(&tunnel_client::cli::command());
    let relay = tree::shown(&tunnel_relay::command());
    vec![
        ("man/tunnel-client.1", man::client(&client)),
        ("man/tunnel-client.yaml.5", man::yaml()),
        ("man/tunnel-relay.1", man::relay(&relay)),
        ("completions/tunnel-client.bash", bash::script(&client)),
        ("completions/tunnel-client.zsh", zsh::script(&client)),
        ("completions/tunnel-client.fish", fish::script(&client)),
        ("completions/tunnel-relay.bash", bash::script(&relay)),
        ("completions/tunnel-relay.zsh", zsh::script(&relay)),
        ("completions/tunnel-relay.fish", fish::script(&relay)),
        ("docs/configuration.md", markdown::configuration()),
    ]
}

fn write() -> io::Result<bool> {
    for (path, text) in files() {
        let path = root().join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(true)
}

/// Whether every file is what it would be if it were written now.
fn check() -> io::Result<bool> {
    let mut fresh = true;
    for (path, text) in files() {
        let committed = fs::read_to_string(root().join(path)).unwrap_or_default();
        if committed != text {
            fresh = false;
            let line = 1 + committed
                .lines()
                .zip(text.lines())
                .take_while(|(old, new)| old == new)
                .count();
            writeln!(
                io::stderr(),
                "{path}: stale from line {line} on; run: cargo run -p reference -- --write"
            )?;
        }
    }
    Ok(fresh)
}

/// The repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
