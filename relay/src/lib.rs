//! The self-hosted other end of a Secure MCP Tunnel.
//!
//! Three parties meet here: the *client* inside a private network polls `/v1/tunnels/{id}/poll` for commands and posts
//! answers; a *caller* (any MCP client) speaks MCP Streamable HTTP at `/v1/mcp/{id}`; a *manager* creates and removes
//! tunnels. A message goes caller -> [`connector`] -> [`queue`] -> [`control`] -> client, and its answer back from
//! [`control`] through [`calls`] to the caller that waits in [`connector`].

#![forbid(unsafe_code)]

mod audit;
mod auth;
mod calls;
mod cli;
mod clock;
mod connector;
mod control;
mod credentials;
mod error;
mod files;
mod ids;
mod json;
mod limits;
mod log;
mod manage;
mod mistake;
#[cfg(test)]
#[allow(unreachable_pub, reason = "shared with the integration tests")]
#[path = "../../tests/it/support/needs.rs"]
mod needs;
mod notify;
mod pending;
mod queue;
mod refusals;
mod relay;
mod serve;
mod server;
mod share;
mod stub;
mod tls;

#[cfg(fuzzing)]
pub mod fuzzing;

use std::process::ExitCode;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

pub use cli::command;

/// Runs the program with the arguments and environment of this process.
///
/// Exit code 0 after a clean end, 1 when the command failed, 2 when the command line is wrong.
pub fn main() -> ExitCode {
    // Before the TLS key is read: no debugger, no reader of its memory with the same user. A kernel that refuses has no such mark.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    cli::main()
}
