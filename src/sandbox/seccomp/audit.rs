//! The thread that writes the audit log: to files that are open, and nothing else.

use super::calls::{ANY, Call};

pub(super) const CALLS: &[Call] = &[
    // An anchor must not tell of records that a crash of the host would take.
    (libc::SYS_fdatasync, ANY),
];

/// What glibc calls beyond musl: the build for development.
#[cfg(not(target_env = "musl"))]
pub(super) const OVERLAY: &[Call] = &[
    // Its list of threads at the end of one.
    (libc::SYS_set_robust_list, ANY),
    (libc::SYS_rseq, ANY),
];
#[cfg(target_env = "musl")]
pub(super) const OVERLAY: &[Call] = &[];
