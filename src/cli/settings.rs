//! The flags of commands that read the whole configuration: made from the table of settings.

use std::ffi::OsString;

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::help;
use crate::config::{Flags, Kind, SELECTORS, SETTINGS, Setting};

/// Gives `command` a flag for every setting, and those that choose the configuration file.
pub(super) fn add(command: Command) -> Command {
    command.args(SELECTORS.iter().chain(SETTINGS).flat_map(|setting| args(setting)))
}

/// The flag of one setting, and its older spelling, which is not shown.
pub(super) fn args(setting: &'static Setting) -> impl Iterator<Item = Arg> {
    let shown = flag(setting, setting.flag).help(help::of_setting(setting));
    let hidden = setting.hidden_flag.map(|name| flag(setting, name).hide(true));
    [Some(shown), hidden].into_iter().flatten()
}

/// The flags that were given.
pub(super) fn flags(matches: &ArgMatches) -> Flags {
    flags_of(matches, SELECTORS.iter().chain(SETTINGS))
}

/// Those of `settings` that were given.
pub(super) fn flags_of<'a>(matches: &ArgMatches, settings: impl IntoIterator<Item = &'a &'static Setting>) -> Flags {
    let mut flags = Flags::default();
    let names = settings
        .into_iter()
        .flat_map(|setting| setting.hidden_flag.into_iter().chain([setting.flag]));
    for name in names {
        flags.add(name, matches.get_many::<OsString>(name).into_iter().flatten().cloned());
    }
    flags
}

fn flag(setting: &'static Setting, name: &'static str) -> Arg {
    let action = if setting.is_list() {
        ArgAction::Append
    } else {
        ArgAction::Set
    };
    let flag = Arg::new(name).long(name).value_name(setting.placeholder).action(action);
    // As in Go's flag parsers, what follows a flag is its value, whatever it looks like.
    let flag = flag.value_parser(OsStringValueParser::new()).allow_hyphen_values(true);
    match setting.kind {
        Kind::Switch => flag.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => flag,
    }
}
