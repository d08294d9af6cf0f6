//! What the real-process tests stand on: a scriptable control plane, scriptable MCP servers over HTTP and stdio, and
//! a handle on the client under test. Everything speaks raw sockets, so that it can misbehave at any byte.
//!
//! Each part records what it saw and prints the record when a test panics.
#![allow(
    unreachable_pub,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "test support"
)]

pub mod admin;
pub mod answer;
pub mod broker;
pub mod bundle;
pub mod cases;
pub mod child;
pub mod client;
pub mod command;
pub mod control;
pub mod doctor;
pub mod home;
pub mod hostile;
pub mod http;
pub mod init;
pub mod kernel;
pub mod layout;
pub mod leaks;
pub mod manager;
pub mod mcp;
pub mod memory;
pub mod mounted;
pub mod needs;
pub mod openssl;
pub mod pace;
pub mod page;
pub mod post;
pub mod process;
pub mod program;
pub mod proof;
pub mod proxy;
pub mod relay;
pub mod rotating;
pub mod scratch;
pub mod site;
pub mod slammer;
pub mod stub;
pub mod syslog;
pub mod tls;
pub mod to_the_end;
pub mod wait;

pub use answer::{Answer, Gate};
pub use child::StdioServer;
pub use client::{Client, ClientBuilder};
pub use command::Command;
pub use control::ControlPlane;
pub use doctor::{Doctor, Examined};
pub use http::{Peer, Request, Seen, Server};
pub use manager::Manager;
pub use mcp::{McpServer, id_of, result};
pub use pace::pause;
pub use post::Post;
pub use proxy::{Manner, Proxy};
pub use scratch::Scratch;
pub use slammer::Slammer;
pub use wait::{eventually, holds_for, within};
