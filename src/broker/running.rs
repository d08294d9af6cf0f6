//! The servers that run, as the broker sees them.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};

use super::startable::{Startable, Started};
use crate::limits::BROKER_RUNS_MAX;
use crate::sys::child::Failure;
use crate::sys::children;

/// Every run whose leader was not reaped yet: until then the number of its process, and so of its group, is nobody else's.
#[derive(Debug, Default)]
pub(super) struct Running(Vec<Run>);

#[derive(Debug)]
struct Run {
    number: u64,
    leader: Pid,
    /// The daemon knows it as a failed start, and hears nothing more about it.
    is_failed: bool,
}

/// A child that ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The leader of this run, with its status as wait(2) gives it.
    Run(u64, i32),
    /// The leader of this run, which was reported as a failed start.
    Failed(u64),
    /// One that was left behind.
    Other,
}

impl Running {
    /// Starts a server.
    pub(super) fn start(&mut self, number: u64, server: &mut Startable) -> Result<Started, Failure> {
        if self.0.len() >= BROKER_RUNS_MAX {
            return Err(Failure::Program(Errno::AGAIN.raw_os_error()));
        }
        let started = server.start()?;
        self.0.push(Run {
            number,
            leader: started.pid,
            is_failed: false,
        });
        Ok(started)
    }

    /// Sends a signal to the group of a run, unless that has ended.
    pub(super) fn signal(&self, number: u64, signal: Signal) {
        if let Some(run) = self.0.iter().find(|run| run.number == number) {
            // It has a member, the leader, dead or alive; one that may not be signalled is beyond our reach.
            let _ = kill_process_group(run.leader, signal);
        }
    }

    /// Kills the group of a run that the daemon cannot be given, and reports its end as [`Ended::Failed`].
    pub(super) fn fail(&mut self, number: u64) {
        self.signal(number, Signal::KILL);
        if let Some(run) = self.0.iter_mut().find(|run| run.number == number) {
            run.is_failed = true;
        }
    }

    /// Kills every group.
    pub(super) fn kill_all(&self) {
        for run in &self.0 {
            let _ = kill_process_group(run.leader, Signal::KILL);
        }
    }

    /// Reaps a child that has ended; what a leader leaves in its group is killed first.
    ///
    /// # Errors
    /// There is no child at all.
    pub(super) fn reap(&mut self) -> Result<Option<Ended>, NoChild> {
        let Some(child) = children::ended().map_err(|_| NoChild)? else {
            return Ok(None);
        };
        let run = self.0.iter().position(|run| run.leader == child);
        let run = run.map(|at| self.0.swap_remove(at));
        if let Some(run) = &run {
            let _ = kill_process_group(run.leader, Signal::KILL);
        }
        let status = match waitpid(Some(child), WaitOptions::NOHANG) {
            Ok(Some((_, status))) => status.as_raw(),
            // Nobody else waits for it; without a status it counts as killed.
            Ok(None) | Err(_) => Signal::KILL.as_raw(),
        };
        Ok(Some(match run {
            Some(run) if run.is_failed => Ended::Failed(run.number),
            Some(run) => Ended::Run(run.number, status),
            None => Ended::Other,
        }))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// This process has no child, alive or dead.
#[derive(Debug)]
pub(super) struct NoChild;
