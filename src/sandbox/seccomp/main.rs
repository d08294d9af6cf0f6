//! The main thread: the event loop, once it has started.
//!
//! Not on the list, so that they end the process: every call that makes a process or a thread, runs a program, binds or listens,
//! changes an identity or a limit, sends a signal, or has anything to do with mounts, keys, tracing or the kernel itself.

use super::calls::{ANY, Call, IS, NON_BLOCKING};

pub(super) const CALLS: &[Call] = &[
    // The event loop.
    (libc::SYS_epoll_ctl, ANY),
    (libc::SYS_epoll_pwait, ANY),
    (libc::SYS_epoll_pwait2, ANY),
    // The health listener was bound before.
    (libc::SYS_accept4, ANY),
    (libc::SYS_shutdown, ANY),
    // Sockets do not wait; no other control of a device.
    (libc::SYS_ioctl, &[&[(1, IS, NON_BLOCKING)]]),
    // Links on the way to a key, which may be exchanged.
    (libc::SYS_readlinkat, ANY),
    // Check whether a directory on that way that others could write is mounted read-only, as volumes of Kubernetes are.
    (libc::SYS_fstatfs, ANY),
    // A key that comes later is kept in memory that is not written to disk either.
    (libc::SYS_mlock, ANY),
    (libc::SYS_munlock, ANY),
    // Reaps the broker and the janitor: there is no other child. The janitor removes files; this thread does not.
    (libc::SYS_wait4, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_epoll_wait, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_readlink, ANY),
];

/// What glibc calls beyond musl: the build for development.
#[cfg(not(target_env = "musl"))]
pub(super) const OVERLAY: &[Call] = &[
    // Where its path to the current directory is asked for, and how much memory there is (qsort(3)).
    (libc::SYS_getcwd, ANY),
    (libc::SYS_sysinfo, ANY),
];
#[cfg(target_env = "musl")]
pub(super) const OVERLAY: &[Call] = &[
    // std::path::absolute asks for the current directory.
    (libc::SYS_getcwd, ANY),
];
