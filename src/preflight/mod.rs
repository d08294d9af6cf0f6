//! Whether the command of a stdio server can start, without starting it (contract: cli, section 6).
//!
//! Looks at the program, at the interpreter that its `#!` line names, and through the common wrappers (`env`, shells,
//! interpreters with a script) at what they would start. What cannot be judged from outside is taken for right: a
//! false alarm would keep a working server from being set up.

#![forbid(unsafe_code)]

mod elf;
mod env;
mod executable;
mod file;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod interpreter;
mod problem;
mod script;
mod shebang;
mod shell;
mod words;

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::rc::Rc;

#[cfg(fuzzing)]
use elf::fuzzing as elf_fuzzing;
pub(crate) use file::open_regular;
pub use problem::{Kind, Problem};

use crate::limits::PREFLIGHT_DEPTH;

/// Finds the program of `argv` in `path`, the value of `PATH` that the server will have, and checks that it and what
/// it wraps can start. Reads the beginnings of files; starts nothing.
///
/// # Errors
///
/// The first thing that keeps the command from starting. Names programs and scripts, never another argument: those
/// may be secrets.
pub fn check(argv: &[String], path: Option<&OsStr>) -> Result<PathBuf, Problem> {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    command(&words, &Context::of(path))
}

/// Lists the files that a start of `argv` executes, as far as [`check`] would judge them: the program first, its interpreter,
/// programs that wrappers start, scripts. `path` as for [`check`].
#[must_use]
pub fn code(argv: &[String], path: Option<&OsStr>) -> Vec<Executed> {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    let context = Context::of(path);
    // A file that cannot be started ends the list.
    let _ = command(&words, &context);
    context.seen.take()
}

/// A file that a start executes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// Its path.
    pub file: PathBuf,
    /// Arguments that a program is started with, as far as they are known. A `#!` line gives the ones before the script.
    pub arguments: Vec<String>,
}

/// Where programs without a `/` are looked up.
#[derive(Debug, Clone)]
enum Search {
    /// The value of `PATH`; unset means the system's default.
    Known(Option<OsString>),
    /// Set by something that is not run here, such as the start-up files of a login shell.
    Unknown,
}

/// How a wrapped command would be started.
#[derive(Debug, Clone)]
struct Context {
    search: Search,
    /// Wrappers around it.
    depth: usize,
    /// Files that were checked, with those of wrappers.
    seen: Rc<RefCell<Vec<Executed>>>,
}

impl Context {
    fn of(path: Option<&OsStr>) -> Self {
        Self {
            search: Search::Known(path.map(OsStr::to_owned)),
            depth: 0,
            seen: Rc::default(),
        }
    }

    /// Records a file that is executed, and the arguments of a program.
    fn saw(&self, file: &Path, arguments: &[&str]) {
        self.seen.borrow_mut().push(Executed {
            file: file.to_owned(),
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
        });
    }

    /// For what is wrapped in a command of this context, or `None` when that is deep enough.
    fn inner(&self, search: Search) -> Option<Self> {
        (self.depth < PREFLIGHT_DEPTH).then(|| Self {
            search,
            depth: self.depth + 1,
            seen: Rc::clone(&self.seen),
        })
    }
}

fn command(words: &[&str], context: &Context) -> Result<PathBuf, Problem> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Problem::new(Kind::NotFound, ""));
    };
    let found = match &context.search {
        Search::Unknown if !program.contains('/') => PathBuf::from(program),
        Search::Unknown => executable::find(program, None)?,
        Search::Known(path) => executable::find(program, path.as_deref())?,
    };
    if executable::is_path(&found) {
        context.saw(&found, arguments);
        shebang::check(&found, context)?;
        elf::check(&found)?;
    }
    match Path::new(program).file_name().and_then(OsStr::to_str) {
        Some("env") => env::check(arguments, context)?,
        Some("sh" | "bash" | "zsh" | "dash" | "ksh") => shell::check(arguments, context)?,
        Some(name) => interpreter::check(name, arguments, context)?,
        None => {}
    }
    Ok(found)
}
