//! The real relay: a control plane with management of tunnels.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;

use super::wait::BOUND;

/// May read and manage tunnels.
pub const MANAGE_KEY: &str = "test-key-read-manage-0123456789";
/// May read and use tunnels.
pub const USE_KEY: &str = "test-key-read-use-0123456789";

/// May call MCP servers through tunnels.
pub const CALL_KEY: &str = "test-key-connect-0123456789";

/// A running relay; ended when dropped.
pub struct Relay {
    child: Child,
    url: String,
}

impl Relay {
    /// Plain HTTP on a free port, with these keys and these further arguments.
    pub fn start(arguments: &[&str]) -> Self {
        let keys = format!("manager read,manage {MANAGE_KEY}\nclient read,use {USE_KEY}\ncaller connect {CALL_KEY}\n");
        let mut child = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env_clear()
            .env("TUNNEL_RELAY_KEYS", keys)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (found, url) = channel();
        std::thread::spawn(move || {
            // Read to the end: a full pipe would stop the relay.
            for line in stderr.lines().map_while(Result::ok) {
                if line.contains("relay listening") {
                    let url = &line[line.find("http").unwrap()..];
                    let _ = found.send(url.split([' ', '"']).next().unwrap().to_owned());
                }
            }
        });
        let url = url.recv_timeout(BOUND).expect("the relay says where it listens");
        Self { child, url }
    }

    /// Scheme, host and port.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Beside our own binary; `cargo build --workspace` puts it there.
pub fn binary() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_tunnel-client")).with_file_name("tunnel-relay");
    assert!(path.exists(), "{path:?} is missing: cargo build --workspace");
    path
}
