//! Reads the arguments: the tree of commands, and the messages for what makes no sense.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{Error, help};

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
    Command::new(PROGRAM)
        .about(help::ABOUT)
        .after_help(help::AFTER_ROOT)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .args_override_self(true)
        .arg(
            Arg::new("version")
                .short('v')
                .long("version")
                .action(ArgAction::SetTrue)
                .help("Print the version"),
        )
        .subcommands(super::COMMANDS.iter().map(|command| (command.arguments)()))
}

/// Understands the arguments, the program's name first.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, Error> {
    let mut root = command();
    let matches = match root.try_get_matches_from_mut(arguments) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            return Ok(Request::Print(error.to_string()));
        }
        Err(error) => return Err(Error::Usage(usage_message(&error))),
    };
    if matches.get_flag("version") {
        return Ok(Request::Print(format!("{}\n", env!("CARGO_PKG_VERSION"))));
    }
    if matches.subcommand_name().is_none() {
        return Ok(Request::Print(root.render_help().to_string()));
    }
    Ok(Request::Command(matches))
}

/// The messages that scripts know (spec: cli, section 1). Values are left out: they may be secrets.
fn usage_message(error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    };
    // `--flag <PLACEHOLDER>` or `--flag=value`: only the flag counts.
    let flag = context(ContextKind::InvalidArg).map(|text| text.split(['=', ' ']).next().unwrap_or(text));
    match (error.kind(), flag, context(ContextKind::InvalidSubcommand)) {
        (ErrorKind::UnknownArgument, Some(flag), _) if flag.starts_with('-') => {
            let kind = if flag.starts_with("--") {
                "flag"
            } else {
                "shorthand flag"
            };
            let hint = context(ContextKind::SuggestedArg).map(|known| format!("\nDid you mean {known}?"));
            format!("unknown {kind}: {}{}", flag.escape_debug(), hint.unwrap_or_default())
        }
        (ErrorKind::UnknownArgument, Some(word), _) | (ErrorKind::InvalidSubcommand, _, Some(word)) => {
            format!("unknown command {word:?} for \"{PROGRAM}\"")
        }
        (ErrorKind::InvalidValue | ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues, Some(flag), _) => {
            format!("flag needs an argument: {flag}")
        }
        (ErrorKind::TooManyValues, Some(flag), _) => format!("flag takes no argument: {flag}"),
        _ => format!("invalid arguments; see {PROGRAM} --help"),
    }
}
