//! The binary under test.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::http::{Answer, Connection, Request};
use super::wait::{eventually, within};
use super::{PATIENCE, TUNNEL, keys};

/// The binary's path.
pub const BINARY: &str = env!("CARGO_BIN_EXE_tunnel-relay");

/// A running relay; ended with the test.
pub struct Relay {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    /// The base URL that it announced.
    pub url: String,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Relay {
    /// Plain HTTP, all keys, one tunnel, and these further arguments.
    pub fn start(args: &[&str]) -> Self {
        let mut all = vec!["--tunnel", TUNNEL];
        all.extend(args);
        Self::start_bare(&all, &keys())
    }

    /// Only these arguments and keys.
    pub fn start_bare(args: &[&str], keys: &str) -> Self {
        Self::start_in(args, keys, &[])
    }

    /// As [`Self::start`], by way of a shell that limits something first.
    pub fn start_by(limit: &str, args: &[&str]) -> Self {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("{limit}; exec \"$0\" \"$@\""), BINARY]);
        Self::run(shell, &[&["--tunnel", TUNNEL], args].concat(), &keys(), &[])
    }

    /// The same with further variables.
    pub fn start_in(args: &[&str], keys: &str, variables: &[(&str, &str)]) -> Self {
        Self::run(Command::new(BINARY), args, keys, variables)
    }

    fn run(mut program: Command, args: &[&str], keys: &str, variables: &[(&str, &str)]) -> Self {
        let mut child = program
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(args)
            .env_clear()
            .env("TUNNEL_RELAY_KEYS", keys)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = lines_of(child.stderr.take().unwrap());
        let mut relay = Self {
            child,
            lines,
            seen: Vec::new(),
            url: String::new(),
            addr: ([127, 0, 0, 1], 0).into(),
        };
        let line = relay.line("relay listening");
        relay.url = line[line.find("http").unwrap()..]
            .split([' ', '"'])
            .next()
            .unwrap()
            .to_owned();
        relay.addr = relay.url.rsplit('/').next().unwrap().parse().unwrap();
        relay
    }

    /// Waits for a log line with this text.
    pub fn line(&mut self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with {text:?} in {:#?}", self.seen)
            };
            self.seen.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// All lines of a relay that has ended.
    pub fn all_lines(&mut self) -> String {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.seen.push(line);
        }
        self.seen.join("\n")
    }

    /// A new connection.
    pub fn connect(&self) -> Connection {
        Connection::plain(self.addr)
    }

    /// One request on a new connection; the answer keeps the contract.
    pub fn send(&self, request: &Request) -> Answer {
        self.connect().exchange(request)
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// SIGHUP.
    pub fn hang_up(&self) {
        self.signal("HUP");
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until the process is in this state (proc_pid_stat(5)).
    pub fn await_state(&self, state: char) {
        let stat = format!("/proc/{}/stat", self.child.id());
        eventually(&format!("state {state} of the relay"), || {
            let stat = std::fs::read_to_string(&stat).unwrap();
            stat.rsplit_once(") ").unwrap().1.starts_with(state).then_some(())
        });
    }

    /// Waits for the end.
    pub fn ended(&mut self, bound: Duration) -> ExitStatus {
        within(bound, "the end of the relay", || self.child.try_wait().unwrap())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe's lines on a thread of its own.
pub fn lines_of(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Runs the binary to its end.
pub fn run(args: &[&str], variables: &[(&str, &str)]) -> std::process::Output {
    Command::new(BINARY)
        .args(args)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}
