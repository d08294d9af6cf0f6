//! `tunnel-relay mcp-stub`: the options of the demo server.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::text;
use crate::stub::{StubOptions, Transport};

/// The options and their help.
pub(super) fn command() -> Command {
    Command::new("mcp-stub")
        .about("A small MCP server for demos and tests, at the path /mcp or on stdio")
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDR")
                .default_value("127.0.0.1:0")
                .help("Where to listen"),
        )
        .arg(
            Arg::new("url-file")
                .long("url-file")
                .value_name("FILE")
                .help("Where to write the server's URL once it listens"),
        )
        .arg(
            Arg::new("unix-socket")
                .long("unix-socket")
                .value_name("PATH")
                .help("Listen on this socket instead"),
        )
        .arg(
            Arg::new("stdio")
                .long("stdio")
                .action(ArgAction::SetTrue)
                .conflicts_with_all(["url-file", "unix-socket"])
                .help("Speak on stdin and stdout instead"),
        )
}

/// Reads them.
pub(super) fn options(matches: &ArgMatches) -> StubOptions {
    let transport = if matches.get_flag("stdio") {
        Transport::Stdio
    } else if let Some(path) = text(matches, "unix-socket") {
        Transport::Unix(path.into())
    } else {
        Transport::Tcp(text(matches, "listen").unwrap_or("127.0.0.1:0").into())
    };
    StubOptions {
        transport,
        url_file: text(matches, "url-file").map(PathBuf::from),
    }
}
