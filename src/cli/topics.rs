//! `tunnel-client help [TOPIC|COMMAND]`.

use std::ffi::OsString;

use clap::builder::OsStringValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command};

use super::start::Start;
use super::{Error, args, hints, left_out, print};

/// The topics, in the order of messages, with their texts.
const TEXTS: [(&str, &str); 6] = [
    ("doctor", include_str!("topics/doctor.txt")),
    ("hardening", include_str!("topics/hardening.txt")),
    ("oauth", include_str!("topics/oauth.txt")),
    ("quickstart", include_str!("topics/quickstart.txt")),
    ("samples", include_str!("topics/samples.txt")),
    ("troubleshooting", include_str!("topics/troubleshooting.txt")),
];

/// The topics of `tunnel-client help`, for completions and the manual.
pub const TOPICS: [&str; TEXTS.len()] = {
    let mut names = [""; TEXTS.len()];
    let mut index = 0;
    while index < TEXTS.len() {
        names[index] = TEXTS[index].0;
        index += 1;
    }
    names
};

pub(super) fn arguments() -> Command {
    Command::new("help")
        .about("Print the help of a command or on a topic")
        .arg(
            Arg::new("topic")
                .value_name("COMMAND|TOPIC")
                .num_args(0..)
                .value_parser(OsStringValueParser::new()),
        )
}

pub(super) fn execute(matches: &mut ArgMatches, _: Start) -> Result<(), Error> {
    let words: Vec<&str> = matches
        .get_many::<OsString>("topic")
        .into_iter()
        .flatten()
        .map(|word| word.to_str().unwrap_or("\u{fffd}"))
        .collect();
    if let [word] = words[..] {
        if let Some((_, text)) = TEXTS.iter().find(|(name, _)| *name == word) {
            return print(text);
        }
        if let Some(instead) = left_out::command(word) {
            return print(&format!("{instead}\n"));
        }
    }
    match (of_command(&words), &words[..]) {
        // Scripts know that one word is taken (contract: cli, section 10).
        (Some(_), [_, _, ..]) => Err(Error::Usage(format!(
            "help takes one command or topic; run {} {} --help",
            args::PROGRAM,
            words.join(" ")
        ))),
        (Some(text), _) => print(&text),
        (None, _) => Err(Error::Usage(unknown(&words))),
    }
}

/// The message for words that lead nowhere.
fn unknown(words: &[&str]) -> String {
    let topics = TOPICS.join(", ");
    let hint = words
        .split_last()
        .and_then(|(word, command)| hints::instead_of(&command.join(" "), word));
    let hint = hint.map_or_else(String::new, |hint| format!("\n{hint}"));
    format!(
        "unknown help topic {:?}; available topics: {topics}{hint}",
        words.join(" ")
    )
}

/// The help of the command that these words lead to: none for the program itself, two or more for a subcommand.
fn of_command(words: &[&str]) -> Option<String> {
    let mut root = args::command();
    let known = words
        .iter()
        .try_fold(&root, |command, word| command.find_subcommand(word));
    known?;
    // As if it had been asked for with --help: the usage line then names the whole way.
    let asked = [args::PROGRAM]
        .into_iter()
        .chain(words.iter().copied())
        .chain(["--help"]);
    let error = root.try_get_matches_from_mut(asked).err()?;
    (error.kind() == ErrorKind::DisplayHelp).then(|| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links;

    #[test]
    fn the_quickstart_names_every_place_that_is_needed() {
        let quickstart = TEXTS.iter().find(|(name, _)| *name == "quickstart");
        for (name, url) in links::ALL {
            assert!(quickstart.is_some_and(|(_, text)| text.contains(url)), "{name}");
        }
    }
}
