//! Splitting the command of a stdio server into program and arguments. No shell, no expansion.

use std::fmt;

use super::shell::{self, NoProgram};

/// Why a command cannot be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum ArgvError {
    /// No program.
    Empty,
    /// A backslash at the very end.
    UnterminatedEscape,
    /// A quote that is not closed.
    UnterminatedQuote,
    /// Something in the place of the program that only a shell understands.
    Shell(NoProgram),
}

impl fmt::Display for ArgvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "command is empty; write a program and its arguments",
            Self::UnterminatedEscape => "command has an unterminated escape sequence; write \\\\ for a backslash",
            Self::UnterminatedQuote => "command has an unterminated quoted string; close the quote",
            Self::Shell(what) => return what.fmt(f),
        })
    }
}

/// One word of a command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct Word {
    /// As the program receives it.
    pub(in crate::config) text: String,
    /// The same as far as it stands outside quotes; a letter in place of every other character.
    pub(in crate::config) bare: String,
    /// The same as far as it stands outside single quotes, where a shell would expand variables.
    pub(in crate::config) expanded: String,
    /// Where it begins in the command: characters, from 1.
    pub(in crate::config) at: usize,
}

/// What keeps a character from a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Double,
    /// Single quotes, or a backslash.
    Full,
}

impl Word {
    fn push(&mut self, char: char, quote: Quote) {
        const COVERED: char = 'q';
        self.text.push(char);
        self.bare.push(if quote == Quote::None { char } else { COVERED });
        self.expanded.push(if quote == Quote::Full { COVERED } else { char });
    }
}

/// The command of a stdio server, split.
///
/// # Errors
///
/// As [`words`]; also when something stands where the program belongs that only a shell understands. The value of a variable would be
/// taken for the name of a program and shown as such.
pub(in crate::config) fn of_command(command: &str) -> Result<Vec<String>, ArgvError> {
    of_words(words(command)?)
}

/// As [`of_command`], of its words.
///
/// # Errors
///
/// Something stands where the program belongs that only a shell understands.
pub(in crate::config) fn of_words(words: Vec<Word>) -> Result<Vec<String>, ArgvError> {
    match words.first().and_then(shell::no_program) {
        Some(what) => Err(ArgvError::Shell(what)),
        None => Ok(words.into_iter().map(|word| word.text).collect()),
    }
}

/// Splits at white space. Single quotes keep everything, double quotes everything but `\x`, which stands for `x` there
/// and outside quotes. Quoted parts join their neighbours; an empty quoted argument is kept.
///
/// # Errors
///
/// There is no program, or a quote or an escape is left open.
pub(in crate::config) fn words(command: &str) -> Result<Vec<Word>, ArgvError> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut rest = command.chars().zip(1..);
    while let Some((char, at)) = rest.next() {
        if !matches!(char, '\'' | '"' | '\\') && char.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_with(|| Word { at, ..Word::default() });
        match char {
            '\'' | '"' => take_quoted(char, &mut rest, word)?,
            '\\' => word.push(next(&mut rest).ok_or(ArgvError::UnterminatedEscape)?, Quote::Full),
            _ => word.push(char, Quote::None),
        }
    }
    words.extend(word);
    match words.first() {
        Some(program) if !program.text.is_empty() => Ok(words),
        _ => Err(ArgvError::Empty),
    }
}

fn take_quoted(quote: char, rest: &mut impl Iterator<Item = (char, usize)>, word: &mut Word) -> Result<(), ArgvError> {
    let kept = if quote == '"' { Quote::Double } else { Quote::Full };
    loop {
        match next(rest).ok_or(ArgvError::UnterminatedQuote)? {
            char if char == quote => return Ok(()),
            '\\' if quote == '"' => word.push(next(rest).ok_or(ArgvError::UnterminatedEscape)?, Quote::Full),
            char => word.push(char, kept),
        }
    }
}

fn next(rest: &mut impl Iterator<Item = (char, usize)>) -> Option<char> {
    rest.next().map(|(char, _)| char)
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
            let words = words(command);
            let words: Vec<_> = words.iter().flatten().map(|word| word.text.as_str()).collect();
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
            assert_eq!(words(command), Err(error), "{command}");
        }
    }

    #[test]
    fn words_know_where_they_begin_and_what_is_quoted() {
        let words = words(r#"x  a"b$"'c'\d $e"#).unwrap_or_default();
        let seen: Vec<_> = words
            .iter()
            .map(|word| (word.text.as_str(), word.bare.as_str(), word.expanded.as_str(), word.at))
            .collect();
        assert_eq!(
            seen,
            [
                ("x", "x", "x", 1),
                ("ab$cd", "aqqqq", "ab$qq", 4),
                ("$e", "$e", "$e", 15)
            ]
        );
    }
}
