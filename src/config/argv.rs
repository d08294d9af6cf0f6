//! Splitting the command of a stdio server into program and arguments. No shell, no expansion.

use std::fmt;

/// Why a command cannot be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArgvError {
    /// No program.
    Empty,
    /// A backslash at the very end.
    UnterminatedEscape,
    /// A quote that is not closed.
    UnterminatedQuote,
    /// `NAME=value` in the place of the program.
    Assignment,
}

impl fmt::Display for ArgvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "command is empty; write a program and its arguments",
            Self::UnterminatedEscape => "command has an unterminated escape sequence; write \\\\ for a backslash",
            Self::UnterminatedQuote => "command has an unterminated quoted string; close the quote",
            Self::Assignment => {
                "command begins with NAME=value, which only a shell understands; write env NAME=value and the program"
            }
        })
    }
}

/// The command of a stdio server, split.
///
/// # Errors
///
/// As [`split`]; also when a variable is set where the program belongs: its value would be taken for the name of a
/// program and shown as such.
pub(super) fn of_command(command: &str) -> Result<Vec<String>, ArgvError> {
    let argv = split(command)?;
    match argv.first().and_then(|program| assignment(program)) {
        Some(_) => Err(ArgvError::Assignment),
        None => Ok(argv),
    }
}

/// The name in `NAME=value`.
pub(super) fn assignment(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    is_name.then_some(name)
}

/// Splits at white space. Single quotes keep everything, double quotes everything but `\x`, which stands for `x` there
/// and outside quotes. Quoted parts join their neighbours; an empty quoted argument is kept.
///
/// # Errors
///
/// There is no program, or a quote or an escape is left open.
pub(super) fn split(command: &str) -> Result<Vec<String>, ArgvError> {
    let mut argv = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = command.chars();
    while let Some(char) = rest.next() {
        match char {
            '\'' | '"' => take_quoted(char, &mut rest, word.get_or_insert_default())?,
            '\\' => word
                .get_or_insert_default()
                .push(rest.next().ok_or(ArgvError::UnterminatedEscape)?),
            _ if char.is_whitespace() => argv.extend(word.take()),
            _ => word.get_or_insert_default().push(char),
        }
    }
    argv.extend(word);
    match argv.first() {
        Some(program) if !program.is_empty() => Ok(argv),
        _ => Err(ArgvError::Empty),
    }
}

fn take_quoted(quote: char, rest: &mut impl Iterator<Item = char>, word: &mut String) -> Result<(), ArgvError> {
    loop {
        match rest.next().ok_or(ArgvError::UnterminatedQuote)? {
            char if char == quote => return Ok(()),
            '\\' if quote == '"' => word.push(rest.next().ok_or(ArgvError::UnterminatedEscape)?),
            char => word.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_split_without_a_shell() {
        let cases: &[(&str, &[&str])] = &[
            ("python server.py", &["python", "server.py"]),
            ("  a\t b \n c ", &["a", "b", "c"]),
            (r#"x --name="A B" 'c d'e"#, &["x", "--name=A B", "c de"]),
            (r#"x "a\"b\\c\d" 'a\b'"#, &["x", r#"a"b\cd"#, r"a\b"]),
            (r"x a\ b \'c", &["x", "a b", "'c"]),
            (
                "x $HOME `id` | y; z > f && *",
                &["x", "$HOME", "`id`", "|", "y;", "z", ">", "f", "&&", "*"],
            ),
            (r#"x "" --y=''"#, &["x", "", "--y="]),
            ("x ~/ünï 🟢", &["x", "~/ünï", "🟢"]),
        ];
        for (command, argv) in cases {
            let words = split(command);
            let words: Vec<_> = words.iter().flatten().map(String::as_str).collect();
            assert_eq!(words, *argv, "{command}");
        }
    }

    #[test]
    fn an_open_quote_or_escape_and_no_program_are_errors() {
        for (command, error) in [
            ("", ArgvError::Empty),
            (" \t ", ArgvError::Empty),
            ("'' x", ArgvError::Empty),
            ("x 'abc", ArgvError::UnterminatedQuote),
            ("x \"abc", ArgvError::UnterminatedQuote),
            ("x \"abc\\", ArgvError::UnterminatedEscape),
            ("x abc\\", ArgvError::UnterminatedEscape),
        ] {
            assert_eq!(split(command), Err(error), "{command}");
        }
    }

    #[test]
    fn a_variable_is_not_set_by_a_shell_that_is_not_there() {
        for command in ["DB=sekret srv", "'DB=a b' srv", "_x1="] {
            assert_eq!(of_command(command), Err(ArgvError::Assignment), "{command}");
        }
        for command in ["env DB=sekret srv", "/opt/a=b/srv", "./a=b", "1=2", "=x", "srv A=b"] {
            assert!(of_command(command).is_ok(), "{command}");
        }
    }
}
