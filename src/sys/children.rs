//! Children that have ended.

use std::io;
use std::mem::MaybeUninit;

use rustix::process::Pid;

/// A child that is only waiting to be reaped, which this does not do: until it is, its number is nobody else's. `None` when all
/// live.
///
/// # Errors
/// ECHILD: there is none at all (waitid(2)).
pub fn ended() -> io::Result<Option<Pid>> {
    let mut found = MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: the kernel writes into the place that it is given, which lives until the end of the block, or leaves it as it is: zeroes,
    // which are a siginfo_t. Its field of a process is set, or 0 when there is none (waitid(2)).
    let child = unsafe {
        if libc::waitid(libc::P_ALL, 0, found.as_mut_ptr(), options) != 0 {
            return Err(io::Error::last_os_error());
        }
        found.assume_init().si_pid()
    };
    Ok(Some(child).filter(|child| *child > 0).and_then(Pid::from_raw))
}
