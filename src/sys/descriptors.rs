//! File descriptors that a process inherited and knows nothing of.

use std::io;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};

/// The first descriptor that is not one of the standard ones.
const FIRST: RawFd = 3;

/// Lets all descriptors but the standard three be closed on exec, so that none reaches a child.
///
/// # Errors
/// The kernel has no `close_range` with that flag (Linux 5.11) and shows no list of the descriptors in `/proc`.
pub fn close_others_on_exec() -> io::Result<()> {
    // SAFETY: the call takes three numbers and changes a flag of descriptors; it closes none, so no owner of one is betrayed.
    let done = unsafe { libc::syscall(libc::SYS_close_range, FIRST, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if done == 0 {
        return Ok(());
    }
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.parse::<RawFd>().ok());
        if let Some(number) = number.filter(|number| *number >= FIRST) {
            // SAFETY: the descriptor is borrowed for one call that changes a flag. It is open, as the list says; if it is the
            // one of the list itself, which is closed at the end, the flag is on it already.
            let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
            fcntl_setfd(descriptor, FdFlags::CLOEXEC)?;
        }
    }
    Ok(())
}

/// Closes every descriptor but standard input, output and error. On kernels without close_range(2) (Linux 5.9) it does nothing.
///
/// To be called before this process opens anything of its own.
pub fn close_inherited() {
    // SAFETY: nothing in this process owns a descriptor above 2 yet, which the caller has made sure of; the call touches no memory.
    let _ = unsafe { libc::syscall(libc::SYS_close_range, FIRST, u32::MAX, 0_u32) };
}
