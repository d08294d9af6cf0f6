//! Reads the arguments: the tree of commands, and the messages for what makes no sense.

use std::ffi::OsString;

use clap::builder::{OsStringValueParser, ValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Command};

use super::{Error, help, hints, left_out, version};

/// The name in messages and help texts.
pub(super) const PROGRAM: &str = "tunnel-client";

/// What the arguments ask for.
pub(super) enum Request {
    /// A text on standard output.
    Print(String),
    /// A command, by the names of its subcommands, with its arguments.
    Command(ArgMatches),
}

/// The whole command line; man pages and completions are made from it.
#[must_use]
pub fn command() -> Command {
    root(|_| true)
}

/// The command line as far as the arguments need it: when the first of them names a command, the others are there by
/// name only. The flags of all of them cost a daemon more memory than everything else at start.
fn command_for(arguments: &[OsString]) -> Command {
    let named = arguments.get(1).and_then(|first| first.to_str());
    match super::COMMANDS.iter().find(|command| Some(command.name) == named) {
        Some(one) => root(|name| name == one.name),
        None => command(),
    }
}

/// The root, with the arguments of the commands that are `wanted`.
fn root(wanted: impl Fn(&str) -> bool) -> Command {
    let commands = super::COMMANDS.iter().map(|command| match wanted(command.name) {
        true => (command.arguments)(),
        false => Command::new(command.name),
    });
    let root = Command::new(PROGRAM)
        .about(help::ABOUT)
        .after_help(help::after_root())
        .arg(switch("version").short('v').help("Print the version"))
        .subcommands(commands)
        .subcommands(left_out::commands());
    with_conventions(root)
}

/// A flag with one value.
pub(super) fn option(name: &'static str, placeholder: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name(placeholder)
        .help(help)
        .allow_hyphen_values(true)
        .value_parser(OsStringValueParser::new())
}

/// A flag that is on alone or with `=true`, off with `=false`, as in Go's flag parsers.
pub(super) fn switch(name: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_name("true|false")
        .hide_possible_values(true)
        .value_parser(ValueParser::new(|text: &str| {
            crate::config::boolean(text).ok_or("write true or false")
        }))
}

/// Whether a [`switch`] is on.
pub(super) fn is_on(matches: &ArgMatches, name: &str) -> bool {
    matches.get_one(name).copied().unwrap_or(false)
}

/// Understands the arguments, the program's name first.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Scripts ask for the version often: no need to build the tree for it.
    if matches!(arguments.as_slice(), [_, flag] if flag == "--version" || flag == "-v") {
        return Ok(Request::Print(format!("{}\n", version::text())));
    }
    let mut root = command_for(&arguments);
    let matches = match root.try_get_matches_from_mut(arguments) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            return Ok(Request::Print(error.to_string()));
        }
        Err(error) => return Err(Error::Usage(usage_message(&root, &error))),
    };
    if is_on(&matches, "version") {
        return Ok(Request::Print(format!("{}\n", version::text())));
    }
    match unfinished(&mut root, &matches) {
        Some(command) => Ok(Request::Print(command.render_help().to_string())),
        None => Ok(Request::Command(matches)),
    }
}

/// What holds for every command: of a repeated flag the last one counts, and only the root has a version.
fn with_conventions(command: Command) -> Command {
    command
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .args_override_self(true)
        .mut_subcommands(with_conventions)
}

/// The command that was named without one of its subcommands: it is asked for its help.
fn unfinished<'a>(command: &'a mut Command, matches: &ArgMatches) -> Option<&'a mut Command> {
    match matches.subcommand() {
        Some((name, matches)) => unfinished(command.find_subcommand_mut(name)?, matches),
        None => command.has_subcommands().then_some(command),
    }
}

