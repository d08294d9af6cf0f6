//! `init`, from a home directory with a server in it.

use super::home::{Home, Outcome};

/// A tunnel's id.
pub const ID: &str = "tunnel_0123456789abcdef0123456789abcdef";
/// Where an MCP server could be.
pub const URL: &str = "http://127.0.0.1:3001/mcp";

/// A home directory with an interpreter in its `bin` and a server beside it.
pub fn home() -> Home {
    let home = Home::new();
    home.program("bin/python", "#!/bin/sh\n");
    home.write("server.py", "pass\n");
    home
}

/// `init` for that tunnel.
pub fn init(home: &Home, arguments: &[&str]) -> Outcome {
    let first = ["init", "--tunnel-id", ID];
    home.run(&[&first, arguments].concat(), &[])
}

/// The command line of a script in the home directory.
pub fn command(home: &Home, script: &str) -> String {
    format!("python {}", home.file(script).display())
}
