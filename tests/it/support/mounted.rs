//! Processes whose mounts no other process sees.

use std::path::Path;
use std::process::Command as Process;

use super::needs;

/// Set in the process that has mounts of its own.
const INSIDE: &str = "TUNNEL_CLIENT_TEST_MOUNTS";

/// Runs the test of this name again in a process whose mounts no other process sees; returns whether this is that process.
#[track_caller]
pub fn is_inside(test: &str) -> bool {
    is_inside_by(test, &["unshare", "--mount", "--propagation", "private", "--"])
}

/// The same, with another command that starts the process. Only root can do so.
#[track_caller]
pub fn is_inside_by(test: &str, starter: &[&str]) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    if !needs::root() {
        return false;
    }
    let (program, arguments) = starter.split_first().unwrap();
    let output = Process::new(program)
        .args(arguments)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// Whether namespaces of these kinds, or what the command does in them, can be had by unshare(1).
#[must_use]
#[track_caller]
pub fn can_unshare(arguments: &[&str]) -> bool {
    let tried = Process::new("unshare").args(arguments).output();
    needs::met("namespaces", tried.is_ok_and(|output| output.status.success()))
}

#[track_caller]
pub fn mount(arguments: &[&str]) {
    let output = Process::new("mount").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
pub fn bind(from: &Path, to: &Path) {
    mount(&["--bind", from.to_str().unwrap(), to.to_str().unwrap()]);
}
