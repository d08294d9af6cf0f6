//! A command line as its users see it: without what is hidden, and with what may stand behind each flag.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, ValueHint};
use tunnel_client::config::{SELECTORS, SETTINGS};
use tunnel_client::samples::Sample;

/// Value that stands for the names of the profiles, which only the user's machine knows. Each script puts a call in its place.
pub(crate) const PROFILES: &str = "PROFILE-NAMES";

/// A command of the tree.
pub(crate) struct Entry<'a> {
    /// The words after the program's name.
    pub(crate) words: String,
    /// The command.
    pub(crate) command: &'a Command,
    /// Whether it has flags of its own, or takes those of a command above.
    pub(crate) takes_flags: bool,
}

/// The command and those below it, as far as they are shown.
pub(crate) fn shown(command: &Command) -> Command {
    let mut shown = Command::new(kept(command.get_name()))
        .about(command.get_about().cloned().unwrap_or_default())
        .disable_help_subcommand(true);
    if command.get_version().is_some() {
        shown = shown.version("");
    }
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        shown = shown.arg(described(command.get_name(), argument));
    }
    for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
        shown = shown.subcommand(self::shown(child));
    }
    shown
}

/// The command and all below it, parents first.
pub(crate) fn all(root: &Command) -> Vec<Entry<'_>> {
    below("", root, false)
}

fn below<'a>(words: &str, command: &'a Command, lent: bool) -> Vec<Entry<'a>> {
    let flags: Vec<&Arg> = own_flags(command).collect();
    let mut all = vec![Entry {
        words: words.to_owned(),
        command,
        takes_flags: lent || !flags.is_empty(),
    }];
    let lends = lent || flags.iter().any(|flag| flag.is_global_set());
    for child in command.get_subcommands() {
        let words = format!("{words} {}", child.get_name());
        all.extend(below(words.trim_start(), child, lends));
    }
    all
}

/// The flags that the command itself defines.
pub(crate) fn own_flags(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|argument| !argument.is_positional())
}

/// The argument with its help, and with what can be offered for its value.
fn described(command: &str, argument: &Arg) -> Arg {
    let mut help = help(argument);
    let mut described = argument.clone();
    if argument.is_positional() || argument.get_action().takes_values() {
        let default = argument.get_default_values().first().and_then(|value| value.to_str());
        if let Some(default) = default {
            help += &format!(" [default: {default}]");
        }
        described = described.hide_default_value(true).hide_possible_values(true);
        described = match values(command, argument) {
            Values::Words(words) => {
                described.value_parser(PossibleValuesParser::new(words.iter().map(|word| kept(word))))
            }
            Values::Hint(hint) => described.value_hint(hint),
        };
    }
    described.help(help)
}

/// Completions of a value.
enum Values {
    Words(Vec<String>),
    Hint(ValueHint),
}

/// The help text; of a setting without its variables and default, which have their own place in the manual.
fn help(argument: &Arg) -> String {
    let text = argument.get_help().map(ToString::to_string).unwrap_or_default();
    SELECTORS
        .iter()
        .chain(SETTINGS)
        .find(|setting| argument.get_long() == Some(setting.flag) && text.starts_with(setting.help))
        .map_or(text, |setting| setting.help.to_owned())
}

/// The placeholder says what a value is: a path, or the words themselves.
fn values(command: &str, argument: &Arg) -> Values {
    let possible = argument.get_possible_values();
    if !possible.is_empty() {
        return Values::Words(possible.iter().map(|value| value.get_name().to_owned()).collect());
    }
    let placeholder = placeholder(argument);
    let words = |words: &[&str]| Values::Words(words.iter().map(|word| (*word).to_owned()).collect());
    let alternatives: Vec<&str> = placeholder.split('|').collect();
    let is_word = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    match (argument.get_long(), placeholder) {
        (Some("profile"), _) => words(&[PROFILES]),
        (None, "NAME") if command == "edit" => words(&[PROFILES]),
        (Some("sample"), _) | (None, "SAMPLE") => {
            Values::Words(Sample::all().iter().map(|sample| sample.name.to_owned()).collect())
        }
        // The path of a URL.
        (Some(flag), "PATH") if flag.ends_with("url-path") => Values::Hint(ValueHint::Other),
        (_, "BOOL") => words(&["true", "false"]),
        (_, "PATH" | "FILE") => Values::Hint(ValueHint::FilePath),
        (_, "DIR" | "DIRECTORY") => Values::Hint(ValueHint::DirPath),
        (_, "COMMAND|TOPIC") => Values::Words(help_words()),
        _ if alternatives.iter().all(is_word) => words(&alternatives),
        _ => Values::Hint(ValueHint::Other),
    }
}

/// The name of the value.
pub(crate) fn placeholder(argument: &Arg) -> &str {
    argument
        .get_value_names()
        .and_then(|names| names.first())
        .map_or("", |name| name.as_str())
}

/// Whether a value may be left out; it then follows an equals sign.
pub(crate) fn is_optional(flag: &Arg) -> bool {
    flag.get_num_args()
        .is_some_and(|range| range.takes_values() && range.min_values() == 0)
}

/// Whether a value is the name of a profile.
pub(crate) fn is_profile(argument: &Arg) -> bool {
    argument
        .get_possible_values()
        .iter()
        .any(|value| value.get_name() == PROFILES)
}

/// What `tunnel-client help` takes: topics, then commands.
fn help_words() -> Vec<String> {
    let root = tunnel_client::cli::command();
    let commands = root.get_subcommands().filter(|command| !command.is_hide_set());
    let topics = tunnel_client::cli::TOPICS.iter().copied();
    let mut words: Vec<String> = topics
        .chain(commands.map(Command::get_name))
        .map(str::to_owned)
        .collect();
    // A topic can have the name of a command.
    let mut seen = std::collections::BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
    words
}

/// clap's names live as long as the program, which ends when its files are written.
pub(crate) fn kept(text: &str) -> &'static str {
    text.to_owned().leak()
}
