//! The first line of a program that is a script.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::problem::{Kind, Problem, show};
use super::{Context, Search, env, executable, file};
use crate::limits::SHEBANG_MAX;

/// Checks the interpreter of `program`, which can be executed. A program that is no script, or that cannot be read, is
/// taken for right.
pub(super) fn check(program: &Path, context: &Context) -> Result<(), Problem> {
    let Some(head) = head(program) else {
        return Ok(());
    };
    if !head.starts_with(b"#!") {
        return match is_text(&head) {
            true => Err(Problem::new(Kind::NoShebang, program)),
            false => Ok(()),
        };
    }
    let line = line(&head);
    let carriage_return = line.ends_with(b"\r");
    let (interpreter, argument) = divided(line);
    let interpreter = Path::new(OsStr::from_bytes(interpreter));
    let argument = &*String::from_utf8_lossy(argument);
    let unavailable = |interpreter: &str| {
        let interpreter = show(interpreter.trim_end_matches('\r'));
        Problem::new(
            Kind::Interpreter {
                interpreter,
                carriage_return,
            },
            program,
        )
    };
    if !interpreter.is_absolute() {
        let interpreter = show(interpreter.to_string_lossy().trim_end_matches('\r'));
        return Err(Problem::new(Kind::RelativeInterpreter { interpreter }, program));
    }
    if !executable::can_execute(interpreter) {
        return Err(unavailable(&interpreter.to_string_lossy()));
    }
    context.saw(interpreter, &[argument]);
    if interpreter.file_name() != Some("env".as_ref()) {
        return Ok(());
    }
    // `env -S` splits the one argument; without it, everything is one name.
    let mut words: Vec<&str> = match argument.strip_prefix("-S") {
        Some(rest) => rest
            .split([' ', '\t'])
            .filter(|word| !word.is_empty())
            .skip_while(|word| env::is_assignment(word))
            .collect(),
        None => vec![argument],
    };
    let name = (!words.is_empty()).then(|| words.remove(0));
    // Options of `env` are not judged here.
    match (name.filter(|name| !name.starts_with('-')), &context.search) {
        (Some(""), _) => Err(unavailable(&interpreter.to_string_lossy())),
        (Some(name), Search::Known(path)) => executable::find(name, path.as_deref())
            .map(|found| context.saw(&found, &words))
            .map_err(|_| unavailable(name)),
        _ => Ok(()),
    }
}

/// The first line behind `#!`, as far as Linux reads it: without a line end the last byte is lost.
fn line(head: &[u8]) -> &[u8] {
    let end = head.iter().position(|byte| *byte == b'\n');
    let end = end.unwrap_or(head.len().min(SHEBANG_MAX - 1));
    head.get(2..end).unwrap_or_default()
}

/// The interpreter and its one argument, divided as Linux does (fs/binfmt_script.c): blanks around both are left out, and a zero ends
/// either.
fn divided(line: &[u8]) -> (&[u8], &[u8]) {
    let line = trimmed(line);
    let end = line.iter().position(|byte| is_blank(*byte) || *byte == 0);
    let (interpreter, rest) = line.split_at(end.unwrap_or(line.len()));
    let argument = trimmed(rest).split(|byte| *byte == 0).next();
    (interpreter, argument.unwrap_or_default())
}

fn trimmed(line: &[u8]) -> &[u8] {
    let begin = line.iter().position(|byte| !is_blank(*byte)).unwrap_or(line.len());
    let end = line
        .iter()
        .rposition(|byte| !is_blank(*byte))
        .map_or(begin, |last| last + 1);
    line.get(begin..end).unwrap_or_default()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The beginning of a file that can be read.
fn head(program: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(SHEBANG_MAX);
    let limit = u64::try_from(SHEBANG_MAX).unwrap_or(u64::MAX);
    file::open_regular(program)?.take(limit).read_to_end(&mut head).ok()?;
    Some(head)
}

/// Formats that a kernel can run begin with bytes that no text has.
fn is_text(head: &[u8]) -> bool {
    head.iter()
        .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_divided_as_the_kernel_divides_it() {
        for (head, interpreter, argument) in [
            (&b"#!/bin/sh"[..], &b"/bin/sh"[..], &b""[..]),
            (b"#! \t/bin/sh\t -e  x \nmore", b"/bin/sh", b"-e  x"),
            (b"#!/usr/bin/env  -S a", b"/usr/bin/env", b"-S a"),
            (b"#!/bin/sh\0more -e\n", b"/bin/sh", b""),
            (b"#!/bin/sh -e\0more\n", b"/bin/sh", b"-e"),
            (b"#!/a\xff/sh\n", b"/a\xff/sh", b""),
            (b"#! \n", b"", b""),
            (b"#!", b"", b""),
            (b"#!\n/bin/sh", b"", b""),
        ] {
            assert_eq!(divided(line(head)), (interpreter, argument), "{}", head.escape_ascii());
        }
    }

    #[test]
    fn a_line_without_an_end_loses_what_linux_does_not_read() {
        let head = [&b"#!/bin/sh "[..], &[b'x'; SHEBANG_MAX]].concat();
        let head = head.get(..SHEBANG_MAX).unwrap_or_default();
        assert_eq!(divided(line(head)).1.len(), SHEBANG_MAX - 1 - "#!/bin/sh ".len());
    }
}
