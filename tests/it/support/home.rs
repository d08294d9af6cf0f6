//! The binary run by somebody with a home directory of their own and nothing else in the environment.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::needs::is_root;
use super::program;
use super::scratch::Scratch;

/// `nobody`, whom file modes hold back even when the tests run as root.
const NOBODY: u32 = 65534;

/// An empty home directory; `PATH` is its `bin` and the system's.
pub struct Home(Scratch);

/// How a command ended.
pub struct Outcome(Output);

impl Home {
    pub fn new() -> Self {
        Self(Scratch::new())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.file(name)
    }

    /// Writes a file and the directories above it.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub fn program(&self, name: &str, content: &str) -> PathBuf {
        let path = self.write(name, content);
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        path
    }

    pub fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
        let mut command = self.command(arguments);
        Outcome(command.envs(variables.iter().copied()).output().unwrap())
    }

    pub fn run_without_home(&self, arguments: &[&str]) -> Outcome {
        Outcome(self.command(arguments).env_remove("HOME").output().unwrap())
    }

    /// As somebody who is not root; the home directory becomes theirs.
    pub fn run_unprivileged(&self, arguments: &[&str]) -> Outcome {
        if !is_root() {
            return Outcome(self.command(arguments).output().unwrap());
        }
        chown(self.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        // Build products may lie where only root may enter (`/root` is closed to others): theirs is a copy.
        let binary = self.file("tunnel-client");
        if !binary.exists() {
            program::copy(&Self::binary(), &binary);
        }
        let mut command = self.with_binary(&binary, arguments);
        Outcome(command.uid(NOBODY).gid(NOBODY).output().unwrap())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        self.with_binary(&Self::binary(), arguments)
    }

    fn binary() -> PathBuf {
        let binary = std::env::var_os("TUNNEL_CLIENT_TEST_BINARY");
        binary.map_or_else(|| env!("CARGO_BIN_EXE_tunnel-client").into(), PathBuf::from)
    }

    fn with_binary(&self, binary: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.path())
            .env("PATH", format!("{}:/usr/bin:/bin", self.file("bin").display()))
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }
}

impl Outcome {
    /// Standard output of a command that succeeded.
    #[track_caller]
    pub fn success(self) -> String {
        assert_eq!(self.0.status.code(), Some(0), "{:?}", self.0);
        String::from_utf8(self.0.stdout).unwrap()
    }

    /// Standard error of a command that failed with exit code 1 and printed nothing else.
    #[track_caller]
    pub fn failure(self) -> String {
        assert_eq!(self.0.status.code(), Some(1), "{:?}", self.0);
        assert!(self.0.stdout.is_empty(), "{:?}", self.0);
        String::from_utf8(self.0.stderr).unwrap()
    }

    /// Everything that was printed, whatever came of it.
    pub fn shown(&self) -> String {
        format!("{}{}", String::from_utf8_lossy(&self.0.stdout), self.stderr())
    }

    /// Standard error.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }
}
