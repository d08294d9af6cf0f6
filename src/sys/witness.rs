//! A process that does nothing: this process tests on it how far its own signals reach.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsRawFd as _;

use rustix::io::retry_on_intr;
use rustix::process::{Pid, WaitOptions, waitpid};

/// A child of this process with the same user and the same restrictions at the time of its start. It ends when this value is dropped or
/// this process ends.
#[derive(Debug)]
pub struct Witness {
    pid: Pid,
    /// The child waits for the end of this pipe.
    end: Option<PipeWriter>,
}

impl Witness {
    /// Forks.
    ///
    /// # Errors
    /// The system has no free process or descriptor.
    pub fn start() -> io::Result<Self> {
        let (wait, end) = io::pipe()?;
        // SAFETY: other threads may hold locks at this moment, so the child makes only the async-signal-safe calls close(2), read(2) and
        // _exit(2) (signal-safety(7)), takes no memory, and never returns into the code of the parent.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => wait_and_exit(&wait, &end),
            child => Ok(Self {
                pid: Pid::from_raw(child).ok_or(io::ErrorKind::Other)?,
                end: Some(end),
            }),
        }
    }

    /// Its process id, which belongs to no other process as long as this value lives.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }
}

/// Body of the child.
fn wait_and_exit(wait: &PipeReader, end: &PipeWriter) -> ! {
    let mut byte = 0_u8;
    // SAFETY: in this process, which is a copy, nothing uses `end` after it is closed: the function does not return and drops nothing.
    // The call to read is given one byte that lives longer than the call. `_exit` runs no code of the parent.
    unsafe {
        libc::close(end.as_raw_fd());
        while libc::read(wait.as_raw_fd(), (&raw mut byte).cast(), 1) == -1
            && io::Error::last_os_error().raw_os_error() == Some(libc::EINTR)
        {}
        libc::_exit(0)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        drop(self.end.take());
        let _ = retry_on_intr(|| waitpid(Some(self.pid), WaitOptions::empty()));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rustix::process::test_kill_process;

    use super::*;

    #[test]
    fn it_lives_as_long_as_the_value() {
        let witness = Witness::start().unwrap();
        let pid = witness.pid();
        test_kill_process(pid).unwrap();
        drop(witness);
        test_kill_process(pid).unwrap_err();
    }
}
