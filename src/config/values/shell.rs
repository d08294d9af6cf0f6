//! Shell syntax in the command of a stdio server: there is no shell, so it means nothing.
//!
//! In the place of the program it is a mistake, because nothing could start. In an argument it is passed on as it is, as by the
//! existing client (contract: config, section 6), and named in a warning.

use std::fmt;

use super::argv::Word;

/// What only a shell has, in the place of the program.
const BUILTINS: [&str; 22] = [
    "cd", "pushd", "popd", "source", ".", "export", "set", "unset", "declare", "local", "alias", "eval", "exec",
    "trap", "ulimit", "umask", "if", "for", "while", "until", "case", "function",
];

/// What ends or joins commands.
const OPERATORS: [&str; 10] = ["&&", "||", "|", "|&", ";", ";;", "&", "(", ")", "!"];

/// Something that cannot be a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum NoProgram {
    /// A word of a shell's own.
    Builtin(&'static str),
    /// `NAME=value`.
    Assignment,
    /// `&&` and the like.
    Operator(&'static str),
    /// `> file` and the like.
    Redirection,
    /// A variable, a command to be run for its output, a pattern, `~`.
    Expansion(&'static str),
    /// An operator that joins the name to what stands beside it: `a;`, `(a)`.
    Glued(&'static str),
}

impl fmt::Display for NoProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin("cd" | "pushd" | "popd") => f.write_str(
                "command begins with a change of directory, which only a shell can do, and no shell reads the command; write sh -c \
                 \'cd DIRECTORY && exec PROGRAM ARGUMENTS\', or env --chdir=DIRECTORY PROGRAM ARGUMENTS",
            ),
            Self::Builtin("exec") => {
                f.write_str("command begins with exec, a word of a shell, and no shell reads the command; leave exec out")
            }
            Self::Builtin(word) => write!(
                f,
                "command begins with {word}, a word of a shell, and no shell reads the command; write sh -c and all of it in single quotes"
            ),
            Self::Assignment => f.write_str(
                "command begins with NAME=value, which only a shell understands; write env NAME=value and the program, or set env in \
                 the mapping of the channel",
            ),
            Self::Operator(what) => write!(
                f,
                "command begins with {what}, which only a shell understands; write the program first"
            ),
            Self::Redirection => f.write_str(
                "command begins with a redirection (< or >), which only a shell understands; write the program first, or sh -c and \
                 all of it in single quotes",
            ),
            Self::Expansion(what) => write!(
                f,
                "command has {what} in the name of its program, which only a shell expands, and no shell reads the command; write the \
                 whole path, or sh -c and all of it in single quotes"
            ),
            Self::Glued(what) => write!(
                f,
                "command has {what} in the name of its program, which only a shell understands, and no shell reads the command; write \
                 sh -c and all of it in single quotes, or the name in single quotes if that belongs to it"
            ),
        }
    }
}

/// What stands in the place of the program, if that is none.
pub(in crate::config) fn no_program(word: &Word) -> Option<NoProgram> {
    if let Some(builtin) = BUILTINS.into_iter().find(|builtin| word.bare == *builtin) {
        return Some(NoProgram::Builtin(builtin));
    }
    if assignment(&word.text).is_some() {
        return Some(NoProgram::Assignment);
    }
    if let Some(operator) = operator(&word.bare) {
        return Some(NoProgram::Operator(operator));
    }
    if is_redirection(&word.bare) {
        return Some(NoProgram::Redirection);
    }
    if let Some(what) = expansion(word) {
        return Some(NoProgram::Expansion(what));
    }
    glued(&word.bare).map(NoProgram::Glued)
}

/// The first character in a word that would end it for a shell.
fn glued(bare: &str) -> Option<&'static str> {
    bare.chars().find_map(|char| match char {
        ';' => Some(";"),
        '&' => Some("&"),
        '|' => Some("|"),
        '(' => Some("("),
        ')' => Some(")"),
        '<' | '>' => Some("a redirection (< or >)"),
        _ => None,
    })
}

/// The name in `NAME=value`.
pub(in crate::config) fn assignment(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    is_name.then_some(name)
}

/// The first argument that means more to a shell than to the program that receives it, as a sentence without the argument, which can
/// be a secret.
pub(in crate::config) fn meaningless(words: &[Word]) -> Option<String> {
    let last = words.len().saturating_sub(1);
    words.iter().enumerate().skip(1).find_map(|(index, word)| {
        let ends_command = index < last && word.bare.len() > 1 && word.bare.ends_with(';');
        let what = match operator(&word.bare) {
            Some(operator) => operator,
            None if ends_command => ";",
            None if is_redirection(&word.bare) => "a redirection (< or >)",
            None => expansion(word)?,
        };
        Some(format!(
            "has {what} in the word at character {}, which only a shell understands: the program receives it as it is; write sh -c and \
             all of it in single quotes if a shell is meant, or that word in single quotes if not",
            word.at
        ))
    })
}

fn operator(bare: &str) -> Option<&'static str> {
    OPERATORS.into_iter().find(|operator| bare == *operator)
}

/// `>file`, `2>&1`, `&>file`, `<file`.
fn is_redirection(bare: &str) -> bool {
    let rest = bare.trim_start_matches(|char: char| char.is_ascii_digit());
    rest.strip_prefix('&').unwrap_or(rest).starts_with('>') || rest.starts_with('<')
}

