//! One run of a stdio server: its process group, its pipes, its end.

use std::io;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child as Process, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::environment::Environment;
use crate::limits::STDIO_STOP_STEP;
use crate::sys;

/// A running child. Dropped, its whole process group is killed.
#[derive(Debug)]
pub(super) struct Child {
    process: Process,
    group: Option<Pid>,
}

impl Child {
    /// Starts `argv` in a process group of its own that dies with us. Its stderr is ours.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub(super) fn start(argv: &[String], environment: &Environment) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        let (program, arguments) = argv
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(environment.passed.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .process_group(0)
            .kill_on_drop(true);
        sys::die_with_parent(command.as_std_mut());
        let mut process = command.spawn()?;
        let group = process
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("the child has no pipes"));
        };
        Ok((Self { process, group }, stdin, stdout))
    }

    /// Process id, while it runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Waits for its end, and kills what it leaves behind.
    pub(super) async fn exited(&mut self) -> io::Result<ExitStatus> {
        let status = self.process.wait().await;
        self.kill();
        status
    }

    /// Ends it after its stdin was closed: waits, SIGTERM, SIGKILL.
    pub(super) async fn stop(&mut self) {
        if timeout(STDIO_STOP_STEP, self.exited()).await.is_err() {
            self.signal(Signal::TERM);
            if timeout(STDIO_STOP_STEP, self.exited()).await.is_err() {
                self.kill();
                // SIGKILL cannot be refused; the wait is for the kernel alone.
                let _ = timeout(STDIO_STOP_STEP, self.process.wait()).await;
            }
        }
    }

    /// Kills the whole group, once: after its leader was reaped the number may become another group's.
    fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.group = None;
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}
