//! Commands and flags of a program, as items of a page.

use clap::{Arg, Command};
use clap_mangen::Man;

use crate::tree::Entry;

/// How a command is called: its words, its arguments, and that it has flags.
pub(super) fn usage(program: &str, entry: &Entry) -> String {
    let mut text = format!("`{program} {}`", entry.words);
    for positional in entry.command.get_positionals() {
        let name = match positional.get_value_names() {
            Some([name, ..]) => name.to_string(),
            _ => positional.get_id().to_string().to_uppercase(),
        };
        text += &if positional.is_required_set() {
            format!(" {name}")
        } else {
            format!(" [{name}]")
        };
    }
    if entry.takes_flags {
        text += " [flags]";
    }
    text
}

/// Commands that do something themselves, in the order of the help text.
pub(super) fn leaves<'a>(all: &'a [Entry<'a>]) -> impl Iterator<Item = &'a Entry<'a>> {
    all.iter().filter(|entry| !entry.command.has_subcommands())
}

/// The flags as clap_mangen writes them, each with its help; empty without any.
pub(super) fn items(flags: impl Iterator<Item = Arg>) -> String {
    let flags = flags.map(|flag| {
        let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
        flag.help(sentence(&help))
    });
    let man = Man::new(Command::new("flags").disable_help_flag(true).args(flags));
    let mut text = Vec::new();
    // Writing to a vector cannot fail.
    let _ = man.render_options_section(&mut text);
    let text = String::from_utf8_lossy(&text);
    // The page has headings of its own.
    text.replace(".SH OPTIONS\n", "")
}

/// Purpose of a command, in one sentence.
pub(super) fn about(command: &Command) -> String {
    sentence(&command.get_about().map(ToString::to_string).unwrap_or_default())
}

/// With its full stop.
pub(super) fn sentence(text: &str) -> String {
    if text.is_empty() || text.ends_with(['.', ':', '?']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}