/// The messages that scripts know (contract: cli, section 1). Values are left out: they may be secrets.
fn usage_message(root: &Command, error: &clap::Error) -> String {
    let words = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.as_str()],
        Some(ContextValue::Strings(texts)) => texts.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let path = command_path(error);
    // `--flag <PLACEHOLDER>`, `--flag[=<PLACEHOLDER>]` or `--flag=value`: only the flag counts.
    let flags: Vec<&str> = words(ContextKind::InvalidArg)
        .into_iter()
        .map(|text| text.split(['=', ' ', '[']).next().unwrap_or(text))
        .collect();
    let flag = flags.first().copied();
    match (error.kind(), flag, words(ContextKind::InvalidSubcommand).first()) {
        (ErrorKind::UnknownArgument, Some(flag), _) if flag.starts_with('-') => {
            let known = words(ContextKind::SuggestedArg).into_iter().find(|known| {
                find(root, &path).is_some_and(|command| {
                    let mut shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
                    shown.any(|arg| {
                        arg.get_long()
                            .is_some_and(|long| known.strip_prefix("--") == Some(long))
                    })
                })
            });
            unknown_flag(flag, known)
        }
        (ErrorKind::UnknownArgument, Some(word), _) | (ErrorKind::InvalidSubcommand, _, Some(&word)) => {
            // The most similar one stands last.
            let known = words(ContextKind::SuggestedSubcommand).into_iter().rfind(|known| {
                find(root, &path).is_some_and(|command| {
                    let mut shown = command.get_subcommands().filter(|command| !command.is_hide_set());
                    shown.any(|command| command.get_name() == *known)
                })
            });
            let hint = match (hints::instead_of(&path, word), known) {
                (Some(hint), _) => format!("\n{hint}"),
                (None, Some(known)) => format!("\nDid you mean {known}?"),
                (None, None) => String::new(),
            };
            format!("unknown command {word:?} for {path:?}{hint}")
        }
        (ErrorKind::InvalidValue | ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues, Some(flag), _) => {
            format!("flag needs an argument: {flag}")
        }
        (ErrorKind::TooManyValues, Some(flag), _) => format!("flag takes no argument: {flag}"),
        (ErrorKind::ValueValidation, Some(flag), _) => match std::error::Error::source(error) {
            Some(problem) => format!("invalid argument for {flag}: {problem}"),
            None => format!("invalid argument for {flag}"),
        },
        (ErrorKind::InvalidUtf8, _, _) => format!("an argument is not UTF-8 text; see {path} --help"),
        (ErrorKind::ArgumentConflict, Some(flag), _) => {
            format!("{flag} cannot be combined with the other flags; see {path} --help")
        }
        (ErrorKind::MissingRequiredArgument, Some(_), _) => {
            format!("{path} needs {}; see {path} --help", flags.join(" and "))
        }
        _ => format!("invalid arguments; see {path} --help"),
    }
}

fn unknown_flag(flag: &str, known: Option<&str>) -> String {
    let kind = if flag.starts_with("--") {
        "flag"
    } else {
        "shorthand flag"
    };
    let hint = match (left_out::flag(flag), known) {
        (Some(instead), _) => format!("\n{instead}"),
        (None, Some(known)) => format!("\nDid you mean {known}?"),
        (None, None) => String::new(),
    };
    format!("unknown {kind}: {}{hint}", flag.escape_debug())
}

/// The program and the subcommands that were understood before the mistake, out of clap's line of usage.
fn command_path(error: &clap::Error) -> String {
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => String::new(),
    };
    let words = usage.trim_start_matches("Usage:").split_whitespace();
    let path: Vec<&str> = words.take_while(|word| !word.starts_with(['[', '<', '-'])).collect();
    if path.is_empty() {
        PROGRAM.to_owned()
    } else {
        path.join(" ")
    }
}

fn find<'a>(root: &'a Command, path: &str) -> Option<&'a Command> {
    path.split(' ')
        .skip(1)
        .try_fold(root, |command, name| command.find_subcommand(name))
}
