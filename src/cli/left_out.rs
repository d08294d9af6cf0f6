//! Commands and flags of the Go client that this one leaves out on purpose; each is answered with what to use instead.

use clap::builder::OsStringValueParser;
use clap::{Arg, Command};

use super::Error;

/// Commands, and what to do instead.
const COMMANDS: [(&str, &str); 6] = [
    (
        "codex",
        "the Codex integration is not part of this client; start the tunnel with \"tunnel-client run\"",
    ),
    (
        "plugin",
        "the Codex plugin is not part of this client; start the tunnel with \"tunnel-client run\"",
    ),
    (
        "runtimes",
        "background processes are left to the service manager: start \"tunnel-client run --profile NAME\" from a systemd \
         unit, and look at it with \"systemctl status\" and \"tunnel-client health\"",
    ),
    (
        "admin-profiles",
        "admin keys are not kept in profiles; set OPENAI_ADMIN_KEY, or pass --admin-key env:NAME or file:PATH to \
         \"tunnel-client admin tunnels\"",
    ),
    (
        "cloudflared",
        "cloudflared is not part of this client; install it from its own packages and run it as a service of its own",
    ),
    (
        "dev",
        "the development servers are a program of their own; see \"tunnel-relay mcp-stub --help\" for a test MCP server \
         and \"tunnel-relay serve --help\" for a local control plane",
    ),
];

/// Flags of `run`, by how they begin, and what to do instead.
const FLAGS: [(&str, &str); 1] = [(
    "--cloudflared.",
    "cloudflared is not part of this client; run it as a service of its own",
)];

/// The commands, hidden, with any arguments: even `--help` is answered by the hint.
pub(super) fn commands() -> impl Iterator<Item = Command> {
    COMMANDS.iter().map(|(name, hint)| {
        let arguments = Arg::new("arguments")
            .num_args(0..)
            .trailing_var_arg(true)
            .allow_hyphen_values(true)
            .value_parser(OsStringValueParser::new());
        Command::new(*name)
            .about(*hint)
            .hide(true)
            .disable_help_flag(true)
            .arg(arguments)
    })
}

/// The answer to a command that was left out.
pub(super) fn command(name: &str) -> Option<Error> {
    let (name, hint) = COMMANDS.iter().find(|(known, _)| *known == name)?;
    Some(Error::Message(format!("{name} is not available: {hint}")))
}

/// What to use instead of a flag that was left out.
pub(super) fn flag(name: &str) -> Option<&'static str> {
    FLAGS
        .iter()
        .find(|(beginning, _)| name.starts_with(beginning))
        .map(|(_, hint)| *hint)
}