/// What a shell would replace in a word.
fn expansion(word: &Word) -> Option<&'static str> {
    let Word { bare, expanded, .. } = word;
    let dollar = expanded.split('$').skip(1).find_map(|rest| match rest.chars().next()? {
        '(' => Some("a command substitution ($(...))"),
        first if first.is_ascii_alphabetic() || matches!(first, '_' | '{') => Some("a variable ($)"),
        _ => None,
    });
    if bare == "~" || bare.starts_with("~/") {
        Some("~")
    } else if dollar.is_some() {
        dollar
    } else if expanded.contains('`') {
        Some("a backquote (`)")
    } else if bare.contains('*') && !bare.contains("://") {
        Some("a pattern (*)")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::argv::{ArgvError, of_command, words};
    use super::*;

    #[test]
    fn what_only_a_shell_could_begin_with_is_no_program() {
        for (command, what) in [
            ("cd /srv && node x.js", NoProgram::Builtin("cd")),
            ("pushd /srv", NoProgram::Builtin("pushd")),
            (". ./env && srv", NoProgram::Builtin(".")),
            ("source env", NoProgram::Builtin("source")),
            ("export A=b; srv", NoProgram::Builtin("export")),
            ("exec srv", NoProgram::Builtin("exec")),
            ("if true; then srv; fi", NoProgram::Builtin("if")),
            ("DB=sekret srv", NoProgram::Assignment),
            ("'DB=a b' srv", NoProgram::Assignment),
            ("_x1=", NoProgram::Assignment),
            ("( srv )", NoProgram::Operator("(")),
            ("! srv", NoProgram::Operator("!")),
            ("2>/dev/null srv", NoProgram::Redirection),
            ("<in srv", NoProgram::Redirection),
            ("~/bin/srv", NoProgram::Expansion("~")),
            ("$HOME/bin/srv", NoProgram::Expansion("a variable ($)")),
            ("\"${HOME}/srv\" x", NoProgram::Expansion("a variable ($)")),
            ("`which srv`", NoProgram::Expansion("a backquote (`)")),
            ("/opt/*/srv", NoProgram::Expansion("a pattern (*)")),
            (
                "$(which srv) x",
                NoProgram::Expansion("a command substitution ($(...))"),
            ),
            (
                "\"$(which srv)\"",
                NoProgram::Expansion("a command substitution ($(...))"),
            ),
            ("srv; other", NoProgram::Glued(";")),
            ("srv;other", NoProgram::Glued(";")),
            ("(srv)", NoProgram::Glued("(")),
            ("srv&", NoProgram::Glued("&")),
            ("srv&&other", NoProgram::Glued("&")),
            ("./srv|tee log", NoProgram::Glued("|")),
            ("srv>log", NoProgram::Glued("a redirection (< or >)")),
        ] {
            assert_eq!(of_command(command), Err(ArgvError::Shell(what)), "{command}");
            let message = what.to_string();
            assert!(message.contains("; ") && !message.contains("sekret"), "{message}");
        }
        for command in [
            "env DB=sekret srv",
            "/opt/a=b/srv",
            "./a=b",
            "1=2",
            "=x",
            "srv A=b",
            "'cd' x",
            "./cd",
            "'~/srv'",
            "'$x'",
            "'/opt/srv (x86)/a&b' x",
            "/opt/a\\;b",
            "a$b-is-no-name$",
            "sh -c 'cd /srv && exec node x.js > /tmp/log'",
        ] {
            let is_shell = matches!(of_command(command), Err(ArgvError::Shell(_)));
            assert_eq!(is_shell, command.starts_with("a$"), "{command}");
        }
    }

    #[test]
    fn an_argument_that_a_shell_would_read_is_named_by_its_place_without_its_text() {
        for (command, what, at) in [
            ("srv && other", "&&", 5),
            ("srv | tee sekret", "|", 5),
            ("srv x; y", ";", 5),
            ("srv > /tmp/log", "a redirection", 5),
            ("srv 2>&1", "a redirection", 5),
            ("srv a &>log", "a redirection", 7),
            ("srv &", "&", 5),
            ("srv --root ~/sekret", "~", 12),
            ("srv --header \"A: ${SEKRET}\"", "a variable", 14),
            ("srv $(cat sekret)", "a command substitution", 5),
            ("srv \"x $(cat sekret)\"", "a command substitution", 5),
            ("srv `cat", "a backquote", 5),
            ("srv /data/*.db", "a pattern", 5),
            ("srv 'a' 'b' *", "a pattern", 13),
        ] {
            let said = meaningless(&words(command).unwrap()).unwrap();
            let expected = format!("has {what}");
            assert!(
                said.starts_with(&expected) && said.contains(&format!("in the word at character {at}, ")),
                "{command}: {said}"
            );
            assert!(!said.to_lowercase().contains("sekret"), "{said}");
        }
        for command in [
            "srv 'a && b' '$HOME' '*' '~/x' ';' \\; \\$x '2>&1'",
            "srv http://h/?a=1&b=2 a;b x~ ~user costs$ 5$ a|b --x=(1)",
            "srv https://*.example.com 'select 1;'",
            "srv last;",
            "sh -c 'cd /srv && node x'",
        ] {
            assert_eq!(meaningless(&words(command).unwrap()), None, "{command}");
        }
    }
}
