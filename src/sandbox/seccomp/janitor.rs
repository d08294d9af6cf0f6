//! The process that removes the client's files at the end. It waits on one socket, looks at the files, removes them and ends.

use super::calls::{ANY, Call, IS, NOT_EXECUTABLE};

pub(super) const CALLS: &[Call] = &[
    // The end of the client; what could not be removed.
    (libc::SYS_recvfrom, ANY),
    (libc::SYS_sendto, ANY),
    // Which file has the name, and its removal, where landlock grants it.
    (libc::SYS_newfstatat, ANY),
    (libc::SYS_statx, ANY),
    (libc::SYS_unlinkat, ANY),
    (libc::SYS_close, ANY),
    // The standard library checks at the end of a descriptor whether it is open, in builds for development.
    (libc::SYS_fcntl, &[&[(1, IS, libc::F_GETFD as u64)]]),
    // Memory: nothing becomes executable.
    (libc::SYS_brk, ANY),
    (libc::SYS_mmap, NOT_EXECUTABLE),
    (libc::SYS_mprotect, NOT_EXECUTABLE),
    (libc::SYS_munmap, ANY),
    (libc::SYS_mremap, ANY),
    (libc::SYS_madvise, ANY),
    (libc::SYS_futex, ANY),
    // A panic's last words, signals, the end.
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
