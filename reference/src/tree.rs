//! A command line as its users see it: without what is hidden, and with what may stand behind each flag.

use clap::{Arg, ArgAction, Command};
use tunnel_client::config::{SELECTORS, SETTINGS};
use tunnel_client::samples::Sample;

/// A command and its subcommands.
#[derive(Debug)]
pub(crate) struct Node {
    /// The words that lead to it, the program's name first.
    pub(crate) path: Vec<String>,
    /// One sentence.
    pub(crate) about: String,
    /// In the order of the help text, then those that the commands above lend.
    pub(crate) flags: Vec<Flag>,
    /// How many of them are its own.
    own: usize,
    /// In the order they are given.
    pub(crate) positionals: Vec<Positional>,
    /// In the order of the help text.
    pub(crate) children: Vec<Self>,
}

/// A flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flag {
    /// Without its dash.
    pub(crate) short: Option<char>,
    /// Without its dashes.
    pub(crate) long: String,
    /// One sentence.
    pub(crate) help: String,
    /// Whether it may be given more than once.
    pub(crate) repeats: bool,
    /// What follows it.
    pub(crate) value: Value,
}

/// What follows a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing.
    None,
    /// Nothing, or a value after `=`.
    Optional(String, Kind),
    /// A value, with its placeholder.
    Required(String, Kind),
}

/// An argument without a flag.
#[derive(Debug)]
pub(crate) struct Positional {
    /// The placeholder.
    pub(crate) name: String,
    /// Whether it may be left out.
    pub(crate) optional: bool,
    /// What may stand there.
    pub(crate) kind: Kind,
}

/// What can be offered for a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Nothing.
    Free,
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A profile.
    Profile,
    /// One of a few words.
    Words(Vec<String>),
}

impl Node {
    /// The tree below a program's command.
    pub(crate) fn of(command: Command) -> Self {
        Self::below(&[], &[], &command)
    }

    /// `inherited`: flags that the commands above lend to all below them.
    fn below(parents: &[String], inherited: &[&Arg], command: &Command) -> Self {
        let mut path = parents.to_vec();
        path.push(command.get_name().to_owned());
        let arguments: Vec<&Arg> = command
            .get_arguments()
            .filter(|argument| !argument.is_hide_set())
            .collect();
        let own = arguments
            .iter()
            .filter(|argument| argument.get_long().is_some())
            .count();
        let mut flags: Vec<Flag> = arguments
            .iter()
            .chain(inherited)
            .filter_map(|argument| Flag::of(argument))
            .collect();
        flags.push(Flag {
            short: Some('h'),
            long: "help".to_owned(),
            help: "Print help".to_owned(),
            repeats: false,
            value: Value::None,
        });
        if command.get_version().is_some() {
            flags.push(Flag {
                short: Some('V'),
                long: "version".to_owned(),
                help: "Print version".to_owned(),
                repeats: false,
                value: Value::None,
            });
        }
        let mut lent = inherited.to_vec();
        lent.extend(arguments.iter().copied().filter(|argument| argument.is_global_set()));
        Self {
            about: command.get_about().map(ToString::to_string).unwrap_or_default(),
            positionals: arguments
                .iter()
                .filter_map(|argument| Positional::of(&path, argument))
                .collect(),
            children: command
                .get_subcommands()
                .filter(|child| !child.is_hide_set())
                .map(|child| Self::below(&path, &lent, child))
                .collect(),
            flags,
            own,
            path,
        }
    }

    /// The flags that are its own; `--help` is everybody's.
    pub(crate) fn own_flags(&self) -> &[Flag] {
        self.flags.get(..self.own).unwrap_or_default()
    }

    /// The name of the program.
    pub(crate) fn program(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }

    /// The words after the program's name.
    pub(crate) fn words(&self) -> String {
        self.path.get(1..).unwrap_or_default().join(" ")
    }

    /// This command and all below it, parents first.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        for child in &self.children {
            all.extend(child.all());
        }
        all
    }
}

impl Flag {
    fn of(argument: &Arg) -> Option<Self> {
        let long = argument.get_long()?.to_owned();
        let placeholder = argument
            .get_value_names()
            .and_then(|names| names.first())
            .map(|name| name.to_string())
            .unwrap_or_default();
        let takes = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
        let kind = kind(&[], &long, &placeholder, argument);
        let optional = argument.get_num_args().is_some_and(|range| range.min_values() == 0);
        Some(Self {
            short: argument.get_short(),
            help: help(&long, argument),
            repeats: matches!(argument.get_action(), ArgAction::Append),
            value: match (takes, optional) {
                (false, _) => Value::None,
                (true, true) => Value::Optional(placeholder, kind),
                (true, false) => Value::Required(placeholder, kind),
            },
            long,
        })
    }
}

impl Value {
    /// What can be offered.
    pub(crate) fn kind(&self) -> Option<&Kind> {
        match self {
            Self::None => None,
            Self::Optional(_, kind) | Self::Required(_, kind) => Some(kind),
        }
    }
}

impl Positional {
    fn of(path: &[String], argument: &Arg) -> Option<Self> {
        if !argument.is_positional() {
            return None;
        }
        let name = argument
            .get_value_names()
            .and_then(|names| names.first())
            .map_or_else(|| argument.get_id().to_string().to_uppercase(), |name| name.to_string());
        Some(Self {
            kind: kind(path, "", &name, argument),
            optional: !argument.is_required_set(),
            name,
        })
    }
}

/// The help text; of a setting without its variables and default, which have their own place in the manual.
fn help(long: &str, argument: &Arg) -> String {
    let mut text = argument.get_help().map(ToString::to_string).unwrap_or_default();
    // What clap adds to the help of a flag that takes a value.
    let default = argument.get_default_values().first().and_then(|value| value.to_str());
    if let Some(default) = default.filter(|_| argument.get_action().takes_values()) {
        text += &format!(" [default: {default}]");
    }
    SELECTORS
        .iter()
        .chain(SETTINGS)
        .find(|setting| setting.flag == long && text.starts_with(setting.help))
        .map_or(text, |setting| setting.help.to_owned())
}

/// The placeholder says what a value is: a path, or the words themselves.
fn kind(path: &[String], flag: &str, placeholder: &str, argument: &Arg) -> Kind {
    let possible = argument.get_possible_values();
    if !possible.is_empty() {
        return Kind::Words(possible.iter().map(|value| value.get_name().to_owned()).collect());
    }
    let alternatives: Vec<String> = placeholder.split('|').map(str::to_owned).collect();
    let word = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let command = path.last().map(String::as_str);
    match (flag, placeholder) {
        ("profile", _) => Kind::Profile,
        ("", "NAME") if command == Some("edit") => Kind::Profile,
        ("sample", _) | ("", "SAMPLE") => {
            Kind::Words(Sample::all().iter().map(|sample| sample.name.to_owned()).collect())
        }
        // The path of a URL.
        (_, "PATH") if flag.ends_with("url-path") => Kind::Free,
        (_, "BOOL") => Kind::Words(vec!["true".to_owned(), "false".to_owned()]),
        (_, "PATH" | "FILE") => Kind::File,
        (_, "DIR" | "DIRECTORY") => Kind::Folder,
        (_, "COMMAND|TOPIC") => Kind::Words(help_words()),
        _ if alternatives.iter().all(word) => Kind::Words(alternatives),
        _ => Kind::Free,
    }
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
