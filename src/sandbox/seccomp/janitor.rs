//! Filter of the process that removes the client's files at the end. It waits on one socket, checks the files, removes them and
//! ends. Where there are sockets of the log or of the audit log, it may also connect those.

use super::calls::{ANY, Call, IS, NOT_EXECUTABLE};

pub(super) const CALLS: &[Call] = &[
    // The end of the client; files that could not be removed.
    (libc::SYS_recvfrom, ANY),
    (libc::SYS_sendto, ANY),
    // Check of the file that has the name, and its removal, where landlock grants it.
    (libc::SYS_newfstatat, ANY),
    (libc::SYS_statx, ANY),
    (libc::SYS_unlinkat, ANY),
    (libc::SYS_close, ANY),
    // The standard library checks whether a descriptor is open when it closes it, in builds for development.
    (libc::SYS_fcntl, &[&[(1, IS, libc::F_GETFD as u64)]]),
    // Memory: no memory becomes executable.
    (libc::SYS_brk, ANY),
    (libc::SYS_mmap, NOT_EXECUTABLE),
    (libc::SYS_mprotect, NOT_EXECUTABLE),
    (libc::SYS_munmap, ANY),
    (libc::SYS_mremap, ANY),
    (libc::SYS_madvise, ANY),
    (libc::SYS_futex, ANY),
    // A panic's last message, signals, the end.
    (libc::SYS_write, ANY),
    (libc::SYS_rt_sigaction, ANY),
    (libc::SYS_rt_sigprocmask, ANY),
    (libc::SYS_rt_sigreturn, ANY),
    (libc::SYS_sigaltstack, ANY),
    (libc::SYS_restart_syscall, ANY),
    (libc::SYS_getpid, ANY),
    (libc::SYS_gettid, ANY),
    (libc::SYS_exit, ANY),
    (libc::SYS_exit_group, ANY),
];
