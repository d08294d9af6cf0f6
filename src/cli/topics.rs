//! `tunnel-client help [COMMAND|TOPIC]`.

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgMatches, Command};
use std::ffi::OsString;

use super::{Error, args, print};

pub(super) fn arguments() -> Command {
    Command::new("help")
        .about("Print the help of a command or on a topic")
        .arg(
            Arg::new("topic")
                .value_name("COMMAND|TOPIC")
                .value_parser(OsStringValueParser::new()),
        )
}

pub(super) fn execute(matches: &ArgMatches) -> Result<(), Error> {
    let mut root = args::command();
    let Some(topic) = matches.get_one::<OsString>("topic") else {
        return print(&root.render_help().to_string());
    };
    let topic = topic.to_string_lossy();
    match root.find_subcommand_mut(&*topic) {
        Some(command) => print(&command.render_help().to_string()),
        None => Err(Error::Usage(format!(
            "unknown help topic {topic:?}; available topics: run"
        ))),
    }
}
