//! Programs that run as on another kernel than this one.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::child::python;

/// A kernel, as `kernel.py` beside this file simulates it; by default this one, as it is.
#[derive(Debug, Clone, Default)]
pub struct Kernel(Vec<&'static str>);

impl Kernel {
    /// With this landlock: `none`, `disabled`, a version, `lies`.
    pub fn landlock(which: &'static str) -> Self {
        Self(vec!["--landlock", which])
    }

    /// Simulates the system calls of this version, and its landlock: `none` or a version of it.
    pub fn version(which: &'static str, landlock: &'static str) -> Self {
        Self(vec!["--kernel", which, "--landlock", landlock])
    }

    /// Without filters of system calls.
    pub fn without_seccomp() -> Self {
        Self(vec!["--seccomp", "none"])
    }

    /// Whether it is the kernel of this host, unchanged.
    pub fn is_real(&self) -> bool {
        self.0.is_empty()
    }

    /// The command that starts the program on it.
    pub fn command(&self, program: &Path) -> Command {
        if self.0.is_empty() {
            return Command::new(program);
        }
        let simulation = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/kernel.py");
        let mut command = Command::new(python());
        command.arg(simulation).args(&self.0).arg("--").arg(program);
        command
    }
}
