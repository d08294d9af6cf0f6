//! `sh [OPTION].. SCRIPT` and `sh [OPTION].. -c STRING`.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::env::is_assignment;
use super::problem::{Kind, Problem};
use super::{Context, Search, command, script, words};

/// What a shell does itself, or what begins more than a simple command. What follows one of these is not judged.
const OWN_WORDS: &[&str] = &[
    "!", ".", ":", "[", "[[", "alias", "autoload", "bg", "bind", "break", "builtin", "case", "cd", "command",
    "continue", "coproc", "declare", "disown", "do", "done", "echo", "elif", "else", "emulate", "enable", "esac",
    "eval", "exit", "export", "false", "fc", "fg", "fi", "for", "function", "getopts", "hash", "if", "jobs", "kill",
    "let", "local", "popd", "print", "printf", "pushd", "pwd", "read", "readonly", "return", "select", "set", "setopt",
    "shift", "shopt", "source", "test", "then", "time", "times", "trap", "true", "type", "typeset", "ulimit", "umask",
    "unalias", "unset", "until", "wait", "whence", "while",
];

/// Checks the script or the first command of the string that a shell would run.
pub(super) fn check(arguments: &[&str], context: &Context) -> Result<(), Problem> {
    match Invocation::parse(arguments) {
        Invocation::Other => Ok(()),
        Invocation::Script(file) => check_script(file, context),
        Invocation::Command { text, start_up_files } => {
            let search = if start_up_files {
                Search::Unknown
            } else {
                context.search.clone()
            };
            check_text(text, search, context)
        }
    }
}

/// What a shell is asked to do.
enum Invocation<'a> {
    Script(&'a str),
    Command {
        text: &'a str,
        /// Files are read first that may set `PATH`.
        start_up_files: bool,
    },
    /// Standard input, or nothing that is understood here.
    Other,
}

impl<'a> Invocation<'a> {
    fn parse(arguments: &[&'a str]) -> Self {
        let mut words = arguments.iter();
        let (mut command, mut start_up_files) = (false, false);
        let operand = loop {
            match words.next().copied() {
                None => return Self::Other,
                Some("-" | "--") => break words.next().copied(),
                Some("--login") => start_up_files = true,
                Some("--rcfile" | "--init-file" | "--emulate") => {
                    words.next();
                }
                Some(long) if long.starts_with("--") => {}
                Some(short) if short.starts_with(['-', '+']) => {
                    let letters = short.get(1..).unwrap_or_default();
                    if short.starts_with('-') {
                        command |= letters.contains('c');
                        start_up_files |= letters.contains(['l', 'i']);
                        if letters.contains('s') {
                            return Self::Other;
                        }
                    }
                    for _ in letters.chars().filter(|letter| matches!(letter, 'o' | 'O')) {
                        words.next();
                    }
                }
                operand => break operand,
            }
        };
        match (operand, command) {
            (Some(text), true) => Self::Command { text, start_up_files },
            (Some(file), false) => Self::Script(file),
            (None, _) => Self::Other,
        }
    }
}

/// A script without a `/` may also be in `PATH`.
fn check_script(file: &str, context: &Context) -> Result<(), Problem> {
    context.saw(Path::new(file), &[]);
    let outcome = script::check(Path::new(file), false);
    let missing = matches!(&outcome, Err(problem) if problem.kind == Kind::ScriptMissing);
    if !missing || file.contains('/') {
        return outcome;
    }
    match &context.search {
        Search::Unknown => Ok(()),
        Search::Known(path) => {
            let mut directories = std::env::split_paths(path.as_deref().unwrap_or(OsStr::new("")));
            match directories.any(|directory| script::check(&directory.join(file), false).is_ok()) {
                true => Ok(()),
                false => outcome,
            }
        }
    }
}

fn check_text(text: &str, mut search: Search, context: &Context) -> Result<(), Problem> {
    let words = words::leading(text);
    let mut words: &[String] = &words;
    while let Some((first, rest)) = words.split_first() {
        if let Some(path) = first.strip_prefix("PATH=") {
            search = Search::Known(Some(OsString::from(path)));
        } else if !is_assignment(first) && first != "exec" {
            break;
        }
        words = rest;
    }
    // What `exec` takes for an option is no program.
    let judged = |first: &String| !first.starts_with('-') && !OWN_WORDS.contains(&first.as_str());
    if !words.first().is_some_and(judged) {
        return Ok(());
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    context
        .inner(search)
        .map_or(Ok(()), |inner| command(&words, &inner).map(|_| ()))
}
