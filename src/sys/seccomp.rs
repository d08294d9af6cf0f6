//! Availability of system call filters in the kernel.

use std::io;

/// `SECCOMP_GET_ACTION_AVAIL` (linux/seccomp.h).
const ACTION_AVAILABLE: libc::c_uint = 2;

/// Asks whether the kernel has filters at all. Applies none.
///
/// # Errors
/// ENOSYS: the kernel was built without filters. Other answers are left to the filter itself: kernels before 4.14 do not know the
/// question.
pub fn available() -> io::Result<()> {
    let action = libc::SECCOMP_RET_KILL_PROCESS;
    // SAFETY: the call reads 32 bits at the address, which live until it returns (seccomp(2)).
    let answer = unsafe { libc::syscall(libc::SYS_seccomp, ACTION_AVAILABLE, 0, &raw const action) };
    let error = io::Error::last_os_error();
    match answer {
        -1 if error.raw_os_error() == Some(libc::ENOSYS) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_kernel_that_runs_the_client_has_filters() {
        assert!(super::available().is_ok());
    }
}
