//! File descriptors of the whole process: those that it inherited and knows nothing of, and how many there are.

use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::ptr;

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

/// Descriptors that one call looks at: half a page.
const LOOKED_AT: usize = 256;
/// The same as a number of descriptors.
const LOOKED_AT_AT_ONCE: RawFd = 256;

/// Number of open descriptors among the first `most`. Without a list of them: poll(2) marks those that are not open (POLLNVAL).
#[must_use]
pub fn count_open(most: u32) -> u64 {
    let most = RawFd::try_from(most).unwrap_or(RawFd::MAX);
    let (mut open, mut first) = (0, 0);
    while first < most {
        let last = first.saturating_add(LOOKED_AT_AT_ONCE).min(most);
        let mut looked_at = [const { NOTHING }; LOOKED_AT];
        let mut count: libc::nfds_t = 0;
        for (place, descriptor) in looked_at.iter_mut().zip(first..last) {
            place.fd = descriptor;
            count += 1;
        }
        let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `looked_at` has at least `count` entries, which the call reads and writes; `now` lives as long as the call, and the
        // mask of signals may be null. No event is asked for and nothing is waited for, so that no descriptor is changed.
        let done = unsafe { libc::ppoll(looked_at.as_mut_ptr(), count, &raw const now, ptr::null()) };
        if done < 0 {
            // More descriptors than the process may have (EINVAL).
            break;
        }
        let looked_at = looked_at.iter().filter(|place| place.fd >= 0);
        let found = looked_at.filter(|place| place.revents & libc::POLLNVAL == 0).count();
        open += u64::try_from(found).unwrap_or(0);
        first = last;
    }
    open
}

/// A place that poll(2) passes over.
const NOTHING: libc::pollfd = libc::pollfd {
    fd: -1,
    events: 0,
    revents: 0,
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::File;

    use super::*;

    #[test]
    fn open_descriptors_are_counted() {
        // Other tests of this process open files meanwhile.
        let opened: Vec<File> = (0..300).map(|_| File::open("/dev/null").unwrap()).collect();
        let count = count_open(4096);
        assert!(count >= 303, "{count}");
        drop(opened);
        assert_eq!(count_open(0), 0);
        assert_eq!(count_open(1), 1, "standard input");
    }
}
