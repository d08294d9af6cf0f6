//! Whether the daemon's process is there.

use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::Serialize;

use crate::limits::PID_FILE_MAX;
use crate::secrets::{self, Guard};

/// How the operator names the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Process {
    /// `--pid`.
    Pid(Pid),
    /// `--pid-file`: what the daemon wrote to `process.pid_file`.
    File(PathBuf),
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Found {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pid: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pid_file: Option<String>,
    pub(super) running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

impl Process {
    /// Looks for it.
    pub(super) fn find(&self) -> Found {
        let (pid_file, pid) = match self {
            Self::Pid(pid) => (None, Ok(*pid)),
            Self::File(path) => (Some(path.display().to_string()), read(path)),
        };
        let error = match pid {
            Err(ref problem) => Some(problem.clone()),
            Ok(pid) => is_running(pid).err(),
        };
        Found {
            pid: pid.ok().map(|pid| pid.as_raw_nonzero().get()),
            pid_file,
            running: error.is_none(),
            error,
        }
    }
}

/// A process id: a number greater than 0.
pub(super) fn parse(text: &str) -> Option<Pid> {
    text.parse().ok().filter(|pid| *pid > 0).and_then(Pid::from_raw)
}

fn read(path: &Path) -> Result<Pid, String> {
    let name = path.display();
    let contents = secrets::read(path, PID_FILE_MAX, Guard::Report).map_err(|error| format!("read {name}: {error}"))?;
    std::str::from_utf8(&contents)
        .ok()
        .and_then(|text| parse(text.trim()))
        .ok_or_else(|| format!("{name} does not hold a process id"))
}

/// A process of another user answers EPERM: it is there.
fn is_running(pid: Pid) -> Result<(), String> {
    match test_kill_process(pid) {
        Ok(()) | Err(Errno::PERM) => Ok(()),
        Err(Errno::SRCH) => Err("no such process".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_positive_numbers_are_process_ids() {
        // 0 and negative numbers mean groups to kill(2).
        for text in ["", "0", "-1", "+0", "1x", "99999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("1").map(|pid| pid.as_raw_nonzero().get()), Some(1));
    }

    #[test]
    fn we_are_running_and_so_is_somebody_elses_process() {
        for pid in [rustix::process::getpid(), Pid::INIT] {
            let found = Process::Pid(pid).find();
            assert!(found.running && found.error.is_none(), "{found:?}");
        }
    }
}
