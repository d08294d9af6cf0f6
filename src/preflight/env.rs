//! `env [OPTION].. [NAME=VALUE].. COMMAND [ARGUMENT]..`.

use std::ffi::OsString;

use super::{Context, Problem, Search, command};

/// Checks the command that `env` would start.
pub(super) fn check(arguments: &[&str], context: &Context) -> Result<(), Problem> {
    let mut search = context.search.clone();
    let mut words = arguments.iter();
    while let Some(word) = words.clone().next() {
        match *word {
            "-i" | "-" | "--ignore-environment" => search = Search::Known(None),
            "-u" | "--unset" => {
                if words.nth(1) == Some(&"PATH") {
                    search = Search::Known(None);
                }
                continue;
            }
            "-v" | "--debug" | "--" => {}
            _ if word.starts_with("--unset=") || is_assignment(word) => {
                if let Some(path) = word.strip_prefix("PATH=") {
                    search = Search::Known(Some(OsString::from(path)));
                }
                if *word == "--unset=PATH" {
                    search = Search::Known(None);
                }
            }
            // Another directory, a string to split, what only some systems know: not judged.
            _ if word.starts_with('-') => return Ok(()),
            _ => break,
        }
        words.next();
    }
    match context.inner(search) {
        Some(inner) if !words.as_slice().is_empty() => command(words.as_slice(), &inner).map(|_| ()),
        _ => Ok(()),
    }
}

/// `NAME=VALUE`.
pub(super) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit())
    })
}
