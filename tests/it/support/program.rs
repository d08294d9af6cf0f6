//! A copy of a program that somebody else may run.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

/// Copies a program, for everybody to run. By a process of its own: one that another test forks meanwhile would hold the copy open for
/// writing, and the kernel starts nothing that is being written ("Text file busy").
pub fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg(from).arg(to).status().unwrap();
    assert!(copied.success(), "{}", to.display());
    fs::set_permissions(to, Permissions::from_mode(0o755)).unwrap();
}

/// Makes it root's, for everybody to execute and for nobody else to read, as packages install it. Only root can do so.
pub fn close(program: &Path) {
    chown(program, Some(0), Some(0)).unwrap();
    fs::set_permissions(program, Permissions::from_mode(0o711)).unwrap();
}
