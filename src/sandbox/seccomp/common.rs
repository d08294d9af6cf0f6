//! What every thread of the client needs: memory, time, its descriptors, its end.

use seccompiler::BackendError;

use super::calls::{ANY, Call, IS, NOT_EXECUTABLE};
use super::{Rules, rule};

pub(super) const CALLS: &[Call] = &[
    // Memory of its own: nothing that could be executed is mapped, and nothing becomes executable.
    (libc::SYS_brk, ANY),
    (libc::SYS_mmap, NOT_EXECUTABLE),
    (libc::SYS_mprotect, NOT_EXECUTABLE),
    (libc::SYS_munmap, ANY),
    (libc::SYS_mremap, ANY),
    (libc::SYS_madvise, ANY),
    // Files that landlock lets it open: keys and certificates that are read anew, the resolver's configuration.
    (libc::SYS_openat, ANY),
    (libc::SYS_read, ANY),
    (libc::SYS_readv, ANY),
    (libc::SYS_pread64, ANY),
    (libc::SYS_lseek, ANY),
    (libc::SYS_fstat, ANY),
    (libc::SYS_newfstatat, ANY),
    (libc::SYS_statx, ANY),
    (libc::SYS_close, ANY),
    // Flags of descriptors and their duplicates; leases, locks and signals of descriptors are not among these.
    (
        libc::SYS_fcntl,
        &[
            &[(1, IS, libc::F_GETFD as u64)],
            &[(1, IS, libc::F_SETFD as u64)],
            &[(1, IS, libc::F_GETFL as u64)],
            &[(1, IS, libc::F_SETFL as u64)],
            &[(1, IS, libc::F_DUPFD_CLOEXEC as u64)],
        ],
    ),
    // The log, and a panic's last words on standard error.
    (libc::SYS_write, ANY),
    (libc::SYS_writev, ANY),
    // Sockets; which ones, `sockets` says.
    (libc::SYS_socket, ANY),
    (libc::SYS_connect, ANY),
    (libc::SYS_setsockopt, ANY),
    (libc::SYS_getsockopt, ANY),
    (libc::SYS_sendto, ANY),
    (libc::SYS_sendmsg, ANY),
    (libc::SYS_recvfrom, ANY),
    (libc::SYS_recvmsg, ANY),
    (libc::SYS_getsockname, ANY),
    (libc::SYS_getpeername, ANY),
    // Waiting.
    (libc::SYS_ppoll, ANY),
    (libc::SYS_futex, ANY),
    (libc::SYS_sched_yield, ANY),
    (libc::SYS_restart_syscall, ANY),
    // Clocks are read without a call, but where the machine has none that programs can read (xen, some virtual machines).
    (libc::SYS_clock_gettime, ANY),
    (libc::SYS_gettimeofday, ANY),
    (libc::SYS_clock_nanosleep, ANY),
    (libc::SYS_nanosleep, ANY),
    // Randomness.
    (libc::SYS_getrandom, ANY),
    // Signals, and a panic that aborts.
    (libc::SYS_rt_sigaction, ANY),
    (libc::SYS_rt_sigprocmask, ANY),
    (libc::SYS_rt_sigreturn, ANY),
    (libc::SYS_sigaltstack, ANY),
    (libc::SYS_getpid, ANY),
    (libc::SYS_gettid, ANY),
    (libc::SYS_geteuid, ANY),
    (libc::SYS_exit, ANY),
    (libc::SYS_exit_group, ANY),
    // The older names of calls above; other architectures have the newer ones only.
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_stat, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_lstat, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_poll, ANY),
];

/// A thread may abort: send SIGABRT to itself (raise(3)), and no other signal to nobody else.
pub(super) fn allow_own_end(rules: &mut Rules) -> Result<(), BackendError> {
    let id = |raw: i32| u64::try_from(raw).unwrap_or(u64::MAX);
    let process = id(rustix::process::getpid().as_raw_nonzero().get());
    let thread = id(rustix::thread::gettid().as_raw_nonzero().get());
    let abort = libc::SIGABRT as u64;
    rules.insert(libc::SYS_tkill, vec![rule(&[(0, IS, thread), (1, IS, abort)])?]);
    rules.insert(
        libc::SYS_tgkill,
        vec![rule(&[(0, IS, process), (1, IS, thread), (2, IS, abort)])?],
    );
    Ok(())
}
