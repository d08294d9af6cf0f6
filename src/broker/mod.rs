//! The broker: a process of its own that starts the stdio MCP servers.
//!
//! It is this binary executed again, with an empty environment, before the daemon shuts itself in: so it holds none of the
//! client's secrets, its servers inherit none of the daemon's restrictions, and the daemon needs no right to start a process.
//! It is told once what there is to start; from then on it is asked by number.
//!
//! What is said goes over a pair of sockets that keep messages apart (unix(7), SOCK_SEQPACKET), as [`protocol`] says. When the
//! daemon's end closes, the broker kills what it started and ends; when the broker ends, so do the servers and the daemon.
//!
//! What servers write to their standard error it passes on, line by line, through its standard output, a pipe to the daemon, which takes
//! the secrets out: the broker does not know them.

#![forbid(unsafe_code)]

mod adopted;
mod child;
mod client;
mod connection;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod lines;
mod oom;
pub mod protocol;
mod received;
mod running;
mod scrubber;
mod server;
mod sink;
pub mod spec;
mod startable;
mod stderr;
mod tree;
mod words;

pub use child::Child;
pub use client::{Broker, Error, Started, Starting};
pub use server::serve;
pub use spec::{Instructions, Specification};

#[cfg(fuzzing)]
pub use lines::fuzzing as lines_fuzzing;

/// The argument by which the binary is told to be the broker. People do not see it.
pub const ROLE: &str = "broker";
