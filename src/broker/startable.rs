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
/// Where single files are hidden the cage is made once, before any server runs: what servers do to files afterwards is no way to a
/// wider one. Where directories are hidden whole it is made anew, so that what the host has replaced since is in reach.
#[derive(Debug)]
pub(super) struct Startable {
    specification: Specification,
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
            cage: make(&specification),
            specification,
            seal,
        }
    }

    /// What its lines begin with.
    pub(super) fn name(&self) -> &str {
        &self.specification.name
    }

    pub(super) fn start(&self) -> Result<Started, Failure> {
        let nothing = Failure::Program(Errno::INVAL.raw_os_error());
        let (program, arguments) = self.specification.argv.split_first().ok_or(nothing)?;
        let cage = match self.specification.cage.hides_directories_alone() {
            true => make(&self.specification)?,
            false => Arc::clone(self.cage.as_ref().map_err(|failure| *failure)?),
        };
        let environment = self.specification.environment.iter();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(environment.map(|(name, value)| (name.as_os_str(), value.as_os_str())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        child::confine(&mut command, cage, Arc::clone(&self.seal));
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

fn make(specification: &Specification) -> Result<Arc<Prepared>, Failure> {
    let home = specification.variable("HOME").map(Path::new);
    let number = |error: io::Error| error.raw_os_error().unwrap_or(Errno::INVAL.raw_os_error());
    let cage = specification.cage.prepare(&specification.argv, home);
    cage.map(Arc::new).map_err(|error| Failure::Cage(number(error)))
}
