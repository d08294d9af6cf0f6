//! Filter of a stdio server with `sandbox: strict`: fewer sockets, and no channel to a process that it did not start. `server` has
//! the calls that are refused to all servers.

use seccompiler::SeccompCmpOp::MaskedEq;
use seccompiler::{BackendError, SeccompRule};

use super::calls::{ANY, Call, IS_NOT};
use super::sockets::Sockets;
use super::{Rules, add, rule};
use crate::sys::numbers;

pub(super) const REFUSED: &[Call] = &[
    // A socket without a port gets one from the kernel here, which landlock does not see.
    (libc::SYS_listen, ANY),
    // System V: any process of the same user finds them by their number (sysvipc(7)).
    (libc::SYS_shmget, ANY),
    (libc::SYS_shmat, ANY),
    (libc::SYS_shmctl, ANY),
    (libc::SYS_shmdt, ANY),
    (libc::SYS_msgget, ANY),
    (libc::SYS_msgsnd, ANY),
    (libc::SYS_msgrcv, ANY),
    (libc::SYS_msgctl, ANY),
    (libc::SYS_semget, ANY),
    (libc::SYS_semop, ANY),
    (libc::SYS_semtimedop, ANY),
    (libc::SYS_semctl, ANY),
    // POSIX queues: their names are in no directory that landlock covers (mq_overview(7)).
    (libc::SYS_mq_open, ANY),
    (libc::SYS_mq_unlink, ANY),
    (libc::SYS_mq_timedsend, ANY),
    (libc::SYS_mq_timedreceive, ANY),
    (libc::SYS_mq_notify, ANY),
    (libc::SYS_mq_getsetattr, ANY),
];

/// Limits, priorities and processors of any process of the user, which no kernel keeps in the domain of landlock: of the caller
/// only. The same calls for a thread of the server by its number are refused with them.
const REFUSED_TO_OTHERS: &[Call] = &[
    (libc::SYS_prlimit64, &[&[(0, IS_NOT, 0)]]),
    (libc::SYS_sched_setaffinity, &[&[(0, IS_NOT, 0)]]),
    (libc::SYS_sched_setscheduler, &[&[(0, IS_NOT, 0)]]),
    (libc::SYS_sched_setparam, &[&[(0, IS_NOT, 0)]]),
    (libc::SYS_sched_setattr, &[&[(0, IS_NOT, 0)]]),
    (libc::SYS_setpriority, &[&[(1, IS_NOT, 0)]]),
    (libc::SYS_ioprio_set, &[&[(1, IS_NOT, 0)]]),
];

/// Owners and attributes of files, which landlock does not cover: of every file of the user, listed or not.
pub(super) const REFUSED_ATTRIBUTES: &[Call] = &[
    (libc::SYS_fchown, ANY),
    (libc::SYS_fchownat, ANY),
    (libc::SYS_setxattr, ANY),
    (libc::SYS_lsetxattr, ANY),
    (libc::SYS_fsetxattr, ANY),
    (libc::SYS_removexattr, ANY),
    (libc::SYS_lremovexattr, ANY),
    (libc::SYS_fremovexattr, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chown, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_lchown, ANY),
];

/// Modes and times of files, likewise, for a server that can write nothing. One that writes needs them for its own files.
pub(super) const REFUSED_WITHOUT_FILES: &[Call] = &[
    (libc::SYS_fchmod, ANY),
    (libc::SYS_fchmodat, ANY),
    (numbers::FCHMODAT2, ANY),
    (libc::SYS_utimensat, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_utime, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_utimes, ANY),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_futimesat, ANY),
];

/// Without a network all sockets come in pairs: none of them has a name, or searches for one.
const REFUSED_WITHOUT_NETWORK: &[Call] = &[(libc::SYS_connect, ANY)];

/// Refused calls, with the arguments that are refused. `writes`: the server may write files.
pub(super) fn refused(sockets: Sockets, writes: bool) -> Result<Rules, BackendError> {
    let mut rules = sockets.refused()?;
    for refused in [REFUSED, REFUSED_TO_OTHERS, REFUSED_ATTRIBUTES] {
        add(&mut rules, refused)?;
    }
    if !sockets.internet {
        add(&mut rules, REFUSED_WITHOUT_NETWORK)?;
    }
    if !sockets.datagrams {
        // The name of an end of a pair, which is one of its own for all programs of the host. Streams need no port of their own.
        add(&mut rules, &[(libc::SYS_bind, ANY)])?;
    }
    if !writes {
        add(&mut rules, REFUSED_WITHOUT_FILES)?;
    }
    rules.insert(libc::SYS_socketpair, pairs()?);
    Ok(rules)
}

/// Pairs of sockets except those whose ends remain connected to each other: `AF_UNIX`, streams or packets in sequence. Each
/// datagram can be sent to any address (unix(7)), and the kernel turns raw ones into datagrams too.
fn pairs() -> Result<Vec<SeccompRule>, BackendError> {
    Ok(vec![
        rule(&[(0, IS_NOT, libc::AF_UNIX as u64)])?,
        // SOCK_STREAM is 1 and SOCK_SEQPACKET 5: of the four bits for the kind the first one is set, the second and the fourth are not.
        rule(&[(1, MaskedEq(0b0001), 0)])?,
        rule(&[(1, MaskedEq(0b0010), 0b0010)])?,
        rule(&[(1, MaskedEq(0b1000), 0b1000)])?,
        rule(&[(2, IS_NOT, 0)])?,
    ])
}
