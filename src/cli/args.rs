//! Reads the arguments. The flags of `run` come from the table of settings.

use std::ffi::{OsStr, OsString};

use clap::builder::OsStringValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{Error, help};
use crate::config::{Flags, SETTINGS};

/// The name in messages and help texts.
const PROGRAM: &str = "tunnel-client";

/// Where `run` keeps arguments that belong to no flag; they are ignored (spec: cli, section 1).
const SURPLUS: &str = "surplus";

/// What the arguments ask for.
#[derive(Debug)]
pub(super) enum Request {
    /// A text on standard output.
    Print(String),
    /// The daemon, with the flags given.
    Run(Flags),
}

/// Understands the arguments, the program's name first.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, Error> {
    let mut root = root();
    let matches = match root.try_get_matches_from_mut(arguments) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            return Ok(Request::Print(error.to_string()));
        }
        Err(error) => return Err(Error::Usage(usage_message(&error))),
    };
    match matches.subcommand() {
        _ if matches.get_flag("version") => Ok(Request::Print(format!("{}\n", env!("CARGO_PKG_VERSION")))),
        Some(("run", run)) => Ok(Request::Run(flags(run))),
        Some(("help", help)) => topic(&mut root, help.get_one::<OsString>("topic")),
        _ => Ok(Request::Print(root.render_help().to_string())),
    }
}

fn root() -> Command {
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
        .subcommand(run_command())
        .subcommand(
            Command::new("help").about("Print the help of a command").arg(
                Arg::new("topic")
                    .value_name("COMMAND")
                    .value_parser(OsStringValueParser::new()),
            ),
        )
}

fn run_command() -> Command {
    let mut command = Command::new("run")
        .about("Serve the tunnel until told to stop")
        .after_help(help::AFTER_RUN)
        .disable_version_flag(true)
        .args_override_self(true);
    for setting in SETTINGS {
        let flag = |name: &'static str| {
            let action = if setting.list.is_some() {
                ArgAction::Append
            } else {
                ArgAction::Set
            };
            let flag = Arg::new(name).long(name).value_name(setting.placeholder).action(action);
            // As in Go's flag parsers, what follows a flag is its value, whatever it looks like.
            let flag = flag.value_parser(OsStringValueParser::new()).allow_hyphen_values(true);
            match setting.switch {
                true => flag.num_args(0..=1).require_equals(true).default_missing_value("true"),
                false => flag,
            }
        };
        command = command.arg(flag(setting.flag).help(help::of_setting(setting)));
        command = command.args(setting.hidden_flag.map(|name| flag(name).hide(true)));
    }
    let surplus = Arg::new(SURPLUS)
        .num_args(0..)
        .hide(true)
        .value_parser(OsStringValueParser::new());
    command.arg(surplus)
}

fn flags(matches: &ArgMatches) -> Flags {
    let mut flags = Flags::default();
    for name in SETTINGS
        .iter()
        .flat_map(|setting| setting.hidden_flag.into_iter().chain([setting.flag]))
    {
        flags.add(name, matches.get_many::<OsString>(name).into_iter().flatten().cloned());
    }
    flags
}

fn topic(root: &mut Command, topic: Option<&OsString>) -> Result<Request, Error> {
    let Some(topic) = topic else {
        return Ok(Request::Print(root.render_help().to_string()));
    };
    if topic != "run" {
        let topic = topic.to_string_lossy();
        return Err(Error::Usage(format!(
            "unknown help topic {topic:?}; available topics: run"
        )));
    }
    parse([OsStr::new(PROGRAM), topic, OsStr::new("--help")].map(OsString::from))
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
