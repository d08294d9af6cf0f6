//! The first line of a program that is a script.

use std::io::Read;
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
    let Some(line) = head.strip_prefix(b"#!") else {
        return match is_text(&head) {
            true => Err(Problem::new(Kind::NoShebang, program)),
            false => Ok(()),
        };
    };
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let carriage_return = line.ends_with('\r');
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
    let line = line.trim_matches([' ', '\t']);
    // The kernel gives everything after the interpreter as one argument.
    let (interpreter, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    if !interpreter.starts_with('/') {
        let interpreter = show(interpreter.trim_end_matches('\r'));
        return Err(Problem::new(Kind::RelativeInterpreter { interpreter }, program));
    }
    let found = executable::find(interpreter, None).map_err(|_| unavailable(interpreter))?;
    context.saw(&found, &[argument]);
    if Path::new(interpreter).file_name() != Some("env".as_ref()) {
        return Ok(());
    }
    // `env -S` splits the one argument; without it, everything is one name.
    let mut words: Vec<&str> = match argument.strip_prefix("-S") {
        Some(rest) => rest
            .split([' ', '\t'])
            .filter(|word| !word.is_empty())
            .skip_while(|word| env::is_assignment(word))
            .collect(),
        None => vec![argument.trim_start_matches([' ', '\t'])],
    };
    let name = (!words.is_empty()).then(|| words.remove(0));
    // Options of `env` are not judged here.
    match (name.filter(|name| !name.starts_with('-')), &context.search) {
        (Some(""), _) => Err(unavailable(interpreter)),
        (Some(name), Search::Known(path)) => executable::find(name, path.as_deref())
            .map(|found| context.saw(&found, &words))
            .map_err(|_| unavailable(name)),
        _ => Ok(()),
    }
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
