//! A server as the broker starts it, any number of times.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::io::Errno;
use rustix::process::Pid;

use super::spec::Specification;
use crate::sandbox::Seal;
use crate::sandbox::server::Prepared;
use crate::sys::child::{self, Failure};

/// A specification with its cage.
///
/// The first cage is made before any server runs. Each start makes another one from the mounts and files of that time. Where single
/// files are hidden, the first one holds as well, so changes to files lead to no wider cage. Where directories are hidden whole, the
/// new one replaces it, but does not open files that earlier ones have hidden and that were renamed next to their old name.
#[derive(Debug)]
pub(super) struct Startable {
    specification: Specification,
    /// The last one, which remembers the files that all before it have hidden.
    cage: Result<Arc<Prepared>, Failure>,
    seal: Arc<Seal>,
}

/// A server that was just started, and our ends of its pipes.
pub(super) struct Started {
    /// Its process.
    pub(super) pid: Pid,
    pub(super) stdin: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

impl Startable {
    /// Makes its cage. One that cannot be made is the failure of every start.
    pub(super) fn new(specification: Specification, seal: Arc<Seal>) -> Self {
        Self {
            cage: specification
                .cage
                .prepare(&specification.argv, home(&specification))
                .map(Arc::new)
                .map_err(failure),
            specification,
            seal,
        }
    }

    /// What its lines begin with.
    pub(super) fn name(&self) -> &str {
        &self.specification.name
    }

    pub(super) fn start(&mut self) -> Result<Started, Failure> {
        let nothing = Failure::Program(Errno::INVAL.raw_os_error());
        let (program, arguments) = self.specification.argv.split_first().ok_or(nothing)?;
        let last = self.cage.as_mut().map_err(|failure| *failure)?;
        let again = self.specification.cage.prepare_again(last, home(&self.specification));
        *last = again.map_err(failure)?;
        let cage = Arc::clone(last);
        let environment = self.specification.environment.iter();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(environment.map(|(name, value)| (name.as_os_str(), value.as_os_str())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let seal = Arc::clone(&self.seal);
        // Both promise what `confine` asks for. Their last owner is this process, so that the child frees nothing.
        child::confine(&mut command, move || cage.enter().and_then(|()| seal.apply()));
        let mut process = command.spawn().map_err(|error| Failure::of(&error))?;
        let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
        match (pid, process.stdin.take(), process.stdout.take(), process.stderr.take()) {
            (Some(pid), Some(stdin), Some(stdout), Some(stderr)) => Ok(Started {
                pid,
                stdin: stdin.into(),
                stdout: stdout.into(),
                stderr: stderr.into(),
            }),
            _ => {
                let _ = process.kill();
                Err(nothing)
            }
        }
    }
}

fn home(specification: &Specification) -> Option<&Path> {
    specification.variable("HOME").map(Path::new)
}

fn failure(error: io::Error) -> Failure {
    Failure::Cage(error.raw_os_error().unwrap_or(Errno::INVAL.raw_os_error()))
}
