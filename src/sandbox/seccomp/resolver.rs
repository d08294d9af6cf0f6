//! A thread that resolves one name, over and over: getaddrinfo(3) and nothing else.

use super::calls::{ANY, Call};

pub(super) const CALLS: &[Call] = &[
    // An answer comes back to an address of ours; landlock forbids it for TCP.
    (libc::SYS_bind, ANY),
];

/// Whether the C library asks the kernel for the addresses of this host (netlink(7)): musl tries instead.
pub(super) const ASKS_FOR_ROUTES: bool = cfg!(not(target_env = "musl"));

/// What glibc calls beyond musl: the build for development.
#[cfg(not(target_env = "musl"))]
pub(super) const OVERLAY: &[Call] = &[
    (libc::SYS_sendmmsg, ANY),
    (libc::SYS_uname, ANY),
    // FIONREAD: how long a datagram is.
    (libc::SYS_ioctl, &[&[(1, super::calls::IS, super::calls::READABLE)]]),
    // Its list of threads at the end of one.
    (libc::SYS_set_robust_list, ANY),
    (libc::SYS_rseq, ANY),
];
#[cfg(target_env = "musl")]
pub(super) const OVERLAY: &[Call] = &[];
