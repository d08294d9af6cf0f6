//! What a server does between fork and exec.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal, setsid};

use super::signals;

/// Added to the error number of a cage that cannot be entered, to tell it from a program that cannot be executed: the kernel's
/// numbers are below it (`MAX_ERRNO` is 4095).
const OF_CAGE: i32 = 4096;

/// Which step of the start of a child failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The program cannot be executed, or there is no process to be had.
    Program(i32),
    /// Its cage cannot be entered.
    Cage(i32),
}

/// Gives a child a session of its own, and so a process group; unblocks its signals; has `restrict` put it into its cage; has the
/// kernel kill it when this process ends, however it ends (prctl(2), PR_SET_PDEATHSIG).
///
/// `restrict` runs between fork and exec: it makes system calls, takes no lock, and no memory except on the way to an error.
///
/// The cage comes before the signal, because the kernel forgets that when a process changes its user. The signal follows the
/// *thread* that starts the child: it has to be one that lives as long as the process.
pub fn confine(command: &mut Command, restrict: impl Fn() -> io::Result<()> + Send + Sync + 'static) {
    let parent = getpid();
    let before_exec = move || {
        setsid()?;
        signals::unblock_all()?;
        restrict().map_err(|error| {
            let number = error.raw_os_error().unwrap_or(libc::EINVAL);
            io::Error::from_raw_os_error(number.saturating_add(OF_CAGE))
        })?;
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have died before the call above.
        if getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::Error::from(Errno::SRCH))
        }
    };
    // SAFETY: the closure runs in the child between fork and exec, where only async-signal-safe calls are allowed: it makes
    // system calls through wrappers that neither allocate nor lock, `restrict` has to be of this kind, and its errors are plain
    // numbers. The process that starts servers (the broker) has one thread, so that no other can have held a lock at the fork.
    unsafe {
        command.pre_exec(before_exec);
    }
}

impl Failure {
    /// Why [`Command::spawn`] failed after [`confine`].
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(number) if number >= OF_CAGE => Self::Cage(number - OF_CAGE),
            Some(number) => Self::Program(number),
            // The standard library refuses texts with a NUL byte before it forks.
            None => Self::Program(libc::EINVAL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_cage_refuses_is_told_from_what_the_kernel_says_of_the_program() {
        for (number, failure) in [
            (libc::ENOENT, Failure::Program(libc::ENOENT)),
            (4095, Failure::Program(4095)),
            (OF_CAGE + libc::EPERM, Failure::Cage(libc::EPERM)),
        ] {
            assert_eq!(Failure::of(&io::Error::from_raw_os_error(number)), failure);
        }
        let refused = io::Error::new(io::ErrorKind::InvalidInput, "a NUL byte");
        assert_eq!(Failure::of(&refused), Failure::Program(libc::EINVAL));
    }
}
