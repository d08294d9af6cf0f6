//! Programs of stdio servers.

use std::path::{Path, PathBuf};

pub use super::elf_fuzzing::loader;
use super::{Context, Executed, Kind, elf, executable, shebang};
pub use crate::limits::{ELF_SEGMENTS_MAX, PATH_MAX, SHEBANG_MAX};

/// What the first line of a program says.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing keeps the program from starting.
    Fine,
    /// A text without a `#!` line.
    NoShebang,
    /// An interpreter without an absolute path.
    Relative,
    /// An interpreter that does not exist.
    Unavailable,
    /// A loader that does not exist.
    Loader,
    /// Another problem.
    Other,
}

/// Reads the first line of a program, with an unset `PATH`, and lists what a start would execute.
#[must_use]
pub fn script(program: &Path) -> (Outcome, Vec<(PathBuf, Vec<String>)>) {
    let context = Context::of(None);
    let outcome = outcome(shebang::check(program, &context));
    let seen = context.seen.take().into_iter();
    (
        outcome,
        seen.map(|Executed { file, arguments }| (file, arguments)).collect(),
    )
}

/// Checks the loader of a program.
#[must_use]
pub fn linked(program: &Path) -> Outcome {
    outcome(elf::check(program))
}

/// Whether a file can be executed.
#[must_use]
pub fn can_execute(file: &Path) -> bool {
    executable::can_execute(file)
}

fn outcome(checked: Result<(), super::Problem>) -> Outcome {
    match checked.map_err(|problem| problem.kind) {
        Ok(()) => Outcome::Fine,
        Err(Kind::NoShebang) => Outcome::NoShebang,
        Err(Kind::RelativeInterpreter { .. }) => Outcome::Relative,
        Err(Kind::Interpreter { .. }) => Outcome::Unavailable,
        Err(Kind::Loader { .. }) => Outcome::Loader,
        Err(_) => Outcome::Other,
    }
}
