//! `admin tunnels` of the real binary: how it is run, and services that answer it.

use std::process::Output;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::answer::Answer;
use super::http::{Peer, Request, Server};
use super::to_the_end::{self, failed, succeeded, text};

/// A tunnel's id.
pub const ID: &str = "tunnel_0123456789abcdef0123456789abcdef";
/// A key that no relay knows.
pub const KEY: &str = "sk-admin_test-0123456789";

/// Runs `admin tunnels` with nothing in its environment but `variables`.
pub fn tunnels(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    to_the_end::run(&[&["admin", "tunnels"], arguments].concat(), variables)
}

#[track_caller]
pub fn success(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    succeeded(&tunnels(arguments, variables))
}

#[track_caller]
pub fn json(arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    serde_json::from_str(&success(&arguments, variables)).unwrap()
}

/// Standard error of a command that fails with exit code 1 and prints nothing else.
#[track_caller]
pub fn failure(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    failed(&tunnels(arguments, variables))
}

/// The `error` of a command that fails with exit code 1 and prints JSON on standard output and nothing else.
#[track_caller]
pub fn json_failure(arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    let output = tunnels(&arguments, variables);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    let mut all: Value = serde_json::from_slice(&output.stdout).unwrap();
    all["error"].take()
}

/// A service that gives the same answer to everything, and what it was asked.
pub fn service(answer: Answer) -> (Server, Arc<Mutex<Vec<Request>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let server = Server::tcp(
        None,
        Arc::new(move |request: &Request, _: &Peer| {
            record.lock().unwrap().push(request.clone());
            answer.clone()
        }),
    );
    (server, seen)
}
